import type { Bytes } from "./bytes.ts";
import { parseBase64 } from "./bytes.ts";
import { LinkError } from "./errors.ts";
import { parseSignInText, signInText, type SignInFields } from "./signin.ts";
import type { SignInRequest } from "./wire.ts";

/** What a wallet hands over: the text that it signed, and the signature. */
export interface Proof {
  /** How the text was signed: "mx", "arc60", "eip191", "eip1271", "solana", "did-key". */
  readonly type: string;
  /** CAIP-2 name of the chain. */
  readonly chain: string;
  readonly address: string;
  /** The sign-in text. */
  readonly message: string;
  /** In base64url. */
  readonly signature: string;
  readonly meta?: ProofMeta;
}

/** What else some types need. */
export interface ProofMeta {
  /** In base64url, for "arc60". */
  readonly authenticatorData?: string;
  /** The address of the key to which an Algorand account was rekeyed. */
  readonly signer?: string;
}

/** Ways to ask a chain what a signature alone does not show. Whatever cannot be
 * asked is refused. */
export interface ChainLookups {
  /** The address to which an Algorand account (CAIP-10) was rekeyed; undefined
   * if it was not. With it, it is asked for each proof. */
  readonly authorizedSigner?: (account: string) => Promise<string | undefined>;
  /** Whether there is code at the account's address (CAIP-10) that accepts the
   * signature over the hash (EIP-1271). */
  readonly contractAccepts?: (account: string, hash: Uint8Array, signature: Uint8Array) => Promise<boolean>;
}

/** A proof with its text read and its bytes decoded. */
export interface DecodedProof {
  readonly type: string;
  readonly chain: string;
  readonly address: string;
  readonly message: string;
  readonly text: SignInFields;
  readonly signature: Bytes;
  readonly authenticatorData: Bytes | undefined;
  readonly signer: string | undefined;
}

// A contract may want a few dozen signatures of its owners.
const maxSignatureBytes = 8192;

/** Reads a proof; throws a LinkError "invalid_peer" for what is none. */
export function parseProof(value: unknown): Proof {
  const { type, chain, address, message, signature, meta } = fieldsOf(value);
  for (const text of [type, chain, address, message, signature]) {
    if (typeof text !== "string") throw new LinkError("invalid_peer", { detail: "a field of the proof is missing" });
  }
  const proof = { type, chain, address, message, signature } as Proof;
  return meta === undefined ? proof : { ...proof, meta: parseMeta(meta) };
}

/** Whether two proofs are the same, byte for byte. */
export function sameProof(a: Proof, b: Proof): boolean {
  const flat = ({ type, chain, address, message, signature, meta }: Proof) =>
    JSON.stringify([type, chain, address, message, signature, meta && [meta.authenticatorData ?? "", meta.signer ?? ""]]);
  return flat(a) === flat(b);
}

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

function parseMeta(value: unknown): ProofMeta {
  const { authenticatorData, signer } = fieldsOf(value);
  for (const text of [authenticatorData, signer]) {
    if (text !== undefined && typeof text !== "string") throw new LinkError("invalid_peer", { detail: "a field of the proof is not text" });
  }
  return { ...(authenticatorData !== undefined && { authenticatorData }), ...(signer !== undefined && { signer }) } as ProofMeta;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new LinkError("invalid_peer", { detail: "there is no proof" });
  return value as Record<string, unknown>;
}

function decode(text: string): Bytes {
  const bytes = text.length <= Math.ceil((4 * maxSignatureBytes) / 3) ? parseBase64(text) : undefined;
  if (!bytes) throw rejected("not base64url, or too long");
  return bytes;
}

function rejected(detail: string, cause?: unknown): LinkError {
  return new LinkError("proof_rejected", { detail, cause });
}
