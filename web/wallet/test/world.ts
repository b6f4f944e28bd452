// What surrounds a vault in tests: a store in memory, passkeys without a person.
import { concat, type Bytes } from "../../../js/sdk/src/bytes.ts";
import { VaultError, type VaultCode } from "../vault/errors.ts";
import type { PasskeyAnswer, PasskeyQuestion, Passkeys } from "../vault/passkey.ts";
import { passkeyKey, random } from "../vault/seal.ts";
import { mayReplace, type Contents, type Keyring, type StoredAccount, type VaultStore } from "../vault/store.ts";
import type { VaultPlatform } from "../vault/vault.ts";

/** Keeps a vault in memory, as a copy of what it is given. */
export class MemoryStore implements VaultStore {
  contents: Contents = { keyring: undefined, accounts: [] };

  async read(): Promise<Contents> {
    return structuredClone(this.contents);
  }

  async write(keyring: Keyring, replaced: number, added: readonly StoredAccount[]): Promise<boolean> {
    if (!mayReplace(this.contents.keyring, keyring, replaced)) return false;
    this.contents = structuredClone({ keyring, accounts: [...this.contents.accounts, ...added] });
    return true;
  }

  async wipe(): Promise<void> {
    this.contents = { keyring: undefined, accounts: [] };
  }
}

/** Passkeys whose PRF is SHA-256 over a secret and the salt. */
export class FakePasskeys implements Passkeys {
  readonly secrets = new Map<string, Bytes>();
  /** Which one the person uses; by default the first that is asked for. */
  uses: string | undefined;
  /** Makes every call fail. */
  fails: VaultCode | undefined;

  async create(_label: string, known: readonly string[]): Promise<PasskeyAnswer> {
    if (this.fails) throw new VaultError(this.fails);
    const id = `cred${this.secrets.size + 1}`;
    if (known.includes(id)) throw new Error(`${id} is there already`);
    this.secrets.set(id, random(32));
    return this.#answer({ id, salt: random(32) });
  }

  async ask(questions: readonly PasskeyQuestion[]): Promise<PasskeyAnswer> {
    if (this.fails) throw new VaultError(this.fails);
    const question = questions.find(({ id }) => id === (this.uses ?? id));
    if (!question || !this.secrets.has(question.id)) throw new VaultError("passkey_refused");
    return this.#answer(question);
  }

  async #answer({ id, salt }: PasskeyQuestion): Promise<PasskeyAnswer> {
    const output = new Uint8Array(await crypto.subtle.digest("SHA-256", concat(this.secrets.get(id)!, salt)));
    return { id, salt, key: await passkeyKey(output) };
  }
}

/** Surroundings with a clock that a test sets. Passphrases are stretched as little
 * as a backup may be, so that tests are quick. */
export class World implements VaultPlatform {
  readonly store = new MemoryStore();
  readonly passkeys = new FakePasskeys();
  iterations = 100_000;
  now = Date.UTC(2026, 10, 22, 10);

  date(): number {
    return this.now++;
  }
}

/** Fails unless work is refused with a VaultError of this code. */
export async function refuses(code: VaultCode, work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (cause instanceof VaultError && cause.code === code) return;
    throw new Error(`threw ${String(cause)}, want ${code}`);
  }
  throw new Error(`passed, want ${code}`);
}
