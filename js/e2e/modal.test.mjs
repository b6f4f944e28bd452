// The modal on a page of somebody else's site, in each of its states, against the
// real server and the real wallet.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import jsqr from "jsqr";
import { accessible } from "./axe.mjs";
import { decode, launch } from "./browser.mjs";
import { built, Wallet } from "./program.mjs";
import { Shop } from "./shop.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

const wrong = (code) => (code.startsWith("1") ? "2" : "1") + code.replace(/\D/g, "").slice(1);

test("one tag is a button, which opens a dialog, in which a wallet is linked", async (t) => {
  const shop = await Shop.open(t, browser, '<liaison-connect confirm="sas"></liaison-connect>');
  await accessible(shop, "idle");
  assert.equal(await shop.element((e) => e.phase), "idle");
  await shop.openButton().click();
  const dialog = shop.page.getByRole("dialog", { name: "Link your wallet" });
  await dialog.waitFor();
  const link = await shop.link();
  const { pixels, width, height } = await decode(shop.context, await shop.part("qr").screenshot());
  assert.equal(jsqr(pixels, width, height)?.data, link, "what the QR code says, and the link as text");
  assert.equal(await shop.part("open-wallet").getAttribute("href"), link);
  assert.equal(await shop.part("site-name").textContent(), "A shop");
  await accessible(shop, "waiting");

  const wallet = new Wallet(t, link, { yes: false });
  await wallet.event("request");
  await shop.phase("joined");
  const secret = link.split("#")[1];
  assert.equal(await shop.element((e, secret) => e.shadowRoot.querySelector("#frame").outerHTML.includes(secret), secret), false, "the link is still there");
  assert.match(await shop.part("ask-site").textContent(), new RegExp(`site ${new URL(shop.host.origin).host}\\.$`));
  await accessible(shop, "joined");
  wallet.type("y");
  const { shortCode } = await wallet.event("code");
  await shop.phase("code");
  assert.equal(await shop.focused(), "code-input");
  await accessible(shop, "code");
  await shop.page.keyboard.type("123");
  await shop.page.keyboard.press("Enter");
  await shop.says("code-note", /^The code has six digits\.$/);
  await shop.part("code-input").fill(wrong(shortCode));
  await shop.page.keyboard.press("Enter");
  await shop.says("code-note", /^That is not the code\. 2 tries are left\.$/);
  await accessible(shop, "code, after a wrong one");
  await shop.page.keyboard.type(shortCode);
  await shop.page.keyboard.press("Enter");

  await shop.phase("connected");
  await wallet.event("open");
  await shop.page.getByRole("dialog", { name: "Your wallet is linked" }).waitFor();
  assert.equal(await shop.part("account").textContent(), built.account);
  assert.equal(await shop.part("assurance").textContent(), "sealed end to end, site verified");
  assert.match(await shop.says("ms", /ms/), /^(under 1|\d+) ms$/);
  assert.equal(await shop.focused(), "done", "what has the focus once the field is gone");
  await accessible(shop, "connected");
  assert.deepEqual((await shop.event("linked")).detail.account, built.account);
  assert.equal((await shop.events("open")).length, 1);
  const steps = (await shop.events("step")).map((e) => e.detail.type);
  for (const type of ["arrow", "signaling", "joined", "linked", "code", "open"]) assert.ok(steps.includes(type), `no step ${type} in ${steps}`);

  await shop.element((e) => e.link.send("hello"));
  assert.deepEqual(await wallet.messages(1), ["hello"]);
  await shop.page.evaluate(() => addEventListener("message", () => (globalThis.posted = true)));
  wallet.type("hello shop");
  assert.equal((await shop.event("message")).detail.data, "hello shop");
  assert.equal(await shop.page.evaluate(() => globalThis.posted), undefined, "it is no postMessage");

  await shop.page.keyboard.press("Enter"); // Done
  await dialog.waitFor({ state: "detached" });
  assert.equal(await shop.element((e) => e.phase), "connected", "the channel after the dialog is gone");
  await shop.element((e) => e.link.send("still here"));
  assert.deepEqual(await wallet.messages(2), ["hello", "still here"]);
  await shop.page.getByRole("button", { name: "Your wallet is linked" }).click();
  await shop.part("disconnect").click();
  assert.equal((await wallet.event("closed")).code, "channel_closed");
  assert.equal((await shop.event("closed")).detail.reason, "canceled");
  await accessible(shop, "ended by the person");
  shop.watch.clean();
});

