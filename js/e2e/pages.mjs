// The two pages that most tests of the SDK use: a tab of a site, whose script runs in a
// page of the server, and a wallet on an origin of its own.
import { bundle } from "./bundle.mjs";

/** A script in one file: pages of the server have no other of ours. */
export const oneFile = async (entry) => (await bundle(entry, { splitting: false })).get("/entry.js").toString();

/** The script of pages/tabs.js. */
export const siteScript = () => oneFile("e2e/pages/tabs.js");

/** The files of pages/wallet.js by address. */
export const walletScripts = () => bundle("e2e/pages/wallet.js");
