// Five tabs of one site share one link, in a real browser, with a wallet on an origin
// of its own that meets the site again whenever it is lost.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";
import { bundle, serve } from "./bundle.mjs";
import { Profile } from "./lifecycle.mjs";
import { Server } from "./program.mjs";

let browser;
let script;
let walletScripts;
before(async () => {
  // One file: pages of the server have no other of ours.
  script = (await bundle("e2e/pages/tabs.js", { splitting: false })).get("/entry.js").toString();
  walletScripts = await bundle("e2e/pages/wallet.js");
  browser = await launch();
});
after(() => browser?.close());

/** Waits until something holds of a page. */
async function until(page, name, holds, what) {
  const end = Date.now() + 40_000;
  for (;;) {
    const value = await page.call(name);
    if (holds(value)) return value;
    if (Date.now() > end) assert.fail(`${what}: not within 40 s, but ${JSON.stringify(value)}`);
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
  const { origin } = await serve(t, walletScripts);
  const page = await (await Profile.open(t, browser)).page(origin);
  await page.until("globalThis.tests");
  return page;
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
  return { server, wallet, tabs: [leader, ...tabs.filter((tab) => tab !== leader)] };
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
