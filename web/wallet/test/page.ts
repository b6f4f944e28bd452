// What the tests of the vault in a real browser run, bundled as a page's script.
import { IndexedStore } from "../vault/store.ts";
import { BrowserPasskeys } from "../vault/passkey.ts";
import { defaultIterations, Vault, type VaultPlatform } from "../vault/vault.ts";
import { checkVault, passphrase, signWithAll } from "./scenario.ts";

const platform: VaultPlatform = { store: new IndexedStore(), passkeys: new BrowserPasskeys(), date: () => Date.now(), iterations: defaultIterations };

const tests = {
  checkVault: () => checkVault(platform),

  /** Makes a vault with a passkey; resolves with the code if that fails. */
  async makeWithPasskey(): Promise<string> {
    const vault = await Vault.load(platform);
    try {
      await vault.create({ passkey: "This device" });
    } catch (cause) {
      return String((cause as { code?: string }).code ?? cause);
    }
    return (await signWithAll(vault)).join();
  },

  /** Unlocks what was stored before. */
  async unlock(by: "passkey" | "passphrase"): Promise<string> {
    const vault = await Vault.load(platform);
    await vault.unlock(by === "passkey" ? by : { passphrase });
    return (await signWithAll(vault)).join();
  },

  /** Everything that is stored, as text: keys, if there were any, would be objects. */
  async stored(): Promise<string> {
    return JSON.stringify(await platform.store.read(), (_, value: unknown) => (value instanceof CryptoKey ? "KEY" : value));
  },

  /** Two pages that write at once. */
  async race(): Promise<string[]> {
    const vaults = await Promise.all([0, 1].map(() => Vault.load(platform)));
    const made = await Promise.allSettled(vaults.map((vault) => vault.create({ passphrase })));
    return made.map((result) => (result.status === "fulfilled" ? "made" : (result.reason as { code: string }).code)).sort();
  },
};

Object.assign(globalThis, { tests });
