// A website that uses @algorandfoundation/liquid-auth-use-wallet-client.
import { LiquidAuthClient } from "@algorandfoundation/liquid-auth-use-wallet-client";
import { encodeUnsignedTransaction, makePaymentTxnWithSuggestedParamsFromObject } from "algosdk";

let client;
let connected;
let opened;

globalThis.tests = {
  /** Constructs the client, for the page's own origin unless another is given, and
   * shows its dialog. */
  connect(origin) {
    client = new LiquidAuthClient({ ...(origin && { origin }), RTC_config_username: "", RTC_config_credential: "" });
    client.RTC_CONFIGURATION = { iceServers: [] }; // instead of servers of third parties
    opened = new Promise((resolve) => client.client.on("data-channel", resolve));
    connected = client.connect();
  },

  /** Resolves once the client says so and its channel is open. */
  async connected() {
    await connected;
    const channel = await opened;
    if (channel.readyState !== "open") await new Promise((resolve) => channel.addEventListener("open", resolve));
  },

  /** Has the wallet sign a payment of its own account to itself. */
  async sign(address) {
    const suggestedParams = {
      flatFee: true, fee: 1000n, minFee: 1000n, firstValid: 51_000_000n, lastValid: 51_001_000n, genesisID: "mainnet-v1.0",
      genesisHash: Uint8Array.from(atob("wGHE2Pwdvd7S12BL5FaOP20EGYesN73ktiC1qzkkit8="), (c) => c.charCodeAt(0)),
    };
    const payment = makePaymentTxnWithSuggestedParamsFromObject({ sender: address, receiver: address, amount: 1234n, suggestedParams });
    const [signed] = await client.signTransactions([payment], address);
    return { unsigned: [...encodeUnsignedTransaction(payment)], signed: [...signed] };
  },

  disconnect: () => client.disconnect(),

  async session() {
    const answer = await fetch("/auth/session");
    return answer.json();
  },
};
