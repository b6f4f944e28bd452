import { part } from "./page.ts";
import { roundTrip } from "./words.ts";

const everyMs = 2_000;
const most = 60; // two minutes
const fewest = 10; // what the width is for, so that the first ones are to be seen
const [width, height] = [300, 44];

/** The round-trip time of the last two minutes. */
export class Chart {
  readonly #image = part("chart") as unknown as SVGElement;
  #values: number[] = [];
  #now: number | undefined;
  #timer = 0;

  /** Takes what was measured. It holds until it is told otherwise. */
  measured(rttMs: number | undefined): void {
    this.#now = rttMs;
    part("rtt").textContent = roundTrip(rttMs);
    if (rttMs === undefined || this.#timer) return;
    this.#timer = window.setInterval(() => this.#add(), everyMs);
    this.#add();
  }

  /** Ends the curve; it stays on display. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#now = undefined;
  }

  /** Begins again. */
  reset(): void {
    this.stop();
    this.#values = [];
    this.measured(undefined);
    this.#draw();
  }

  #add(): void {
    if (this.#now === undefined) return;
    this.#values = [...this.#values, this.#now].slice(-most);
    this.#draw();
  }

  #draw(): void {
    const values = this.#values;
    const [least, greatest] = [Math.min(...values), Math.max(...values)];
    part("rtt-range").textContent = values.length > 1 && Math.round(least) !== Math.round(greatest) ? `between ${roundTrip(least)} and ${roundTrip(greatest)}` : "";
    const line = curve(values);
    this.#image.querySelector(".curve")!.setAttribute("d", line);
    this.#image.querySelector(".area")!.setAttribute("d", line && `${line}V${height}H${line.slice(1, line.indexOf(" "))}z`);
  }
}

/** A line through the values, the newest at the right, up to a height that leaves
 * small ones small: less than 20 ms is no mountain. */
export function curve(values: readonly number[]): string {
  if (values.length === 0) return "";
  const top = Math.max(20, ...values);
  const y = (value: number) => (height - 2 - (value / top) * (height - 4)).toFixed(1);
  const step = width / (Math.max(fewest, values.length) - 1);
  const from = width - (values.length - 1) * step;
  const points = values.map((value, n) => `${(from + n * step).toFixed(1)} ${y(value)}`);
  return `M${points.join("L")}`;
}
