import { toBase64 } from "./base64.ts";
import { concat, utf8 } from "./bytes.ts";
import { version } from "./keys.ts";

/** The token of the wallet that joins a link with a key that it drew,
 * spec/protocol.md §6.1. */
export function joinToken(key: string, requestId: string): Promise<string> {
  return mac(key, "join", requestId);
}

/** The token that takes the place of one for whoever drew the key. */
export function successorToken(token: string, key: string): Promise<string> {
  return mac(token, "successor", key);
}

async function mac(secret: string, label: string, text: string): Promise<string> {
  const key = await crypto.subtle.importKey("raw", utf8(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return toBase64(new Uint8Array(await crypto.subtle.sign("HMAC", key, concat(utf8(`${version} ${label}`), [0], utf8(text)))));
}
