import { clock } from "./words.ts";

/** Shows how long the code lives. It only shows: the SDK ends the link. */
export class Countdown {
  readonly #text: HTMLElement;
  readonly #bar: HTMLElement;
  readonly #almostOver: () => void;
  #timer = 0;

  constructor(text: HTMLElement, bar: HTMLElement, almostOver: () => void) {
    this.#text = text;
    this.#bar = bar;
    this.#almostOver = almostOver;
  }

  /** Counts down from lifeMs. */
  start(lifeMs: number): void {
    this.stop();
    const end = performance.now() + lifeMs;
    const warnAt = lifeMs - 30_000;
    let warned = warnAt <= 0;
    const step = () => {
      const left = end - performance.now();
      this.#text.textContent = `${clock(left)} left`;
      this.#bar.style.transform = `scaleX(${Math.max(0, left / lifeMs)})`;
      if (!warned && left <= 30_000) {
        warned = true;
        this.#almostOver();
      }
      if (left > 0) this.#timer = window.setTimeout(step, left % 1000 || 1000);
    };
    step();
  }

  /** Stops and shows nothing. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#text.textContent = "";
    this.#bar.style.transform = "scaleX(1)";
  }
}
