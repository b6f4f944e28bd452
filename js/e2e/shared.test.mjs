// The modal with the attribute shared: each tab of a site shows the one link, and each
// can do all that there is to do.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible } from "./axe.mjs";
import { launch } from "./browser.mjs";
import { built, Wallet } from "./program.mjs";
import { Shop } from "./shop.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

const wrong = (code) => (code.startsWith("1") ? "2" : "1") + code.replace(/\D/g, "").slice(1);
const inline = (more = "") => `<liaison-connect shared inline ${more}></liaison-connect>`;

/** Two tabs of a shop, the one that leads first. */
async function twoTabs(t, tag = inline(), options = {}) {
  const leader = await Shop.open(t, browser, tag, options);
  await leader.link();
  const other = await leader.tab();
  assert.equal(await other.link(), await leader.link());
  assert.deepEqual([await leads(leader), await leads(other)], [true, false]);
  return [leader, other];
}

const leads = (tab) => tab.element((e) => e.shared.leads);
const texts = async (tab) => (await tab.events("message")).map(({ detail }) => detail.data);

/** Makes a tab believe that it is on display, or that it is not. */
function visibility({ page }, state) {
  return page.evaluate((state) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
}

test("a tab that does not hold the link copies it, types the code, talks, disconnects and has a new code made", async (t) => {
  const tabs = await twoTabs(t, inline("confirm=sas"), { permissions: ["clipboard-read", "clipboard-write"] });
  const [leader, other] = tabs;
  const link = await other.link();
  await other.page.bringToFront();
  const copied = other.page.waitForFunction(() => document.querySelector("liaison-connect").shadowRoot.querySelector("[data-testid=copy-link]").textContent.trim() === "Copied");
  await Promise.all([copied, other.part("copy-link").click()]);
  assert.equal(await other.page.evaluate(() => navigator.clipboard.readText()), link);

  const wallet = new Wallet(t, link);
  const { shortCode } = await wallet.event("code");
  for (const tab of tabs) await tab.phase("code");
  assert.equal((await other.element((e) => e.shadowRoot.innerHTML)).includes(link.split("#")[1]), false, "the link stays where it is of no use");
  await other.part("code-input").fill(wrong(shortCode));
  await other.part("code-send").click();
  for (const tab of tabs) await tab.says("code-note", /^That is not the code\. 2 tries are left\.$/);
  const late = await leader.tab(); // in time to type it
  await late.phase("code");
  await late.part("code-input").fill(shortCode);
  await late.part("code-send").click();
  tabs.push(late);
  for (const tab of tabs) {
    await tab.phase("connected");
    assert.equal(await tab.part("account").textContent(), built.account);
    assert.equal(await tab.part("assurance").textContent(), "sealed end to end, site verified");
    await tab.says("ms", /ms/);
    assert.equal((await tab.events("linked")).length, 1);
    assert.equal((await tab.events("open")).length, 1);
    assert.equal(await tab.element((e) => e.link !== undefined), tab === leader, "only one holds the link");
    const steps = (await tab.events("step")).map(({ detail }) => detail.type);
    for (const type of ["arrow", "signaling", "joined", "linked", "code", "open"]) assert.ok(steps.includes(type), `no step ${type} in ${steps}`);
  }
  await accessible(other, "connected, in another tab");

  await other.element((e) => e.shared.send("from the other"));
  await late.element((e) => e.shared.send("from the late one"));
  assert.deepEqual(await wallet.messages(2), ["from the other", "from the late one"]);
  wallet.type("to all");
  for (const tab of tabs) await tab.event("message");

  const asked = other.element((e) => e.shared.request({ method: "sum" }));
  const { id } = JSON.parse((await wallet.messages(3)).at(-1));
  wallet.type(JSON.stringify({ jsonrpc: "2.0", id, result: 42 }));
  assert.equal((await asked).result, 42);
  wallet.type("after the answer");
  for (const tab of tabs) {
    await tab.event("message", 2);
    assert.deepEqual(await texts(tab), ["to all", "after the answer"], "and no answer");
  }

  await other.part("disconnect").click();
  assert.equal((await wallet.event("closed")).code, "channel_closed");
  for (const tab of tabs) {
    await tab.phase("failed");
    assert.equal((await tab.event("closed")).detail.reason, "canceled");
  }
  await late.part("new-link").click();
  const second = await leader.link(link);
  for (const tab of [other, late]) assert.equal(await tab.link(link), second);
  await other.part("new-link").click(); // in the place of that
  const third = await leader.link(second);
  for (const tab of [other, late]) assert.equal(await tab.link(second), third);
  leader.watch.clean();
});

test("the tab that holds the link is closed, or its element is taken out: another one meets the wallet again", async (t) => {
  const [leader, other] = await twoTabs(t);
  const wallet = new Wallet(t, await other.link());
  await wallet.event("open");
  await other.phase("connected");
  const third = await leader.tab();
  await third.phase("connected");
  const left = { other, third };
  await leader.page.close();
  await wallet.event("open", 1);
  for (const tab of Object.values(left)) await tab.phase("connected");
  const [next, last] = (await leads(other)) ? [other, third] : [third, other];
  await next.element((e) => e.remove());
  await wallet.event("open", 2);
  await last.phase("connected");
  assert.equal(await leads(last), true);
  await last.element((e) => e.shared.send("alone"));
  assert.deepEqual(await wallet.messages(1), ["alone"]);
  assert.equal(wallet.events.filter(({ event }) => event === "request").length, 1, "how often the person was asked");
  leader.watch.clean();
});

test("a wallet that is looked for is forgotten in any tab, and all show a code", async (t) => {
  const [leader, other] = await twoTabs(t);
  const wallet = new Wallet(t, await other.link());
  await wallet.event("open");
  for (const tab of [leader, other]) await tab.phase("connected");
  await wallet.interrupt();
  for (const tab of [leader, other]) await tab.phase("resuming");
  assert.equal(await other.part("title").textContent(), "Looking for your wallet");
  await accessible(other, "resuming, in another tab");
  await other.part("forget").click();
  assert.equal(await leader.link(), await other.link());
  for (const tab of [leader, other]) await tab.page.close();
  leader.page = await leader.context.newPage();
  await leader.load();
  await leader.link(); // nobody is looked for
});

test("a code that runs out is renewed while any tab is on display, and else when one is", async (t) => {
  const [leader, other] = await twoTabs(t, inline(), { clock: true });
  let link = await leader.link();
  await visibility(leader, "hidden");
  await leader.expire();
  link = await other.link(link);
  assert.equal(await leader.link(), link, "renewed by the one that is on display");
  await leader.says("status", /^Here is a new code/);

  await visibility(other, "hidden");
  await leader.expire();
  for (const tab of [leader, other]) await tab.phase("failed");
  assert.equal(await leader.part("error-code").textContent(), "link_expired");
  await visibility(leader, "visible");
  link = await other.link(link);
  assert.equal(await leader.link(), link);
  await visibility(other, "visible"); // which changes nothing: there is a code
  assert.equal(await other.link(), link);
});

test("what one tab has ended stays so when another takes over, and one that is opened then has a code", async (t) => {
  const [leader, other] = await twoTabs(t);
  const link = await other.link();
  await new Wallet(t, link).event("open");
  for (const tab of [leader, other]) await tab.phase("connected");
  await leader.part("disconnect").click();
  await other.phase("failed");
  await leader.page.close();
  await other.page.waitForFunction(() => document.querySelector("liaison-connect").shared.leads);
  assert.equal(await other.element((e) => e.phase), "failed");
  assert.equal((await other.events("closed")).length, 1);
  const third = await other.tab();
  assert.equal(await third.link(link), await other.link(link));
});

test("a dialog shares from when it is opened; put away before it is connected, it leaves the link to the others", async (t) => {
  const shop = await Shop.open(t, browser, "<liaison-connect shared></liaison-connect>");
  await shop.element((e) => e.open());
  const link = await shop.link();
  const other = await shop.tab();
  assert.equal(await other.element((e) => e.phase), "idle");
  await other.element((e) => e.open());
  assert.equal(await other.link(), link);
  await other.page.keyboard.press("Escape");
  await other.phase("idle");
  assert.equal(await other.element((e) => e.shadowRoot.innerHTML.includes("#1.")), false, "the link is still there");
  await other.element((e) => e.open());
  assert.equal(await other.link(), link);
  const wallet = new Wallet(t, link);
  await wallet.event("open");
  for (const tab of [shop, other]) {
    await tab.phase("connected");
    await tab.element((e) => e.close());
    assert.equal(await tab.element((e) => e.phase), "connected", "the channel after the dialog is gone");
  }
  await other.element((e) => e.shared.send("still here"));
  assert.deepEqual(await wallet.messages(1), ["still here"]);
  shop.watch.clean();
});

test("the server is gone while the wallet is looked for: each tab says so, and says when it is back", async (t) => {
  const tabs = await twoTabs(t);
  const [leader] = tabs;
  const wallet = new Wallet(t, await leader.link());
  await wallet.event("open");
  for (const tab of tabs) await tab.phase("connected");
  await wallet.interrupt();
  for (const tab of tabs) await tab.phase("resuming");
  await leader.server.kill();
  for (const tab of tabs) await tab.says("status", /out of reach/);
  leader.host.port = (await leader.server.restart(t)).port;
  for (const tab of tabs) await tab.says("status", /^Waiting for your wallet/);
  await Wallet.resume(t, wallet.file).event("open");
  for (const tab of tabs) await tab.phase("connected");
});

test("what a person must be warned of is told in each tab, also in one that comes later", async (t) => {
  const [leader, other] = await twoTabs(t);
  const first = await leader.link();
  const refusing = new Wallet(t, first, { yes: false });
  await refusing.event("request");
  assert.equal((await new Wallet(t, first).event("error")).code, "link_taken");
  const late = await leader.tab();
  for (const tab of [leader, other, late]) {
    await tab.phase("joined");
    await tab.says("notice", /^A second wallet/);
    assert.equal(await tab.part("site-name").textContent(), "A shop");
    assert.match(await tab.part("ask-site").textContent(), /^Say yes there if it shows the site localhost/);
    assert.match(await tab.says("countdown", /left$/), /^[1-3]:\d\d left$/);
  }
  refusing.type("n");
  for (const tab of [leader, other, late]) {
    await tab.phase("failed");
    assert.equal((await tab.event("closed")).detail.reason, "user_rejected");
  }

  await late.part("new-link").click();
  const unsealed = new Wallet(t, (await leader.link(first)).split("#")[0], { flags: ["--unsealed"] });
  await unsealed.event("request");
  unsealed.type("yes");
  await leader.phase("connected");
  const last = await leader.tab();
  for (const tab of [leader, other, late, last]) {
    await tab.phase("connected");
    await tab.says("notice", /^Not sealed: /);
  }
  await unsealed.interrupt();
  for (const tab of [leader, other, late, last]) {
    await tab.phase("failed");
    assert.equal((await tab.event("closed")).detail.reason, "channel_closed");
  }
});

test("tabs that are opened at once, and that ask for a new code at once, show one", async (t) => {
  const shop = await Shop.open(t, browser, inline());
  const tabs = await Promise.all([1, 2, 3].map(() => shop.tab()));
  const links = await Promise.all(tabs.map((tab) => tab.link()));
  assert.equal(new Set(links).size, 1);
  await Promise.all(tabs.map((tab) => tab.element((e) => e.shadowRoot.querySelector("#new-link").click())));
  const wallet = new Wallet(t, await shop.link(links[0]));
  // Whichever code it was: all show the same wallet, or the same code.
  await wallet.until(() => wallet.events.find(({ event }) => event === "open" || event === "error"), "what came of it");
  await shop.page.waitForFunction(() => ["connected", "waiting"].includes(document.querySelector("liaison-connect").phase));
  const phase = await shop.element((e) => e.phase);
  for (const tab of tabs) await tab.phase(phase);
  assert.equal(new Set(await Promise.all(tabs.map((tab) => tab.part("link-text").textContent()))).size, 1);
});

test("the tab that leads is loaded anew while the person is asked: all have a new code, which works", async (t) => {
  const [leader, other] = await twoTabs(t);
  const link = await other.link();
  const asked = new Wallet(t, link, { yes: false });
  await asked.event("request");
  await other.phase("joined");
  await leader.page.reload();
  const second = await other.link(link);
  assert.equal(await leader.link(link), second);
  asked.type("y");
  assert.equal((await asked.event("error")).code, "link_closed");
  await new Wallet(t, second).event("open");
  for (const tab of [leader, other]) await tab.phase("connected");
});

test("a tab whose signal is aborted leaves, and the others go on", async (t) => {
  const [leader, other] = await twoTabs(t);
  await new Wallet(t, await other.link()).event("open");
  const third = await leader.tab();
  await third.phase("connected");
  await third.page.evaluate(() => {
    document.querySelector("liaison-connect").remove();
    const element = document.createElement("liaison-connect");
    for (const name of ["inline", "shared"]) element.toggleAttribute(name, true);
    globalThis.abort = new AbortController();
    element.options = { signal: globalThis.abort.signal };
    document.querySelector("main").append(element);
  });
  await third.phase("connected");
  await third.page.evaluate(() => globalThis.abort.abort());
  await third.phase("failed");
  assert.equal((await third.event("closed")).detail.reason, "canceled");
  for (const tab of [leader, other]) assert.equal(await tab.element((e) => e.phase), "connected");
});
