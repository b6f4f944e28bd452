import { mailboxFrames } from "./limits.gen.ts";

/** One numbered payload from one peer to the other. */
export interface Frame {
  readonly n: number;
  readonly d: string;
}

/** What to do with a frame that came in. */
export type Verdict = "take" | "drop" | "gap" | "wait";

/** The receiving end of one direction: takes every frame once and in order.
 * Pure state, no I/O. */
export class Inbox {
  /** How many frames have arrived; the number of the one that is due. */
  next = 0;
  #asked = -1;

  /** Says what to do with a frame: "take" it, "drop" a duplicate, ask again
   * because of a "gap", or "wait" for what was asked for already. */
  accept(n: number): Verdict {
    if (n < this.next) return "drop";
    if (n === this.next) {
      this.next++;
      return "take";
    }
    if (this.#asked === this.next) return "wait";
    this.#asked = this.next;
    return "gap";
  }

  /** Forgets what was asked for: a new subscription asks anyway. */
  resubscribed(): void {
    this.#asked = this.next;
  }
}

// Half of what a mailbox holds: a sender that lost its acknowledgements and
// sends everything again must not fill the mailbox or spend its message rate.
const sendWindow = mailboxFrames / 2;

/** The sending end of one direction: keeps every frame until the other side has
 * acknowledged it. Pure state, no I/O. */
export class Outbox {
  #frames: Frame[] = [];
  #acknowledged = 0;
  #sent = 0;

  /** How many frames the other side has acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** How many frames wait for an acknowledgement. */
  get waiting(): number {
    return this.#frames.length;
  }

  /** Numbers a payload and keeps it. */
  push(d: string): Frame {
    const frame = { n: this.#acknowledged + this.#frames.length, d };
    this.#frames.push(frame);
    return frame;
  }

  /** Returns the frames to send now, in order, and counts them as sent. */
  take(): Frame[] {
    const end = this.#acknowledged + Math.min(this.#frames.length, sendWindow);
    const start = Math.max(this.#sent, this.#acknowledged);
    const frames = this.#frames.slice(start - this.#acknowledged, Math.max(0, end - this.#acknowledged));
    this.#sent = Math.max(start, end);
    return frames;
  }

  /** Drops all frames below next. Returns whether that was news; a number that
   * is older than one seen before, or beyond what was ever sent, is not: a
   * server that lost its memory starts again from 0. */
  acknowledge(next: number): boolean {
    if (next <= this.#acknowledged || next > this.#acknowledged + this.#frames.length) return false;
    this.#frames.splice(0, next - this.#acknowledged);
    this.#acknowledged = next;
    return true;
  }

  /** Counts everything that is not acknowledged as not sent. */
  rewind(): void {
    this.#sent = this.#acknowledged;
  }
}
