import { toBase64 } from "./base64.ts";
import { concat } from "./bytes.ts";
import { importSecret, kdf, linkPrologue, resumptionPrologue } from "./keys.ts";
import { newKeyPair, publicBytes, Responder } from "./noise.ts";
import { Handshake, type MakeKeys, type Resumption } from "./sealed.ts";

/** What the fragment of a link says of how it may be answered. */
export interface PairingFlags {
  /** A wallet that does not seal may answer, too. */
  readonly unsealed?: boolean;
  /** The short code is asked for. */
  readonly shortCode?: boolean;
}

/** One link, before anybody has answered it. */
export interface Pairing {
  /** What the page adds to the link after "#". It is secret: it goes into the QR
   * code, and to no server. */
  readonly fragment: string;
  readonly handshake: Handshake;
}

/** The secrets of one pairing. Only a test has a reason to bring its own. */
export interface PairingSecrets {
  readonly keys: CryptoKeyPair;
  readonly seed: Uint8Array;
  readonly makeKeys?: MakeKeys;
}

const blobVersion = 1;
const seedBytes = 16;

/** Draws the secrets of a link, spec/sealed.md §1. Host and request id are those
 * of the link that the server gave. */
export async function createPairing(host: string, requestId: string, flags: PairingFlags = {}): Promise<Pairing> {
  return pairingOf({ keys: await newKeyPair(), seed: crypto.getRandomValues(new Uint8Array(seedBytes)) }, host, requestId, flags);
}

/** {@link createPairing} with given secrets. */
export async function pairingOf(secrets: PairingSecrets, host: string, requestId: string, flags: PairingFlags): Promise<Pairing> {
  const { keys, makeKeys } = secrets;
  const bits = (flags.unsealed ? 1 : 0) | (flags.shortCode ? 2 : 0);
  const fragment = `1.${toBase64(concat([blobVersion, bits], await publicBytes(keys), secrets.seed))}`;
  const psk = await kdf(await importSecret(concat(secrets.seed)), "psk", 32);
  const responder = await Responder.start({ prologue: linkPrologue(host, requestId, bits), psk, keys });
  return { fragment, handshake: new Handshake(responder, makeKeys) };
}

/** The site's end of a resumption, spec/sealed.md §9. */
export async function resume({ id, key }: Resumption, makeKeys?: MakeKeys): Promise<Handshake> {
  const psk = await kdf(key, "resume psk", 32);
  return new Handshake(await Responder.start({ prologue: resumptionPrologue(id), psk }), makeKeys);
}
