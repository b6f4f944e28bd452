import assert from "node:assert/strict";
import { test } from "node:test";
import { toBase64 } from "../src/base64.ts";
import { parseProof, sameProof, type ChainLookups, type Proof } from "../src/proof.ts";
import { verifyProof } from "../src/proofcheck.ts";
import { readVectors } from "./files.ts";
import { chains, refuses } from "./vectors.ts";

const { valid, refused } = readVectors().proofs;
const valued = (name: string) => valid.find((vector) => vector.name === name)!.proof;
const bad = (name: string) => refused.find((vector) => vector.name === name)!.proof;
const refuse = (proof: Proof, lookups: ChainLookups) => refuses("proof_rejected", () => verifyProof(proof, chains, lookups));

test("an account that was rekeyed answers with the key that the chain names, and with no other", async () => {
  for (const type of ["mx", "arc60"]) {
    const own = valued(type);
    const rekeyed = bad(`${type}: a key to which the account may have been rekeyed`);
    const { signer } = rekeyed.meta!;
    await verifyProof(rekeyed, chains, { authorizedSigner: async () => signer });
    await verifyProof(own, chains, { authorizedSigner: async () => undefined });
    await refuse(rekeyed, { authorizedSigner: async () => undefined });
    await refuse(rekeyed, { authorizedSigner: async () => own.address });
    await refuse(own, { authorizedSigner: async () => signer });
    await refuse(own, { authorizedSigner: () => Promise.reject(new Error("no answer")) });
  }
});

test("the chain is asked for the account that signs in", async () => {
  const own = valued("mx");
  const asked: string[] = [];
  const authorizedSigner = async (account: string) => void asked.push(account) as undefined;
  await verifyProof(own, chains, { authorizedSigner });
  assert.deepEqual(asked, [`${own.chain}:${own.address}`]);
});

test("a contract's word counts if there is somebody to ask", async () => {
  const proof = { ...valued("eip191"), type: "eip1271" };
  const asked: [string, number, number][] = [];
  const contractAccepts = async (account: string, hash: Uint8Array, signature: Uint8Array) => {
    asked.push([account, hash.length, signature.length]);
    return asked.length === 1;
  };
  await verifyProof(proof, chains, { contractAccepts });
  await refuse(proof, { contractAccepts });
  assert.deepEqual(asked[0], [`${proof.chain}:${proof.address}`, 32, 65]);
  await refuse(proof, {});
  await refuse(proof, { contractAccepts: () => Promise.reject(new Error("no answer")) });
});

test("a contract is asked about 8 KiB of signature, and about no more", async () => {
  let asked = 0;
  const contractAccepts = async (_account: string, _hash: Uint8Array, signature: Uint8Array) => (asked = signature.length) > 0;
  const of = (bytes: number): Proof => ({ ...valued("eip191"), type: "eip1271", signature: toBase64(new Uint8Array(bytes).fill(7)) });
  for (const bytes of [1, 65, 1025, 8192]) {
    await verifyProof(of(bytes), chains, { contractAccepts });
    assert.equal(asked, bytes);
  }
  asked = 0;
  for (const bytes of [8193, 8194, 8195, 65_536]) await refuse(of(bytes), { contractAccepts });
  assert.equal(asked, 0);
});

test("an account on a chain that was not asked for is refused", async () => {
  for (const { proof } of valid) {
    await refuses("proof_rejected", () => verifyProof(proof, chains.filter((chain) => chain !== proof.chain)));
  }
});

test("what the text says is returned", async () => {
  const proof = valued("mx");
  const { domain, address, chain } = await verifyProof(proof, chains);
  assert.deepEqual({ domain, address, chain }, { domain: "example.com", address: proof.address, chain: proof.chain });
});

test("a proof is read field by field", async () => {
  const proof = valued("arc60");
  assert.deepEqual(parseProof({ ...proof, more: 1 }), proof);
  for (const field of ["type", "chain", "address", "message", "signature"]) {
    await refuses("invalid_peer", () => parseProof({ ...proof, [field]: undefined }));
    await refuses("invalid_peer", () => parseProof({ ...proof, [field]: 1 }));
  }
  for (const value of [undefined, null, "proof", { ...proof, meta: null }, { ...proof, meta: { signer: 1 } }]) await refuses("invalid_peer", () => parseProof(value));
});

test("two proofs are the same if every field is", () => {
  const proof = valued("arc60");
  assert.ok(sameProof(proof, { ...proof, meta: { ...proof.meta } }));
  for (const field of ["type", "chain", "address", "message", "signature"]) assert.ok(!sameProof(proof, { ...proof, [field]: "x" }), field);
  assert.ok(!sameProof(proof, { ...proof, meta: { authenticatorData: "x" } }));
  assert.ok(!sameProof(proof, { ...proof, meta: { ...proof.meta, signer: "x" } }));
  const { meta: _, ...bare } = proof;
  assert.ok(!sameProof(bare, { ...bare, meta: {} }));
});
