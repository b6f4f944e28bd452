import type { Arrow, Assurance, Code, LinkError, LocalityReport, PathKind } from "@liaison/client";

/** Who sends to whom, and what, for each arrow of the sequence. */
export const arrowWords: Record<Arrow, readonly [who: string, what: string]> = {
  1: ["page → server", "asks for a challenge"],
  2: ["server → page", "sends it, and opens a session"],
  3: ["page", "shows the code, with its key"],
  4: ["page → server", "subscribes to its link"],
  5: ["wallet → page", "scans the code"],
  6: ["wallet → server", "posts nonce, signature, answer"],
  7: ["server", "checks the signature"],
  8: ["server → page", "signs the session in"],
  9: ["server → wallet", "opens a session there"],
  10: ["server → page", "tells who linked"],
  12: ["page ⇄ wallet", "subscribe to each other"],
  13: ["page → wallet", "offers a direct channel, sealed"],
  14: ["wallet → page", "answers the offer"],
  15: ["page → wallet", "sends its addresses"],
  16: ["wallet → page", "sends its addresses"],
  17: ["page ⇄ wallet", "talk directly, without server"],
};

const sentences: Partial<Record<Code, string>> = {
  canceled: "You ended the link.",
  certificate_mismatch: "The direct connection leads to another device than your wallet.",
  channel_closed: "The wallet ended the link.",
  code_mismatch: "The code was wrong three times.",
  handshake_failed: "What came in answer to this code is not from a wallet that has read it.",
  ice_failed: "This page and the wallet found no path to each other.",
  invalid_peer: "The wallet sent something that does not hold.",
  link_closed: "The wallet ended the link.",
  link_expired: "This code has expired.",
  link_taken: "Another wallet was faster.",
  not_local: "Your wallet is not near this computer.",
  overloaded: "The server is busy.",
  peer_lost: "The wallet is gone.",
  proof_rejected: "The server did not accept the wallet’s signature.",
  rate_limited: "Too many codes were asked for from here.",
  replaced: "Another page took over this wallet.",
  resumption_unknown: "Your wallet does not know this page any more.",
  server_mismatch: "The server says something else than your wallet.",
  session_required: "The session has ended.",
  signaling_unreachable: "The server cannot be reached.",
  timed_out: "It took too long.",
  unsealed_refused: "A wallet answered that does not seal, or somebody in its place.",
  unsupported_version: "The wallet and this page speak different versions.",
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

/** What a person should know although nothing changed. */
export function noticeFor(notice: LinkError): string {
  if (notice.code !== "link_taken") return notice.remedy;
  return "A second wallet tried to use this code and was refused. If that was not you, disconnect.";
}

/** What a person must know of a wallet that does not seal. */
export const unsealedWarning = "Not sealed: this wallet speaks an older protocol. Whose it is, and that nobody listens in, is this server’s word alone.";

/** How far the account can be trusted to be the other end's. */
export const assuranceWords: Record<Assurance, string> = {
  "server-asserted": "not sealed: this server vouches for the wallet",
  sealed: "sealed end to end",
  "sealed+origin": "sealed end to end, site verified",
  "phishing-resistant": "sealed, with a passkey",
};

/** Where the wallet is: "same network, 3 ms". */
export function nearness({ path, network, rttMs, level }: LocalityReport): string {
  const where = rttMs !== undefined && rttMs <= 50 && path === "host" ? "same network" : network === "different" ? "another network" : network === "unknown" ? "not known" : "same network, says the server";
  return [where, ...(rttMs === undefined ? [] : [roundTrip(rttMs)]), ...(level === "require" ? ["required"] : [])].join(", ");
}

/** "2 tries are left." */
export function triesLeft(count: number): string {
  return count === 1 ? "One try is left." : `${count} tries are left.`;
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
