import { toBase64 } from "./base64.ts";
import { concat, utf8, type Bytes } from "./bytes.ts";
import { LinkError } from "./errors.ts";

/** The label of this version: an input of every key, spec/sealed.md §2. */
export const version = "liaison/1";

/** A pair of X25519 keys whose private half cannot leave the browser. */
export async function newKeyPair(): Promise<CryptoKeyPair> {
  try {
    return await crypto.subtle.generateKey("X25519", false, ["deriveKey"]);
  } catch (cause) {
    throw new LinkError("unsupported_version", { detail: "this browser does not know X25519", cause });
  }
}

/** The 32 bytes of a public key. */
export async function publicBytes(keys: CryptoKeyPair): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey("raw", keys.publicKey));
}

/** What both sides bring to a handshake. */
export interface HandshakeInput {
  readonly prologue: Bytes;
  /** 32 bytes that both sides know. They are wiped once they were used. */
  readonly psk: Bytes;
  /** The responder's key that the initiator knows already (NK); without one
   * there is none to know (NN). */
  readonly keys?: CryptoKeyPair;
  /** Makes the responder's pair for message 2. Only a test has a reason to bring its
   * own. */
  readonly makeKeys?: () => Promise<CryptoKeyPair>;
}

/** Makes a secret the input of {@link kdf}, from which it cannot be read again,
 * and wipes the bytes. */
export async function importSecret(bytes: Bytes): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveBits"]);
  bytes.fill(0);
  return key;
}

/** KDF(secret, label, n) of spec/sealed.md §2. */
export async function kdf(secret: CryptoKey, label: string, length: number): Promise<Bytes> {
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: utf8(`${version} ${label}`) };
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, secret, length * 8));
}

/** The prologue of a link. */
export function linkPrologue(host: string, requestId: string, flags: number): Bytes {
  return concat(utf8(version), [0], counted(host), counted(requestId), [1, flags]);
}

/** The prologue of a resumption. */
export function resumptionPrologue(id: string): Bytes {
  return concat(utf8(`${version} resume`), [0], counted(id));
}

/** What binds a proof to one handshake. */
export function channelIdOf(hash: Bytes): string {
  return `l1.${toBase64(hash)}`;
}

/** The six digits that the wallet shows, "ddd ddd". */
export async function shortCodeOf(hash: Bytes): Promise<string> {
  const bytes = await kdf(await importSecret(hash.slice()), "sas", 8);
  const digits = String(new DataView(bytes.buffer).getBigUint64(0) % 1_000_000n).padStart(6, "0");
  return `${digits.slice(0, 3)} ${digits.slice(3)}`;
}

/** The key under which one side answers pings. */
export async function pongKey(exported: CryptoKey, side: "site" | "wallet"): Promise<CryptoKey> {
  const bytes = await kdf(exported, `pong ${side}`, 32);
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
  bytes.fill(0);
  return key;
}

/** What a pong's MAC is over. */
export function pongText(nonce: Bytes): Bytes {
  return concat(utf8(`${version} pong`), [0], nonce);
}

function counted(text: string): Bytes {
  const bytes = utf8(text);
  if (bytes.length > 255) throw new RangeError("host or id has more than 255 bytes");
  return concat([bytes.length], bytes);
}
