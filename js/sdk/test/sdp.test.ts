import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCandidate } from "../src/messages.ts";
import { allowed, checkDescription, namesHost, whereIs, withCandidates } from "../src/sdp.ts";
import { refuses } from "./vectors.ts";

const fp = "0123456789abcdef".repeat(4);
const digits = fp.toUpperCase().match(/../g)!.join(":");
const fingerprint = `a=fingerprint:sha-256 ${digits}`;
const candidate = "a=candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host";
const media = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel";
const good = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0", media, "c=IN IP4 0.0.0.0", "a=ice-ufrag:abcd", "a=ice-pwd:0123456789abcdef01234567", fingerprint, "a=setup:actpass", "a=mid:0", "a=sctp-port:5000"];
const write = (...lines: string[]) => lines.map((line) => `${line}\r\n`).join("");
const without = (start: string) => good.filter((line) => !line.startsWith(start));

const accepted: [string, string, boolean][] = [
  ["a description without candidates", write(...good), false],
  ["one with candidates", write(...good, ...Array<string>(64).fill(candidate)), true],
  ["the certificate at the level of the session", write(...good.slice(0, 4), fingerprint, ...good.slice(4)), false],
  ["lower-case digits", write(...without("a=fingerprint"), fingerprint.toLowerCase()), false],
  ["who begins, decided", write(...without("a=setup"), "a=setup:active"), false],
];

for (const [name, sdp, candidates] of accepted) test(`taken: ${name}`, () => checkDescription(sdp, fp, { candidates }));

