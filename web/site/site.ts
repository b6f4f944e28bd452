// The site page: one link after another, each shown from code to conversation.
// What it asks of wallets can be said in its address: /?confirm=sas and
// /?locality=require; and what becomes of wallets that do not seal, by /?legacy=deny.
import { connectSite, localities, LinkError, resumeSite, type Code, type Legacy, type LinkEvent, type Locality, type SiteLink, type SiteOptions } from "@liaison/client";
import { View } from "./view.ts";
import { noticeFor, unsealedWarning } from "./words.ts";

const policies: readonly string[] = ["deny", "warn", "allow"] satisfies Legacy[];

/** What the page's address asks for. */
function asked(): Pick<SiteOptions, "confirm" | "locality" | "legacy"> {
  const query = new URLSearchParams(location.search);
  const locality = query.get("locality") as Locality | null;
  const legacy = query.get("legacy") ?? "";
  return {
    ...(query.get("confirm") === "sas" && { confirm: "sas" }),
    ...(locality && localities.includes(locality) && { locality }),
    ...(policies.includes(legacy) && { legacy: legacy as Legacy }),
  };
}

// After these a wallet that is to be met again may still come.
const passing: ReadonlySet<Code> = new Set<Code>([
  "peer_lost", "ice_failed", "timed_out", "signaling_unreachable", "session_required", "link_unknown", "link_expired", "link_closed",
  "unavailable", "overloaded", "rate_limited", "shutting_down", "internal",
]);
// After these the wallet of an open channel may come back.
const lost: ReadonlySet<Code> = new Set<Code>(["peer_lost", "ice_failed"]);
const againMs = [300, 1_000, 2_000, 5_000];

/** To meet an earlier wallet again, before a code is made. */
interface Again {
  /** How many attempts in a row have failed. */
  readonly count: number;
  /** Why the channel was lost; without it the page was just opened. */
  readonly lost?: LinkError;
}

/** One attempt at linking, or at meeting an earlier wallet again; the next one
 * replaces it. */
class Attempt {
  #link: SiteLink | undefined;
  #account = "";
  #linkedAt = 0;
  #open = false;
  #over = false;
  #forgets = false;
  #meets = false; // an earlier wallet is to come, or has
  readonly #abort = new AbortController();
  readonly #again: Again | undefined;

  constructor(again: Again | undefined) {
    this.#again = again;
    void this.#start();
  }

  /** Sends a text to the wallet. */
  send(text: string): void {
    if (!this.#link) throw new LinkError("channel_closed");
    this.#link.send(text);
  }

  /** Passes on the short code that the person typed. */
  async confirm(code: string): Promise<void> {
    const result = await this.#link?.confirm(code).catch(() => undefined); // "closed" tells it
    if (!result || this.#over) return;
    if (result.right) view.confirmed();
    else if (result.left > 0) view.askCode(result.left, code);
  }

  /** Says goodbye and shows that. */
  disconnect(): void {
    if (this.#link) this.#link.close();
    else this.#abort.abort(new LinkError("canceled"));
  }

  /** Says goodbye, forgets the pairing, and shows nothing more. */
  forget(): void {
    this.#over = this.#forgets = true;
    this.#link?.close();
  }

  /** Leaves so that the wallet can be met again, and shows nothing more. */
  abandon(): void {
    this.#over = true;
    if (!this.#forgets) this.#abort.abort(new LinkError("canceled"));
  }

  async #start(): Promise<void> {
    const options: SiteOptions = { ...asked(), signal: this.#abort.signal, onEvent: (event) => this.#hear(event) };
    try {
      if (this.#again && (await this.#meet(options))) return;
      const link = await connectSite(options);
      if (this.#over) return;
      this.#link = link;
      view.waiting(link.uri, link.site, link.lifeMs);
      link.displayed();
    } catch {
      // The event "closed" has told it.
    }
  }

  /** Waits for an earlier wallet, if there is one. */
  async #meet(options: SiteOptions): Promise<boolean> {
    this.#meets = true;
    this.#link = await resumeSite(options);
    if (this.#forgets) this.#link?.close();
    if (this.#over) return true;
    if (this.#link?.resumes) view.resuming(this.#link.resumes.account, this.#link.site);
    else if (this.#again?.lost) view.failed(this.#again.lost);
    else this.#meets = false;
    return this.#meets;
  }

  #hear(event: LinkEvent): void {
    if (this.#over) return;
    switch (event.type) {
      case "arrow":
        return view.arrow(event.arrow, event.at);
      case "joined":
        return this.#meets ? view.status("Your wallet is here. Connecting …") : view.joined(event.app, event.lifeMs);
      case "unsealed":
        if (event.warn) view.warn(unsealedWarning);
        return;
      case "linked":
        this.#account = event.account;
        this.#linkedAt = event.at;
        return view.linked(event.account, event.address, event.assurance);
      case "code":
        return view.askCode(event.left);
      case "locality":
        return view.locality(event.locality);
      case "open":
        this.#open = true;
        return view.connected(event.at - this.#linkedAt);
      case "path":
        return view.path(event.path);
      case "message":
        return view.message("wallet", event.data);
      case "notice":
        return view.warn(noticeFor(event.notice));
      case "signaling":
        return this.#signaling(event.attached);
      case "broken":
        return view.status(event.broken ? "The direct path broke. Looking for another …" : "Connected directly to the wallet.");
      case "closed":
        return this.#closed(event.reason);
    }
  }

  #signaling(attached: boolean): void {
    document.documentElement.dataset.server = attached ? "here" : "gone";
    if (this.#open) {
      view.status(attached ? "Connected directly to the wallet." : "The server is gone. You are still connected directly.");
    } else if (!this.#account) {
      view.reach(attached);
    }
  }

  #closed(reason: LinkError): void {
    this.#over = true;
    if (this.#open && lost.has(reason.code)) meetAgain({ count: 0, lost: reason });
    else if (!this.#open && this.#meets && passing.has(reason.code)) meetAgain({ ...this.#again, count: this.#again!.count + 1 }, reason.code !== "signaling_unreachable");
    else view.failed(reason);
  }
}

const view = new View({
  newLink: () => replace(),
  disconnect: () => attempt.disconnect(),
  forget() {
    attempt.forget();
    replace();
  },
  send: (text) => attempt.send(text),
  confirm: (code) => void attempt.confirm(code),
});
let timer = 0;
view.reset();
let attempt = new Attempt({ count: 0 });

function replace(again?: Again): void {
  clearTimeout(timer);
  attempt.abandon();
  view.reset();
  attempt = new Attempt(again);
}

/** Waits a moment, and then for the wallet of before. */
function meetAgain(again: Again, serverHere = true): void {
  view.missing();
  view.reach(serverHere);
  timer = window.setTimeout(() => (attempt = new Attempt(again)), againMs[Math.min(again.count, againMs.length - 1)]);
}

// The wallet learns at once that this page is gone, and a page that the browser
// brings back from its cache has no connection any more.
addEventListener("pagehide", () => {
  clearTimeout(timer);
  attempt.abandon();
});
addEventListener("pageshow", (event) => event.persisted && replace({ count: 0 }));
