// A page of another origin, as that of a wallet is: what a real browser lets it do
// at a server, and what it leaves of the visitor's own session there.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { launch, SitePage } from "./browser.mjs";
import { Server } from "./program.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** An empty page at another port of the same host: a neighbour, to whom the browser
 * would even give the cookie. */
async function neighbour(t, context) {
  const server = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end("<!doctype html><title>neighbour</title>"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => new Promise((done) => server.close(done)));
  const page = await context.newPage();
  await page.goto(`http://localhost:${server.address().port}/`);
  return page;
}

/** What one call of a page comes to: status and code of an answer that it may read,
 * or "hidden". */
function call(page, url, options) {
  return page.evaluate(async ([url, options]) => {
    try {
      const answer = await fetch(url, options);
      if (answer.type === "opaque") return "opaque";
      const body = answer.status === 204 ? {} : await answer.json();
      return { status: answer.status, code: body.code, instance: answer.headers.get("X-Request-Id") !== null };
    } catch {
      return "hidden";
    }
  }, [url, options]);
}

/** Opens a WebSocket, and says which subprotocol was selected: none if it fails. */
function dial(page, url, protocols) {
  return page.evaluate(([url, protocols]) => new Promise((resolve) => {
    const socket = new WebSocket(url, protocols);
    socket.onopen = () => (resolve(socket.protocol), socket.close());
    socket.onerror = () => resolve("");
  }), [url, protocols]);
}

/** Computes the token of a wallet that joins, as it does itself (spec/protocol.md §6.1). */
function joinToken(page, key, id) {
  return page.evaluate(async ([key, id]) => {
    const bytes = (text) => new TextEncoder().encode(text);
    const mac = await crypto.subtle.importKey("raw", bytes(key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const token = new Uint8Array(await crypto.subtle.sign("HMAC", mac, bytes(`liaison/1 join\0${id}`)));
    return btoa(String.fromCharCode(...token)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }, [key, id]);
}

test("a page of another origin is a wallet by its own token, and the visitor's session stays his", async (t) => {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  const id = new URL((await site.link()).replace("liquid:", "http:")).searchParams.get("requestId");
  const page = await neighbour(t, site.context);
  const own = () => call(site.page, "/v1/session", {});
  const cookies = await site.context.cookies(server.origin);
  assert.equal(cookies.length, 1);
  assert.equal((await own()).status, 200);

  const session = `${server.origin}/v1/session`;
  const json = { "Content-Type": "application/json" };
  const include = { credentials: "include" };
  // Nothing of the visitor's: neither with the cookie, nor without asking first.
  assert.equal(await call(page, session, include), "hidden");
  assert.equal(await call(page, session, { method: "DELETE", ...include }), "hidden");
  assert.equal(await call(page, `${server.origin}/v1/challenge`, include), "hidden");
  assert.equal(await call(page, session, { method: "POST", headers: json, body: "{}", credentials: "omit" }), "hidden");
  assert.equal(await call(page, `${server.origin}/v1/links/${id}/release`, { method: "POST", mode: "no-cors", ...include }), "opaque");
  assert.equal(await dial(page, `${server.origin.replace("http", "ws")}/v1/ws`, ["liaison.1"]), "");
  assert.deepEqual(await site.context.cookies(server.origin), cookies);
  assert.equal((await own()).status, 200);

  // What it may do, it does by a token of its own, and reads what went wrong.
  assert.deepEqual(await call(page, session, { credentials: "omit" }), { status: 401, code: "session_required", instance: true });
  const key = "NonceOfTheWalletsPage1234";
  const join = { method: "POST", headers: json, body: JSON.stringify({ key, frame: { n: 0, d: "AAAA" } }), credentials: "omit" };
  assert.equal((await call(page, `${server.origin}/v1/links/${id}/join`, join)).status, 200);
  const token = await joinToken(page, key, id);
  const bearer = { headers: { Authorization: `Bearer ${token}` }, credentials: "omit" };
  assert.equal((await call(page, session, bearer)).status, 200);
  assert.equal(await dial(page, `${server.origin.replace("http", "ws")}/v1/ws`, ["liaison.1", `liaison.bearer.${token}`]), "liaison.1");
  assert.deepEqual(await call(page, `${server.origin}/v1/links/${id}/answer`, { ...bearer, method: "POST" }), { status: 415, code: "unsupported_media_type", instance: true });
  assert.equal((await call(page, session, { ...bearer, method: "DELETE" })).status, 204);
  assert.equal((await call(page, session, bearer)).code, "session_required");
  assert.deepEqual(await site.context.cookies(server.origin), cookies);
  assert.equal((await own()).status, 200);
});
