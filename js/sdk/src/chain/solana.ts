import { utf8 } from "../bytes.ts";
import type { DecodedProof } from "../proof.ts";
import { parseBase58 } from "./base58.ts";
import { verifyEd25519 } from "./ed25519.ts";

/** Verifies "solana". */
export function verifySolana(proof: DecodedProof): boolean {
  if (proof.type !== "solana" || proof.authenticatorData || proof.signer !== undefined) return false;
  const key = parseBase58(proof.address, 32);
  return key !== undefined && verifyEd25519(key, utf8(proof.message), proof.signature);
}
