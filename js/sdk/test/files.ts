import { existsSync, readFileSync } from "node:fs";
import type { VectorFiles } from "./vectors.ts";

/** Reads the shared vectors. The tests run as bundles in js/.test. */
export function readVectors(): VectorFiles {
  const names = ["sealed", "signin", "proofs", "sdp", "passkeys", "links", "tokens", "requests"] as const;
  const url = (name: string) => new URL(`../../vectors/${name}.json`, import.meta.url);
  return Object.fromEntries(names.filter((name) => existsSync(url(name))).map((name) => [name, JSON.parse(readFileSync(url(name), "utf8"))])) as unknown as VectorFiles;
}
