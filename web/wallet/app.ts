import type { WalletRequest } from "@liaison/client/wallet";
import { asLinkError, LinkError } from "../../js/sdk/src/errors.ts";
import { h } from "./dom.ts";
import { changePrefs, prefsName, readPrefs, type Prefs } from "./prefs.ts";
import { readCode } from "./scan/code.ts";
import type { WalletSDK } from "./sdk.ts";
import { LinkedSite, Sites } from "./sites.ts";
import { AutoLock } from "./vault/autolock.ts";
import { VaultError } from "./vault/errors.ts";
import { type Kind } from "./vault/keys.ts";
import { Vault, type Opener, type VaultPlatform } from "./vault/vault.ts";
import { askingView, failureView, isQuiet } from "./views/failure.ts";
import { homeView, hostOf } from "./views/home.ts";
import { lockedView } from "./views/locked.ts";
import { choices, requestView, type Choice } from "./views/request.ts";
import { scanView } from "./views/scan.ts";
import { settingsView, wipeForm } from "./views/settings.ts";
import { startView } from "./views/start.ts";
import { talkView } from "./views/talk.ts";
import type { View } from "./views/view.ts";
import { failureFor, remedyFor, words } from "./words.ts";

/** What surrounds the page. */
export interface AppPlatform {
  readonly vault: VaultPlatform;
  readonly sdk: WalletSDK;
  readonly storage: Pick<Storage, "getItem" | "setItem">;
  /** Whether the browser has passkeys. */
  readonly passkeys: boolean;
  /** Milliseconds since 1970. */
  date(): number;
  /** Calls back once after some milliseconds, unless the result is called. */
  after(ms: number, callback: () => void): () => void;
  /** Asks the browser to keep what is stored. */
  persist(): void;
  /** Saves a file on the device. */
  save(name: string, text: string): void;
}

/** How the wallet is called at the site. */
const appName = "Liaison web wallet";
const hiddenMs = 120_000;

/** The wallet's page: one view after another. */
export class App {
  readonly #platform: AppPlatform;
  readonly #vault: Vault;
  readonly #sites: Sites;
  readonly #autolock: AutoLock;
  readonly #main: HTMLElement;
  readonly #bar: HTMLElement;
  readonly #toast: HTMLElement;
  #prefs: Prefs;
  #view: View | undefined;
  /** The site whose conversation is shown. */
  #shown: LinkedSite | undefined;
  /** A link that waits for the wallet to be unlocked. */
  #waiting: string | undefined;
  /** Ends what is being asked or read. */
  #asking: AbortController | undefined;

