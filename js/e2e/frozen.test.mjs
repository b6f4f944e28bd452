// A page is frozen while the other side goes on, and thawed: what was said meanwhile
// arrives, each once and in order.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { serve } from "./bundle.mjs";
import { Profile } from "./lifecycle.mjs";
import { LivingSite, LivingWallet } from "./living.mjs";
import { siteScript, walletScripts } from "./pages.mjs";
import { Server } from "./program.mjs";

let browser;
let script;
let scripts;
before(async () => {
  [script, scripts] = await Promise.all([siteScript(), walletScripts()]);
  browser = await launch();
});
after(() => browser?.close());

const texts = (of) => Array.from({ length: 300 }, (_, n) => `${of} ${n}`);

/** A site's page and a wallet's, each in a profile of its own, with an open channel. */
async function connected(t) {
  const server = await Server.start(t, { flags: ["--chain", "did:key"] });
  const site = await (await Profile.open(t, browser)).page(`${server.origin}/no-page`, script);
  await site.call("share");
  await site.until("tests.state().phase === 'waiting'");
  const { origin } = await serve(t, scripts);
  const wallet = await (await Profile.open(t, browser)).page(origin);
  await wallet.until("globalThis.tests");
  await wallet.call("stay", (await site.call("state")).uri);
  await site.until("tests.state().phase === 'open'");
  await wallet.call("opened");
  return { server, site, wallet };
}

test("the site's page is frozen while the wallet sends", async (t) => {
  const { site, wallet } = await connected(t);
  await site.freeze();
  const said = texts("of the wallet");
  await wallet.call("sayAll", said);
  // It is frozen, and has read nothing.
  assert.deepEqual(await site.call("messages"), []);
  await site.thaw();
  await site.until(`tests.messages().length >= ${said.length}`);
  assert.deepEqual(await site.call("messages"), said);
  await site.call("send", "thawed");
  assert.deepEqual(await wallet.call("messages", 1), ["thawed"]);
});

test("the wallet's page is frozen while the site sends, and the server goes", async (t) => {
  const { server, site, wallet } = await connected(t);
  await wallet.freeze();
  await server.kill();
  const said = texts("of the site");
  await Promise.all(said.map((text) => site.call("send", text)));
  await wallet.thaw();
  assert.deepEqual(await wallet.call("messages", said.length), said);
  await wallet.call("say", "thawed");
  await site.until("tests.messages().length === 1");
});

test("both are frozen, one after the other, and find each other again", async (t) => {
  const { site, wallet } = await connected(t);
  for (const [sleeper, other, say] of [[site, wallet, "say"], [wallet, site, "send"]]) {
    await sleeper.freeze();
    await other.call(say, "one");
    await sleeper.thaw();
    await other.call(say, "two");
  }
  await site.until("tests.messages().length === 2");
  assert.deepEqual(await site.call("messages"), ["one", "two"]);
  assert.deepEqual(await wallet.call("messages", 2), ["one", "two"]);
});

test("the site's page and the wallet's page as they are served: each is frozen while the other talks", async (t) => {
  const server = await Server.start(t);
  const site = await LivingSite.open(await Profile.open(t, browser), server.origin);
  const wallet = await LivingWallet.open(await Profile.open(t, browser), `${server.origin}/wallet/`);
  await wallet.agree(await site.link());
  await site.phase("connected");
  const said = Array.from({ length: 20 }, (_, n) => `text ${n}`);
  await wallet.page.until("!document.querySelector('[data-testid=send]').disabled");

  await site.page.freeze();
  for (const text of said) await wallet.say(text);
  assert.deepEqual(await site.messages("wallet", 0), [], "it is frozen, and has read nothing");
  await site.page.thaw();
  assert.deepEqual(await site.messages("wallet", said.length), said);

  await wallet.page.freeze();
  for (const text of said) await site.say(text);
  await wallet.page.thaw();
  assert.deepEqual(await wallet.messages("site", said.length), said);
  await site.phase("connected");
});
