import { fromBase64, toBase64 } from "./base64.ts";
import { LinkError } from "./errors.ts";
import { maxCandidates, maxFrameBytes, maxSDPBytes } from "./limits.gen.ts";

/** A message between the peers of a link, spec/protocol.md §8. */
export type PeerMessage =
  | { t: "offer"; sdp: string }
  | { t: "answer"; sdp: string }
  | { t: "ice"; candidate: string; sdpMid?: string; sdpMLineIndex?: number };

/** Turns peer messages into the payload of frames and back. Calls come one at a
 * time for each direction, in the order of the frames, so that an envelope may
 * count them. */
export interface Envelope {
  /** Returns the payload in base64url without padding. */
  seal(message: PeerMessage): Promise<string> | string;
  /** Reads a payload; throws a LinkError "invalid_peer" if it does not hold. */
  open(payload: string): Promise<PeerMessage> | PeerMessage;
}

/** The envelope that hides nothing: JSON in base64url. */
export const plainEnvelope: Envelope = { seal: encodePeer, open: decodePeer };

/** Writes a message as plain payload. */
export function encodePeer(message: PeerMessage): string {
  const payload = toBase64(new TextEncoder().encode(JSON.stringify(message)));
  if (payload.length > maxFrameBytes) throw new LinkError("too_large", { detail: `a frame may have ${maxFrameBytes} characters` });
  return payload;
}

/** Reads a plain payload. Unknown fields are ignored, an unknown type throws. */
export function decodePeer(payload: string): PeerMessage {
  if (payload.length > maxFrameBytes) throw invalid(`a frame may have ${maxFrameBytes} characters`);
  const bytes = fromBase64(payload);
  if (!bytes) throw invalid("payload is not base64url");
  let message: unknown;
  try {
    message = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new LinkError("invalid_peer", { detail: "payload is not a message", cause });
  }
  if (typeof message !== "object" || message === null) throw invalid("payload is not a message");
  return checkPeer(message as Record<string, unknown>);
}

function checkPeer(m: Record<string, unknown>): PeerMessage {
  switch (m.t) {
    case "offer":
    case "answer":
      return { t: m.t, sdp: checkSDP(m.sdp) };
    case "ice":
      return checkCandidate(m);
    default:
      throw invalid("unknown message type");
  }
}

// A data-only peer sends one m-line of type application; whatever else a
// description holds would make the browser do what nobody asked for.
function checkSDP(sdp: unknown): string {
  if (typeof sdp !== "string" || !sdp.startsWith("v=0\r\n") || new TextEncoder().encode(sdp).length > maxSDPBytes) {
    throw invalid(`not a session description of at most ${maxSDPBytes} bytes`);
  }
  // Some parsers end a line at a return alone and would find other lines.
  if (/\r(?!\n)/.test(sdp)) throw invalid("a session description must have CRLF line ends");
  if (count(sdp, "\nm=") !== 1 || !sdp.includes("\nm=application ")) {
    throw invalid("a session description must have one m-line, of type application");
  }
  if (count(sdp, "\na=candidate:") > maxCandidates) throw invalid(`a session description may have ${maxCandidates} candidates`);
  return sdp;
}

function checkCandidate(m: Record<string, unknown>): PeerMessage {
  const candidate = m.candidate ?? "";
  if (typeof candidate !== "string" || candidate.length > 1024 || /[\r\n]/.test(candidate)) {
    throw invalid("candidate is not one short line");
  }
  const message: PeerMessage = { t: "ice", candidate };
  if (typeof m.sdpMid === "string") message.sdpMid = m.sdpMid;
  if (typeof m.sdpMLineIndex === "number") message.sdpMLineIndex = m.sdpMLineIndex;
  return message;
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

function invalid(detail: string): LinkError {
  return new LinkError("invalid_peer", { detail });
}
