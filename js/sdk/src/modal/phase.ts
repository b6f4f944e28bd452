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

export { lost, passes } from "../passing.ts";
