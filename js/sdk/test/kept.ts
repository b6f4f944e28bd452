// What a store of resumptions must do, wherever it keeps them.
import { importSecret, kdf } from "../src/keys.ts";
import { toHex } from "../src/bytes.ts";
import { Resumptions, type KeptResumption } from "../src/resumptions.ts";

const server = "https://auth.example.com";

/** A resumption with a secret of its own. */
export async function newResumption(id: string, expiresAt: number, origin = server): Promise<KeptResumption> {
  const key = await importSecret(crypto.getRandomValues(new Uint8Array(32)));
  return { id, pairing: id, key, server: origin, account: "did:key:z6Mk", site: { name: "Example", origin: "https://example.com" }, assurance: "sealed", locality: "report", expiresAt };
}

/** Runs through the life of some resumptions; throws at what is not as it must
 * be. The store must be empty. */
export async function checkResumptions(): Promise<void> {
  let now = 1_000;
  const kept = new Resumptions(() => now);
  const newest = async (want: string, why: string, origin = server) => {
    const got = await kept.take(origin);
    if (got) kept.release(got.id);
    if ((got?.id ?? "none") !== want) throw new Error(`${why}: the newest is ${got?.id ?? "none"}, want ${want}`);
    return got!;
  };
  const put = async (id: string, expiresAt: number, origin = server) => {
    await kept.put(await newResumption(id, expiresAt, origin));
    kept.release(id);
  };

  await newest("none", "nothing was put");
  const first = await newResumption("first", 5_000);
  await kept.put(first);
  kept.release("first");
  const got = await newest("first", "one was put");
  await newest("none", "another server has none", "https://other.example");
  if (toHex(await kdf(got.key, "x", 32)) !== toHex(await kdf(first.key, "x", 32))) throw new Error("the key that is kept is another");
  const { key: _, ...fields } = got;
  const { key: __, ...want } = first;
  if (JSON.stringify(fields) !== JSON.stringify(want)) throw new Error(`kept ${JSON.stringify(fields)}, want ${JSON.stringify(want)}`);

  await put("second", 9_000);
  await newest("second", "a newer one was put");
  await kept.remove("second");
  await newest("none", "the newer one took the place of the older, and was removed");

  await kept.put(await newResumption("used", 9_000));
  await newest("none", "the only one is in use");
  kept.release("used");
  await newest("used", "it is not used any more");
  await put("used", 9_000);
  await kept.remove("used");
  await newest("none", "one that was put again was kept once");

  await put("elsewhere", 9_000, "https://other.example");
  await put("last", 9_000);
  await kept.clear(server);
  await newest("none", "all were cleared");
  await newest("elsewhere", "those of another server stay", "https://other.example");

  await put("last", 9_000);
  now = 8_999;
  await newest("last", "it is not over yet");
  now = 9_000;
  await newest("none", "it is over");
  now = 1_000;
  await newest("none", "what is over was forgotten");
}
