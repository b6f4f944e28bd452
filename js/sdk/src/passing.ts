import type { Code } from "./codes.gen.ts";
import type { SiteOptions } from "./site.ts";

/** Codes after which a wallet that is to be met again may still come. */
export const passing: ReadonlySet<Code> = new Set<Code>([
  "peer_lost", "ice_failed", "timed_out", "signaling_unreachable", "session_required", "link_unknown", "link_expired", "link_closed",
  "unavailable", "overloaded", "rate_limited", "shutting_down", "internal",
]);

/** Whether a wallet that is to be met again may still come after a code. Who has asked for
 * a relay and finds no path has none, and waits in vain. */
export function passes(code: Code, { candidates }: SiteOptions): boolean {
  return passing.has(code) && (code !== "ice_failed" || candidates !== "relay");
}

/** Codes after which the wallet of an open channel may come back. */
export const lost: ReadonlySet<Code> = new Set<Code>(["peer_lost", "ice_failed"]);
