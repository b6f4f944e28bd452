// Quick enough that a restarted server is found at once, slow enough that ten
// thousand pages do not bring it down again.
const firstMs = 250;
const mostMs = 10_000;

/** How long to wait before attempt n (from 0): doubling, with half of it left
 * to chance so that clients that were cut off together come back apart. */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 16));
  return full / 2 + (full / 2) * random;
}
