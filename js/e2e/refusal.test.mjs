// What a person sees when it does not go as planned, and how to go on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, SitePage } from "./browser.mjs";
import { Server, Wallet } from "./program.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

test("a no at the wallet is told, and one button gives a new code that works", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const link = await site.link();
  const wallet = new Wallet(t, link, { yes: false });
  await wallet.event("request");
  wallet.type("n");
  assert.equal((await wallet.event("error")).code, "user_rejected");
  assert.equal(await wallet.gone(), 1);
  await site.says("error-code", /^user_rejected$/);
  assert.match(await site.text("error"), /^The wallet said no\./);

  await site.part("new-link").click();
  const second = await site.link(link);
  assert.equal(await site.scan(), second);
  await new Wallet(t, second).event("open");
  await site.phase("connected");
  site.watch.clean();
});

test("the time left goes down, and a click gives another code and ends the first", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const link = await site.link();
  const left = await site.says("countdown", /^[12]:\d\d left$/);
  await site.page.waitForFunction((left) => globalThis.deep("[data-testid=countdown]").textContent < left, left);

  // Who gives up says so only where somebody hears it.
  await site.page.waitForFunction(() => document.documentElement.dataset.server === "here");
  await site.part("new-link").click();
  const second = await site.link(link);
  assert.notEqual(second, link);
  const late = new Wallet(t, link);
  assert.equal((await late.event("error")).code, "link_closed");
  assert.equal(await late.gone(), 1);
  site.watch.clean();
});

test("a code that nobody scans expires, which is no alarm", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin, { colorScheme: "light" });
  // The page's own clock, since two real minutes are long.
  await site.page.clock.install();
  await site.page.reload();
  const link = await site.link();
  assert.ok((await site.markup()).includes(link.split("#")[1]), "what would show it later");
  await site.page.locator("liaison-connect").evaluate((element) => element.setAttribute("renewals", "0"));
  await site.page.waitForFunction(() => document.documentElement.dataset.server === "here"); // which is said, too
  await site.page.clock.runFor(95_000);
  await site.says("status", /30 seconds are left/);
  await site.page.clock.runFor(30_000);
  await site.says("error-code", /^link_expired$/);
  assert.equal(await site.page.evaluate(() => document.documentElement.dataset.end), "quiet");
  await site.part("new-link").click();
  await site.link(link);
  site.watch.clean();
});

test("a second wallet that reads the same code is refused, and the page warns", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const link = await site.link();
  const first = new Wallet(t, link, { yes: false });
  await first.event("request");
  await site.phase("joined");
  assert.equal(await site.part("qr").locator("svg").count(), 0, "a code is on display that nobody can use");
  assert.equal((await site.markup()).includes(link.split("#")[1]), false);

  const second = new Wallet(t, link);
  assert.equal((await second.event("error")).code, "link_taken");
  assert.equal(await second.gone(), 1);
  await site.page.getByRole("alert").filter({ hasText: "A second wallet tried to use this code and was refused." }).waitFor();
  first.type("y");
  await site.phase("connected");
  await site.say("it is still you");
  assert.deepEqual(await first.messages(1), ["it is still you"]);
  site.watch.clean();
});

test("who does not know the wallet that came takes a new code", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const link = await site.link();
  const stranger = new Wallet(t, link, { yes: false });
  await stranger.event("request");
  await site.phase("joined");
  await site.part("new-link").click();
  const second = await site.link(link);
  stranger.type("y");
  assert.equal((await stranger.event("error")).code, "link_closed");
  await new Wallet(t, second).event("open");
  await site.phase("connected");
  site.watch.clean();
});