test("the dialog holds the focus, Escape gives up and gives the focus back, and it can be done by keyboard alone", async (t) => {
  const shop = await Shop.open(t, browser);
  await shop.page.getByRole("link", { name: "before", exact: true }).focus();
  await shop.page.keyboard.press("Tab");
  await shop.page.keyboard.press("Enter");
  const link = await shop.link();
  assert.equal(await shop.focused(), "title");
  const seen = new Set();
  for (let n = 0; n < 12; n++) {
    await shop.page.keyboard.press("Tab");
    seen.add(await shop.focused());
  }
  for (const name of ["close", "copy-link", "open-wallet", "new-link"]) assert.ok(seen.has(name), `Tab does not come to ${name}, only to ${[...seen]}`);
  for (const text of ["before", "after"]) assert.ok(!seen.has(text), "the focus leaves the dialog");

  // Who gives up says so only where somebody hears it.
  await shop.page.waitForFunction(() => globalThis.told.some(({ type, detail }) => type === "step" && detail.type === "signaling" && detail.attached));
  await shop.page.keyboard.press("Escape");
  await shop.phase("idle");
  assert.equal(await shop.focused(), "Link your wallet");
  assert.equal((await new Wallet(t, link).event("error")).code, "link_closed");
  await shop.page.keyboard.press("Enter");
  const second = await shop.link(link);
  await new Wallet(t, second).event("open");
  await shop.phase("connected");
  assert.equal(await shop.focused(), "done");
  await shop.page.keyboard.press("Enter");
  assert.equal(await shop.focused(), "Your wallet is linked");
  assert.equal(await shop.element((e) => e.phase), "connected");
  shop.watch.clean();
});

test("open and close are calls, too, and the page's own content can be the button", async (t) => {
  const shop = await Shop.open(t, browser, '<liaison-connect><button id="own">Sign in</button></liaison-connect>');
  await shop.page.getByRole("button", { name: "Sign in" }).click();
  await shop.link();
  await shop.element((e) => e.close());
  await shop.phase("idle");
  assert.equal(await shop.focused(), "own");
  await shop.element((e) => e.open());
  const second = await shop.link();
  const markup = await shop.element((e) => {
    e.remove();
    return new Promise((done) => setTimeout(() => done(e.shadowRoot.innerHTML)));
  });
  assert.equal(markup.includes(second.split("#")[1]), false, "the link stays in an element that was removed");
  assert.deepEqual(shop.watch.errors, []);
});

test("with inline it stands in the page, begins by itself, and takes its options from a property", async (t) => {
  const shop = await Shop.open(t, browser, "<p>no element yet</p>");
  await shop.page.evaluate(() => {
    globalThis.heard = [];
    const element = document.createElement("liaison-connect");
    element.setAttribute("inline", "");
    element.options = { confirm: "sas", onEvent: (event) => globalThis.heard.push(event.type) };
    document.querySelector("main").append(element);
  });
  const wallet = new Wallet(t, await shop.link());
  assert.equal(await shop.page.getByRole("dialog").count(), 0);
  await accessible(shop, "inline");
  await shop.page.getByRole("link", { name: "before", exact: true }).focus();
  const { shortCode } = await wallet.event("code");
  await shop.phase("code");
  assert.equal(await shop.focused(), "before", "whoever is busy elsewhere is torn away");
  await shop.part("code-input").fill(shortCode);
  await shop.part("code-send").click();
  await shop.phase("connected");
  assert.equal(await shop.focused(), "title");
  await shop.element((e) => e.parentElement.prepend(e)); // a move is no end
  await shop.element((e) => e.link.send("moved"));
  assert.deepEqual(await wallet.messages(1), ["moved"]);
  assert.ok((await shop.page.evaluate(() => globalThis.heard)).includes("open"));

  await shop.element((e) => e.remove());
  await wallet.event("lost");
  shop.watch.clean();
});

test("an attribute with a value that there is not opens nothing", async (t) => {
  const shop = await Shop.open(t, browser, '<liaison-connect locality="requir" inline></liaison-connect>');
  await shop.phase("failed");
  assert.equal(await shop.part("error-code").textContent(), "invalid_message");
  assert.equal((await shop.events("failed")).length, 1);
  await shop.element((e) => e.setAttribute("locality", "off"));
  await shop.part("new-link").click();
  await shop.link();
});

test("a wallet of before is met again when the dialog is opened, or forgotten", async (t) => {
  const shop = await Shop.open(t, browser);
  await shop.openButton().click();
  const wallet = new Wallet(t, await shop.link());
  await wallet.event("open");
  await shop.phase("connected");
  await shop.page.reload();
  await shop.openButton().click();
  await wallet.event("open", 1);
  await shop.phase("connected");
  await wallet.interrupt();
  await shop.phase("resuming");
  assert.equal(await shop.part("who").textContent(), `${built.account.split(":")[2].slice(0, 6)}…${built.account.slice(-6)} at ${new URL(shop.host.origin).host}`);
  await accessible(shop, "resuming");
  await shop.page.keyboard.press("Escape"); // keeps the pairing
  await shop.phase("idle");
  await shop.openButton().click();
  await shop.phase("resuming");
  const again = Wallet.resume(t, wallet.file);
  await again.event("open");
  await shop.phase("connected");
  await again.interrupt();
  await shop.phase("resuming");
  await shop.part("forget").click();
  await shop.link();
  shop.watch.clean();
});

