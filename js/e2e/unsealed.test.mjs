// A wallet that does not seal at the site page: the Go program plays one that reads the
// link without its secret.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, SitePage } from "./browser.mjs";
import { built, Server, Wallet } from "./program.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** Answers a page's link without a seal. */
async function answer(t, site) {
  const link = (await site.link()).split("#")[0];
  const wallet = new Wallet(t, link, { flags: ["--unsealed"] });
  await wallet.event("request");
  wallet.type("yes"); // it is asked in any case
  return wallet;
}

test("a page and a wallet that does not seal link, and the page says what that is worth", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const wallet = await answer(t, site);
  await wallet.event("open");
  await site.phase("connected");
  assert.equal(await site.text("account"), built.account);
  assert.equal(await site.text("assurance"), "not sealed: this server vouches for the wallet");
  const notice = site.page.locator("#notice");
  assert.match(await notice.textContent(), /^Not sealed: /);
  assert.equal(await notice.isVisible(), true);
  await site.say("hello wallet");
  assert.deepEqual(await wallet.messages(1), ["hello wallet"]);
  wallet.type("hello page");
  assert.deepEqual(await site.messages("wallet", 1), ["hello page"]);
  await site.says("signed-in", /…/); // the page has collected its session
  const session = await site.page.evaluate(async () => (await fetch("/v1/session")).json());
  assert.deepEqual([session.account, session.assurance], [built.account, "server-asserted"]);
  await server.kill();
  await site.says("status", /^The server is gone\. You are still connected directly\.$/);
  wallet.type("still here");
  assert.equal((await site.messages("wallet", 2)).at(-1), "still here");
  await site.part("disconnect").click();
  assert.equal((await wallet.event("closed")).code, "channel_closed");
  assert.equal(await wallet.gone(), 0);
  site.watch.clean();
});

test("a page that denies such a wallet, or asks for more than it can give, refuses it", async (t) => {
  const server = await Server.start(t);
  for (const query of ["/?legacy=deny", "/?confirm=sas&legacy=allow"]) {
    const site = await SitePage.open(t, browser, server.origin + query);
    const wallet = await answer(t, site);
    await site.says("error-code", /^unsealed_refused$/);
    assert.equal(await site.part("account").isVisible(), false);
    assert.equal((await wallet.event("error")).code, "unsealed_refused");
    assert.notEqual(await wallet.gone(), 0);
    site.watch.clean();
  }
});
