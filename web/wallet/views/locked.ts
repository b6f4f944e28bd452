import { button, drawing, h, passphraseField, Problem } from "../dom.ts";
import type { Opener } from "../vault/vault.ts";
import { words } from "../words.ts";
import type { View } from "./view.ts";

const { locked } = words;

/** A wallet that is to be unlocked. unlock and wipe reject with a sentence. */
export function lockedView(how: { passkey: boolean; passphrase: boolean }, waits: boolean, unlock: (opener: Opener) => Promise<void>, wipe: HTMLElement): View {
  const problem = new Problem();
  const status = h("p", { class: "fine", role: "status" });
  const passphrase = passphraseField(locked.passphrase, "current-password", "passphrase");
  const attempt = async (opener: Opener) => {
    problem.say("");
    status.textContent = locked.unlocking;
    await unlock(opener).catch((cause: Error) => {
      problem.say(cause.message);
      passphrase.input.select();
    });
    status.textContent = "";
  };
  const passkey = how.passkey && button(locked.passkey, "unlock-passkey", () => void attempt("passkey"), "primary");
  const form =
    how.passphrase &&
    h("form", { submit: () => void attempt({ passphrase: passphrase.input.value }), class: "form" }, passphrase.row, h("button", { type: "submit", class: how.passkey ? "quiet" : "primary", testid: "unlock" }, locked.unlock));
  const element = h(
    "section",
    { class: "card pane", "aria-labelledby": "title" },
    drawing("0 0 64 64", "M18 30h28v24H18zM24 30v-8a8 8 0 0 1 16 0v8M32 40v5", "emblem"),
    h("h1", { id: "title", tabindex: "-1" }, locked.title),
    waits && h("p", { class: "note" }, locked.waits),
    passkey && h("p", { class: "stacked" }, passkey),
    form,
    problem.element,
    status,
    h("details", {}, h("summary", {}, locked.lost), h("p", { class: "fine" }, locked.lostFine), wipe),
  );
  const focus = passkey || passphrase.input;
  return { name: "locked", title: locked.title, element, focus };
}
