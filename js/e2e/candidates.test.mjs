// What leaves a real browser under each policy of candidates, with a TURN server on this
// machine: all that is said, sealed or not, and every packet that reaches the other side.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import { after, before, test } from "node:test";
import { launch, SitePage } from "./browser.mjs";
import { serve } from "./bundle.mjs";
import { Network } from "./network.mjs";
import { siteScript, walletScripts } from "./pages.mjs";
import { patience, Server, Wallet, within } from "./program.mjs";
import { Shop } from "./shop.mjs";
import { reflexive, relayed, startTurn } from "./turn.mjs";

let browser;
let script;
let scripts;
before(async () => {
  [script, scripts] = await Promise.all([siteScript(), walletScripts()]);
  browser = await launch("--disable-features=WebRtcHideLocalIpsWithMdns"); // an address that leaves is to be seen
});
after(() => browser?.close());

/** Runs in a page before its scripts: notes what it says before that is sealed, whatever
 * else it sends, and what its connections find. */
function note() {
  const left = (globalThis.left = { sealed: [], sent: [], found: [], connections: [] });
  const { encrypt } = SubtleCrypto.prototype;
  SubtleCrypto.prototype.encrypt = function (...args) {
    left.sealed.push(new TextDecoder().decode(args[2]));
    return encrypt.apply(this, args);
  };
  for (const { prototype } of [WebSocket, RTCDataChannel]) {
    const { send } = prototype;
    prototype.send = function (data) {
      left.sent.push(String(data));
      return send.call(this, data);
    };
  }
  const { fetch } = globalThis;
  globalThis.fetch = (url, init) => {
    left.sent.push(JSON.stringify([url, init]));
    return fetch(url, init);
  };
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(config) {
      super(config);
      left.connections.push(this);
      this.addEventListener("icecandidate", ({ candidate }) => candidate?.candidate && left.found.push(candidate.candidate));
    }
  };
}

/** What was noted, and the candidates of the connections' own statistics. */
async function noted(page) {
  return page.evaluate(async () => {
    const { connections, ...rest } = globalThis.left;
    const stats = (await Promise.all(connections.map((connection) => connection.getStats()))).flatMap((report) => [...report.values()]);
    const said = rest.sealed.flatMap((text) => (text.startsWith("{") ? [JSON.parse(text)] : []));
    return {
      ...rest,
      told: said.flatMap(({ t, candidate }) => (t === "ice" && candidate ? [candidate] : [])),
      descriptions: said.flatMap(({ sdp, offer }) => [sdp, offer].filter(Boolean)),
      local: stats.filter(({ type }) => type === "local-candidate").map(({ candidateType, address, port }) => ({ kind: candidateType, address, port })),
    };
  });
}

const call = (page, name, ...args) => within(page.evaluate(([name, args]) => globalThis.tests[name](...args), [name, args]), () => `a page's ${name}`, 60_000);
const phase = (site, wanted) => site.waitForFunction((wanted) => globalThis.tests.state().phase === wanted, wanted, { timeout: 60_000 });

/** A site's page and a wallet's, each with its options; a network of the test's lies
 * between the one that is looked at and all that it sends to. */
async function pages(t, { iceServers, watched = "site", between = true, of = browser, site: siteOptions = {}, wallet: walletOptions = {} }) {
  const server = await Server.start(t, { flags: ["--chain", "did:key", ...iceServers.flatMap((address) => ["--ice-server", address])] });
  const contexts = { site: await of.newContext({ bypassCSP: true }), wallet: await browser.newContext({ bypassCSP: true }) };
  for (const context of Object.values(contexts)) context.setDefaultTimeout(patience);
  const network = new Network();
  t.after(async () => {
    await Promise.all(Object.values(contexts).map((context) => context.close()));
    network.close();
  });
  await contexts[watched].addInitScript(note);
  if (between) await network.between(contexts[watched]);
  const [site, wallet] = await Promise.all(Object.values(contexts).map((context) => context.newPage()));
  if (of !== browser) await allow(of, site, "loopback-network");
  await site.goto(`${server.origin}/no-page`);
  await site.addScriptTag({ type: "module", content: script });
  await site.waitForFunction(() => globalThis.tests); // a module runs when it is ready
  await call(site, "share", siteOptions);
  const { origin } = await serve(t, scripts);
  await wallet.goto(origin);
  await wallet.waitForFunction(() => globalThis.tests);
  return {
    site, wallet, network, server,
    async connect() {
      await phase(site, "waiting");
      await call(wallet, "stay", (await call(site, "state")).uri, walletOptions);
    },
    async talk() {
      await phase(site, "open");
      await call(wallet, "opened");
      await call(site, "send", "there");
      assert.deepEqual(await call(wallet, "messages", 1), ["there"]);
      await call(wallet, "say", "and back");
      await site.waitForFunction(() => globalThis.tests.messages().length === 1);
    },
    /** All that was noted, once no more candidates come. */
    async noted() {
      const page = watched === "site" ? site : wallet;
      await page.waitForFunction(() => globalThis.left.sealed.some((text) => text.includes('"candidate":""')), undefined, { timeout: 60_000 });
      return noted(page);
    },
  };
}