const refused: [string, unknown, boolean?][] = [
  ["nothing", ""],
  ["no text", undefined],
  ["another beginning", write("v=1", ...good.slice(1))],
  ["an empty line before it", `\r\n${write(...good)}`],
  ["a line feed alone", write(...good).replace("s=-\r\n", "s=-\n")],
  ["a return alone", write(...good).replace("s=-", "s=-\rm=audio 9 RTP/AVP 0")],
  ["a zero byte", write(...good).replace("s=-", "s=\0")],
  ["a line that is none", write(...good, "what is this")],
  ["a line with a space before it", write(...good, ` ${fingerprint}`)],
  ["no m-line", write(...good.filter((line) => line !== media))],
  ["two m-lines", write(...good, media)],
  ["sound", write(...good.map((line) => (line === media ? "m=audio 9 UDP/TLS/RTP/SAVPF 111" : line)))],
  ["sound besides", write(...good, "m=audio 9 UDP/TLS/RTP/SAVPF 111")],
  ["an application of another kind", write(...good.map((line) => (line === media ? "m=application 9 UDP/DTLS/SCTP 5000" : line)))],
  ["no certificate", write(...without("a=fingerprint"))],
  ["another certificate", write(...without("a=fingerprint"), fingerprint.replace("01:", "02:"))],
  ["another certificate besides", write(...good, fingerprint.replace("01:", "02:"))],
  ["another certificate in other letters", write(...good, fingerprint.replace("01:", "02:").replace("a=fingerprint", "a=FingerPrint"))],
  ["another certificate behind a space", write(...good, fingerprint.replace("01:", "02:").replace("a=", "a= "))],
  ["another hash", write(...good, "a=fingerprint:sha-1 01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:67")],
  ["another hash's name for the same", write(...without("a=fingerprint"), fingerprint.replace("sha-256", "sha-512"))],
  ["a certificate cut short", write(...without("a=fingerprint"), fingerprint.slice(0, -3))],
  ["a certificate with an end", write(...without("a=fingerprint"), `${fingerprint} `)],
  ["a certificate without colons", write(...without("a=fingerprint"), `a=fingerprint:sha-256 ${fp}`)],
  ["nobody who begins", write(...without("a=setup"))],
  ["identity", write(...good, "a=identity:abc")],
  ["keys in the text", write(...good, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc")],
  ["65 candidates", write(...good, ...Array<string>(65).fill(candidate)), true],
  ["a candidate too early", write(...good, candidate)],
  ["the end of the candidates too early", write(...good, "a=end-of-candidates")],
  ["too many bytes", write(...good, `a=x:${"ü".repeat(8192)}`)],
];

for (const [name, sdp, candidates = false] of refused) {
  test(`refused: ${name}`, () => refuses("invalid_peer", () => checkDescription(sdp, fp, { candidates })));
}

test("the certificate is that of the handshake, whatever others are like", () =>
  refuses("invalid_peer", () => checkDescription(write(...good), fp.replace("0", "f"), { candidates: false })));

test("a candidate is one short line", async () => {
  for (const text of ["", candidate.slice(2)]) parseCandidate({ candidate: text });
  for (const text of [null, 1, "a\r\nb", "a\nb", "a\0", "x".repeat(1025)]) await refuses("invalid_peer", () => parseCandidate({ candidate: text }));
});

test("a candidate gives an address or names a host", () => {
  const at = (address: string) => `candidate:1 1 udp 2122260223 ${address} 50000 typ host`;
  for (const address of ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1", "0a1b2c3d-0000-4000-8000-000000000000.local"]) assert.equal(namesHost(at(address)), false, address);
  for (const address of ["a.b.local", ".local", "example.com", "local", "192.0.2.1.example", "localhost", "1"]) assert.equal(namesHost(at(address)), true, address);
  assert.equal(namesHost(""), false);
  // What cannot be read may name one.
  for (const odd of ["candidate:1 1 udp", "candidate: 1 1 udp 192.0.2.1 example.com 50000 typ host", "1 1 udp 192.0.2.1 example.com 50000 typ host"]) assert.equal(namesHost(odd), true, odd);
});

test("a candidate in a description that names a host is left out, and nothing else", () => {
  const named = candidate.replace("192.0.2.1", "tracker.example");
  const hidden = candidate.replace("192.0.2.1", "0a1b2c3d-0000-4000-8000-000000000000.local");
  const kept = [...good, candidate, "a=candidate-pairs:tracker.example", hidden, "a=end-of-candidates"];
  const others = [named, named.replace("a=candidate", "a=CANDIDATE"), named.replace("a=", "a= "), named.replace(":1 1", ": 1 1"), named.replace("candidate:", "candidate :"), "a=candidate", "a=candidate:"];
  const withoutNames = (sdp: string) => withCandidates(sdp, (candidate) => !namesHost(candidate));
  assert.equal(withoutNames(write(...kept)), write(...kept));
  for (const other of others) assert.equal(withoutNames(write(...good, other, ...kept.slice(good.length), other)), write(...kept), other);
});

test("a candidate is allowed where nothing wider than its kind may be", () => {
  const of = (type: string) => `candidate:1 1 udp 1 192.0.2.1 9${type} generation 0`;
  const kinds = ["relay", "srflx", "host"] as const;
  for (const [at, type] of [" typ relay", " typ srflx", " typ host"].entries()) {
    for (const [widest, kind] of kinds.entries()) assert.equal(allowed(of(type), kind), at <= widest, `${type} under ${kind}`);
  }
  assert.equal(allowed(of(" typ prflx"), "srflx"), true);
  for (const type of ["", " typ  srflx", " typ any", " typ"]) assert.equal(allowed(of(type), "srflx"), false, type);
});

test("an address is on the device, in what may be one's own network, or outside", () => {
  const at = (address: string) => whereIs(`candidate:1 1 udp 1 ${address} 9 typ srflx raddr 0.0.0.0 rport 9`);
  for (const address of ["127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1"]) assert.equal(at(address), "device", address);
  const network = [
    ...["10.0.0.1", "172.16.0.1", "172.31.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1", "100.127.0.1", "0.0.0.0", "0.1.2.3", "224.0.0.251", "239.1.1.1", "255.255.255.255"],
    ...["::", "fc00::1", "FD12::1", "fe80::1", "febf::1", "fec0::1", "ff02::fb", "::ffff:127.0.0.1", "::ffff:c0a8:101", "0:0:0:0:0:FFFF:0a00:0001", "::127.0.0.1"],
  ];
  for (const address of network) assert.equal(at(address), "network", address);
  for (const address of ["192.0.2.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "11.0.0.1", "203.0.113.7", "2001:db8::1", "fb00::1", "64:ff9b::1"]) assert.equal(at(address), "outside", address);
  for (const address of ["printer.local", "example.com", "010.0.0.1", "1", "::g", "1:2"]) assert.equal(at(address), undefined, address);
});
