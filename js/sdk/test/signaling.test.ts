import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkError } from "../src/errors.ts";
import { Signaling } from "../src/signaling.ts";
import { World } from "./world.ts";

const requestId = "4f1c9b0e-0000-4000-8000-000000000000";
const answers = "answer-ADDR";
const proof = { chain: "algorand:x", address: "ADDR" };
const claim = { op: "link", requestId, account: "algorand:x:ADDR", proof };

function start(refused: () => Promise<void> = () => Promise.resolve()) {
  const world = new World();
  const frames: string[] = [];
  const ends: string[] = [];
  const news: string[] = [];
  const signaling: Signaling = new Signaling(world.platform, "ws://x/v1/ws", requestId, {
    subscribed: (topic) => news.push(`subscribed ${topic}`),
    lost: () => news.push("lost"),
    claimed: (_, address) => signaling.follow(`answer-${address}`),
    frame: (d) => frames.push(d),
    delivered: (n) => news.push(`delivered ${n}`),
    peer: (here) => news.push(here ? "here" : "gone"),
    notice: (error) => news.push(error.code),
    rotated: () => (news.push("rotated"), Promise.resolve()),
    refused,
    ended: (error) => ends.push(error.code),
  });
  return { world, signaling, frames, ends, news };
}

/** A link that a wallet has claimed, with both subscriptions confirmed. */
function claimed() {
  const all = start();
  const { world } = all;
  world.socket.open();
  world.socket.say({ op: "subscribed", topic: "link", requestId });
  world.socket.say(claim);
  world.socket.say({ op: "subscribed", topic: answers, requestId });
  world.socket.heard();
  return all;
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test("nothing but the subscription to the link is said before a wallet comes", () => {
  const { world, signaling } = start();
  assert.equal(world.socket.subprotocol, "liaison.1");
  signaling.send("aa");
  world.socket.open();
  assert.deepEqual(world.socket.heard(), [{ op: "subscribe", topic: "link", requestId }]);
  world.pass(2_000);
  assert.deepEqual(world.socket.heard(), []);
});

test("a claim with the answer: the subscription begins after it, and frames follow at once", () => {
  const { world, signaling, frames } = start();
  signaling.send("offer");
  world.socket.open();
  world.socket.heard();
  world.socket.say({ ...claim, answer: { n: 0, d: "answer" } });
  assert.deepEqual(frames, ["answer"]);
  assert.deepEqual(world.socket.heard(), [
    { op: "subscribe", topic: answers, requestId, since: 1 },
    { op: "send", requestId, n: 0, d: "offer" },
  ]);
});

test("the answer counts once, whether it comes with the claim, on the topic, or both", () => {
  const both = [{ ...claim, answer: { n: 0, d: "answer" } }, { op: "frame", topic: answers, requestId, d: "answer" }];
  for (const messages of [both, [claim, both[1]], [...both, ...both], [both[0], both[0]]]) {
    const { world, frames } = start();
    world.socket.open();
    for (const message of messages) world.socket.say(message);
    assert.deepEqual(frames, ["answer"], JSON.stringify(messages.map((m) => m!.op)));
  }
});

test("frames that come in one turn are acknowledged at once, duplicates too", () => {
  const { world, frames } = claimed();
  for (const n of [0, 1, 1, 2, 0]) world.socket.say({ op: "frame", topic: answers, requestId, n, d: `d${n}` });
  assert.deepEqual(frames, ["d0", "d1", "d2"]);
  world.pass(0);
  assert.deepEqual(world.socket.heard(), [{ op: "ack", requestId, next: 3 }]);
});

test("a gap is asked for once", () => {
  const { world, frames } = claimed();
  world.socket.say({ op: "frame", topic: answers, requestId, n: 0, d: "d0" });
  for (const n of [2, 3, 4]) world.socket.say({ op: "frame", topic: answers, requestId, n, d: `d${n}` });
  assert.deepEqual(world.socket.heard(), [{ op: "subscribe", topic: answers, requestId, since: 1 }]);
  for (const n of [1, 2, 3, 4]) world.socket.say({ op: "frame", topic: answers, requestId, n, d: `d${n}` });
  assert.deepEqual(frames, ["d0", "d1", "d2", "d3", "d4"]);
});

test("after a loss it comes back with its cursors and sends what was not acknowledged", () => {
  const { world, signaling, news } = claimed();
  for (const d of ["aa", "bb", "cc"]) signaling.send(d);
  world.socket.say({ op: "acked", requestId, next: 1 });
  world.socket.say({ op: "frame", topic: answers, requestId, n: 0, d: "d0" });
  world.socket.drop(1006);
  assert.ok(news.includes("lost"));
  signaling.send("dd");
  world.pass(200);
  assert.equal(world.sockets.length, 2);
  world.socket.open();
  assert.deepEqual(world.socket.heard(), [
    { op: "subscribe", topic: "link", requestId },
    { op: "subscribe", topic: answers, requestId, since: 1, next: 1 },
  ]);
  world.socket.say({ op: "subscribed", topic: answers, requestId, next: 2 });
  assert.deepEqual(world.socket.heard(), [
    { op: "send", requestId, n: 2, d: "cc" },
    { op: "send", requestId, n: 3, d: "dd" },
  ]);
});

test("what has had no acknowledgement for 3 s is sent again, then more and more seldom", () => {
  const { world, signaling } = claimed();
  world.pass(60_000);
  signaling.send("aa");
  world.socket.heard();
  const times: number[] = [];
  const began = world.time;
  for (let s = 1; s <= 9; s++) {
    world.pass(1_000);
    world.socket.say({ op: "peer", requestId, state: "gone" }); // the line is not dead
    if (world.socket.heard().some((m) => m.op === "send")) times.push((world.time - began) / 1_000);
  }
  assert.deepEqual(times, [3, 9]);
});

test("a line that says nothing to repeated frames is given up", () => {
  const { world, signaling } = claimed();
  signaling.send("aa");
  world.pass(30_000);
  assert.ok(world.sockets.length >= 2, `sockets opened: ${world.sockets.length}, want another one`);
  assert.equal(world.sockets[0]!.readyState, 3);
});

test("a subscription that has no answer is made again", () => {
  const { world } = start();
  world.socket.open();
  world.socket.heard();
  world.pass(4_000);
  assert.deepEqual(world.socket.heard(), [{ op: "subscribe", topic: "link", requestId }]);
});

test("a frame that goes by other means is not overtaken, and goes by the socket if that fails", async () => {
  for (const fails of [false, true]) {
    const { world, signaling } = claimed();
    let finish = () => {};
    const posted = signaling.sendBy("offer", () => new Promise((resolve, reject) => (finish = () => (fails ? reject(new LinkError("unavailable")) : resolve()))));
    signaling.send("candidate");
    assert.deepEqual(world.socket.heard(), [], "nothing may overtake the offer");
    finish();
    assert.equal(await posted, !fails);
    const sent = world.socket.heard().map((m) => m.n);
    assert.deepEqual(sent, fails ? [0, 1] : [1], `post fails: ${fails}`);
  }
});

test("a frame does not go by other means while others are under way", async () => {
  const { world, signaling } = claimed();
  signaling.send("candidate");
  assert.equal(await signaling.sendBy("offer", () => Promise.reject(new Error("used"))), false);
  assert.deepEqual(world.socket.heard().map((m) => m.n), [0, 1]);
});

test("the ranges of close codes say whether to come back", () => {
  const cases: [code: number, end: string | undefined, waitMs: number][] = [
    [1000, undefined, 125], [1001, undefined, 125], [1006, undefined, 125], [4402, undefined, 0], [4405, undefined, 125],
    [4408, undefined, 125], [4429, undefined, 2_000], [4499, undefined, 125],
    [4509, "replaced", 0], [4510, "link_expired", 0], [4999, "link_closed", 0],
  ];
  for (const [code, end, waitMs] of cases) {
    const { world, ends } = claimed();
    world.socket.drop(code);
    assert.deepEqual(ends, end ? [end] : [], `close ${code}`);
    if (waitMs) world.pass(waitMs - 1);
    assert.equal(world.sockets.length, waitMs || end ? 1 : world.sockets.length, `close ${code}: too early`);
    world.pass(1);
    assert.equal(world.sockets.length, end ? 1 : 2, `close ${code}: sockets`);
  }
});

test("a server that sends it round in circles is not followed without a pause", () => {
  const { world } = claimed();
  let last = 0;
  for (let i = 0; i < 6; i++) {
    world.socket.open();
    world.socket.drop(4402);
    const before = world.time;
    while (world.sockets.length < i + 2) world.pass(1);
    last = world.time - before;
  }
  assert.ok(last >= 1_000, `wait before the sixth attempt: ${last} ms, want 1000 or more`);
});

test("a refused handshake asks why, and ends if there is no use in trying again", async () => {
  const again = start();
  again.world.socket.drop(1006);
  await settle();
  again.world.pass(200);
  assert.equal(again.world.sockets.length, 2);

  const never = start(() => Promise.reject(new LinkError("link_expired")));
  never.world.socket.drop(1006);
  await settle();
  never.world.pass(60_000);
  assert.deepEqual([never.ends, never.world.sockets.length, never.world.pending], [["link_expired"], 1, 0]);
});

test("the network's return ends a long wait", () => {
  const { world } = claimed();
  for (let i = 0; i < 8; i++) {
    world.socket.open();
    world.socket.drop(1006);
    world.pass(20_000);
  }
  world.socket.open();
  world.socket.drop(1006);
  const before = world.sockets.length;
  world.online();
  assert.equal(world.sockets.length, before + 1);
});

test("the server's words on the link reach the owner", () => {
  for (const code of ["user_rejected", "link_expired", "link_closed", "replaced"]) {
    const { world, ends } = start();
    world.socket.open();
    world.socket.say({ op: "closed", requestId, code });
    assert.deepEqual([ends, world.pending], [[code], 0], code);
  }
  const { world, news } = claimed();
  world.socket.say({ op: "notice", requestId, code: "link_taken" });
  world.socket.say({ op: "peer", requestId, state: "here" });
  assert.deepEqual(news.slice(-2), ["link_taken", "here"]);
});

test("an error that may pass is waited out, any other ends the link", () => {
  for (const [code, end] of [["mailbox_full", false], ["rate_limited", false], ["unavailable", false], ["link_forbidden", true], ["frame_conflict", true]] as const) {
    const { world, ends } = claimed();
    world.socket.say({ op: "error", requestId, code });
    assert.deepEqual(ends, end ? [code] : [], code);
  }
});

test("a session that was rotated is fetched before it connects again", async () => {
  const { world, news } = claimed();
  world.socket.say({ op: "error", requestId, code: "session_rotated" });
  assert.ok(news.includes("rotated"));
  await settle();
  world.pass(0);
  assert.equal(world.sockets.length, 2);
});

test("what is for another link or of an unknown kind is ignored, what is malformed ends it", () => {
  const { world, ends, frames } = claimed();
  world.socket.say({ op: "frame", topic: answers, requestId: "another-link-altogether", n: 0, d: "xx" });
  world.socket.say({ op: "closed", requestId: "another-link-altogether", code: "link_closed" });
  world.socket.say({ op: "of_the_future", requestId });
  assert.deepEqual([frames, ends], [[], []]);
  for (const bad of ["{", "7", "null", { op: "frame", requestId, n: -1, d: "xx" }, { op: "frame", requestId, n: 0 }, { op: "acked", requestId, next: "1" }, { ...claim, account: "x" }, { ...claim, proof: { ...proof, address: "OTHER" } }]) {
    const other = claimed();
    other.world.socket.say(bad);
    assert.deepEqual(other.ends, ["invalid_message"], JSON.stringify(bad));
  }
});

test("closing leaves the link and nothing behind", () => {
  const { world, signaling } = claimed();
  signaling.close(true);
  assert.deepEqual(world.socket.heard(), [{ op: "close", requestId }]);
  assert.deepEqual([world.socket.readyState, world.pending], [3, 0]);
});