/** Answers one question of the browser in advance. */
async function allow(of, page, name) {
  const { targetInfo } = await (await page.context().newCDPSession(page)).send("Target.getTargetInfo");
  const { browserContextId } = targetInfo;
  await (await of.newBrowserCDPSession()).send("Browser.setPermission", { permission: { name }, setting: "granted", browserContextId });
}

const own = Object.values(networkInterfaces()).flat().filter(({ internal }) => !internal).map(({ address }) => address);

/** All that looks like an address, or is one of this machine's, in what left a page. The
 * first lines of every description of Chromium have one of no meaning. */
function addresses({ sealed, sent }) {
  const all = [...sealed, ...sent].join("\n").replaceAll(/o=- \d+ \d+ IN IP4 127\.0\.0\.1\\r/g, "");
  return new Set([...(all.match(/\b\d+\.\d+\.\d+\.\d+\b|[\w-]+\.local\b/g) ?? []), ...own.filter((address) => all.includes(address))]);
}

const kinds = (candidates) => new Set(candidates.map((candidate) => / typ (\S+)/.exec(candidate)?.[1]));

for (const watched of ["site", "wallet"]) {
  test(`with "relay" nothing leaves the ${watched}'s page but the relay's address, in no word and no packet`, async (t) => {
    const { turn, stun } = await startTurn(t);
    const it = await pages(t, { iceServers: [turn, stun], watched, [watched]: { candidates: "relay" } });
    await it.connect();
    await it.talk();
    const { told, descriptions, found, local, ...left } = await it.noted();
    assert.ok(told.length > 0 && descriptions.length > 0, JSON.stringify({ told, descriptions }));
    for (const candidate of told) assert.match(candidate, new RegExp(`^candidate:\\S+ 1 udp \\d+ ${relayed} \\d+ typ relay raddr 0\\.0\\.0\\.0 rport 9( |$)`));
    for (const sdp of descriptions) assert.doesNotMatch(sdp, /^a=candidate/m);
    assert.deepEqual([...addresses(left)].sort(), ["0.0.0.0", relayed]);
    // The browser itself has looked for no other.
    assert.deepEqual([...kinds(found)], ["relay"]);
    for (const { kind, address, port } of local) {
      assert.ok(kind === "relay" ? address === relayed : kind === "prflx" && it.network.has(port), `${kind} ${address}:${port} is neither the relay nor what the test's network makes of it`);
    }
    // And on the wire it is the relay that speaks.
    const ports = told.map((candidate) => `${relayed}:${candidate.split(" ")[5]}`);
    await it.network.heard(); // the other side's packets may have opened the path
    for (const sender of it.network.senders) assert.ok(ports.includes(sender), `a packet came from ${sender}, and not from the relay at ${ports}`);
  });
}

test('with "relay" on both sides the two meet at the relay', async (t) => {
  const { turn } = await startTurn(t);
  const it = await pages(t, { iceServers: [turn], between: false, site: { candidates: "relay" }, wallet: { candidates: "relay" } });
  await it.connect();
  await it.talk();
  const { told } = await it.noted();
  assert.deepEqual([...kinds(told)], ["relay"]);
});

