import type { Code } from "./codes.gen.ts";
import { noRelay, type LinkError } from "./errors.ts";

/** Codes after which a wallet that is to be met again may still come. */
export const passing: ReadonlySet<Code> = new Set<Code>([
  "peer_lost", "ice_failed", "timed_out", "signaling_unreachable", "session_required", "link_unknown", "link_expired", "link_closed",
  "unavailable", "overloaded", "rate_limited", "shutting_down", "internal",
]);

/** Whether a wallet that is to be met again may still come after an end: not where there
 * is no relay to meet it through. */
export function passes({ code, detail }: LinkError): boolean {
  return passing.has(code) && detail !== noRelay;
}

/** Codes after which the wallet of an open channel may come back. */
export const lost: ReadonlySet<Code> = new Set<Code>(["peer_lost", "ice_failed"]);
