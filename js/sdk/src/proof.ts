import type { Bytes } from "./bytes.ts";
import { LinkError } from "./errors.ts";
import type { SignInFields } from "./signin.ts";

/** What a wallet hands over: the text that it signed, and the signature. */
export interface Proof {
  /** How the text was signed: "mx", "arc60", "eip191", "eip1271", "solana", "did-key". */
  readonly type: string;
  /** CAIP-2 name of the chain. */
  readonly chain: string;
  /** The account's name on that chain. */
  readonly address: string;
  /** The sign-in text. */
  readonly message: string;
  /** In base64url. */
  readonly signature: string;
  /** What the type needs beside the signature, if anything. */
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
