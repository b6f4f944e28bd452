import type { Code } from "../codes.gen.ts";
import type { LinkError } from "../errors.ts";
import en from "./locales/en.ts";

/** Name of a text. */
export type TextKey = keyof typeof en.texts;

/** A code for which there are sentences of the modal's own. */
export type FailureCode = keyof typeof en.failures;

/** One language. A key that is missing does not compile. */
export interface Locale {
  readonly dir: "ltr" | "rtl";
  readonly texts: Readonly<Record<TextKey, string>>;
  /** What happened, and what to do next. */
  readonly failures: Readonly<Record<FailureCode, readonly [what: string, next: string]>>;
}

/** What is put in the place of {name}. */
export type Values = Readonly<Record<string, string>>;

/** English is always there. */
export const english: Locale = en;

const others: Readonly<Record<string, () => Promise<{ default: Locale }>>> = {
  de: () => import("./locales/de.ts"),
  ar: () => import("./locales/ar.ts"),
};

/** The language for a tag like "de-AT"; English where there is none, or where it
 * could not be loaded. */
export async function loadLocale(tag: string): Promise<Locale> {
  const language = tag.toLowerCase().split("-")[0]!;
  if (!Object.hasOwn(others, language)) return english;
  return others[language]!().then((module) => module.default, () => english);
}

/** Writes a text. Names may run in the other direction than the sentence, so
 * each is isolated in one that runs from right to left. */
export function write(locale: Locale, key: TextKey, values: Values = {}): string {
  return locale.texts[key].replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? "";
    return locale.dir === "rtl" ? `\u2068${value}\u2069` : value;
  });
}

/** Why it failed and what to do next. A code without sentences has at least the
 * English remedy of the code table. */
export function explain(locale: Locale, { code, remedy }: Pick<LinkError, "code" | "remedy">): readonly [what: string, next: string] {
  const own = (locale.failures as Partial<Record<Code, readonly [string, string]>>)[code];
  return own ?? [locale.texts.wrong, remedy];
}
