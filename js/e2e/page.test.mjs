// The page itself: reload, clipboard, keyboard, accessibility, frames.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { accessible } from "./axe.mjs";
import { launch, SitePage } from "./browser.mjs";
import { patience, Server, Wallet } from "./program.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const wrongCode = (code) => (code.startsWith("1") ? "2" : "1") + code.replace(/\D/g, "").slice(1);

/** Keeps the page from ever getting further than the wallet's answer. */
function neverConnects() {
  RTCPeerConnection.prototype.setRemoteDescription = () => new Promise(() => {});
}

test("axe-core finds nothing in any state", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, `${server.origin}/?confirm=sas`);
  const link = await site.link();
  await accessible(site, "waiting");
  const wallet = new Wallet(t, link, { yes: false });
  await site.phase("joined");
  await accessible(site, "joined");
  wallet.type("y");
  const { shortCode } = await wallet.event("code");
  await site.phase("code");
  await accessible(site, "code");
  await site.typeCode(wrongCode(shortCode));
  await site.says("code-note", /2 tries/);
  await accessible(site, "code, after a wrong one");
  await site.typeCode(shortCode);
  await site.phase("connected");
  await site.say("hello");
  wallet.type("hello");
  await site.messages("wallet", 1);
  await accessible(site, "connected");
  await site.page.reload();
  await site.phase("connected"); // by way of "resuming", which may be over at once
  await wallet.interrupt();
  await site.phase("resuming");
  await accessible(site, "resuming");
  const again = Wallet.resume(t, wallet.file);
  await again.event("open");
  await site.phase("connected");
  await site.part("disconnect").click();
  await site.phase("failed");
  await accessible(site, "ended by the person");

  await site.context.addInitScript(neverConnects);
  await site.page.goto(server.origin);
  const second = new Wallet(t, await site.link(link));
  await site.phase("linking");
  await accessible(site, "linking");
  await site.part("disconnect").click();
  await second.gone();

  let hold;
  const held = new Promise((resolve) => (hold = resolve));
  await site.context.route("**/v1/challenge", hold);
  await site.page.reload();
  await site.phase("starting");
  await accessible(site, "starting");
  await (await held).fulfill({ status: 403, contentType: "text/plain", body: "no" });
  await site.phase("failed");
  await accessible(site, "failed");
  assert.deepEqual(site.watch.breaches, []);
  assert.deepEqual(site.watch.foreign, []);
});

test("a page that is loaded anew before anybody has answered has a new code", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const first = await site.link();
  const wallet = new Wallet(t, first, { yes: false });
  await wallet.event("request");
  await site.phase("joined");
  await site.page.reload();
  const second = await site.link();
  assert.notEqual(second, first);
  wallet.type("y");
  assert.equal((await wallet.event("error")).code, "link_closed");
  await new Wallet(t, second).event("open");
  await site.phase("connected");
  site.watch.clean();
});

test("the curves come from the page's own server, once a code is on display", async (t) => {
  const server = await Server.start(t);
  const asked = [];
  const site = await SitePage.open(t, browser, "about:blank");
  site.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await site.page.goto(server.origin);
  const link = await site.link();
  await new Wallet(t, link).event("open");
  await site.phase("connected");
  const verifiers = asked.filter((path) => path.startsWith("/assets/verify-"));
  assert.equal(verifiers.length, 1, `${asked}`);
  assert.ok(asked.indexOf(verifiers[0]) > asked.indexOf("/v1/challenge"), `${asked}`);
  assert.deepEqual(site.watch.breaches, []);
  assert.deepEqual(site.watch.errors, []);
});

test("an address that names what no page asks for opens it all the same", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, `${server.origin}/?constructor=1&toString=sas`);
  await site.phase("waiting");
  site.watch.clean();
});

test("the copy button copies, or selects where that is not allowed", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin, { permissions: ["clipboard-read", "clipboard-write"] });
  const link = await site.link();
  await site.flashes("copy-link", "Copied", () => site.part("copy-link").click());
  assert.equal(await site.page.evaluate(() => navigator.clipboard.readText()), link);

  await site.page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await site.says("copy-link", /^Copy$/);
  await site.flashes("copy-link", "Selected", () => site.part("copy-link").click());
  assert.equal(await site.page.evaluate(() => getSelection().toString()), link);
  site.watch.clean();
});

test("everything can be done with the keyboard alone", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin, { permissions: ["clipboard-read", "clipboard-write"] });
  const first = await site.link();
  await tabTo(site, "copy-link");
  await site.flashes("copy-link", "Copied", () => site.page.keyboard.press("Enter"));
  await tabTo(site, "new-link");
  await site.page.keyboard.press("Space");
  const link = await site.link(first);

  const wallet = new Wallet(t, link);
  await site.phase("connected");
  assert.equal(await site.focused(), "message-input", "what has the focus once one can write");
  await site.page.keyboard.type("typed");
  await site.page.keyboard.press("Enter");
  assert.deepEqual(await wallet.messages(1), ["typed"]);
  await tabTo(site, "disconnect");
  await site.page.keyboard.press("Enter");
  await site.phase("failed");
  assert.equal(await site.focused(), "new-link", "what has the focus once the button is gone");
  await site.page.keyboard.press("Enter");
  await site.link(link);
  site.watch.clean();
});

/** Presses Tab until an element has the focus, and shows it. */
async function tabTo(site, name) {
  const passed = [];
  for (let steps = 0; steps < 12; steps++) {
    await site.page.keyboard.press("Tab");
    const now = await site.focused();
    passed.push(now);
    if (now !== name) continue;
    const style = await site.part(name).evaluate((e) => getComputedStyle(e).outlineStyle);
    assert.notEqual(style, "none", `${name} has the focus and does not show it`);
    return;
  }
  assert.fail(`Tab never comes to ${name}, only to ${passed}`);
}

test("no other site can show the page in a frame", async (t) => {
  const server = await Server.start(t);
  const foreign = createServer((_, response) => response.setHeader("Content-Type", "text/html").end(`<iframe src="${server.origin}/"></iframe>`));
  foreign.listen(0, "127.0.0.1");
  await once(foreign, "listening");
  const context = await browser.newContext();
  t.after(async () => {
    await context.close();
    foreign.close();
  });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const refused = page.waitForEvent("console", (message) => /frame/i.test(message.text()) && message.text().includes(server.origin));
  await page.goto(`http://127.0.0.1:${foreign.address().port}/`);
  await refused;
  const frame = page.frames().find((f) => f !== page.mainFrame());
  assert.equal(await frame.locator("[data-testid=qr]").count(), 0);
});
