import assert from "node:assert/strict";
import { test } from "node:test";
import { connectSite, forgetSite, resumeSite, type SiteOptions } from "../src/site.ts";
import { LinkError } from "../src/errors.ts";
import { signInWithPasskey } from "../src/passkeys.ts";
import { description, pair } from "./connection.ts";
import { Initiator, ofLink, Signer, type Signed } from "./initiator.ts";
import { challenge, requestId, Scenario, server, settle, until, walletFingerprint } from "./scenario.ts";
import { siteFingerprint, World } from "./world.ts";
import { refuses } from "./vectors.ts";

test("a link, from code to conversation to goodbye", async () => {
  const s = await Scenario.link();
  assert.match(s.link.uri, /^liquid:\/\/auth\.example\.com\/\?requestId=4f1c9b0e-0000-4000-8000-000000000000#1\.[A-Za-z0-9_-]{67}$/);
  assert.deepEqual(s.world.socket.heard(), [{ op: "subscribe", topic: "link", requestId }]);
  s.link.displayed();
  assert.deepEqual(s.arrows, [1, 2, 4, 3]);

  await s.join();
  assert.equal(s.connection.localDescription, undefined, "addresses are looked for before anybody agreed");
  assert.equal(s.link.uri, "", "the code is of no use any more");
  assert.deepEqual(s.all("joined").map(({ app, lifeMs }) => [app, lifeMs]), [["Test/1", 180_000]]);
  const { sdp, ...asked } = s.welcome;
  assert.deepEqual(asked, { t: "welcome", v: 1, fp: siteFingerprint, site: challenge.site, signIn: challenge.signIn, confirm: "none", locality: "report", resume: 2_592_000 });
  assert.equal(sdp, description(siteFingerprint));
  assert.deepEqual(s.asked("POST", "/offer").map(({ path, body }) => [path, body.n, body.channel]), [[`/v1/links/${requestId}/offer`, 0, s.wallet.channelId]]);
  s.world.pass(0);
  assert.deepEqual(s.heard(), [{ op: "ack", requestId, next: 1 }], "nothing else goes out before the wallet has answered");

  await s.agree();
  assert.equal(await s.link.account(), s.signer.account);
  assert.equal(s.link.assurance, "sealed+origin");
  await until(() => s.arrows.includes(15) || undefined, "candidate");
  await settle();
  assert.deepEqual(s.heard(), [
    { op: "subscribe", topic: `answer-${s.signer.address}`, requestId, since: 2 },
    { op: "send", requestId, n: 1, d: { t: "ice", candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host", sdpMid: "0", sdpMLineIndex: 0 } },
    { op: "send", requestId, n: 2, d: { t: "ice", candidate: "" } },
  ]);
  s.frame(2, s.seal({ t: "ice", candidate: "candidate:1 1 udp 1 192.0.2.2 9 typ host", sdpMid: "0" }), "answer");
  s.frame(3, s.seal({ t: "ice", candidate: "candidate:1 1 udp 1 tracker.example 9 typ host", sdpMid: "0" }), "answer");
  s.frame(4, s.seal({ t: "ice" }), "answer");
  await until(() => s.connection.added[1] === "" || undefined, "end of the candidates");
  assert.deepEqual(s.connection.added, ["candidate:1 1 udp 1 192.0.2.2 9 typ host", ""], "no name is looked up");

  assert.throws(() => s.link.send("too early"), (error) => error instanceof LinkError && error.code === "channel_closed");
  s.connection.connect();
  s.channel.say("said before");
  await until(() => s.told.find(({ t }) => t === "ok"), "ok of the site");
  assert.deepEqual([s.all("open").length, s.all("message").length], [0, 0]);
  const stop = s.answerPings(3);
  s.control.say('{"t":"ok"}');
  await s.link.opened();
  s.channel.say("said after");
  assert.deepEqual(s.all("message").map(({ data }) => data), ["said before", "said after"]);
  s.link.send("hello");
  assert.deepEqual(s.channel.sent, ["hello"]);
  const { locality } = await until(() => s.all("locality")[0], "locality");
  assert.deepEqual(locality, { level: "report", local: true, path: "host", rttMs: 3, network: "same-address" });
  stop();
  await until(() => s.arrows.includes(8) || undefined, "session");
  assert.deepEqual([...s.arrows].sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17]);

  s.link.close();
  assert.deepEqual(s.told.at(-1), { t: "bye", code: "channel_closed" });
  assert.equal((await s.link.closed).code, "canceled");
  assert.equal(s.connection.over, false, "the goodbye has a moment");
  s.control.closed();
  assert.equal(s.connection.over, true);
  await settle();
  assert.equal(await resumeSite(s.options({})), undefined, "after a goodbye there is nothing to resume");
  assert.equal(s.world.pending, 0, "timers left");
});

test("a link that is left while the rest of the page loads leaves no connection behind", async () => {
  for (let turns = 0, loaded = false; !loaded; turns++) {
    const s = new Scenario();
    s.link = await connectSite(s.options({}));
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    loaded = s.connections.length > 0;
    s.link.suspend();
    await settle();
    assert.deepEqual(s.connections.map(({ over }) => over), loaded ? [true] : [], `left after ${turns} turns`);
    assert.equal(s.world.pending, 0);
  }
});

test("a resumption that is left while the rest of the page loads can be taken again", async () => {
  const earlier = await Scenario.link();
  await earlier.whole();
  earlier.link.suspend();
  await settle();
  const left = new Scenario(earlier.world);
  left.link = (await resumeSite(left.options({})))!;
  left.world.socket.open();
  left.world.socket.heard();
  left.link.suspend();
  await settle();
  assert.deepEqual([left.world.socket.heard(), left.connections], [[], []], "what is said of it could come after it was opened again");
  const again = await Scenario.resumption(earlier);
  await again.whole();
});

test("a page that can make no certificate, or name none, ends its link and tells the server", async () => {
  const failing: (() => Promise<unknown>)[] = [() => Promise.reject(new Error("no entropy")), async () => ({ getFingerprints: () => [] }), async () => ({ getFingerprints: () => [{ algorithm: "sha-256", value: "00" }] })];
  for (const certificate of failing) {
    const s = new Scenario();
    (s.world.platform as { certificate: unknown }).certificate = certificate;
    s.world.peer = () => { throw new Error("no peers"); };
    s.link = await connectSite(s.options({}));
    s.link.displayed();
    assert.equal(await s.ended(), "internal");
    assert.deepEqual([s.link.uri, s.events.at(-1)!.type], ["", "closed"]);
    await assert.rejects(s.link.account(), (error) => error instanceof LinkError && error.code === "internal");
    s.world.pass(0);
    assert.equal(s.world.pending, 0);
  }
});

test("a wallet that comes before the page has loaded is answered when it has", async () => {
  const s = new Scenario();
  const { certificate } = s.world.platform;
  let go = () => {};
  const waits = new Promise<void>((resolve) => (go = resolve));
  (s.world.platform as { certificate: unknown }).certificate = async () => (await waits, certificate());
  s.link = await connectSite(s.options({}));
  s.wallet = new Initiator(ofLink(s.link.uri));
  s.attach();
  s.link.displayed();
  s.frame(0, s.hello());
  await settle();
  assert.deepEqual([s.connections.length, s.all("joined").length, s.asked("POST", "/offer").length], [0, 0, 0]);
  go();
  const offer = await until(() => s.asked("POST", "/offer")[0], "offer");
  s.welcome = JSON.parse(s.wallet.finish(String(offer.body.d)));
  await s.agree();
  await s.open();
});

test("a claim that the server makes up while the page loads is refused", async () => {
  const s = new Scenario();
  s.link = await connectSite(s.options({ legacy: "deny" }));
  s.attach();
  s.claim({}, { n: 0, d: "AAAA" });
  assert.equal(await s.ended(), "unsealed_refused");
});

test("a wallet's ping is answered by the site's own key", async () => {
  const s = await Scenario.link({ locality: "off" });
  await s.join();
  await s.agree();
  s.connection.connect();
  const nonce = Buffer.alloc(16, 7);
  s.control.say(JSON.stringify({ t: "ping", nonce: nonce.toString("base64url") }));
  const pong = await until(() => s.told.find(({ t }) => t === "pong"), "pong");
  assert.deepEqual(pong, { t: "pong", nonce: nonce.toString("base64url"), mac: s.wallet.pong("site", nonce) });
});

/** Somebody lies, somewhere between the code and the open channel. */
interface Lie {
  readonly name: string;
  readonly code: string;
  readonly options?: SiteOptions;
  readonly tell: (s: Scenario) => unknown;
  /** What the other side hears on the socket; the same code if absent. */
  readonly told?: string | undefined;
  /** Whether the sign-in stands by then. */
  readonly collects?: boolean;
}

const joined = (tell: (s: Scenario) => unknown) => async (s: Scenario) => {
  await s.join();
  await tell(s);
};
const agreed = (tell: (s: Scenario) => unknown) =>
  joined(async (s) => {
    await s.agree();
    await tell(s);
  });
const connected = (tell: (s: Scenario) => unknown) =>
  agreed(async (s) => {
    s.connection.connect();
    await until(() => s.told.find(({ t }) => t === "ok"), "ok of the site");
    await tell(s);
  });
/** The wallet signs something else, and the server says the same. */
const signs = (changed: (s: Scenario) => Signed) =>
  joined((s) => {
    const proof = s.proof(changed(s));
    s.claim(proof, { n: 1, d: s.answer({ proof }) });
  });
/** The server says something else than the wallet. */
const tells = (change: (proof: ReturnType<Signer["prove"]>) => unknown, account?: string) =>
  joined((s) => {
    const proof = s.proof();
    s.claim(change(proof), { n: 1, d: s.answer({ proof }) }, account);
  });
const answers = (changed: (s: Scenario) => Record<string, unknown>) =>
  joined((s) => {
    const proof = s.proof();
    s.claim(proof, { n: 1, d: s.answer({ proof, ...changed(s) }) });
  });

const lies: Lie[] = [
  { name: "the server tells of a claim, and no wallet has come", code: "unsealed_refused", tell: (s) => s.claim({}, { n: 0, d: "AAAA" }) },
  { name: "the server tells of a claim with an answer before the hello", code: "unsealed_refused", tell: (s) => s.claim({}, { n: 1, d: "AAAA" }) },
  { name: "the server makes up a hello", code: "handshake_failed", tell: (s) => s.frame(0, Buffer.alloc(120, 9).toString("base64url")) },
  { name: "a bit of the hello is flipped", code: "handshake_failed", tell: (s) => s.frame(0, flip(s.hello(), 60)) },
  { name: "the hello is cut short", code: "handshake_failed", tell: (s) => s.frame(0, s.hello().slice(0, 40)) },
  { name: "the hello is not base64url", code: "handshake_failed", tell: (s) => s.frame(0, `${s.hello().slice(0, -1)}=`) },
  { name: "the wallet begins with something else", code: "invalid_peer", tell: (s) => s.frame(0, s.wallet.begin(JSON.stringify({ t: "answer", sdp: description(walletFingerprint) }))) },
  { name: "the wallet says nothing that can be read", code: "invalid_peer", tell: (s) => s.frame(0, s.wallet.begin("{")) },
  { name: "the wallet speaks another version", code: "unsupported_version", tell: (s) => s.frame(0, s.hello({ v: 2 })) },
  { name: "the wallet names no certificate", code: "invalid_peer", tell: (s) => s.frame(0, s.hello({ fp: walletFingerprint.toUpperCase() })) },
  { name: "the wallet's name would change the screen", code: "invalid_peer", tell: (s) => s.frame(0, s.hello({ app: "Wallet\u202e" })) },
  { name: "the wallet's name is long", code: "invalid_peer", tell: (s) => s.frame(0, s.hello({ app: "x".repeat(65) })) },

  { name: "the server names another account", code: "server_mismatch", tell: tells((proof) => proof, new Signer(2).account) },
  { name: "the server names the account on another chain", code: "server_mismatch", tell: tells((proof) => proof, "did:other:z6Mk") },
  { name: "the server shows another signature", code: "server_mismatch", tell: tells((proof) => ({ ...proof, signature: flip(proof.signature, 5) })) },
  { name: "the server shows more than the wallet", code: "server_mismatch", tell: tells((proof) => ({ ...proof, meta: { signer: "x" } })) },
  { name: "the server shows no proof", code: "server_mismatch", tell: tells(() => undefined) },
  { name: "the server shows something that is no proof", code: "server_mismatch", tell: tells(() => ({ type: 1 })) },
  { name: "the server keeps the claim to itself", code: "server_mismatch", tell: joined((s) => s.frame(1, s.answer({ proof: s.proof() }))) },
  { name: "the server names another account when the claim is released", code: "server_mismatch", tell: joined(async (s) => (await s.agree({ held: true }), s.claim(s.proof(), undefined, new Signer(2).account))) },
  { name: "the server shows another proof when the claim is released", code: "server_mismatch", tell: joined(async (s) => (await s.agree({ held: true }), s.claim({ ...s.proof(), signature: flip(s.proof().signature, 5) }))) },
  { name: "the server shows no proof when the claim is released", code: "server_mismatch", tell: joined(async (s) => (await s.agree({ held: true }), s.claim(undefined))) },
  { name: "the server names another account once more", code: "server_mismatch", tell: agreed((s) => s.claim(s.proof(), undefined, new Signer(2).account)) },
  { name: "the server names another account before the answer is read", code: "server_mismatch", tell: joined((s) => { const proof = s.proof(); s.claim(proof); s.claim(proof, undefined, new Signer(2).account); }) },
  { name: "the server names no account", code: "invalid_message", tell: tells((proof) => proof, "x") },

  { name: "the proof is for another channel", code: "invalid_peer", tell: signs(() => ({ channel: `l1.${"A".repeat(43)}` })) },
  { name: "the proof has another nonce", code: "invalid_peer", tell: signs(() => ({ nonce: "another0123456789abcdef" })) },
  { name: "the proof is for another site", code: "invalid_peer", tell: signs(() => ({ domain: "evil.example" })) },
  { name: "the proof is for another address of the site", code: "invalid_peer", tell: signs(() => ({ uri: "https://example.com/other" })) },
  { name: "the proof has another statement", code: "invalid_peer", tell: signs(() => ({ statement: "" })) },
  { name: "the proof is good for longer", code: "invalid_peer", tell: signs(() => ({ expirationTime: "2026-11-23T10:05:00Z" })) },
  { name: "the proof has more in it", code: "invalid_peer", tell: signs(() => ({ resources: ["https://example.com/more"] })) },
  { name: "the proof is for another account than it says", code: "invalid_peer", tell: signs(() => ({ address: new Signer(2).address })) },
  {
    name: "the signature is somebody else's",
    code: "invalid_peer",
    tell: joined((s) => {
      const proof = { ...s.proof(), signature: new Signer(2).prove({ ...challenge.signIn, resources: [], chain: "did:key", address: s.signer.address, channel: s.wallet.channelId }).signature };
      s.claim(proof, { n: 1, d: s.answer({ proof }) });
    }),
  },
  {
    name: "the account is on a chain that was not asked for",
    code: "invalid_peer",
    tell: joined((s) => {
      const proof = { ...s.proof({ chain: "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp" }), chain: "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", type: "solana" };
      s.claim(proof, { n: 1, d: s.answer({ proof }) }, `${proof.chain}:${proof.address}`);
    }),
  },
  { name: "the wallet sends no proof", code: "invalid_peer", tell: answers(() => ({ proof: undefined })) },
  { name: "the wallet sends half a proof", code: "invalid_peer", tell: answers((s) => ({ proof: { ...s.proof(), signature: undefined } })) },
  { name: "a bit of the answer is flipped", code: "invalid_peer", tell: joined((s) => s.claim(s.proof(), { n: 1, d: flip(s.answer({ proof: s.proof() }), 99) })) },
  { name: "the answer is the hello once more", code: "invalid_peer", tell: joined((s) => s.claim(s.proof(), { n: 1, d: s.hello() })) },
  { name: "the answer names another certificate", code: "invalid_peer", tell: answers(() => ({ sdp: description(siteFingerprint) })) },
  { name: "the answer names a second certificate", code: "invalid_peer", tell: answers(() => ({ sdp: description(walletFingerprint, description(siteFingerprint).split("\r\n")[8]!) })) },
  { name: "the answer holds an address", code: "invalid_peer", tell: answers(() => ({ sdp: description(walletFingerprint, "a=candidate:1 1 udp 1 192.0.2.1 9 typ host") })) },
  { name: "the answer holds sound", code: "invalid_peer", tell: answers(() => ({ sdp: description(walletFingerprint, "m=audio 9 UDP/TLS/RTP/SAVPF 0") })) },
  { name: "the wallet sends addresses before it has answered", code: "invalid_peer", tell: joined((s) => s.frame(1, s.seal({ t: "ice", candidate: "" }))) },
  { name: "the wallet offers in place of an answer", code: "invalid_peer", tell: joined((s) => s.frame(1, s.seal({ t: "offer", sdp: description(walletFingerprint) }))) },

  { name: "the wallet offers", code: "invalid_peer", tell: agreed((s) => s.frame(2, s.seal({ t: "offer", sdp: description(walletFingerprint) }))) },
  { name: "the wallet says hello once more", code: "invalid_peer", tell: agreed((s) => s.frame(2, s.seal({ t: "hello", v: 1, fp: walletFingerprint }))) },
  { name: "the wallet says what nobody knows", code: "invalid_peer", tell: agreed((s) => s.frame(2, s.seal({ t: "party" }))) },
  { name: "a later answer names another certificate", code: "invalid_peer", tell: agreed((s) => s.frame(2, s.seal({ t: "answer", sdp: description(siteFingerprint) }))) },
  {
    name: "a frame is left out and the next takes its number",
    code: "invalid_peer",
    tell: agreed((s) => {
      s.seal({ t: "ice", candidate: "" });
      s.frame(2, s.seal({ t: "ice", candidate: "" }));
    }),
  },
  {
    name: "a frame comes under a later number, too",
    code: "invalid_peer",
    tell: agreed((s) => {
      const d = s.seal({ t: "ice", candidate: "" });
      for (const n of [2, 3]) s.frame(n, d);
    }),
  },

  { name: "the connection ends at another certificate", code: "certificate_mismatch", tell: agreed((s) => ((s.connection.certificate = Buffer.from("somebody else's")), s.connection.connect())) },
  { name: "the wallet says ok twice", code: "invalid_peer", options: { confirm: "sas" }, tell: agreed(async (s) => (s.connection.connect(), await until(() => s.all("code")[0], "question"), [1, 2].forEach(() => s.control.say('{"t":"ok"}')))) },
  { name: "the wallet says ok twice before the certificate was looked at", code: "invalid_peer", tell: agreed((s) => (s.connection.connect(), [1, 2].forEach(() => s.control.say('{"t":"ok"}')))) },
  { name: "the wallet says what nobody knows on the control channel", code: "invalid_peer", tell: connected((s) => s.control.say('{"t":"sudo"}')) },
  { name: "the wallet sends bytes on the control channel", code: "invalid_peer", tell: connected((s) => s.control.say(new ArrayBuffer(3))) },
  { name: "the wallet sends much on the control channel", code: "invalid_peer", tell: connected((s) => s.control.say(JSON.stringify({ t: "ok", x: "x".repeat(4096) }))) },
  { name: "the wallet pings without an end", code: "invalid_peer", tell: connected((s) => { for (let i = 0; i <= 200; i++) s.control.say(JSON.stringify({ t: "ping", nonce: "A".repeat(22) })); }) },
  { name: "the wallet sends short pings", code: "invalid_peer", tell: connected((s) => s.control.say('{"t":"ping","nonce":"AAAA"}')) },
  { name: "the wallet floods the channel before it is handed over", code: "invalid_peer", tell: connected((s) => { for (let i = 0; i <= 64; i++) s.channel.say("x".repeat(65_536)); }) },
  { name: "the wallet says nothing, and often, before the channel is handed over", code: "invalid_peer", options: { confirm: "sas" }, tell: agreed(async (s) => { s.connection.connect(); await until(() => s.all("code")[0], "question"); for (let i = 0; i <= 1024; i++) s.channel.say(""); }) },
  { name: "the wallet never says ok", code: "timed_out", tell: connected(async (s) => (await settle(), s.say({ op: "acked", next: 3 }), s.world.pass(180_000))), told: undefined, collects: true },

  { name: "the wallet is not near, and must be", code: "not_local", options: { locality: "require" }, tell: agreed(async (s) => { s.connection.stats = pair("host", 0.06); const stop = s.answerPings(60); s.connection.connect(); await s.ended().finally(stop); }) },
  { name: "the wallet answers no pings, and ICE's own round trip is short", code: "not_local", options: { locality: "require" }, tell: agreed(async (s) => { s.connection.stats = pair("host", 0.001); s.connection.connect(); for (let i = 0; i < 11; i++) { await settle(); s.world.pass(1_000); } }) },
  { name: "the wallet is slow to answer pings, and ICE's own round trip is short", code: "not_local", options: { locality: "require" }, tell: agreed(async (s) => { s.connection.stats = pair("host", 0.001); const stop = s.answerPings(51); s.connection.connect(); await s.ended().finally(stop); }) },
  { name: "the wallet is near by a relay only, and must be near", code: "not_local", options: { locality: "require" }, tell: agreed(async (s) => { s.connection.stats = pair("relay", 0.001); const stop = s.answerPings(1); s.connection.connect(); await s.ended().finally(stop); }) },
];

function flip(text: string, at: number): string {
  const bytes = Buffer.from(text, "base64url");
  bytes[Math.min(at, bytes.length - 1)]! ^= 1;
  return bytes.toString("base64url");
}

for (const { name, code, options, tell, collects = false, ...rest } of lies) {
  test(`${name}: ${code}`, async () => {
    const s = await Scenario.link(options);
    await tell(s);
    assert.equal(await s.ended(), code);
    assert.deepEqual([s.all("open").length, s.all("message").length], [0, 0]);
    const told = "told" in rest ? rest.told : code;
    const goodbyes = s.world.socket.heard().filter(({ op }) => op === "close");
    if (code !== "invalid_message") assert.deepEqual(goodbyes, [{ op: "close", requestId, ...(told && { code: told }) }], "what the other side hears");
    if (s.control.readyState !== "connecting") assert.deepEqual(s.told.at(-1), { t: "bye", code }, "what the other side hears on the control channel");
    await settle();
    assert.equal(await resumeSite(s.options({})), undefined, "there is something to resume");
    assert.equal(s.asked("POST", "/v1/session").length > 0, collects, "the session was collected");
    await refuses(code, () => s.link.opened());
    assert.throws(() => s.link.send("x"), (error) => error instanceof LinkError && error.code === "channel_closed");
  });
}

test("a server that leads to somebody else's link is not followed", async () => {
  const links = [
    challenge.link.replace("auth.example.com", "evil.example"), challenge.link.replace("auth.example.com", "auth.example.com:8443"), `${challenge.link}#1.${"A".repeat(67)}`,
    challenge.link.replace(/.$/, "1"), challenge.link.replace("liquid:", "https:"), `${challenge.link}&x=1`,
  ];
  for (const link of links) {
    const s = new Scenario();
    s.instead = () => [200, { ...challenge, link }];
    await refuses("invalid_peer", () => connectSite(s.options({})));
    assert.deepEqual([s.world.sockets.length, s.connections.length, s.world.pending], [0, 0, 0], link);
  }
});

test("the link's web form, another port and another site are taken as they are", async () => {
  for (const [at, link] of [[server, `${server}/l/?requestId=${requestId}`], ["http://localhost:8080", `liquid://localhost:8080/?requestId=${requestId}`]] as const) {
    const s = new Scenario();
    s.instead = () => [200, { ...challenge, link }];
    const { uri, site } = await connectSite(s.options({ server: at, site: { name: "Mine", origin: "https://mine.example" } }));
    assert.ok(uri.startsWith(`${link}#1.`), uri);
    assert.deepEqual(site, { name: "Mine", origin: "https://mine.example" });
  }
});

// --- the gate ---

for (const [code, end, kept] of [["not_local", "not_local", false], ["code_mismatch", "code_mismatch", false], ["of_the_future", "channel_closed", false], ["channel_closed", "channel_closed", false]] as const) {
  test(`a wallet that refuses with ${code} ends it`, async () => {
    const s = await Scenario.link();
    await connected((s) => s.control.say(JSON.stringify({ t: "bye", code })))(s);
    assert.equal(await s.ended(), end);
    await settle();
    assert.equal((await resumeSite(s.options({}))) !== undefined, kept);
  });
}

test("a goodbye counts also if it comes just behind the end of the channel", async () => {
  const s = await Scenario.link();
  await s.whole();
  s.channel.closed();
  s.world.pass(200);
  s.control.say('{"t":"bye","code":"channel_closed"}');
  assert.equal(await s.ended(), "channel_closed");
  await settle();
  assert.equal(await resumeSite(s.options({})), undefined);
});

test("a channel that closes without a goodbye can be resumed", async () => {
  const s = await Scenario.link();
  await s.whole();
  s.channel.closed();
  s.world.pass(250);
  assert.equal(await s.ended(), "peer_lost");
  await settle();
  await Scenario.resumption(s);
});

test("the right code, typed in any groups, and nothing before it", async () => {
  const s = await Scenario.link({ confirm: "sas" });
  assert.equal(Buffer.from(s.link.uri.split("#1.")[1]!, "base64url")[1], 2, "the flag of the link");
  await refuses("invalid_message", () => s.link.confirm("000000"));
  await s.join();
  assert.equal(s.welcome.confirm, "sas");
  await s.agree();
  s.connection.connect();
  const { left } = await until(() => s.all("code")[0], "question");
  assert.equal(left, 3);
  s.control.say('{"t":"ok"}');
  s.world.pass(10_000);
  await settle();
  const { shortCode } = s.wallet;
  const wrong = String((Number(shortCode) + 1) % 1_000_000).padStart(6, "0");
  assert.deepEqual(await s.link.confirm("12 345"), { right: false, left: 3 }, "not six digits");
  assert.deepEqual(await s.link.confirm(wrong), { right: false, left: 2 });
  assert.deepEqual(s.asked("POST", "/v1/session"), [], "collected before the code was right");
  assert.equal(s.told.some(({ t }) => t === "ok"), false);
  assert.deepEqual(await s.link.confirm(` ${shortCode.slice(0, 3)}-${shortCode.slice(3)} `), { right: true, left: 2 });
  await s.link.opened();
  await until(() => s.asked("POST", "/v1/session")[0], "collection");
  await refuses("invalid_message", () => s.link.confirm(shortCode));
});

/** Ways to get past the question for the code without an answer. */
const detours: [string, (s: Scenario) => unknown][] = [
  ["the page is loaded anew", (s) => s.link.suspend()],
  ["the page says goodbye", (s) => s.link.close()],
  ["the wallet goes without a word", (s) => (s.channel.closed(), s.world.pass(250))],
  ["the wallet says goodbye", (s) => s.control.say('{"t":"bye","code":"channel_closed"}')],
  ["the path is lost", (s) => (s.connection.ice("failed"), s.world.pass(60_000))],
  ["the wallet is gone on both ways", (s) => (s.say({ op: "peer", state: "gone" }), s.connection.ice("failed"), s.world.pass(60_000))],
  ["nobody types", (s) => s.world.pass(180_000)],
];

for (const [what, detour] of detours) {
  test(`${what} while the code is asked for: nothing can be resumed without it`, async () => {
    const s = await Scenario.link({ confirm: "sas" });
    await s.join();
    await s.agree();
    s.connection.connect();
    await until(() => s.all("code")[0], "question");
    s.control.say('{"t":"ok"}');
    await settle();
    await detour(s);
    await s.ended();
    await settle();
    assert.equal(await resumeSite(s.options({})), undefined);
  });
}

test("what resumes a pairing is kept before the site says ok, and not earlier", async () => {
  const s = await Scenario.link({ confirm: "sas" });
  const order: string[] = [];
  const put = s.world.resumptions.put.bind(s.world.resumptions);
  s.world.resumptions.put = async (kept) => {
    await put(kept);
    await settle();
    order.push(`kept ${kept.id}`, ...s.told.filter(({ t }) => t === "ok").map(() => "ok"));
  };
  await s.join();
  await s.agree();
  s.connection.connect();
  await until(() => s.all("code")[0], "question");
  await settle();
  assert.deepEqual(order, []);
  await s.link.confirm(s.wallet.shortCode);
  await until(() => s.told.find(({ t }) => t === "ok"), "ok");
  assert.deepEqual(order, [`kept ${s.wallet.resumption.id}`]);
  s.link.suspend(); // before the wallet has said ok: it has both
  await settle();
  assert.equal((await Scenario.resumption(s)).link.requestId, s.wallet.resumption.id);
});

test("a page that goes away while it keeps what resumes leaves it to the next", async () => {
  const s = await Scenario.link();
  let go: (() => void) | undefined;
  const put = s.world.resumptions.put.bind(s.world.resumptions);
  s.world.resumptions.put = async (kept) => {
    await new Promise<void>((resolve) => (go = resolve));
    await put(kept);
  };
  await s.join();
  await s.agree();
  s.connection.connect();
  await until(() => go, "store that is asked");
  s.link.suspend();
  go!();
  await settle();
  assert.equal(s.told.some(({ t }) => t === "ok"), false);
  await Scenario.resumption(s);
});

test("three wrong codes end it", async () => {
  const s = await Scenario.link({ confirm: "sas" });
  await s.join();
  await s.agree();
  s.connection.connect();
  await until(() => s.all("code")[0], "question");
  const wrong = [1, 2, 3].map((n) => String((Number(s.wallet.shortCode) + n) % 1_000_000).padStart(6, "0"));
  const results = await Promise.all(wrong.map((code) => s.link.confirm(code)));
  assert.deepEqual(results.map(({ right, left }) => [right, left]), [[false, 2], [false, 1], [false, 0]]);
  assert.equal(await s.ended(), "code_mismatch");
  assert.deepEqual(s.told.at(-1), { t: "bye", code: "code_mismatch" });
  await refuses("code_mismatch", () => s.link.confirm(s.wallet.shortCode));
  await settle();
  assert.equal(await resumeSite(s.options({})), undefined);
  assert.deepEqual(s.asked("POST", "/v1/session"), []);
});

for (const [level, near] of [["prefer", true], ["prefer", false], ["require", true]] as const) {
  test(`${level}, and the wallet is ${near ? "near" : "far"}`, async () => {
    const s = await Scenario.link({ locality: level });
    s.instead = ({ path }) => (path.endsWith("/network") ? [200, { network: near ? "unknown" : "different" }] : "usual");
    await s.join();
    assert.equal(s.welcome.locality, level);
    await s.agree();
    const stop = s.answerPings(near ? 2 : 80);
    s.connection.stats = pair(near ? "host" : "srflx", 0.08);
    s.connection.connect();
    const { locality } = await until(() => s.all("locality")[0], "report").finally(stop);
    assert.deepEqual(locality, { level, local: near, path: near ? "host" : "srflx", rttMs: near ? 2 : 80, network: near ? "unknown" : "different" });
    assert.equal(s.link.locality, locality);
    if (!near) {
      await until(() => s.all("code")[0], "question");
      await s.link.confirm(s.wallet.shortCode);
    }
    assert.deepEqual(s.asked("POST", "/v1/session"), [], "collected before the gate");
    await until(() => s.told.find(({ t }) => t === "ok"), "ok");
    s.control.say('{"t":"ok"}');
    await s.link.opened();
    await until(() => s.asked("POST", "/v1/session")[0], "collection");
  });
}

for (const [how, tell] of Object.entries({
  "names it late": async (s: Scenario) => {
    s.connection.stats = pair("host", 0.001);
    s.frame(2, s.seal({ t: "ice" }), "answer");
  },
  "never does": async (s: Scenario) => s.world.pass(2_000),
})) {
  test(`a path to where the wallet has not said that it is: the wallet ${how}`, async () => {
    const s = await Scenario.link();
    await s.join();
    await s.agree();
    s.connection.stats = pair("host", 0.001, "prflx");
    const stop = s.answerPings(2);
    s.connection.connect();
    await until(() => s.asked("GET", "/network")[0], "question to the server");
    await until(() => s.told.filter(({ t }) => t === "ping").length === 20 || undefined, "pings");
    await settle();
    stop();
    assert.deepEqual(s.all("locality"), [], "a guess");
    await tell(s);
    const { locality } = await until(() => s.all("locality")[0], "report");
    assert.equal(locality.path, how === "never does" ? "srflx" : "host");
    s.world.pass(0); // the acknowledgement of what came
    s.link.close();
    s.control.closed();
    await settle();
    assert.equal(s.world.pending, 0, "timers left");
  });
}

const found = [
  "candidate:1 1 udp 2113937151 192.168.7.1 50001 typ host generation 0 ufrag abcd",
  "candidate:2 1 udp 2113937151 0a1b2c3d-0000-4000-8000-000000000000.local 50002 typ host generation 0",
  "candidate:3 1 tcp 1518280447 192.168.7.1 9 typ host tcptype active",
  "candidate:4 1 udp 1677729535 203.0.113.7 50001 typ srflx raddr 192.168.7.1 rport 50001 generation 0",
  "candidate:5 1 udp 1677729535 203.0.113.8 50001 typ prflx raddr 192.168.7.1 rport 50001",
  "candidate:6 1 udp 33562367 198.51.100.5 60001 typ relay raddr 203.0.113.7 rport 50001 generation 0",
];

for (const [candidates, numbers, addresses] of [
  ["host", [1, 2, 3, 4, 5, 6], ["192.168.7.1", "0a1b2c3d-0000-4000-8000-000000000000.local", "203.0.113.7", "203.0.113.8", "198.51.100.5"]],
  ["srflx", [4, 5, 6], ["203.0.113.7", "203.0.113.8", "198.51.100.5"]],
  ["relay", [6], ["198.51.100.5"]],
] as const) {
  test(`with candidates "${candidates}" nothing leaves that is of a wider kind`, async () => {
    const s = await Scenario.link({ candidates });
    await s.join();
    assert.equal(s.connection.config.iceTransportPolicy, candidates === "relay" ? "relay" : undefined);
    s.connection.finds = [...found];
    await s.agree();
    await until(() => s.arrows.includes(15) || undefined, "candidate");
    await settle();
    const heard = s.heard();
    const sent = heard.flatMap(({ d }) => (typeof d === "object" && d !== null && "candidate" in d ? [String(d.candidate)] : []));
    assert.deepEqual(sent.map((candidate) => Number(/^candidate:(\d)/.exec(candidate)?.[1] ?? 0)), [...numbers, 0], "and the end of the list");
    // Everything that left: what passed the server, and the description.
    const all = JSON.stringify([heard, s.welcome, s.calls]);
    for (const address of new Set(found.flatMap((line) => line.match(/\d+\.\d+\.\d+\.\d+|[0-9a-f-]+\.local/g) ?? []))) {
      assert.equal(all.includes(address), (addresses as readonly string[]).includes(address), `${address} leaves`);
    }
    // To try an address of the wallet's network is to look around in one's own, and browsers
    // ask their person for that.
    s.frame(2, s.seal({ t: "ice", candidate: "candidate:1 1 udp 1 192.168.7.9 9 typ host", sdpMid: "0" }), "answer");
    s.frame(3, s.seal({ t: "ice", candidate: "candidate:2 1 udp 1 198.51.100.9 9 typ relay", sdpMid: "0" }), "answer");
    await until(() => s.connection.added.find((candidate) => candidate.endsWith("relay")), "the relay's candidate");
    assert.equal(s.connection.added.some((candidate) => candidate.endsWith("host")), candidates === "host");
  });
}

for (const iceServers of [[], [{ urls: "stun:stun.example.com" }, { urls: ["stun:turn.example.com"] }]]) {
  test(`with candidates "relay" a server that names ${iceServers.length === 0 ? "nothing" : "no relay"} is no use, which is said at once`, async () => {
    const s = new Scenario();
    s.instead = () => [200, { ...challenge, iceServers }];
    const link = await connectSite(s.options({ candidates: "relay" }));
    const { code, detail, remedy } = await link.closed;
    assert.deepEqual([code, detail, remedy.includes("TURN")], ["ice_failed", "the server names no relay", true]);
    assert.deepEqual(s.connections, [], "connections");
  });
}

test("a channel that is full is no failure of the link", async () => {
  const s = await Scenario.link();
  await s.whole();
  const send = s.channel.send.bind(s.channel);
  s.channel.send = () => {
    throw new DOMException("full", "OperationError");
  };
  assert.throws(() => s.link.send("one more"), (error) => error instanceof LinkError && error.code === "overloaded" && error.retryable);
  s.channel.send = send;
  s.link.send("and again");
  assert.deepEqual(s.channel.sent, ["and again"]);
});

test("a new offer shows no address, whatever the browser writes into its first lines", async () => {
  const s = await Scenario.link();
  await s.whole();
  const make = s.connection.createOffer.bind(s.connection);
  s.connection.createOffer = async (options) => {
    const { type, sdp } = await make(options);
    return { type, sdp: sdp!.replace(/c=.*/, "c=IN IP4 192.168.7.1") };
  };
  s.connection.iceConnectionState = "failed";
  s.connection.oniceconnectionstatechange?.();
  const offer = await until(() => s.heard().find(({ d }) => (d as { t?: string } | undefined)?.t === "offer"), "an offer");
  assert.match(JSON.stringify(offer), /c=IN IP4 0\.0\.0\.0/);
  assert.doesNotMatch(JSON.stringify(offer), /192\.168/);
});

test("with locality off nothing is measured or asked", async () => {
  const s = await Scenario.link({ locality: "off" });
  await s.whole();
  s.world.pass(10_000);
  await settle();
  assert.deepEqual([s.asked("GET", "/network"), s.told, s.all("locality"), s.link.locality], [[], [{ t: "ok" }], [], undefined]);
});

test("what the wallet says before the channel is handed over is kept, up to a number", async () => {
  const s = await Scenario.link();
  await s.join();
  await s.agree();
  s.connection.connect();
  const said = Array.from({ length: 1024 }, (_, i) => String(i));
  for (const text of said) s.channel.say(text);
  await s.open();
  assert.deepEqual(s.all("message").map(({ data }) => data), said);
});

test("the session is collected two seconds after the answer if the channel does not open", async () => {
  const s = await Scenario.link();
  await s.join();
  await s.agree();
  s.world.pass(1_999);
  await settle();
  assert.deepEqual(s.asked("POST", "/v1/session"), []);
  s.world.pass(1);
  await until(() => s.asked("POST", "/v1/session")[0], "collection");
});

// A call that carries the old id while a new one is under way would be refused.
const collection = { path: "/v1/session", begin: (s: Scenario) => s.world.pass(2_000) };
const question = { path: "/network", begin: (s: Scenario) => s.connection.connect() };

for (const [what, [first, then]] of Object.entries({
  "a new id": [collection, question],
  "how near the other is": [question, collection],
} as const)) {
  test(`while the page asks for ${what}, it asks nothing else with the browser's session`, async () => {
    const s = await Scenario.link();
    let answer = () => {};
    const answered = new Promise<void>((resolve) => (answer = resolve));
    s.instead = async ({ path }) => {
      if (path.endsWith(first.path)) await answered;
      return "usual" as const;
    };
    await s.join();
    await s.agree();
    const asked = () => s.calls.flatMap(({ path }) => [first, then].filter((call) => path.endsWith(call.path)));
    const stop = s.answerPings();
    first.begin(s);
    await until(() => asked()[0], first.path);
    then.begin(s);
    await settle();
    assert.deepEqual(asked(), [first]);
    answer();
    await until(() => asked()[1], then.path);
    assert.deepEqual(asked(), [first, then]);
    await until(() => (s.arrows.includes(8) && s.all("locality")[0]) || undefined, "session and report").finally(stop);
    assert.deepEqual(s.all("closed"), []);
  });
}

test("a new id whose answer was lost is fetched before the page asks how near the other is", async () => {
  const s = await Scenario.link();
  const lost: undefined[] = [undefined];
  s.instead = ({ path }) => (path === "/v1/session" && lost.length > 0 ? lost.pop() : "usual");
  await s.join();
  await s.agree();
  collection.begin(s);
  await until(() => s.asked("POST", "/v1/session")[0], "collection");
  await settle();
  const stop = s.answerPings();
  question.begin(s);
  await until(() => s.asked("GET", "/network")[0], "question").finally(stop);
  assert.deepEqual(s.calls.map(({ path }) => path).filter((path) => /session|network/.test(path)).map((path) => path.split("/").at(-1)), ["session", "session", "network"]);
});

test("neither waits for the other for ever: what fails makes room", async () => {
  const s = await Scenario.link();
  s.instead = ({ path }) => (path === "/v1/session" ? undefined : "usual");
  await s.join();
  await s.agree();
  s.world.pass(2_000);
  await until(() => s.asked("POST", "/v1/session")[0], "collection");
  await s.open();
  assert.equal(s.asked("GET", "/network").length, 1);
});

test("a server that does not say how near the other is holds the session up for three seconds", async () => {
  const s = await Scenario.link();
  s.instead = ({ path }) => (path.endsWith("/network") ? new Promise(() => {}) : "usual");
  await s.join();
  await s.agree();
  const stop = s.answerPings();
  await s.open();
  s.world.pass(2_900);
  await settle();
  assert.deepEqual([s.asked("POST", "/v1/session"), s.all("locality")], [[], []]);
  s.world.pass(100);
  await until(() => (s.arrows.includes(8) && s.all("locality")[0]) || undefined, "session and report").finally(stop);
  assert.equal(s.all("locality")[0]!.locality.network, "unknown");
});

test("a claim that the wallet holds is collected when both sides have said ok, and not before", async () => {
  const s = await Scenario.link();
  await s.join();
  await s.agree({ held: true });
  s.say({ op: "error", code: "session_rotated" });
  s.world.pass(10_000);
  await settle();
  s.world.socket.open();
  s.say({ op: "subscribed", topic: `answer-${s.signer.address}` });
  s.connection.connect();
  await until(() => s.told.find(({ t }) => t === "ok"), "ok of the site");
  s.claim(s.proof()); // released
  s.world.pass(10_000);
  await settle();
  assert.deepEqual(s.asked("POST", "/v1/session"), []);
  s.control.say('{"t":"ok"}');
  await until(() => s.arrows.includes(8) || undefined, "session");
  assert.equal(s.asked("POST", "/v1/session").length, 1);
  assert.deepEqual(s.all("closed"), []);
});

test("a release that the server does not know of yet is waited for, and one that was not told is good", async () => {
  const s = await Scenario.link({ locality: "require" });
  let early = 2;
  s.instead = ({ path }) => (path === "/v1/session" && early-- > 0 ? [409, { code: "link_not_claimed" }] : "usual");
  await s.join();
  await s.agree({ held: true });
  const stop = s.answerPings();
  await s.open().finally(stop);
  for (let i = 0; i < 3; i++) {
    await settle();
    s.world.pass(10_000);
  }
  await until(() => s.arrows.includes(8) || undefined, "session");
  const keys = s.asked("POST", "/v1/session").map(({ body }) => body.key);
  assert.deepEqual([keys.length, new Set(keys).size], [3, 1]);
});

test("a server that tells of a claim again, as it was, tells nothing new", async () => {
  for (const held of [true, false]) {
    const s = await Scenario.link();
    await s.join();
    const proof = s.proof();
    const answer = { n: 1, d: s.answer({ proof }) };
    for (const again of [held, held, false]) s.claim(proof, answer, s.signer.account, again);
    await until(() => s.connection.remoteDescription, "answer in force");
    await s.open();
    s.claim(proof, answer);
    await settle();
    assert.deepEqual([s.all("closed"), s.all("linked").length, s.world.socket.heard().filter(({ topic }) => topic === `answer-${s.signer.address}`).length], [[], 1, 1]);
  }
});

test("that the session cannot be collected does not end the channel", async () => {
  const s = await Scenario.link();
  s.instead = ({ path }) => (path === "/v1/session" ? [403, { code: "link_forbidden" }] : "usual");
  await s.whole();
  await settle();
  assert.deepEqual(s.all("closed"), []);
});

// --- the way through the server ---

test("the offer is posted until it is there, the same each time, and nothing overtakes it", async () => {
  const s = await Scenario.link();
  const answers: (readonly [number, unknown] | undefined)[] = [undefined, [503, { code: "unavailable" }], [502, undefined]];
  s.instead = ({ path }) => (path.endsWith("/offer") && answers.length > 0 ? answers.shift() : "usual");
  s.frame(0, s.hello());
  for (const count of [1, 2, 3, 4]) {
    await until(() => s.asked("POST", "/offer")[count - 1], `offer ${count}`);
    await settle();
    assert.equal(s.heard().some(({ op }) => op === "send"), false);
    s.world.pass(10_000);
  }
  const bodies = s.asked("POST", "/offer").map(({ body }) => JSON.stringify(body));
  assert.equal(new Set(bodies).size, 1, "the offer changed");
  s.wallet.finish(JSON.parse(bodies[0]!).d);
  await until(() => s.arrows.includes(13) || undefined, "offer that arrived");
  assert.deepEqual(s.all("closed"), []);
});

test("an offer whose answer was lost has arrived if the wallet answers", async () => {
  const s = await Scenario.link();
  s.instead = ({ path }) => (path.endsWith("/offer") ? undefined : "usual");
  s.frame(0, s.hello());
  const offer = await until(() => s.asked("POST", "/offer")[0], "offer");
  s.welcome = JSON.parse(s.wallet.finish(String(offer.body.d)));
  await s.agree();
  await until(() => s.arrows.includes(15) || undefined, "candidate");
  await settle();
  assert.deepEqual(s.heard().filter(({ op }) => op === "send").map(({ n }) => n), [1, 2]);
  const before = s.asked("POST", "/offer").length;
  s.world.pass(60_000);
  await settle();
  assert.ok(s.asked("POST", "/offer").length <= before + 1, "the offer is posted without an end");
});

test("an offer that the server refuses ends it", async () => {
  const s = await Scenario.link();
  s.instead = ({ path }) => (path.endsWith("/offer") ? [410, { code: "link_expired" }] : "usual");
  s.frame(0, s.hello());
  assert.equal(await s.ended(), "link_expired");
});

test("a second wallet's hello changes nothing and is told", async () => {
  const s = await Scenario.link();
  await s.join();
  s.frame(0, Buffer.alloc(120, 1).toString("base64url"));
  s.say({ op: "notice", code: "link_taken" });
  await settle();
  assert.deepEqual(s.all("notice").map(({ notice }) => notice.code), ["link_taken"]);
  await s.agree();
  await s.open();
});

/** Each moment at which the socket may be lost, and what it asks for then. */
const moments: [string, (s: Scenario) => Promise<void>, Record<string, unknown>][] = [
  ["before anybody came", async () => {}, { topic: "link" }],
  ["after the hello", async (s) => void (s.frame(0, s.hello()), await until(() => s.asked("POST", "/offer")[0], "offer")), { topic: "link", since: 1 }],
  ["after the welcome", (s) => s.join(), { topic: "link", since: 1 }],
  ["after the answer", async (s) => (await s.join(), await s.agree()), { topic: "answer-", since: 2, next: 1 }],
];

for (const [moment, reach, asks] of moments) {
  test(`the socket is lost ${moment}, and comes back`, async () => {
    const s = await Scenario.link();
    await reach(s);
    await settle();
    s.world.socket.heard();
    s.world.socket.drop(1006);
    s.world.pass(200);
    assert.equal(s.world.sockets.length, 2);
    s.world.socket.open();
    const topic = asks.topic === "answer-" ? `answer-${s.signer.address}` : asks.topic;
    assert.deepEqual(s.world.socket.heard(), [{ op: "subscribe", requestId, ...asks, topic }]);
    s.say({ op: "subscribed", topic, next: asks.next });
    assert.deepEqual(s.all("closed"), []);
    assert.deepEqual(s.all("signaling").map(({ attached }) => attached).slice(-2), [false, true]);
    const again = s.heard().filter(({ op }) => op === "send").map(({ n }) => n);
    assert.deepEqual(again, asks.next ? [1, 2] : asks.since ? [0] : [], "frames that are sent again");
  });
}

test("a refused socket asks for the session, and gives up when that is gone", async () => {
  const s = await Scenario.link({ confirm: "sas" });
  s.instead = ({ path }) => (path === "/v1/session" ? [401, { code: "session_required" }] : "usual");
  s.world.socket.drop(1006);
  for (let i = 0; i < 3; i++) {
    s.world.pass(10_000);
    s.world.socket.drop(1006);
    await settle();
  }
  assert.equal(await s.ended(), "session_required");
  assert.deepEqual(s.asked("POST", "/v1/session"), []);
});

test("the other side's word on the end counts until the channel is open, and then no more", async () => {
  for (const code of ["user_rejected", "not_local", "link_closed", "of_the_future"]) {
    const s = await Scenario.link();
    await s.join();
    s.say({ op: "closed", code });
    assert.equal(await s.ended(), code === "of_the_future" ? "link_closed" : code);
  }
  const s = await Scenario.link();
  await s.whole();
  s.say({ op: "closed", code: "server_mismatch" });
  await settle();
  assert.deepEqual(s.all("closed"), []);
  s.link.send("still here");
});

test("a wallet that has left the server may still be about to open the channel", async () => {
  for (const opens of [true, false]) {
    const s = await Scenario.link();
    await s.join();
    await s.agree();
    s.say({ op: "closed", code: "link_closed" });
    if (opens) await s.open();
    s.world.pass(2_000);
    await settle();
    assert.deepEqual(s.all("closed").map(({ reason }) => reason.code), opens ? [] : ["link_closed"]);
  }
});

test("a code that nobody scans, and a person who does not answer, have their time", async () => {
  const s = await Scenario.link();
  s.world.pass(119_000);
  await s.join();
  s.world.pass(180_999);
  assert.deepEqual(s.all("closed"), []);
  s.world.pass(1);
  assert.equal(await s.ended(), "link_expired");
});

// --- resumptions ---

test("a resumption takes no scan, no signature and no claim, and the next takes its place", async () => {
  const first = await Scenario.link({ locality: "off" });
  await first.whole();
  first.link.suspend();
  await settle();
  assert.equal((await first.link.closed).code, "canceled");
  assert.equal(first.told.some(({ t }) => t === "bye"), false, "a goodbye was said");
  assert.deepEqual(first.world.socket.heard().at(-1), { op: "close", requestId });

  let before = first;
  for (const round of [1, 2]) {
    const s = await Scenario.resumption(before);
    const { id } = before.wallet.resumption;
    assert.deepEqual(s.calls, [{ method: "POST", path: "/v1/resumptions", body: { requestId: id } }]);
    assert.deepEqual([s.link.requestId, s.link.uri, s.link.lifeMs, s.link.resumes], [id, "", Infinity, { account: first.signer.account }]);
    s.world.pass(3_600_000);
    await s.join();
    const { sdp: _, ...asked } = s.welcome;
    assert.deepEqual(asked, { t: "welcome", v: 1, fp: siteFingerprint, site: challenge.site, confirm: "none", locality: "off", resume: 2_592_000 });
    assert.deepEqual(Object.keys(s.asked("POST", "/offer")[0]!.body), ["n", "d"], "a resumption names no channel");
    s.frame(1, s.answer());
    await until(() => s.connection.remoteDescription, "answer in force");
    assert.deepEqual(s.all("linked").map(({ account, assurance }) => [account, assurance]), [[first.signer.account, "sealed+origin"]]);
    await s.open();
    s.world.pass(10_000);
    await settle();
    assert.deepEqual(s.asked("POST", "/v1/session"), [], `round ${round}: a resumption signs nobody in`);
    s.link.suspend();
    await settle();
    before = s;
  }
  const last = await Scenario.resumption(before);
  assert.equal(last.link.requestId, before.wallet.resumption.id, "what is kept is the newest");
});

test("a resumption that nobody answered stays, whatever ends it", async () => {
  const first = await Scenario.link();
  await first.whole();
  first.link.suspend();
  await settle();

  const left = await Scenario.resumption(first);
  left.link.suspend();
  assert.equal(left.world.socket.heard().some(({ op }) => op === "close"), false, "it may be open again already");
  await settle();

  const gone = await Scenario.resumption(first);
  await gone.join();
  gone.say({ op: "peer", state: "gone" });
  assert.equal(await gone.ended(), "peer_lost");
  await settle();

  const forged = await Scenario.resumption(first);
  forged.frame(0, Buffer.alloc(120, 1).toString("base64url"));
  assert.equal(await forged.ended(), "handshake_failed");
  await settle();

  const silent = await Scenario.resumption(first);
  await silent.join();
  silent.world.pass(30_000);
  assert.equal(await silent.ended(), "peer_lost");
  await settle();

  const claimed = await Scenario.resumption(first);
  claimed.claim({}, undefined, first.signer.account);
  assert.equal(await claimed.ended(), "server_mismatch");
  await settle();

  const whole = await Scenario.resumption(first);
  await whole.whole();
});

test("a resumption that another session has by now can be tried again", async () => {
  const first = await Scenario.link();
  await first.whole();
  first.link.suspend();
  await settle();

  const posts = await Scenario.resumption(first);
  posts.instead = ({ path }) => (path.endsWith("/offer") ? [403, { code: "link_forbidden" }] : "usual");
  void posts.join().catch(() => undefined); // which waits for the offer
  assert.equal(await posts.ended(), "peer_lost");
  await settle();

  const hears = await Scenario.resumption(first);
  hears.say({ op: "error", code: "link_forbidden" });
  assert.equal(await hears.ended(), "peer_lost");
  await settle();

  const whole = await Scenario.resumption(first);
  await whole.whole();
});

test("a resumption that fails at the gate can be tried again, from where it began", async () => {
  const first = await Scenario.link();
  await first.whole();
  first.link.suspend();
  await settle();
  const s = await Scenario.resumption(first, { locality: "require" });
  await s.join();
  s.frame(1, s.answer());
  await until(() => s.connection.remoteDescription, "answer in force");
  s.connection.stats = pair("host", 0.09);
  const stop = s.answerPings(90);
  s.connection.connect();
  assert.equal(await s.ended().finally(stop), "not_local");
  await settle();
  const next = await Scenario.resumption(first);
  assert.equal(next.link.requestId, first.wallet.resumption.id);
  await next.whole();
});

test("the other side's goodbye, a goodbye of ours, forgetting and time end what can be resumed", async () => {
  const end: [string, (s: Scenario) => unknown][] = [
    ["goodbye of the wallet", (s) => s.control.say('{"t":"bye","code":"channel_closed"}')],
    ["goodbye of the page", (s) => s.link.close()],
    ["forgetting", (s) => (s.link.suspend(), forgetSite({ server, platform: s.world.platform }))],
    ["time", (s) => (s.link.suspend(), s.world.pass(2_592_000_000))],
  ];
  for (const [name, work] of end) {
    const s = await Scenario.link();
    await s.whole();
    await work(s);
    await settle();
    assert.equal(await resumeSite(s.options({})), undefined, name);
  }
});

test("nothing is kept by whoever does not want it, or cannot", async () => {
  for (const resume of [false, 0] as const) {
    const s = await Scenario.link({ resume });
    await s.whole();
    assert.equal(s.welcome.resume, undefined);
    s.link.suspend();
    await settle();
    assert.equal(await resumeSite(s.options({})), undefined);
  }
  const world = new World();
  world.resumptions.lasting = () => Promise.resolve(false);
  const forgetful = new Scenario(world);
  forgetful.link = await connectSite(forgetful.options({}));
  assert.equal((await connectSite(forgetful.options({ resume: 60 }))).lifeMs, 120_000);
  const short = await Scenario.link({ resume: 60.9 });
  await short.join();
  assert.equal(short.welcome.resume, 60);
});

test("two pages do not take one wallet from each other", async () => {
  const s = await Scenario.link();
  await s.whole();
  assert.equal(await resumeSite(s.options({})), undefined, "it is in use");
  s.link.suspend();
  await settle();
  const again = await Scenario.resumption(s);
  assert.equal(await resumeSite(s.options({})), undefined, "it is waited for");
  again.link.suspend();
  await settle();
  await Scenario.resumption(s);
});

// --- the path ---

test("a wallet that is gone on both ways is given up soon, one that is gone on one is not", async () => {
  for (const [gone, broken] of [[true, true], [true, false], [false, true]]) {
    const s = await Scenario.link();
    await s.whole();
    if (gone) s.say({ op: "peer", state: "gone" });
    if (broken) s.connection.ice("failed");
    s.world.pass(2_000);
    await settle();
    assert.deepEqual(s.all("closed").map(({ reason }) => reason.code), gone && broken ? ["peer_lost"] : [], `gone ${gone}, broken ${broken}`);
  }
});

test("a broken path is offered anew, sealed, and its candidates come after it", async () => {
  const s = await Scenario.link();
  await s.whole();
  await settle();
  s.heard();
  s.connection.ice("failed");
  await until(() => s.connection.signalingState === "have-local-offer" || undefined, "new offer");
  await settle();
  const sent = s.heard().filter(({ op }) => op === "send").map(({ n, d }) => [n, (d as { t: string }).t]);
  assert.deepEqual(sent, [[3, "offer"], [4, "ice"], [5, "ice"]]);
  s.frame(2, s.seal({ t: "answer", sdp: description(walletFingerprint, "a=candidate:1 1 udp 1 192.0.2.9 9 typ host") }), "answer");
  await until(() => s.connection.signalingState === "stable" || undefined, "answer");
  s.connection.ice("connected");
  s.world.pass(60_000);
  assert.deepEqual(s.all("closed"), []);
});

test("a name in a later answer is not looked up", async () => {
  const s = await Scenario.link();
  await s.whole();
  s.connection.ice("failed");
  await until(() => s.connection.signalingState === "have-local-offer" || undefined, "new offer");
  const [known, named] = ["192.0.2.9", "tracker.example"].map((address) => `a=candidate:1 1 udp 1 ${address} 9 typ host`);
  s.frame(2, s.seal({ t: "answer", sdp: description(walletFingerprint, known!, named!) }), "answer");
  await until(() => s.connection.signalingState === "stable" || undefined, "answer");
  assert.equal(s.connection.remoteDescription!.sdp, description(walletFingerprint, known!));
});

test("a server that is no origin is told by a LinkError, by every call", async () => {
  const { platform } = new World();
  for (const server of ["auth.example.com", "", "ftp://auth.example.com", "data:,"]) {
    for (const call of [connectSite, forgetSite, resumeSite]) await refuses("no_route", () => call({ server, platform }));
    await refuses("no_route", () => signInWithPasskey({ server, platform: { ...platform, credentials: {} as CredentialsContainer } }));
  }
  await refuses("no_route", () => connectSite({ platform }));
});

test("giving up ends it so that it can be resumed", async () => {
  const abort = new AbortController();
  const s = await Scenario.link({ signal: abort.signal });
  await s.whole();
  abort.abort();
  assert.equal(await s.ended(), "canceled");
  assert.equal(s.told.some(({ t }) => t === "bye"), false);
  await settle();
  await Scenario.resumption(s);

  const early = new Scenario();
  await refuses("canceled", () => connectSite(early.options({ signal: AbortSignal.abort() })));
});
