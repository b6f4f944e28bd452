// The short code and locality, as a person meets them on the page.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, SitePage } from "./browser.mjs";
import { built, Server, Wallet } from "./program.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** Other six digits than these. */
const other = (code, n) => String((Number(code.replace(/\D/g, "")) + n) % 1_000_000).padStart(6, "0");

/** Whether the browser is signed in at the server, as its cookie says. */
async function signedIn(site) {
  const response = await site.context.request.get(`${new URL(site.page.url()).origin}/v1/session`);
  return (await response.json()).account ?? "";
}

test("the right code opens the channel, in whatever groups it is typed, and only then signs in", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, `${server.origin}/?confirm=sas`);
  const wallet = new Wallet(t, await site.link());
  const { shortCode } = await wallet.event("code");
  assert.match(shortCode, /^\d{3} \d{3}$/);
  await site.phase("code");
  assert.equal(await site.focused(), "code-input", "what has the focus");
  await site.typeCode("12345");
  await site.says("code-note", /^The code has six digits\.$/);
  await site.typeCode(other(shortCode, 1));
  await site.says("code-note", /^That is not the code\. 2 tries are left\.$/);
  // Long enough for the session to be collected if it were not for the code.
  await site.page.waitForTimeout(2_500);
  assert.equal(await signedIn(site), "");
  assert.equal(wallet.events.some((e) => e.event === "open"), false);
  await site.page.keyboard.type(shortCode);
  await site.page.keyboard.press("Enter");
  await site.phase("connected");
  await wallet.event("open");
  await site.say("hello");
  assert.deepEqual(await wallet.messages(1), ["hello"]);
  await site.allArrows();
  assert.notEqual(await signedIn(site), "");
  site.watch.clean();
});

test("three wrong codes end it for both, and nothing is left to resume", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, `${server.origin}/?confirm=sas`);
  const wallet = new Wallet(t, await site.link());
  const { shortCode } = await wallet.event("code");
  await site.phase("code");
  await site.typeCode(other(shortCode, 1));
  await site.says("code-note", /2 tries are left/);
  await site.typeCode(other(shortCode, 2));
  await site.says("code-note", /One try is left/);
  await site.typeCode(other(shortCode, 3));
  await site.says("error-code", /^code_mismatch$/);
  assert.match(await site.text("error"), /^The code was wrong three times\./);
  assert.equal((await wallet.event("error")).code, "code_mismatch");
  assert.equal(await signedIn(site), "");
  await site.page.reload();
  await site.link();
  assert.equal((await Wallet.resume(t, wallet.file).event("error")).code, "resumption_unknown");
});

for (const [what, leave] of [
  ["is loaded anew", (site) => site.page.reload()],
  ["says goodbye", async (site) => (await site.part("disconnect").click(), await site.page.reload())],
  ["is left by its wallet", async (site, wallet) => (await wallet.interrupt(), await site.says("error-code", /^(peer_lost|link_closed)$/), await site.page.reload())],
]) {
  test(`a page that ${what} while the code is asked for begins with a new link`, async (t) => {
    const server = await Server.start(t);
    const site = await SitePage.open(t, browser, `${server.origin}/?confirm=sas`);
    const before = await site.link();
    const wallet = new Wallet(t, before);
    await wallet.event("code");
    await site.phase("code");
    await leave(site, wallet);
    const other = new Wallet(t, await site.link(before));
    const { shortCode } = await other.event("code");
    await site.phase("code");
    assert.equal(await signedIn(site), "");
    await site.typeCode(shortCode);
    await site.phase("connected");
    await other.event("open");
    assert.equal(wallet.events.some((e) => e.event === "open"), false);

    await site.page.reload(); // what the code was typed for needs none again
    await other.event("open", 1);
    await site.phase("connected");
  });
}

test("a wallet on this machine is near enough for whoever requires that, and the page says so", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, `${server.origin}/?locality=require`);
  const wallet = new Wallet(t, await site.link());
  await wallet.event("open");
  await site.phase("connected");
  const locality = await wallet.event("locality");
  assert.deepEqual([locality.network, locality.local], ["same-address", true]);
  // A check that overtakes its candidate comes from an address that nobody told,
  // which is then no local one; the round trip is that of this machine all the same.
  assert.match(locality.path, /^(host|srflx)$/);
  assert.match(await site.says("locality", /ms/), /^same network(, says the server)?, (under 1|\d+) ms, required$/);
  site.watch.clean();
});

test("with locality off nothing is measured, asked for or told", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, `${server.origin}/?locality=off`);
  const asked = [];
  site.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const wallet = new Wallet(t, await site.link());
  await wallet.event("open");
  await site.phase("connected");
  await site.say("hello");
  await wallet.messages(1);
  await site.allArrows();
  assert.equal(await site.text("locality"), "–");
  assert.deepEqual(asked.filter((path) => path.endsWith("/network")), []);
  assert.equal(wallet.events.some((e) => e.event === "locality"), false);
  site.watch.clean();
});

test("an address that asks for what there is not asks for nothing", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, `${server.origin}/?confirm=yes&locality=nearby`);
  const wallet = new Wallet(t, await site.link());
  assert.equal((await wallet.event("request")).locality, "report");
  await site.phase("connected");
  site.watch.clean();
});

for (const [n, kind] of ["algorand", "evm", "solana", "did-ed25519", "did-p256", "did-secp256k1"].entries()) {
  test(`the page verifies the account of a wallet with a key of the kind ${kind}`, async (t) => {
    const server = await Server.start(t);
    const site = await SitePage.open(t, browser, server.origin);
    const wallet = new Wallet(t, await site.link(), { flags: ["--key", kind] });
    await wallet.event("open");
    await site.phase("connected");
    assert.equal(await site.text("account"), built.accounts[n]);
    assert.equal((await wallet.event("linked")).account, built.accounts[n]);
    site.watch.clean();
  });
}
