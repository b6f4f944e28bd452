import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { SiteOptions } from "../src/site.ts";
import { Channel, description } from "./connection.ts";
import { Signer } from "./initiator.ts";
import { requestId, Scenario, settle, until, walletFingerprint } from "./scenario.ts";
import { siteFingerprint } from "./world.ts";

const account = "algorand:wGHE2Pwdvd7S12BL5FaOP20EGYesN73k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAY5HFKQ";
const address = account.split(":")[2]!;

/** The server vouches for a wallet. */
function vouch(s: Scenario, more: Record<string, unknown> = {}): void {
  s.say({ op: "link", account, dialect: "liquid", ...more });
}

const plain = (message: unknown) => Buffer.from(JSON.stringify(message)).toString("base64url");
const offer = (...more: string[]) => plain({ t: "offer", sdp: description(walletFingerprint, ...more) });
const candidate = (where: string) => `candidate:1 1 udp 1 ${where} 9 typ host`;

/** What the site sent as frames since the last call. */
function said(s: Scenario): unknown[] {
  return s.world.socket.heard().filter(({ op }) => op === "send").map(({ n, d }) => [n, JSON.parse(Buffer.from(String(d), "base64url").toString())]);
}

for (const legacy of [undefined, "warn", "allow"] as const) {
  test(`a wallet that does not seal, with the policy ${legacy ?? "of nobody"}`, async () => {
    const s = await Scenario.link({ ...(legacy && { legacy }) });
    assert.equal(Buffer.from(s.link.uri.split("#1.")[1]!, "base64url")[1], 1, "the link says that it may answer");
    vouch(s);
    assert.equal(await s.link.account(), account);
    assert.equal(s.link.assurance, "server-asserted");
    assert.equal(s.link.uri, "");
    assert.deepEqual(s.all("unsealed").map(({ at: _, ...event }) => event), [{ type: "unsealed", dialect: "liquid", account, warn: legacy !== "allow" }]);
    assert.deepEqual(s.all("linked").map(({ at: _, ...event }) => event), [{ type: "linked", account, address, assurance: "server-asserted" }]);
    s.say({ op: "subscribed", topic: `answer-${address}` });
    assert.deepEqual([s.connections.length, s.connections[0]!.over, s.connection.channels.length], [2, true, 0], "the wallet makes the channel");

    s.frame(0, plain({ t: "ice", candidate: candidate("192.0.2.3"), sdpMid: "0" }));
    s.frame(1, plain({ t: "ice", candidate: candidate("tracker.example"), sdpMid: "0" }));
    s.frame(2, offer(`a=${candidate("192.0.2.4")}`, `a=${candidate("tracker.example")}`));
    await until(() => s.connection.localDescription, "answer");
    await settle();
    assert.equal(s.connection.remoteDescription!.sdp, description(walletFingerprint, `a=${candidate("192.0.2.4")}`), "no name is looked up");
    assert.deepEqual(s.connection.added, [candidate("192.0.2.3")]);
    assert.deepEqual(said(s), [
      [0, { t: "answer", sdp: description(siteFingerprint) }],
      [1, { t: "ice", candidate: candidate("192.0.2.1"), sdpMid: "0", sdpMLineIndex: 0 }],
      [2, { t: "ice", candidate: "" }],
    ]);

    s.say({ op: "acked", next: 3 });

    const other = new Channel("liaison.control");
    s.connection.announce(other);
    assert.equal(other.readyState, "closing", "no channel but its own");
    const channel = new Channel("liquid");
    s.connection.announce(channel);
    assert.equal(s.all("open").length, 0);
    channel.open();
    await s.link.opened();
    s.link.send("hello");
    channel.say("hello yourself");
    assert.deepEqual([channel.sent, s.all("message").map(({ data }) => data)], [["hello"], ["hello yourself"]]);
    await until(() => s.asked("POST", "/v1/session")[0], "the new session");

    s.connection.ice("failed");
    s.world.pass(10_000);
    await settle();
    assert.deepEqual(said(s), [], "the wallet looks for another path");
    s.frame(3, offer("a=ice-options:trickle"));
    await until(() => said(s).length > 0 || undefined, "another answer");
    s.connection.ice("connected");
    s.world.pass(60_000);
    assert.deepEqual(s.all("closed"), []);

    channel.closed();
    s.world.pass(1_000);
    assert.equal(await s.ended(), "channel_closed");
    assert.equal(s.world.pending, 0, "timers left");
  });
}

