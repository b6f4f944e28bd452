// Authenticated encryption, and the keys for it that come from a passphrase or a
// passkey. Nothing here keeps what it is given.
import { concat, utf8, type Bytes } from "../../../js/sdk/src/bytes.ts";
import { VaultError } from "./errors.ts";

/** Bytes that only the holder of a key can read, and nobody can change. */
export interface Sealed {
  readonly iv: Bytes;
  readonly data: Bytes;
}

const ivBytes = 12;

/** Draws random bytes. */
export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** Encrypts under AES-256-GCM. context says what this is, and must be said again
 * to open it. */
export async function seal(key: CryptoKey, plain: Bytes, context: string): Promise<Sealed> {
  const iv = random(ivBytes);
  return { iv, data: new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: utf8(context) }, key, plain)) };
}

/** Opens what {@link seal} made; undefined if key or context are others, or if
 * anything was changed: which of these it was cannot be told. */
export async function open(key: CryptoKey, { iv, data }: Sealed, context: string): Promise<Bytes | undefined> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: utf8(context) }, key, data));
  } catch {
    return undefined;
  }
}

/** Makes 32 bytes a key for {@link seal} that no script can read, and wipes them. */
export async function importKey(bytes: Bytes): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
  bytes.fill(0);
  return key;
}

/** Fewest characters of a passphrase. */
export const minPassphrase = 10;

/** How a key is made of a passphrase: PBKDF2 with SHA-256. */
export interface Stretching {
  readonly salt: Bytes;
  readonly iterations: number;
}

/** Draws the salt of a new passphrase, which must not be too short. */
export function newStretching(passphrase: string, iterations: number): Stretching {
  if (normal(passphrase).length < minPassphrase) throw new VaultError("short_passphrase");
  return { salt: random(16), iterations };
}

/** The key behind a passphrase. */
export async function passphraseKey(passphrase: string, { salt, iterations }: Stretching): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey("raw", utf8(normal(passphrase)), "PBKDF2", false, ["deriveKey"]);
  return crypto.subtle.deriveKey({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, secret, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

/** The key behind what a passkey's PRF gives, which is wiped. */
export async function passkeyKey(output: Bytes): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey("raw", output, "HKDF", false, ["deriveKey"]);
  output.fill(0);
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: concat(), info: utf8("liaison vault 1 passkey") };
  return crypto.subtle.deriveKey(algorithm, secret, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

// Keyboards write the same letters in different ways.
function normal(passphrase: string): string {
  return passphrase.normalize("NFKC");
}
