import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { localFingerprint, remoteFingerprint } from "../src/fingerprint.ts";
import type { Platform } from "../src/platform.ts";
import { refuses } from "./vectors.ts";
import { World } from "./world.ts";

const fp = "0123456789abcdef".repeat(4);
const line = `a=fingerprint:sha-256 ${fp.toUpperCase().match(/../g)!.join(":")}`;
const { platform } = new World();

test("the certificate that DTLS used counts, once it is up", async () => {
  const der = new Uint8Array([1, 2, 3]);
  const connection = (state: string, certificates: ArrayBuffer[]) => ({ sctp: { transport: { state, getRemoteCertificates: () => certificates } } }) as unknown as RTCPeerConnection;
  assert.equal(await remoteFingerprint(connection("connected", [der.buffer])), createHash("sha256").update(der).digest("hex"));
  assert.equal(await remoteFingerprint(connection("connected", [])), undefined);
  assert.equal(await remoteFingerprint(connection("connecting", [der.buffer])), undefined);
  assert.equal(await remoteFingerprint({ sctp: null } as unknown as RTCPeerConnection), undefined);
});

test("a browser that does not show it held it against the description", async () => {
  const connection = (...lines: string[]) =>
    ({ sctp: { transport: { state: "connected" } }, currentRemoteDescription: { sdp: ["v=0", ...lines, ""].join("\r\n") } }) as unknown as RTCPeerConnection;
  assert.equal(await remoteFingerprint(connection(line, line)), fp);
  assert.equal(await remoteFingerprint(connection(line, line.replace("01:", "02:"))), undefined);
  assert.equal(await remoteFingerprint(connection()), undefined);
});

test("a certificate of our own says its fingerprint, or an offer does", async () => {
  const speaking = { getFingerprints: () => [{ algorithm: "sha-1", value: "AB" }, { algorithm: "sha-256", value: line.slice(22) }] } as unknown as RTCCertificate;
  assert.equal(await localFingerprint(speaking, platform), fp);

  const silent = {} as RTCCertificate;
  let closed = 0;
  const offering = (...lines: string[]): Platform => ({
    ...platform,
    peer: (config) => {
      assert.deepEqual(config.certificates, [silent]);
      return { createDataChannel: () => undefined, createOffer: async () => ({ sdp: lines.join("\r\n") }), close: () => closed++ } as unknown as RTCPeerConnection;
    },
  });
  assert.equal(await localFingerprint(silent, offering("v=0", line)), fp);
  await refuses("internal", () => localFingerprint(silent, offering("v=0")));
  assert.equal(closed, 2);
});
