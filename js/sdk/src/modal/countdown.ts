const warnMs = 30_000;

/** Tells how long the code lives, once a second. It only tells: the SDK ends the
 * link. */
export class Countdown {
  readonly #tick: (leftMs: number, part: number) => void;
  readonly #almostOver: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tick: (leftMs: number, part: number) => void, almostOver: () => void) {
    this.#tick = tick;
    this.#almostOver = almostOver;
  }

  /** Counts down from lifeMs. */
  start(lifeMs: number): void {
    this.stop();
    const end = performance.now() + lifeMs;
    let warned = lifeMs <= warnMs;
    const step = () => {
      const left = end - performance.now();
      this.#tick(Math.max(0, left), Math.max(0, left / lifeMs));
      if (!warned && left <= warnMs) {
        warned = true;
        this.#almostOver();
      }
      if (left > 0) this.#timer = setTimeout(step, left % 1000 || 1000);
    };
    step();
  }

  /** Stops. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** Writes the time left, rounded up to a second: "1:59". */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
