import { sha512_256 } from "@noble/hashes/sha2.js";
import { concat, sha256, utf8, type Bytes } from "../bytes.ts";
import type { ChainLookups, DecodedProof } from "../proof.ts";
import { verifyEd25519 } from "./ed25519.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const keyBytes = 32;
const checksumBytes = 4;
const hashBytes = 32;
const maxAuthenticatorBytes = 1024;

/** Verifies "mx" and "arc60". */
export async function verifyAlgorand(proof: DecodedProof, lookups: ChainLookups): Promise<boolean> {
  if (!publicKey(proof.address)) return false;
  const signer = await signerOf(proof, lookups);
  const key = signer === undefined ? undefined : publicKey(signer);
  const signed = key && (await signedBytes(proof));
  return signed !== undefined && verifyEd25519(key!, signed, proof.signature);
}

// An account may have been rekeyed because its own key leaked, so the chain is
// asked whenever it can be, and what the proof says counts only if it says so.
async function signerOf(proof: DecodedProof, { authorizedSigner }: ChainLookups): Promise<string | undefined> {
  const rekeyed = await authorizedSigner?.(`${proof.chain}:${proof.address}`);
  return proof.signer === rekeyed ? (rekeyed ?? proof.address) : undefined;
}

async function signedBytes(proof: DecodedProof): Promise<Bytes | undefined> {
  switch (proof.type) {
    case "mx":
      return proof.authenticatorData ? undefined : utf8(`MX${proof.message}`);
    case "arc60":
      return arc60Bytes(proof);
    default:
      return undefined;
  }
}

async function arc60Bytes({ text, authenticatorData }: DecodedProof): Promise<Bytes | undefined> {
  if (!authenticatorData || authenticatorData.length < hashBytes || authenticatorData.length > maxAuthenticatorBytes) return undefined;
  const domain = await sha256(utf8(text.domain));
  if (!domain.every((byte, i) => byte === authenticatorData[i])) return undefined;
  // In the order of RFC 8785. All that is in it is printable ASCII, for which
  // JSON.stringify escapes as that wants it.
  const data = JSON.stringify({
    account_address: text.address,
    chain_id: text.chain.split(":")[1],
    domain: text.domain,
    "expiration-time": text.expirationTime,
    "issued-at": text.issuedAt,
    nonce: text.nonce,
    "request-id": text.channel,
    resources: text.resources.length > 0 ? text.resources : undefined,
    statement: text.statement || undefined,
    type: "ed25519",
    uri: text.uri,
    version: "1",
  });
  return concat(await sha256(utf8(data)), await sha256(authenticatorData));
}

/** The public key behind an address; undefined if it is not the one spelling of
 * it: the last character has bits that do not count, and must not. */
function publicKey(address: string): Uint8Array | undefined {
  const digits = Array.from(address, (character) => alphabet.indexOf(character));
  if (digits.length !== 58 || digits.includes(-1)) return undefined;
  const value = digits.reduce((sum, digit) => (sum << 5n) | BigInt(digit), 0n);
  if ((value & 3n) !== 0n) return undefined;
  const bytes = Uint8Array.from({ length: keyBytes + checksumBytes }, (_, i) => Number((value >> BigInt(2 + 8 * (keyBytes + checksumBytes - 1 - i))) & 0xffn));
  const key = bytes.slice(0, keyBytes);
  return checksumOf(key).every((byte, i) => byte === bytes[keyBytes + i]) ? key : undefined;
}

/** The address of a public key. */
export function algorandAddress(key: Uint8Array): string {
  const value = concat(key, checksumOf(key)).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) << 2n;
  return Array.from({ length: 58 }, (_, i) => alphabet[Number((value >> BigInt(5 * (57 - i))) & 31n)]).join("");
}

function checksumOf(key: Uint8Array): Uint8Array {
  return sha512_256(key).slice(-checksumBytes);
}
