// The page behind a link's https form, for a phone on which no wallet took it.
// Opening it changes nothing on the server, which does not get the fragment.
import { copyText } from "../site/copy.ts";
import { addressFor } from "../wallet/scan/code.ts";

const first = takeFragment();

const byId = (id: string) => document.getElementById(id) as HTMLElement;
const open = byId("open") as HTMLAnchorElement;
// The wallet that runs in this browser, where the browser lets it encrypt.
const here = byId("here") as HTMLAnchorElement;
const title = byId("title").textContent;
const requestId = /^\?requestId=([A-Za-z0-9._-]{16,64})$/.exec(location.search)?.[1];

tell(first);
// The same link again, opened or pasted in this tab, does not load the page anew.
addEventListener("hashchange", () => location.hash && tell(takeFragment()));
byId("copy").addEventListener("click", async () => {
  byId("said").textContent = (await copyText(byId("link").textContent, byId("link"))) ? "Copied." : "The link is selected: copy it now.";
  byId("copy").textContent = byId("said").textContent === "Copied." ? "Copied" : "Selected";
});

/** Takes what the link shares with the wallet alone out of the address bar, and
 * out of the history of this tab, before anything else. What the browser has
 * written to its history on disk by then stays there: that, too, is why a link
 * is for one wallet and for two minutes, spec/sealed.md §1. */
function takeFragment(): string {
  const fragment = location.hash;
  history.replaceState(null, "", location.pathname + location.search);
  return fragment;
}

function tell(fragment: string): void {
  if (requestId && /^#1\.[A-Za-z0-9_-]{67}$/.test(fragment)) show(walletLink(requestId, fragment));
  else if (requestId && !fragment) broken("The last part of the link is missing, the one after the “#”. Some apps cut it off. Go back to the website and scan its code, or copy the whole link there.");
  else broken("Go back to the website and scan its code again.");
}

/** The same link with the wallet's scheme. That one cannot say whether the
 * server speaks TLS, so where its rule would guess wrong the web form stays. */
function walletLink(id: string, fragment: string): string {
  const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(location.hostname);
  if ((location.protocol === "https:") === loopback) return `${location.origin}${location.pathname}${location.search}${fragment}`;
  return `liquid://${location.host}/?requestId=${id}${fragment}`;
}

/** Shows the link. Its web form would lead back to this page and no further. */
function show(link: string): void {
  const opens = link.startsWith("liquid:");
  if (opens) open.href = link;
  open.hidden = byId("nothing").hidden = !opens;
  if (isSecureContext) here.href = addressFor("/wallet/", link);
  here.hidden = !isSecureContext;
  byId("link").textContent = link;
  byId("title").textContent = title;
  shown(true);
}

function broken(why: string): void {
  for (const way of [open, here]) {
    way.hidden = true;
    way.removeAttribute("href");
  }
  byId("link").textContent = "";
  byId("title").textContent = "This link is not complete";
  byId("plain").textContent = why;
  shown(false);
}

function shown(whole: boolean): void {
  for (const id of ["or", "line"]) byId(id).hidden = !whole;
  byId("plain").hidden = whole;
}
