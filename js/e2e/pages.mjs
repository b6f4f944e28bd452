// The two pages that most tests of the SDK use: a tab of a site, whose script runs in a
// page of the server, and a wallet on an origin of its own.
import { bundle } from "./bundle.mjs";

/** The script of pages/tabs.js, in one file: pages of the server have no other of ours. */
export const siteScript = async () => (await bundle("e2e/pages/tabs.js", { splitting: false })).get("/entry.js").toString();

/** The files of pages/wallet.js by address. */
export const walletScripts = () => bundle("e2e/pages/wallet.js");
