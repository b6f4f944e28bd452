import { toBase64 } from "./base64.ts";
import { concat } from "./bytes.ts";
import { importSecret, kdf, linkPrologue, newKeyPair, publicBytes, resumptionPrologue, type HandshakeInput } from "./keys.ts";
import type { Resumption } from "./sealed.ts";

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
  readonly input: HandshakeInput;
}

/** The secrets of one pairing. Only a test has a reason to bring its own. */
export interface PairingSecrets {
  readonly keys: CryptoKeyPair;
  readonly seed: Uint8Array;
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
  const { keys, seed } = secrets;
  const bits = (flags.unsealed ? 1 : 0) | (flags.shortCode ? 2 : 0);
  const fragment = `1.${toBase64(concat([blobVersion, bits], await publicBytes(keys), seed))}`;
  const psk = await kdf(await importSecret(concat(seed)), "psk", 32);
  return { fragment, input: { prologue: linkPrologue(host, requestId, bits), psk, keys } };
}

/** What either end of a resumption begins with, spec/sealed.md §9. */
export async function resume({ id, key }: Resumption): Promise<HandshakeInput> {
  return { prologue: resumptionPrologue(id), psk: await kdf(key, "resume psk", 32) };
}
