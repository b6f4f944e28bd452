import type { Assurance } from "@liaison/client";
import { element, part } from "./page.ts";
import { assuranceWords } from "./words.ts";

/** A session that speaks for the account, as the server lists it. */
export interface AccountSession {
  readonly id: string;
  readonly current: boolean;
  readonly role?: "site" | "wallet";
  readonly label?: string;
  readonly assurance: Assurance;
  readonly lastSeenAt: string;
}

/** Where else somebody is signed in; it is asked for when it is opened. */
export class Sessions {
  readonly #frame = part<HTMLDetailsElement>("sessions-of");
  readonly #load: () => void;

  /** With what loads the list, to be shown. */
  constructor(load: () => void) {
    this.#load = load;
    this.#frame.addEventListener("toggle", () => this.#frame.open && load());
  }

  /** Says whether there is a list to be had. */
  offer(there: boolean): void {
    this.#frame.hidden = !there;
    if (!there) this.#frame.open = false;
    else if (this.#frame.open) this.#load();
  }

  /** Shows the list, with a button for each session that is not this one. */
  show(sessions: readonly AccountSession[], end: (id: string) => void): void {
    part("sessions").replaceChildren(...sessions.map((session) => row(session, () => end(session.id))));
  }
}

function row(session: AccountSession, end: () => void): HTMLElement {
  const made = element("li", "", "");
  const about = element("div", "", "");
  const name = sessionName(session);
  about.append(element("b", "", name), element("p", "fine", `${session.current ? "this browser" : `last used ${when(session.lastSeenAt)}`}; ${assuranceWords[session.assurance]}`));
  made.append(about);
  if (session.current) return made;
  const button = element("button", "", "End") as HTMLButtonElement;
  button.type = "button";
  button.setAttribute("aria-label", `End the session of ${name}`);
  button.addEventListener("click", end);
  made.append(button);
  return made;
}

/** What a session is called: what it began on, or what it is. */
export function sessionName({ role, label }: Pick<AccountSession, "role" | "label">): string {
  const kind = role === "wallet" ? "Wallet" : role === "site" ? "Website" : "Website or wallet";
  return label ? `${kind}, ${label}` : kind;
}

function when(time: string): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
