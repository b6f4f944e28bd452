import assert from "node:assert/strict";
import { test } from "node:test";
import { toBase64 } from "../src/base64.ts";
import { createPairing } from "../src/pairing.ts";
import type { Handshake } from "../src/sealed.ts";
import { readVectors } from "./files.ts";
import { fromHex, openLink, openResumption, payload, refuses, shake } from "./vectors.ts";

const { links, resumptions } = readVectors().sealed;
const link = links[0]!;
const resumption = resumptions[0]!;

const ends: [string, { message1: string }, () => Promise<Handshake>][] = [
  ["link", link, async () => (await openLink(link)).handshake],
  ["resumption", resumption, () => openResumption(resumption)],
];

for (const [name, vector, open] of ends) {
  test(`every message 1 of a ${name} with one bit changed is refused`, async () => {
    const bytes = fromHex(vector.message1);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const handshake = await open();
      await refuses("handshake_failed", () => handshake.read(toBase64(changed)));
    }
  });
}

test("a handshake takes one message 1 and gives one message 2", async () => {
  const { handshake } = await openLink(link);
  await refuses("handshake_failed", () => handshake.answer(new Uint8Array()));
  await refuses("handshake_failed", () => handshake.read(payload(link.message1)));

  const other = (await openLink(link)).handshake;
  await other.read(payload(link.message1));
  await other.answer(new Uint8Array());
  await refuses("handshake_failed", () => other.answer(new Uint8Array()));
  await refuses("handshake_failed", () => other.read(payload(link.message1)));
});

test("two copies of message 1 at once get one answer", async () => {
  const { handshake } = await openLink(link);
  const both = [handshake.read(payload(link.message1)), handshake.read(payload(link.message1))];
  const results = await Promise.allSettled(both);
  assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "rejected"]);
});

test("a frame 0 that is not base64url is refused", async () => {
  const { handshake } = await openLink(link);
  await refuses("handshake_failed", () => handshake.read(`${payload(link.message1)}=`));
});

const [first, second, third] = link.walletSends.map(({ sealed }) => payload(sealed)) as [string, string, string];
const wrong: [string, string[], string][] = [
  ["is repeated", [first], first],
  ["is an older one", [first, second], first],
  ["skips one", [], second],
  ["comes too late", [first, second, third], second],
  ["is the site's own", [], payload(link.siteSends[0]!.sealed)],
  ["is changed", [first], toBase64(fromHex(link.walletSends[1]!.sealed).map((byte, i) => (i === 0 ? byte ^ 1 : byte)))],
  ["is cut short", [], toBase64(fromHex(link.walletSends[0]!.sealed).slice(0, -1))],
  ["is empty", [], ""],
  ["is no base64url", [], `${first}=`],
  ["is of another link", [], payload(links[1]!.walletSends[0]!.sealed)],
];

for (const [name, before, bad] of wrong) {
  test(`a frame that ${name} is refused, and everything after it`, async () => {
    const envelope = await shake(link, (await openLink(link)).handshake);
    for (const frame of before) await envelope.open(frame);
    await refuses("invalid_peer", () => envelope.open(bad));
    for (const frame of [first, second, third]) await refuses("invalid_peer", () => envelope.open(frame));
    await refuses("invalid_peer", () => envelope.seal(new Uint8Array(1)));
  });
}

test("frames that are opened at once are opened in order, up to the one that fails", async () => {
  const envelope = await shake(link, (await openLink(link)).handshake);
  const all = await Promise.allSettled([first, first, third].map((frame) => envelope.open(frame)));
  assert.deepEqual(all.map(({ status }) => status), ["fulfilled", "rejected", "rejected"]);
});

test("an envelope that has ended neither seals nor opens", async () => {
  const envelope = await shake(link, (await openLink(link)).handshake);
  envelope.end();
  await refuses("invalid_peer", () => envelope.open(first));
  await refuses("invalid_peer", () => envelope.seal(new Uint8Array(1)));
});

test("each pairing has a key and a seed of its own, and says its flags", async () => {
  const pairings = await Promise.all([{}, { unsealed: true }, { shortCode: true }, { unsealed: true, shortCode: true }].map((flags) => createPairing("example.com", "0123456789abcdef", flags)));
  const blobs = pairings.map(({ fragment }) => Buffer.from(fragment.slice(2), "base64url"));
  assert.deepEqual(pairings.map(({ fragment }) => fragment.slice(0, 2)), ["1.", "1.", "1.", "1."]);
  assert.deepEqual(blobs.map((blob) => [blob.length, blob[0], blob[1]]), [[50, 1, 0], [50, 1, 1], [50, 1, 2], [50, 1, 3]]);
  assert.equal(new Set(blobs.map((blob) => blob.subarray(2, 34).toString("hex"))).size, 4);
  assert.equal(new Set(blobs.map((blob) => blob.subarray(34).toString("hex"))).size, 4);
});

test("no secret that is kept can be exported by a script", async () => {
  const { resumption: kept } = await shake(link, (await openLink(link)).handshake);
  assert.equal(kept.key.extractable, false);
  assert.deepEqual(kept.key.usages, ["deriveBits"]);
  for (const format of ["raw", "pkcs8", "jwk"] as const) await assert.rejects(crypto.subtle.exportKey(format, kept.key));
  assert.equal(JSON.stringify(kept), JSON.stringify({ id: link.resumeId, key: {} }));
});
