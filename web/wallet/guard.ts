/** How long buttons do nothing after they came into sight: who wanted to press
 * something else, or was made to press here, has not read them by then. */
export const guardMs = 500;

/** Keeps buttons from doing anything before a person can have read them: for the
 * first moment, and for one more whenever the page comes back into sight. */
export class Guard {
  readonly #buttons: readonly HTMLButtonElement[];
  readonly #after: (ms: number, callback: () => void) => () => void;
  readonly #again = () => this.arm();
  #cancel: (() => void) | undefined;

  constructor(after: (ms: number, callback: () => void) => () => void, buttons: readonly HTMLButtonElement[]) {
    this.#after = after;
    this.#buttons = buttons;
    addEventListener("focus", this.#again);
    document.addEventListener("visibilitychange", this.#again);
    this.arm();
  }

  /** Whether a press counts. */
  get open(): boolean {
    return this.#cancel === undefined;
  }

  /** Closes it for a moment. A button that has the focus keeps it. */
  arm(): void {
    this.#cancel?.();
    this.#show(false);
    this.#cancel = this.#after(guardMs, () => {
      this.#cancel = undefined;
      this.#show(true);
    });
  }

  /** Ends it. */
  stop(): void {
    this.#cancel?.();
    removeEventListener("focus", this.#again);
    document.removeEventListener("visibilitychange", this.#again);
  }

  #show(open: boolean): void {
    for (const button of this.#buttons) button.setAttribute("aria-disabled", String(!open));
  }
}
