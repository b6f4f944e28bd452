// A page that uses @algorandfoundation/liquid-client as an application does, as
// the website or as the wallet, and tells the test what came of it.
import { assertion, SignalClient } from "@algorandfoundation/liquid-client";
import { fromBase64Url, toBase64URL } from "@algorandfoundation/liquid-client/encoding";
import { ed25519 } from "@noble/curves/ed25519.js";
import { decode, encode } from "cbor-x";

/** No server of a third party, which the default would ask. */
const local = { iceServers: [] };

let client;
let channel;
let account;
let link;
const heard = [];
const waiting = new Set();
const troubles = []; // what a test that waits in vain says

/** What became of a call that nobody waits for. */
function note(what, why) {
  troubles.push(`${what}: ${typeof why === "object" ? (why?.message ?? JSON.stringify(why)) : why}`);
}

function keep(opened) {
  channel = opened;
  channel.addEventListener("message", ({ data }) => {
    heard.push(data);
    for (const look of waiting) look();
  });
}

/** What both of them do. */
const both = {
  /** Constructs the client. Without transports it has its default options. */
  start(transports) {
    heard.length = 0;
    channel = link = undefined;
    client = transports ? new SignalClient(location.origin, { autoConnect: true, transports }) : new SignalClient(location.origin);
    client.on("link-message", (message) => (link = message));
    for (const event of ["exception", "closed", "disconnect", "connect_error"]) client.socket.on(event, (why) => note(event, why));
  },

  /** Resolves once the socket has its session. */
  async connected() {
    if (!client.socket.connected) await new Promise((resolve) => client.once("connect", resolve));
  },

  /** Resolves once the channel is open, and says what it is like. */
  async opened() {
    while (!channel) await new Promise((resolve) => client.once("data-channel", () => setTimeout(resolve)));
    if (channel.readyState !== "open") await new Promise((resolve) => channel.addEventListener("open", resolve));
    const { label, ordered, readyState } = channel;
    return { label, ordered, readyState };
  },

  say: (text) => channel.send(text),

  /** What the other end said, waiting until there are so many messages. */
  async heard(count) {
    if (heard.length < count) {
      await new Promise((resolve) => {
        waiting.add(() => heard.length >= count && resolve());
      });
    }
    return [...heard];
  },

  /** Resolves with the transport that the socket uses, once it is that one. */
  async transport(want) {
    const { engine } = client.socket.io;
    while (engine.transport.name !== want) await new Promise((resolve) => engine.once("upgrade", resolve));
    return engine.transport.name;
  },

  /** What went wrong so far, and how far the two have come. */
  troubles: () => [...troubles, `peer ${client?.peerClient?.connectionState}, ICE ${client?.peerClient?.iceConnectionState}, socket ${client?.socket.connected}, channel ${channel?.readyState}`],

  async session() {
    const answer = await fetch("/auth/session");
    return { status: answer.status, ...(await answer.json()) };
  },

  /** Constructs the client and asks at once who is signed in. */
  async startAndLook(transports) {
    both.start(transports ?? undefined);
    await both.session();
    await both.connected();
  },

  async logout() {
    const answer = await fetch("/auth/logout", { headers: { "Content-Type": "application/json" } });
    return { status: answer.status, at: answer.url };
  },
};

const site = {
  /** Asks for a wallet, and returns the request's id. */
  request() {
    const id = SignalClient.generateRequestId();
    client.peer(id, "offer", local).then(keep, (error) => note("peer", error));
    return id;
  },
  link: () => link,
};

/** Signs what ARC-0027 asks for, as a wallet does whose owner agrees. */
function signTransactions({ data }) {
  const { id, reference, params } = decode(fromBase64Url(data));
  if (reference !== "arc0027:sign_transactions:request") return;
  const prefix = new TextEncoder().encode("TX");
  const stxns = params.txns.map(({ txn }) => toBase64URL(ed25519.sign(new Uint8Array([...prefix, ...fromBase64Url(txn)]), account.seed)));
  const result = { providerId: params.providerId, stxns };
  channel.send(toBase64URL(encode({ id: crypto.randomUUID(), reference: reference.replace("request", "response"), requestId: id, result })));
}

const wallet = {
  use({ seed, address }) {
    account = { seed: Uint8Array.from(seed), address };
  },

  /** Makes a passkey and signs in with it. */
  attest: (requestId) =>
    client.attestation(async (challenge) => ({
      ...(requestId && { requestId }),
      origin: location.origin,
      type: "algorand",
      address: account.address,
      signature: toBase64URL(ed25519.sign(challenge, account.seed)),
      device: "Pixel 8",
    })),

  /** Constructs the client and signs in at once. */
  startAndAttest(transports, requestId) {
    both.start(transports ?? undefined);
    return wallet.attest(requestId);
  },

  /** Signs in with a passkey that it has. */
  assert: (credId) => client.assertion(credId),

  /** The same for a website's request. The client itself cannot name one, so the
   * message goes as its own functions make it, with what the Android SDK adds. */
  async assertFor(credId, requestId) {
    const options = await assertion.fetch.postOptions(location.origin, credId).then(assertion.encoder.decodeOptions);
    const credential = assertion.encoder.encodeCredential(await navigator.credentials.get({ publicKey: options }));
    const user = await assertion.fetch.postResponse(location.origin, { ...credential, clientExtensionResults: { liquid: { requestId } } });
    client.authenticated = true; // as after client.assertion
    return user;
  },

  /** Opens the channel to the website that it signed in to. */
  meet(requestId) {
    client.peer(requestId, "answer", local).then(keep, (error) => note("peer", error));
  },

  signs: () => channel.addEventListener("message", signTransactions),
};

globalThis.tests = { ...both, ...site, ...wallet };
