import type { Code } from "../codes.gen.ts";

/** What the modal is doing. */
export type Phase =
  /** Nothing was begun. */
  | "idle"
  /** The server is asked for a code. */
  | "starting"
  /** The code is on display. */
  | "waiting"
  /** A wallet has scanned it, and its person is asked. */
  | "joined"
  /** The person types the six digits. */
  | "code"
  /** The wallet said yes, and the direct path is being found. */
  | "linking"
  /** The wallet of an earlier pairing is waited for. */
  | "resuming"
  /** The direct channel is open. */
  | "connected"
  /** It is over. */
  | "failed";

/** Codes that are no failure: somebody simply wanted it so. */
export function isQuietEnd(code: Code): boolean {
  return code === "canceled" || code === "link_closed" || code === "link_expired" || code === "user_rejected" || code === "channel_closed";
}

/** Codes after which the same thing may work, so that the button says "try again"
 * and not "new code". */
export const again: ReadonlySet<Code> = new Set<Code>([
  "ice_failed", "internal", "origin_denied", "overloaded", "peer_lost", "rate_limited", "shutting_down", "signaling_unreachable", "timed_out", "unavailable", "unsupported_version",
]);

/** Codes after which a wallet that is to be met again may still come. */
export const passing: ReadonlySet<Code> = new Set<Code>([
  "peer_lost", "ice_failed", "timed_out", "signaling_unreachable", "session_required", "link_unknown", "link_expired", "link_closed",
  "unavailable", "overloaded", "rate_limited", "shutting_down", "internal",
]);

/** Codes after which the wallet of an open channel may come back. */
export const lost: ReadonlySet<Code> = new Set<Code>(["peer_lost", "ice_failed"]);