test("a code that nobody scans is renewed, four times while somebody may look, and then asks to go on", async (t) => {
  const shop = await Shop.open(t, browser, "<liaison-connect inline></liaison-connect>", { clock: true });
  let link = await shop.link();
  const first = await shop.says("countdown", /^[12]:\d\d left$/);
  for (let n = 0; n < 4; n++) {
    await shop.page.waitForFunction((n) => globalThis.told.filter(({ type, detail }) => type === "step" && detail.type === "signaling" && detail.attached).length > n, n); // which is said, too
    await shop.page.clock.runFor(95_000);
    await shop.says("status", /30 seconds are left/);
    assert.notEqual(await shop.part("countdown").textContent(), first);
    assert.equal(await shop.part("countdown").getAttribute("aria-live"), "off");
    await shop.expire();
    link = await shop.link(link);
    await shop.says("status", /^Here is a new code/);
  }
  await shop.expire();
  await shop.phase("failed");
  assert.equal(await shop.part("error-code").textContent(), "link_expired");
  assert.equal((await shop.event("closed")).detail.reason, "link_expired");
  assert.equal(await shop.part("link-text").textContent(), "");
  await shop.part("new-link").click();
  await shop.link(link);
});

test("a code that runs out while nobody looks is renewed when somebody does", async (t) => {
  const shop = await Shop.open(t, browser, "<liaison-connect inline></liaison-connect>", { clock: true });
  const link = await shop.link();
  const visibility = (state) =>
    shop.page.evaluate((state) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await visibility("hidden");
  await shop.expire();
  await shop.phase("failed");
  await visibility("visible");
  await shop.link(link);
});

test("a no, a second wallet and a server that is gone are each told in a sentence and have one button", async (t) => {
  const shop = await Shop.open(t, browser, "<liaison-connect inline></liaison-connect>");
  const link = await shop.link();
  const wallet = new Wallet(t, link, { yes: false });
  await wallet.event("request");
  await shop.phase("joined");
  assert.equal((await new Wallet(t, link).event("error")).code, "link_taken");
  assert.match(await shop.says("notice", /\w/), /^A second wallet tried to use this code and was refused\./);
  wallet.type("n");
  await shop.phase("failed");
  assert.match(await shop.part("error").textContent(), /^The wallet said no\.Nothing was shared\./);
  const buttons = () => shop.page.locator("liaison-connect").getByRole("button").allTextContents();
  assert.deepEqual(await buttons(), ["New code"]);
  await accessible(shop, "refused");
  await shop.server.kill();
  await shop.part("new-link").click();
  await shop.phase("failed");
  assert.match(await shop.part("error").textContent(), /^The server cannot be reached\.Check your network/);
  assert.deepEqual(await buttons(), ["Try again"]);
  assert.equal((await shop.event("failed")).detail.reason, "signaling_unreachable");
  await accessible(shop, "failed");
  shop.host.port = (await shop.server.restart(t)).port;
  await shop.part("new-link").click();
  await shop.link(link);
});

test("a wallet that does not seal is told of in a notice that stays", async (t) => {
  const shop = await Shop.open(t, browser, "<liaison-connect inline></liaison-connect>");
  const wallet = new Wallet(t, (await shop.link()).split("#")[0], { flags: ["--unsealed"] });
  await wallet.event("request");
  wallet.type("yes");
  await shop.phase("connected");
  assert.match(await shop.part("notice").textContent(), /^Not sealed: /);
  assert.equal(await shop.part("notice").isVisible(), true);
  assert.equal(await shop.part("assurance").textContent(), "not sealed: this server vouches for the wallet");
  await accessible(shop, "unsealed");
});

test("it speaks the page's language, and Arabic runs from right to left", async (t) => {
  const shop = await Shop.open(t, browser, "<liaison-connect></liaison-connect>", { more: 'lang="de-AT"' });
  await shop.page.getByRole("button", { name: "Wallet verbinden" }).click();
  const link = await shop.link();
  await shop.says("status", /^Warten darauf, dass eine Wallet den Code scannt\.$/);
  await shop.element((e) => (e.lang = "ar"));
  await shop.says("status", /^في انتظار/);
  await shop.page.getByRole("dialog", { name: "اربط محفظتك" }).waitFor();
  const sides = await shop.element((e) => {
    const place = (id) => e.shadowRoot.getElementById(id).getBoundingClientRect();
    return { direction: getComputedStyle(e.shadowRoot.getElementById("status")).direction, close: place("close").left < place("title").left, link: getComputedStyle(e.shadowRoot.getElementById("link-text")).direction };
  });
  assert.deepEqual(sides, { direction: "rtl", close: true, link: "ltr" });
  await accessible(shop, "waiting, in Arabic");
  const wallet = new Wallet(t, link, { yes: false });
  await wallet.event("request");
  await shop.phase("joined");
  assert.ok((await shop.part("ask-site").textContent()).includes(`\u2068${new URL(shop.host.origin).host}\u2069`));
  wallet.type("n");
  await shop.phase("failed");
  assert.match(await shop.part("error").textContent(), /^رفضت المحفظة\./);
  await shop.element((e) => (e.lang = "tlh")); // English, where there is no better
  await shop.says("error", /^The wallet said no\./);
  shop.watch.clean();
});

test("a language that comes late does not take the place of one that was asked for after it", async (t) => {
  const shop = await Shop.open(t, browser, "<liaison-connect inline></liaison-connect>");
  await shop.link();
  const held = [];
  await shop.context.route("**/*.js", (route) => void held.push(route));
  const asked = shop.page.waitForRequest("**/*.js");
  await shop.element((e) => (e.lang = "de"));
  const german = (await asked).url();
  await shop.element((e) => (e.lang = "en"));
  for (const route of held) await route.continue();
  await shop.page.evaluate((url) => import(url), german);
  await shop.says("status", /^Waiting for a wallet/);
  assert.equal(await shop.element((e) => e.shadowRoot.querySelector("#frame").lang), "en");
});

test("an attribute that has become wrong is told when the wallet is to be met again", async (t) => {
  const shop = await Shop.open(t, browser, "<liaison-connect inline></liaison-connect>");
  const wallet = new Wallet(t, await shop.link());
  await wallet.event("open");
  await shop.phase("connected");
  await shop.element((e) => e.setAttribute("locality", "requir"));
  await wallet.interrupt();
  await shop.phase("failed");
  assert.equal(await shop.part("error-code").textContent(), "invalid_message");
  assert.equal((await shop.event("failed")).detail.reason, "invalid_message");
  assert.deepEqual(shop.watch.errors, []);
});

test("a dialog that is in no page does not open", async (t) => {
  const shop = await Shop.open(t, browser);
  const opened = await shop.page.evaluate(() => {
    const element = document.createElement("liaison-connect");
    try {
      element.open();
    } catch ({ name }) {
      return { name, phase: element.phase };
    }
  });
  assert.deepEqual(opened, { name: "InvalidStateError", phase: "idle" });
});

test("where no app takes the link, the page says what else to do", async (t) => {
  const shop = await Shop.open(t, browser, "<liaison-connect inline></liaison-connect>");
  const link = await shop.link();
  assert.equal(await shop.part("open-note").textContent(), "");
  // As if nothing took it: of a navigation that leads nowhere the browser's driver never hears an end.
  await shop.page.evaluate(() => addEventListener("click", (event) => event.preventDefault()));
  await shop.part("open-wallet").click();
  await shop.says("open-note", /^No wallet opened\? Copy the link and paste it in your wallet\.$/);
  await accessible(shop, "waiting, after no wallet opened");
  await shop.part("new-link").click();
  await shop.link(link);
  assert.equal(await shop.part("open-note").textContent(), "");
});

test("it follows the color scheme of the page and its custom properties, and moves for nobody who does not want that", async (t) => {
  const shop = await Shop.open(t, browser, "<liaison-connect inline></liaison-connect>", { colorScheme: "dark" });
  await shop.link();
  const style = (name, of = ".card") => shop.element((e, [name, of]) => getComputedStyle(e.shadowRoot.querySelector(of))[name], [name, of]);
  assert.equal(await style("backgroundColor"), "rgb(255, 254, 251)", "a page that knows no dark stays light");
  await shop.page.evaluate(() => (document.documentElement.style.colorScheme = "light dark"));
  assert.equal(await style("backgroundColor"), "rgb(26, 30, 27)");
  await shop.element((e) => {
    e.style.setProperty("--liaison-surface", "rgb(1, 2, 3)");
    e.style.setProperty("--liaison-radius", "4px");
  });
  assert.deepEqual([await style("backgroundColor"), await style("borderTopLeftRadius")], ["rgb(1, 2, 3)", "4px"]);
  assert.equal(await style("animationName", ".dot"), "none");
  await shop.page.emulateMedia({ reducedMotion: "no-preference" });
  assert.equal(await style("animationName", ".dot"), "breathe");
});
