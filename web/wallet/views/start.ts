import { button, drawing, h, passphraseField, Problem } from "../dom.ts";
import { words } from "../words.ts";
import { fileField } from "./file.ts";
import type { View } from "./view.ts";

/** What a person can do before there is a wallet. Each rejects with a sentence. */
export interface StartActions {
  makeWithPasskey(): Promise<void>;
  makeWithPassphrase(passphrase: string): Promise<void>;
  restore(file: string, passphrase: string): Promise<void>;
}

const { start } = words;

/** The first thing that a person sees. */
export function startView(actions: StartActions, waits: boolean, passkeys: boolean): View {
  const problem = new Problem();
  const status = h("p", { class: "fine", role: "status" });
  const attempt = async (work: () => Promise<void>) => {
    problem.say("");
    status.textContent = start.making;
    await work().catch((cause: Error) => problem.say(cause.message));
    status.textContent = "";
  };
  const passphrase = passphraseForm((text) => void attempt(() => actions.makeWithPassphrase(text)), problem, !passkeys);
  const byPasskey = async () => {
    await attempt(() => actions.makeWithPasskey());
    if (problem.element.textContent) passphrase.open = true;
  };
  const element = h(
    "section",
    { class: "card pane", "aria-labelledby": "title" },
    drawing("0 0 64 64", "M32 6l22 8v16c0 14-9 23-22 28C19 53 10 44 10 30V14zM24 31l6 6 11-12", "emblem"),
    h("h1", { id: "title", tabindex: "-1" }, start.title),
    h("p", {}, start.text),
    waits && h("p", { class: "note" }, start.waits),
    passkeys && h("p", { class: "stacked" }, button(start.passkey, "make-passkey", () => void byPasskey(), "primary"), h("span", { class: "fine" }, start.passkeyFine)),
    problem.element,
    status,
    passphrase,
    restoreForm((file, text) => void attempt(() => actions.restore(file, text)), problem),
  );
  return { name: "start", title: start.title, element };
}

function passphraseForm(make: (passphrase: string) => void, problem: Problem, open: boolean): HTMLDetailsElement {
  const first = passphraseField(start.fresh, "new-password", "new-passphrase");
  const second = passphraseField(start.repeat, "new-password", "repeat-passphrase");
  const submit = () => (first.input.value === second.input.value ? make(first.input.value) : problem.say(words.settings.mismatch));
  return h(
    "details",
    { open, testid: "by-passphrase" },
    h("summary", {}, start.passphrase),
    h("form", { submit, class: "form" }, first.row, second.row, h("p", { class: "fine" }, start.fine), h("button", { type: "submit", class: "quiet", testid: "make-passphrase" }, start.make)),
  );
}

function restoreForm(restore: (file: string, passphrase: string) => void, problem: Problem): HTMLDetailsElement {
  const file = fileField();
  const passphrase = passphraseField(words.settings.filePassphrase, "current-password", "file-passphrase");
  const submit = async () => {
    const text = await file.read();
    if (text === undefined) problem.say(words.vault.not_a_backup);
    else restore(text, passphrase.input.value);
  };
  return h(
    "details",
    { testid: "by-backup" },
    h("summary", {}, start.restore),
    h("form", { submit: () => void submit(), class: "form" }, file.row, passphrase.row, h("p", { class: "fine" }, start.restoreFine), h("button", { type: "submit", class: "quiet", testid: "restore" }, start.restore)),
  );
}
