import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkError } from "../src/errors.ts";
import { Signaling } from "../src/signaling.ts";
import { World } from "./world.ts";

const requestId = "4f1c9b0e-0000-4000-8000-000000000000";
const answers = "answer-ADDR";
const proof = { type: "mx", chain: "algorand:x", address: "ADDR", message: "text", signature: "AAAA" };
const claim = { op: "link", requestId, account: "algorand:x:ADDR", proof };

function start(refused: () => Promise<void> = () => Promise.resolve()) {
  const world = new World();
  const frames: string[] = [];
  const ends: string[] = [];
  const news: string[] = [];
  const signaling = new Signaling(world.platform, { url: "ws://x/v1/ws", requestId, side: "site" }, {
    subscribed: (topic) => news.push(`subscribed ${topic}`),
    lost: () => news.push("lost"),
    claimed: ({ account, proof }) => news.push(`claimed ${account}${proof ? "" : " without a proof"}`),
    frame: (d) => frames.push(d),
    peer: (here) => news.push(here ? "here" : "gone"),
    notice: (error) => news.push(error.code),
    rotated: () => (news.push("rotated"), Promise.resolve()),
    refused,
    ended: (error) => ends.push(error.code),
  });
  return { world, signaling, frames, ends, news };
}

/** A link that a wallet has claimed, with its hello and ours under way before and
 * the subscription to its frames confirmed. */
