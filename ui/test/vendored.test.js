import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const assets = new URL("../../assets/", import.meta.url);
const packages = new URL("../node_modules/", import.meta.url);
const list = JSON.parse(readFileSync(new URL("vendor/vendored.json", assets), "utf8")).files;
const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8")).packages;

/** @param {Buffer} bytes */
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

test("every vendored file is listed, and its bytes are those of the list", () => {
  const found = ["vendor", "fonts"].flatMap((folder) => readdirSync(new URL(`${folder}/`, assets)).map((name) => `${folder}/${name}`));
  assert.deepEqual(found.filter((f) => f !== "vendor/vendored.json").sort(), list.map((f) => f.file).sort());
  for (const f of list) assert.equal(sha256(readFileSync(new URL(f.file, assets))), f.sha256, f.file);
});

test("the list names the versions that are locked, each with an integrity", () => {
  for (const f of list) {
    const locked = lock[`node_modules/${f.package}`];
    assert.equal(locked?.version, f.version, f.file);
    assert.match(locked.integrity, /^sha512-/);
    assert.equal(locked.resolved, undefined);
  }
});

test("the bytes are those of the locked packages", (t) => {
  if (!existsSync(packages)) {
    if (process.env.CI === "true") assert.fail("ui/node_modules is missing: run npm ci in ui/ first.");
    t.skip("ui/node_modules is missing: npm ci in ui/ brings the packages to compare with.");
    return;
  }
  for (const f of list) {
    assert.equal(sha256(readFileSync(new URL(`${f.package}/${f.path}`, packages))), f.sha256, f.file);
  }
});
