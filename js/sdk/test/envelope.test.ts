import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, toBase64 } from "../src/base64.ts";
import { utf8, type Bytes } from "../src/bytes.ts";
import { encodeControl, parseControl } from "../src/control.ts";
import { SiteEnvelope } from "../src/envelope.ts";
import { LinkError } from "../src/errors.ts";
import { encodeMessage, parseMessage } from "../src/messages.ts";
import { readVectors } from "./files.ts";
import { openLink, payload, refuses } from "./vectors.ts";

const fp = "0123456789abcdef".repeat(4);
const read = (value: unknown) => parseMessage(typeof value === "string" ? utf8(value) : utf8(JSON.stringify(value)));
const throws = (work: () => unknown, code: string, what: string) => assert.throws(work, (error) => error instanceof LinkError && error.code === code, what);

test("base64url comes back as it went", () => {
  for (let length = 0; length < 40; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 83 + length * 7) & 255);
    assert.deepEqual(fromBase64(toBase64(bytes)), bytes, `${length} bytes`);
  }
});

test("base64url has one text for given bytes", () => {
  for (const text of ["A", "AB==", "AB", "+/8", "A A", "AAAA\n", "ÄÄÄÄ"]) assert.equal(fromBase64(text), undefined, JSON.stringify(text));
  assert.deepEqual(fromBase64("AA"), new Uint8Array(1));
});

test("what a wallet says is read field by field, and fields that nobody knows are ignored", () => {
  assert.deepEqual(read({ t: "hello", v: 1, fp, app: "Wallet/1", later: 1 }), { t: "hello", v: 1, fp, app: "Wallet/1" });
  assert.deepEqual(read({ t: "hello", v: 1, fp }), { t: "hello", v: 1, fp, app: "" }, "Go leaves an empty name out");
  assert.deepEqual(read({ t: "answer", sdp: "x", later: 1 }), { t: "answer", sdp: "x", verified: false });
  assert.deepEqual(read({ t: "answer", sdp: "x", verified: "yes" }), { t: "answer", sdp: "x", verified: false });
  const proof = { type: "did-key", chain: "did:key", address: "z6Mk", message: "text", signature: "AAAA" };
  assert.deepEqual(read({ t: "answer", sdp: "x", verified: true, proof }), { t: "answer", sdp: "x", verified: true, proof });
  const candidate = "candidate:1 1 udp 1 192.0.2.1 9 typ host";
  assert.deepEqual(read({ t: "ice", candidate, sdpMid: "0", sdpMLineIndex: 0 }), { t: "ice", candidate, sdpMid: "0", sdpMLineIndex: 0 });
  assert.deepEqual(read({ t: "ice" }), { t: "ice", candidate: "" }, "Go leaves an empty candidate out");
  assert.deepEqual(read({ t: "ice", candidate, sdpMid: null }), { t: "ice", candidate });
});

test("what the protocol does not allow is refused as invalid_peer", () => {
  const bad: Record<string, unknown> = {
    "no JSON": "{",
    "a byte order mark": `\ufeff${JSON.stringify({ t: "ice" })}`,
    "no object": 7,
    "nothing": "null",
    "unknown type": { t: "bye" },
    "the site's own": { t: "welcome", v: 1, fp },
    "no type": { sdp: "x" },
    "no description": { t: "answer" },
    "half a proof": { t: "answer", sdp: "x", proof: {} },
    "no certificate": { t: "hello", v: 1 },
    "a short certificate": { t: "hello", v: 1, fp: fp.slice(1) },
    "a certificate in capitals": { t: "hello", v: 1, fp: fp.toUpperCase() },
    "a name of two lines": { t: "hello", v: 1, fp, app: "a\nb" },
    "a name that cannot be seen": { t: "hello", v: 1, fp, app: "\u200b" },
    "a long name": { t: "hello", v: 1, fp, app: "ü".repeat(33) },
    "a candidate of two lines": { t: "ice", candidate: "a\r\nb" },
    "a long candidate": { t: "ice", candidate: "x".repeat(1025) },
    "a candidate that is no text": { t: "ice", candidate: 5 },
    "more than a message may have": { t: "ice", more: "x".repeat(45_056) },
  };
  for (const [what, value] of Object.entries(bad)) throws(() => read(value), "invalid_peer", what);
  throws(() => parseMessage(Uint8Array.of(0x22, 0xff, 0x22) as Bytes), "invalid_peer", "no UTF-8");
  throws(() => read({ t: "hello", v: 2, fp }), "unsupported_version", "another version");
});

test("a message that is too large is not sent", () => {
  throws(() => encodeMessage({ t: "offer", sdp: "x".repeat(45_056) }), "too_large", "45,056 characters and more");
});

test("messages of the control channel come back as they went", () => {
  const nonce = Uint8Array.from({ length: 16 }, (_, i) => i) as Bytes;
  const mac = Uint8Array.from({ length: 32 }, (_, i) => 255 - i) as Bytes;
  for (const message of [{ t: "ok" }, { t: "ping", nonce }, { t: "pong", nonce, mac }, { t: "bye", code: "not_local" }] as const) {
    assert.deepEqual(parseControl(encodeControl(message)), message);
  }
  assert.equal(encodeControl({ t: "ping", nonce }), '{"t":"ping","nonce":"AAECAwQFBgcICQoLDA0ODw"}');
  assert.deepEqual(parseControl('{"t":"bye","code":"of_the_future"}'), { t: "bye", code: "channel_closed" });
  assert.deepEqual(parseControl('{"t":"ok","later":1}'), { t: "ok" });
  const bad = [undefined, new ArrayBuffer(4), "{", "7", "null", '{"t":"of_the_future"}', '{"t":"ping"}', '{"t":"ping","nonce":"AAAA"}', `{"t":"pong","nonce":"${"A".repeat(22)}"}`, `{"t":"pong","nonce":"${"A".repeat(22)}","mac":"${"A".repeat(22)}"}`, `{"t":"ok","x":"${"x".repeat(4096)}"}`];
  for (const data of bad) throws(() => parseControl(data), "invalid_peer", String(data).slice(0, 60));
});

test("an envelope reads one hello and writes one welcome", async () => {
  const vector = readVectors().sealed.links[0]!;
  const welcome = { t: "welcome", v: 1, fp, sdp: "x", site: { name: "", origin: "" }, confirm: "none", locality: "off" } as const;
  const early = new SiteEnvelope((await openLink(vector)).handshake);
  assert.equal(early.keys, undefined);
  await refuses("internal", () => early.seal({ t: "offer", sdp: "x" }));
  await refuses("handshake_failed", () => early.answer(welcome));
  await refuses("handshake_failed", () => early.open(payload(vector.message1)));

  const ended = new SiteEnvelope((await openLink(vector)).handshake);
  ended.end();
  await refuses("handshake_failed", () => ended.open(payload(vector.message1)));
});
