import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, toBase64 } from "../src/base64.ts";
import { decodePeer, encodePeer, type PeerMessage } from "../src/envelope.ts";
import { LinkError } from "../src/errors.ts";

const sdp = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";
const payload = (value: unknown) => toBase64(new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)));

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

test("peer messages come back as they went", () => {
  const messages: PeerMessage[] = [
    { t: "offer", sdp },
    { t: "answer", sdp },
    { t: "ice", candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host", sdpMid: "0", sdpMLineIndex: 0 },
    { t: "ice", candidate: "" },
  ];
  for (const message of messages) assert.deepEqual(decodePeer(encodePeer(message)), message);
});

test("an end of candidates may leave its empty field out, as Go writes it", () => {
  assert.deepEqual(decodePeer(payload({ t: "ice" })), { t: "ice", candidate: "" });
});

test("fields that nobody knows are ignored", () => {
  assert.deepEqual(decodePeer(payload({ t: "offer", sdp, later: 1 })), { t: "offer", sdp });
});

test("what the protocol does not allow is refused as invalid_peer", () => {
  const bad: Record<string, string> = {
    "no base64url": "ab+/",
    "no JSON": payload("{"),
    "no UTF-8": toBase64(Uint8Array.of(0x22, 0xff, 0x22)),
    "no object": payload(7),
    "nothing": payload("null"),
    "unknown type": payload({ t: "bye" }),
    "no type": payload({ sdp }),
    "no description": payload({ t: "offer" }),
    "media in the description": payload({ t: "answer", sdp: sdp + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" }),
    "media behind a return": payload({ t: "answer", sdp: sdp + "a=x\rm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n" }),
    "only media": payload({ t: "answer", sdp: sdp.replace("application", "audio") }),
    "no beginning": payload({ t: "answer", sdp: sdp.slice(5) }),
    "a long description": payload({ t: "answer", sdp: sdp + "a=x\r\n".repeat(4000) }),
    "many candidates": payload({ t: "answer", sdp: sdp + "a=candidate:1\r\n".repeat(65) }),
    "a candidate of two lines": payload({ t: "ice", candidate: "a\r\nb" }),
    "a long candidate": payload({ t: "ice", candidate: "x".repeat(1025) }),
    "a candidate that is no text": payload({ t: "ice", candidate: 5 }),
  };
  for (const [what, d] of Object.entries(bad)) {
    assert.throws(() => decodePeer(d), (error) => error instanceof LinkError && error.code === "invalid_peer", what);
  }
});

test("a frame that is too large is not sent", () => {
  assert.throws(() => encodePeer({ t: "offer", sdp: "x".repeat(50_000) }), (error) => error instanceof LinkError && error.code === "too_large");
});
