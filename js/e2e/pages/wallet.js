// A page that uses the SDK as a wallet, and tells the test what came of it. Its account
// is a did:key, whose secret lives as long as the page.
import { ed25519 } from "@noble/curves/ed25519.js";
import { Asker, Responder } from "../../sdk/src/requests.ts";
import { connectWallet, forgetPairing, listPairings, readLink, resumeWallet } from "../../sdk/src/wallet.ts";
import { base58 } from "./base58.js";

const events = [];
const waiting = new Set();
let link;
let request;

function heard(event) {
  events.push(event);
  for (const look of waiting) look();
}

const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const seed = ed25519.utils.randomSecretKey();
const signer = {
  chain: "did:key",
  address: `z${base58(Uint8Array.of(0xed, 1, ...ed25519.getPublicKey(seed)))}`,
  async sign(message) {
    const signed = new TextEncoder().encode(`liaison/1 proof\0${message}`);
    return { type: "did-key", chain: this.chain, address: this.address, message, signature: base64url(ed25519.sign(signed, seed)) };
  },
};

/** What a LinkError says; others are no answer. */
async function told(work) {
  try {
    return { is: await work() };
  } catch (error) {
    if (error.name !== "LinkError") throw error;
    return { code: error.code, detail: error.detail };
  }
}

function keep(opened) {
  link = opened;
  return shown(link);
}

// What a wallet does for a site, and what it has done. The memory outlasts the page.
const count = (name) => localStorage.setItem(name, Number(localStorage.getItem(name)) + 1);
const handlers = {
  echo: (params) => (count("done"), params),
  forever: () => (count("done"), new Promise(() => {})),
  told: (params) => heard({ type: "message", data: params.text }),
};
const memory = { read: () => localStorage.getItem("answers"), write: (text) => localStorage.setItem("answers", text) };
const responder = new Responder(handlers, { memory });
const asker = new Asker();
let asked = 0;
let mute = false;

function answer(event) {
  if (event.type === "message" && event.data.includes('"method"')) {
    asked++;
    const { id, method } = JSON.parse(event.data);
    if (method === "nonsense") return link.send(JSON.stringify({ jsonrpc: "2.0", id, result: 1, error: null }));
  }
  if (!asker.hear(event) && !responder.hear(event)) heard(event);
}

/** Meets the site again whenever it is lost. */
async function stay(next, options = {}) {
  for (;;) {
    link = next;
    const { closed, pairing } = next;
    asker.use(next);
    responder.use({ opened: () => next.opened(), send: (text) => mute || next.send(text), closed, pairing });
    const { code } = await closed;
    if (code !== "peer_lost" && code !== "ice_failed") return;
    const [kept] = await listPairings();
    if (!kept) return;
    next = await resumeWallet(kept, { onEvent: answer, ...options });
  }
}

const shown = ({ site, verified, account, assurance, pairing }) => ({ site, verified, account, assurance, kept: pairing !== undefined });

globalThis.tests = {
  account: () => `${signer.chain}:${signer.address}`,
  read: (uri, options) =>
    told(async () => {
      request = await readLink(uri, { app: "Test/1", onEvent: heard, ...options });
      const { site, verified, chains, asksCode, locality, shortCode } = request;
      return { site, verified, chains, asksCode, locality, shortCode, text: request.text(signer) };
    }),
  approve: () => told(async () => keep(await request.approve(signer))),
  reject: () => told(() => request.reject()),
  /** Asks a person who never answers until the app gives up, or one whose question breaks, and says whether the
   * question was taken away. */
  async ask(uri, { breaks }) {
    let taken = false;
    const confirm = (_, { signal }) => {
      if (breaks) throw new Error("no dialog here");
      signal.addEventListener("abort", () => (taken = true));
      abort.abort();
      return new Promise(() => {});
    };
    const abort = new AbortController();
    const { code, detail } = await told(() => connectWallet({ link: uri, signer, confirm, signal: abort.signal }));
    return { code, detail, taken };
  },
  connect: (uri, agrees, options) => told(async () => keep(await connectWallet({ link: uri, signer, app: "Test/1", onEvent: heard, confirm: async () => agrees, ...options }))),
  /** Connects, and meets the site again whenever it is lost. */
  stay: async (uri, options = {}) => void stay(await connectWallet({ link: uri, signer, onEvent: answer, confirm: async () => true, ...options }), options),
  /** The same for a page that was loaded anew. */
  async stayAgain() {
    const [kept] = await listPairings();
    void stay(await resumeWallet(kept, { onEvent: answer }));
  },
  askSite: (question) => asker.ask(question),
  /** Keeps answers to itself, or does not. */
  mute: (on) => void (mute = on),
  asked: () => asked,
  /** How many requests were carried out. */
  done: () => Number(localStorage.getItem("done")),
  opened: () => told(() => link.opened()),
  say: (text) => link.send(text),
  sayAll: (texts) => texts.forEach((text) => link.send(text)),
  close: () => link.close(),
  suspend: () => link.suspend(),
  closed: async () => (await (link ?? request).closed).code,
  pairings: () => listPairings(),
  resume: (options) => told(async () => keep(await resumeWallet((await listPairings())[0], { app: "Test/1", onEvent: heard, ...options }))),
  forget: async () => forgetPairing((await listPairings())[0]),
  types: () => events.map(({ type }) => type),
  /** Waits for the event of a kind after so many others. */
  event: (type, after = 0) =>
    new Promise((resolve) => {
      const look = () => {
        const found = events.filter((event) => event.type === type)[after];
        if (!found) return;
        waiting.delete(look);
        const { reason, ...rest } = found;
        resolve({ ...rest, ...(reason && { code: reason.code }) });
      };
      waiting.add(look);
      look();
    }),
  /** Waits for so many messages. */
  messages: (count) =>
    new Promise((resolve) => {
      const look = () => {
        const texts = events.filter((event) => event.type === "message").map(({ data }) => data);
        if (texts.length < count) return;
        waiting.delete(look);
        resolve(texts);
      };
      waiting.add(look);
      look();
    }),
};
