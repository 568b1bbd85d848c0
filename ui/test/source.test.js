import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const ui = new URL("../", import.meta.url);
/** @param {string} folder @param {string} end */
const files = (folder, end) => readdirSync(new URL(folder, ui)).filter((f) => f.endsWith(end)).map((f) => folder + f);
const modules = ["./", "components/", "pages/"].flatMap((folder) => files(folder, ".js")).filter((f) => f !== "./theme.js");
const styles = files("./", ".css");
/** @param {string} file */
const read = (file) => readFileSync(new URL(file, ui), "utf8");

test("every module is type-checked", () => {
  for (const f of modules) assert.ok(read(f).startsWith("// @ts-check\n"), f);
});

test("every import is relative and leads to a file", () => {
  let seen = 0;
  for (const f of modules) {
    for (const [, to] of read(f).matchAll(/^(?:import|export)\b[^;]*?from "([^"]+)";/gm)) {
      seen++;
      assert.match(to, /^\.\.?\/.*\.js$/, `${f}: ${to}`);
      assert.ok(existsSync(new URL(to, new URL(f, ui))), `${f}: ${to}`);
    }
  }
  assert.ok(seen > 100);
});

test("nothing is put into the page past the template library", () => {
  for (const f of modules) assert.doesNotMatch(read(f), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySet|\beval\(| style="/, f);
});

test("nothing is fetched from elsewhere", () => {
  for (const f of [...styles, "index.html"]) assert.doesNotMatch(read(f), /https?:\/\/|@import/, f);
});

test("the page names every style, and what it names exists", () => {
  const page = read("index.html");
  for (const f of styles) assert.ok(page.includes(`{{base}}/ui/${f.slice(2)}"`), f);
  for (const [, path] of page.matchAll(/\{\{base\}\}\/([^"]+)"/g)) assert.ok(existsSync(new URL(`../${path}`, ui)), path);
  assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=/);
});

test("colours and type sizes stand in tokens.css alone", () => {
  for (const f of styles.filter((s) => s !== "./tokens.css")) {
    const rules = read(f).replace(/\/\*[^]*?\*\//g, "");
    assert.doesNotMatch(rules, /#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(|font-size:|font:[^;]*\dpx/i, f);
  }
});

test("every variable that is used is set", () => {
  const set = new Set(read("tokens.css").match(/--[\w-]+(?=:)/g));
  for (const f of styles) {
    for (const [, name] of read(f).matchAll(/var\((--[\w-]+)/g)) assert.ok(set.has(name), `${f}: ${name}`);
  }
});

/** @param {string} block @returns {Record<string, string>} */
const colours = (block) => Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9A-Fa-f]{6});/g)].map((m) => [m[1], m[2]]));

/** @param {string} hex */
function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** @param {string} a @param {string} b */
function contrast(a, b) {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

test("text has a contrast of 4.5, bounds of inputs 3, light and dark", () => {
  const [light, system, chosen] = read("tokens.css").split(/@media \(prefers-color-scheme|:root\[data-theme="dark"\]/).map(colours);
  assert.deepEqual(system, chosen);
  for (const [theme, c] of Object.entries({ light, dark: chosen })) {
    for (const ground of ["paper", "surface"]) {
      for (const ink of ["ink-1", "ink-2", "ink-3", "accent", "good", "warn", "bad"]) {
        assert.ok(contrast(c[ink], c[ground]) >= 4.5, `${theme}: ${ink} on ${ground} is ${contrast(c[ink], c[ground]).toFixed(2)}`);
      }
      assert.ok(contrast(c.edge, c[ground]) >= 3, `${theme}: edge on ${ground}`);
    }
    assert.ok(contrast(c["on-accent"], c.accent) >= 4.5, `${theme}: on accent`);
    assert.ok(contrast(c.surface, c.bad) >= 4.5, `${theme}: a dangerous button`);
  }
});
