// The life of a vault, for every engine and store: Node's with one in memory, and
// Chromium with its own.
import { verifyProof } from "../../../js/sdk/src/proofcheck.ts";
import { signInText } from "../../../js/sdk/src/signin.ts";
import { mainNet } from "../vault/keys.ts";
import { Vault, type Account, type VaultPlatform } from "../vault/vault.ts";
import { refuses } from "./world.ts";

export const passphrase = "correct horse";
export const filePassphrase = "battery staple";

/** The text that a site would have an account sign. */
export function textFor({ address }: Pick<Account, "address">, chain: string): string {
  return signInText({
    domain: "example.com", address, statement: "Sign in to Example.", uri: "https://example.com", chain, nonce: "7Q3JX2M4KZP6R5TAWCEYHNB2VD",
    issuedAt: "2026-11-22T10:00:00Z", expirationTime: "2026-11-22T10:05:00Z", channel: "l1.JxqCnb3z64Ype3YGxNdqTQVeuRzVB3SAIr9HJ8lhZQU", resources: [],
  });
}

/** Signs with every account, and has the SDK verify it. Returns the addresses. */
export async function signWithAll(vault: Vault): Promise<string[]> {
  const addresses: string[] = [];
  for (const account of vault.accounts) {
    const chain = mainNet(account.kind);
    const proof = await vault.signer(account, chain).sign(textFor(account, chain));
    const { address } = await verifyProof(proof, [chain]);
    addresses.push(address);
  }
  return addresses;
}

/** Makes a vault, uses it in every way, and leaves nothing behind. Throws if
 * anything is not as it must be. */
export async function checkVault(platform: VaultPlatform): Promise<void> {
  const vault = await Vault.load(platform);
  equal(vault.state, "none", "state at first");
  await vault.create({ passphrase });
  const addresses = await signWithAll(vault);
  equal(addresses.length, 3, "accounts that sign");
  await refuses("exists", async () => (await Vault.load(platform)).create({ passphrase }));

  const again = await Vault.load(platform);
  equal(again.state, "locked", "state of what was stored");
  equal(again.accounts.map(({ address }) => address).join(), addresses.join(), "accounts of what was stored");
  await refuses("wrong_passphrase", () => again.unlock({ passphrase: "wrong horse" }));
  equal(again.state, "locked", "state after a wrong passphrase");
  await again.unlock({ passphrase });
  equal((await signWithAll(again)).join(), addresses.join(), "accounts that sign again");

  await again.addPasskey({ passphrase }, "This device");
  await again.unlock("passkey");
  await again.setPassphrase("passkey", "another horse");
  await refuses("wrong_passphrase", () => again.unlock({ passphrase }));
  await again.unlock({ passphrase: "another horse" });
  const file = await again.export("passkey", filePassphrase);
  const restored = await again.restore(file, filePassphrase);
  equal(JSON.stringify(restored), JSON.stringify({ added: 0, known: 3 }), "a restore of what is there");

  await again.wipe();
  equal((await Vault.load(platform)).state, "none", "state after all was deleted");
  const back = await Vault.load(platform);
  await back.createFrom(file, filePassphrase);
  equal((await signWithAll(back)).join(), addresses.join(), "accounts that were restored");
  await back.wipe();
}

function equal<T>(got: T, want: T, what: string): void {
  if (got !== want) throw new Error(`${what}: got ${String(got)}, want ${String(want)}`);
}
