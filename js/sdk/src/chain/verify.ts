// Verifies proofs, one file for each family of chains. The core of the SDK loads
// this folder, with its curves, when the first proof has come.
import type { ChainLookups, DecodedProof } from "../proof.ts";
import { verifyAlgorand } from "./algorand.ts";
import { verifyDIDKey } from "./didkey.ts";
import { verifyEVM } from "./evm.ts";
import { verifySolana } from "./solana.ts";

type Verify = (proof: DecodedProof, lookups: ChainLookups) => boolean | Promise<boolean>;

const families: ReadonlyMap<string, Verify> = new Map<string, Verify>([
  ["algorand", verifyAlgorand],
  ["eip155", verifyEVM],
  ["solana", verifySolana],
  ["did", verifyDIDKey],
]);

/** Whether a proof holds. Whatever is not as it must be is false or throws. */
export async function verify(proof: DecodedProof, lookups: ChainLookups): Promise<boolean> {
  const family = families.get(proof.chain.split(":")[0]!);
  return family !== undefined && family(proof, lookups);
}
