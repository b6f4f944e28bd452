// Stands in for a package that its authors publish on GitHub alone, where npm
// cannot fetch it in a test: the three functions of it that
// @algorandfoundation/liquid-auth-use-wallet-client imports.
import { encode } from "cbor-x";

export function toBase64URL(bytes) {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

export function fromBase64Url(text) {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
}

/** A request of ARC-0027, as base64url of its CBOR. */
export function toSignTransactionsParamsRequestMessage(id, providerId, txns) {
  return toBase64URL(encode({ id, reference: "arc0027:sign_transactions:request", params: { providerId, txns } }));
}
