// The client of Liquid Auth for use-wallet from npm, as it is published.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ed25519 } from "@noble/curves/ed25519.js";
import { decodeSignedTransaction, encodeUnsignedTransaction } from "algosdk";
import { launchLocal, ClientPage, newContext, openWallet, otherSite, pages } from "./liquid.mjs";
import { Server } from "./program.mjs";

let browser;
before(async () => (browser = await launchLocal()));
after(() => browser.close());

const pixel = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

/** Opens a website's page. The logo in the client's QR code is somebody else's. */
async function openWebsite(t, origin) {
  const context = await newContext(t, browser);
  await context.route(/^https:/, (route) => route.fulfill({ contentType: "image/png", headers: { "Access-Control-Allow-Origin": "*" }, body: pixel }));
  return ClientPage.open(t, browser, origin, { entry: pages.useWallet, context });
}

/** A person clicks through the dialog: returns the request's id out of the link. */
async function start({ page }, server) {
  await page.getByRole("button", { name: "Start" }).click();
  const link = page.locator("#qr-link[href^='liquid://']");
  await link.waitFor({ state: "attached" });
  await page.locator("#liquid-qr-code[src^='blob:']").waitFor();
  const [, origin, requestId] = /^liquid:\/\/(.*)\/\?requestId=(.*)$/.exec(await link.getAttribute("href"));
  assert.equal(origin, server.origin, "the origin in the link");
  return requestId;
}

/** The website gets a payment signed, by the wallet's key and for this payment. */
async function sign(website, { key, address }) {
  const { unsigned, signed } = await website.sign(address);
  const { txn, sig } = decodeSignedTransaction(Uint8Array.from(signed));
  assert.deepEqual([...encodeUnsignedTransaction(txn)], unsigned);
  assert.equal(txn.sender.toString(), address);
  assert.ok(ed25519.verify(sig, Uint8Array.from([0x54, 0x58, ...unsigned]), key), "the signature of the payment");
}

/** A wallet comes with the request's id, and signs what it is asked to. */
async function meet(t, server, website, requestId, wallet) {
  await wallet.startAndAttest(undefined, requestId);
  await wallet.meet(requestId);
  await wallet.opened();
  await wallet.signs();
  await website.connected();
}

test("a website on the server's origin connects, has a transaction signed and disconnects", async (t) => {
  const server = await Server.start(t);
  const website = await openWebsite(t, server.origin);
  await website.connect();
  const requestId = await start(website, server);
  const wallet = await openWallet(t, browser, server.origin);
  await meet(t, server, website, requestId, wallet);
  await sign(website, wallet.account);
  assert.equal((await website.session()).user.wallet, wallet.account.address);
  await website.disconnect();
  assert.equal((await website.session()).user, null);
  assert.equal((await wallet.session()).user.wallet, wallet.account.address, "who is signed in in the wallet");
});

test("a website on an origin of its own connects, has a transaction signed and disconnects", async (t) => {
  const server = await Server.start(t);
  const site = await otherSite(t);
  const website = await openWebsite(t, site.origin);
  await website.connect(server.origin);
  const requestId = await start(website, server);
  const wallet = await openWallet(t, browser, server.origin);
  site.visitor = wallet.account.address; // this release asks the site's own origin
  await meet(t, server, website, requestId, wallet);
  await sign(website, wallet.account);
  await website.disconnect();
  assert.equal(site.visitor, null);
});

test("a page of another origin sees its logout succeed, and ends nobody's session", async (t) => {
  const server = await Server.start(t);
  const site = await otherSite(t);
  const wallet = await openWallet(t, browser, server.origin);
  await wallet.startAndAttest();
  const page = await wallet.context.newPage();
  await page.goto(site.origin);
  const answer = await page.evaluate(async (url) => {
    const answer = await fetch(url, { headers: { "Content-Type": "application/json" } });
    return { status: answer.status, at: answer.url, redirected: answer.redirected };
  }, `${server.origin}/auth/logout`);
  assert.deepEqual(answer, { status: 200, at: `${server.origin}/`, redirected: true });
  assert.equal((await wallet.session()).user.wallet, wallet.account.address);
});
