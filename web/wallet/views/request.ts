import type { WalletRequest } from "@liaison/client/wallet";
import { button, code, h, Problem } from "../dom.ts";
import { Guard } from "../guard.ts";
import { chainFor } from "../vault/keys.ts";
import type { Account } from "../vault/vault.ts";
import { clock, kindNames, words } from "../words.ts";
import { hostOf } from "./home.ts";
import type { View } from "./view.ts";

/** An account, and on which of its chains it would sign. */
export interface Choice {
  readonly account: Account;
  readonly chain: string;
}

/** What a person can answer. */
export interface RequestActions {
  /** Signs; rejects with a sentence if that went wrong and may be tried again. */
  approve(choice: Choice): Promise<void>;
  decline(): void;
  /** Gives up while it is being signed: the site may have the answer already. */
  stop(): void;
}

/** What surrounds the question. */
export interface RequestPlatform {
  date(): number;
  after(ms: number, callback: () => void): () => void;
}

const { request: say } = words;

/** The accounts that may answer, in the order of the chains that the site prefers. */
export function choices(accounts: readonly Account[], chains: readonly string[]): Choice[] {
  const all = accounts.flatMap((account) => {
    const chain = chainFor(account.kind, chains);
    return chain === undefined ? [] : [{ account, chain }];
  });
  return all.sort((a, b) => chains.indexOf(a.chain) - chains.indexOf(b.chain));
}

/** Asks whether to sign in. The answer is no until the person says otherwise. */
export function requestView(request: WalletRequest, offered: readonly Choice[], actions: RequestActions, platform: RequestPlatform): View {
  const host = hostOf(request.site.origin);
  let chosen = offered[0]!;
  const raw = h("pre", { class: "sunk raw", dir: "ltr", testid: "raw-text", tabindex: "0", "aria-label": say.raw });
  const show = () => (raw.textContent = request.text({ chain: chosen.chain, address: chosen.account.address }));
  show();
  const problem = new Problem();
  const sure = h("input", { type: "checkbox", id: "sure", testid: "sure" });
  let signing = false;
  const decline = button(say.decline, "decline", () => guard.open && (signing ? actions.stop() : actions.decline()), "primary");
  const approve = button(say.approve, "approve", () => void answer());
  const guard = new Guard(platform.after, [decline, approve]);
  const answer = async () => {
    if (signing || !guard.open || !(request.verified || sure.checked)) return;
    const show = () => {
      approve.disabled = signing;
      approve.textContent = signing ? say.signing : say.approve;
      decline.textContent = signing ? words.cancel : say.decline;
    };
    signing = true;
    show();
    guard.arm();
    problem.say("");
    await actions.approve(chosen).catch((cause: Error) => problem.say(cause.message));
    signing = false;
    show();
  };
  const unverified = !request.verified && warning(host, sure, approve);
  const countdown = h("p", { class: "fine countdown", role: "timer", "aria-live": "off", testid: "countdown" });
  const stop = countDown(countdown, request.lifeMs, platform);
  const element = h(
    "section",
    { class: "card pane request", "aria-labelledby": "title" },
    h("h1", { id: "title", tabindex: "-1" }, request.verified ? say.title(host) : say.titleUnverified),
    siteCard(request, host),
    unverified,
    accountField(offered, (choice) => {
      chosen = choice;
      show();
    }),
    h("h2", {}, say.asks),
    h("ul", { class: "asks" }, ...asks(request).map((text) => h("li", {}, text))),
    request.statement && h("p", { class: "statement" }, h("span", { class: "fine" }, say.statement), h("q", { dir: "auto", testid: "statement" }, request.statement)),
    h("details", {}, h("summary", {}, say.raw), raw),
    h("p", { class: "note" }, say.yourself),
    problem.element,
    h("p", { class: "answers" }, decline, approve),
    countdown,
  );
  const leave = () => {
    guard.stop();
    stop();
  };
  return { name: "request", title: request.verified ? say.title(host) : say.titleUnverified, element, focus: decline, leave };
}

function siteCard({ site, verified }: WalletRequest, host: string): HTMLElement {
  return h(
    "div",
    { class: `site-card ${verified ? "good" : "bad"}` },
    h("p", { class: "origin" }, h("bdi", { dir: "ltr", testid: "origin" }, host), h("span", { class: "badge", testid: "verified" }, verified ? say.verified : say.unverified)),
    h("p", { class: "fine" }, say.calls, " ", h("bdi", { class: "site-name", testid: "site-name" }, site.name)),
    verified && h("p", { class: "fine" }, say.verifiedFine),
  );
}

/** Who insists has to say so, for this one link. */
function warning(host: string, sure: HTMLInputElement, approve: HTMLButtonElement): HTMLElement {
  approve.hidden = true;
  sure.addEventListener("change", () => (approve.hidden = !sure.checked));
  return h("div", { class: "problem", role: "alert" }, h("p", {}, say.unverifiedFine(host)), h("p", { class: "check" }, sure, h("label", { for: "sure" }, say.sure)));
}

function accountField(offered: readonly Choice[], choose: (choice: Choice) => void): HTMLElement {
  const rows = offered.map((choice, i) => {
    const { kind, address } = choice.account;
    const input = h("input", { type: "radio", name: "account", id: `account-${i}`, testid: `account-${kind}`, checked: i === 0, change: () => choose(choice) });
    return h("p", { class: "choice" }, input, h("label", { for: `account-${i}` }, h("span", { class: "row-main" }, kindNames[kind]), code(address, { class: "row-fine" })));
  });
  return h("fieldset", {}, h("legend", {}, say.account), ...rows);
}

function asks({ asksCode, locality }: WalletRequest): string[] {
  return [say.sign, say.connect, ...(asksCode ? [say.code] : []), ...(say.locality[locality] ? [say.locality[locality]] : [])];
}

/** It only shows: the SDK ends the request. */
function countDown(where: HTMLElement, lifeMs: number, { date, after }: RequestPlatform): () => void {
  const end = date() + lifeMs;
  let cancel = () => {};
  const step = () => {
    const left = end - date();
    where.textContent = say.left(clock(left));
    if (left > 0) cancel = after(left % 1000 || 1000, step);
  };
  if (Number.isFinite(lifeMs)) step();
  return () => cancel();
}
