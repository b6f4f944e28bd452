/** What the page remembers besides the vault; none of it is a secret. */
export interface Prefs {
  /** After how many minutes without use the vault is locked. */
  readonly idleMinutes: number;
  /** Whether a backup was saved. */
  readonly saved: boolean;
}

/** The times that a person can choose. */
export const idleChoices: readonly number[] = [1, 5, 15, 60];

const name = "liaison-wallet";
const defaults: Prefs = { idleMinutes: 5, saved: false };

/** Reads what was remembered; what cannot be read is as at first. */
export function readPrefs(storage: Pick<Storage, "getItem">): Prefs {
  try {
    const { idleMinutes, saved } = JSON.parse(storage.getItem(name) ?? "{}") as Partial<Prefs>;
    return { idleMinutes: idleChoices.includes(idleMinutes!) ? idleMinutes! : defaults.idleMinutes, saved: saved === true };
  } catch {
    return defaults;
  }
}

/** Remembers; where the browser does not, the page goes on without. */
export function writePrefs(storage: Pick<Storage, "setItem">, prefs: Prefs): void {
  try {
    storage.setItem(name, JSON.stringify(prefs));
  } catch {
    // As at first, the next time.
  }
}
