// The page's views over an SDK whose site does as a test says, for what a real one
// could hardly be brought to do. Bundled as a page's script: that of a page of its own, or
// in the place of the wallet's.
import { LinkError, type Code, type LocalityReport } from "@liaison/client";
import type { WalletEvent, WalletLink, WalletOptions, WalletRequest } from "@liaison/client/wallet";
import { App } from "../app.ts";
import { h } from "../dom.ts";
import type { WalletSDK } from "../sdk.ts";
import { defaultIterations } from "../vault/vault.ts";
import { passphrase, textFor } from "./scenario.ts";
import { FakePasskeys, MemoryStore } from "./world.ts";

const site = { name: "Example shop", origin: "https://shop.example" };
const answers: string[] = [];
let options: WalletOptions = {};
let end: (code: Code) => void = () => {};
const closed = new Promise<LinkError>((resolve) => (end = (code) => resolve(new LinkError(code))));

const request: WalletRequest = {
  site,
  verified: true,
  chains: ["eip155:1"],
  statement: "",
  asksCode: false,
  shortCode: "123 456",
  locality: "prefer",
  lifeMs: 180_000,
  text: ({ chain, address }) => textFor({ address }, chain),
  async approve(signer) {
    await signer.sign(request.text(signer));
    answers.push("approved");
    return { pairing: undefined, site, verified: true, account: `${signer.chain}:${signer.address}`, assurance: "sealed+origin", locality: undefined, shortCode: "", opened: async () => {}, send: () => {}, close: () => end("canceled"), suspend: () => end("canceled"), closed } satisfies WalletLink;
  },
  reject: async () => void answers.push("rejected"),
  closed: new Promise(() => {}),
};

const sdk: WalletSDK = {
  readLink: async (_, given = {}) => {
    options = given;
    return request;
  },
  listPairings: async () => [],
  resumeWallet: () => Promise.reject(new LinkError("internal")),
  forgetPairing: async () => {},
};

if (!document.querySelector("[data-part]")) {
  document.body.className = "wallet";
  document.body.append(h("div", { "data-part": "bar" }), h("main", {}, h("p", { "data-part": "toast", testid: "toast" }), h("div", { "data-part": "view" })));
}
const store = new MemoryStore();
const date = () => Date.now();
const after = (ms: number, callback: () => void) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};
const app = await App.start({ vault: { store, passkeys: new FakePasskeys(), date, iterations: defaultIterations }, sdk, storage: localStorage, passkeys: false, date, after, persist: () => {}, save: () => {} }, document.body);

const tests = {
  passphrase,
  answers,
  open: (link: string) => app.open(link),
  tell: (event: WalletEvent) => options.onEvent!(event),
  end: (code: Code) => end(code),
  /** Asks as the SDK does where the site is not near; the answer is among the others. */
  askRemote(report: LocalityReport): void {
    void options.confirmRemote!(report).then((yes) => answers.push(yes ? "go on" : "stop"));
  },
};
Object.assign(globalThis, { tests });
