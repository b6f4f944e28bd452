import { encodeControl, parseControl, type ControlMessage } from "./control.ts";
import type { Code } from "./codes.gen.ts";
import { LinkError } from "./errors.ts";
import { codeTries } from "./limits.gen.ts";
import { judgeLocality, Prober, type LocalityReport, type NetworkVerdict } from "./locality.ts";
import type { Locality } from "./localitylevel.ts";
import { Latch } from "./latch.ts";
import type { Path } from "./path.ts";
import type { Platform } from "./platform.ts";
import type { SealedEnvelope } from "./sealed.ts";

/** What a person typed, and what that means. */
export interface Confirmation {
  /** Whether it was the code that the wallet shows. */
  readonly right: boolean;
  /** How many tries are left. */
  readonly left: number;
}

/** What a {@link Gate} has to hold. */
export interface GateOptions {
  readonly keys: SealedEnvelope;
  /** Whether the short code must be typed here in any case. */
  readonly asksCode: boolean;
  readonly locality: Locality;
  /** What the other side is: "wallet" or "site". */
  readonly other: string;
}

/** What a {@link Gate} needs of its owner. */
export interface GateCalls {
  /** Sends a text on the control channel. */
  tell(text: string): void;
  path(): Promise<Path | undefined>;
  network(): Promise<NetworkVerdict>;
  /** Locality was measured. */
  measured(report: LocalityReport): void;
  /** The person has to type the short code. */
  asked(left: number): void;
  /** Asks the person whether to go on although the other side is not near: what a
   * wallet does where a site has the short code typed. */
  insist?(report: LocalityReport): Promise<boolean>;
  /** All that this side checks holds; it says ok after this. */
  checked(): Promise<void>;
  /** Both sides have said ok. */
  opened(): void;
  /** The other side ends the pairing. */
  dismissed(code: Code): void;
}

// A person may have to read six digits off one screen and type them at another.
const gateTimeoutMs = 180_000;
// Some measurements of the other side.
const mostPings = 200;

/** Stands between the connection and the application: each side says ok when all
 * that it checks holds, and hands the channel over when it has said and heard it,
 * spec/sealed.md §6. */
export class Gate {
  readonly #platform: Platform;
  readonly #options: GateOptions;
  readonly #calls: GateCalls;
  readonly #prober: Prober;
  readonly #typed = new Latch<void>();
  readonly #passed = new Latch<void>();
  #asking = false;
  #left = codeTries;
  #pinged = 0;
  #said = false;
  #heard = false;
  #over = false;
  #cancel: () => void = () => {};

  constructor(platform: Platform, options: GateOptions, calls: GateCalls) {
    this.#platform = platform;
    this.#options = options;
    this.#calls = calls;
    this.#prober = new Prober(platform, {
      ping: (nonce) => this.#tell({ t: "ping", nonce }),
      check: (nonce, mac) => options.keys.checkPong(nonce, mac),
    });
  }

  /** Carries out this side's checks and says ok. Rejects with a LinkError if they
   * do not hold, or if the other side says nothing for too long. */
  async pass(): Promise<void> {
    const late = new LinkError("timed_out", { detail: "not everything was confirmed in time" });
    this.#cancel = this.#platform.after(gateTimeoutMs, () => this.#passed.fail(late));
    await Promise.race([this.#check().then(() => this.#calls.checked()), this.#passed.wait()]);
    if (this.#over) return;
    this.#said = true;
    this.#tell({ t: "ok" });
    this.#open();
    await this.#passed.wait();
  }

  /** Takes a message of the other side. Throws a LinkError "invalid_peer". */
  async hear(data: unknown): Promise<void> {
    const message = parseControl(data);
    switch (message.t) {
      case "ok":
        if (this.#heard) throw invalid(`the ${this.#options.other} said ok twice`);
        this.#heard = true;
        return this.#open();
      case "ping":
        if (++this.#pinged > mostPings) throw invalid(`the ${this.#options.other} pings too often`);
        return this.#tell({ t: "pong", nonce: message.nonce, mac: await this.#options.keys.pong(message.nonce) });
      case "pong":
        return this.#prober.pong(message.nonce, message.mac);
      case "bye":
        return this.#calls.dismissed(message.code);
    }
  }

  /** Takes what the person typed. Text without six digits is no try. */
  confirm(typed: string): Confirmation {
    if (!this.#asking) throw new LinkError("invalid_message", { detail: "the short code is not asked for now" });
    const digits = digitsOf(typed);
    const right = digits === digitsOf(this.#options.keys.shortCode);
    if (!right && digits.length === 6) this.#left--;
    if (right) {
      this.#asking = false;
      this.#typed.set();
    } else if (this.#left === 0) {
      this.#asking = false;
      this.#typed.fail(new LinkError("code_mismatch"));
    }
    return { right, left: this.#left };
  }

  /** Ends whatever still waits. */
  end(): void {
    this.#over = true;
    this.#asking = false;
    this.#cancel();
    this.#prober.end();
  }

  async #check(): Promise<void> {
    const { locality, asksCode } = this.#options;
    let asks = asksCode;
    if (locality === "report") void this.#measure().catch(() => undefined); // nobody waits for a report
    if (locality === "prefer" || locality === "require") {
      const { verdict, report } = await this.#measure();
      const insisted = verdict.needsCode ? await this.#calls.insist?.(report) : undefined;
      if (verdict.refused || insisted === false) throw new LinkError("not_local", { detail: `the ${this.#options.other} is not near enough` });
      asks ||= verdict.needsCode && insisted === undefined;
    }
    if (!asks) return;
    this.#asking = true;
    this.#calls.asked(this.#left);
    await this.#typed.wait();
  }

  async #measure() {
    const level = this.#options.locality;
    const [pingMs, network] = await Promise.all([this.#prober.measure(), this.#calls.network()]);
    const path = await this.#calls.path();
    if (this.#over) throw new LinkError("canceled"); // nobody need be asked about it
    const verdict = judgeLocality(level, { pair: path?.kind, pingMs, network });
    const report = { level, local: verdict.local, path: path?.kind, rttMs: pingMs, network };
    this.#calls.measured(report);
    return { verdict, report };
  }

  #open(): void {
    if (!this.#said || !this.#heard) return;
    this.#cancel();
    this.#passed.set();
    this.#calls.opened();
  }

  #tell(message: ControlMessage): void {
    this.#calls.tell(encodeControl(message));
  }
}

function digitsOf(text: string): string {
  return text.replace(/[^0-9]/g, "");
}

function invalid(detail: string): LinkError {
  return new LinkError("invalid_peer", { detail });
}
