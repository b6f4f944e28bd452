// What the page needs of the SDK's wallet. It is handed over, so that a test can
// show the page what it could hardly bring about.
import type { Assurance, LinkError, Locality, LocalityReport, Path, Site } from "@liaison/client";
import type { Proof } from "../../js/sdk/src/proof.ts";

export interface Signer {
  readonly chain: string;
  readonly address: string;
  sign(text: string, options?: { signal?: AbortSignal }): Promise<Proof>;
}

export type WalletEvent = { readonly at: number } & (
  | { readonly type: "code"; readonly shortCode: string }
  | { readonly type: "signaling"; readonly attached: boolean }
  | { readonly type: "peer"; readonly here: boolean }
  | { readonly type: "open" }
  | { readonly type: "path"; readonly path: Path }
  | { readonly type: "broken"; readonly broken: boolean }
  | { readonly type: "locality"; readonly locality: LocalityReport }
  | { readonly type: "message"; readonly data: string }
  | { readonly type: "notice"; readonly notice: LinkError }
  | { readonly type: "closed"; readonly reason: LinkError }
);

export interface WalletOptions {
  app?: string;
  locality?: Locality;
  allowUnverified?: boolean;
  resume?: boolean;
  signal?: AbortSignal;
  onEvent?: (event: WalletEvent) => void;
}

export interface WalletRequest {
  readonly site: Site;
  readonly verified: boolean;
  readonly chains: readonly string[];
  readonly statement: string;
  readonly asksCode: boolean;
  readonly locality: Locality;
  readonly lifeMs: number;
  text(account: { chain: string; address: string }): string;
  approve(signer: Signer, options?: { signal?: AbortSignal }): Promise<WalletLink>;
  reject(): Promise<void>;
  readonly closed: Promise<LinkError>;
}

export interface WalletLink {
  readonly id: string;
  readonly site: Site;
  readonly account: string;
  readonly verified: boolean;
  readonly assurance: Assurance;
  readonly shortCode: string;
  opened(options?: { signal?: AbortSignal }): Promise<void>;
  send(text: string): void;
  close(): void;
  suspend(): void;
  readonly closed: Promise<LinkError>;
}

export interface Pairing {
  readonly id: string;
  readonly server: string;
  readonly site: Site;
  readonly account: string;
  readonly assurance: Assurance;
  readonly verified: boolean;
  readonly expiresAt: number;
}

export interface WalletSDK {
  readLink(link: string, options?: WalletOptions): Promise<WalletRequest>;
  listPairings(): Promise<Pairing[]>;
  resumeWallet(pairing: Pairing, options?: WalletOptions): Promise<WalletLink>;
  forgetPairing(pairing: Pairing): Promise<void>;
}
