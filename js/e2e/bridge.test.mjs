// Clients of Liquid Auth from npm against ends of ours: the wallet at the site page, and
// the website with the Go wallet.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SitePage } from "./browser.mjs";
import { launchLocal, openSite, openWallet } from "./liquid.mjs";
import { built, Server, Site, Wallet } from "./program.mjs";

let browser;
before(async () => (browser = await launchLocal()));
after(() => browser.close());

test("the npm wallet at the site page", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const requestId = /requestId=([^#]+)/.exec(await site.link())[1];
  const wallet = await openWallet(t, browser, server.origin);
  await wallet.start();
  await wallet.attest(requestId);
  await wallet.meet(requestId);
  await wallet.opened();
  await site.phase("connected");
  assert.match(await site.text("account"), new RegExp(`:${wallet.account.address}$`));
  assert.equal(await site.text("assurance"), "not sealed: this server vouches for the wallet");
  await site.say("hello wallet");
  assert.deepEqual(await wallet.heard(1), ["hello wallet"]);
  await wallet.say("hello page");
  assert.deepEqual(await site.messages("wallet", 1), ["hello page"]);
  site.watch.clean();
});

test("the npm website with the Go wallet", async (t) => {
  const server = await Server.start(t);
  const site = await openSite(t, browser, server.origin);
  const requestId = await site.request();
  const wallet = new Wallet(t, `liquid://${server.origin}/?requestId=${requestId}`, { flags: ["--unsealed"] });
  await wallet.event("request");
  wallet.type("yes");
  await wallet.event("open");
  await site.opened();
  assert.equal((await site.link()).wallet, built.account.split(":")[2]);
  await site.say("hello wallet");
  assert.deepEqual(await wallet.messages(1), ["hello wallet"]);
  wallet.type("hello site");
  assert.deepEqual(await site.heard(1), ["hello site"]);
});

test("the npm wallet at a Go site", async (t) => {
  const server = await Server.start(t);
  const site = new Site(t, server.origin);
  const requestId = /requestId=([^#]+)/.exec((await site.event("link")).uri)[1];
  const wallet = await openWallet(t, browser, server.origin);
  await wallet.start();
  await wallet.attest(requestId);
  await wallet.meet(requestId);
  await wallet.opened();
  const told = await site.event("unsealed");
  assert.deepEqual([told.account.split(":")[2], told.dialect, told.warn], [wallet.account.address, "liquid", true]);
  assert.equal((await site.event("open")).assurance, "server-asserted");
  site.type("hello wallet");
  assert.deepEqual(await wallet.heard(1), ["hello wallet"]);
  await wallet.say("hello site");
  assert.equal((await site.event("message")).data, "hello site");
});
