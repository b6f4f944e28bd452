// What the server knows when all is done: its memory, its data file and its log
// are searched for everything that the two ends said to each other through it.
import assert from "node:assert/strict";
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, SitePage } from "./browser.mjs";
import { Server, Wallet } from "./program.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** Runs in the page before its scripts: keeps the connections that it makes, and
 * each candidate that goes either way. */
function keepConnections() {
  globalThis.connections = [];
  globalThis.candidates = [];
  const Real = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Real {
    constructor(...args) {
      super(...args);
      globalThis.connections.push(this);
      this.addEventListener("icecandidate", ({ candidate }) => candidate && globalThis.candidates.push(candidate.candidate));
    }
    addIceCandidate(candidate) {
      globalThis.candidates.push(candidate?.candidate ?? "");
      return super.addIceCandidate(candidate);
    }
  };
}

/** Everything that was said in the two descriptions and the candidates. */
async function said(site) {
  const { descriptions, candidates } = await site.page.evaluate(() => ({
    descriptions: globalThis.connections.flatMap((pc) => [pc.localDescription?.sdp, pc.remoteDescription?.sdp]).filter(Boolean),
    candidates: globalThis.candidates,
  }));
  const secrets = new Map();
  const keep = (name, value) => value && secrets.set(value, name);
  for (const text of [...descriptions, ...candidates.map((c) => `a=${c}`)]) {
    for (const [, value] of text.matchAll(/a=ice-ufrag:(\S+)/g)) if (value.length > 7) keep("ice-ufrag", value);
    for (const [, value] of text.matchAll(/a=ice-pwd:(\S+)/g)) keep("ice-pwd", value);
    for (const [, value] of text.matchAll(/a=fingerprint:\S+ (\S+)/g)) {
      keep("fingerprint", value);
      keep("fingerprint", value.replaceAll(":", "").toLowerCase());
    }
    for (const [, value] of text.matchAll(/candidate:\S+ \d \S+ \d+ (\S+ \d+) typ/g)) keep("candidate", value);
    for (const [, value] of text.matchAll(/(\S+\.local)\b/g)) keep("candidate", value);
  }
  return secrets;
}

/** Yields the writable memory of a process, piece by piece. */
function* memory(pid) {
  const file = openSync(`/proc/${pid}/mem`, "r");
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, "utf8").split("\n")) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      if (!from) continue;
      const piece = Buffer.alloc(1 << 20);
      for (let at = BigInt(`0x${from}`); at < BigInt(`0x${to}`); ) {
        const left = BigInt(`0x${to}`) - at;
        const length = left < BigInt(piece.length) ? Number(left) : piece.length;
        let read = 0;
        try {
          read = readSync(file, piece, 0, length, at);
        } catch {
          break; // a piece that is reserved and not there
        }
        if (read === 0) break;
        yield piece.subarray(0, read);
        // The pieces overlap, so that nothing hides at a seam.
        at += BigInt(read === length && left > BigInt(length) ? read - 256 : read);
      }
    }
  } finally {
    closeSync(file);
  }
}

/** The names of all needles that a pile holds. */
function found(piles, needles) {
  const names = new Set();
  for (const pile of piles) {
    for (const [needle, name] of needles) {
      if (!names.has(name) && pile.includes(needle, 0, typeof needle === "string" ? "latin1" : undefined)) names.add(name);
    }
  }
  return [...names];
}

test("memory, data file and log of the server hold nothing that the two ends said", { skip: process.platform !== "linux" && "memory is read as Linux shows it" }, async (t) => {
  const server = await Server.start(t, { flags: ["--log-level", "debug"] });
  const site = await SitePage.open(t, browser, server.origin);
  await site.context.addInitScript(keepConnections);
  await site.page.reload();
  const link = await site.link();
  const wallet = new Wallet(t, link);
  await wallet.event("open");
  await site.phase("connected");
  await site.say("canary-said-by-the-page");
  await wallet.messages(1);
  wallet.type("canary-said-by-the-wallet");
  await site.messages("wallet", 1);

  const [base, fragment] = link.split("#");
  const blob = Buffer.from(fragment.slice(2), "base64url");
  assert.equal(blob.length, 50, "bytes in the fragment");
  const secrets = await said(site);
  for (const name of ["ice-pwd", "fingerprint", "candidate"]) assert.ok([...secrets.values()].includes(name), `no ${name} was seen in the page: the test tests little`);
  secrets.set(fragment.slice(2), "fragment of the link");
  secrets.set(blob.subarray(2, 34), "public key of the link");
  secrets.set(blob.subarray(34), "seed of the link");
  secrets.set("canary-said-by-the-page", "message of the page");
  secrets.set("canary-said-by-the-wallet", "message of the wallet");

  // What must be there shows that one can look.
  const id = new URLSearchParams(base.split("?")[1]).get("requestId");
  const address = (await wallet.event("linked")).account.split(":").at(-1);
  const known = new Map([[id, "request id"], [address, "address"]]);
  assert.deepEqual(found(memory(server.child.pid), known).sort(), ["address", "request id"], "what is in the memory for certain");

  assert.deepEqual(found(memory(server.child.pid), secrets), [], "secrets in the server's memory");
  const files = readdirSync(server.dir).map((name) => readFileSync(join(server.dir, name)));
  assert.deepEqual(found(files, new Map([[address, "address"]])), ["address"], "what is in the data file for certain");
  assert.deepEqual(found(files, secrets), [], "secrets in the data file");
  assert.deepEqual(found([Buffer.from(server.stderr)], secrets), [], "secrets in the log");
  site.watch.clean();
});
