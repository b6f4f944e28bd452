import { utf8, type Bytes } from "./bytes.ts";
import { LinkError } from "./errors.ts";
import { maxNameBytes, maxPeerBytes } from "./limits.gen.ts";
import type { Locality } from "./localitylevel.ts";
import { parseProof, type Proof } from "./proof.ts";
import type { SignInRequest, Site } from "./wire.ts";

const maxCandidateChars = 1024;

/** The version of the messages between the two ends. */
export const peerVersion = 1;

/** The wallet's part of the handshake. */
export interface Hello {
  readonly t: "hello";
  readonly v: typeof peerVersion;
  /** SHA-256 of its certificate, 64 lower-case hexadecimal digits. */
  readonly fp: string;
  /** Its name and version, for people. */
  readonly app: string;
}

/** The site's part: who asks for what. */
export interface Welcome {
  readonly t: "welcome";
  readonly v: typeof peerVersion;
  readonly fp: string;
  readonly sdp: string;
  readonly site: Site;
  /** A resumption asks for no signature. */
  readonly signIn?: SignInRequest;
  readonly confirm: "none" | "sas";
  readonly locality: Locality;
  /** For how many seconds the pairing may be resumed. */
  readonly resume?: number;
}

/** A description; the first one of a link comes with the proof. The description
 * must still be held against the fingerprint of whoever sent it. */
export interface Description {
  readonly t: "offer" | "answer";
  readonly sdp: string;
  readonly proof?: Proof;
  /** Whether the wallet showed the site's origin as verified. */
  readonly verified?: boolean;
}

/** One candidate; an empty one ends the list. */
export interface Candidate {
  readonly t: "ice";
  readonly candidate: string;
  readonly sdpMid?: string;
  readonly sdpMLineIndex?: number;
}

/** What the wallet says, spec/sealed.md §4. */
export type WalletMessage = Hello | Description | Candidate;

/** What the site says. */
export type SiteMessage = Welcome | Description | Candidate;

/** Writes a message, to be sealed. */
export function encodeMessage(message: SiteMessage | WalletMessage): Bytes {
  const bytes = utf8(JSON.stringify(message));
  if (bytes.length > maxPeerBytes) throw new LinkError("too_large", { detail: `a message may have ${maxPeerBytes} bytes` });
  return bytes;
}

/** Reads a message that was unsealed. Unknown fields are ignored, an unknown
 * type throws a LinkError "invalid_peer". */
export function parseMessage(bytes: Bytes): WalletMessage {
  const m = parseMessageObject(bytes);
  switch (m.t) {
    case "hello":
      return parseHello(m);
    case "offer":
    case "answer":
      return { t: m.t, sdp: text(m.sdp), verified: m.verified === true, ...(m.proof != null && { proof: parseProof(m.proof) }) };
    case "ice":
      return parseCandidate(m);
    default:
      throw invalid("unknown message type");
  }
}

function parseHello({ v, fp, app = "" }: Record<string, unknown>): Hello {
  if (v !== peerVersion) throw new LinkError("unsupported_version", { detail: `the wallet speaks version ${String(v)}` });
  if (typeof fp !== "string" || !/^[0-9a-f]{64}$/.test(fp)) throw invalid("the wallet names no certificate");
  if (typeof app !== "string" || utf8(app).length > maxNameBytes || !isShowable(app)) throw invalid("the name of the wallet cannot be shown");
  return { t: "hello", v, fp, app };
}

/** Checks one candidate of the other side; an empty one ends the list. */
function checkCandidate(candidate: unknown): asserts candidate is string {
  if (typeof candidate !== "string" || candidate.length > maxCandidateChars || /[\0-\x1f\x7f]/.test(candidate)) {
    throw invalid("candidate is not one short line");
  }
}

/** Reads a candidate. */
export function parseCandidate({ candidate = "", sdpMid, sdpMLineIndex }: Record<string, unknown>): Candidate {
  checkCandidate(candidate);
  return {
    t: "ice",
    candidate,
    ...(typeof sdpMid === "string" && { sdpMid }),
    ...(typeof sdpMLineIndex === "number" && { sdpMLineIndex }),
  };
}

/** Whether a name leaves the rest of the screen alone: no line breaks, no changes of
 * writing direction, nothing that cannot be seen. */
export function isShowable(name: string): boolean {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(name) && !name.includes("\ufffd");
}

/** The object that a payload holds. */
export function parseMessageObject(bytes: Bytes): Record<string, unknown> {
  if (bytes.length > maxPeerBytes) throw invalid(`a message may have ${maxPeerBytes} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new LinkError("invalid_peer", { detail: "payload is not a message", cause });
  }
  if (typeof value !== "object" || value === null) throw invalid("payload is not a message");
  return value as Record<string, unknown>;
}

/** A text; throws for everything else. */
export function text(value: unknown): string {
  if (typeof value !== "string") throw invalid("a field of the message is not text");
  return value;
}

/** The error for a message that must not be. */
export function invalid(detail: string): LinkError {
  return new LinkError("invalid_peer", { detail });
}
