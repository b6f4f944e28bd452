// Five tabs of one site share one link, in a real browser, with a wallet on an origin
// of its own that meets the site again whenever it is lost.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { serve } from "./bundle.mjs";
import { Profile } from "./lifecycle.mjs";
import { siteScript, walletScripts } from "./pages.mjs";
import { patience, Server } from "./program.mjs";

let browser;
let script;
let scripts;
before(async () => {
  [script, scripts] = await Promise.all([siteScript(), walletScripts()]);
  browser = await launch();
});
after(() => browser?.close());

/** Waits until something holds of a page. */
async function until(page, name, holds, what) {
  const end = Date.now() + patience;
  for (;;) {
    const value = await page.call(name);
    if (holds(value)) return value;
    if (Date.now() > end) assert.fail(`${what}: not within ${patience} ms, but ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const phase = (page, wanted) => until(page, "state", (state) => state.phase === wanted, `phase ${wanted}`);

async function openTab(profile, origin, options) {
  const page = await profile.page(`${origin}/no-page`, script);
  await page.call("share", options ?? {});
  return page;
}

async function openWallet(t) {
  const { origin } = await serve(t, scripts);
  const page = await (await Profile.open(t, browser)).page(origin);
  await page.until("globalThis.tests");
  return page;
}

/** The one that leads of some tabs, once there is one. */
async function leaderOf(tabs) {
  const end = Date.now() + patience;
  for (;;) {
    const states = await Promise.all(tabs.map((tab) => tab.call("state")));
    const at = states.findIndex(({ leads }) => leads);
    if (at >= 0) return tabs[at];
    if (Date.now() > end) assert.fail(`nobody leads: ${JSON.stringify(states)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Five tabs with an open channel, the one that leads first. */
async function fiveTabs(t, options) {
  const server = await Server.start(t, { flags: ["--chain", "did:key"] });
  const profile = await Profile.open(t, browser);
  const tabs = [];
  for (let i = 0; i < 5; i++) tabs.push(await openTab(profile, server.origin, options));
  const { uri } = await phase(tabs[3], "waiting");
  const wallet = await openWallet(t);
  await wallet.call("stay", uri);
  for (const tab of tabs) await phase(tab, "open");
  const leads = await Promise.all(tabs.map(async (tab) => (await tab.call("state")).leads));
  assert.deepEqual(leads.filter(Boolean).length, 1, "tabs that lead");
  const leader = tabs[leads.indexOf(true)];
  return { server, profile, wallet, tabs: [leader, ...tabs.filter((tab) => tab !== leader)] };
}

test("all tabs see the same link, each can send, and an answer comes to the tab that asked", async (t) => {
  const { tabs, wallet } = await fiveTabs(t);
  const states = await Promise.all(tabs.map((tab) => tab.call("state")));
  assert.deepEqual(new Set(states.map(({ account, assurance, uri }) => `${account} ${assurance} ${uri}`)).size, 1);
  await Promise.all(tabs.map((tab, i) => tab.call("send", `of tab ${i}`)));
  assert.deepEqual((await wallet.call("messages", 5)).sort(), [0, 1, 2, 3, 4].map((i) => `of tab ${i}`));
  const answers = await Promise.all(tabs.map((tab, i) => tab.call("request", { method: "echo", params: [i] })));
  assert.deepEqual(answers.map(({ result }) => result), [[0], [1], [2], [3], [4]]);
  await wallet.call("say", "to all");
  for (const tab of tabs) assert.deepEqual(await until(tab, "messages", ({ length }) => length > 0, "the message"), ["to all"], "and no answer of another tab's");
});

const ends = {
  "is closed": (leader) => leader.close(),
  crashes: (leader) => leader.crash(),
  "is frozen": (leader) => leader.freeze(),
  leaves: (leader) => leader.call("leave"),
};

for (const [how, end] of Object.entries(ends)) {
  test(`the tab that leads ${how}: another one meets the wallet again, and what was asked meanwhile is answered`, async (t) => {
    const { tabs, wallet } = await fiveTabs(t);
    assert.deepEqual((await tabs[1].call("request", { method: "echo", params: ["before"] })).result, ["before"]);
    const [leader, ...left] = tabs;
    await end(leader);
    const asked = left.map((tab, i) => tab.call("request", { method: "echo", params: [i] }));
    for (const tab of left) await phase(tab, "open");
    assert.deepEqual((await Promise.all(asked)).map(({ result }) => result), [[0], [1], [2], [3]]);
    await leaderOf(left); // the one that goes may have carried out all of it
    const leads = await Promise.all(left.map(async (tab) => (await tab.call("state")).leads));
    assert.equal(leads.filter(Boolean).length, 1, "tabs that lead");
    const before = (await wallet.call("messages", 0)).length;
    assert.equal(before, 0, "requests are no texts");
    await left[2].call("send", "and a text");
    assert.deepEqual(await wallet.call("messages", 1), ["and a text"]);
    if (how === "is frozen") {
      await leader.thaw();
      await phase(leader, "open");
      assert.equal((await leader.call("state")).leads, false);
      assert.deepEqual((await leader.call("request", { method: "echo", params: ["thawed"] })).result, ["thawed"]);
    }
  });
}

test("a code is typed in any tab; a goodbye from one ends it for all, and each can begin anew", async (t) => {
  const server = await Server.start(t, { flags: ["--chain", "did:key"] });
  const profile = await Profile.open(t, browser);
  const first = await openTab(profile, server.origin, { confirm: "sas", auto: false });
  const second = await openTab(profile, server.origin, { confirm: "sas", auto: false });
  await phase(second, "idle");
  await second.call("connect");
  const { uri } = await phase(second, "waiting");
  const wallet = await openWallet(t);
  await wallet.call("stay", uri);
  await phase(second, "code");
  const { shortCode } = await wallet.call("event", "code");
  assert.deepEqual(await second.call("confirm", "000 000"), { right: shortCode === "000 000", left: 2 });
  assert.equal((await second.call("confirm", shortCode)).right, true);
  await phase(first, "open");
  await second.call("close");
  for (const tab of [first, second]) assert.equal((await phase(tab, "over")).reason, "canceled");
  await first.call("connect");
  await phase(second, "waiting");
});

test("a tab that asks a wallet for more shares no link with one that does not", async (t) => {
  const server = await Server.start(t, { flags: ["--chain", "did:key"] });
  const profile = await Profile.open(t, browser);
  const lax = await openTab(profile, server.origin);
  const { uri } = await phase(lax, "waiting"); // with the session of both
  const strict = await openTab(profile, server.origin, { confirm: "sas" });
  const { uri: other } = await phase(strict, "waiting");
  assert.notEqual(uri, other);
  const wallet = await openWallet(t);
  await wallet.call("stay", uri);
  await phase(lax, "open");
  assert.equal((await strict.call("state")).phase, "waiting");
});

test("a tab that wants a code before anybody leads gets one", async (t) => {
  const server = await Server.start(t, { flags: ["--chain", "did:key"] });
  const tab = await (await Profile.open(t, browser)).page(`${server.origin}/no-page`, script);
  await tab.run("tests.share({ auto: false }); tests.connect(); undefined");
  await phase(tab, "waiting");
});

test("a request ends with the link, and is asked again when another tab takes it over", async (t) => {
  const { tabs, wallet } = await fiveTabs(t);
  const [leader, tab] = tabs;
  await wallet.call("mute", true);
  const asked = tab.call("request", { method: "echo", params: ["patience"] });
  await wallet.until("tests.asked() === 1");
  await wallet.call("mute", false);
  await leader.close();
  assert.deepEqual((await asked).result, ["patience"]);
  assert.equal(await wallet.call("asked"), 2);
  assert.equal(await wallet.call("done"), 1, "done once");

  await wallet.call("mute", true);
  const unanswered = tab.run("tests.request({ method: 'echo' }).then(() => 'an answer', ({ code }) => code)");
  await wallet.until("tests.asked() === 3");
  await wallet.call("close");
  assert.equal(await unanswered, "channel_closed");
});

test("an answer that is none is an error for the tab that asked, and no text for the others", async (t) => {
  const { tabs } = await fiveTabs(t);
  assert.equal(await tabs[1].run("tests.request({ method: 'nonsense' }).then(() => 'an answer', ({ code }) => code)"), "invalid_peer");
  assert.deepEqual((await tabs[1].call("request", { method: "echo", params: [1] })).result, [1]);
  for (const tab of tabs) assert.deepEqual(await tab.call("messages"), []);
});

test("what was asked of a wallet that is gone for good is not asked of the next", async (t) => {
  const server = await Server.start(t, { flags: ["--chain", "did:key"] });
  const tab = await openTab(await Profile.open(t, browser), server.origin, { resume: false });
  const { uri } = await phase(tab, "waiting");
  const first = await openWallet(t);
  await first.call("stay", uri);
  await phase(tab, "open");
  await first.call("mute", true);
  const asked = tab.run("tests.request({ method: 'echo' }).then(() => 'an answer', ({ code }) => code)");
  await first.until("tests.asked() === 1");
  await first.call("suspend");
  assert.equal(await asked, "peer_lost");
  await phase(tab, "over");
  await tab.call("connect");
  const next = await openWallet(t);
  await next.call("stay", (await phase(tab, "waiting")).uri);
  await phase(tab, "open");
  assert.deepEqual((await tab.call("request", { method: "echo", params: ["anew"] })).result, ["anew"]);
  assert.equal(await next.call("asked"), 1);
});

test("a tab that has become the only one keeps its channel while it is frozen", async (t) => {
  const { tabs, wallet } = await fiveTabs(t);
  const [leader, ...others] = tabs;
  for (const tab of others) await tab.close();
  // It looks every two seconds who is there, and a tab that is closed is so only later.
  await leader.until("navigator.locks.query().then(({ held }) => held.filter(({ name }) => name.includes(' tab ')).length === 1)");
  await leader.run(`
    const query = navigator.locks.query.bind(navigator.locks);
    globalThis.looks = 0;
    navigator.locks.query = () => query().finally(() => globalThis.looks++);
  `);
  await leader.until("globalThis.looks >= 2");
  await leader.freeze();
  await wallet.call("sayAll", ["one", "two"]);
  await leader.thaw();
  await leader.until("tests.messages().length === 2");
  assert.equal((await leader.call("state")).phase, "open");
});

test("the server is away while another tab takes over: it goes on when the server is back", async (t) => {
  const { server, tabs, wallet } = await fiveTabs(t);
  const [leader, tab] = tabs;
  await server.kill();
  await leader.close();
  await tab.until("tests.state().phase === 'resuming' && tests.state().reason === 'signaling_unreachable'");
  await server.restart(t);
  for (const left of tabs.slice(1)) await phase(left, "open");
  await wallet.call("say", "there again");
  await tab.until("tests.messages().length === 1");
});

test("a wallet that is lost and cannot be met again ends the link, and no code is made unasked", async (t) => {
  const { tabs, wallet } = await fiveTabs(t, { resume: false });
  await wallet.call("suspend");
  for (const tab of tabs) assert.equal((await phase(tab, "over")).reason, "peer_lost");
  await tabs[0].close();
  const next = await leaderOf(tabs.slice(1));
  assert.equal((await next.call("state")).phase, "over");
  await tabs[2].call("connect");
  for (const tab of tabs.slice(1)) await phase(tab, "waiting");
});

test("a tab that comes later hears what has happened before, and each event once", async (t) => {
  const { tabs, server, profile } = await fiveTabs(t);
  const late = await openTab(profile, server.origin);
  await phase(late, "open");
  const arrows = (tab) => until(tab, "events", (events) => events.filter(({ type }) => type === "arrow").length >= 16 && events.some(({ type }) => type === "open"), "all arrows and the channel");
  const events = await arrows(tabs[0]);
  const kept = ({ type }) => ["arrow", "joined", "linked", "open"].includes(type);
  for (const tab of [...tabs, late]) assert.deepEqual((await arrows(tab)).filter(kept), events.filter(kept));
});
