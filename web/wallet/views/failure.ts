import { button, drawing, h } from "../dom.ts";
import type { View } from "./view.ts";

/** What a failure shows: a sentence, what to do, one button. */
export interface Failure {
  readonly what: string;
  readonly remedy: string;
  readonly button: string;
  readonly next: () => void;
}

/** Why it did not work, and the way on. */
export function failureView({ what, remedy, button: label, next }: Failure): View {
  const on = button(label, "failure-next", next, "primary");
  const element = h(
    "section",
    { class: "card pane", "aria-labelledby": "title" },
    drawing("0 0 64 64", "M32 10a22 22 0 1 1 0 44 22 22 0 0 1 0-44M32 21v14M32 42v1", "emblem warn"),
    h("h1", { id: "title", tabindex: "-1", testid: "failure" }, what),
    h("p", { testid: "remedy" }, remedy),
    h("p", { class: "stacked" }, on),
  );
  return { name: "failure", title: what, element, focus: on };
}

/** Something that takes a moment, and can be given up. */
export function askingView(what: string, label: string, cancel: () => void): View {
  const element = h(
    "section",
    { class: "card pane", "aria-labelledby": "title" },
    h("h1", { id: "title", tabindex: "-1" }, what),
    h("p", { class: "waiting-bar", "aria-hidden": "true" }),
    h("p", { class: "stacked" }, button(label, "cancel", cancel)),
  );
  return { name: "asking", title: what, element };
}
