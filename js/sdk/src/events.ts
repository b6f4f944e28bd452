import type { Assurance } from "./assurance.ts";
import type { LinkError } from "./errors.ts";
import type { LocalityReport } from "./locality.ts";
import type { Path } from "./path.ts";
import type { Arrow } from "./sequence.ts";

/** News with the time when it came. */
export type Timed<News> = { /** Milliseconds since the call that made the link. */ readonly at: number } & News;

/** What happens on a site's link, as it happens. */
export type LinkEvent = Timed<LinkNews>;

/** A {@link LinkEvent} without its time. */
export type LinkNews = ConnectionNews | SiteNews;

/** What happens at the site's end only. */
export type SiteNews =
  /** An arrow of the sequence was seen. */
  | { readonly type: "arrow"; readonly arrow: Arrow }
  /** A wallet holds the other end of the code, which need not be shown any more.
   * It calls itself app, which may be empty, and its person has lifeMs to answer. */
  | { readonly type: "joined"; readonly app: string; readonly lifeMs: number }
  /** A wallet of another protocol has answered: nothing is sealed, and that it is this
   * account's is the word of the server and of nobody else. It comes before the channel
   * opens. With warn the person must be told. */
  | { readonly type: "unsealed"; readonly dialect: string; readonly account: string; readonly warn: boolean }
  /** A wallet proved this account, or the server vouches for it (CAIP-10); assurance says
   * which of the two. */
  | { readonly type: "linked"; readonly account: string; readonly address: string; readonly assurance: Assurance }
  /** The person must type the six digits that the wallet shows: call confirm. */
  | { readonly type: "code"; readonly left: number };

/** What happens at the wallet's end only. */
export interface WalletNews {
  /** The person may be asked at the site for six digits: show them. */
  readonly type: "code";
  /** The six digits, "ddd ddd". */
  readonly shortCode: string;
}

/** What happens on a wallet's link, as it happens. */
export type WalletEvent = Timed<ConnectionNews | WalletNews>;

/** What happens at either end. */
export type ConnectionNews =
  /** Signaling came or went. With the channel open its loss is no failure. */
  | { readonly type: "signaling"; readonly attached: boolean }
  /** How near the other side is. */
  | { readonly type: "locality"; readonly locality: LocalityReport }
  /** The other side's own connection to the server came or went. */
  | { readonly type: "peer"; readonly here: boolean }
  /** The direct channel is open. */
  | { readonly type: "open" }
  /** The direct path, whenever it or its round-trip time changes. */
  | { readonly type: "path"; readonly path: Path }
  /** The direct path broke and is being mended, or holds again. */
  | { readonly type: "broken"; readonly broken: boolean }
  /** A text of the other side. */
  | { readonly type: "message"; readonly data: string }
  /** Something a person should know of: today "link_taken", a second wallet. */
  | { readonly type: "notice"; readonly notice: LinkError }
  /** The link is over. The last event. */
  | { readonly type: "closed"; readonly reason: LinkError };