function claimed() {
  const all = start();
  const { world, signaling, frames } = all;
  world.socket.open();
  world.socket.say({ op: "subscribed", topic: "link", requestId });
  world.socket.say({ op: "frame", topic: "link", requestId, d: "hello" });
  signaling.first("welcome");
  signaling.release();
  world.pass(0);
  world.socket.say({ op: "acked", requestId, next: 1 });
  world.socket.say({ ...claim, answer: { n: 1, d: "answer" } });
  world.socket.say({ op: "subscribed", topic: answers, requestId, next: 1 });
  world.socket.heard();
  frames.splice(0);
  return all;
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test("nothing but the subscription is said before the first frame is released", () => {
  const { world, signaling } = start();
  assert.equal(world.socket.subprotocol, "liaison.1");
  world.socket.open();
  world.socket.say({ op: "subscribed", topic: "link", requestId });
  assert.deepEqual(signaling.first("aa"), { n: 0, d: "aa" });
  signaling.send("bb");
  assert.deepEqual(world.socket.heard(), [{ op: "subscribe", topic: "link", requestId }]);
  world.pass(60_000);
  assert.deepEqual(world.socket.heard(), []);
  signaling.release();
  assert.deepEqual(world.socket.heard(), [{ op: "send", requestId, n: 1, d: "bb" }]);
  world.pass(3_000);
  assert.deepEqual(world.socket.heard().map(({ n }) => n), [0, 1], "what was not acknowledged, the first one too");
});

test("the topic of the link brings frames until the claim does, and then that of the address", () => {
  const { world, frames } = start();
  world.socket.open();
  world.socket.say({ op: "subscribed", topic: "link", requestId });
  world.socket.say({ op: "frame", topic: "link", requestId, d: "hello" });
  world.pass(0);
  assert.deepEqual(world.socket.heard().at(-1), { op: "ack", requestId, next: 1 });
  world.socket.say({ ...claim, answer: { n: 1, d: "answer" } });
  assert.deepEqual(world.socket.heard(), [{ op: "subscribe", topic: answers, requestId, since: 2 }]);
  world.socket.say({ op: "frame", topic: answers, requestId, n: 2, d: "more" });
  assert.deepEqual(frames, ["hello", "answer", "more"]);
});

test("a claim with the answer: the subscription begins after it, and frames follow at once", () => {
  const { world, signaling } = start();
  signaling.first("welcome");
  world.socket.open();
  world.socket.say({ op: "frame", topic: "link", requestId, d: "hello" });
  signaling.send("candidate");
  world.socket.heard();
  world.socket.say({ ...claim, answer: { n: 1, d: "answer" } });
  signaling.delivered(1);
  signaling.release();
  assert.deepEqual(world.socket.heard(), [
    { op: "subscribe", topic: answers, requestId, since: 2 },
    { op: "send", requestId, n: 1, d: "candidate" },
  ]);
});

test("the answer counts once, whether it comes with the claim, on the topic, or both, and each claim is passed on", () => {
  const hello = { op: "frame", topic: "link", requestId, d: "hello" };
  const both = [{ ...claim, answer: { n: 1, d: "answer" } }, { op: "frame", topic: answers, requestId, n: 1, d: "answer" }];
  for (const messages of [both, [claim, both[1]], [...both, ...both], [both[0], both[0]], [hello, ...both]]) {
    const { world, frames, news } = start();
    world.socket.open();
    for (const message of [hello, ...messages]) world.socket.say(message);
    const ops = messages.map((m) => m!.op);
    assert.deepEqual(frames, ["hello", "answer"], JSON.stringify(ops));
    assert.deepEqual(news, ops.filter((op) => op === "link").map(() => "claimed algorand:x:ADDR"));
    assert.equal(world.socket.heard().filter(({ topic }) => topic === answers).length, 1, "subscriptions");
  }
});

test("a claim whose proof cannot be read is told without one", () => {
  for (const bad of [undefined, null, {}, { ...proof, signature: 1 }]) {
    const { world, news } = start();
    world.socket.open();
    world.socket.say({ ...claim, proof: bad });
    assert.deepEqual(news, ["claimed algorand:x:ADDR without a proof"]);
  }
});

test("frames that come in one turn are acknowledged at once, duplicates too", () => {
  const { world, frames } = claimed();
  for (const n of [2, 3, 3, 4, 2]) world.socket.say({ op: "frame", topic: answers, requestId, n, d: `d${n}` });
  assert.deepEqual(frames, ["d2", "d3", "d4"]);
  world.pass(0);
  assert.deepEqual(world.socket.heard(), [{ op: "ack", requestId, next: 5 }]);
});

test("a gap is asked for once", () => {
  const { world, frames } = claimed();
  world.socket.say({ op: "frame", topic: answers, requestId, n: 2, d: "d2" });
  for (const n of [4, 5, 6]) world.socket.say({ op: "frame", topic: answers, requestId, n, d: `d${n}` });
  assert.deepEqual(world.socket.heard(), [{ op: "subscribe", topic: answers, requestId, since: 3, next: 1 }]);
  for (const n of [3, 4, 5, 6]) world.socket.say({ op: "frame", topic: answers, requestId, n, d: `d${n}` });
  assert.deepEqual(frames, ["d2", "d3", "d4", "d5", "d6"]);
});

test("after a loss it comes back with its cursors and sends what was not acknowledged", () => {
  const { world, signaling, news } = claimed();
  for (const d of ["aa", "bb", "cc"]) signaling.send(d);
  world.socket.say({ op: "acked", requestId, next: 2 });
  world.socket.say({ op: "frame", topic: answers, requestId, n: 2, d: "d2" });
  world.socket.drop(1006);
  assert.ok(news.includes("lost"));
  signaling.send("dd");
  world.pass(200);
  assert.equal(world.sockets.length, 2);
  world.socket.open();
  assert.deepEqual(world.socket.heard(), [{ op: "subscribe", topic: answers, requestId, since: 3, next: 2 }]);
  world.socket.say({ op: "subscribed", topic: answers, requestId, next: 3 });
  assert.deepEqual(world.socket.heard(), [
    { op: "send", requestId, n: 3, d: "cc" },
    { op: "send", requestId, n: 4, d: "dd" },
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

test("an error that may pass is waited out, any other ends the link for both sides", () => {
  for (const [code, end] of [["mailbox_full", false], ["rate_limited", false], ["unavailable", false], ["link_forbidden", true], ["frame_conflict", true]] as const) {
    const { world, ends } = claimed();
    world.socket.say({ op: "error", requestId, code });
    assert.deepEqual(ends, end ? [code] : [], code);
    assert.equal(world.socket.heard().some(({ op }) => op === "close"), end, `the other side waits in vain after ${code}`);
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
  for (const bad of ["{", "7", "null", { op: "frame", requestId, n: -1, d: "xx" }, { op: "frame", requestId, n: 0 }, { op: "acked", requestId, next: "1" }, { ...claim, account: "x" }, { ...claim, answer: { n: 1 } }]) {
    const other = start();
    other.world.socket.open();
    other.world.socket.say(bad);
    assert.deepEqual(other.ends, ["invalid_message"], JSON.stringify(bad));
  }
});

test("leaving ends the link, says why if that is of use, and leaves nothing behind", () => {
  for (const [code, told] of [["not_local", true], ["server_mismatch", true], ["canceled", false], ["timed_out", false], ["unavailable", false]] as const) {
    const { world, signaling } = claimed();
    signaling.leave(code);
    assert.deepEqual(world.socket.heard(), [{ op: "close", requestId, ...(told && { code }) }]);
    assert.deepEqual([world.socket.readyState, world.pending], [3, 0]);
  }
  const { world, signaling } = claimed();
  signaling.close();
  assert.deepEqual([world.socket.heard(), world.socket.readyState, world.pending], [[], 3, 0]);
});
