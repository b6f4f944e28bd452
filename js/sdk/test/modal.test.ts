import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkError } from "../src/errors.ts";
import { clock } from "../src/modal/countdown.ts";
import { LiaisonConnect } from "../src/modal.ts";
import { english, explain, loadLocale, write, type Locale } from "../src/modal/locale.ts";
import ar from "../src/modal/locales/ar.ts";
import de from "../src/modal/locales/de.ts";
import { outline } from "../src/modal/qr.ts";

const others: Record<string, Locale> = { de, ar };
const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

for (const [name, locale] of Object.entries(others)) {
  test(`${name} has the keys and the placeholders of English, and text for each`, () => {
    assert.deepEqual(Object.keys(locale.texts), Object.keys(english.texts));
    assert.deepEqual(Object.keys(locale.failures), Object.keys(english.failures));
    for (const [key, text] of Object.entries(english.texts)) {
      const other = locale.texts[key as keyof typeof locale.texts];
      assert.ok(other.trim(), key);
      assert.deepEqual(placeholders(other), placeholders(text), key);
    }
    for (const [code, sentences] of Object.entries(locale.failures)) {
      assert.equal(sentences.length, 2, code);
      for (const sentence of sentences) assert.match(sentence, /[.]$/, `${code}: a whole sentence`);
    }
  });
}

test("every failure has two sentences in English, none of which says twice the same", () => {
  const all = Object.values(english.failures).map(([what]) => what);
  for (const [what, next] of Object.values(english.failures)) assert.notEqual(what, next);
  assert.ok(new Set(all).size >= all.length - 1, "two codes of an end by the wallet share a sentence");
});

test("a language is found by the first part of its tag, and English stands in for others", async () => {
  assert.equal(await loadLocale("de-AT"), de);
  assert.equal(await loadLocale("AR"), ar);
  for (const tag of ["en-GB", "tlh", "", "constructor"]) assert.equal(await loadLocale(tag), english, tag);
});

test("what is put into a text that runs from right to left is isolated", () => {
  assert.equal(write(english, "left", { time: "1:59" }), "1:59 left");
  assert.equal(write(ar, "left", { time: "1:59" }), "بقي \u20681:59\u2069");
  assert.equal(write(english, "confirmApp", { app: "$& {site}" }), "The wallet calls itself $& {site}. If it is not yours, take a new code.");
});

test("a failure that has no sentences of its own keeps the remedy of its code", () => {
  assert.deepEqual(explain(de, new LinkError("user_rejected")), de.failures.user_rejected);
  assert.deepEqual(explain(english, new LinkError("no_route")), ["Something went wrong.", "Check the address."]);
});

test("the time left is rounded up and never negative", () => {
  const cases: [number, string][] = [[120_000, "2:00"], [119_001, "2:00"], [118_999, "1:59"], [1, "0:01"], [0, "0:00"], [-5, "0:00"]];
  for (const [ms, text] of cases) assert.equal(clock(ms), text, String(ms));
});

test("runs of dark modules become one piece each, inside the quiet zone", () => {
  assert.equal(outline([[true, true, false, true], [false, false, false, false]]), "M4 4h2v1h-2zM7 4h1v1h-1z");
});

test("the entry can be imported where there is no DOM", () => {
  assert.equal(typeof LiaisonConnect, "function");
  assert.equal(typeof globalThis.customElements, "undefined");
});
