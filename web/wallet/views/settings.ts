import type { PathKind } from "@liaison/client";
import { button, h, passphraseField, Problem } from "../dom.ts";
import { candidateChoices, idleChoices, type Prefs } from "../prefs.ts";
import type { Opener, Vault } from "../vault/vault.ts";
import { day, words } from "../words.ts";
import { fileField } from "./file.ts";
import type { View } from "./view.ts";

const { settings } = words;

/** What a person can change. All but setIdle, setCandidates and back reject with a sentence, and
 * resolve with one. */
export interface SettingsActions {
  setIdle(minutes: number): void;
  setCandidates(widest: PathKind): void;
  setPassphrase(opener: Opener, passphrase: string): Promise<string>;
  removePassphrase(opener: Opener): Promise<string>;
  addPasskey(opener: Opener): Promise<string>;
  removePasskey(opener: Opener, id: string): Promise<string>;
  export(opener: Opener, passphrase: string): Promise<string>;
  restore(file: string, passphrase: string): Promise<string>;
  wipe(): Promise<void>;
  back(): void;
}

/** Runs what a person asked for, and says how it went. */
class Outcome {
  readonly #problem = new Problem();
  readonly #done = h("p", { class: "done", role: "status", testid: "done" });
  readonly elements = [this.#problem.element, this.#done];

  /** Resolves with whether it went well. */
  async of(work: Promise<string>): Promise<boolean> {
    this.#problem.say("");
    this.#done.textContent = "";
    try {
      this.#done.textContent = await work;
      return true;
    } catch (cause) {
      this.#problem.say((cause as Error).message);
      return false;
    } finally {
      this.elements[0]!.scrollIntoView({ block: "center" });
    }
  }
}

/** How the wallet is locked, saved and deleted. */
export function settingsView(vault: Vault, prefs: Prefs, actions: SettingsActions, openBackup = false): View {
  const content = h("div", { class: "home" });
  const outcome = new Outcome();
  const draw = () => content.replaceChildren(...cards(vault, prefs, actions, openBackup, redraw));
  const redraw = async (work: Promise<string>) => {
    if (await outcome.of(work)) draw(); // else the person need not type everything again
  };
  draw();
  const element = h(
    "div",
    { class: "home" },
    h("div", { class: "title-row" }, h("h1", { id: "title", tabindex: "-1" }, settings.title), button(words.back, "back", actions.back)),
    ...outcome.elements,
    content,
  );
  return { name: "settings", title: settings.title, element };
}

type Run = (work: Promise<string>) => Promise<void>;

function cards(vault: Vault, prefs: Prefs, actions: SettingsActions, openBackup: boolean, run: Run): HTMLElement[] {
  return [unlockCard(vault, prefs, actions, run), privacyCard(prefs, actions), backupCard(vault, actions, run, openBackup), h("section", { class: "card pane" }, h("h2", {}, settings.wipe), wipeForm(actions.wipe))];
}

function unlockCard(vault: Vault, prefs: Prefs, actions: SettingsActions, run: Run): HTMLElement {
  const idle = h("select", { id: "idle", testid: "idle", change: () => actions.setIdle(Number(idle.value)) }, ...idleChoices.map((count) => h("option", { value: count, selected: count === prefs.idleMinutes }, settings.minutes(count))));
  const onlyOne = vault.passkeys.length + Number(vault.hasPassphrase) === 1;
  return h(
    "section",
    { class: "card pane", "aria-labelledby": "unlock-title" },
    h("h2", { id: "unlock-title" }, settings.unlock),
    h("p", { class: "field" }, h("label", { for: "idle" }, settings.lockAfter), idle),
    h("h3", {}, `${settings.passphrase} ${vault.hasPassphrase ? settings.passphraseSet : settings.passphraseNone}`),
    passphraseForm(vault, actions, run),
    onlyOne && vault.hasPassphrase && h("p", { class: "fine", testid: "only-way" }, settings.onlyPassphrase),
    vault.hasPassphrase && !onlyOne && provenForm(vault, settings.removePassphrase, "remove-passphrase", (opener) => run(actions.removePassphrase(opener))),
    h("h3", {}, settings.passkeys),
    h("ul", { testid: "passkeys" }, ...vault.passkeys.map(({ id, label, createdAt }) => h("li", { class: "passkey" }, h("span", { class: "row-text" }, h("span", { class: "row-main" }, label), h("span", { class: "row-fine" }, settings.added(day(createdAt)))), onlyOne ? h("p", { class: "fine", testid: "only-way" }, settings.onlyPasskey) : provenForm(vault, settings.removePasskey(label), "remove-passkey", (opener) => run(actions.removePasskey(opener, id)))))),
    provenForm(vault, settings.addPasskey, "add-passkey", (opener) => run(actions.addPasskey(opener))),
  );
}

function privacyCard(prefs: Prefs, actions: SettingsActions): HTMLElement {
  const widest = h("select", { id: "candidates", testid: "candidates", "aria-describedby": "candidates-fine", change: () => actions.setCandidates(widest.value as PathKind) }, ...candidateChoices.map((kind) => h("option", { value: kind, selected: kind === prefs.candidates }, settings.candidatesOf[kind])));
  return h(
    "section",
    { class: "card pane", "aria-labelledby": "privacy-title" },
    h("h2", { id: "privacy-title" }, settings.privacy),
    h("p", { class: "field" }, h("label", { for: "candidates" }, settings.candidates), widest),
    h("p", { class: "fine", id: "candidates-fine" }, settings.candidatesFine),
  );
}

function passphraseForm(vault: Vault, actions: SettingsActions, run: Run): HTMLElement {
  const first = passphraseField(settings.fresh, "new-password", "fresh-passphrase");
  const second = passphraseField(settings.repeat, "new-password", "fresh-repeat");
  const work = (opener: Opener) => run(same(first.input, second.input, (passphrase) => actions.setPassphrase(opener, passphrase)));
  return provenForm(vault, vault.hasPassphrase ? settings.change : settings.set, "set-passphrase", work, first.row, second.row);
}

function backupCard(vault: Vault, actions: SettingsActions, run: Run, open: boolean): HTMLElement {
  const first = passphraseField(settings.newFilePassphrase, "new-password", "export-passphrase");
  const second = passphraseField(settings.repeat, "new-password", "export-repeat");
  const write = (opener: Opener) => run(same(first.input, second.input, (passphrase) => actions.export(opener, passphrase)));
  const exporting = provenForm(vault, settings.export, "export", write, first.row, second.row);
  exporting.open = open;
  return h("section", { class: "card pane", "aria-labelledby": "backup-title" }, h("h2", { id: "backup-title" }, settings.backup), h("p", { class: "fine" }, settings.backupFine), exporting, restoreForm(actions, run));
}

function restoreForm(actions: SettingsActions, run: Run): HTMLElement {
  const file = fileField();
  const passphrase = passphraseField(settings.filePassphrase, "current-password", "file-passphrase");
  const submit = () =>
    void run(file.read().then((text) => (text === undefined ? Promise.reject(new Error(words.vault.not_a_backup)) : actions.restore(text, passphrase.input.value))));
  return h("details", { testid: "restore-form" }, h("summary", {}, settings.restore), h("form", { submit, class: "form" }, file.row, passphrase.row, h("button", { type: "submit", class: "quiet", testid: "restore" }, settings.restore)));
}

/** A form behind a line, in which the person proves to be there: by a passkey, or
 * by the passphrase. */
function provenForm(vault: Vault, title: string, testid: string, work: (opener: Opener) => unknown, ...rows: readonly HTMLElement[]): HTMLDetailsElement {
  const current = passphraseField(settings.current, "current-password", `${testid}-current`);
  const form = h("form", { class: "form" }, ...rows);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const byPasskey = (event.submitter as HTMLElement | null)?.dataset.by === "passkey";
    void work(byPasskey ? "passkey" : { passphrase: current.input.value });
  });
  if (vault.passkeys.length > 0) form.append(h("button", { type: "submit", class: "quiet", "data-by": "passkey", testid: `${testid}-passkey` }, settings.confirmPasskey));
  if (vault.hasPassphrase) {
    current.input.required = vault.passkeys.length === 0;
    form.append(current.row, h("button", { type: "submit", class: "quiet", testid: `${testid}-go` }, title));
  }
  return h("details", { testid }, h("summary", {}, title), form);
}

function same<T>(first: HTMLInputElement, second: HTMLInputElement, work: (passphrase: string) => Promise<T>): Promise<T> {
  return first.value === second.value ? work(first.value) : Promise.reject(new Error(settings.mismatch));
}

/** Deletes everything, if the person says so twice. */
export function wipeForm(wipe: () => Promise<void>): HTMLElement {
  const problem = new Problem();
  const sure = h(
    "div",
    { class: "problem", hidden: true },
    h("p", {}, settings.wipeSure),
    h("p", { class: "buttons" }, button(settings.wipeNot, "wipe-not", () => (sure.hidden = true)), button(settings.wipeNow, "wipe-now", () => void wipe().catch((cause: Error) => problem.say(cause.message)), "danger")),
  );
  const first = button(settings.wipe, "wipe", () => {
    sure.hidden = false;
    sure.querySelector("button")!.focus();
  });
  return h("div", { class: "form" }, h("p", { class: "fine" }, settings.wipeFine), first, sure, problem.element);
}
