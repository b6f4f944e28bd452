import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkError } from "../src/errors.ts";
import { challengeOf, registerPasskey, signInWithPasskey, type PasskeyPlatform } from "../src/passkeys.ts";
import { refuses } from "./vectors.ts";
import { settle } from "./scenario.ts";
import { World, type Answer } from "./world.ts";

const server = "https://auth.example.com";
const nonce = "8qgq1bVYx0dYl2Qn3vJr9AXK4M";
const link = { requestId: "4f1c9b0e-0000-4000-8000-000000000000", channelId: "l1.JxqCnb3z64Ype3YGxNdqTQVeuRzVB3SAIr9HJ8lhZQU" };
const bytes = (...of: number[]) => Uint8Array.from(of).buffer;

const creation = {
  rp: { id: "example.com", name: "Example" }, user: { id: "AQI", name: "ADDRESS", displayName: "ADDRESS" }, pubKeyCredParams: [{ type: "public-key", alg: -7 }],
  timeout: 300000, excludeCredentials: [{ type: "public-key", id: "BwgJ", transports: ["usb"] }],
  authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" }, attestation: "none",
};

/** A browser, and a server that answers as it is told. */
function stage(answers: Record<string, Answer | (() => Answer)>) {
  const world = new World();
  const calls: { path: string; body: unknown }[] = [];
  world.answer = (_, path, body) => {
    calls.push({ path, body });
    const answer = answers[path];
    return typeof answer === "function" ? answer() : answer;
  };
  const asked: { create?: CredentialCreationOptions; get?: CredentialRequestOptions } = {};
  const platform: PasskeyPlatform = {
    ...world.platform,
    credentials: {
      create: async (options) => {
        asked.create = options!;
        const response = { clientDataJSON: bytes(1), attestationObject: bytes(2), getTransports: () => ["internal"] };
        return { rawId: bytes(9, 9), response } as unknown as Credential;
      },
      get: async (options) => {
        asked.get = options!;
        return { rawId: bytes(9, 9), response: { clientDataJSON: bytes(1), authenticatorData: bytes(2), signature: bytes(3) } } as unknown as Credential;
      },
    },
  };
  return { world, calls, asked, platform, options: { server, platform } };
}

test("a passkey is made for the channel of the page's own link", async () => {
  const s = stage({
    "/v1/passkeys/registration": [200, { nonce, channel: link.channelId, options: creation }],
    "/v1/passkeys": [200, { credentialId: "CQk", label: "Phone" }],
  });
  assert.deepEqual(await registerPasskey({ ...s.options, link, label: "Phone" }), { credentialId: "CQk", label: "Phone" });
  const { publicKey } = s.asked.create!;
  assert.deepEqual(new Uint8Array(publicKey!.challenge as ArrayBuffer), await challengeOf(link.channelId, nonce));
  assert.deepEqual([publicKey!.rp, publicKey!.user.id, publicKey!.attestation], [creation.rp, Uint8Array.of(1, 2), "none"]);
  assert.deepEqual(publicKey!.excludeCredentials, [{ type: "public-key", id: Uint8Array.of(7, 8, 9), transports: ["usb"] }]);
  assert.deepEqual(publicKey!.authenticatorSelection, creation.authenticatorSelection);
  assert.deepEqual(s.calls, [
    { path: "/v1/passkeys/registration", body: { requestId: link.requestId } },
    { path: "/v1/passkeys", body: { credentialId: "CQk", clientDataJSON: "AQ", attestationObject: "Ag", transports: ["internal"], label: "Phone" } },
  ]);
});

test("a server that names another channel, or none, is caught before the person is asked", async () => {
  for (const channel of [undefined, "", link.channelId.replace("Jx", "Jy")]) {
    const s = stage({ "/v1/passkeys/registration": [200, { nonce, channel, options: creation }] });
    await refuses("server_mismatch", () => registerPasskey({ ...s.options, link }));
    assert.equal(s.asked.create, undefined);
  }
  const s = stage({ "/v1/passkeys/registration": [200, { nonce, channel: link.channelId, options: creation }] });
  await refuses("server_mismatch", () => registerPasskey(s.options));
  await refuses("link_not_claimed", () => registerPasskey({ ...s.options, link: { ...link, channelId: undefined } }));
});

test("signing in, and an answer that is lost", async () => {
  let lost = 1;
  const s = stage({
    "/v1/passkeys/authentication": [200, { nonce, options: { rpId: "example.com", timeout: 1, allowCredentials: [], userVerification: "required" } }],
    "/v1/session/passkey": () => (lost-- > 0 ? undefined : [200, { account: "did:key:z6Mk", assurance: "phishing-resistant" }]),
  });
  assert.deepEqual(await signInWithPasskey({ ...s.options, account: "did:key:z6Mk" }), { account: "did:key:z6Mk", assurance: "phishing-resistant" });
  const { publicKey } = s.asked.get!;
  assert.deepEqual([publicKey!.rpId, publicKey!.userVerification, publicKey!.allowCredentials], ["example.com", "required", []]);
  assert.deepEqual(new Uint8Array(publicKey!.challenge as ArrayBuffer), await challengeOf("", nonce));
  assert.deepEqual(s.calls[0], { path: "/v1/passkeys/authentication", body: { account: "did:key:z6Mk" } });
  assert.equal(s.calls.length, 3);
  assert.deepEqual(s.calls[1], s.calls[2], "the call is repeated with the same key");
  lost = 2;
  await refuses("signaling_unreachable", () => signInWithPasskey(s.options));
});

