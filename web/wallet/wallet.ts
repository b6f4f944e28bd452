// The wallet's page. A link may stand in its address, /wallet/#link=…; it is taken
// out of there before anything else.
import { forgetPairing, listPairings, readLink, resumeWallet } from "@liaison/client/wallet";
import { App } from "./app.ts";
import { takeLink } from "./scan/code.ts";
import { watchUpdates } from "./update.ts";
import { BrowserPasskeys } from "./vault/passkey.ts";
import { IndexedStore } from "./vault/store.ts";
import { defaultIterations } from "./vault/vault.ts";

const link = takeLink(location, history);
const date = () => Date.now();
const after = (ms: number, callback: () => void) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

const app = await App.start(
  {
    vault: { store: new IndexedStore(), passkeys: new BrowserPasskeys(), date, iterations: defaultIterations },
    sdk: { readLink, listPairings, resumeWallet, forgetPairing },
    storage: localStorage,
    passkeys: typeof PublicKeyCredential !== "undefined",
    date,
    after,
    persist: () => void navigator.storage?.persist?.().catch(() => false),
    save,
  },
  document.body,
  link,
);

// The same page once more, opened with a link in this tab, is not loaded anew.
addEventListener("hashchange", () => {
  const next = takeLink(location, history);
  if (next !== undefined) app.open(next);
});
addEventListener("pagehide", () => app.leave());
// A page that the browser brings back from its cache has no connection any more.
addEventListener("pageshow", (event) => event.persisted && location.reload());
watchUpdates(document.body);

function save(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
