// The shared vectors in a real browser, and what only a real browser has.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { bundle, serve } from "./bundle.mjs";
import { patience } from "./program.mjs";

const names = ["sealed", "signin", "proofs", "sdp", "passkeys", "links", "tokens", "requests"];
const url = (name) => new URL(`../../vectors/${name}.json`, import.meta.url);
const files = Object.fromEntries(names.filter((name) => existsSync(url(name))).map((name) => [name, JSON.parse(readFileSync(url(name), "utf8"))]));

let browser;
let scripts;
before(async () => {
  scripts = await bundle("sdk/test/page.ts");
  browser = await launch();
});
after(() => browser?.close());

/** Opens the page and waits for its tests. */
async function open(t) {
  const context = await browser.newContext();
  t.after(() => context.close());
  context.setDefaultTimeout(patience);
  const { origin, asked } = await serve(t, scripts);
  const page = await context.newPage();
  const load = async () => {
    await page.goto(origin);
    await page.waitForFunction(() => globalThis.tests);
  };
  await load();
  return { page, asked, load };
}

test("Chromium agrees with every vector, and loads the curves when it needs them", async (t) => {
  const { page, asked } = await open(t);
  const atFirst = asked.length;
  const { ran, failures } = await page.evaluate((files) => globalThis.tests.runVectors(files), files);
  assert.deepEqual(failures, []);
  assert.ok(asked.length > atFirst, "verifying a proof loaded nothing");
  const { sealed, signin, proofs, sdp, passkeys, links, tokens, requests } = files;
  assert.deepEqual(ran, {
    kdf: sealed.kdf.length,
    links: sealed.links.length,
    resumptions: sealed.resumptions.length,
    "links, for a wallet": sealed.links.length,
    "resumptions, for a wallet": sealed.resumptions.length,
    "messages 2 that are refused": sealed.refused.filter(({ message }) => message === 2).length,
    "messages 1 that are refused": sealed.refused.filter(({ message }) => message === 1).length,
    texts: signin.valid.length,
    "fields that make no text": signin.unwritable.length,
    "texts that cannot be read": signin.unreadable.length,
    "texts that are links": links.valid.length,
    "texts that are no links": links.invalid.length,
    "proofs that hold": proofs.valid.length,
    "proofs that do not": proofs.refused.length,
    "challenges of passkeys": passkeys.challenges.length,
    "tokens of joins": tokens.joins.length,
    "tokens that follow": tokens.successors.length,
    "texts of the channel": requests.texts.length,
    ...(sdp && { "descriptions that hold": sdp.valid.length, "descriptions that do not": sdp.refused.length }),
  });
  assert.ok(Object.values(ran).every((count) => count > 0));
});

test("resumptions are kept in the browser, with keys that no script can export", async (t) => {
  const { page, load } = await open(t);
  await page.evaluate(() => globalThis.tests.checkResumptions());
  const number = await page.evaluate(() => globalThis.tests.keep());
  await load();
  const { exported, ...kept } = await page.evaluate(() => globalThis.tests.kept());
  assert.deepEqual(kept, { id: "persistent", number, extractable: false, copy: "{}" });
  for (const refusal of exported) assert.match(refusal, /^(InvalidAccess|NotSupported)Error$/);
  assert.equal(await page.evaluate(() => globalThis.tests.failure()), "unavailable");
});

test("both ends of a real connection see the other's certificate", async (t) => {
  const { page } = await open(t);
  const { said, offered, seen, early } = await page.evaluate(() => globalThis.tests.fingerprints());
  assert.match(said.join(" "), /^[0-9a-f]{64} [0-9a-f]{64}$/);
  assert.notEqual(said[0], said[1]);
  assert.deepEqual(offered, said);
  assert.deepEqual(seen, said);
  assert.equal(early, "none");
});

test("how long a handshake takes", async (t) => {
  const { page } = await open(t);
  const { draw, both } = await page.evaluate((vector) => globalThis.tests.bench(vector, 200), files.sealed.links[0]);
  console.log(`drawing a code: ${draw} µs; a code and the site's part of its handshake, with given keys: ${both} µs`);
});