  private constructor(platform: AppPlatform, vault: Vault, root: HTMLElement) {
    this.#platform = platform;
    this.#vault = vault;
    this.#prefs = readPrefs(platform.storage);
    this.#sites = new Sites({ ...platform, candidates: () => this.#prefs.candidates });
    this.#autolock = new AutoLock(platform, this.#times(), () => this.lock());
    const part = (name: string) => root.querySelector<HTMLElement>(`[data-part="${name}"]`)!;
    this.#main = part("view");
    this.#bar = part("bar");
    this.#toast = part("toast");
    this.#bar.append(this.#barButton(words.toSettings, "settings", () => this.#settings()), this.#barButton(words.lock, "lock", () => this.lock()));
    this.#sites.onchange = (site) => (site === undefined || site === this.#shown || this.#view?.name === "home") && this.#view?.update?.();
    this.#sites.onover = (site, reason) => this.#over(site, reason);
    for (const name of ["pointerdown", "keydown"]) addEventListener(name, () => this.#autolock.used());
    addEventListener("storage", ({ key }) => {
      if (key !== prefsName) return;
      const { idleMinutes, candidates } = this.#prefs;
      this.#take(readPrefs(platform.storage));
      // Another tab has set what is shown here.
      const other = this.#prefs.idleMinutes !== idleMinutes || this.#prefs.candidates !== candidates;
      if (other && this.#view?.name === "settings") this.#settings();
    });
    document.addEventListener("visibilitychange", () => this.#autolock.hidden(document.hidden));
  }

  /** Reads what is stored, and shows it. */
  static async start(platform: AppPlatform, root: HTMLElement, link?: string): Promise<App> {
    const app = new App(platform, await Vault.load(platform.vault), root);
    app.#waiting = link;
    app.#begin();
    return app;
  }

  /** Takes a link that the page was opened with. */
  open(link: string): void {
    if (this.#vault.state !== "unlocked") {
      this.#waiting = link;
      return this.#begin();
    }
    const read = readCode(link);
    if ("problem" in read) this.#fail(words.scan.foreign[read.problem], "", words.failure.again, () => this.#scan(), true);
    else void this.#ask(read.link);
  }

  /** Locks the wallet, and leaves every site so that it can be met again. */
  lock(): void {
    this.#autolock.stop();
    this.#asking?.abort(new LinkError("canceled"));
    this.#sites.stop();
    this.#vault.lock();
    this.#begin();
  }

  /** The page is left. */
  leave(): void {
    this.#asking?.abort(new LinkError("canceled"));
    this.#sites.stop();
  }

  /** Shows what fits the vault's state. */
  #begin(): void {
    const { state } = this.#vault;
    const waits = this.#waiting !== undefined;
    if (state === "unlocked") return this.#entered();
    if (state === "none") {
      return this.#show(
        startView(
          {
            makeWithPasskey: () => this.#make(() => this.#vault.create({ passkey: words.start.passkeyName(1) })),
            makeWithPassphrase: (passphrase) => this.#make(() => this.#vault.create({ passphrase })),
            restore: (file, passphrase) => this.#make(() => this.#vault.createFrom(file, passphrase), true),
          },
          waits,
          this.#platform.passkeys,
        ),
      );
    }
    const how = { passkey: this.#vault.passkeys.length > 0 && this.#platform.passkeys, passphrase: this.#vault.hasPassphrase };
    const unlock = async (opener: Opener) => {
      await told(this.#vault.unlock(opener));
      this.#entered();
    };
    this.#show(lockedView(how, waits, unlock, wipeForm(() => this.#wipe())));
  }

  async #make(make: () => Promise<void>, saved = false): Promise<void> {
    await told(make());
    this.#setPrefs({ saved });
    this.#platform.persist();
    this.#entered();
  }

  /** The wallet was unlocked. */
  #entered(): void {
    this.#autolock.start();
    this.#autolock.hidden(document.hidden);
    void this.#sites.start();
    const link = this.#waiting;
    this.#waiting = undefined;
    if (link === undefined) this.#home();
    else this.open(link);
  }

  #home(): void {
    this.#show(
      homeView(this.#vault.accounts, this.#sites, this.#prefs.saved, {
        scan: () => this.#scan(),
        open: (link) => this.open(link),
        show: (site) => this.#talk(site),
        remove: (site) => void this.#remove(site),
        addAccount: (kind) => void this.#addAccount(kind),
        backup: () => this.#settings(true),
      }),
    );
  }

  #scan(): void {
    this.#show(scanView((link) => this.open(link), () => this.#home()));
  }

  async #addAccount(kind: Kind): Promise<void> {
    try {
      await told(this.#vault.addAccount(kind));
      this.#setPrefs({ saved: false }); // the backup lacks it
      this.#home();
    } catch (cause) {
      this.#say((cause as Error).message);
    }
  }

  /** Joins a link, and asks the person. */
  async #ask(link: string): Promise<void> {
    this.#asking?.abort(new LinkError("canceled"));
    const abort = (this.#asking = new AbortController());
    this.#show(askingView(words.request.asking, words.cancel, () => (abort.abort(new LinkError("canceled")), this.#home())));
    let site: LinkedSite | undefined; // once the person has agreed
    try {
      const request = await this.#platform.sdk.readLink(link, {
        app: appName,
        candidates: this.#prefs.candidates,
        allowUnverified: true, // the page asks itself whether its person insists, and refuses until then
        signal: abort.signal,
        onEvent: (event) => site && this.#sites.hear(site, event),
        confirmRemote: async () => site !== undefined && this.#sites.ask(site),
      });
      void request.closed.then((reason) => this.#view?.name === "request" && !abort.signal.aborted && this.#failed(reason));
      const offered = choices(this.#vault.accounts, request.chains);
      if (offered.length === 0) {
        await request.reject().catch(() => undefined);
        return this.#fail(words.failure.noAccount, words.failure.noAccountRemedy, words.failure.home, () => this.#home(), true);
      }
      const approve = async (choice: Choice) => {
        site = siteOf(request, choice);
        await this.#approve(request, choice, site, abort.signal);
      };
      const stop = () => {
        abort.abort(new LinkError("canceled"));
        this.#home();
        this.#say(words.request.stopped);
      };
      this.#show(requestView(request, offered, { approve, decline: () => void this.#decline(request), stop }, this.#platform));
    } catch (cause) {
      if (!abort.signal.aborted) this.#failed(asLinkError(cause));
    }
  }

  /** Signs, and goes on to the site; or tells why that is not so. */
  async #approve(request: WalletRequest, { account, chain }: Choice, site: LinkedSite, signal: AbortSignal): Promise<void> {
    try {
      const link = await request.approve(this.#vault.signer(account, chain), { signal });
      this.#asking = undefined; // from now on it is one of the sites
      this.#sites.adopt(site, link);
      this.#talk(site);
    } catch (cause) {
      if (!signal.aborted) this.#failed(asLinkError(cause));
    }
  }

  async #decline(request: WalletRequest): Promise<void> {
    this.#home();
    this.#say(words.request.declined);
    await request.reject().catch(() => undefined); // the site learns it by the link's end, then
  }

  #talk(site: LinkedSite): void {
    this.#show(talkView(site, { say: (text) => (site.say(text), this.#view?.update?.()), remove: () => void this.#remove(site), back: () => this.#home() }, this.#platform.after));
    this.#shown = site;
    this.#sites.wake(site);
  }

  async #remove(site: LinkedSite): Promise<void> {
    await this.#sites.remove(site).catch(() => undefined); // it is gone from the list in any case
    this.#home();
    this.#say(words.home.removed(hostOf(site.site.origin)));
  }

  /** A site said goodbye, or refused. */
  #over(site: LinkedSite, reason: LinkError): void {
    if (this.#shown === site) return this.#fail(failureFor(reason.code), remedyFor(reason.code), words.failure.home, () => this.#home(), isQuiet(reason.code));
    if (this.#view?.name !== "home") return;
    this.#view.update?.();
    this.#say(words.home.left(hostOf(site.site.origin), `${failureFor(reason.code)} ${remedyFor(reason.code)}`));
  }

  #settings(openBackup = false): void {
    const { done } = settingsWords;
    this.#show(
      settingsView(
        this.#vault,
        this.#prefs,
        {
          setIdle: (idleMinutes) => this.#setPrefs({ idleMinutes }),
          setCandidates: (candidates) => this.#setPrefs({ candidates }),
          setPassphrase: (opener, passphrase) => told(this.#vault.setPassphrase(opener, passphrase), done.passphrase),
          removePassphrase: (opener) => told(this.#vault.removePassphrase(opener), done.passphraseRemoved),
          addPasskey: (opener) => told(this.#vault.addPasskey(opener, this.#nextPasskeyName()), done.passkey),
          removePasskey: (opener, id) => told(this.#vault.removePasskey(opener, id), done.passkeyRemoved),
          export: (opener, passphrase) => told(this.#export(opener, passphrase), done.export),
          restore: async (file, passphrase) => {
            const { added, known } = await told(this.#vault.restore(file, passphrase));
            return settingsWords.restored(added, known);
          },
          wipe: () => this.#wipe(),
          back: () => this.#home(),
        },
        openBackup,
      ),
    );
  }

  #nextPasskeyName(): string {
    const taken = new Set(this.#vault.passkeys.map(({ label }) => label));
    let number = 1;
    while (taken.has(words.start.passkeyName(number))) number++;
    return words.start.passkeyName(number);
  }

  async #export(opener: Opener, passphrase: string): Promise<void> {
    const text = await this.#vault.export(opener, passphrase);
    this.#platform.save(`liaison-wallet-${new Date(this.#platform.date()).toISOString().slice(0, 10)}.json`, text);
    this.#setPrefs({ saved: true });
  }

  async #wipe(): Promise<void> {
    for (const pairing of await this.#platform.sdk.listPairings().catch(() => [])) await this.#platform.sdk.forgetPairing(pairing).catch(() => undefined);
    for (const site of [...this.#sites.all]) await this.#sites.remove(site).catch(() => undefined);
    await told(this.#vault.wipe());
    this.#sites.stop();
    this.#autolock.stop();
    this.#setPrefs({ saved: false });
    this.#begin();
    this.#say(settingsWords.done.wiped);
  }

  /** Tells why a code led nowhere. */
  #failed(reason: LinkError): void {
    const narrow = reason.code === "ice_failed" && this.#prefs.candidates !== "host";
    const remedy = remedyFor(reason.code);
    this.#fail(failureFor(reason.code), narrow ? `${remedy} ${words.failure.narrow}` : remedy, words.failure.again, () => this.#scan(), isQuiet(reason.code));
  }

  #fail(what: string, remedy: string, button: string, next: () => void, quiet: boolean): void {
    this.#show(failureView({ what, remedy, button, next, quiet }));
  }

  #show(view: View): void {
    this.#view?.leave?.();
    this.#view = view;
    this.#shown = undefined;
    this.#toast.textContent = "";
    this.#bar.hidden = this.#vault.state !== "unlocked";
    document.documentElement.dataset.view = view.name;
    document.title = view.title === words.title ? words.title : `${view.title} · ${words.title}`;
    this.#main.replaceChildren(view.element);
    const focus = view.focus ?? view.element.querySelector<HTMLElement>("#title");
    focus?.focus({ preventScroll: view.focus === undefined });
    if (view.focus === undefined) scrollTo(0, 0);
  }

  #say(text: string): void {
    this.#toast.textContent = text;
  }

  #barButton(text: string, testid: string, click: () => void): HTMLElement {
    return h("button", { type: "button", class: "quiet small", testid, click }, text);
  }

  #setPrefs(change: Partial<Prefs>): void {
    this.#take(changePrefs(this.#platform.storage, this.#prefs, change));
  }

  /** Goes by what was set, here or in another tab. */
  #take(prefs: Prefs): void {
    const { candidates } = this.#prefs;
    this.#prefs = prefs;
    this.#autolock.set(this.#times());
    if (prefs.candidates === candidates) return;
    this.#sites.stop(); // those on a path of before, too
    if (this.#vault.state === "unlocked") void this.#sites.start();
  }

  #times(): { idleMs: number; hiddenMs: number } {
    return { idleMs: this.#prefs.idleMinutes * 60_000, hiddenMs };
  }
}

const { settings: settingsWords } = words;

/** The site that will be linked. */
function siteOf({ site, verified }: WalletRequest, { account, chain }: Choice): LinkedSite {
  return new LinkedSite({ site, verified, account: `${chain}:${account.address}`, assurance: verified ? "sealed+origin" : "sealed" });
}

/** Makes every failure a sentence for the person. */
function told(work: Promise<void>, done: string): Promise<string>;
function told<T>(work: Promise<T>): Promise<T>;
async function told(work: Promise<unknown>, done?: string): Promise<unknown> {
  try {
    const result = await work;
    return done ?? result;
  } catch (cause) {
    const error = asLinkError(cause);
    throw new Error(cause instanceof VaultError ? words.vault[cause.code] : `${failureFor(error.code)} ${remedyFor(error.code)}`, { cause });
  }
}
