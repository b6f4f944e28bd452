import { parseAccount } from "./account.ts";
import type { Frame } from "./cursor.ts";
import { LinkError } from "./errors.ts";
import { maxFrameBytes, maxMessageBytes } from "./limits.gen.ts";
import type { NetworkVerdict } from "./locality.ts";
import { parseProof, type Proof } from "./proof.ts";
import type { SignInFields } from "./signin.ts";

/** Whoever asks, as a wallet shows it. */
export interface Site {
  /** What it calls itself, which can be anything. */
  readonly name: string;
  /** Its web origin, "https://example.com". */
  readonly origin: string;
}

/** The fields of the text to sign that do not depend on the wallet. */
export interface SignInRequest extends Omit<SignInFields, "address" | "chain" | "channel" | "resources"> {
  /** CAIP-2 names of the chains whose accounts may sign in. */
  readonly chains: readonly string[];
}

/** What GET /v1/challenge answers. */
export interface Challenge {
  readonly requestId: string;
  /** What the QR code shows, without the fragment. */
  readonly link: string;
  readonly site: Site;
  readonly signIn: SignInRequest;
  /** How long the link waits for a wallet, in milliseconds. */
  readonly lifeMs: number;
  readonly iceServers: RTCIceServer[];
}

/** Messages to the server, spec/protocol.md §7. */
export type ClientMessage =
  | { op: "subscribe"; topic: string; requestId: string; since?: number; next?: number }
  | { op: "send"; requestId: string; n: number; d: string }
  | { op: "ack"; requestId: string; next: number }
  | { op: "close"; requestId: string; code?: string };

/** What the server says of whoever claimed a link. */
export interface Claim {
  readonly account: string;
  readonly address: string;
  /** Undefined if the server shows none, or something that is none. */
  readonly proof: Proof | undefined;
  /** Whether the wallet still has to measure or to ask: the session is not signed
   * in before it releases the claim. */
  readonly held: boolean;
  /** What the wallet speaks; empty if that is this protocol. */
  readonly dialect: string;
  /** Whether nothing is said but whose the wallet is, spec/protocol.md §11. */
  readonly bare: boolean;
}

/** Messages from the server that a client acts on. */
export type ServerMessage =
  | { op: "subscribed"; topic: string; next: number }
  | { op: "link"; claim: Claim; answer: Frame | undefined }
  | { op: "frame"; frame: Frame }
  | { op: "acked"; next: number }
  | { op: "peer"; here: boolean }
  | { op: "notice" | "closed" | "error"; code: string; detail: string; remedy: string };

type Fields = Record<string, unknown>;

/** Reads a message from the server. Returns undefined for one that is not for
 * this link or of a kind that this version does not know. */
export function parseServerMessage(data: unknown, requestId: string): ServerMessage | undefined {
  if (typeof data !== "string" || data.length > maxMessageBytes) throw malformed("a message of the server is not text of the allowed size");
  const m = parseObject(data);
  if (typeof m.requestId === "string" && m.requestId !== requestId) return undefined;
  switch (m.op) {
    case "subscribed":
      return { op: m.op, topic: text(m.topic), next: counter(m.next) };
    case "link":
      return { op: m.op, claim: claim(m), answer: m.answer === undefined ? undefined : frame(m.answer as Fields) };
    case "frame":
      return { op: m.op, frame: frame(m) };
    case "acked":
      return { op: m.op, next: counter(m.next) };
    case "peer":
      return { op: m.op, here: m.state === "here" };
    case "notice":
    case "closed":
    case "error":
      return { op: m.op, code: text(m.code), detail: text(m.detail), remedy: text(m.remedy) };
    default:
      return undefined;
  }
}

/** Reads the answer of GET /v1/challenge. The clocks of server and browser may
 * differ, so only the span between the server's two times counts. */
export function parseChallenge(body: unknown): Challenge {
  const m = object(body);
  const signIn = parseSignIn(object(m.signIn));
  const site = object(m.site);
  const lifeMs = Date.parse(text(m.expiresAt)) - Date.parse(signIn.issuedAt);
  if (!text(m.requestId) || !text(m.link) || !(lifeMs > 0)) throw malformed("the challenge lacks a field");
  return {
    requestId: text(m.requestId),
    link: text(m.link),
    site: { name: text(site.name), origin: text(site.origin) },
    signIn,
    lifeMs,
    iceServers: iceServers(m),
  };
}

/** Reads the answer of POST /v1/resumptions. */
export function parseResumed(body: unknown): { iceServers: RTCIceServer[] } {
  return { iceServers: iceServers(object(body)) };
}

/** Reads the answer of POST …/join. */
export function parseJoined(body: unknown): { origin: string | undefined; iceServers: RTCIceServer[] } {
  const m = object(body);
  return { origin: text(m.origin) || undefined, iceServers: iceServers(m) };
}

/** Reads the answer of GET …/network. */
export function parseNetwork(body: unknown): NetworkVerdict {
  const { network } = object(body);
  return network === "same-address" || network === "same-network" || network === "different" ? network : "unknown";
}

function parseSignIn(m: Fields): SignInRequest {
  const chains = Array.isArray(m.chains) ? m.chains.map(text) : [];
  return {
    domain: text(m.domain),
    uri: text(m.uri),
    statement: text(m.statement),
    nonce: text(m.nonce),
    issuedAt: text(m.issuedAt),
    expirationTime: text(m.expirationTime),
    chains,
  };
}

function iceServers(m: Fields): RTCIceServer[] {
  return Array.isArray(m.iceServers) ? (m.iceServers as RTCIceServer[]) : [];
}

function claim(m: Fields): Claim {
  const parts = parseAccount(m.account);
  if (!parts) throw malformed("the server names no account");
  return { account: text(m.account), address: parts.address, proof: readable(m.proof), held: m.held === true, dialect: text(m.dialect), bare: !m.proof && !m.answer && !m.held };
}

// The proof that counts comes from the wallet; this one is only compared.
function readable(proof: unknown): Proof | undefined {
  try {
    return parseProof(proof);
  } catch {
    return undefined;
  }
}

function frame(m: Fields): Frame {
  const d = text(object(m).d);
  if (d.length < 2 || d.length > maxFrameBytes) throw malformed("a frame has no payload of the allowed size");
  return { n: counter(m.n), d };
}

// Absent numbers are 0 on the wire.
function counter(value: unknown): number {
  const n = value ?? 0;
  if (!Number.isSafeInteger(n) || (n as number) < 0) throw malformed("a counter is not a whole number");
  return n as number;
}

/** A string, or an empty one for everything else. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function parseObject(data: string): Fields {
  try {
    return object(JSON.parse(data));
  } catch (cause) {
    throw cause instanceof LinkError ? cause : malformed("a message of the server is not JSON");
  }
}

/** An object; throws for everything else. */
export function object(value: unknown): Fields {
  if (typeof value !== "object" || value === null) throw malformed("a message of the server is not an object");
  return value as Fields;
}

/** The error for a message that is not what it must be. */
export function malformed(detail: string): LinkError {
  return new LinkError("invalid_message", { detail });
}
