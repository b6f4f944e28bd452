import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concat, toHex, utf8 } from "../bytes.ts";
import type { ChainLookups, DecodedProof } from "../proof.ts";

/** Verifies "eip191", and "eip1271" if there is somebody to ask. */
export async function verifyEVM(proof: DecodedProof, { contractAccepts }: ChainLookups): Promise<boolean> {
  if (proof.authenticatorData || proof.signer !== undefined) return false;
  if (!/^0x[0-9a-fA-F]{40}$/.test(proof.address) || checksummed(proof.address.slice(2).toLowerCase()) !== proof.address) return false;
  const hash = messageHash(proof.message);
  switch (proof.type) {
    case "eip191":
      return signerOf(hash, proof.signature) === proof.address;
    case "eip1271":
      return (await contractAccepts?.(`${proof.chain}:${proof.address}`, hash, proof.signature)) === true;
    default:
      return false;
  }
}

/** The hash of a text as an Ethereum message (EIP-191). */
export function messageHash(message: string): Uint8Array {
  const text = utf8(message);
  return keccak_256(concat(utf8(`\x19Ethereum Signed Message:\n${text.length}`), text));
}

function signerOf(hash: Uint8Array, signature: Uint8Array): string | undefined {
  if (signature.length !== 65) return undefined;
  const v = signature[64]!;
  if (![0, 1, 27, 28].includes(v)) return undefined;
  const pair = secp256k1.Signature.fromBytes(signature.subarray(0, 64), "compact");
  if (pair.hasHighS()) return undefined; // a second signature that anybody can make of the first
  return evmAddress(pair.addRecoveryBit(v % 27).recoverPublicKey(hash).toBytes(false));
}

/** The address of a public key of 65 bytes, in the mixed case of EIP-55. */
export function evmAddress(key: Uint8Array): string {
  return checksummed(toHex(keccak_256(key.subarray(1)).subarray(12)));
}

/** An address in the mixed case of EIP-55. */
function checksummed(digits: string): string {
  const hash = toHex(keccak_256(utf8(digits)));
  return `0x${Array.from(digits, (digit, i) => (hash[i]! >= "8" ? digit.toUpperCase() : digit)).join("")}`;
}
