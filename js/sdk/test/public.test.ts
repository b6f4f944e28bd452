// Suites over public test vectors, which are not part of the repository.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { toHex } from "../src/bytes.ts";
import { verifyEd25519 } from "../src/chain/ed25519.ts";
import { Responder } from "../src/noise.ts";
import { fromHex, keyPair } from "./vectors.ts";

const folder = process.env.LIAISON_VECTORS ? new URL(`file://${process.env.LIAISON_VECTORS}/`) : new URL("../../../shared/vectors/", import.meta.url);
const skip = !existsSync(folder) && !process.env.CI && "set LIAISON_VECTORS to the folder that holds the public test vectors";
const read = (name: string) => readFileSync(new URL(name, folder), "utf8");

test("the two handshakes are those of the Noise Protocol Framework", { skip }, async () => {
  const all = read("noise/vectors.txt").split(/\n\n+/).map((block) => Object.fromEntries(block.split("\n").map((line) => line.split("=") as [string, string])));
  const ours = all.filter(({ handshake }) => /^Noise_N[KN]psk0_25519_AESGCM_SHA256$/.test(handshake ?? ""));
  assert.equal(ours.length, 8);
  for (const vector of ours) {
    const psk = fromHex(vector.preshared_key!);
    const keys = vector.resp_static ? { keys: await keyPair(vector.resp_static) } : {};
    const responder = await Responder.start({ prologue: fromHex(vector.prologue ?? ""), psk, ...keys });
    assert.equal(toHex(await responder.read(fromHex(vector.msg_0_ciphertext!))), vector.msg_0_payload);
    const { message, transport } = await responder.write(fromHex(vector.msg_1_payload!), await keyPair(vector.gen_resp_ephemeral!));
    assert.equal(toHex(message), vector.msg_1_ciphertext);
    assert.equal(toHex(await transport.open(fromHex(vector.msg_2_ciphertext!))), vector.msg_2_payload);
    assert.equal(toHex(await transport.seal(fromHex(vector.msg_3_payload!))), vector.msg_3_ciphertext);
    assert.ok(psk.every((byte) => byte === 0), "the psk was not wiped");
  }
});

interface Wycheproof {
  readonly testGroups: readonly { readonly publicKey: { readonly pk: string }; readonly tests: readonly { readonly tcId: number; readonly comment: string; readonly msg: string; readonly sig: string; readonly result: string }[] }[];
}

test("Ed25519 is that of Wycheproof", { skip }, () => {
  const { testGroups } = JSON.parse(read("wycheproof/ed25519.json")) as Wycheproof;
  let count = 0;
  for (const { publicKey, tests } of testGroups) {
    for (const { tcId, comment, msg, sig, result } of tests) {
      count++;
      assert.equal(verifyEd25519(fromHex(publicKey.pk), fromHex(msg), fromHex(sig)), result === "valid", `case ${tcId}: ${comment}`);
    }
  }
  assert.equal(count, 151);
});
