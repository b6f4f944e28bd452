import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat } from "../bytes.ts";

const { Point } = ed25519;

/** Whether a signature is that of a key over a message. Keys of low order, for
 * which one signature covers many messages, do not count, nor do keys with a
 * second encoding. R is compared as bytes, which is what Go does: site and
 * server must never be of two minds. */
export function verifyEd25519(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (key.length !== 32 || signature.length !== 64) return false;
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (s >= Point.Fn.ORDER) return false;
  let a;
  try {
    a = Point.fromBytes(key);
  } catch {
    return false; // no point, or not encoded canonically
  }
  if (a.isSmallOrder()) return false;
  const k = littleEndian(sha512(concat(r, key, message))) % Point.Fn.ORDER;
  const expected = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes();
  return expected.every((byte, i) => byte === r[i]);
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
