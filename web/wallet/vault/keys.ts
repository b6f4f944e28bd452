import { toBase64 } from "../../../js/sdk/src/base64.ts";
import { concat, utf8, type Bytes } from "../../../js/sdk/src/bytes.ts";
import { LinkError } from "../../../js/sdk/src/errors.ts";
import type { Proof } from "../../../js/sdk/src/proof.ts";
import { parseSignInText } from "../../../js/sdk/src/signin.ts";
import { random } from "./seal.ts";

/** The kinds of accounts, in the order in which a person sees them. */
export const kinds = ["algorand", "evm", "solana"] as const;

/** One of {@link kinds}. */
export type Kind = (typeof kinds)[number];

interface Family {
  /** The CAIP-2 namespace of its chains. */
  readonly namespace: string;
  /** The chain that is meant where none is asked for. */
  readonly mainNet: string;
  /** The type of its proofs, spec/protocol.md §5. */
  readonly proof: string;
  /** What goes before the text; undefined for what is no key of Ed25519. */
  readonly prefix: string | undefined;
}

const families: Readonly<Record<Kind, Family>> = {
  algorand: { namespace: "algorand", mainNet: "algorand:wGHE2Pwdvd7S12BL5FaOP20EGYesN73k", proof: "mx", prefix: "MX" },
  evm: { namespace: "eip155", mainNet: "eip155:1", proof: "eip191", prefix: undefined },
  solana: { namespace: "solana", mainNet: "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", proof: "solana", prefix: "" },
};

/** Whether s is a kind that this version knows. */
export function isKind(s: unknown): s is Kind {
  return kinds.some((kind) => kind === s);
}

/** The first of the chains on which accounts of this kind are; undefined if none
 * is. */
export function chainFor(kind: Kind, chains: readonly string[]): string | undefined {
  return chains.find((chain) => chain.startsWith(`${families[kind].namespace}:`));
}

/** The chain that is meant where none is asked for. */
export function mainNet(kind: Kind): string {
  return families[kind].mainNet;
}

/** What {@link makeSecret} and {@link addressOf} need of curves. It is a part of
 * the page that is loaded when it is needed. */
export function curves(): Promise<typeof import("./curves.ts")> {
  return import("./curves.ts").catch((cause: unknown) => {
    throw new LinkError("internal", { detail: "a part of the page did not load", cause });
  });
}

/** Draws the secret of a new account, 32 bytes. */
export async function makeSecret(kind: Kind): Promise<Bytes> {
  const { isSecret } = await curves();
  for (;;) {
    const secret = random(32);
    if (isSecret(kind, secret)) return secret;
  }
}

/** The address of a secret; undefined if it is none. */
export async function addressOf(kind: Kind, secret: Bytes): Promise<string | undefined> {
  const { isSecret, addressOf } = await curves();
  return isSecret(kind, secret) ? addressOf(kind, secret) : undefined;
}

const pkcs8Head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/** Makes a secret a key that signs and that no script can read; undefined where
 * the browser has none of this kind. */
export async function signingKey(kind: Kind, secret: Bytes, subtle: Pick<SubtleCrypto, "importKey"> = crypto.subtle): Promise<CryptoKey | undefined> {
  if (families[kind].prefix === undefined) return undefined;
  const der = concat(pkcs8Head, secret);
  try {
    return await subtle.importKey("pkcs8", der, "Ed25519", false, ["sign"]);
  } catch {
    return undefined; // a browser without Ed25519
  } finally {
    der.fill(0);
  }
}

/** Where a signature comes from. */
export interface Secret {
  /** The key that the browser holds, if it can. */
  readonly key: CryptoKey | undefined;
  /** The secret itself; whoever asks wipes it. */
  reveal(): Promise<Bytes>;
}

/** Signs a sign-in text, and nothing else: it must be the one form of a text that
 * is for this very account. Throws a LinkError "invalid_message" otherwise. */
export async function prove(kind: Kind, chain: string, address: string, text: string, secret: Secret): Promise<Proof> {
  const { namespace, proof } = families[kind];
  const fields = parseSignInText(text, namespace);
  if (fields.chain !== chain || fields.address !== address) throw new LinkError("invalid_message", { detail: "the text is for another account" });
  return { type: proof, chain, address, message: text, signature: toBase64(await sign(kind, text, secret)) };
}

async function sign(kind: Kind, text: string, { key, reveal }: Secret): Promise<Bytes> {
  const { prefix } = families[kind];
  const message = utf8(`${prefix ?? ""}${text}`);
  if (key) return new Uint8Array(await crypto.subtle.sign("Ed25519", key, message));
  const { signEd25519, signEVM } = await curves();
  const secret = await reveal();
  try {
    return prefix === undefined ? signEVM(secret, text) : signEd25519(secret, message);
  } finally {
    secret.fill(0);
  }
}
