import { button, code, h, Problem } from "../dom.ts";
import { Guard } from "../guard.ts";
import type { LinkedSite } from "../sites.ts";
import { milliseconds, noticeFor, words } from "../words.ts";
import { accountLine, hostOf } from "./home.ts";
import type { View } from "./view.ts";

const { talk } = words;

/** What a person can do with a site that is linked. */
export interface TalkActions {
  /** Says something; throws if the site is not there. */
  say(text: string): void;
  remove(): void;
  back(): void;
}

/** A site that this wallet is linked with: the digits to type there first, then the
 * conversation. */
export function talkView(site: LinkedSite, actions: TalkActions, after: (ms: number, callback: () => void) => () => void): View {
  const host = hostOf(site.site.origin);
  const status = h("p", { class: "status-line", role: "status", testid: "status" });
  const digits = h("p", { class: "digits", dir: "ltr", testid: "short-code" });
  const codeBox = h("div", { class: "code-box" }, h("h2", {}, talk.codeTitle), digits, h("p", { class: "fine" }, talk.codeFine(host)));
  const notice = h("p", { class: "problem", role: "alert" });
  const messages = h("ol", { class: "messages", testid: "messages", "data-empty": talk.nothing });
  const log = h("div", { class: "log talk-log", role: "log", "aria-label": talk.messages, tabindex: "0" }, messages);
  const input = h("input", { testid: "message", "aria-label": talk.message, placeholder: talk.message, autocomplete: "off", enterkeyhint: "send", maxlength: "16000" });
  const send = h("button", { type: "submit", class: "primary", testid: "send" }, talk.send);
  const problem = new Problem();
  const submit = () => {
    if (!input.value) return;
    try {
      actions.say(input.value);
      input.value = "";
      problem.say("");
    } catch {
      problem.say(talk.waiting);
    }
  };
  const [path, rtt, trust, near] = [0, 1, 2, 3].map(() => h("dd", {}));
  path!.dataset.testid = "path";
  rtt!.dataset.testid = "rtt";
  const facts = h(
    "dl",
    { class: "facts" },
    ...fact(talk.path, path!),
    ...fact(talk.rtt, rtt!),
    ...fact(talk.trust, trust!),
    ...fact(talk.locality, near!),
    ...fact(talk.account, h("dd", {}, code(accountLine(site.account)))),
  );
  const form = h("form", { submit, class: "compose-row" }, input, send);
  const disconnect = button(talk.disconnect, "disconnect", actions.remove);
  const { box: goOn, guard } = remoteBox(site, after);
  let shown = 0; // of all that was ever said
  const update = () => {
    // The site chooses when it comes into sight.
    if (goOn.hidden && site.goOn) guard.arm();
    goOn.hidden = site.goOn === undefined;
    status.textContent = statusOf(site);
    digits.textContent = site.shortCode;
    codeBox.hidden = site.shortCode === "";
    notice.textContent = site.notice ? noticeFor(site.notice.code) : "";
    path!.textContent = site.path ? talk.paths[site.path.kind] : "–";
    rtt!.textContent = site.path?.rttMs === undefined ? "–" : milliseconds(site.path.rttMs);
    trust!.textContent = site.assurance ? talk.assurances[site.assurance] : "–";
    near!.textContent = site.locality ? talk.near(site.locality) : "–";
    // While there are digits to be typed, or a question stands, there is nothing else to
    // look at.
    for (const later of [facts, log, form]) later.hidden = site.shortCode !== "" || !goOn.hidden;
    input.disabled = send.disabled = site.presence !== "here";
    disconnect.hidden = site.presence === "elsewhere"; // only the tab that has it can say goodbye
    for (const { from, text } of site.said.slice(Math.max(0, shown - site.dropped))) {
      messages.append(from === "asked" ? h("li", { "data-from": from }, talk.asked, " ", code(text), ". ", talk.cannot) : h("li", { "data-from": from, dir: "auto" }, text));
      log.scrollTop = log.scrollHeight;
    }
    shown = site.dropped + site.said.length;
    while (messages.childElementCount > site.said.length) messages.firstElementChild!.remove();
  };
  update();
  const element = h(
    "section",
    { class: "card pane talk-pane", "aria-labelledby": "title" },
    h("h1", { id: "title", tabindex: "-1" }, h("bdi", { dir: "ltr", testid: "talk-site" }, host)),
    h("p", { class: "fine" }, h("bdi", {}, site.site.name), " · ", site.verified ? words.request.verified : words.request.unverified),
    status,
    codeBox,
    goOn,
    notice,
    facts,
    log,
    form,
    problem.element,
    h("p", { class: "buttons" }, button(words.back, "back", actions.back), disconnect),
  );
  return { name: "talk", title: host, element, update, leave: () => guard.stop() };
}

/** Asks once more about a site that is not near. */
function remoteBox(site: LinkedSite, after: (ms: number, callback: () => void) => () => void): { box: HTMLElement; guard: Guard } {
  const no = button(talk.remoteNo, "remote-no", () => guard.open && site.goOn?.(false));
  const yes = button(talk.remoteYes, "remote-yes", () => guard.open && site.goOn?.(true));
  const guard = new Guard(after, [no, yes]);
  return { box: h("div", { class: "problem", role: "alert", hidden: true, testid: "remote" }, h("p", {}, talk.remote), h("p", { class: "buttons" }, no, yes)), guard };
}

function fact(name: string, value: HTMLElement): HTMLElement[] {
  return [h("div", {}, h("dt", {}, name), value)];
}

function statusOf({ presence, attached, shortCode }: LinkedSite): string {
  if (shortCode) return talk.digits;
  switch (presence) {
    case "connecting":
      return talk.connecting;
    case "broken":
      return talk.broken;
    case "elsewhere":
      return talk.elsewhere;
    case "narrow":
      return talk.narrow;
    case "resting":
    case "waiting":
      return talk.waiting;
    case "here":
      return attached ? talk.connected : talk.serverGone;
  }
}
