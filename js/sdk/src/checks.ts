import { LinkError } from "./errors.ts";

/** Loads what is needed only once a wallet has answered: what checks its proof, and
 * what stands between the connection and the application. It is a file of its own,
 * and comes while the code is on display. */
export async function loadChecks(): Promise<typeof import("./checked.ts")> {
  return import("./checked.ts").catch((cause: unknown) => {
    throw new LinkError("internal", { detail: "a part of the page did not load", cause });
  });
}