test("what the server refuses and what the browser says become codes", async () => {
  const refused = stage({ "/v1/passkeys/registration": [403, { code: "step_up_required" }], "/v1/passkeys/authentication": [404, { code: "passkeys_off" }] });
  await refuses("step_up_required", () => registerPasskey(refused.options));
  await refuses("passkeys_off", () => signInWithPasskey(refused.options));

  const s = stage({
    "/v1/passkeys/registration": [200, { nonce, options: creation }],
    "/v1/passkeys/authentication": [200, { nonce, options: { rpId: "example.com" } }],
  });
  const abort = new AbortController();
  const throwing = (cause: unknown): PasskeyPlatform => ({ ...s.platform, credentials: { create: () => Promise.reject(cause), get: () => Promise.reject(cause) } });
  for (const [name, code] of [["NotAllowedError", "user_rejected"], ["InvalidStateError", "passkey_exists"], ["SecurityError", "invalid_peer"], ["UnknownError", "internal"]] as const) {
    const platform = throwing(new DOMException("", name));
    await refuses(code, () => registerPasskey({ server, platform }));
    await refuses(code, () => signInWithPasskey({ server, platform }));
  }
  const silent: PasskeyPlatform = { ...s.platform, credentials: { create: async () => null, get: async () => null } };
  await refuses("user_rejected", () => signInWithPasskey({ server, platform: silent }));

  const platform: PasskeyPlatform = {
    ...s.platform,
    credentials: {
      create: async () => {
        throw new Error("not asked");
      },
      get: async (options) => {
        assert.equal(options!.signal, abort.signal);
        abort.abort();
        throw new DOMException("", "AbortError");
      },
    },
  };
  await refuses("canceled", () => signInWithPasskey({ server, platform, signal: abort.signal }));
  // A time that ran out is told as that, before the person is asked and after.
  const late = new DOMException("", "TimeoutError");
  await refuses("timed_out", () => signInWithPasskey({ server, platform, signal: AbortSignal.abort(late) }));
  const slow = new AbortController();
  const waits: PasskeyPlatform = { ...s.platform, credentials: { ...platform.credentials, get: async () => (slow.abort(late), Promise.reject(late)) } };
  await refuses("timed_out", () => signInWithPasskey({ server, platform: waits, signal: slow.signal }));
});

test("a server that answers with something else", async () => {
  for (const answer of [{}, { nonce }, { nonce: "short", options: creation }, { nonce: 5, options: creation }, { nonce, options: { ...creation, user: { id: "=" } } }, { nonce, options: { ...creation, rp: null } }]) {
    const s = stage({ "/v1/passkeys/registration": [200, answer] });
    await refuses("invalid_message", () => registerPasskey(s.options));
    assert.equal(s.asked.create, undefined, JSON.stringify(answer));
  }
});

test("a browser without passkeys", async () => {
  await assert.rejects(signInWithPasskey({ server }), (error) => error instanceof LinkError && error.code === "unsupported_version");
});

test("a session whose new id is on its way is waited for, and not for ever", async () => {
  let rotated = 2;
  const s = stage({
    "/v1/passkeys/authentication": () => (rotated-- > 0 ? [401, { code: "session_rotated" }] : [200, { nonce, options: { rpId: "example.com" } }]),
    "/v1/session/passkey": [200, { account: "did:key:z6Mk", assurance: "phishing-resistant" }],
  });
  const done = signInWithPasskey(s.options);
  for (let i = 0; i < 2; i++) {
    await settle();
    assert.equal(s.calls.length, i + 1);
    s.world.pass(250);
  }
  assert.equal((await done).account, "did:key:z6Mk");

  rotated = 1000;
  const failed = refuses("session_rotated", () => signInWithPasskey(s.options));
  for (let i = 0; i < 20; i++) {
    await settle();
    s.world.pass(250);
  }
  await failed;
  assert.equal(s.world.pending, 0);
});

test("on a link that was just claimed the session's cookie may be on its way; without one there is none to wait for", async () => {
  let missing = 2;
  const s = stage({
    "/v1/passkeys/registration": () => (missing-- > 0 ? [401, { code: "session_required" }] : [200, { nonce, channel: link.channelId, options: creation }]),
    "/v1/passkeys": [200, { credentialId: "CQk", label: "" }],
  });
  const done = registerPasskey({ ...s.options, link });
  for (let i = 0; i < 2; i++) {
    await settle();
    s.world.pass(250);
  }
  assert.equal((await done).credentialId, "CQk");
  missing = 1;
  await refuses("session_required", () => registerPasskey(s.options));
});
