// The site page: one link after another, each shown from code to conversation.
import { connectSite, LinkError, type LinkEvent, type SiteLink } from "@liaison/client";
import { View } from "./view.ts";

/** One attempt at linking; the next one replaces it. */
class Attempt {
  readonly #abort = new AbortController();
  #link: SiteLink | undefined;
  #linkedAt = 0;
  #open = false;
  #over = false;

  constructor() {
    view.reset();
    void this.#start();
  }

  /** Sends a text to the wallet. */
  send(text: string): void {
    if (!this.#link) throw new LinkError("channel_closed");
    this.#link.send(text);
  }

  /** Ends the link and shows that. */
  disconnect(): void {
    this.#abort.abort(new LinkError("canceled"));
  }

  /** Ends the link and shows nothing more. */
  abandon(): void {
    this.#over = true;
    this.disconnect();
  }

  async #start(): Promise<void> {
    try {
      const link = await connectSite({ signal: this.#abort.signal, onEvent: (event) => this.#hear(event) });
      if (this.#over) return;
      this.#link = link;
      view.waiting(link.uri, link.site.name, link.lifeMs);
      link.displayed();
    } catch {
      // The event "closed" has told it.
    }
  }

  #hear(event: LinkEvent): void {
    if (this.#over) return;
    switch (event.type) {
      case "arrow":
        return view.arrow(event.arrow, event.at);
      case "linked":
        this.#linkedAt = event.at;
        return view.linked(event.account, event.address);
      case "open":
        this.#open = true;
        return view.connected(event.at - this.#linkedAt);
      case "path":
        return view.path(event.path);
      case "message":
        return view.message("wallet", event.data);
      case "notice":
        return view.warn(event.notice.code === "link_taken" ? "A second wallet tried to use this code and was refused. If that was not you, disconnect." : event.notice.remedy);
      case "signaling":
        return this.#signaling(event.attached);
      case "broken":
        return view.status(event.broken ? "The direct path broke. Looking for another …" : "Connected directly to the wallet.");
      case "closed":
        this.#over = true;
        return view.failed(event.reason);
    }
  }

  #signaling(attached: boolean): void {
    document.documentElement.dataset.server = attached ? "here" : "gone";
    if (this.#open) {
      view.status(attached ? "Connected directly to the wallet." : "The server is gone. You are still connected directly.");
    } else if (!this.#linkedAt) {
      view.status(attached ? "Waiting for a wallet to scan the code." : "The server is out of reach. Trying again …");
    }
  }
}

const view = new View({
  newLink: () => restart(),
  disconnect: () => attempt.disconnect(),
  send: (text) => attempt.send(text),
});
let attempt = new Attempt();

function restart(): void {
  attempt.abandon();
  attempt = new Attempt();
}

// The wallet learns at once that this page is gone, and a page that the browser
// brings back from its cache has no connection any more.
addEventListener("pagehide", () => attempt.abandon());
addEventListener("pageshow", (event) => event.persisted && restart());
