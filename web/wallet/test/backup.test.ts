import assert from "node:assert/strict";
import { test } from "node:test";
import { maxBackupBytes, readBackup, writeBackup, type BackupAccount } from "../vault/backup.ts";
import { random } from "../vault/seal.ts";
import { Vault } from "../vault/vault.ts";
import { filePassphrase, passphrase, signWithAll } from "./scenario.ts";
import { refuses, World } from "./world.ts";

const iterations = 100_000;
const accounts: BackupAccount[] = [
  { kind: "evm", secret: random(32), createdAt: 1 },
  { kind: "solana", secret: random(32), createdAt: 2 },
];
const write = () => writeBackup(accounts, filePassphrase, iterations, Date.UTC(2026, 10, 22));

test("a file is read as it was written, and says what it is without a secret", async () => {
  const file = await write();
  assert.deepEqual(await readBackup(file, filePassphrase), accounts);
  const { about, format, version, createdAt } = JSON.parse(file);
  assert.match(about, /backup of a Liaison wallet/);
  assert.deepEqual({ format, version, createdAt }, { format: "liaison-wallet-backup", version: 1, createdAt: "2026-11-22T00:00:00.000Z" });
  assert.notEqual(await write(), file);
});

test("a wrong passphrase and a file that was changed anywhere are refused", async () => {
  const file = await write();
  await refuses("wrong_passphrase", () => readBackup(file, "battery stapler"));
  const parsed = JSON.parse(file);
  const flip = (text: string) => (text[0] === "A" ? "B" : "A") + text.slice(1);
  const changed: [string, object][] = [
    ["about", { about: "Send the passphrase to me." }],
    ["createdAt", { createdAt: "2027-11-22T00:00:00.000Z" }],
    ["iv", { iv: flip(parsed.iv) }],
    ["data", { data: flip(parsed.data) }],
    ["salt", { kdf: { ...parsed.kdf, salt: flip(parsed.kdf.salt) } }],
    ["iterations", { kdf: { ...parsed.kdf, iterations: iterations + 1 } }],
  ];
  for (const [name, change] of changed) {
    await refuses("wrong_passphrase", () => readBackup(JSON.stringify({ ...parsed, ...change }), filePassphrase)).catch((cause) => assert.fail(`${name}: ${cause}`));
  }
});

test("what is no file of ours is refused before any work", async () => {
  const parsed = JSON.parse(await write());
  const bad: [string, unknown][] = [
    ["no JSON", "hello"],
    ["null", "null"],
    ["a list", "[]"],
    ["too long", JSON.stringify({ ...parsed, more: "x".repeat(maxBackupBytes) })],
    ["another format", { ...parsed, format: "other" }],
    ["version 0", { ...parsed, version: 0 }],
    ["version as text", { ...parsed, version: "1" }],
    ["no kdf", { ...parsed, kdf: undefined }],
    ["too few rounds", { ...parsed, kdf: { ...parsed.kdf, iterations: 99_999 } }],
    ["too many rounds", { ...parsed, kdf: { ...parsed.kdf, iterations: 10_000_001 } }],
    ["half a round", { ...parsed, kdf: { ...parsed.kdf, iterations: 100_000.5 } }],
    ["rounds as text", { ...parsed, kdf: { ...parsed.kdf, iterations: "100000" } }],
    ["a short salt", { ...parsed, kdf: { ...parsed.kdf, salt: "AAAA" } }],
    ["a short iv", { ...parsed, iv: "AAAA" }],
    ["padded data", { ...parsed, data: `${parsed.data}=` }],
    ["no data", { ...parsed, data: undefined }],
  ];
  for (const [name, file] of bad) {
    await refuses("not_a_backup", () => readBackup(typeof file === "string" ? file : JSON.stringify(file), filePassphrase)).catch((cause) => assert.fail(`${name}: ${cause}`));
  }
  for (const change of [{ version: 2 }, { kdf: { ...parsed.kdf, name: "Argon2id" } }, { cipher: "XChaCha20" }]) {
    await refuses("newer_backup", () => readBackup(JSON.stringify({ ...parsed, ...change }), filePassphrase));
  }
});

test("accounts of another kind, and what is none, are refused", async () => {
  const of = (change: object) => writeBackup([{ ...accounts[0]!, ...change }], filePassphrase, iterations, 0);
  await refuses("newer_backup", async () => readBackup(await of({ kind: "bitcoin" }), filePassphrase));
  await refuses("not_a_backup", async () => readBackup(await of({ secret: random(31) }), filePassphrase));
  await refuses("not_a_backup", async () => readBackup(await of({ createdAt: "today" }), filePassphrase));
  const world = new World();
  await refuses("damaged", async () => (await Vault.load(world)).createFrom(await of({ kind: "evm", secret: new Uint8Array(32) }), filePassphrase));
});

test("restoring merges, and the same file twice changes nothing", async () => {
  const [from, to] = [new World(), new World()];
  const [old, vault] = [await Vault.load(from), await Vault.load(to)];
  await old.create({ passphrase });
  const file = await old.export({ passphrase }, filePassphrase);
  await vault.create({ passphrase });
  const before = vault.accounts;
  await refuses("wrong_passphrase", () => vault.restore(file, passphrase));
  assert.deepEqual(vault.accounts, before);
  assert.deepEqual(await vault.restore(file, filePassphrase), { added: 3, known: 0 });
  const stored = structuredClone(to.store.contents);
  assert.deepEqual(await vault.restore(file, filePassphrase), { added: 0, known: 3 });
  assert.deepEqual(to.store.contents, stored);
  assert.deepEqual((await signWithAll(vault)).sort(), [...before, ...old.accounts].map(({ address }) => address).sort());
  vault.lock();
  await refuses("locked", () => vault.restore(file, filePassphrase));
});
