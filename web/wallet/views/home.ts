import { parseAccount, shortAddress } from "@liaison/client";
import { copyText } from "../../site/copy.ts";
import { button, code, field, h } from "../dom.ts";
import type { LinkedSite, Sites } from "../sites.ts";
import { kinds, type Kind } from "../vault/keys.ts";
import type { Account } from "../vault/vault.ts";
import { day, kindNames, words } from "../words.ts";
import type { View } from "./view.ts";

/** What a person can do at home. */
export interface HomeActions {
  scan(): void;
  open(link: string): void;
  show(site: LinkedSite): void;
  remove(site: LinkedSite): void;
  addAccount(kind: Kind): void;
  backup(): void;
}

const { home } = words;

/** The wallet, open. */
export function homeView(accounts: readonly Account[], sites: Sites, saved: boolean, actions: HomeActions): View {
  const list = h("div", { class: "sites", testid: "sites" });
  const update = () => {
    const focused = [...list.querySelectorAll("button")].indexOf(document.activeElement as HTMLButtonElement);
    list.replaceChildren(sites.all.length > 0 ? siteList(sites.all, actions) : h("p", { class: "fine" }, home.noSites));
    if (focused >= 0) list.querySelectorAll("button")[focused]?.focus();
  };
  update();
  const element = h(
    "div",
    { class: "home" },
    h("h1", { id: "title", class: "unseen", tabindex: "-1" }, words.title),
    h("section", { class: "card pane" }, button(home.scan, "scan", () => actions.scan(), "primary big-button"), pasteForm(actions)),
    !saved && h("p", { class: "note with-button" }, h("span", {}, home.backup), button(home.backupNow, "backup-now", () => actions.backup())),
    h("section", { class: "card pane", "aria-labelledby": "sites-title" }, h("h2", { id: "sites-title" }, home.sites), list),
    accountCard(accounts, actions),
  );
  return { name: "home", title: words.title, element, update };
}

/** A field for a link that was copied, behind a line. */
export function pasteForm({ open }: Pick<HomeActions, "open">): HTMLDetailsElement {
  const { row, input } = field(home.link, { type: "text", testid: "paste-link", autocomplete: "off", spellcheck: "false", autocapitalize: "off", dir: "ltr", required: true });
  return h(
    "details",
    { testid: "paste" },
    h("summary", {}, home.paste),
    h("form", { submit: () => open(input.value), class: "form" }, row, h("button", { type: "submit", class: "quiet", testid: "open-link" }, home.open)),
  );
}

function siteList(all: readonly LinkedSite[], actions: HomeActions): HTMLElement {
  return h("ul", {}, ...all.map((site) => siteRow(site, actions)));
}

function siteRow(site: LinkedSite, actions: HomeActions): HTMLElement {
  const host = hostOf(site.site.origin);
  const open = h(
    "button",
    { type: "button", class: "row", testid: "site", click: () => actions.show(site) },
    h("span", { class: `presence ${site.presence}`, "aria-hidden": "true" }),
    h("span", { class: "row-text" }, h("bdi", { class: "row-main", dir: "ltr" }, host), h("span", { class: "row-fine" }, siteLine(site))),
  );
  // Only the tab that has it can say goodbye.
  const remove = site.presence !== "elsewhere" && h("button", { type: "button", class: "quiet small", testid: "remove-site", "aria-label": home.removeSite(host), click: () => actions.remove(site) }, home.remove);
  return h("li", {}, open, remove);
}

function siteLine({ presence, pairing, verified }: LinkedSite): string {
  return [words.presence[presence], ...(verified ? [] : [words.request.unverified.toLowerCase()]), ...(pairing ? [home.until(day(pairing.expiresAt))] : [])].join(" · ");
}

function accountCard(accounts: readonly Account[], actions: HomeActions): HTMLElement {
  const rows = accounts.map(({ kind, address }) => {
    const copy = h("button", { type: "button", class: "quiet small", testid: "copy-address", "aria-label": home.copyAddress(kind) }, home.copy);
    const shown = code(address, { class: "row-fine", testid: "address" });
    copy.addEventListener("click", async () => (copy.textContent = (await copyText(address, shown)) ? home.copied : home.selected));
    return h("li", {}, h("span", { class: "row-text" }, h("span", { class: "row-main" }, kindNames[kind]), shown), copy);
  });
  return h(
    "section",
    { class: "card pane", "aria-labelledby": "accounts-title" },
    h("h2", { id: "accounts-title" }, home.accounts),
    h("ul", { testid: "accounts" }, ...rows),
    h("details", {}, h("summary", {}, home.addTitle), h("p", { class: "buttons" }, ...kinds.map((kind) => button(home.add(kind), `add-${kind}`, () => actions.addAccount(kind))))),
  );
}

/** How an account is written where there is little room. */
export function accountLine(account: string): string {
  return shortAddress(parseAccount(account)?.address ?? account);
}

/** A site's name in the network, as a person compares it. */
export function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : origin;
}