const denied: Record<string, SiteOptions> = {
  deny: { legacy: "deny" },
  "a policy that there is not": { legacy: "perhaps" as "deny" },
  "allow, but a code": { legacy: "allow", confirm: "sas" },
  "allow, but prefer": { legacy: "allow", locality: "prefer" },
  "allow, but require": { legacy: "allow", locality: "require" },
};
for (const [name, options] of Object.entries(denied)) {
  test(`a wallet that does not seal is refused: ${name}`, async () => {
    const s = await Scenario.link(options);
    assert.equal(Buffer.from(s.link.uri.split("#1.")[1]!, "base64url")[1]! & 1, 0);
    vouch(s);
    assert.equal(await s.ended(), "unsealed_refused");
    assert.deepEqual([s.all("unsealed").length, s.all("linked").length], [0, 0]);
    assert.deepEqual(s.world.socket.heard().at(-1), { op: "close", requestId, code: "unsealed_refused" });
    assert.equal(s.asked("POST", "/v1/session").length, 0);
  });
}

const wrong: Record<string, [code: string, tell: (s: Scenario) => unknown]> = {
  "a proof": ["server_mismatch", (s) => vouch(s, { proof: {} })],
  "an answer": ["server_mismatch", (s) => vouch(s, { answer: { n: 0, d: "AAAA" } })],
  "a claim to release": ["server_mismatch", (s) => vouch(s, { held: true })],
  "another dialect": ["unsealed_refused", (s) => vouch(s, { dialect: "esperanto" })],
  "no account": ["invalid_message", (s) => vouch(s, { account: "x" })],
  "another account later": ["server_mismatch", (s) => (vouch(s), vouch(s, { account: new Signer(2).account }))],
  "no dialect later": ["unsealed_refused", (s) => (vouch(s), vouch(s, { dialect: undefined }))],
  "after a wallet has joined": ["unsealed_refused", async (s) => (await s.join(), vouch(s))],
  "after the first frame": ["unsealed_refused", (s) => (s.frame(0, s.hello()), vouch(s))],
  "after the claim": ["unsealed_refused", async (s) => (await s.join(), await s.agree(), vouch(s, { account: s.signer.account }))],
  "instead of the claim": ["unsealed_refused", async (s) => (await s.join(), vouch(s, { account: s.signer.account }))],
  "a sealed frame": ["invalid_peer", (s) => (vouch(s), s.frame(0, s.hello()))],
  "an answer of the wallet": ["invalid_peer", (s) => (vouch(s), s.frame(0, plain({ t: "answer", sdp: description(walletFingerprint) })))],
  "a hello": ["invalid_peer", (s) => (vouch(s), s.frame(0, plain({ t: "hello", v: 1, fp: walletFingerprint })))],
  "no certificate": ["invalid_peer", (s) => (vouch(s), s.frame(0, plain({ t: "offer", sdp: description(walletFingerprint).replace("fingerprint", "print") })))],
  "two certificates": ["invalid_peer", (s) => (vouch(s), s.frame(0, offer(`a=fingerprint:sha-256 ${"00:".repeat(31)}00`)))],
  "another certificate later": ["invalid_peer", (s) => (vouch(s), s.frame(0, offer()), s.frame(1, plain({ t: "offer", sdp: description(createHash("sha256").update("x").digest("hex")) })))],
  "offers without end": ["invalid_peer", async (s) => { vouch(s); for (let n = 0; n < 600; n++) s.frame(n, offer()); await settle(); await settle(); }],
  "too many candidates": ["invalid_peer", (s) => (vouch(s), s.frame(0, offer(...Array<string>(65).fill(`a=${candidate("192.0.2.4")}`))))],
};
for (const [name, [code, tell]] of Object.entries(wrong)) {
  test(`what a server or a wallet may not say without a seal: ${name}`, async () => {
    const s = await Scenario.link({ legacy: "allow" });
    await tell(s);
    assert.equal(await s.ended(), code);
  });
}

test("the certificate of an unsealed wallet is the one that it named", async () => {
  const s = await Scenario.link();
  vouch(s);
  await s.link.account();
  s.frame(0, plain({ t: "offer", sdp: description("ab".repeat(32)) }));
  await until(() => s.connection.localDescription, "answer");
  const channel = new Channel("liquid");
  s.connection.announce(channel);
  channel.open();
  assert.equal(await s.ended(), "certificate_mismatch");
});
