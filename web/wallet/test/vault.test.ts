import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "../../../js/sdk/src/bytes.ts";
import { verifyProof } from "../../../js/sdk/src/proofcheck.ts";
import { refuses as refusesLink } from "../../../js/sdk/test/vectors.ts";
import { addressOf, curves, mainNet, prove, signingKey, type Kind } from "../vault/keys.ts";
import { random } from "../vault/seal.ts";
import { Vault } from "../vault/vault.ts";
import { checkVault, filePassphrase, passphrase, signWithAll, textFor } from "./scenario.ts";
import { refuses, World } from "./world.ts";

async function made(world = new World()): Promise<{ world: World; vault: Vault }> {
  const vault = await Vault.load(world);
  await vault.create({ passphrase });
  return { world, vault };
}

test("a vault from its making to its end", () => checkVault(new World()));

test("accounts are in the order in which they were made", async () => {
  const { world, vault } = await made();
  world.now += 10;
  await vault.addAccount("evm");
  const order = ["algorand", "evm", "solana", "evm"];
  assert.deepEqual(vault.accounts.map(({ kind }) => kind), order);
});

test("known secrets have the addresses that other wallets give them", async () => {
  const secret = () => Uint8Array.from({ length: 32 }, () => 1);
  const addresses: [Kind, string][] = [
    ["solana", "AKnL4NNf3DGWZJS6cPknBuEGnVsV4A4m5tgebLHaRSZ9"],
    ["evm", "0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1"],
    ["algorand", "RKEOHXLUBHYZL7KS3MWTZOS5OLFGOCN7DWKBEG7TOSEADNAPN5OOTUNSLE"],
  ];
  for (const [kind, address] of addresses) assert.equal(await addressOf(kind, secret()), address, kind);
  assert.equal(await addressOf("evm", new Uint8Array(32)), undefined);
});

test("an Ed25519 key signs alike in the browser and without it, and cannot be read", async () => {
  const none = { importKey: () => Promise.reject(new DOMException("no", "NotSupportedError")) };
  for (const kind of ["algorand", "solana"] as const) {
    const secret = random(32);
    const address = (await addressOf(kind, secret))!;
    const chain = mainNet(kind);
    const key = await signingKey(kind, secret);
    assert.equal(key?.extractable, false);
    assert.equal(await signingKey(kind, secret, none), undefined);
    const text = textFor({ address }, chain);
    const proofs = [];
    for (const one of [key, undefined]) proofs.push(await prove(kind, chain, address, text, { key: one, reveal: async () => secret.slice() }));
    assert.deepEqual(proofs[0], proofs[1]);
    await verifyProof(proofs[0]!, [chain]);
  }
});

test("a secret that was lent for one signature is wiped", async () => {
  const secret = random(32);
  const address = (await addressOf("evm", secret))!;
  const lent = secret.slice();
  await prove("evm", "eip155:1", address, textFor({ address }, "eip155:1"), { key: undefined, reveal: async () => lent });
  assert.ok(lent.every((byte) => byte === 0));
});

test("nothing is signed but a sign-in text for the account itself", async () => {
  const { vault } = await made();
  for (const account of vault.accounts) {
    const chain = mainNet(account.kind);
    const signer = vault.signer(account, chain);
    const text = textFor(account, chain);
    const other = vault.accounts.find(({ kind }) => kind !== account.kind)!;
    const foreign = (await addressOf(account.kind, random(32)))!;
    const refused = ["", "hello", `MX${text}`, `${text}\n`, ` ${text}`, text.replace("Version: 1", "Version: 2"), textFor({ address: foreign }, chain), textFor(other, mainNet(other.kind))];
    for (const one of refused) await refusesLink("invalid_message", () => signer.sign(one));
    await signer.sign(text);
  }
  const evm = vault.accounts.find(({ kind }) => kind === "evm")!;
  await refusesLink("invalid_message", () => vault.signer(evm, "eip155:137").sign(textFor(evm, "eip155:1")));
  const proof = await vault.signer(evm, "eip155:137").sign(textFor(evm, "eip155:137"));
  assert.equal((await verifyProof(proof, ["eip155:137"])).chain, "eip155:137");
});

test("a vault that is locked signs nothing, also for who got a signer before", async () => {
  const { vault } = await made();
  const account = vault.accounts[0]!;
  const signer = vault.signer(account, mainNet(account.kind));
  let heard = 0;
  vault.onchange = () => heard++;
  vault.lock();
  vault.lock();
  assert.deepEqual([vault.state, heard], ["locked", 1]);
  await refusesLink("key_locked", () => signer.sign(textFor(account, signer.chain)));
  await refuses("locked", () => vault.addAccount("evm"));
  await refuses("locked", () => vault.export({ passphrase }, filePassphrase));
  await refuses("locked", () => vault.setPassphrase({ passphrase }, "another horse"));
  await vault.unlock({ passphrase });
  await signer.sign(textFor(account, signer.chain));
});

