// What the tests in a real browser run, bundled as a page's script.
import { localFingerprint, remoteFingerprint } from "../src/fingerprint.ts";
import { kdf } from "../src/keys.ts";
import { LinkError } from "../src/errors.ts";
import { toHex } from "../src/bytes.ts";
import { createPairing } from "../src/pairing.ts";
import { browserPlatform } from "../src/platform.ts";
import { Resumptions } from "../src/resumptions.ts";
import { checkDescription } from "../src/sdp.ts";
import { checkResumptions, newResumption } from "./kept.ts";
import { openLink, runVectors, shake, type LinkVector } from "./vectors.ts";

const server = "https://persistent.example";

const tests = {
  runVectors,
  checkResumptions,

  /** Keeps a resumption and returns a number that depends on its secret. */
  async keep(): Promise<string> {
    const kept = await newResumption("persistent", Date.now() + 60_000, server);
    await new Resumptions().put(kept);
    return toHex(await kdf(kept.key, "x", 32));
  },

  /** What is left of it, after a reload for instance. */
  async kept() {
    const kept = (await new Resumptions().take(server))!;
    const exported = await Promise.all(["raw", "jwk", "pkcs8", "spki"].map((format) => crypto.subtle.exportKey(format as "raw", kept.key).then(() => "exported", (cause: Error) => cause.name)));
    return { id: kept.id, number: toHex(await kdf(kept.key, "x", 32)), extractable: kept.key.extractable, exported, copy: JSON.stringify(structuredClone(kept.key)) };
  },

  /** The code with which a store fails whose database was taken away. */
  async failure(): Promise<string> {
    const store = new Resumptions();
    await store.lasting();
    await new Promise((done, failed) => Object.assign(indexedDB.deleteDatabase("liaison"), { onsuccess: done, onerror: failed }));
    return store.take(server).then(
      () => "none",
      (cause: unknown) => (cause instanceof LinkError ? cause.code : String(cause)),
    );
  },

  /** Fingerprints of a real connection, as each side has them. */
  async fingerprints() {
    const platform = browserPlatform();
    const certificates = await Promise.all([platform.certificate(), platform.certificate()]);
    const silent = certificates.map((certificate) => new Proxy(certificate, { get: (target, name) => (name === "getFingerprints" ? undefined : Reflect.get(target, name, target)) }));
    const said = await Promise.all(certificates.map((certificate) => localFingerprint(certificate, platform)));
    // The throw-away connection needs the certificate itself.
    const offered = await Promise.all(silent.map((certificate, i) => localFingerprint(certificate, { ...platform, peer: () => platform.peer({ certificates: [certificates[i]!] }) })));
    const [site, wallet] = certificates.map((certificate) => platform.peer({ certificates: [certificate] })) as [RTCPeerConnection, RTCPeerConnection];
    site.onicecandidate = ({ candidate }) => void wallet.addIceCandidate(candidate ?? undefined);
    wallet.onicecandidate = ({ candidate }) => void site.addIceCandidate(candidate ?? undefined);
    const opened = new Promise((done) => (site.createDataChannel("x").onopen = done));
    const offer = await site.createOffer();
    checkDescription(offer.sdp, said[0]!, { candidates: false });
    const early = await remoteFingerprint(site);
    await wallet.setRemoteDescription(offer);
    const answer = await wallet.createAnswer();
    checkDescription(answer.sdp, said[1]!, { candidates: false });
    await site.setLocalDescription(offer);
    await wallet.setLocalDescription(answer);
    await site.setRemoteDescription(answer);
    await opened;
    const seen = [await remoteFingerprint(wallet), await remoteFingerprint(site)];
    site.close();
    wallet.close();
    return { said, offered, seen, early: early ?? "none" };
  },

  /** Microseconds for drawing a code, and for the site's part of a handshake. */
  async bench(vector: LinkVector, rounds: number) {
    const time = async (work: () => Promise<unknown>) => {
      for (let i = 0; i < 20; i++) await work();
      const start = performance.now();
      for (let i = 0; i < rounds; i++) await work();
      return Math.round(((performance.now() - start) / rounds) * 1000);
    };
    const draw = await time(() => createPairing(vector.host, vector.requestId));
    const both = await time(async () => shake(vector, (await openLink(vector)).handshake));
    return { draw, both };
  },
};

/** What a test calls in the page. */
export type PageTests = typeof tests;

Object.assign(globalThis, { tests });
