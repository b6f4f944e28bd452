// The wallet's role of the SDK in Chromium, on an origin of its own that has nothing
// to do with the server, against the Go site and against the site's page.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, SitePage } from "./browser.mjs";
import { serve } from "./bundle.mjs";
import { walletScripts } from "./pages.mjs";
import { patience, Server, Site, within } from "./program.mjs";

let browser;
let scripts;
before(async () => {
  scripts = await walletScripts();
  browser = await launch();
});
after(() => browser?.close());

/** A page whose functions are those of its script. */
async function openWallet(t, context) {
  const own = context ?? (await browser.newContext({ bypassCSP: true })); // it may talk to every server
  if (!context) t.after(() => own.close());
  own.setDefaultTimeout(patience);
  const { origin } = own.wallet ?? (own.wallet = await serve(t, scripts));
  const page = await own.newPage();
  await page.goto(origin);
  await page.waitForFunction(() => globalThis.tests);
  const call = (name, args) => within(page.evaluate(([name, args]) => globalThis.tests[name](...args), [name, args]), () => `the wallet's ${name}`);
  return new Proxy({ page, context: own }, { get: (target, name) => (name === "then" || name in target ? target[name] : (...args) => call(name, args)) });
}

/** Resolves once a wallet has no pairing left, a moment after its goodbye. */
const forgets = ({ page }) => page.waitForFunction(async () => (await globalThis.tests.pairings()).length === 0);

const flags = ["--chain", "did:key"];

async function linked(t, siteFlags = [], options = {}) {
  const server = await Server.start(t, { flags });
  const site = new Site(t, server.origin, siteFlags);
  const { uri: link } = await site.event("link");
  const wallet = await openWallet(t);
  const asked = await wallet.read(link, options);
  return { server, site, wallet, link, asked };
}

test("a wallet reads a link, shows who asks, signs, talks and parts", async (t) => {
  const { server, site, wallet, asked } = await linked(t, [], { allowUnverified: true });
  const account = await wallet.account();
  assert.equal(asked.is?.site.origin, server.origin, JSON.stringify(asked));
  // No page has opened the link.
  assert.equal(asked.is.verified, false);
  assert.match(asked.is.text, new RegExp(`^${new URL(server.origin).host} wants you to sign in with your DID account:\n${account.slice(8)}\n`));
  const { is: link } = await wallet.approve();
  assert.deepEqual([link.account, link.assurance, link.kept], [account, "sealed", true]);
  await wallet.opened();
  assert.equal((await site.event("linked")).account, account);
  await site.event("open");
  // A check that overtakes its candidate makes it another kind until it is read again.
  let path;
  for (let n = 0; path?.kind !== "host"; n++) ({ path } = await wallet.event("path", n));

  const texts = ["hello", "Grüße, 世界 🌍", "x".repeat(65536)];
  for (const text of texts) await wallet.say(text);
  await site.until(() => site.events.filter((e) => e.event === "message").length === 3 || undefined, "three messages");
  assert.deepEqual(site.events.filter((e) => e.event === "message").map((e) => e.data), texts);
  site.type("back");
  assert.deepEqual(await wallet.messages(1), ["back"]);

  await server.kill();
  await wallet.say("without the server");
  await site.until(() => site.events.find((e) => e.data === "without the server"), "a message without the server");

  await wallet.close();
  assert.equal((await site.event("closed")).code, "channel_closed");
  await forgets(wallet);
});

test("nobody is signed in for a site that is not verified, unless the wallet is told to", async (t) => {
  const { site, wallet } = await linked(t);
  assert.equal((await wallet.approve()).code, "origin_denied");
  assert.equal((await site.event("error")).code, "origin_denied");
  assert.equal((await wallet.approve()).code, "link_closed");
});

test("the person says no, and the site is told", async (t) => {
  const { site, wallet } = await linked(t);
  assert.deepEqual(await wallet.reject(), { is: undefined });
  assert.equal(await wallet.closed(), "user_rejected");
  assert.equal((await site.event("error")).code, "user_rejected");
});

test("a question that nobody answers ends with the link, and one that breaks with an error of the SDK", async (t) => {
  const server = await Server.start(t, { flags });
  for (const [how, want] of [[{ aborts: true }, { code: "canceled", taken: true }], [{ breaks: true }, { code: "internal", detail: "no dialog here", taken: false }]]) {
    const site = new Site(t, server.origin);
    const { uri } = await site.event("link");
    const { detail, ...told } = await (await openWallet(t)).ask(uri, how);
    assert.deepEqual({ ...told, ...(want.detail && { detail }) }, want);
    assert.equal((await site.event("error")).code, how.breaks ? "user_rejected" : "link_closed");
  }
});

test("page with page: verified, with the short code, in one browser profile", async (t) => {
  const server = await Server.start(t, { flags });
  const site = await SitePage.open(t, browser, `${server.origin}/?confirm=sas`);
  const link = await site.link();
  const wallet = await openWallet(t);
  const { is: opened, code, detail } = await wallet.connect(link, true);
  assert.equal(code, undefined, detail);
  assert.deepEqual([opened.verified, opened.assurance], [true, "sealed+origin"]);
  const { shortCode } = await wallet.event("code");
  await site.part("code-input").fill(shortCode);
  await site.part("code-send").click();
  await wallet.opened();
  await site.phase("connected");
  await site.say("from the page");
  assert.deepEqual(await wallet.messages(1), ["from the page"]);
  await wallet.say("from the wallet");
  assert.equal((await site.messages("wallet", 1))[0], "from the wallet");
  site.watch.clean();
});

test("a wallet meets the site again without a scan: after its own page was closed, after the site's was loaded anew, and after a goodbye no more", async (t) => {
  const server = await Server.start(t, { flags });
  const site = await SitePage.open(t, browser, server.origin);
  const wallet = await openWallet(t);
  await wallet.connect(await site.link(), true);
  await wallet.opened();
  const [pairing] = await wallet.pairings();
  assert.deepEqual([pairing.site.origin, pairing.verified, pairing.account], [server.origin, true, await wallet.account()]);
  await site.phase("connected");

  await wallet.page.close();
  const again = await openWallet(t, wallet.context);
  assert.equal((await again.pairings())[0].pairing, pairing.pairing);
  const { is: met, code, detail } = await again.resume();
  assert.equal(code, undefined, detail);
  assert.deepEqual([met.site.origin, met.account, met.assurance, met.kept], [server.origin, pairing.account, "sealed+origin", true]);
  await site.phase("connected");
  await again.say("here again");
  assert.equal((await site.messages("wallet", 1))[0], "here again");

  await site.page.reload();
  assert.equal(await again.closed(), "peer_lost");
  const once = again.resume();
  await site.phase("connected");
  await once;
  await site.say("and I");
  assert.deepEqual(await again.messages(1), ["and I"]);
  assert.deepEqual((await again.pairings()).map(({ pairing }) => pairing), [pairing.pairing], "one pairing, whatever keys it has");

  await again.close();
  await forgets(again);
  await site.says("status", /./);
});