test("what is stored shows no secret, and each part fits at its own place alone", async () => {
  const { world, vault } = await made();
  await vault.addAccount("solana");
  const [first, , third, fourth] = world.store.contents.accounts;
  assert.deepEqual(Object.keys(first!).sort(), ["address", "createdAt", "kind", "secret", "version"]);
  // Two accounts of one kind whose secrets were swapped on the disk.
  assert.equal(third!.kind, fourth!.kind);
  world.store.contents = { ...world.store.contents, accounts: [{ ...third!, secret: fourth!.secret }, { ...fourth!, secret: third!.secret }] };
  const again = await Vault.load(world);
  await again.unlock({ passphrase });
  await refuses("damaged", () => signWithAll(again));
  await refuses("damaged", () => again.export({ passphrase }, filePassphrase));
});

test("the data key cannot be unlocked with a part of another vault", async () => {
  const [a, b] = [await made(), await made()];
  const { keyring } = a.world.store.contents;
  a.world.store.contents = { ...a.world.store.contents, keyring: { ...keyring!, passphrase: b.world.store.contents.keyring!.passphrase! } };
  await refuses("wrong_passphrase", async () => (await Vault.load(a.world)).unlock({ passphrase }));
});

test("each of several passkeys unlocks, and one that was removed does not", async () => {
  const world = new World();
  const vault = await Vault.load(world);
  await vault.create({ passkey: "Phone" });
  await vault.addPasskey("passkey", "Laptop");
  assert.deepEqual([vault.hasPassphrase, vault.passkeys.map(({ label }) => label)], [false, ["Phone", "Laptop"]]);
  for (const id of ["cred1", "cred2"]) {
    vault.lock();
    world.passkeys.uses = id;
    await vault.unlock("passkey");
    assert.equal((await signWithAll(vault)).length, 3);
  }
  await refuses("wrong_passphrase", () => vault.unlock({ passphrase }));
  await vault.removePasskey("passkey", "cred1");
  world.passkeys.uses = "cred1";
  await refuses("passkey_refused", () => vault.unlock("passkey"));
  world.passkeys.uses = undefined;
  await refuses("last_method", () => vault.removePasskey("passkey", "cred2"));
  await vault.setPassphrase("passkey", passphrase);
  await vault.removePasskey({ passphrase }, "cred2");
  await refuses("last_method", () => vault.removePassphrase({ passphrase }));
  await refuses("passkey_refused", () => vault.unlock("passkey"));
});

test("a passkey without what it takes leaves the vault as it is", async () => {
  const { world, vault } = await made();
  world.passkeys.fails = "no_prf";
  await refuses("no_prf", () => vault.addPasskey({ passphrase }, "Key"));
  assert.deepEqual(vault.passkeys, []);
  await refuses("no_prf", async () => (await Vault.load(new (class extends World { override passkeys = world.passkeys })())).create({ passkey: "Key" }));
});

test("to change how it is unlocked, or to export, its person must be there", async () => {
  const { vault } = await made();
  const wrong = { passphrase: "wrong horse" };
  await refuses("wrong_passphrase", () => vault.setPassphrase(wrong, "another horse"));
  await refuses("wrong_passphrase", () => vault.addPasskey(wrong, "Key"));
  await refuses("wrong_passphrase", () => vault.export(wrong, filePassphrase));
  await refuses("short_passphrase", () => vault.setPassphrase({ passphrase }, "too short"));
  await refuses("short_passphrase", () => vault.export({ passphrase }, "too short"));
  vault.lock();
  await vault.unlock({ passphrase });
});

test("a passphrase is the same however the keyboard composes it", async () => {
  const world = new World();
  const vault = await Vault.load(world);
  await vault.create({ passphrase: "Motörhead 1975" });
  await vault.unlock({ passphrase: "Moto\u0308rhead \uff11975" });
});

test("a passphrase of old is stretched more when it is used", async () => {
  const { world } = await made();
  world.iterations = 150_000;
  const vault = await Vault.load(world);
  const before = world.store.contents.keyring!.passphrase!;
  await vault.unlock({ passphrase });
  const after = world.store.contents.keyring!.passphrase!;
  assert.deepEqual([before.iterations, after.iterations], [100_000, 150_000]);
  assert.notEqual(toHex(before.salt), toHex(after.salt));
  await vault.unlock({ passphrase });
  assert.equal(world.store.contents.keyring!.revision, 2);
});

test("two pages do not overwrite what the other did", async () => {
  const { world, vault } = await made();
  const other = await Vault.load(world);
  await other.unlock({ passphrase });
  await other.setPassphrase({ passphrase }, "another horse");
  await refuses("changed_elsewhere", () => vault.addPasskey({ passphrase }, "Key"));
  await refuses("wrong_passphrase", () => vault.addPasskey({ passphrase }, "Key"));
  await vault.addPasskey({ passphrase: "another horse" }, "Key");
  assert.equal(world.store.contents.keyring!.passkeys.length, 1);
});

test("a vault that was deleted in another page is not there any more", async () => {
  const { world, vault } = await made();
  const other = await Vault.load(world);
  await other.wipe();
  await other.create({ passphrase });
  await refuses("changed_elsewhere", () => vault.addAccount("evm"));
  assert.equal(vault.state, "locked");
  assert.deepEqual(vault.accounts, other.accounts);
});

test("the curves are a part of their own", async () => {
  assert.equal((await curves()).isSecret("evm", random(32)), true);
});
