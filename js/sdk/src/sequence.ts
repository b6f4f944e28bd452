/** The arrows of the protocol's sequence, spec/protocol.md §1, that a site takes
 * part in or learns of. Number 11, passkeys, is no part of linking. */
export type Arrow = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 12 | 13 | 14 | 15 | 16 | 17;

/** All arrows, in order. */
export const arrows: readonly Arrow[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17];

/** Remembers which arrows were seen, and reports each once. */
export class Sequence {
  readonly #report: (arrow: Arrow) => void;
  readonly #seen = new Set<Arrow>();

  constructor(report: (arrow: Arrow) => void) {
    this.#report = report;
  }

  /** Notes arrows as seen. */
  saw(...seen: Arrow[]): void {
    for (const arrow of seen) {
      if (this.#seen.has(arrow)) continue;
      this.#seen.add(arrow);
      this.#report(arrow);
    }
  }
}
