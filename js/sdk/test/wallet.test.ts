import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkError } from "../src/errors.ts";
import { utf8 } from "../src/bytes.ts";
import { codeTable, type Code } from "../src/codes.gen.ts";
import { Initiator } from "../src/initiator.ts";
import { importSecret, kdf, linkPrologue, newKeyPair } from "../src/keys.ts";
import { connectWallet, forgetPairing, listPairings, parseLink, resumeWallet } from "../src/wallet.ts";
import { Channel, description, pair } from "./connection.ts";
import { newLink, ofResumption, Responder } from "./initiator.ts";
import { host, requestId, server, settle, signIn, site, siteFingerprint, token, until, walletFingerprint, WalletScenario, type Changed } from "./walletscenario.ts";

test("a wallet, from link to conversation to goodbye", async () => {
  const s = new WalletScenario();
  const reading = s.begin();
  await s.joined();
  s.frame(0, s.answer({ confirm: "sas" }));
  s.request = await reading;
  assert.deepEqual(s.hello, { t: "hello", v: 1, fp: walletFingerprint, app: "Test/1" });
  const join = s.calls[0]!;
  assert.deepEqual([join.method, join.path, join.token === token(String(join.body.key), "join", requestId), join.credentials], ["POST", `/v1/links/${requestId}/join`, true, "omit"]);
  assert.deepEqual(s.subprotocols, [["liaison.1", `liaison.bearer.${join.token}`]]);
  assert.deepEqual(s.elsewhere, ["https://example.com/.well-known/liaison.json"]);
  const { request } = s;
  assert.deepEqual([request.site, request.verified, request.chains, request.statement, request.asksCode, request.locality], [site, true, ["did:key"], "Hello.", true, "off"]);
  assert.equal(request.shortCode.replace(" ", ""), s.site.shortCode);
  assert.deepEqual(await s.kept(), [], "nothing is kept before anybody agreed");
  s.world.pass(0);
  assert.deepEqual(s.heard(), [{ op: "subscribe", topic: "join", requestId }, { op: "ack", requestId, next: 1 }]);
  s.assertSilent();

  const text = request.text(s.account);
  await s.agree();
  assert.deepEqual(s.account.asked, [text]);
  assert.match(text, new RegExp(`\nRequest ID: ${s.site.channelId.replace(/[.]/g, "\\.")}$`));
  assert.equal(s.claims.length, 1);
  const { nonce, key, verified, held, proof } = s.claims[0]!.body;
  assert.deepEqual([nonce, verified, held, s.claims[0]!.token], [signIn.nonce, true, undefined, join.token]);
  assert.deepEqual(s.all("code").map(({ shortCode }) => shortCode), [request.shortCode]);
  await settle();
  assert.deepEqual(s.heard(), [
    { op: "subscribe", topic: `offer-${s.account.address}`, requestId, since: 1 },
    { op: "send", requestId, n: 2, d: { t: "ice", candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host", sdpMid: "0", sdpMLineIndex: 0 } },
    { op: "send", requestId, n: 3, d: { t: "ice", candidate: "" } },
  ]);
  assert.deepEqual([(proof as { message: string }).message, s.link.account, s.link.assurance], [text, s.account.account, "sealed+origin"]);
  s.frame(1, s.seal({ t: "ice", candidate: "candidate:1 1 udp 1 192.0.2.9 9 typ host" }), "offer");
  s.frame(2, s.seal({ t: "ice", candidate: "candidate:1 1 udp 1 tracker.example 9 typ host" }), "offer");
  await until(() => s.connection.added[0], "candidate");

  assert.throws(() => s.link.send("too early"), (error) => error instanceof LinkError && error.code === "channel_closed");
  s.connect();
  s.channel.say("said before");
  await until(() => s.told.find(({ t }) => t === "ok"), "ok of the wallet");
  assert.deepEqual([s.all("open").length, s.all("message").length], [0, 0]);
  s.control.say('{"t":"ok"}');
  await s.link.opened();
  s.channel.say("said after");
  assert.deepEqual(s.all("message").map(({ data }) => data), ["said before", "said after"]);
  s.link.send("hello");
  assert.deepEqual(s.channel.sent, ["hello"]);
  assert.deepEqual((await listPairings(s)).map(({ pairing, account }) => [pairing, account]), [[s.link.pairing, s.account.account]]);
  assert.deepEqual(s.connection.added, ["candidate:1 1 udp 1 192.0.2.9 9 typ host"], "no name is looked up");
  // The next socket shows the token that the claim has brought.
  s.world.socket.drop(1006);
  s.world.pass(1_000);
  assert.equal(s.subprotocols[1]![1], `liaison.bearer.${token(join.token, "successor", String(key))}`);

  s.link.close();
  assert.deepEqual(s.told.at(-1), { t: "bye", code: "channel_closed" });
  assert.equal((await s.link.closed).code, "canceled");
  s.control.closed();
  await settle();
  assert.deepEqual(await listPairings(s), [], "after a goodbye there is nothing to resume");
  s.assertOver();
});

// --- a site that lies ---

/** Something that is wrong with what the site asks. */
interface Lie {
  readonly name: string;
  readonly code?: string; // "invalid_peer" if absent
  readonly changed: Changed;
}

const asks = (changed: Record<string, unknown>) => ({ signIn: { ...signIn, ...changed } });
const without = (...names: string[]) => (welcome: Record<string, unknown>) => JSON.stringify(Object.fromEntries(Object.entries(welcome).filter(([name]) => !names.includes(name))));

const lies: Lie[] = [
  { name: "speaks another version", code: "unsupported_version", changed: { v: 2 } },
  { name: "speaks no version", code: "unsupported_version", changed: { v: undefined } },
  { name: "speaks a version that looks alike", code: "unsupported_version", changed: { v: "1" } },
  { name: "says something else first", changed: { t: "offer" } },
  { name: "sends a candidate first", changed: () => JSON.stringify({ t: "ice", candidate: "candidate:1 1 udp 1 192.0.2.9 9 typ host" }) },
  { name: "says what nobody knows", changed: { t: "party" } },
  { name: "says nothing", changed: () => "" },
  { name: "says no JSON", changed: () => "{" },
  { name: "says a list", changed: () => "[]" },
  { name: "says null", changed: () => "null" },
  { name: "says too much", changed: (welcome) => JSON.stringify(welcome).padEnd((44 << 10) + 1) },
  { name: "names no certificate", changed: { fp: undefined } },
  { name: "names a certificate in capitals", changed: { fp: siteFingerprint.toUpperCase() } },
  { name: "names half a certificate", changed: { fp: siteFingerprint.slice(2) } },
  { name: "names a certificate and a line more", changed: { fp: `${siteFingerprint}\n` } },

  { name: "offers nothing", changed: { sdp: undefined } },
  { name: "offers another certificate", changed: { sdp: description(walletFingerprint) } },
  { name: "offers a second certificate", changed: { sdp: description(siteFingerprint, description(walletFingerprint).split("\r\n")[8]!) } },
  { name: "offers an address", changed: { sdp: description(siteFingerprint, "a=candidate:1 1 udp 1 192.0.2.9 9 typ host") } },
  { name: "offers a name", changed: { sdp: description(siteFingerprint, "a=candidate:1 1 udp 1 tracker.example 9 typ host") } },
  { name: "offers the end of addresses", changed: { sdp: description(siteFingerprint, "a=end-of-candidates") } },
  { name: "offers sound", changed: { sdp: description(siteFingerprint, "m=audio 9 UDP/TLS/RTP/SAVPF 0") } },
  { name: "offers a second channel", changed: { sdp: description(siteFingerprint, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel") } },
  { name: "offers keys", changed: { sdp: description(siteFingerprint, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x") } },
  { name: "offers an identity", changed: { sdp: description(siteFingerprint, "a=identity:x") } },
  { name: "offers lines that end otherwise", changed: { sdp: description(siteFingerprint).replaceAll("\r\n", "\n") } },
  { name: "offers a novel", changed: { sdp: description(siteFingerprint, ...Array<string>(40).fill(`a=x:${"x".repeat(500)}`)) } },

  { name: "does not say who it is", changed: { site: undefined } },
  { name: "is nobody", changed: { site: null } },
  { name: "turns the screen around", changed: { site: { ...site, name: "Example\u202e" } } },
  { name: "isolates the writing", changed: { site: { ...site, name: "\u2066Example" } } },
  { name: "has a name of two lines", changed: { site: { ...site, name: "Example\nverified" } } },
  { name: "has a name that cannot be seen", changed: { site: { ...site, name: "\u200b" } } },
  { name: "has a name with an escape", changed: { site: { ...site, name: "\u001b[2JExample" } } },
  { name: "has a long name", changed: { site: { ...site, name: "x".repeat(65) } } },
  { name: "has a name that is long in bytes", changed: { site: { ...site, name: "世".repeat(22) } } },
  { name: "has a number for a name", changed: { site: { ...site, name: 1 } } },
  { name: "has no origin", changed: { site: { name: "Example" } } },
  ...["example.com", "https://example.com/", "https://example.com/login", "https://user@example.com", "https://EXAMPLE.com", "https://example.com:443", "https://exämple.com", "https://example.com#", "https://example.com?", "ftp://example.com", "javascript:alert(1)", "file:///etc", "null", "", "https://example.com\n", " https://example.com", "blob:https://example.com"].map(
    (origin) => ({ name: `is of ${JSON.stringify(origin)}, which is no origin`, changed: { site: { ...site, origin } } }),
  ),

  { name: "asks for nothing", changed: without("signIn") },
  { name: "asks for null", changed: { signIn: null } },
  { name: "asks for a text", changed: { signIn: "please" } },
  { name: "asks in the name of another site", changed: asks({ domain: "bank.example" }) },
  { name: "asks in the name of the domain above", changed: { ...asks({ domain: "example.com" }), site: { ...site, origin: "https://shop.example.com" } } },
  { name: "asks in its own name with a port", changed: asks({ domain: "example.com:443" }) },
  { name: "asks in its own name in capitals", changed: asks({ domain: "Example.com" }) },
  ...[
    "https://bank.example/login", "https://example.com@bank.example/", "https://user@example.com/", "https://user:pass@example.com/login", "https://example.com.bank.example/", "https://example.comics/", "https://example.com:8443/login",
    "http://example.com/login", "//example.com/login", "/login", "https:example.com/login", "https:/example.com/login", "https:///example.com/login", "https://example.com\\@bank.example/", "https://EXAMPLE.com/login", "javascript://example.com/%0aalert(1)", "",
  ].map((uri) => ({ name: `asks for ${JSON.stringify(uri)}, which is not its own`, changed: asks({ uri }) })),
  { name: "asks for an address with a line feed", changed: asks({ uri: "https://example.com/\nNonce: x" }) },
  { name: "asks for an address with a space", changed: asks({ uri: "https://example.com/a b" }) },
  { name: "asks for an address that is long", changed: asks({ uri: `https://example.com/${"x".repeat(1024)}` }) },
  { name: "asks from the future", changed: asks({ issuedAt: "2026-11-22T10:01:01Z" }) },
  { name: "asked long ago", changed: asks({ issuedAt: "2026-11-22T09:54:00Z", expirationTime: "2026-11-22T09:59:00Z" }) },
  { name: "asks for too long a time", changed: asks({ expirationTime: "2026-11-22T10:05:01Z" }) },
  { name: "asks for ever", changed: asks({ expirationTime: "never" }) },
  { name: "asks from nowhere", changed: asks({ issuedAt: "" }) },
  { name: "asks at a time that is written otherwise", changed: asks({ issuedAt: "2026-11-22T10:00:00.000Z" }) },
  { name: "asks at the time of another place", changed: asks({ issuedAt: "2026-11-22T12:00:00+02:00" }) },
  { name: "asks with a short nonce", changed: asks({ nonce: "short" }) },
  { name: "asks with a nonce of two lines", changed: asks({ nonce: "0123456789abcdefABCDEF\nx" }) },
  { name: "asks without a nonce", changed: asks({ nonce: undefined }) },
  { name: "asks with a statement of two lines", changed: asks({ statement: "Hello.\n\nURI: https://bank.example" }) },
  { name: "asks with a statement that turns the screen around", changed: asks({ statement: "Hello\u202e" }) },
  { name: "asks with a statement that looks like the address", changed: asks({ statement: "URI: https://bank.example" }) },
  { name: "asks with a long statement", changed: asks({ statement: "x".repeat(257) }) },
  { name: "asks with a number for a statement", changed: asks({ statement: 1 }) },
  { name: "asks for accounts of no chain", changed: asks({ chains: [] }) },
  { name: "asks for accounts of a text", changed: asks({ chains: "did:key" }) },
  { name: "asks for accounts of what cannot be shown", changed: asks({ chains: ["did:key", "\u202e"] }) },
  { name: "asks for accounts of a number", changed: asks({ chains: [1] }) },

  { name: "confirms in a way that nobody knows", changed: { confirm: "face" } },
  { name: "does not say how it confirms", changed: { confirm: undefined } },
  { name: "is near in a way that nobody knows", changed: { locality: "moon" } },
  { name: "does not say how near it must be", changed: { locality: undefined } },
  ...[-1, 1.5, 2_592_001, "3600", null].map((resume) => ({ name: `may be resumed for ${JSON.stringify(resume)}`, changed: { resume } })),
];

for (const { name, code = "invalid_peer", changed } of lies) {
  test(`a site that ${name} is refused before its person is asked`, async () => {
    const s = new WalletScenario();
    const reading = s.begin();
    await s.joined();
    s.world.socket.heard();
    s.frame(0, s.answer(changed));
    await assert.rejects(reading, (error) => error instanceof LinkError && error.code === code);
    assert.deepEqual(s.world.socket.heard().find(({ op }) => op === "close"), { op: "close", requestId, code });
    s.assertSilent();
    assert.deepEqual(s.elsewhere, [], "nobody else was asked of it");
    assert.deepEqual(await s.kept(), []);
    await settle();
    s.assertOver();
  });
}

const candidate = { t: "ice", candidate: "candidate:1 1 udp 1 192.0.2.9 9 typ host" };

/** What a site says before its person has agreed. */
const early: readonly (readonly [name: string, message: (s: WalletScenario) => unknown])[] = [
  ["welcomes twice", () => ({ t: "welcome", v: 1, fp: siteFingerprint, sdp: description(siteFingerprint), site, signIn, confirm: "none", locality: "off" })],
  ["offers", () => ({ t: "offer", sdp: description(siteFingerprint) })],
  ["sends an address", () => candidate],
  ["sends a name", () => ({ t: "ice", candidate: "candidate:1 1 udp 1 tracker.example 9 typ host" })],
  ["answers", () => ({ t: "answer", sdp: description(siteFingerprint) })],
  ["says what nobody knows", () => ({ t: "party" })],
  ["says no JSON", () => "{"],
  ["says too much", () => "x".repeat((44 << 10) + 1)],
];

for (const [name, message] of early) {
  test(`a site that ${name} before the person agreed is refused`, async () => {
    const s = await WalletScenario.read();
    s.frame(1, s.seal(message(s)));
    assert.equal((await s.request.closed).code, "invalid_peer");
    assert.equal(await code(s.request.approve(s.account.signer)), "invalid_peer");
    s.assertSilent();
    assert.deepEqual(await s.kept(), []);
    await settle();
    s.assertOver();
  });
}

/** What a site says after its person has agreed. */
const late: readonly (readonly [name: string, message: unknown])[] = [
  ["answers", { t: "answer", sdp: description(siteFingerprint) }],
  ["welcomes once more", { t: "welcome", v: 1, fp: siteFingerprint, sdp: description(siteFingerprint), site, signIn, confirm: "none", locality: "off" }],
  ["says hello", { t: "hello", v: 1, fp: siteFingerprint }],
  ["says what nobody knows", { t: "party" }],
  ["offers another certificate", { t: "offer", sdp: description(walletFingerprint) }],
  ["offers sound", { t: "offer", sdp: description(siteFingerprint, "m=audio 9 UDP/TLS/RTP/SAVPF 0") }],
  ["offers 65 addresses", { t: "offer", sdp: description(siteFingerprint, ...Array<string>(65).fill("a=candidate:1 1 udp 1 192.0.2.9 9 typ host")) }],
  ["offers nothing", { t: "offer" }],
  ["sends an address of two lines", { t: "ice", candidate: "candidate:1 1 udp 1 192.0.2.9 9 typ host\r\na=x" }],
  ["sends a long address", { t: "ice", candidate: `candidate:1 1 udp 1 192.0.2.9 9 typ host ${"x".repeat(1024)}` }],
  ["sends a number for an address", { t: "ice", candidate: 1 }],
];

for (const [name, message] of late) {
  test(`a site that ${name} after the person agreed is refused`, async () => {
    const s = await WalletScenario.read();
    await s.agree();
    s.frame(1, s.seal(message), "offer");
    assert.equal((await s.link.closed).code, "invalid_peer");
    await settle();
    assert.deepEqual(await s.kept(), [], "what ended so cannot be resumed");
    s.assertOver();
  });
}

test("a thousand addresses of a site, and names in them, are not tried", async () => {
  const s = await WalletScenario.read();
  await s.agree();
  for (let n = 1; n <= 1000; n++) s.frame(n, s.seal({ t: "ice", candidate: `candidate:1 1 udp 1 192.0.2.${n % 250} 9 typ host` }), "offer");
  s.frame(1001, s.seal({ t: "ice", candidate: "candidate:1 1 udp 1 tracker.example 9 typ host" }), "offer");
  // A new description counts anew, and a name in it is left out, too.
  s.frame(1002, s.seal({ t: "offer", sdp: description(siteFingerprint, "a=candidate:1 1 udp 1 tracker.example 9 typ host") }), "offer");
  await until(() => s.connection.remoteDescription?.sdp?.includes("a=setup") && s.heard().find(({ d }) => (d as { t?: string } | undefined)?.t === "answer"), "answer to the offer");
  assert.equal(s.connection.added.length, 64);
  assert.doesNotMatch(s.connection.remoteDescription!.sdp!, /tracker/);
});

// --- a server that lies ---

test("no bit of the site's answer may change", async () => {
  const keys = await newKeyPair();
  const begin = async (link: ReturnType<typeof newLink>) => {
    const { flags, key, seed } = parseLink(link.uri).invitation!;
    const initiator = await Initiator.begin({ prologue: linkPrologue(host, requestId, flags), psk: await kdf(await importSecret(seed), "psk", 32), remote: key, keys }, utf8("hello"));
    link.site.read(Buffer.from(initiator.message).toString("base64url"));
    return { initiator, message: Buffer.from(link.site.answer("welcome"), "base64url") };
  };
  for (let bit = 0; ; bit++) {
    const { initiator, message } = await begin(newLink(host, requestId));
    if (bit === message.length * 8) break;
    message[bit >> 3]! ^= 1 << (bit & 7);
    // X25519 does not look at the last bit of a public key, but the transcript has it.
    assert.equal(await code(initiator.finish(Uint8Array.from(message))), "handshake_failed", `bit ${bit}`);
  }
  const { initiator, message } = await begin(newLink(host, requestId));
  assert.equal(Buffer.from((await initiator.finish(Uint8Array.from(message))).payload).toString(), "welcome");
});

/** What a server passes on in the place of the site's frame 0. */
const forged: readonly (readonly [name: string, frame: (s: WalletScenario) => string])[] = [
  ["something else", () => Buffer.alloc(200, 7).toString("base64url")],
  ["less than a key", () => "AAAA"],
  ["nothing of base64url", (s) => `${s.answer()}=`],
  ["the wallet's own", (s) => String((s.calls[0]!.body.frame as Record<string, unknown>).d)],
  ["half of it", (s) => s.answer().slice(0, 400)],
  ["that of another link", (s) => { const hello = String((s.calls[0]!.body.frame as Record<string, unknown>).d); const other = newLink(host, requestId).site; assert.throws(() => other.read(hello)); return other.answer("{}"); }],
];

for (const [name, frame] of forged) {
  test(`a server that passes on ${name} as the site's answer ends it`, async () => {
    const s = new WalletScenario();
    const reading = s.begin();
    await s.joined();
    s.frame(0, frame(s));
    assert.equal(await code(reading), "handshake_failed");
    s.assertSilent();
    s.assertOver();
  });
}

test("the site's answer counts once, however often it comes", async () => {
  const s = new WalletScenario();
  const reading = s.begin();
  await s.joined();
  const frame = s.answer();
  for (let i = 0; i < 3; i++) s.frame(0, frame);
  s.request = await reading;
  s.frame(0, frame);
  await s.agree();
  await s.open();
});

const two = (s: WalletScenario) => [s.seal(candidate), s.seal({ t: "ice", candidate: "" })] as const;
const disorder: readonly (readonly [name: string, pass: (s: WalletScenario) => void])[] = [
  ["swapped", (s) => [...two(s)].reverse().forEach((d, i) => s.frame(1 + i, d, "offer"))],
  ["left out", (s) => s.frame(1, two(s)[1], "offer")],
  ["repeated under the next number", (s) => { const d = s.seal(candidate); s.frame(1, d, "offer"); s.frame(2, d, "offer"); }],
  ["turned back to the wallet", (s) => s.frame(1, String((s.claims[0]!.body.answer as Record<string, unknown>).d), "offer")],
];

for (const [name, pass] of disorder) {
  test(`frames of the site that the server has ${name} end the link`, async () => {
    const s = await WalletScenario.read();
    await s.agree();
    pass(s);
    assert.equal((await s.link.closed).code, "invalid_peer");
    await settle();
    s.assertOver();
  });
}

test("the site's frames come once although the server repeats them", async () => {
  const s = await WalletScenario.read();
  await s.agree();
  const [first, second] = two(s);
  for (const [n, d] of [[1, first], [1, first], [2, second], [1, first]] as const) s.frame(n, d, "offer");
  await until(() => s.connection.added[1] === "" || undefined, "candidates");
  assert.equal(s.connection.added.length, 2);
});

test("what a server tells of a claim means nothing to a wallet", async () => {
  const s = await WalletScenario.read();
  s.say({ op: "link", account: s.account.account, proof: {}, answer: { n: 0, d: "AAAA" } });
  s.say({ op: "link", account: s.account.account, dialect: "liquid" });
  assert.deepEqual(s.heard().filter(({ topic }) => topic !== undefined && topic !== "join"), [], "it listens to nothing else");
  s.assertSilent();
  await s.agree();
  s.say({ op: "link", account: "did:key:z6Mksomebodyelse" });
  await s.open();
  assert.equal(s.link.account, s.account.account);
});

for (const name of ["proof_rejected", "link_unknown", "link_closed", "link_expired", "link_taken", "session_required", "invalid_message"] as const) {
  test(`a claim that is refused with ${name} leaves nothing`, async () => {
    const s = await WalletScenario.read();
    const kept: number[] = [];
    s.instead = ({ path }) => {
      if (path !== `/v1/links/${requestId}`) return "usual";
      return s.kept().then((all) => (kept.push(all.length), [403, { code: name }] as const));
    };
    assert.equal(await code(s.request.approve(s.account.signer)), name);
    assert.deepEqual(kept, [1], "the pairing is kept before the claim, and it is made once");
    await settle();
    assert.deepEqual(await s.kept(), []);
    assert.deepEqual(s.world.sockets.flatMap((socket) => socket.heard()).filter(({ op }) => op === "send"), [], "no address left");
    s.assertOver();
  });
}

/** Reasons for which an origin is not verified. */
const unverified: readonly (readonly [name: string, set: (s: WalletScenario) => void, changed?: Changed])[] = [
  ["the server names no page", (s) => (s.opener = undefined)],
  ["the server names another page", (s) => (s.opener = "https://evil.example")],
  ["the server names a page without TLS", (s) => (s.opener = "http://example.com")],
  ["the origin names no server", (s) => (s.wellKnown = () => [404])],
  ["the origin names another server", (s) => (s.wellKnown = () => [200, { brokers: ["other.example"] }])],
  ["the origin names a server that looks alike", (s) => (s.wellKnown = () => [200, { brokers: `${host}.evil.example` }])],
  ["the origin says no JSON", (s) => (s.wellKnown = () => [200, "brokers"])],
  ["the origin says null", (s) => (s.wellKnown = () => [200, "null"])],
  ["the origin says nothing", (s) => (s.wellKnown = () => [204])],
  ["the origin says too much", (s) => (s.wellKnown = () => [200, { brokers: [host], more: "x".repeat(4096) }])],
  ["the origin does not answer", (s) => (s.wellKnown = () => undefined)],
  ["the origin leads elsewhere", (s) => (s.wellKnown = () => [302, { brokers: [host] }])],
  ["the origin has no TLS", (s) => (s.opener = "http://example.com"), { site: { ...site, origin: "http://example.com" }, signIn: { ...signIn, uri: "http://example.com/login" } }],
];

for (const [name, set, changed] of unverified) {
  test(`where ${name} the account is not asked to sign`, async () => {
    const s = new WalletScenario();
    set(s);
    await s.read({}, changed);
    assert.equal(s.request.verified, false);
    assert.equal(await code(s.request.approve(s.account.signer)), "origin_denied");
    s.assertSilent();
    assert.deepEqual(await s.kept(), []);
    assert.equal(await code(s.request.approve(s.account.signer)), "link_closed");
    await settle();
    s.assertOver();
  });
}

test("an origin that takes its time to name its servers does not make the site late", async () => {
  const s = new WalletScenario();
  let answer = (_: [number, unknown]) => {};
  s.wellKnown = () => new Promise((resolve) => (answer = resolve));
  const reading = s.begin();
  await s.joined();
  s.world.pass(14_000);
  s.frame(0, s.answer());
  await until(() => s.elsewhere[0], "question to the origin");
  s.world.pass(2_000);
  answer([200, { brokers: [host] }]);
  const request = await reading;
  assert.equal(request.verified, true);
  assert.equal(request.lifeMs, 164_000, "the three minutes began when the wallet joined");
});

test("an origin that does not answer is waited for three seconds", async () => {
  const s = new WalletScenario();
  s.wellKnown = () => new Promise(() => {});
  const reading = s.begin();
  await s.joined();
  s.frame(0, s.answer());
  await until(() => s.elsewhere[0], "question to the origin");
  s.world.pass(3_000);
  assert.equal((await reading).verified, false);
});

test("one who insists signs for an origin that is not verified, and says so", async () => {
  const s = new WalletScenario();
  s.opener = undefined;
  await s.read({ allowUnverified: true });
  await s.agree();
  assert.deepEqual([s.claims[0]!.body.verified, s.answered.verified, s.link.verified, s.link.assurance], [undefined, false, false, "sealed"]);
});

test("a link whose server is the site's own asks nobody else", async () => {
  const s = new WalletScenario();
  s.opener = server;
  await s.read({}, { site: { ...site, origin: server }, signIn: { ...signIn, domain: host, uri: `${server}/` } });
  assert.deepEqual([s.request.verified, s.elsewhere], [true, []]);
});

// --- answers that are lost ---

/** Loses the answers to the first calls of a path. */
function lose(s: WalletScenario, end: string, times: number): void {
  let left = times;
  s.instead = ({ method, path }) => (method === "POST" && path.endsWith(end) && left-- > 0 ? undefined : "usual");
}

/** Lets time pass until something is there. */
async function later<T>(s: WalletScenario, find: () => T | undefined, what: string): Promise<T> {
  for (let i = 0; i < 40; i++) {
    const found = find();
    if (found !== undefined) return found;
    await settle();
    s.world.pass(1_000);
  }
  throw new Error(`there is no ${what}`);
}

const same = (s: WalletScenario, end: string) => new Set(s.asked("POST", end).map(({ text, token }) => `${token} ${text}`)).size;

test("a join whose answer is lost is made again, the same", async () => {
  const s = new WalletScenario();
  lose(s, "/join", 3);
  const reading = s.begin();
  await later(s, () => s.world.sockets[0], "socket");
  s.attach();
  s.frame(0, s.answer());
  await reading;
  assert.deepEqual([s.asked("POST", "/join").length, same(s, "/join")], [4, 1]);
});

test("a claim whose answer is lost is made again, the same, with the token that is due", async () => {
  const s = await WalletScenario.read();
  lose(s, requestId, 3);
  let link: unknown;
  void s.request.approve(s.account.signer).then((got) => (link = got));
  // The server has taken it: the token of the socket is dead.
  await until(() => s.claims[0], "claim");
  s.world.socket.drop(4402);
  await later(s, () => link, "link");
  assert.deepEqual([s.claims.length, same(s, requestId), s.account.asked.length], [4, 1, 1]);
  assert.equal(s.claims[0]!.token, s.calls[0]!.token);
});

test("a socket that is refused while the claim is under way does not end it", async () => {
  const s = await WalletScenario.read();
  let answer = (_: [number, unknown]) => {};
  s.instead = ({ method, path }) => {
    if (method === "GET" && path === "/v1/session") return [401, { code: "session_required" }];
    return method === "POST" && path.endsWith(requestId) ? new Promise((resolve) => (answer = resolve)) : "usual";
  };
  const approving = s.request.approve(s.account.signer);
  await until(() => s.claims[0], "claim");
  s.world.socket.drop(4402);
  for (let i = 0; i < 5; i++) {
    const sockets = s.world.sockets.length;
    s.world.pass(1_500);
    if (s.world.sockets.length > sockets) s.world.socket.drop(1006);
    await settle();
  }
  answer([200, {}]);
  s.link = await approving;
  assert.equal(s.world.socket.readyState, 0, "the token is there now, so it connects at once");
  assert.equal(s.subprotocols.at(-1)![1], `liaison.bearer.${token(s.claims[0]!.token, "successor", String(s.claims[0]!.body.key))}`);
  s.attach(`offer-${s.account.address}`);
  s.readAnswer();
  await s.open();
});

test("a session that is gone ends it", async () => {
  const s = await WalletScenario.read();
  s.instead = ({ path }) => (path === "/v1/session" ? [401, { code: "session_required" }] : "usual");
  s.world.socket.drop(1006);
  await later(s, () => {
    if (s.world.socket.readyState === 0) s.world.socket.drop(1006);
    return s.all("closed")[0];
  }, "end");
  assert.equal(await s.ended(), "session_required");
  s.assertSilent();
  s.assertOver();
});

test("a rotated session connects again with the token that is due", async () => {
  const s = await WalletScenario.read();
  await s.agree();
  s.say({ op: "error", code: "session_rotated" });
  await settle();
  s.world.pass(0);
  assert.equal(s.subprotocols.length, 2);
  assert.equal(s.subprotocols[1]![1], `liaison.bearer.${token(s.claims[0]!.token, "successor", String(s.claims[0]!.body.key))}`);
});

test("a release whose answer is lost is made again", async () => {
  const s = await WalletScenario.read({}, { locality: "require" });
  lose(s, "/release", 2);
  await s.agree();
  s.connect();
  const stop = s.answerPings();
  await until(() => s.asked("POST", "/release")[0], "release");
  assert.equal(s.told.find(({ t }) => t === "ok"), undefined);
  await later(s, () => s.told.find(({ t }) => t === "ok"), "ok");
  stop();
  assert.deepEqual([s.asked("POST", "/release").length, same(s, "/release")], [3, 1]);
  assert.notEqual(s.asked("POST", "/release")[0]!.token, s.claims[0]!.token);
});

test("a no whose answer is lost is said again", async () => {
  const s = await WalletScenario.read();
  let times = 0;
  s.instead = ({ path }) => (!path.endsWith("/reject") ? "usual" : times++ === 0 ? undefined : [409, { code: "user_rejected" }]);
  let done = false;
  void s.request.reject().then(() => (done = true));
  await later(s, () => done || undefined, "end of the rejection");
  assert.equal(same(s, "/reject"), 1);
  assert.equal((await s.request.closed).code, "user_rejected");
  s.assertSilent();
  s.assertOver();
});

// --- a link that ends ---

for (const name of Object.keys(codeTable) as Code[]) {
  test(`a link that the server ends with ${name} before the person agreed`, async () => {
    const s = await WalletScenario.read();
    s.say({ op: "closed", code: name });
    assert.equal((await s.request.closed).code, name);
    assert.notEqual(await code(s.request.approve(s.account.signer)), "none");
    s.assertSilent();
    assert.deepEqual(await s.kept(), []);
    s.assertOver();
  });

  test(`a link that the server ends with ${name} while it is claimed`, async () => {
    const s = await WalletScenario.read();
    s.instead = ({ path }) => (path.endsWith(requestId) ? new Promise(() => {}) : "usual");
    const approving = s.request.approve(s.account.signer);
    approving.catch(() => undefined);
    await until(() => s.claims[0], "claim");
    s.say({ op: "closed", code: name });
    assert.equal(await code(approving), name);
    await settle();
    assert.deepEqual(await s.kept(), []);
    s.assertOver();
  });
}

test("a socket that the server closes for good ends a request, with any other code it comes back", async () => {
  for (const [name, { close }] of Object.entries(codeTable).filter(([, { close }]) => close > 0)) {
    const s = await WalletScenario.read();
    s.world.socket.drop(close);
    await settle();
    if (close >= 4500) {
      assert.equal(await soon(s.request.closed.then((reason) => Promise.reject(reason))), name);
      assert.notEqual(await code(s.request.approve(s.account.signer)), "none");
      s.assertOver();
    } else {
      s.world.pass(10_000);
      assert.equal(s.world.sockets.length, 2, name);
      s.attach();
      await s.agree();
    }
    if (close >= 4500) s.assertSilent();
  }
});

test("an open channel needs no server, however that closes", async () => {
  const s = await WalletScenario.whole();
  for (const { close } of Object.values(codeTable)) {
    if (close > 0 && close < 4500) s.world.socket.drop(close);
    s.world.pass(10_000);
    if (s.world.socket.readyState === 0) s.attach(`offer-${s.account.address}`);
  }
  s.world.socket.drop(4512);
  s.link.send("still here");
  assert.deepEqual([s.channel.sent, s.all("closed"), s.all("signaling").at(-1)?.attached], [["still here"], [], false]);
  assert.equal((await s.kept()).length, 1);
});

/** Each leads to where somebody says nothing, and waits there. */
const silences: readonly (readonly [name: string, code: string, ms: number, live: (s: WalletScenario) => Promise<readonly [Promise<unknown>]>])[] = [
  ["the server does not answer", "signaling_unreachable", 30_000, async (s) => { s.instead = () => new Promise(() => {}); const reading = s.begin(); await until(() => s.calls[0], "join"); return [reading]; }],
  ["the socket does not open", "signaling_unreachable", 15_000, async (s) => { const reading = s.begin(); await until(() => s.world.sockets[0], "socket"); return [reading]; }],
  ["the site does not answer", "timed_out", 15_000, async (s) => { const reading = s.begin(); await s.joined(); return [reading]; }],
  ["the person does not answer", "link_expired", 181_000, async (s) => (await s.read(), [s.request.closed.then((reason) => Promise.reject(reason))])],
  ["the account does not sign", "link_expired", 181_000, async (s) => (await s.read(), [s.request.approve({ ...s.account.signer, sign: () => new Promise(() => {}) })])],
  ["the claim is not answered", "link_expired", 181_000, async (s) => { await s.read(); s.instead = () => new Promise(() => {}); const approving = s.request.approve(s.account.signer); await until(() => s.claims[0], "claim"); return [approving]; }],
  ["there is no path", "ice_failed", 90_000, async (s) => (await s.read(), await s.agree(), [s.link.opened()])],
  ["the site does not say ok", "timed_out", 180_000, async (s) => (await s.read(), await s.agree(), s.connect(), await until(() => s.told.find(({ t }) => t === "ok"), "ok"), [s.link.opened()])],
];

for (const [name, want, ms, live] of silences) {
  test(`if ${name} it ends with ${want}, and not before its time`, async () => {
    const s = new WalletScenario();
    let ended = "";
    const [waiting] = await live(s);
    void code(waiting).then((got) => (ended = got));
    const before = s.world.time;
    while (!ended && s.world.time - before < ms + 2_000) {
      if (s.link) s.say({ op: "acked", next: 4 }); // the server is there
      s.world.pass(1_000);
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assert.deepEqual([ended, s.world.time - before >= ms], [want, true]);
    await settle();
    s.world.pass(2_000); // the last words have their moment
    s.assertOver();
  });
}

// --- the person ---

test("who has answered once has answered", async () => {
  const s = await WalletScenario.read();
  const approving = s.request.approve(s.account.signer);
  assert.equal(await code(s.request.approve(s.account.signer)), "link_closed");
  assert.equal(await code(s.request.reject()), "link_closed");
  s.link = await approving;
  assert.equal(await code(s.request.approve(s.account.signer)), "link_closed");
  assert.deepEqual([s.account.asked.length, s.claims.length, s.asked("POST", "/reject").length], [1, 1, 0]);
  s.readAnswer();
  await s.open();
});

test("a no is a no", async () => {
  const s = await WalletScenario.read();
  const rejecting = s.request.reject();
  assert.equal(await code(s.request.approve(s.account.signer)), "link_closed");
  await rejecting;
  assert.equal(await code(s.request.approve(s.account.signer)), "link_closed");
  assert.equal((await s.request.closed).code, "user_rejected");
  assert.equal(s.asked("POST", "/reject").length, 1);
  s.assertSilent();
  s.assertOver();
});

/** What an account does in place of a signature. */
const signers: readonly (readonly [name: string, code: string, sign: (s: WalletScenario, text: string) => unknown])[] = [
  ["signs another text", "internal", (s, text) => s.account.sign(text.replace("example.com", "bank.example"))],
  ["signs for another account", "internal", (s, text) => ({ ...s.account.sign(text), address: "z6Mkother" })],
  ["signs for another chain", "internal", (s, text) => ({ ...s.account.sign(text), chain: "eip155:1" })],
  ["returns nothing", "internal", () => undefined],
  ["throws", "internal", () => { throw new Error("no key"); }],
  ["says no", "user_rejected", () => Promise.reject(new LinkError("user_rejected"))],
];

for (const [name, want, sign] of signers) {
  test(`an account that ${name} signs nobody in`, async () => {
    const s = await WalletScenario.read();
    const { chain, address } = s.account;
    assert.equal(await code(s.request.approve({ chain, address, sign: (text) => sign(s, text) as never })), want);
    assert.deepEqual([s.claims, await s.kept()], [[], []]);
    assert.equal(s.connection.localDescription, undefined);
    await settle();
    s.assertOver();
  });
}

test("an account of a chain that the site does not take is not asked to sign", async () => {
  const s = await WalletScenario.read({}, asks({ chains: ["eip155:1"] }));
  assert.throws(() => s.request.text(s.account), (error) => error instanceof LinkError && error.code === "invalid_peer");
  assert.equal(await code(s.request.approve(s.account.signer)), "invalid_peer");
  s.assertSilent();
  s.assertOver();
});

test("an account that signs after the link has ended signs nobody in", async () => {
  const s = await WalletScenario.read();
  let sign = () => {};
  const { chain, address } = s.account;
  const approving = s.request.approve({ chain, address, sign: (text) => new Promise((resolve) => (sign = () => resolve(s.account.sign(text)))) });
  approving.catch(() => undefined);
  await settle();
  s.say({ op: "closed", code: "link_closed" });
  sign();
  assert.equal(await code(approving), "link_closed");
  await settle();
  assert.deepEqual([s.claims, await s.kept()], [[], []]);
  s.assertOver();
});

test("a link that ends while the pairing is kept leaves none, and nobody uses it", async () => {
  const s = await WalletScenario.read();
  const { put } = s.pairings;
  let go = () => {};
  let held: Promise<void> | undefined;
  s.pairings.put = async (kept) => {
    held = new Promise((resolve) => (go = resolve));
    await held;
    return put.call(s.pairings, kept);
  };
  const approving = s.request.approve(s.account.signer);
  approving.catch(() => undefined);
  await until(() => held && true, "pairing");
  s.say({ op: "closed", code: "link_closed" });
  go();
  assert.equal(await code(approving), "link_closed");
  await settle();
  assert.deepEqual([s.claims, await listPairings(s)], [[], []]);
  assert.equal(await s.pairings.use(s.site.resumption.id), true, "a link that is over is still in use");
});

test("an approval that is given up does not sign in later", async () => {
  for (const at of ["before", "signing", "claiming"] as const) {
    const s = await WalletScenario.read();
    const stop = new AbortController();
    let signing = false;
    if (at === "before") stop.abort();
    if (at === "claiming") s.instead = ({ path }) => (path.endsWith(requestId) ? new Promise(() => {}) : "usual");
    const { chain, address } = s.account;
    const sign = (text: string) => ((signing = true), at === "signing" ? new Promise<never>(() => {}) : Promise.resolve(s.account.sign(text)));
    const approving = s.request.approve({ chain, address, sign }, { signal: stop.signal });
    approving.catch(() => undefined);
    await settle();
    assert.equal(signing, at !== "before", at);
    stop.abort();
    await settle();
    assert.equal(await soon(approving), "canceled", at);
    assert.equal(s.claims.length, at === "claiming" ? 1 : 0, at);
    assert.deepEqual(await s.kept(), [], at);
    s.assertOver();
  }
});

test("a signal that is aborted after the approval ends nothing", async () => {
  const s = await WalletScenario.read();
  const stop = new AbortController();
  s.link = await s.request.approve(s.account.signer, { signal: stop.signal });
  stop.abort();
  s.readAnswer();
  await s.open();
});

test("whoever gives up at any stage is told at once, and nothing is left", async () => {
  const stages: readonly ((s: WalletScenario, signal: AbortSignal) => Promise<Promise<unknown>[]>)[] = [
    async (s, signal) => ((s.platform as { certificate: unknown }).certificate = () => new Promise(() => {}), [s.begin({ signal })]),
    async (s, signal) => ((s.instead = () => new Promise(() => {})), [s.begin({ signal })]),
    async (s, signal) => { const reading = s.begin({ signal }); await s.joined(); return [reading]; },
    async (s, signal) => { s.wellKnown = () => new Promise(() => {}); const reading = s.begin({ signal }); await s.joined(); s.frame(0, s.answer()); await until(() => s.elsewhere[0], "question"); return [reading]; },
    async (s, signal) => (await s.read({ signal }), [s.request.closed.then((reason) => Promise.reject(reason))]),
    async (s, signal) => (await s.read({ signal }), await s.agree(), [s.link.opened()]),
  ];
  for (const [at, stage] of stages.entries()) {
    const s = new WalletScenario();
    const stop = new AbortController();
    const [waiting] = await stage(s, stop.signal);
    waiting!.catch(() => undefined);
    await settle();
    stop.abort(new DOMException("", "TimeoutError"));
    assert.equal(await soon(waiting!), "timed_out", `stage ${at}`);
    await settle();
    s.assertOver();
  }
  const s = new WalletScenario();
  assert.equal(await code(s.begin({ signal: AbortSignal.abort() })), "canceled");
  assert.deepEqual(s.calls, []);
});

test("a wallet that gives up at any turn leaves nothing behind", async () => {
  for (let turns = 0, read = false; !read; turns += 10) {
    const s = new WalletScenario();
    s.wellKnown = () => new Promise(() => {});
    const stop = new AbortController();
    const reading = s.begin({ signal: stop.signal });
    for (let i = 0; i < turns; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      const socket = s.world.sockets.at(-1);
      if (socket?.readyState !== 0) continue;
      s.attach();
      s.frame(0, s.answer());
    }
    read = s.elsewhere.length > 0;
    stop.abort();
    assert.equal(await soon(reading), "canceled", `after ${turns} turns`);
    await settle();
    s.assertSilent();
    s.assertOver();
    assert.deepEqual(await s.kept(), []);
  }
});

test("in one call a yes links, a no rejects, and a question that fails is a no", async () => {
  for (const [answer, want] of [[async () => false, "user_rejected"], [async () => { throw new LinkError("canceled"); }, "canceled"], [() => { throw new LinkError("canceled"); }, "canceled"]] as const) {
    const s = new WalletScenario();
    const { uri, site } = newLink(host, requestId);
    s.site = site;
    const linking = connectWallet({ ...s.options(), link: uri, signer: s.account.signer, confirm: answer });
    linking.catch(() => undefined);
    await s.joined();
    s.frame(0, s.answer());
    assert.equal(await code(linking), want);
    await settle();
    assert.equal(s.asked("POST", "/reject").length, 1);
    s.assertSilent();
    s.assertOver();
  }
});

// --- the gate ---

test("a held claim is released when the wallet has measured, and before its ok", async () => {
  for (const [own, theirs] of [["require", "off"], ["off", "require"], ["prefer", "report"]] as const) {
    const s = await WalletScenario.read({ locality: own }, { locality: theirs });
    assert.equal(s.request.locality, own === "off" ? theirs : own);
    await s.agree();
    assert.equal(s.claims[0]!.body.held, true);
    s.connect();
    await settle();
    assert.deepEqual([s.asked("POST", "/release").length, s.told.filter(({ t }) => t === "ok").length], [0, 0], "before anything was measured");
    s.instead = (call) => {
      if (call.path.endsWith("/release")) assert.equal(s.told.find(({ t }) => t === "ok"), undefined, "ok comes after the release");
      return "usual";
    };
    const stop = s.answerPings(5);
    await until(() => s.told.find(({ t }) => t === "ok"), "ok");
    stop();
    assert.deepEqual([s.asked("POST", "/release").length, s.link.locality?.local, s.link.locality?.rttMs], [1, true, 5]);
    s.control.say('{"t":"ok"}');
    await s.link.opened();
  }
});

test("a channel that opens before the claim is answered waits for that, and stays", async () => {
  for (const locality of ["off", "require"] as const) {
    const s = await WalletScenario.read({}, { locality });
    let answer = (_: [number, unknown]) => {};
    s.instead = ({ path }) => (path.endsWith(requestId) ? new Promise((resolve) => (answer = resolve)) : "usual");
    const approving = s.request.approve(s.account.signer);
    await until(() => s.claims[0], "claim");
    s.connect();
    const stop = s.answerPings();
    s.control.say('{"t":"ok"}');
    await settle();
    assert.deepEqual([s.told.filter(({ t }) => t === "ok").length, s.asked("POST", "/release").length, s.all("open").length], [0, 0, 0], "nobody is linked yet");
    answer([200, {}]);
    s.link = await approving;
    await until(() => s.all("open")[0], "open channel");
    stop();
    assert.equal(s.asked("POST", "/release").length, locality === "require" ? 1 : 0);
    s.world.pass(100_000);
    assert.deepEqual(s.all("closed"), [], "it was open in time");
  }
});

test("where nothing is to be measured nothing is held", async () => {
  for (const level of ["off", "report"] as const) {
    const s = await WalletScenario.whole({}, { locality: level });
    assert.deepEqual([s.claims[0]!.body.held, s.asked("POST", "/release").length], [undefined, 0]);
  }
});

test("from afar a claim is not released where nearness is required, whatever the server says", async () => {
  const far: readonly ((s: WalletScenario) => () => void)[] = [
    (s) => ((s.connection.stats = pair("srflx", 0.001)), s.answerPings(31)),
    (s) => ((s.connection.stats = pair("relay", 0.001)), s.answerPings(1)),
    (s) => ((s.connection.stats = pair("host", 0.001)), s.answerPings(51)),
    // The server answers in the place of the site.
    (s) => {
      const timer = setInterval(() => {
        const nonce = s.told.filter(({ t }) => t === "ping").at(-1)?.nonce;
        if (nonce) s.control.say(JSON.stringify({ t: "pong", nonce, mac: s.site.pong("wallet", Buffer.from(String(nonce), "base64url")) }));
      }, 0).unref();
      return () => clearInterval(timer);
    },
  ];
  for (const [at, measure] of far.entries()) {
    const s = await WalletScenario.read({ confirmRemote: async () => true }, { locality: "require" });
    await s.agree();
    s.connect();
    const stop = measure(s);
    assert.equal(await s.ended(), "not_local", `case ${at}`);
    stop();
    await settle();
    assert.equal(s.asked("POST", "/release").length, 0);
    assert.deepEqual([s.all("open"), s.told.filter(({ t }) => t === "ok"), s.told.at(-1)], [[], [], { t: "bye", code: "not_local" }]);
    assert.deepEqual(await s.kept(), []);
    s.control.closed();
    s.assertOver();
  }
});

test("a site that is not near is asked about once, and a yes releases", async () => {
  for (const [answer, want] of [[async () => true, "open"], [async () => false, "not_local"], [undefined, "not_local"], [async () => { throw new Error("no screen"); }, "internal"]] as const) {
    let asked = 0;
    const s = await WalletScenario.read(answer ? { confirmRemote: (report) => (asked++, assert.equal(report.local, false), answer()) } : {}, { locality: "prefer" });
    assert.equal(s.request.asksCode, false);
    s.instead = ({ path }) => (path.endsWith("/network") ? [200, { network: "different" }] : "usual");
    await s.agree();
    assert.equal(s.all("code").length, 1, "the site may ask for it");
    s.connection.stats = pair("relay", 0.2);
    s.connect();
    const stop = s.answerPings(100);
    if (want === "open") await until(() => s.told.find(({ t }) => t === "ok"), "ok");
    else assert.equal(await s.ended(), want);
    stop();
    assert.deepEqual([asked, s.asked("POST", "/release").length], [answer ? 1 : 0, want === "open" ? 1 : 0]);
  }
});

test("nobody is asked about a site whose link has ended while it was measured", async () => {
  let asked = 0;
  const s = await WalletScenario.read({ confirmRemote: async () => (asked++, true) }, { locality: "prefer" });
  s.instead = ({ path }) => (path.endsWith("/network") ? [200, { network: "different" }] : "usual");
  await s.agree();
  s.connection.stats = pair("relay", 0.2);
  s.connect();
  await until(() => s.told.find(({ t }) => t === "ping"), "ping");
  s.link.suspend();
  await settle();
  assert.deepEqual([asked, s.asked("POST", "/release").length, s.all("locality").length], [0, 0, 0]);
});

test("a yes that comes after the end releases nothing", async () => {
  let yes = () => {};
  const s = await WalletScenario.read({ confirmRemote: () => new Promise((resolve) => (yes = () => resolve(true))) }, { locality: "prefer" });
  s.instead = ({ path }) => (path.endsWith("/network") ? [200, { network: "different" }] : "usual");
  await s.agree();
  s.connection.stats = pair("relay", 0.2);
  s.connect();
  const stop = s.answerPings(100);
  await until(() => s.all("locality")[0], "report");
  stop();
  s.control.say('{"t":"bye","code":"channel_closed"}');
  assert.equal((await s.link.closed).code, "channel_closed");
  yes();
  await settle();
  assert.equal(s.asked("POST", "/release").length, 0);
});

test("another certificate than the site's gets nothing", async () => {
  const s = await WalletScenario.read({}, { locality: "require" });
  await s.agree();
  s.connection.certificate = Buffer.from("somebody else's");
  s.connect();
  s.channel.say("hello");
  s.control.say('{"t":"ok"}');
  const stop = s.answerPings();
  assert.equal(await s.ended(), "certificate_mismatch");
  stop();
  await settle();
  assert.deepEqual([s.all("open"), s.all("message"), s.asked("POST", "/release"), s.channel.sent, s.told.filter(({ t }) => t !== "bye")], [[], [], [], [], []]);
  assert.deepEqual(await s.kept(), []);
});

test("channels of other names, and second ones, are closed", async () => {
  const s = await WalletScenario.read();
  await s.agree();
  s.connect();
  const [control, channel] = [s.control, s.channel];
  for (const label of ["liaison", "liaison.control", "liquid", "other"]) {
    const more = new Channel(label);
    s.connection.announce(more);
    assert.equal(more.readyState, "closing", label);
    more.onmessage?.({ data: '{"t":"ok"}' });
  }
  await until(() => control.sent[0], "ok");
  assert.equal(s.all("open").length, 0);
  control.say('{"t":"ok"}');
  await s.link.opened();
  s.link.send("hello");
  assert.deepEqual(channel.sent, ["hello"]);
});

/** What a site does on the control channel. */
const controls: readonly (readonly [name: string, code: string, say: (s: WalletScenario) => void])[] = [
  ["says ok twice", "invalid_peer", (s) => [1, 2].forEach(() => s.control.say('{"t":"ok"}'))],
  ["says what nobody knows", "invalid_peer", (s) => s.control.say('{"t":"sudo"}')],
  ["says no JSON", "invalid_peer", (s) => s.control.say("{")],
  ["says bytes", "invalid_peer", (s) => s.control.say(new ArrayBuffer(2))],
  ["says too much", "invalid_peer", (s) => s.control.say(JSON.stringify({ t: "ok", more: "x".repeat(4096) }))],
  ["pings for ever", "invalid_peer", (s) => { for (let i = 0; i < 201; i++) s.control.say(JSON.stringify({ t: "ping", nonce: Buffer.alloc(16, i).toString("base64url") })); }],
  ["refuses", "code_mismatch", (s) => s.control.say('{"t":"bye","code":"code_mismatch"}')],
  ["says goodbye", "channel_closed", (s) => s.control.say('{"t":"bye","code":"channel_closed"}')],
  ["says goodbye with what nobody knows", "channel_closed", (s) => s.control.say('{"t":"bye","code":"party"}')],
];

for (const [name, want, say] of controls) {
  test(`a site that ${name} on the control channel ends it, for good`, async () => {
    const s = await WalletScenario.read();
    await s.agree();
    s.connect();
    await until(() => s.told.find(({ t }) => t === "ok"), "ok");
    say(s);
    assert.equal((await s.link.closed).code, want);
    await settle();
    assert.deepEqual(await s.kept(), []);
  });
}

test("a site's ping is answered by the wallet's own key", async () => {
  const s = await WalletScenario.read();
  await s.agree();
  s.connect();
  const nonce = Buffer.alloc(16, 7);
  s.control.say(JSON.stringify({ t: "ping", nonce: nonce.toString("base64url") }));
  const pong = await until(() => s.told.find(({ t }) => t === "pong"), "pong");
  assert.deepEqual(pong, { t: "pong", nonce: nonce.toString("base64url"), mac: s.site.pong("wallet", nonce) });
});

for (const [name, instead] of [
  ["is told", () => "usual"],
  ["cannot be told", ({ path }) => (path.endsWith("/reject") ? [503, { code: "overloaded" }] : "usual")],
] as [string, WalletScenario["instead"]][]) {
  test(`with candidates "relay" a server that names none is no use, which is said at once, and the site's side ${name}`, async () => {
    const s = new WalletScenario();
    s.instead = instead;
    await assert.rejects(s.begin({ candidates: "relay" }), (error) => error instanceof LinkError && error.code === "ice_failed" && error.detail === "the server names no relay");
    assert.deepEqual(s.connections, [], "connections");
    assert.deepEqual(s.calls.slice(-2).map(({ path }) => path.replace(/.*\//, "")), ["join", "reject"]);
    s.assertOver();
  });
}

test('with candidates "relay" a site that is met again is not refused for want of a relay', async () => {
  const { s, pairing, has } = await paired();
  const again = s.later();
  await assert.rejects(again.meet(pairing, has, { candidates: "relay" }), { code: "ice_failed" });
  assert.deepEqual([again.asked("POST", "/reject"), (await again.kept()).length], [[], 1]);
});

test("an address that must not be tried is not, wherever the site writes it", async () => {
  const s = await WalletScenario.read({ candidates: "srflx" });
  await s.agree();
  s.frame(1, s.seal({ ...candidate, candidate: "candidate:1 1 udp 1 192.168.1.1 80 typ host" }), "offer");
  s.frame(2, s.seal({ t: "offer", sdp: description(siteFingerprint, "a=candidate:1 1 udp 1 192.168.1.1 80 typ host", "a=candidate:2 1 udp 1 198.51.100.7 9 typ srflx raddr 192.168.1.1 rport 9") }), "offer");
  await until(() => s.connection.remoteDescription?.sdp?.includes("198.51.100.7") || undefined, "offer");
  assert.doesNotMatch(s.connection.remoteDescription!.sdp!, /192\.168\.1\.1 80/);
  assert.deepEqual(s.connection.added, []);
  assert.deepEqual(s.heard().filter(({ op }) => op === "send").map(({ d }) => (d as { candidate?: string }).candidate).filter(Boolean), [], "no address of the local network leaves either");
});

for (const [candidates, tried] of [
  ["host", ["192.168.1.1", "127.0.0.1", "printer.local", "198.51.100.9"]],
  ["srflx", ["198.51.100.9"]],
  ["relay", ["192.168.1.1", "127.0.0.1", "198.51.100.9"]], // by the relay, from where it is
] as const) {
  test(`with candidates "${candidates}" an address counts for what it is, and not for what the site calls it`, async () => {
    const s = new WalletScenario();
    s.iceServers = [{ urls: "turn:turn.example.com" }];
    await s.read({ candidates });
    await s.agree();
    const at = ["192.168.1.1", "127.0.0.1", "printer.local", "198.51.100.9"];
    for (const [i, address] of at.entries()) s.frame(1 + i, s.seal({ t: "ice", candidate: `candidate:1 1 udp 1 ${address} 80 typ ${i % 2 ? "relay" : "srflx"} raddr 0.0.0.0 rport 9` }), "offer");
    await until(() => s.connection.added.find((line) => line.includes("198.51.100.9")), "the last one");
    assert.deepEqual(s.connection.added.map((line) => line.split(" ")[4]), tried);
  });
}

// --- meeting again ---

/** A pairing whose link is over, and what the site has of it. */
async function paired(changed: Changed = {}): Promise<{ s: WalletScenario; pairing: string; has: { id: string; secret: Uint8Array } }> {
  const s = await WalletScenario.whole({}, changed);
  const pairing = s.link.pairing!;
  s.link.suspend();
  await settle();
  return { s, pairing, has: s.site.resumption };
}

/** Meets the site again up to its welcome. */
async function greet(s: WalletScenario, pairing: string, has: { id: string; secret: Uint8Array }, changed: Changed = {}) {
  const meeting = s.meet(pairing, has);
  await later(s, () => s.asked("POST", `${has.id}/join`)[0], "join");
  await s.joined();
  s.frame(0, s.answer(changed));
  return meeting;
}

/** The site reads the answer, and both connect. */
async function connect(s: WalletScenario): Promise<void> {
  const answer = await until(() => s.world.socket.heard().find(({ op, n }) => op === "send" && n === 1), "answer");
  assert.equal((JSON.parse(s.site.open(String(answer.d))) as { t: string }).t, "answer");
  s.connect();
  await until(() => s.told.find(({ t }) => t === "ok"), "ok of the wallet");
}

const names = async (s: WalletScenario) => (await s.kept()).map(({ id }) => id);

test("a pairing is kept before the claim, and met again without a prompt", async () => {
  const { s, pairing, has } = await paired();
  assert.deepEqual(await names(s), [has.id]);
  const t = s.later();
  t.opener = undefined; // no page of the site opens a resumption
  const meeting = greet(t, pairing, has, { resume: 3600, site: { name: "Your bank", origin: "https://bank.example" }, signIn: { ...signIn, domain: "bank.example", uri: "https://bank.example/" } });
  await until(() => t.connections[0]?.localDescription, "answer in force");
  assert.deepEqual(await names(s), [t.site.resumption.id, has.id], "the old one stays until the site has the new");
  await connect(t);
  assert.deepEqual(await names(s), [t.site.resumption.id, has.id]);
  t.control.say('{"t":"ok"}');
  const link = await meeting;
  await settle();
  assert.deepEqual(await names(s), [t.site.resumption.id]);
  assert.deepEqual([t.account.asked, t.elsewhere], [[], []]);
  assert.deepEqual([link.site, link.verified, link.account, link.assurance, link.pairing], [site, true, s.account.account, "sealed+origin", pairing], "it is who was shown");
  assert.deepEqual((await listPairings(s)).map((kept) => [kept.pairing, kept.site, kept.account]), [[pairing, site, s.account.account]]);
  assert.equal(t.all("open").length, 1);
  link.close();
  assert.equal(t.all("closed").length, 1);
  await settle();
  assert.deepEqual(await listPairings(s), []);
});

test("cut off while they took new keys, the two meet whichever the site has", async () => {
  for (const siteHas of ["old", "new"] as const) {
    const { s, pairing, has } = await paired();
    const t = s.later();
    const meeting = greet(t, pairing, has);
    meeting.catch(() => undefined);
    await until(() => t.connections[0]?.localDescription, "answer in force");
    const next = t.site.resumption;
    t.say({ op: "closed", code: "link_closed" }); // and what it looks for next is not there
    t.instead = ({ path }) => (path.endsWith("/join") && !path.includes(siteHas === "old" ? has.id : next.id) ? [404, { code: "link_unknown" }] : "usual");
    const meant = siteHas === "old" ? has : next;
    t.requestId = meant.id;
    t.site = new Responder(ofResumption(meant));
    const joins = t.asked("POST", `${meant.id}/join`).length;
    await later(t, () => t.asked("POST", `${meant.id}/join`)[joins], "second join");
    await t.joined();
    t.frame(0, t.answer());
    await connect(t);
    // What came of the first attempt with the old one is of no use any more.
    if (siteHas === "old") assert.deepEqual((await names(s)).includes(next.id), true, "not before it is known to be");
    t.control.say('{"t":"ok"}');
    await meeting;
    await settle();
    assert.deepEqual(await names(s), [t.site.resumption.id], siteHas);
  }
});

test("attempts that fail do not pile up", async () => {
  const { s, pairing, has } = await paired();
  const t = s.later();
  const stop = new AbortController();
  const meeting = t.meet(pairing, has, { signal: stop.signal });
  const seen: string[] = [];
  for (let i = 0; i < 4; i++) {
    // The site has the old one, each time.
    t.requestId = has.id;
    t.site = new Responder(ofResumption(has));
    t.instead = ({ path }) => (path.endsWith("/join") && !path.includes(has.id) ? [404, { code: "link_unknown" }] : "usual");
    await later(t, () => t.asked("POST", `${has.id}/join`)[i], "join");
    await t.joined();
    t.frame(0, t.answer());
    await until(() => t.connections[i]?.localDescription, "answer in force");
    seen.push(t.site.resumption.id);
    t.say({ op: "closed", code: "link_closed" });
    await later(t, () => t.connections[i]!.over || undefined, "end of the attempt");
    await settle();
  }
  stop.abort();
  assert.equal(await code(meeting), "canceled");
  assert.deepEqual(await names(s), [seen.at(-1), has.id]);
  assert.deepEqual(t.all("closed"), [], "an attempt that failed is not an end");
  assert.equal((await listPairings(s)).length, 1);
});

test("after a goodbye no version of the pairing is left", async () => {
  const { s, pairing, has } = await paired();
  // An attempt that was cut off has left another version.
  const t = s.later();
  const stop = new AbortController();
  t.meet(pairing, has, { signal: stop.signal });
  await later(t, () => t.asked("POST", "/join")[0], "join");
  await t.joined();
  t.frame(0, t.answer());
  await until(() => t.connections[0]?.localDescription, "answer in force");
  const next = t.site.resumption;
  stop.abort();
  await settle();
  assert.deepEqual(await names(s), [next.id, has.id]);
  t.heard(); // its answer may have gone out, or not
  // The site has the new one.
  const u = s.later();
  const meeting = greet(u, pairing, next);
  await connect(u);
  u.control.say('{"t":"ok"}');
  const link = await meeting;
  await settle();
  assert.deepEqual(await names(s), [u.site.resumption.id], "the site has no other");
  link.close();
  await settle();
  assert.deepEqual(await listPairings(s), []);
});

test("a pairing that is forgotten while the two meet stays forgotten", async () => {
  for (const when of ["before the welcome", "while it is kept", "before the ok"] as const) {
    const { s, pairing, has } = await paired();
    const t = s.later();
    const meeting = t.meet(pairing, has);
    await later(t, () => t.asked("POST", "/join")[0], "join");
    await t.joined();
    if (when === "before the welcome") await forgetPairing({ pairing }, t);
    const { put } = t.pairings;
    if (when === "while it is kept") t.pairings.put = async (kept) => (await forgetPairing({ pairing }, t), put.call(t.pairings, kept));
    t.frame(0, t.answer());
    if (when === "before the ok") {
      await connect(t);
      await forgetPairing({ pairing }, t);
      t.control.say('{"t":"ok"}');
      (await meeting).suspend();
    } else assert.equal(await code(meeting), "resumption_unknown", when);
    t.pairings.put = put;
    await settle();
    assert.deepEqual(await listPairings(s), [], when);
    assert.equal(await s.pairings.use(pairing), true, "it is not in use any more");
  }
});

test("one page meets a site, and another waits its turn", async () => {
  const s = await WalletScenario.whole();
  const pairing = s.link.pairing!;
  assert.equal(await code(resumeWallet({ pairing }, s.later().options())), "replaced", "the link is open here");
  s.link.suspend();
  await settle();
  const t = s.later();
  const stop = new AbortController();
  const meeting = t.meet(pairing, s.site.resumption, { signal: stop.signal });
  await later(t, () => t.asked("POST", "/join")[0], "join");
  assert.equal(await code(resumeWallet({ pairing }, s.later().options())), "replaced", "the two are about to meet");
  stop.abort();
  assert.equal(await code(meeting), "canceled");
  const u = s.later();
  const again = greet(u, pairing, s.site.resumption);
  await connect(u);
  u.control.say('{"t":"ok"}');
  await again;
});

test("a pairing ends with its time, and one without a key is none", async () => {
  const { s, pairing } = await paired();
  const [kept] = await s.kept();
  s.world.pass(3_599_000);
  assert.equal((await listPairings(s)).length, 1);
  s.world.pass(1_000);
  assert.deepEqual(await listPairings(s), []);
  assert.equal(await code(resumeWallet({ pairing }, s.later().options())), "resumption_unknown");
  const fresh = { ...kept!, from: "", expiresAt: kept!.expiresAt * 2 };
  await s.pairings.put({ ...fresh, key: { type: "secret" } as unknown as CryptoKey });
  assert.equal(await code(resumeWallet({ pairing }, s.later().options())), "resumption_unknown");
  await s.pairings.put(fresh);
  assert.equal((await listPairings(s)).length, 1);
});

test("a pairing is kept only if both want that", async () => {
  for (const [options, changed] of [[{ resume: false }, {}], [{}, { resume: 0 }], [{}, { resume: undefined }]] as const) {
    const s = await WalletScenario.whole(options, changed);
    assert.deepEqual([await listPairings(s), s.link.pairing], [[], undefined]);
  }
});

test("a server that is away for minutes does not end the wait for the site", async () => {
  const { s, pairing, has } = await paired();
  const t = s.later();
  t.instead = () => undefined;
  const meeting = t.meet(pairing, has);
  let ended = "";
  meeting.catch((error: LinkError) => (ended = error.code));
  for (let i = 0; i < 120; i++) {
    t.world.pass(1_000);
    for (let j = 0; j < 5; j++) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert.equal(ended, "");
  t.instead = () => "usual";
  await later(t, () => t.world.sockets.find((socket) => socket.readyState === 0), "socket");
  t.attach();
  t.frame(0, t.answer());
  await connect(t);
  t.control.say('{"t":"ok"}');
  await meeting;
});

test("a wallet that has joined what another page of the site has opened anew comes to that", async () => {
  const { pairing, has, s } = await paired();
  const t = s.later();
  const meeting = t.meet(pairing, has);
  await later(t, () => t.asked("POST", "/join")[0], "join");
  await until(() => t.world.sockets.find((socket) => socket.readyState === 0), "socket");
  t.world.socket.open();
  t.say({ op: "error", code: "link_forbidden" });
  t.site = new Responder(ofResumption(has));
  await later(t, () => t.asked("POST", "/join")[1], "second join");
  await t.joined();
  t.frame(0, t.answer());
  await connect(t);
  t.control.say('{"t":"ok"}');
  assert.equal((await meeting).pairing, pairing);
});

test("a server that cannot be the site does not lose the pairing", async () => {
  const { s, pairing, has } = await paired();
  const t = s.later();
  const meeting = t.meet(pairing, has);
  await later(t, () => t.asked("POST", "/join")[0], "join");
  await t.joined();
  t.frame(0, Buffer.alloc(200, 7).toString("base64url"));
  assert.equal(await code(meeting), "handshake_failed");
  await settle();
  assert.deepEqual(await names(s), [has.id]);
  t.assertOver();
});

/** The code with which something is refused. */
async function code(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof LinkError, String(error));
    return error.code;
  }
  return "none";
}

/** The same, if that needs no time to pass. */
async function soon(work: Promise<unknown>): Promise<string> {
  return Promise.race([code(work), settle().then(() => "nothing")]);
}
