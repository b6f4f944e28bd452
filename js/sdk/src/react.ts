// The site's role as a React hook. An entry of its own, "@liaison/client/react", for
// React 18 and later, which is the application's own and never part of this package.
//
//	const { phase, uri, account, error, connect, close } = useLiaison({ onMessage: show });
//	if (phase === "waiting" && uri) return <QRCode text={uri} />;
//	if (phase === "open") return <button onClick={close}>{account}</button>;
//	return <button onClick={() => connect()}>Connect a wallet</button>;

"use client";

import { useEffect, useState, useSyncExternalStore } from "react";
import type { Confirmation } from "./gate.ts";
import { idle, LiveLink, type ConnectOptions, type LiaisonOptions, type LiaisonState } from "./livelink.ts";

export type { ConnectOptions, LiaisonOptions, LiaisonPhase, LiaisonState, UnsealedWallet } from "./livelink.ts";

/** A site's link, and what can be done with it. The functions are the same in each
 * render. */
export interface Liaison extends LiaisonState {
  /** Meets an earlier wallet again or else makes a code to show. Does nothing while a
   * link is live, unless a fresh code is asked for. What comes of it is in the state. */
  readonly connect: (options?: ConnectOptions) => void;
  /** Takes the six digits that the person typed. Resolves with undefined if none are
   * asked for, or no longer; never rejects. */
  readonly confirm: (code: string) => Promise<Confirmation | undefined>;
  /** Sends a text to the wallet. Throws a LinkError: "channel_closed" unless the phase
   * is "open", "too_large" beyond 64 KiB. */
  readonly send: (text: string) => void;
  /** Says goodbye, so that neither side can resume, and gives up what has begun. */
  readonly close: () => void;
}

/** Holds a site's link for as long as the component is mounted. It meets the wallet of
 * an earlier pairing again by itself, also one that was lost; for the first time it
 * waits for connect. When the component goes, or the page, it leaves so that the
 * pairing can be resumed. Callbacks are those of the latest render; other options hold
 * from the next link on. */
export function useLiaison(options: LiaisonOptions = {}): Liaison {
  const [live] = useState(() => new LiveLink());
  const state = useSyncExternalStore(live.subscribe, live.state, () => idle);
  useEffect(() => {
    live.options = options;
  });
  useEffect(() => live.own(), [live]);
  // The code is on display once what was rendered is.
  const { link, uri } = state;
  useEffect(() => {
    if (uri) link?.displayed();
  }, [link, uri]);
  const { connect, confirm, send, close } = live;
  return { ...state, connect, confirm, send, close };
}
