import type { Code } from "@liaison/client";
import { button, drawing, h } from "../dom.ts";
import type { View } from "./view.ts";

// Endings that nobody needs to be alarmed at: somebody left, said no, or took his time.
const quiet: ReadonlySet<Code> = new Set<Code>(["canceled", "channel_closed", "link_closed", "link_expired", "link_unknown", "peer_lost", "resumption_unknown", "timed_out", "user_rejected"]);

const circle = "M32 10a22 22 0 1 1 0 44 22 22 0 0 1 0-44";

/** Whether an ending is no alarm. */
export function isQuiet(code: Code): boolean {
  return quiet.has(code);
}

/** What a failure shows: a sentence, what to do, one button; and whether it is no alarm. */
export interface Failure {
  readonly what: string;
  readonly remedy: string;
  readonly button: string;
  readonly next: () => void;
  readonly quiet: boolean;
}

/** Why it did not work, and the way on. */
export function failureView({ what, remedy, button: label, next, quiet }: Failure): View {
  const on = button(label, "failure-next", next, "primary");
  const element = h(
    "section",
    { class: "card pane", "aria-labelledby": "title" },
    quiet ? drawing("0 0 64 64", `${circle}M32 30v14M32 21v1`, "emblem") : drawing("0 0 64 64", `${circle}M32 21v14M32 42v1`, "emblem warn"),
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
