import type { Arrow, Code, PathKind } from "@liaison/client";

/** Who sends to whom, and what, for each arrow of the sequence. */
export const arrowWords: Record<Arrow, readonly [who: string, what: string]> = {
  1: ["page → server", "asks for a challenge"],
  2: ["server → page", "sends it, and opens a session"],
  3: ["page", "shows the code"],
  4: ["page → server", "subscribes to its link"],
  5: ["wallet → page", "scans the code"],
  6: ["wallet → server", "posts nonce, signature, answer"],
  7: ["server", "checks the signature"],
  8: ["server → page", "signs the session in"],
  9: ["server → wallet", "opens a session there"],
  10: ["server → page", "tells who linked"],
  12: ["page ⇄ wallet", "subscribe to each other"],
  13: ["page → wallet", "offers a direct channel"],
  14: ["wallet → page", "answers the offer"],
  15: ["page → wallet", "sends its addresses"],
  16: ["wallet → page", "sends its addresses"],
  17: ["page ⇄ wallet", "talk directly, without server"],
};

const sentences: Partial<Record<Code, string>> = {
  canceled: "You ended the link.",
  channel_closed: "The wallet is gone.",
  ice_failed: "This page and the wallet found no path to each other.",
  link_closed: "The wallet ended the link.",
  link_expired: "This code has expired.",
  link_taken: "Another wallet was faster.",
  overloaded: "The server is busy.",
  rate_limited: "Too many codes were asked for from here.",
  replaced: "Another connection took over this link.",
  session_required: "The session has ended.",
  signaling_unreachable: "The server cannot be reached.",
  user_rejected: "The wallet said no.",
};

/** One sentence for a person on why a link ended. */
export function sentenceFor(code: Code): string {
  return sentences[code] ?? "Something went wrong.";
}

/** Codes that are no failure: somebody simply wanted it so. */
export function isQuietEnd(code: Code): boolean {
  return code === "canceled" || code === "link_closed" || code === "link_expired" || code === "user_rejected";
}

/** What a path means, for people. */
export const pathMeaning: Record<PathKind, string> = {
  host: "same network or machine",
  srflx: "across the internet",
  relay: "through a relay",
};

/** Writes a duration: "85 ms", "1.24 s", "2:05". */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9_995 ? 2 : 1)} s`;
  return clock(ms);
}

/** Writes a round-trip time; browsers measure whole milliseconds. */
export function roundTrip(ms: number | undefined): string {
  if (ms === undefined) return "–";
  return ms < 1 ? "under 1 ms" : `${Math.round(ms)} ms`;
}

/** Writes the time left, rounded up to a second: "1:59". */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
