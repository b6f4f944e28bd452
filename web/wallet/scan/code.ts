import { LinkError } from "../../../js/sdk/src/errors.ts";
import { parseLink } from "../../../js/sdk/src/link.ts";

/** Why a text is no link that this wallet can answer. */
export type NoLink = "other" | "newer" | "unsealed";

/** What a code, or a text that was pasted, says. */
export type Code = { readonly link: string } | { readonly problem: NoLink };

/** Reads what a camera saw or a person pasted. */
export function readCode(text: string): Code {
  const link = text.trim();
  try {
    return parseLink(link).invitation ? { link } : { problem: "unsealed" };
  } catch (cause) {
    return { problem: cause instanceof LinkError && cause.code === "unsupported_version" ? "newer" : "other" };
  }
}

const name = "#link=";

/** The address under which a wallet at this page opens a link: all of it stays in
 * the fragment, which no server sees. */
export function addressFor(page: string, link: string): string {
  return `${page}${name}${encodeURIComponent(link)}`;
}

/** Takes a link out of the address bar, and out of the history of this tab, before
 * anything else; undefined if there is none. What the browser has written to its
 * history on disk by then stays there, which is why a link is for one wallet and
 * for two minutes, spec/sealed.md §1. */
export function takeLink(where: Pick<Location, "hash" | "pathname" | "search">, history: Pick<History, "replaceState">): string | undefined {
  const { hash, pathname, search } = where;
  if (!hash) return undefined;
  history.replaceState(null, "", pathname + search);
  if (!hash.startsWith(name)) return undefined;
  try {
    return decodeURIComponent(hash.slice(name.length));
  } catch {
    return hash.slice(name.length); // which is no link, and is told so
  }
}
