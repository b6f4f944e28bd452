import { toBase64 } from "./base64.ts";
import { parseBase64, utf8, type Bytes } from "./bytes.ts";
import { codeOf, LinkError } from "./errors.ts";
import type { Code } from "./codes.gen.ts";
import { maxControlBytes } from "./limits.gen.ts";

/** A message on the control channel, spec/sealed.md §6. */
export type ControlMessage =
  /** All that this side has to check holds. */
  | { readonly t: "ok" }
  | { readonly t: "ping"; readonly nonce: Bytes }
  | { readonly t: "pong"; readonly nonce: Bytes; readonly mac: Bytes }
  /** This side ends the pairing. */
  | { readonly t: "bye"; readonly code: Code };

/** How many bytes a ping holds. */
export const nonceBytes = 16;
const macBytes = 32;

/** Writes a message. */
export function encodeControl(message: ControlMessage): string {
  return JSON.stringify(message, (_, value: unknown) => (value instanceof Uint8Array ? toBase64(value) : value));
}

/** Reads a message. Unknown fields are ignored, an unknown type throws a
 * LinkError "invalid_peer". */
export function parseControl(data: unknown): ControlMessage {
  if (typeof data !== "string" || utf8(data).length > maxControlBytes) throw invalid(`a control message is text of at most ${maxControlBytes} bytes`);
  const m = parseObject(data);
  switch (m.t) {
    case "ok":
      return { t: "ok" };
    case "ping":
      return { t: "ping", nonce: bytes(m.nonce, nonceBytes) };
    case "pong":
      return { t: "pong", nonce: bytes(m.nonce, nonceBytes), mac: bytes(m.mac, macBytes) };
    case "bye":
      return { t: "bye", code: codeOf(m.code, "channel_closed") };
    default:
      throw invalid("unknown control message");
  }
}

function bytes(value: unknown, length: number): Bytes {
  const read = typeof value === "string" ? parseBase64(value) : undefined;
  if (read?.length !== length) throw invalid("a ping or pong is not of its length");
  return read;
}

function parseObject(data: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // as below
  }
  throw invalid("not a control message");
}

function invalid(detail: string): LinkError {
  return new LinkError("invalid_peer", { detail });
}
