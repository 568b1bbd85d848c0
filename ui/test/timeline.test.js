process.env.TZ = "UTC";
import assert from "node:assert/strict";
import { test } from "node:test";

const { byDay, fold, merge } = await import("../timeline.js");
/** @param {string} id @param {string} at @param {object} [more] */
const event = (id, at, more = {}) => ({ id, at, kind: "event", event: "Logged in", properties: { device: "android" }, ...more });

test("equal events within a minute are one row", () => {
  const rows = fold([event("e3", "2026-11-23T14:00:50Z"), event("e2", "2026-11-23T14:00:20Z"), event("e1", "2026-11-23T14:00:00Z")]);
  assert.deepEqual(rows.map((r) => [r.id, r.entry.id, r.times, r.first]), [["e1", "e3", 3, "2026-11-23T14:00:00Z"]]);
});

test("events that differ, or are more than a minute apart, are not folded", () => {
  const at = "2026-11-23T14:00:00Z";
  assert.equal(fold([event("e2", "2026-11-23T14:01:01Z"), event("e1", at)]).length, 2);
  assert.equal(fold([event("e2", at, { properties: { device: "ios" } }), event("e1", at)]).length, 2);
  assert.equal(fold([event("e2", at, { value: 1 }), event("e1", at, { value: true })]).length, 2);
  assert.equal(fold([event("e3", at), { id: "h1", at, kind: "changed", changes: [] }, event("e1", at)]).length, 3);
});

test("a run that grows stays the same row", () => {
  const before = fold([event("e1", "2026-11-23T14:00:00Z")]);
  const after = fold([event("e2", "2026-11-23T14:00:30Z"), event("e1", "2026-11-23T14:00:00Z")]);
  assert.equal(after[0].id, before[0].id);
});

test("rows are grouped by the day of their newest entry", () => {
  const days = byDay(fold([event("e3", "2026-11-23T00:10:00Z"), event("e2", "2026-11-22T23:50:00Z"), event("e1", "2026-11-22T10:00:00Z")]));
  assert.deepEqual(days.map((d) => [d.day, d.rows.length]), [["2026-11-23", 1], ["2026-11-22", 2]]);
});

test("a fresh first page goes on top of the older ones", () => {
  const known = { data: ["e3", "e2", "e1"].map((id) => event(id, "2026-11-23T14:00:00Z")), next_cursor: "older" };
  const fresh = { data: ["e5", "e4", "e3", "e2"].map((id) => event(id, "2026-11-23T14:00:00Z")), next_cursor: "e2" };
  const merged = merge(fresh, known);
  assert.deepEqual(merged.data.map((e) => e.id), ["e5", "e4", "e3", "e2", "e1"]);
  assert.equal(merged.next_cursor, "older");
});

test("a fresh page that does not touch the known ones stands alone", () => {
  const known = { data: [event("e1", "2026-11-23T14:00:00Z")], next_cursor: "older" };
  const fresh = { data: [event("e9", "2026-11-23T14:00:00Z")], next_cursor: "e9" };
  assert.equal(merge(fresh, known), fresh);
});
