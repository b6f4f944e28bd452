import { parseBase64, type Bytes } from "./bytes.ts";
import { LinkError } from "./errors.ts";

/** What a QR code carries: where the server is, which link of its is meant, and
 * what the two ends share without the server, spec/protocol.md §2. */
export interface Link {
  /** Origin of the server that knows the link. */
  readonly server: string;
  /** The server's host and non-default port: an input of the handshake. */
  readonly host: string;
  /** Which link of the server is meant. */
  readonly requestId: string;
  /** The sealed part; undefined if the link is not sealed. */
  readonly invitation: Invitation | undefined;
}

/** What the fragment of a link says: no server ever sees it, spec/sealed.md §1. */
export interface Invitation {
  /** The byte of flags as it stands in the link: an input of the handshake. */
  readonly flags: number;
  /** A wallet that cannot seal may answer, too. */
  readonly unsealed: boolean;
  /** The site asks for the short code. */
  readonly shortCode: boolean;
  /** The site's X25519 public key for this one link. */
  readonly key: Bytes;
  /** The secret. */
  readonly seed: Bytes;
}

const maxLinkBytes = 512;
const blobVersion = 1;
const keyBytes = 32;
const seedBytes = 16;
const headBytes = 2;
const unsealedFlag = 1;
const shortCodeFlag = 2;

/** Reads either form of a link. Anything that it does not know is an error and
 * never a partial result: a LinkError "invalid_link" if the text is no link at
 * all, "unsupported_version" if a newer wallet would understand it. A link without
 * a fragment is valid and not sealed. */
export function parseLink(text: string): Link {
  if (text.length > maxLinkBytes) throw invalid(`the link has more than ${maxLinkBytes} characters`);
  const hash = text.indexOf("#");
  const base = parseBase(hash < 0 ? text : text.slice(0, hash));
  return { ...base, invitation: hash < 0 ? undefined : parseInvitation(text.slice(hash + 1)) };
}

/** Reads everything before the fragment. */
function parseBase(base: string): Omit<Link, "invitation"> {
  const match = /^(?:liquid:\/\/([^/]+)\/|(https?):\/\/([^/]+)\/l\/)\?requestId=([A-Za-z0-9._-]{16,64})$/.exec(base);
  if (!match) throw invalid("the link must hold a host and requestId, and nothing else");
  const host = match[1] ?? match[3]!;
  const server = `${match[2] ?? schemeOf(host)}://${host}`;
  if (!isHost(host) || !isServer(server)) throw invalid("the link's server must be https, on its shortest form of address");
  return { server, host, requestId: match[4]! };
}

/** The rule for the scheme that a custom-scheme link leaves out. */
function schemeOf(host: string): string {
  return isLoopback(host.replace(/:\d+$/, "")) ? "http" : "https";
}

/** What a URL parser would let through, and spec/protocol.md §2 does not. */
function isHost(host: string): boolean {
  if (host.length > 253 || !/^[a-z0-9[][a-z0-9.:[\]-]*$/.test(host) || host.includes("..")) return false;
  return !host.endsWith(":0") && !host.startsWith("[::ffff:");
}

/** Whether this is an origin as a browser writes it, so that no other server is
 * asked than the one that is shown; and with TLS, unless the server is this very
 * machine. */
function isServer(server: string): boolean {
  if (!URL.canParse(server)) return false;
  const { origin, protocol, hostname } = new URL(server);
  return origin === server && (protocol === "https:" || isLoopback(hostname));
}

// Names below localhost lead wherever a resolver says.
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function parseInvitation(fragment: string): Invitation {
  if (fragment === "") throw invalid("the link ends in an empty fragment");
  if (!fragment.startsWith("1.")) throw newer();
  const blob = parseBase64(fragment.slice(2));
  if (!blob || blob.length === 0) throw invalid("the link's fragment is not base64url");
  if (blob[0] !== blobVersion) throw newer();
  const flags = blob[1] ?? 0;
  if (blob.length !== headBytes + keyBytes + seedBytes || (flags & ~(unsealedFlag | shortCodeFlag)) !== 0) {
    throw invalid("the link's fragment is not whole, or has a flag that nobody knows");
  }
  if (blob.every((byte, at) => at < headBytes || byte === 0)) throw invalid("the link's fragment is empty");
  return {
    flags,
    unsealed: (flags & unsealedFlag) !== 0,
    shortCode: (flags & shortCodeFlag) !== 0,
    key: blob.slice(headBytes, headBytes + keyBytes),
    seed: blob.slice(headBytes + keyBytes),
  };
}

function invalid(detail: string): LinkError {
  return new LinkError("invalid_link", { detail });
}

function newer(): LinkError {
  return new LinkError("unsupported_version", { detail: "this link was made by a newer version" });
}
