// The page behind a link's https form, for a phone on which no wallet took it.
// Opening it changes nothing on the server, which does not get the fragment.
import { copyText } from "../site/copy.ts";

// What the link shares with the wallet alone is in the fragment. It goes out of
// the address bar, and the history, before anything else.
const fragment = location.hash;
history.replaceState(null, "", location.pathname + location.search);

const byId = (id: string) => document.getElementById(id) as HTMLElement;
const requestId = /^\?requestId=([A-Za-z0-9._-]{16,64})$/.exec(location.search)?.[1];

if (requestId && /^#1\.[A-Za-z0-9_-]{67}$/.test(fragment)) show(walletLink(requestId));
else if (requestId && !fragment) broken("The last part of the link is missing, the one after the “#”. Some apps cut it off. Go back to the website and scan its code, or copy the whole link there.");
else broken("Go back to the website and scan its code again.");

/** The same link with the wallet's scheme. That one cannot say whether the
 * server speaks TLS, so where its rule would guess wrong the web form stays. */
function walletLink(id: string): string {
  const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(location.hostname);
  if ((location.protocol === "https:") === loopback) return `${location.origin}${location.pathname}${location.search}${fragment}`;
  return `liquid://${location.host}/?requestId=${id}${fragment}`;
}

function show(link: string): void {
  const open = byId("open") as HTMLAnchorElement;
  open.href = link;
  byId("link").textContent = link;
  for (const id of ["open", "or", "line"]) byId(id).hidden = false;
  byId("plain").hidden = true;
  byId("copy").addEventListener("click", async () => {
    byId("said").textContent = (await copyText(link, byId("link"))) ? "Copied." : "The link is selected: copy it now.";
    byId("copy").textContent = byId("said").textContent === "Copied." ? "Copied" : "Selected";
  });
}

function broken(why: string): void {
  byId("title").textContent = "This link is not complete";
  byId("plain").textContent = why;
}
