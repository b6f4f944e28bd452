// The page behind a link's https form, for a phone on which no wallet took it.
// Opening it changes nothing on the server.
import { copyText } from "../site/copy.ts";

const byId = (id: string) => document.getElementById(id) as HTMLElement;
const requestId = /^\?requestId=([A-Za-z0-9._-]{16,64})$/.exec(location.search)?.[1];

if (requestId) show(walletLink(requestId));
else broken();

/** The same link with the wallet's scheme. That one cannot say whether the
 * server speaks TLS, so where its rule would guess wrong the web form stays. */
function walletLink(id: string): string {
  const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(location.hostname);
  if ((location.protocol === "https:") === loopback) return location.href;
  return `liquid://${location.host}/?requestId=${id}${location.hash}`;
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

function broken(): void {
  byId("title").textContent = "This link is not complete";
  byId("plain").textContent = "Go back to the website and scan its code again.";
}
