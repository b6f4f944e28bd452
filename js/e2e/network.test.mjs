// The network between two pages is lost and comes back, or is another one afterwards.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, SitePage } from "./browser.mjs";
import { serve } from "./bundle.mjs";
import { Network } from "./network.mjs";
import { siteScript, walletScripts } from "./pages.mjs";
import { patience, Server, within } from "./program.mjs";
import { WalletPage } from "./wallet.mjs";

let browser;
let script;
let scripts;
before(async () => {
  [script, scripts] = await Promise.all([siteScript(), walletScripts()]);
  browser = await launch("--disable-features=WebRtcHideLocalIpsWithMdns"); // a name leads to no socket of the test
});
after(() => browser?.close());

const call = (page, name, ...args) => within(page.evaluate(([name, args]) => globalThis.tests[name](...args), [name, args]), () => `a page's ${name}`, 60_000);
const said = (of) => Array.from({ length: 50 }, (_, n) => `${of} ${n}`);

async function connected(t) {
  const server = await Server.start(t, { flags: ["--chain", "did:key"] });
  const contexts = await Promise.all([1, 2].map(() => browser.newContext({ bypassCSP: true })));
  for (const context of contexts) context.setDefaultTimeout(patience);
  const network = new Network();
  t.after(async () => {
    await Promise.all(contexts.map((context) => context.close()));
    network.close();
  });
  await network.between(...contexts);
  const [site, wallet] = await Promise.all(contexts.map((context) => context.newPage()));
  await site.goto(`${server.origin}/no-page`);
  await site.addScriptTag({ type: "module", content: script });
  await site.waitForFunction(() => globalThis.tests); // a module runs when it is ready
  await call(site, "share");
  const phase = (wanted) => site.waitForFunction((wanted) => globalThis.tests.state().phase === wanted, wanted, { timeout: 60_000 });
  await phase("waiting");
  const { origin } = await serve(t, scripts);
  await wallet.goto(origin);
  await call(wallet, "stay", (await call(site, "state")).uri);
  await phase("open");
  await call(wallet, "opened");
  return { network, site, wallet, server };
}

/** What both say while the network is away arrives, each once and in order. */
async function bridges(t, { site, wallet }, mend) {
  await Promise.all([...said("site").map((text) => call(site, "send", text)), call(wallet, "sayAll", said("wallet"))]);
  await call(site, "event", "broken", 0);
  await mend();
  const whole = await call(site, "event", "broken", 1);
  assert.equal(whole.broken, false);
  assert.deepEqual(await call(wallet, "messages", 50), said("site"));
  await site.waitForFunction(() => globalThis.tests.messages().length >= 50, undefined, { timeout: 60_000 });
  assert.deepEqual(await call(site, "messages"), said("wallet"));
  t.diagnostic(`the path was mended after ${Math.round(whole.at - (await call(site, "event", "broken", 0)).at)} ms`);
}

test("the network is lost and comes back", async (t) => {
  const pages = await connected(t);
  const mend = pages.network.lose();
  await bridges(t, pages, mend);
});

test("the network is another one afterwards: the channel takes a new path, and loses nothing", async (t) => {
  const pages = await connected(t);
  pages.network.lose(); // and what was told of it leads nowhere any more
  await bridges(t, pages, () => undefined);
});

test("the network changes while the server is away: the new path is found when it is back", async (t) => {
  const pages = await connected(t);
  await pages.server.kill();
  pages.network.lose();
  await bridges(t, pages, () => pages.server.restart(t));
});

test("the site's page in two tabs and the wallet's page as they are served: the network is another one, and loses nothing", async (t) => {
  const server = await Server.start(t);
  const network = new Network();
  t.after(() => network.close());
  const site = await SitePage.open(t, browser, server.origin);
  const wallet = await WalletPage.open(t, browser, server.origin);
  await network.between(site.context, wallet.context);
  await site.page.reload(); // with the network between
  await wallet.load();
  await wallet.make();
  await wallet.view("home");
  await wallet.paste(await site.link());
  await wallet.agree();
  await site.phase("connected");
  const other = new SitePage(await site.context.newPage(), site.context, site.watch);
  await other.page.goto(server.origin);
  await other.phase("connected");
  await wallet.page.waitForFunction(() => !document.querySelector("[data-testid=send]").disabled);

  network.lose();
  const texts = Array.from({ length: 10 }, (_, n) => `text ${n}`);
  for (const text of texts) {
    await other.say(text);
    await wallet.part("message").fill(text);
    await wallet.part("send").click();
  }
  for (const tab of [site, other]) assert.deepEqual(await tab.messages("wallet", texts.length), texts);
  for (const tab of [site, other]) await tab.says("status", /^Connected directly/);
  await wallet.page.waitForFunction((count) => document.querySelectorAll("[data-testid=messages] [data-from=site]").length >= count, texts.length);
  assert.deepEqual(await wallet.page.locator("[data-testid=messages] [data-from=site]").allTextContents(), texts);
  assert.deepEqual(await other.messages("site", texts.length), texts);
});
