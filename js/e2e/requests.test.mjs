// A site asks a wallet over a plain link, each in a browser profile of its own, and what
// it asks for is done once, whatever happens to the wallet's page meanwhile.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { serve } from "./bundle.mjs";
import { Profile } from "./lifecycle.mjs";
import { oneFile, walletScripts } from "./pages.mjs";
import { Server } from "./program.mjs";

let browser;
let script;
let scripts;
before(async () => {
  [script, scripts] = await Promise.all([oneFile("e2e/pages/requests.js"), walletScripts()]);
  browser = await launch();
});
after(() => browser?.close());

/** A site and a wallet that are linked. */
async function linked(t) {
  const server = await Server.start(t, { flags: ["--chain", "did:key"] });
  const site = await (await Profile.open(t, browser)).page(`${server.origin}/no-page`, script);
  const { origin } = await serve(t, scripts);
  const wallet = await (await Profile.open(t, browser)).page(origin);
  await wallet.until("globalThis.tests");
  await wallet.call("stay", await site.call("connect"));
  await wallet.call("askSite", { method: "name" }); // the channel is open
  const reload = async () => {
    await wallet.load("about:blank?");
    await wallet.until("!globalThis.tests"); // it may still have been the page before
    await wallet.load(origin);
    await wallet.until("globalThis.tests");
  };
  return { server, site, wallet, reload };
}

test("each side asks and answers; texts are nobody's answers; what the wallet cannot do is told apart", async (t) => {
  const { site, wallet } = await linked(t);
  const asked = await Promise.all([1, 2, 3].map((n) => site.call("ask", { method: "echo", params: [n] })));
  assert.deepEqual(asked, [{ result: [1] }, { result: [2] }, { result: [3] }]);
  assert.equal(await wallet.call("askSite", { method: "name" }), "a site");
  assert.deepEqual(await site.call("ask", { method: "mint" }), { code: "unsupported_version", number: -32601 });
  await site.call("notify", { method: "told", params: { text: "by a notification" } });
  assert.deepEqual(await wallet.call("messages", 1), ["by a notification"]);
  await wallet.call("say", "hello");
  await site.until("tests.texts().length === 1");
  assert.deepEqual(await site.call("texts"), ["hello"]);
  assert.equal(await wallet.call("done"), 3);
});

test("the wallet is loaded anew while it works on a request: that is done once, and the site learns that nobody knows what came of it", async (t) => {
  const { site, wallet, reload } = await linked(t);
  const asked = site.call("ask", { method: "forever" });
  await wallet.until("tests.done() === 1");
  await reload();
  await wallet.call("stayAgain");
  assert.deepEqual(await asked, { code: "peer_lost", number: -32001 });
  assert.deepEqual(await site.call("ask", { method: "echo", params: ["after"] }), { result: ["after"] });
  assert.equal(await wallet.call("done"), 2);
});

test("the wallet is loaded anew before its answer has left: the site gets it from the next page, and it is done once", async (t) => {
  const { site, wallet, reload } = await linked(t);
  await wallet.call("mute", true);
  const asked = site.call("ask", { method: "echo", params: ["once"] });
  await wallet.until("tests.done() === 1");
  await reload();
  await wallet.call("stayAgain");
  assert.deepEqual(await asked, { result: ["once"] });
  assert.equal(await wallet.call("done"), 1);
});

test("the wallet is gone without a word while the server is away: what was asked waits, and is answered when both are back", async (t) => {
  const { server, site, wallet, reload } = await linked(t);
  await server.kill();
  await reload();
  const asked = site.call("ask", { method: "echo", params: ["patience"] });
  await server.restart(t);
  await wallet.call("stayAgain");
  assert.deepEqual(await asked, { result: ["patience"] });
});
