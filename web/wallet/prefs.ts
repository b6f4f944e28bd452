import type { PathKind } from "@liaison/client";

/** What the page remembers besides the vault; none of it is a secret. */
export interface Prefs {
  /** After how many minutes without use the vault is locked. */
  readonly idleMinutes: number;
  /** Whether a backup was saved. */
  readonly saved: boolean;
  /** The widest kind of addresses that are told to a site. */
  readonly candidates: PathKind;
}

/** The times that a person can choose. */
export const idleChoices: readonly number[] = [1, 5, 15, 60];

/** The kinds of addresses that a person can choose, and each with those after it. */
export const candidateChoices: readonly PathKind[] = ["host", "srflx", "relay"];

/** Where they are in the storage. */
export const prefsName = "liaison-wallet";
const defaults: Prefs = { idleMinutes: 5, saved: false, candidates: "host" };

/** Reads what was remembered; what cannot be read is as at first. */
export function readPrefs(storage: Pick<Storage, "getItem">): Prefs {
  try {
    const { idleMinutes, saved, candidates } = JSON.parse(storage.getItem(prefsName) ?? "{}") as Partial<Prefs>;
    return {
      idleMinutes: idleChoices.includes(idleMinutes!) ? idleMinutes! : defaults.idleMinutes,
      saved: saved === true,
      candidates: candidateChoices.includes(candidates!) ? candidates! : defaults.candidates,
    };
  } catch {
    return defaults;
  }
}

/** Changes one or more of them, and returns all: those that another tab has changed
 * meanwhile, too. Where the browser remembers nothing, the page goes on with its own. */
export function changePrefs(storage: Pick<Storage, "getItem" | "setItem">, own: Prefs, change: Partial<Prefs>): Prefs {
  const changed = { ...readPrefs(storage), ...change };
  try {
    storage.setItem(prefsName, JSON.stringify(changed));
    return changed;
  } catch {
    return { ...own, ...change };
  }
}
