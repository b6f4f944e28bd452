/** What can go wrong with the vault. */
export type VaultCode =
  | "wrong_passphrase"
  | "short_passphrase"
  | "locked"
  | "exists"
  | "missing"
  | "damaged"
  | "storage"
  | "changed_elsewhere"
  | "last_method"
  | "no_passkeys"
  | "no_prf"
  | "passkey_refused"
  | "not_a_backup"
  | "newer_backup";

/** The one kind of failure of the vault. */
export class VaultError extends Error {
  override readonly name = "VaultError";
  readonly code: VaultCode;

  constructor(code: VaultCode, cause?: unknown) {
    super(code, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
