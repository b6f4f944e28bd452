// The site's page itself in five tabs, with the wallet of the command line: whatever
// becomes of the tab that holds the link, the others go on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, SitePage } from "./browser.mjs";
import { Profile } from "./lifecycle.mjs";
import { LivingSite } from "./living.mjs";
import { Server, Wallet } from "./program.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** Five tabs with an open channel, the one that leads first. */
async function fiveTabs(t) {
  const server = await Server.start(t);
  const profile = await Profile.open(t, browser);
  const tabs = [];
  for (let n = 0; n < 5; n++) tabs.push(await LivingSite.open(profile, server.origin));
  const links = await Promise.all(tabs.map((tab) => tab.link()));
  assert.equal(new Set(links).size, 1, "links on display");
  const wallet = new Wallet(t, links[4]);
  for (const tab of tabs) await tab.phase("connected");
  const leader = tabs[await leaderOf(tabs)];
  return { wallet, leader, others: tabs.filter((tab) => tab !== leader) };
}

/** Which of some tabs leads: one must, and one alone. */
async function leaderOf(tabs) {
  const leads = await Promise.all(tabs.map((tab) => tab.leads()));
  assert.equal(leads.filter(Boolean).length, 1, "tabs that lead");
  return leads.indexOf(true);
}

const ends = {
  "is closed": ({ page }) => page.close(),
  crashes: ({ page }) => page.crash(),
  "is frozen": ({ page }) => page.freeze(),
};

for (const [how, end] of Object.entries(ends)) {
  test(`the tab that leads ${how}: another takes over without a scan, and every text arrives once and in order`, async (t) => {
    const { wallet, leader, others } = await fiveTabs(t);
    wallet.type("before");
    for (const tab of [leader, ...others]) assert.deepEqual(await tab.messages("wallet", 1), ["before"]);
    const began = performance.now();
    await end(leader);
    await wallet.event("open", 1);
    t.diagnostic(`another leads after ${Math.round(performance.now() - began)} ms`);
    for (const tab of others) await tab.phase("connected");
    await leaderOf(others);
    assert.equal(wallet.events.filter(({ event }) => event === "request").length, 1, "how often the person was asked");

    const said = ["one", "two", "three", "four", "five"];
    for (const text of said) wallet.type(text);
    for (const tab of others) assert.deepEqual(await tab.messages("wallet", 6), ["before", ...said]);
    const expected = [];
    for (const [n, tab] of others.entries()) {
      for (const text of [`first of ${n}`, `second of ${n}`]) {
        await tab.say(text);
        expected.push(text);
      }
      assert.deepEqual(await wallet.messages(expected.length), expected);
      assert.deepEqual(await tab.messages("site", 2), expected.slice(-2));
    }
    if (how !== "is frozen") return;
    await leader.page.thaw();
    assert.deepEqual(await leader.messages("wallet", 6), ["before", ...said], "what was said while it was frozen");
    await leader.phase("connected");
    assert.equal(await leader.leads(), false);
    await leader.say("thawed");
    assert.deepEqual((await wallet.messages(9)).at(-1), "thawed");
  });
}

test("the only tab is closed, and opened again: it meets the wallet without a scan", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const wallet = new Wallet(t, await site.link());
  await wallet.event("open");
  await site.phase("connected");
  await site.page.close();
  await wallet.event("lost");
  site.page = await site.context.newPage();
  await site.page.goto(server.origin);
  await wallet.event("open", 1);
  await site.phase("connected");
  await site.say("here again");
  assert.deepEqual(await wallet.messages(1), ["here again"]);
  assert.equal(wallet.events.filter(({ event }) => event === "request").length, 1, "how often the person was asked");
  site.watch.clean();
});

test("who signs out in one tab is signed out in all, and the wallet is met again in all", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const wallet = new Wallet(t, await site.link());
  await wallet.event("open");
  await site.phase("connected");
  const other = new SitePage(await site.context.newPage(), site.context, site.watch);
  await other.page.goto(server.origin);
  await other.phase("connected");
  await other.says("signed-in", /…/);
  await other.allArrows();
  assert.match(await other.text("took"), /after the wallet said yes$/);
  assert.equal(await other.part("signed-in-apart").isVisible(), false);

  await other.part("sign-out").click();
  await other.says("account-said", /^You are signed out\.$/);
  await wallet.event("lost");
  for (const tab of [site, other]) {
    await tab.phase("failed");
    await tab.says("signed-in", /^Nobody\./);
  }
  await other.page.reload(); // asks for the wallet of before
  await wallet.event("open", 1);
  for (const tab of [site, other]) await tab.phase("connected");
});

test("who ends the link stays signed in, and is told so", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  await new Wallet(t, await site.link()).event("open");
  await site.phase("connected");
  await site.says("signed-in", /…/);
  await site.part("disconnect").click();
  await site.phase("failed");
  assert.match(await site.text("signed-in"), /…/);
  assert.equal(await site.part("signed-in-apart").isVisible(), true);
  site.watch.clean();
});

test("a tab that does not hold the link makes a passkey, lists the sessions and draws the record", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const other = new SitePage(await site.context.newPage(), site.context, site.watch);
  await other.page.goto(server.origin);
  const cdp = await site.context.newCDPSession(other.page);
  await cdp.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  await cdp.send("WebAuthn.addVirtualAuthenticator", { options });
  const wallet = new Wallet(t, await other.link());
  await wallet.event("open");
  for (const tab of [site, other]) {
    await tab.phase("connected");
    await tab.allArrows();
    assert.match(await tab.text("took"), /after the wallet said yes$/);
    await tab.says("rtt", /ms$/);
    await tab.says("locality", /ms/);
    await tab.says("signed-in", /…/);
  }
  assert.deepEqual(await other.seen(), await site.seen(), "the order in which the record was drawn");
  await other.part("passkey-add").click();
  await other.says("account-said", /^The passkey is made\./);
  await other.part("sessions-open").click();
  await other.part("sessions").getByRole("listitem").nth(1).waitFor();
  await other.part("sign-out").click();
  await site.says("signed-in", /^Nobody\./);
  await other.phase("failed");
  await other.part("passkey-sign-in").click();
  await wallet.event("open", 1);
  for (const tab of [site, other]) {
    await tab.phase("connected");
    await tab.says("signed-in-how", /^by a passkey of this site/);
    assert.match(await tab.text("took"), /after the wallet came back$/);
  }
  // That nobody is signed in is an answer, which Chromium takes for an error.
  assert.deepEqual([site.watch.foreign, site.watch.breaches], [[], []]);
});
