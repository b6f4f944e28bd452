import { parseBase64, type Bytes } from "./bytes.ts";
import { LinkError } from "./errors.ts";
import type { ChainLookups, DecodedProof, Proof } from "./proof.ts";
import { parseSignInText, signInText, type SignInFields } from "./signin.ts";
import type { SignInRequest } from "./wire.ts";

// A contract may want a few dozen signatures of its owners.
const maxSignatureBytes = 8192;

/** The site's own look at who answered its link: the proof must be for what this
 * site asked for, on this very channel, and the account's. Throws a LinkError
 * "invalid_peer". */
export async function checkProof(asked: SignInRequest, channel: string, proof: Proof | undefined, lookups: ChainLookups): Promise<Proof> {
  if (!proof) throw new LinkError("invalid_peer", { detail: "the wallet sent no proof" });
  if (proof.message !== textFor(asked, channel, proof)) throw new LinkError("invalid_peer", { detail: "the signed text is not what this site asked for" });
  await verifyProof(proof, asked.chains, lookups).catch((cause: unknown) => {
    if (cause instanceof LinkError && cause.code !== "proof_rejected") throw cause;
    throw new LinkError("invalid_peer", { detail: "the signature is not the account's", cause });
  });
  return proof;
}

function textFor({ chains: _, ...asked }: SignInRequest, channel: string, { chain, address }: Proof): string | undefined {
  try {
    return signInText({ ...asked, chain, address, channel, resources: [] });
  } catch {
    return undefined; // what cannot be written was not signed
  }
}

/** Loads what verifies proofs, so that it is there when the first one comes. */
export function prefetchVerifier(): void {
  import("./chain/verify.ts").catch(() => undefined); // tried again then
}

/** Checks that a proof is for an account on one of the chains, that its text
 * is a sign-in text for that account, and that the account's key signed it,
 * spec/protocol.md §5. Returns what the text says, which is for the caller to
 * judge; throws a LinkError "proof_rejected". The curves are loaded when the
 * first proof has come. */
export async function verifyProof(proof: Proof, chains: readonly string[], lookups: ChainLookups = {}): Promise<SignInFields> {
  const decoded = orRejected(() => decodeProof(proof, chains));
  const { verify } = await import("./chain/verify.ts").catch((cause: unknown) => {
    throw new LinkError("internal", { detail: "a part of the page did not load", cause });
  });
  const holds = await verify(decoded, lookups).catch((cause: unknown) => {
    throw rejected("the proof cannot be checked", cause);
  });
  if (!holds) throw rejected("the signature is not the account's");
  return decoded.text;
}

function decodeProof(proof: Proof, chains: readonly string[]): DecodedProof {
  const { type, chain, address, message, meta } = proof;
  if (!chains.includes(chain)) throw rejected("the account is on a chain that was not asked for");
  const text = parseSignInText(message, chain.split(":")[0]!);
  if (text.chain !== chain || text.address !== address) throw rejected("the text is for another account");
  const authenticatorData = meta?.authenticatorData === undefined ? undefined : decode(meta.authenticatorData);
  if (meta && !authenticatorData && meta.signer === undefined) throw rejected("meta is empty");
  return { type, chain, address, message, text, signature: decode(proof.signature), authenticatorData, signer: meta?.signer };
}

function orRejected<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw rejected("the proof is not as it must be", cause);
  }
}

function decode(text: string): Bytes {
  const bytes = text.length <= Math.ceil((4 * maxSignatureBytes) / 3) ? parseBase64(text) : undefined;
  if (!bytes) throw rejected("not base64url, or too long");
  return bytes;
}

function rejected(detail: string, cause?: unknown): LinkError {
  return new LinkError("proof_rejected", { detail, cause });
}
