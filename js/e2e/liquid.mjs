// Pages with the clients of Liquid Auth from npm, on the server's own origin, and
// what a wallet needs beside them: a key and an authenticator.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512_256 } from "@noble/hashes/sha2.js";
import { launch } from "./browser.mjs";
import { bundle } from "./bundle.mjs";
import { patience, within } from "./program.mjs";

/** The transports of Socket.IO that a client is told to use. */
export const transports = { "the default transports": undefined, "polling alone": ["polling"], "WebSocket alone": ["websocket"] };

/** A browser that finds nobody but this machine. It names addresses as they are: to
 * hide them it asks the network for names, once each, and a busy machine may miss that. */
export const launchLocal = () => launch("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1", "--disable-features=WebRtcHideLocalIpsWithMdns");

const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** A new key of Algorand, and its address. */
export function newAccount() {
  const seed = randomBytes(32);
  const key = ed25519.getPublicKey(seed);
  const bits = [...key, ...sha512_256(key).subarray(-4)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return { seed: [...seed], key, address: bits.replace(/.{1,5}/g, (five) => base32[parseInt(five.padEnd(5, "0"), 2)]) };
}

/** What the pages run. */
export const pages = { liquid: "e2e/pages/liquid.js", useWallet: "e2e/pages/use-wallet.js", socketIO: "e2e/pages/socketio.js" };

/** The release of liquid-client that use-wallet-client needs was published without
 * what its build makes, so its sources take that place. */
const unbuilt = {
  alias: {
    "@algorandfoundation/liquid-client":
      "./node_modules/@algorandfoundation/liquid-auth-use-wallet-client/node_modules/@algorandfoundation/liquid-client/src/index.ts",
  },
  tsconfigRaw: {},
};

const bundles = {};

/** Opens a page of an origin that knows nothing of it, and runs a bundle there. A
 * page that the test fulfilled itself would not do: Chromium takes it for one from
 * the internet, which may not reach this machine. */
export async function openOn(context, origin, entry) {
  const page = await context.newPage();
  await page.goto(`${origin}/no-page`);
  bundles[entry] ??= bundle(entry, entry === pages.useWallet ? unbuilt : {});
  await page.addScriptTag({ type: "module", content: (await bundles[entry]).get("/entry.js").toString() });
  await page.waitForFunction(() => globalThis.tests);
  return page;
}

/** A page whose functions are those that its script gives to the test, each with
 * a deadline, and each returns a promise. */
export class ClientPage {
  /** Opens one, in a fresh context unless one is given. */
  static async open(t, browser, origin, { entry = pages.liquid, context } = {}) {
    context ??= await newContext(t, browser);
    const page = await openOn(context, origin, entry);
    const client = new ClientPage(page, context);
    return new Proxy(client, {
      get: (target, name) => (name === "then" || name in target ? target[name] : (...args) => target.call(name, args)),
    });
  }

  constructor(page, context) {
    this.page = page;
    this.context = context;
  }

  async call(name, args) {
    try {
      return await within(this.page.evaluate(([name, args]) => globalThis.tests[name](...args), [name, args]), () => `the page's ${name}`);
    } catch (error) {
      const troubles = await this.page.evaluate(() => globalThis.tests.troubles?.() ?? []).catch(() => []);
      throw new Error([error.message, ...troubles].join("; "), { cause: error });
    }
  }
}

/** A context of its own for one test. */
export async function newContext(t, browser) {
  const context = await browser.newContext({ bypassCSP: true }); // for the script of the test
  t.after(() => context.close());
  context.setDefaultTimeout(patience);
  return context;
}

const authenticator = {
  protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
};

/** Gives a page an authenticator, which holds the given passkeys. Returns how to
 * read them. */
export async function addAuthenticator(page, passkeys = []) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options: authenticator });
  for (const credential of passkeys) await devtools.send("WebAuthn.addCredential", { authenticatorId, credential });
  return async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
}

/** Opens a website's page, its client connected. */
export async function openSite(t, browser, origin, kind) {
  const site = await ClientPage.open(t, browser, origin);
  await site.start(kind);
  await site.connected();
  return site;
}

/** Opens a wallet's page with an authenticator. Its client is not constructed
 * yet, and opens its socket when it is. */
export async function openWallet(t, browser, origin, { account = newAccount(), context, passkeys } = {}) {
  const wallet = await ClientPage.open(t, browser, origin, { context });
  wallet.passkeys = await addAuthenticator(wallet.page, passkeys);
  wallet.account = account;
  await wallet.use(account);
  return wallet;
}

/** A site of somebody else, on an origin of its own. It has sessions, too: visitor
 * is who is signed in there. */
export async function otherSite(t) {
  const site = { visitor: null };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://other");
    if (pathname === "/auth/logout") {
      site.visitor = null;
      response.writeHead(302, { Location: "/" }).end();
    } else if (pathname === "/auth/session") {
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ user: site.visitor && { wallet: site.visitor }, session: {} }));
    } else {
      response.setHeader("Content-Type", "text/html");
      response.end("<!doctype html><title>Another site</title>");
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  site.origin = `http://127.0.0.1:${server.address().port}`;
  return site;
}
