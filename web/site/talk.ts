import { element, part } from "./page.ts";

/** What the page and the wallet say to each other. */
export class Talk {
  readonly #frame = part("talk");
  readonly #input = part<HTMLInputElement>("message-input");
  readonly #messages = part("messages");

  /** With what sends a text, or rejects. */
  constructor(send: (text: string) => Promise<void>) {
    part<HTMLFormElement>("compose").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#input.value;
      if (!text) return;
      const row = this.add("site", text);
      this.#input.value = "";
      // The link ended before another tab could take it over.
      send(text).catch(() => row.append(element("span", "fine", " (not sent)")));
    });
  }

  /** Begins again. */
  reset(): void {
    this.#messages.replaceChildren();
    this.#input.value = "";
    this.open(false);
    this.#frame.hidden = true;
  }

  /** Says whether one can write. What was said stays to be read. */
  open(may: boolean): void {
    const had = document.activeElement === this.#input;
    if (may) this.#frame.hidden = false;
    this.#input.disabled = !may;
    part<HTMLButtonElement>("message-send").disabled = !may;
    if (had && !may) this.#frame.querySelector<HTMLElement>(".log")!.focus();
  }

  /** Puts the cursor where one writes. */
  focus(): void {
    this.#input.focus();
  }

  /** Adds a message. */
  add(from: "site" | "wallet", text: string): HTMLElement {
    const row = document.createElement("li");
    row.dataset.from = from;
    row.append(element("span", "unseen", from === "site" ? "You: " : "Wallet: "), element("span", "text", text));
    this.#messages.append(row);
    const log = this.#messages.parentElement!;
    log.scrollTop = log.scrollHeight;
    return row;
  }
}
