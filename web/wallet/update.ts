// Lets the page start without a network, and takes updates when its person wants
// them: a page never mixes two versions.
import { button, h } from "./dom.ts";
import { words } from "./words.ts";

const address = "/wallet/sw.js";

interface TrustedScripts {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

/** Registers the service worker, and offers a version that has come since. */
export function watchUpdates(root: HTMLElement): void {
  if (!("serviceWorker" in navigator)) return;
  const offer = (worker: ServiceWorker | null) => {
    // Without a controller it is the first version, which is the page's own.
    if (!worker || !navigator.serviceWorker.controller) return;
    const place = root.querySelector<HTMLElement>('[data-part="update"]')!;
    place.replaceChildren(h("span", {}, words.update), button(words.updateNow, "update", () => worker.postMessage("activate")));
  };
  let controlled = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (controlled) location.reload();
    controlled = true;
  });
  navigator.serviceWorker
    .register(trusted(address), { scope: "/wallet/", updateViaCache: "none" })
    .then((registration) => {
      offer(registration.waiting);
      registration.addEventListener("updatefound", () => {
        const worker = registration.installing;
        worker?.addEventListener("statechange", () => worker.state === "installed" && offer(worker));
      });
    })
    .catch(() => undefined); // a browser that allows none: the page needs a network, then
}

// Where trusted types are required, a script's address is one of them.
function trusted(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedScripts };
  if (!trustedTypes) return url;
  const policy = trustedTypes.createPolicy("liaison-wallet", {
    createScriptURL(asked) {
      if (asked !== address) throw new TypeError("that is no script of the wallet");
      return asked;
    },
  });
  return policy.createScriptURL(url);
}
