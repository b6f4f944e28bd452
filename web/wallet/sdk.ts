import type { Pairing, WalletLink, WalletOptions, WalletRequest } from "@liaison/client/wallet";

/** What the page needs of the SDK's wallet. It is handed over, so that a test can
 * show the page what it could hardly bring about. */
export interface WalletSDK {
  readLink(link: string, options?: WalletOptions): Promise<WalletRequest>;
  listPairings(): Promise<Pairing[]>;
  resumeWallet(pairing: Pairing, options?: WalletOptions): Promise<WalletLink>;
  forgetPairing(pairing: Pairing): Promise<void>;
}
