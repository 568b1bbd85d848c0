import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, withQuery } from "../api.js";
import { match, part } from "../router.js";
import { PRIVATE, snippets } from "../snippets.js";

test("a path matches its pattern, with its parts decoded", () => {
  assert.deepEqual(match("/app/customers/:id", "/app/customers/a%20b"), { id: "a b" });
  assert.deepEqual(match("/app/customers", "/app/customers"), {});
  assert.equal(match("/app/customers/:id", "/app/customers"), null);
  assert.equal(match("/app/customers/:id", "/app/customers/%E0%A4%A"), null);
});

test("every name has an address of its own, which a browser leaves as it is", () => {
  for (const name of [".", "..", "...", "~.", "~..", "~~.", "~", "%2e", "a/b", "a/../b", " ", "?", "#", "é"]) {
    const path = new URL(`/app/events/${part(name)}`, "http://127.0.0.1").pathname;
    assert.deepEqual(match("/app/events/:name", path), { name }, name);
  }
  assert.equal(part("plan"), "plan");
});

test("an empty filter leaves no trace in the address", () => {
  assert.equal(withQuery("/x", { a: "", b: undefined, c: null }), "/x");
  assert.equal(withQuery("/x", { a: "1 2", b: false, n: 0 }), "/x?a=1+2&b=false&n=0");
});

test("an error without a body still says something", () => {
  assert.match(new ApiError(0, {}).message, /cannot be reached/);
  assert.match(new ApiError(502, {}).message, /502/);
  assert.equal(new ApiError(400, { error: "No.", field: "email", request_id: "r" }).requestId, "r");
});

test("every SDK has a snippet that leads here and asks for the private key by a placeholder", () => {
  const all = snippets("http://127.0.0.1:5484", "pk_1");
  assert.deepEqual(all.map((s) => s.id), ["curl", "node", "browser", "python", "php", "java", "go", "mobile"]);
  for (const s of all) {
    const text = s.parts.map((p) => p.text).join("\n");
    assert.ok(text.includes("pk_1"), s.id);
    const servers = !["browser", "mobile"].includes(s.id);
    assert.equal(text.includes(PRIVATE), servers, s.id);
    if (!["node", "php", "mobile"].includes(s.id)) assert.ok(text.includes("http://127.0.0.1:5484"), s.id);
  }
});

test("the redirect for Node follows the scheme of this server", () => {
  const [plain, secure] = ["http://127.0.0.1:5484", "https://kith.example"].map((base) => snippets(base)[1].parts.map((p) => p.text).join("\n"));
  assert.match(plain, /net\.connect\(5484, "127\.0\.0\.1"\)/);
  assert.match(secure, /host: "kith\.example", port: 443, servername: "kith\.example"/);
});
