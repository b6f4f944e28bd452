// Around the modal on the site page: who is signed in, by wallet and by passkey; the
// record as a diagram; the curve of the round trip; the page's language.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible } from "./axe.mjs";
import { launch, SitePage } from "./browser.mjs";
import { built, Server, Wallet } from "./program.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

const address = built.account.split(":")[2];
const short = `${address.slice(0, 6)}…${address.slice(-6)}`;

/** Gives a page an authenticator whose person is always there. */
async function authenticator(site) {
  const cdp = await site.context.newCDPSession(site.page);
  await cdp.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  await cdp.send("WebAuthn.addVirtualAuthenticator", { options });
}

const session = (site) => site.page.evaluate(() => fetch("/v1/session").then((response) => response.json()));

test("a passkey that is made on the page signs in later, and the wallet is met without a scan", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  await authenticator(site);
  const wallet = new Wallet(t, await site.link());
  await wallet.event("open");
  await site.phase("connected");
  await site.says("signed-in", new RegExp(`^${short}$`));
  await site.says("signed-in-how", /^by a wallet, sealed end to end, site verified, until /);
  assert.equal(await site.part("passkey-sign-in").isVisible(), false);
  await site.part("passkey-add").click();
  await site.says("account-said", /^The passkey is made\./);
  await accessible(site, "signed in");
  await site.part("passkey-add").click();
  await site.says("account-said", /^This device has a passkey of the account already\./);

  await site.part("sign-out").click();
  await site.says("account-said", /^You are signed out\.$/);
  await site.says("signed-in", /^Nobody\./);
  await wallet.event("lost");
  assert.equal(await site.part("sign-out").isVisible(), false);
  await site.part("passkey-sign-in").click();
  await site.says("account-said", new RegExp(`^Welcome back, ${short}\\.$`));
  await wallet.event("open", 1);
  await site.phase("connected");
  await site.says("signed-in-how", /^by a passkey of this site, until /);
  assert.deepEqual([(await session(site)).account, (await session(site)).assurance], [built.account, "phishing-resistant"]);
  assert.equal(wallet.events.filter((e) => e.event === "request").length, 1, "how often the person was asked");

  await site.context.clearCookies(); // another day
  await site.page.reload();
  await wallet.event("open", 2);
  await site.phase("connected");
  await site.says("signed-in", /^Nobody\./);
  await site.part("passkey-sign-in").click();
  await site.says("signed-in", new RegExp(`^${short}$`));
  await site.say("here I am");
  assert.deepEqual(await wallet.messages(1), ["here I am"]);
  assert.deepEqual([site.watch.foreign, site.watch.breaches], [[], []]);
});

test("the sessions of an account are listed and ended, also that of another browser", async (t) => {
  const server = await Server.start(t);
  const [site, other] = [await SitePage.open(t, browser, server.origin), await SitePage.open(t, browser, server.origin)];
  for (const page of [site, other]) {
    await new Wallet(t, await page.link()).event("open");
    await page.phase("connected");
    await page.says("signed-in", new RegExp(`^${short}$`));
  }
  const rows = site.part("sessions").getByRole("listitem");
  await site.part("sessions-open").click();
  await rows.nth(3).waitFor();
  assert.deepEqual((await rows.allTextContents()).filter((text) => /this browser/.test(text)).length, 1);
  assert.equal(await rows.filter({ hasText: "this browser" }).getByRole("button").count(), 0);
  await accessible(site, "sessions");
  await rows.filter({ hasText: /^Website/ }).getByRole("button").click();
  await site.says("account-said", /^That session is ended\.$/);
  assert.equal(await rows.count(), 3);
  assert.equal((await session(other)).code, "session_required");
  assert.equal((await session(site)).account, built.account);
  await site.part("sign-out").click();
  await site.says("account-said", /^You are signed out\.$/);
  assert.equal(await site.part("sessions").isVisible(), false);
});

test("who has no passkey is told how to get one, and nobody is asked for more than that", async (t) => {
  const server = await Server.start(t);
  const asked = [];
  const site = await SitePage.open(t, browser, "about:blank");
  site.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await site.page.goto(server.origin);
  await authenticator(site);
  await site.link();
  assert.deepEqual(asked.filter((path) => path.startsWith("/assets/passkeys-")), [], "loaded before anybody asked");
  await site.part("passkey-sign-in").click();
  await site.says("account-said", /^No passkey was used\. Link your wallet to make one\.$/);
  assert.equal(asked.filter((path) => path.startsWith("/assets/passkeys-")).length, 1);
  assert.equal(await site.focused(), "passkey-sign-in");
  await new Wallet(t, await site.link()).event("open");
  await site.phase("connected");
});

test("the record draws each arrow when it is seen, in that order, and the curve follows the round trip", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const drawn = () => site.page.$$eval("[data-arrow][data-state=done]", (rows) => rows.map((row) => Number(row.dataset.arrow)));
  const link = await site.link();
  await site.page.waitForFunction(() => document.querySelector("[data-arrow='4'][data-state=done]"));
  assert.deepEqual((await drawn()).toSorted(), [1, 2, 3, 4]);
  assert.equal(await site.page.locator("#path-card").isVisible(), false);
  const wallet = new Wallet(t, link);
  await wallet.event("open");
  await site.phase("connected");
  await site.allArrows();
  assert.deepEqual(await drawn(), await site.seen(), "the order on the page is that in which they came");
  assert.equal(await site.page.locator("[data-arrow='1'] .unseen").textContent(), "page → server: ");
  const shaft = (arrow) => site.page.locator(`[data-arrow='${arrow}'] .shaft`).getAttribute("d");
  assert.deepEqual([await shaft(1), await shaft(2)], ["M18 10H71", "M72 10H19"], "there and back");
  await site.says("rtt", /ms$/);
  assert.match(await site.page.locator("#chart .curve").getAttribute("d"), /^M/);
  assert.match(await site.text("took"), /^(\d+ ms|[\d.]+ s) after the wallet said yes$/);

  await wallet.interrupt();
  await site.phase("resuming");
  assert.deepEqual(await site.page.$$eval("[data-arrow]:not([hidden])", (rows) => rows.map((row) => Number(row.dataset.arrow)).sort((a, b) => a - b)), [4, 13, 14, 15, 16, 17]);
  await site.page.getByText("nothing to scan and nothing to sign").waitFor();
  site.watch.clean();
});

test("the address says in which language the modal speaks", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, `${server.origin}/?lang=ar&renewals=0&server=https://elsewhere.example`);
  await site.link();
  await site.says("status", /^في انتظار/);
  assert.equal(await site.page.locator("#frame").evaluate((frame) => getComputedStyle(frame).direction), "rtl");
  await accessible(site, "in Arabic");
  const german = await SitePage.open(t, browser, `${server.origin}/?lang=de`);
  await german.link();
  await german.says("status", /^Warten darauf/);
  for (const { watch } of [site, german]) watch.clean();
});
