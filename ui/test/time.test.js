process.env.TZ = "Africa/Lagos";
import assert from "node:assert/strict";
import { test } from "node:test";

const { ago, clock, date, dayHead, dayKey, dayLabel, instant, since, valueDate } = await import("../time.js");
const now = Date.parse("2026-11-23T14:00:00Z");

test("what is near is told in words, what is far by its date", () => {
  assert.equal(ago("2026-11-23T13:59:55Z", now), "now");
  assert.equal(ago("2026-11-23T13:59:20Z", now), "40 s ago");
  assert.equal(ago("2026-11-23T13:57:00Z", now), "3 min ago");
  assert.equal(ago("2026-11-23T09:00:00Z", now), "5 h ago");
  assert.equal(ago("2026-11-22T09:00:00Z", now), "yesterday");
  assert.equal(ago("2026-11-11T09:00:00Z", now), "12 days ago");
  assert.equal(ago("2026-02-02T09:00:00Z", now), "2 Feb");
  assert.equal(ago("2025-01-31T09:00:00Z", now), "31 Jan 2025");
  assert.equal(ago("2026-11-23T14:03:00Z", now), "in 3 min");
});

test("what is no instant is shown as it is", () => {
  assert.equal(ago("soon", now), "soon");
  assert.equal(date("soon", now), "soon");
  assert.equal(instant("soon"), "soon");
});

test("the instant in full names the viewer's zone", () => {
  assert.equal(instant("2026-11-23T13:05:09.120Z"), "Mon 23 Nov 2026, 14:05:09.120 Africa/Lagos");
  assert.equal(clock("2026-11-23T23:30:00Z"), "00:30");
});

test("days are the viewer's", () => {
  assert.equal(dayKey("2026-11-23T23:30:00Z"), "2026-11-24");
  assert.equal(dayHead("2026-11-23T01:00:00Z", now), "Today");
  assert.equal(dayHead("2026-11-21T23:30:00Z", now), "Yesterday");
  assert.equal(dayHead("2026-04-02T10:00:00Z", now), "Thu 2 Apr");
  assert.equal(dayHead("2025-04-02T10:00:00Z", now), "Wed 2 Apr 2025");
});

test("a plain date is the same day everywhere", () => {
  assert.equal(valueDate("2025-01-31"), "31 Jan 2025");
  assert.equal(valueDate("2025-01-31T23:30:00Z"), "1 Feb 2025, 00:30");
  assert.equal(dayLabel("2026-09-01"), "1 Sep");
});

test("how long since, in words", () => {
  assert.equal(since("2026-11-23T10:00:00Z", now), "less than a day");
  assert.equal(since("2026-11-20T10:00:00Z", now), "3 days");
  assert.equal(since("2026-06-20T10:00:00Z", now), "5 months");
  assert.equal(since("2024-08-01T10:00:00Z", now), "2 years 3 months");
});
