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
  const list = new SiteList(sites, actions);
  list.update();
  const element = h(
    "div",
    { class: "home" },
    h("h1", { id: "title", class: "unseen", tabindex: "-1" }, words.title),
    h("section", { class: "card pane" }, button(home.scan, "scan", () => actions.scan(), "primary big-button"), pasteForm(actions)),
    !saved && h("p", { class: "note with-button" }, h("span", {}, home.backup), button(home.backupNow, "backup-now", () => actions.backup())),
    h("section", { class: "card pane", "aria-labelledby": "sites-title" }, h("h2", { id: "sites-title" }, home.sites), list.element),
    accountCard(accounts, actions),
  );
  return { name: "home", title: words.title, element, update: () => list.update() };
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

/** The linked sites, a row each. A row stays as long as its site does: a button that is
 * taken away while it is pressed does nothing. */
class SiteList {
  readonly element = h("div", { class: "sites", testid: "sites" });
  readonly #list = h("ul");
  readonly #none = h("p", { class: "fine" }, home.noSites);
  readonly #sites: Sites;
  readonly #actions: HomeActions;
  readonly #rows = new Map<LinkedSite, SiteRow>();

  constructor(sites: Sites, actions: HomeActions) {
    this.#sites = sites;
    this.#actions = actions;
  }

  update(): void {
    const { all } = this.#sites;
    const focused = [...this.#list.children].findIndex((row) => row.contains(document.activeElement));
    for (const [site, row] of this.#rows) {
      if (all.includes(site)) continue;
      row.element.remove();
      this.#rows.delete(site);
    }
    all.forEach((site, at) => this.#row(site).place(this.#list, at));
    const shown = all.length > 0 ? this.#list : this.#none;
    if (this.element.firstChild !== shown) this.element.replaceChildren(shown);
    // Whoever was at a row that is gone comes to the next, and to no button that ends it.
    if (focused < 0 || this.element.contains(document.activeElement)) return;
    const next = this.#list.querySelectorAll<HTMLElement>(".row")[Math.min(focused, all.length - 1)];
    (next ?? document.getElementById("title"))?.focus();
  }

  #row(site: LinkedSite): SiteRow {
    const row = this.#rows.get(site) ?? new SiteRow(site, this.#actions);
    this.#rows.set(site, row);
    row.update();
    return row;
  }
}

class SiteRow {
  readonly element: HTMLElement;
  readonly #site: LinkedSite;
  readonly #dot = h("span", { "aria-hidden": "true" });
  readonly #line = h("span", { class: "row-fine" });
  readonly #remove: HTMLElement;
  readonly #open: HTMLElement;

  constructor(site: LinkedSite, actions: HomeActions) {
    const host = hostOf(site.site.origin);
    this.#site = site;
    this.#remove = h("button", { type: "button", class: "quiet small", testid: "remove-site", "aria-label": home.removeSite(host), click: () => actions.remove(site) }, home.remove);
    this.#open = h(
      "button",
      { type: "button", class: "row", testid: "site", click: () => actions.show(site) },
      this.#dot,
      h("span", { class: "row-text" }, h("bdi", { class: "row-main", dir: "ltr" }, host), this.#line),
    );
    this.element = h("li", {}, this.#open);
  }

  /** Takes its place in the list, if it stands elsewhere. */
  place(list: HTMLElement, at: number): void {
    if (list.children[at] !== this.element) list.insertBefore(this.element, list.children[at] ?? null);
  }

  update(): void {
    const { presence } = this.#site;
    this.#dot.className = `presence ${presence}`;
    this.#line.textContent = siteLine(this.#site);
    // Only the tab that has it can say goodbye.
    if (presence === "elsewhere") {
      if (document.activeElement === this.#remove) this.#open.focus();
      this.#remove.remove();
    } else if (!this.#remove.parentNode) this.element.append(this.#remove);
  }
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
