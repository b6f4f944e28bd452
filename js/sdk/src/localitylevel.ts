/** How near the two devices must be, the strictest last, spec/sealed.md §8. */
export const localities = ["off", "report", "prefer", "require"] as const;

/** One of {@link localities}. */
export type Locality = (typeof localities)[number];

/** The stricter of two levels. */
export function stricter(a: Locality, b: Locality): Locality {
  return localities.indexOf(a) > localities.indexOf(b) ? a : b;
}
