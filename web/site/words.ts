import type { Arrow, Assurance, Code, LinkError, LocalityReport, PathKind } from "@liaison/client";

/** One of the three that the record tells of. */
export type Party = "page" | "server" | "wallet";

/** An arrow of the sequence, for people. */
export interface ArrowWords {
  readonly from: Party;
  /** The same as from, where one of them does it alone. */
  readonly to: Party;
  /** It goes both ways. */
  readonly both?: true;
  /** It passes the server, which cannot read it; or does without it. */
  readonly way?: "sealed" | "direct" | "seen";
  readonly what: string;
}

/** Who sends to whom, and what, for each arrow of the sequence. */
export const arrowWords: Record<Arrow, ArrowWords> = {
  1: { from: "page", to: "server", what: "asks for a challenge" },
  2: { from: "server", to: "page", what: "sends it, and opens a session" },
  3: { from: "page", to: "page", what: "shows the code, with its key" },
  4: { from: "page", to: "server", what: "subscribes to its link" },
  5: { from: "wallet", to: "page", way: "seen", what: "scans the code" },
  6: { from: "wallet", to: "server", what: "posts nonce, signature, answer" },
  7: { from: "server", to: "server", what: "checks the signature" },
  8: { from: "server", to: "page", what: "signs the session in" },
  9: { from: "server", to: "wallet", what: "opens a session there" },
  10: { from: "server", to: "page", what: "tells who linked" },
  12: { from: "page", to: "wallet", both: true, way: "sealed", what: "subscribe to each other" },
  13: { from: "page", to: "wallet", way: "sealed", what: "offers a direct channel, sealed" },
  14: { from: "wallet", to: "page", way: "sealed", what: "answers the offer" },
  15: { from: "page", to: "wallet", way: "sealed", what: "sends its addresses" },
  16: { from: "wallet", to: "page", way: "sealed", what: "sends its addresses" },
  17: { from: "page", to: "wallet", both: true, way: "direct", what: "talk directly, without server" },
};

/** "page → server". */
export function whoSends({ from, to, both }: ArrowWords): string {
  return from === to ? from : `${from} ${both ? "⇄" : "→"} ${to}`;
}

/** How far an account can be trusted to be that of whoever is signed in. */
export const assuranceWords: Record<Assurance, string> = {
  "server-asserted": "as this server says, not sealed",
  sealed: "by a wallet, sealed end to end",
  "sealed+origin": "by a wallet, sealed end to end, site verified",
  "phishing-resistant": "by a passkey of this site",
};

const passkeySentences: Partial<Record<Code, string>> = {
  account_mismatch: "That passkey is of another account. Sign out first.",
  assurance_too_low: "A wallet that does not seal cannot add passkeys. Link with one that does.",
  passkey_exists: "This device has a passkey of the account already. Sign in with it.",
  passkey_limit: "The account has as many passkeys as it may have. Sign in with one of those.",
  passkeys_off: "Passkeys need an address with a name, like localhost, and not a number. Open this site by its name.",
  proof_rejected: "The passkey did not hold. Try again, or link your wallet.",
  signaling_unreachable: "The server cannot be reached. Try again when it is back.",
  step_up_required: "That needs a proof that is not older than ten minutes. Sign in with a passkey, or link with a new code.",
  unsupported_version: "This browser has no passkeys. Link your wallet instead.",
  user_rejected: "No passkey was used. Link your wallet to make one.",
};

/** What became of a passkey, and what to do next. */
export function passkeySentence({ code, remedy }: Pick<LinkError, "code" | "remedy">): string {
  return passkeySentences[code] ?? `That did not work. ${remedy}`;
}

/** Where the wallet is: "same network, 3 ms". */
export function nearness({ path, network, rttMs, level }: LocalityReport): string {
  const where = rttMs !== undefined && rttMs <= 50 && path === "host" ? "same network" : network === "different" ? "another network" : network === "unknown" ? "not known" : "same network, says the server";
  return [where, ...(rttMs === undefined ? [] : [roundTrip(rttMs)]), ...(level === "require" ? ["required"] : [])].join(", ");
}

/** What a path means, for people. */
export const pathMeaning: Record<PathKind, string> = {
  host: "same network or machine",
  srflx: "across the internet",
  relay: "through a relay",
};

/** How long the direct channel took to open. */
export function opening(ms: number, resumes: boolean): string {
  return `${duration(ms)} after the wallet ${resumes ? "came back" : "said yes"}`;
}

/** Writes a duration: "85 ms", "1.24 s", "2:05". */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9_995 ? 2 : 1)} s`;
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Writes a round-trip time; browsers measure whole milliseconds. */
export function roundTrip(ms: number | undefined): string {
  if (ms === undefined) return "–";
  return ms < 1 ? "under 1 ms" : `${Math.round(ms)} ms`;
}