test('with "relay", and none that answers, it fails with a code and a sentence, and nothing is told or tried', async (t) => {
  const nobody = createSocket("udp4").bind(0, "127.0.0.1");
  t.after(() => nobody.close());
  await once(nobody, "listening");
  const { port } = nobody.address();
  const it = await pages(t, { iceServers: [`turn:127.0.0.1:${port},peer,secret`], site: { candidates: "relay", openTimeoutMs: 5_000 } });
  await it.connect();
  await phase(it.site, "over");
  const { reason, remedy } = await call(it.site, "state");
  assert.deepEqual([reason, /relay \(TURN\)\.$/.test(remedy)], ["ice_failed", true], remedy);
  const { told, found, local, ...left } = await noted(it.site);
  assert.deepEqual([told, found, local, [...it.network.senders]], [[], [], [], []]);
  assert.deepEqual([...addresses(left)], ["0.0.0.0"]);
  await call(it.wallet, "closed"); // the other side does not wait either
});

test('with "srflx" no address of the local network leaves the page, which the browser finds all the same', async (t) => {
  const { turn, stun } = await startTurn(t);
  const it = await pages(t, { iceServers: [turn, stun], site: { candidates: "srflx" } });
  await it.connect();
  await it.talk();
  const { told, found, ...left } = await it.noted();
  assert.ok(kinds(told).has("srflx"), String(told));
  for (const candidate of told) assert.match(candidate, / typ (srflx|relay) raddr 0\.0\.0\.0 rport 9( |$)/);
  const seen = addresses(left);
  assert.ok(seen.has(reflexive) && !own.some((address) => seen.has(address)), String([...seen]));
  assert.ok(kinds(found).has("host"), "documentation says that it finds them");
});

for (const [candidates, asked] of [["host", "denied"], ["srflx", "prompt"], ["relay", "prompt"]]) {
  test(`a browser that guards the local network ${asked === "prompt" ? "asks nothing" : "asks its person"} with "${candidates}"`, async (t) => {
    const { turn } = await startTurn(t);
    // Nobody sees a prompt here, which is a no. The pages and the relay are on this very
    // machine, which is a question of its own, and not the one that is meant.
    const guarded = await launch("--enable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebRTC", "--ip-address-space-overrides=127.0.0.1:0=public,[::1]:0=public");
    t.after(() => guarded.close());
    const it = await pages(t, { iceServers: [turn], between: false, of: guarded, site: { candidates } });
    const state = (name) => it.site.evaluate((name) => navigator.permissions.query({ name }).then(({ state }) => state, () => "unknown"), name);
    if ((await state("local-network")) === "unknown") return t.skip("this browser does not guard the local network");
    assert.deepEqual([await state("local-network"), await state("loopback-network")], ["prompt", "granted"]);
    await it.connect();
    await it.talk();
    // The path through the relay may be there before the question is answered.
    if (asked === "denied") await it.site.waitForFunction(() => navigator.permissions.query({ name: "local-network" }).then(({ state }) => state === "denied"));
    assert.equal(await state("local-network"), asked);
  });
}

test("the site's page and the modal take it from their addresses and attributes", async (t) => {
  const { turn } = await startTurn(t);
  const server = await Server.start(t, { flags: ["--ice-server", turn] });
  const site = await SitePage.open(t, browser, `${server.origin}/?candidates=relay`);
  const wallet = new Wallet(t, await site.link());
  await site.phase("connected");
  assert.equal((await wallet.event("open")).path, "relay");
  await site.says("path", /^relay$/);

  const bare = await Server.start(t);
  const failed = await SitePage.open(t, browser, `${bare.origin}/?candidates=relay`);
  await failed.phase("failed");
  assert.equal(await failed.text("error-code"), "ice_failed");

  const shop = await Shop.open(t, browser, '<liaison-connect candidates="relays" inline></liaison-connect>');
  await shop.phase("failed");
  assert.equal(await shop.part("error-code").textContent(), "invalid_message", "less than was meant");
});

test('with "host" all of that is to be seen', async (t) => {
  const { turn, stun } = await startTurn(t);
  const it = await pages(t, { iceServers: [turn, stun] });
  await it.connect();
  await it.talk();
  const { told, ...left } = await it.noted();
  assert.ok(kinds(told).has("host"), String(told));
  assert.ok(own.some((address) => addresses(left).has(address)), String([...addresses(left)]));
  await it.network.heard((sender) => !sender.startsWith(relayed));
});
