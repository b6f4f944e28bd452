// What WebCrypto has not, or not everywhere, loaded when it is needed: keys of
// secp256k1, Ed25519 in browsers without it, and how addresses are written.
import { ed25519 } from "@noble/curves/ed25519.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { concat, type Bytes } from "../../../js/sdk/src/bytes.ts";
import { algorandAddress } from "../../../js/sdk/src/chain/algorand.ts";
import { formatBase58 } from "../../../js/sdk/src/chain/base58.ts";
import { evmAddress, messageHash } from "../../../js/sdk/src/chain/evm.ts";
import type { Kind } from "./keys.ts";

/** Whether bytes are a secret of this kind: nearly all are. */
export function isSecret(kind: Kind, secret: Bytes): boolean {
  return kind === "evm" ? secp256k1.utils.isValidSecretKey(secret) : secret.length === 32;
}

/** The address of a secret. */
export function addressOf(kind: Kind, secret: Bytes): string {
  switch (kind) {
    case "algorand":
      return algorandAddress(ed25519.getPublicKey(secret));
    case "solana":
      return formatBase58(ed25519.getPublicKey(secret));
    case "evm":
      return evmAddress(secp256k1.getPublicKey(secret, false));
  }
}

/** Signs as {@link Kind}s of Ed25519 do. */
export function signEd25519(secret: Bytes, message: Bytes): Bytes {
  return concat(ed25519.sign(message, secret));
}

/** Signs a text as an Ethereum message (EIP-191): r, s, v. */
export function signEVM(secret: Bytes, text: string): Bytes {
  const [recovery = 0, ...pair] = secp256k1.sign(messageHash(text), secret, { prehash: false, lowS: true, format: "recovered" });
  return concat(pair, [27 + recovery]);
}
