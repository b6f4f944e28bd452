import { LinkError, parseAccount, shortAddress, type Assurance, type Code, type SiteLink } from "@liaison/client";
import { part } from "./page.ts";
import { Sessions, type AccountSession } from "./sessions.ts";
import { assuranceWords, passkeySentence } from "./words.ts";

/** What the page's own session is, as the server says. */
interface Session {
  readonly account?: string;
  readonly assurance?: Assurance;
  readonly expiresAt?: string;
}

/** What the account needs of the page. */
export interface AccountCalls {
  /** The link, if its wallet proved the account on it. */
  link(): SiteLink | undefined;
  /** Leaves the wallet so that it can be met again. */
  leave(): void;
  /** Somebody has come back: the wallet of before is met again. */
  welcome(): void;
}

/** Who is signed in at the site, by wallet or by passkey. */
export class Account {
  readonly #calls: AccountCalls;
  readonly #sessions = new Sessions(() => void this.#do(() => this.#list()));
  readonly #tabs = new BroadcastChannel("liaison account");
  #session: Session = {};
  #asked = 0;
  #apart = true; // no wallet is connected
  #stale = false; // the account was proved too long ago for what was asked for

  constructor(calls: AccountCalls) {
    this.#calls = calls;
    part("passkey-sign-in").addEventListener("click", () => void this.#do(() => this.#signIn()));
    part("passkey-add").addEventListener("click", () => void this.#do(() => this.#add()));
    part("sign-out").addEventListener("click", () => void this.#do(() => this.#signOut()));
    // Another tab has signed in or out.
    this.#tabs.addEventListener("message", () => void this.#ask((cause) => (asProblem(cause).code === "session_required" ? {} : undefined)));
    this.#show({});
  }

  /** Asks the server who is signed in. To be called when the browser has a
   * session, and none that is just being replaced. */
  look(): Promise<void> {
    return this.#ask(() => undefined);
  }

  /** Says whether no wallet is connected: that changes nothing of who is signed in. */
  apart(apart: boolean): void {
    this.#apart = apart;
    this.#show(this.#session);
  }

  async #ask(without: (cause: unknown) => Session | undefined): Promise<void> {
    const asked = ++this.#asked;
    const session = (await call("GET", "/v1/session").catch(without)) as Session | undefined;
    if (!session || asked !== this.#asked) return;
    this.#show(session);
    this.#sessions.offer(!!this.#session.account && this.#session.assurance !== "server-asserted");
  }

  async #signIn(): Promise<string> {
    const { signInWithPasskey } = await import("@liaison/client/passkeys");
    const { account } = await signInWithPasskey(this.#session.account ? { account: this.#session.account } : {});
    this.#stale = false;
    this.#tabs.postMessage("in");
    this.#calls.welcome();
    await this.look();
    return `Welcome back, ${short(account)}.`;
  }

  async #add(): Promise<string> {
    const { registerPasskey } = await import("@liaison/client/passkeys");
    const link = this.#calls.link();
    await registerPasskey({ label: deviceName(navigator.userAgent), ...(link && { link }) });
    return "The passkey is made. Next time it signs you in without the wallet.";
  }

  async #signOut(): Promise<string> {
    this.#asked++;
    this.#calls.leave();
    await call("DELETE", "/v1/session");
    this.#tabs.postMessage("out");
    this.#show({});
    this.#sessions.offer(false);
    return "You are signed out.";
  }

  async #list(): Promise<string> {
    const { sessions } = (await call("GET", "/v1/sessions")) as { sessions: AccountSession[] };
    this.#sessions.show(sessions, (id) => void this.#do(() => this.#end(id)));
    return "";
  }

  async #end(id: string): Promise<string> {
    // One that is gone already is what was wanted.
    await call("DELETE", `/v1/sessions/${encodeURIComponent(id)}`).catch((cause: unknown) => {
      if (asProblem(cause).code !== "session_unknown") throw cause;
    });
    await this.#list();
    return "That session is ended.";
  }

  /** Does what was clicked, and says what became of it. */
  async #do(work: () => Promise<string>): Promise<void> {
    const buttons = [...document.querySelectorAll<HTMLButtonElement>(".who button")];
    const focused = document.activeElement as HTMLElement;
    for (const button of buttons) button.disabled = true;
    part("account-said").textContent = "";
    const said = await work().catch((cause: unknown) => {
      const problem = asProblem(cause);
      if (problem.code === "step_up_required") this.#stale = true;
      return passkeySentence(problem);
    });
    this.#show(this.#session);
    for (const button of buttons) button.disabled = false;
    part("account-said").textContent = said;
    // A button that was disabled has lost the focus, and may be gone.
    const stays = buttons.includes(focused as HTMLButtonElement) && !focused.hidden ? focused : buttons.find((button) => !button.hidden);
    if (document.activeElement === document.body) stays?.focus();
  }

  #show(session: Session): void {
    const { account, assurance, expiresAt } = session;
    this.#session = session;
    part("signed-in").textContent = account ? short(account) : "Nobody. Link your wallet, or use a passkey that you made here.";
    part("signed-in").title = account ?? "";
    part("signed-in").classList.toggle("short", !!account);
    part("signed-in-how").textContent = account && assurance ? `${assuranceWords[assurance]}${expiresAt ? `, until ${new Date(expiresAt).toLocaleDateString(undefined, { dateStyle: "medium" })}` : ""}` : "";
    const passkeys = typeof PublicKeyCredential !== "undefined";
    part("passkey-sign-in").hidden = !passkeys || (!!account && !this.#stale);
    part("passkey-sign-in").textContent = account ? "Sign in again with a passkey" : "Sign in with a passkey";
    part("passkey-add").hidden = !passkeys || !account || assurance === "server-asserted";
    part("sign-out").hidden = !account;
    part("signed-in-apart").hidden = !account || !this.#apart;
  }
}

/** A failure that has a code: one of the SDK, or an answer of the server. */
function asProblem(cause: unknown): Pick<LinkError, "code" | "remedy"> {
  const { code, remedy } = cause as Partial<LinkError>;
  return code && remedy ? { code, remedy } : new LinkError("internal");
}

/** Makes a call on the page's own server; an error is one of its problems. */
export async function call(method: string, path: string): Promise<unknown> {
  const response = await fetch(path, { method, headers: { Accept: "application/json" }, cache: "no-store" }).catch((cause: unknown) => {
    throw new LinkError("signaling_unreachable", { cause });
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body;
  const { code, remedy } = (body ?? {}) as { code?: Code; remedy?: string };
  throw Object.assign(new LinkError("internal"), { ...(code && { code }), ...(remedy && { remedy }) });
}

function short(account: string): string {
  return shortAddress(parseAccount(account)?.address ?? account);
}

/** What a person might call this device, to tell its passkey from others. */
export function deviceName(userAgent: string): string {
  const names: readonly (readonly [RegExp, string])[] = [
    [/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android"], [/Macintosh/, "Mac"], [/Windows/, "Windows"], [/CrOS/, "Chromebook"], [/Linux/, "Linux"],
  ];
  return names.find(([pattern]) => pattern.test(userAgent))?.[1] ?? "Passkey";
}
