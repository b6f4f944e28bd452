import { p256 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { concat, utf8 } from "../bytes.ts";
import { version } from "../keys.ts";
import type { DecodedProof } from "../proof.ts";
import { parseBase58 } from "./base58.ts";
import { verifyEd25519 } from "./ed25519.ts";

type VerifyKey = (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

// Two bytes of multicodec before the key, and the key's length.
const kinds: readonly { prefix: readonly [number, number]; length: number; verify: VerifyKey }[] = [
  { prefix: [0xed, 0x01], length: 32, verify: verifyEd25519 },
  { prefix: [0x80, 0x24], length: 33, verify: ecdsa(p256) },
  { prefix: [0xe7, 0x01], length: 33, verify: ecdsa(secp256k1) },
];

/** Verifies "did-key". These keys have no prefix of their own that would keep
 * apart what they sign, so there is one here. */
export function verifyDIDKey(proof: DecodedProof): boolean {
  if (proof.chain !== "did:key" || proof.type !== "did-key" || proof.authenticatorData || proof.signer !== undefined) return false;
  const signed = concat(utf8(`${version} proof`), [0], utf8(proof.message));
  return kinds.some(({ prefix, length, verify }) => {
    const bytes = proof.address.startsWith("z") ? parseBase58(proof.address.slice(1), prefix.length + length) : undefined;
    return bytes?.[0] === prefix[0] && bytes[1] === prefix[1] && verify(bytes.slice(prefix.length), signed, proof.signature);
  });
}

// SHA-256 of the message, r and s of 32 bytes, s at most half of the order.
function ecdsa(curve: typeof p256): VerifyKey {
  return (key, message, signature) => signature.length === 64 && curve.verify(signature, message, key, { format: "compact", lowS: true, prehash: true });
}
