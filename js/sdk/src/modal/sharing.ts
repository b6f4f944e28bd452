import { asLinkError } from "../errors.ts";
import type { LinkEvent } from "../events.ts";
import { abortError } from "../latch.ts";
import type { SiteLink, SiteOptions } from "../site.ts";
import type { SharedSite, SharedState } from "../tabs.ts";
import type { AttemptCalls, Driver } from "./attempt.ts";
import { draw } from "./draw.ts";

/** The link that all tabs of a site share, as the element of this one shows it. */
export class Sharing implements Driver {
  readonly #calls: AttemptCalls;
  readonly #gone = new AbortController();
  #shared: SharedSite | undefined;
  #state: SharedState | undefined;
  #drawQR: ((text: string) => SVGSVGElement) | undefined;
  #renews = false; // the next code takes the place of one that ran out

  constructor(options: SiteOptions, calls: AttemptCalls) {
    this.#calls = calls;
    void this.#start(options);
  }

  get shared(): SharedSite | undefined {
    return this.#shared;
  }

  get link(): SiteLink | undefined {
    return this.#shared?.link;
  }

  get open(): boolean {
    return this.#state?.phase === "open" && !this.over;
  }

  /** Whether this element shares no longer. */
  get over(): boolean {
    return this.#gone.signal.aborted;
  }

  /** Has a code made: a fresh one, or one only if no wallet can be met. */
  again(fresh: boolean, renews = false): void {
    this.#shared?.connect({ fresh, renews });
  }

  async confirm(code: string): Promise<void> {
    await this.#shared?.confirm(code).catch(() => undefined); // the state tells what came of it
  }

  disconnect(): void {
    this.#shared?.close();
  }

  forget(): void {
    this.#shared?.close();
  }

  abandon(): void {
    this.#gone.abort();
    this.#shared?.leave();
  }

  async #start({ signal, onEvent, ...options }: SiteOptions): Promise<void> {
    try {
      const stop = () => this.#end(abortError(signal!));
      if (signal?.aborted) return stop();
      signal?.addEventListener("abort", stop, { signal: this.#gone.signal });
      // Only who shares pays for it. Without what draws the code there is still the
      // link as text.
      const [{ shareSite }, qr] = await Promise.all([import("../tabs.ts"), import("./qr.ts").catch(() => undefined)]);
      if (this.over) return;
      this.#drawQR = qr?.drawQR;
      this.#shared = shareSite({
        ...options,
        onState: (state) => this.#changed(state),
        onEvent: (event) => {
          if (this.over) return;
          onEvent?.(event);
          this.#hear(event);
        },
      });
      this.#shared.connect();
    } catch (cause) {
      this.#end(cause);
    }
  }

  #end(cause: unknown): void {
    if (this.over) return;
    this.abandon();
    this.#calls.ended({ reason: asLinkError(cause) });
  }

  #changed(state: SharedState): void {
    if (this.over) return;
    const before = this.#state;
    this.#state = state;
    const { view } = this.#calls;
    const { phase, account, site, left, until } = state;
    // A tab that comes later hears next what has happened since.
    if (!before && site) view.at(site);
    if (account && site && (phase === "resuming" || (!before && state.resumes))) view.resuming(account, site);
    switch (phase) {
      case "starting":
        if (before) view.reset();
        return;
      case "resuming":
        if (state.reason) view.reach(state.reason.code !== "signaling_unreachable");
        return;
      case "waiting":
        view.waiting({ uri: state.uri, site: site!, lifeMs: until! - Date.now() }, this.#drawQR?.(state.uri), this.#renews);
        this.#renews = false;
        return;
      case "code":
        if (before?.phase === "code" && left) view.askCode(left, true);
        return;
      case "connecting":
        if (before?.phase === "code") view.confirmed();
        return;
      case "over":
        return this.#ended(before, state);
    }
  }

  #ended(before: SharedState | undefined, { reason }: SharedState): void {
    // One that has just come asks for a code anyway.
    if (!before || before.phase === "over") return;
    this.#renews = reason!.code === "link_expired" && before.phase === "waiting";
    this.#calls.ended(this.#renews ? { expired: reason! } : { reason: reason! });
  }

  #hear(event: LinkEvent): void {
    const { view, told } = this.#calls;
    told(event);
    if (this.over || !this.#state) return; // whoever was told has ended it
    const { resumes, phase, site, left, until } = this.#state;
    // What is told of the past comes with the times and tries of then.
    const now = event.type === "joined" && until ? { ...event, lifeMs: until - Date.now() } : event.type === "code" && left ? { ...event, left } : event;
    draw(view, now, { meets: resumes, linking: phase === "connecting" || phase === "code", site });
  }
}
