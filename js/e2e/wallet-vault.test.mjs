// The wallet's vault in a real browser: its own WebCrypto, its own storage, and
// passkeys of an authenticator with and without PRF.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { bundle, serve } from "./bundle.mjs";
import { patience } from "./program.mjs";

let browser;
let scripts;
before(async () => {
  scripts = await bundle("../web/wallet/test/page.ts");
  browser = await launch();
});
after(() => browser?.close());

/** Opens the page with an authenticator. Passkeys are for names, not for addresses. */
async function open(t, authenticator = {}) {
  const context = await browser.newContext();
  t.after(() => context.close());
  context.setDefaultTimeout(patience);
  const { origin } = await serve(t, scripts);
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  const options = { protocol: "ctap2", ctap2Version: "ctap2_1", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, hasPrf: true, ...authenticator };
  await cdp.send("WebAuthn.addVirtualAuthenticator", { options });
  const load = async () => {
    await page.goto(origin.replace("127.0.0.1", "localhost"));
    await page.waitForFunction(() => globalThis.tests);
  };
  await load();
  return { page, load };
}

test("the vault lives in Chromium as it does in Node", async (t) => {
  const { page } = await open(t);
  await page.evaluate(() => globalThis.tests.checkVault());
});

test("a passkey with PRF is enough, also after a reload; a key is never stored", async (t) => {
  const { page, load } = await open(t);
  const addresses = await page.evaluate(() => globalThis.tests.makeWithPasskey());
  assert.equal(addresses.split(",").length, 3, addresses);
  await load();
  assert.equal(await page.evaluate(() => globalThis.tests.unlock("passkey")), addresses);
  const stored = await page.evaluate(() => globalThis.tests.stored());
  assert.ok(stored.includes(addresses.split(",")[0]));
  assert.ok(!stored.includes("KEY"), "a key is stored");
});

test("an authenticator without PRF is told from one with it, and nothing is made", async (t) => {
  const { page } = await open(t, { hasPrf: false });
  assert.equal(await page.evaluate(() => globalThis.tests.makeWithPasskey()), "no_prf");
  assert.match(await page.evaluate(() => globalThis.tests.stored()), /"accounts":\[\]/);
});

test("of two pages that make a vault at once, one does", async (t) => {
  const { page } = await open(t);
  assert.deepEqual(await page.evaluate(() => globalThis.tests.race()), ["exists", "made"]);
  assert.equal((await page.evaluate(() => globalThis.tests.unlock("passphrase"))).split(",").length, 3);
});
