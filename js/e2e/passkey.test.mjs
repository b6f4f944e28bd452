// A passkey in a real browser: made after a link, on its channel; then enough by
// itself, in a browser that has nothing else.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, Watch } from "./browser.mjs";
import { bundle } from "./bundle.mjs";
import { patience, Server, Wallet } from "./program.mjs";

let browser;
let scripts;
before(async () => {
  scripts = await bundle("sdk/test/passkeypage.ts");
  browser = await launch();
});
after(() => browser?.close());

/** A page of the server's origin that has the SDK, and an authenticator. */
class Visitor {
  static async open(t, server, credentials = []) {
    const context = await browser.newContext();
    t.after(() => context.close());
    context.setDefaultTimeout(patience);
    const watch = new Watch(context, server.origin);
    await context.route(`${server.origin}/e2e/**`, (route) => {
      const file = scripts.get(new URL(route.request().url()).pathname.replace(/^\/e2e/, ""));
      return route.fulfill({ contentType: "text/javascript", body: file });
    });
    const visitor = new Visitor();
    Object.assign(visitor, { context, watch, page: await context.newPage() });
    visitor.cdp = await context.newCDPSession(visitor.page);
    await visitor.cdp.send("WebAuthn.enable");
    const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
    ({ authenticatorId: visitor.authenticatorId } = await visitor.cdp.send("WebAuthn.addVirtualAuthenticator", { options }));
    for (const credential of credentials) await visitor.cdp.send("WebAuthn.addCredential", { authenticatorId: visitor.authenticatorId, credential });
    // A document of the server's own: Chromium trusts no other with a socket here.
    visitor.origin = server.origin;
    await visitor.load();
    return visitor;
  }

  /** Opens the page anew. */
  async load() {
    await this.page.goto(`${this.origin}/healthz`);
    await this.page.bringToFront(); // a browser asks for a passkey only where its person looks
    await this.page.evaluate(async () => Object.assign(globalThis, { sdk: await import("/e2e/entry.js") }));
  }

  /** What the authenticator holds. */
  async credentials() {
    return (await this.cdp.send("WebAuthn.getCredentials", { authenticatorId: this.authenticatorId })).credentials;
  }

  /** Makes the person pass the check of the authenticator, or fail it. */
  async verified(isUserVerified) {
    await this.cdp.send("WebAuthn.setUserVerified", { authenticatorId: this.authenticatorId, isUserVerified });
  }

  /** Calls a function of the SDK; an error becomes its code. */
  call(name, options) {
    return this.page.evaluate(
      ([name, options]) => {
        const { link, ...rest } = options;
        return globalThis.sdk[name]({ ...rest, ...(link && { link: globalThis.link }) }).catch((error) => error.code ?? String(error));
      },
      [name, options ?? {}],
    );
  }

  get(path) {
    return this.page.evaluate((path) => fetch(path).then((response) => response.json()), path);
  }
}

/** A visitor who has just signed in by a wallet. */
async function linked(t, server, visitor) {
  const uri = await visitor.page.evaluate(async () => {
    globalThis.link = await globalThis.sdk.connectSite();
    return globalThis.link.uri;
  });
  const wallet = new Wallet(t, uri);
  const account = await visitor.page.evaluate(async () => {
    await globalThis.link.opened();
    return globalThis.link.account();
  });
  return { wallet, account };
}

test("a passkey that was made on a link is enough to come back", async (t) => {
  const server = await Server.start(t);
  const visitor = await Visitor.open(t, server);
  assert.equal(await visitor.call("registerPasskey"), "session_required");
  const { account } = await linked(t, server, visitor);

  await visitor.verified(false);
  assert.equal(await visitor.call("registerPasskey", { link: true }), "user_rejected");
  assert.equal((await visitor.get("/v1/session")).assurance, "sealed+origin");
  await visitor.verified(true);
  const made = await visitor.call("registerPasskey", { link: true, label: "Test" });
  assert.deepEqual([made.label, (await visitor.credentials()).length], ["Test", 1]);
  const [credential] = await visitor.credentials();
  assert.equal(credential.isResidentCredential, true);
  assert.ok(!Buffer.from(credential.userHandle, "base64").toString().includes(account.split(":").at(-1)), "the user handle names the account");
  assert.equal(await visitor.call("registerPasskey", { link: true }), "passkey_exists");
  const { passkeys } = await visitor.get("/v1/passkeys");
  assert.deepEqual(passkeys.map(({ credentialId, label, origin }) => ({ credentialId, label, origin })), [{ credentialId: made.credentialId, label: "Test", origin: server.origin }]);
  assert.deepEqual([visitor.watch.foreign, visitor.watch.breaches], [[], []]);

  // A browser that has nothing but the passkey, as one that shares it.
  const other = await Visitor.open(t, server, await visitor.credentials());
  assert.equal((await other.get("/v1/session")).code, "session_required");
  assert.deepEqual(await other.call("signInWithPasskey"), { account, assurance: "phishing-resistant" });
  const session = await other.get("/v1/session");
  assert.deepEqual([session.account, session.assurance], [account, "phishing-resistant"]);
  assert.equal(await other.call("signInWithPasskey", { account: `${account.slice(0, account.lastIndexOf(":"))}:OTHER` }), "account_mismatch");

  // The server and its restart in between change nothing.
  await server.restart(t);
  const later = await Visitor.open(t, server, await other.credentials());
  assert.deepEqual(await later.call("signInWithPasskey"), { account, assurance: "phishing-resistant" });
});

test("the browser that is signed in by a wallet adds its passkey, and keeps its channel", async (t) => {
  const server = await Server.start(t);
  const visitor = await Visitor.open(t, server);
  const { wallet, account } = await linked(t, server, visitor);
  // Without the link it would not know that the session is about to be another one.
  await visitor.page.waitForFunction(() => fetch("/v1/session").then(({ ok }) => ok));
  assert.equal(typeof (await visitor.call("registerPasskey")).credentialId, "string");
  assert.deepEqual(await visitor.call("signInWithPasskey"), { account, assurance: "phishing-resistant" });
  await visitor.page.evaluate(() => globalThis.link.send("still here"));
  assert.deepEqual(await wallet.messages(1), ["still here"]);
  assert.deepEqual([visitor.watch.foreign, visitor.watch.breaches], [[], []]);
});

test("on the next visit the passkey signs in, and the wallet is met without a scan", async (t) => {
  const server = await Server.start(t);
  const visitor = await Visitor.open(t, server);
  const { wallet, account } = await linked(t, server, visitor);
  await visitor.call("registerPasskey", { link: true });
  await visitor.context.clearCookies();
  await visitor.load();
  await wallet.event("lost");
  assert.equal((await visitor.get("/v1/session")).code, "session_required");
  assert.deepEqual(await visitor.call("signInWithPasskey"), { account, assurance: "phishing-resistant" });
  await visitor.page.evaluate(async () => {
    globalThis.link = await globalThis.sdk.resumeSite();
    await globalThis.link.opened();
    globalThis.link.send("welcome back");
  });
  assert.deepEqual(await wallet.messages(1), ["welcome back"]);
  const session = await visitor.get("/v1/session");
  assert.deepEqual([session.account, session.assurance], [account, "phishing-resistant"]);
});

test("who has no passkey is told no more than that, and at an address there are none", async (t) => {
  const server = await Server.start(t);
  const visitor = await Visitor.open(t, server);
  assert.equal(await visitor.call("signInWithPasskey"), "user_rejected");
  const off = await Server.start(t, { origin: "http://127.0.0.1:9" });
  assert.match(off.stderr, /there are no passkeys/);
});
