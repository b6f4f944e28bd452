import type { LinkEvent } from "../events.ts";
import type { Site } from "../wire.ts";
import type { View } from "./view.ts";

/** How far a link has come, as far as that says what an event means for a person. */
export interface Progress {
  /** An earlier wallet is to come, or has. */
  readonly meets: boolean;
  /** The wallet has answered, and the channel is not open. */
  readonly linking: boolean;
  readonly site: Site | undefined;
}

/** Shows what has happened on a link. */
export function draw(view: View, event: LinkEvent, { meets, linking, site }: Progress): void {
  switch (event.type) {
    case "joined":
      return meets ? view.here() : view.joined(event.app, event.lifeMs);
    case "unsealed":
      if (event.warn) view.warn("unsealed");
      return;
    case "linked":
      return view.linked(event.account, event.assurance, site);
    case "code":
      return view.askCode(event.left, false);
    case "open":
      return view.connected();
    case "path":
      return view.roundTrip(event.path.rttMs);
    case "notice":
      return view.warn("secondWallet");
    case "signaling":
      if (!linking) view.reach(event.attached);
      return;
    case "broken":
      return view.broken(event.broken);
  }
}
