import assert from "node:assert/strict";
import { test } from "node:test";
import type { Code } from "../src/codes.gen.ts";
import { LinkError } from "../src/errors.ts";
import { Latch } from "../src/latch.ts";
import { Asker, parseText, refusal, refusalOf, Responder, resultOf, type AnswerMemory, type Handler, type Question, type ResponderOptions } from "../src/requests.ts";

/** Lets everything happen that only waits for a promise. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A site's link whose channel a test opens, breaks and ends. */
class FakeLink {
  readonly sent: string[] = [];
  readonly #opening = new Latch<void>();
  readonly #ending = new Latch<LinkError>();
  #open = false;
  #refuses: Code | undefined;
  /** What comes out at the other end. */
  deliver: ((text: string) => void) | undefined;

  constructor(readonly pairing: string | undefined = undefined) {}

  get closed(): Promise<LinkError> {
    return this.#ending.wait();
  }
  opened(): Promise<void> {
    return this.#opening.wait();
  }
  send(text: string): void {
    if (!this.#open) throw new LinkError("channel_closed");
    if (text.length > 65_536) throw new LinkError("too_large");
    if (this.#refuses) throw new LinkError(this.#refuses);
    this.sent.push(text);
    this.deliver?.(text);
  }
  open(): this {
    this.#open = true;
    this.#opening.set();
    return this;
  }
  refuse(code: Code | undefined): void {
    this.#refuses = code;
  }
  async end(code: Code): Promise<void> {
    this.#open = false;
    this.#ending.set(new LinkError(code));
    await settle();
  }
  /** What was sent, parsed. */
  get messages(): { id: string; method?: string; result?: unknown; error?: { code: number; message: string } }[] {
    return this.sent.map((text) => JSON.parse(text));
  }
}

const resumed = () => new FakeLink("a");
const said = (data: string) => ({ at: 1, type: "message", data }) as const;
const ask = (id: unknown, method: unknown = "echo", more: object = {}) => said(JSON.stringify({ jsonrpc: "2.0", id, method, ...more }));
const answered = (id: string, more: object) => said(JSON.stringify({ jsonrpc: "2.0", id, ...more }));

/** An asker with an open channel. */
function asking(): { asker: Asker; link: FakeLink } {
  const [asker, link] = [new Asker(), new FakeLink("a").open()];
  asker.use(link);
  return { asker, link };
}

/** A responder with an open channel. */
function answering(handlers: Record<string, Handler>, options?: ResponderOptions): { responder: Responder; link: FakeLink } {
  const [responder, link] = [new Responder(handlers, options), new FakeLink("a").open()];
  responder.use(link);
  return { responder, link };
}

/** How a call ends: with a result or a code. */
const outcome = (call: Promise<unknown>): Promise<{ result?: unknown; code?: Code }> => call.then((result) => ({ result }), ({ code }) => ({ code }));

test("what is asked is answered with its own answer, whatever the order", async () => {
  const { asker, link } = asking();
  const asked = [1, 2, 3].map((n) => asker.ask({ method: "echo", params: [n] }));
  const ids = link.messages.map(({ id }) => id);
  assert.equal(new Set(ids).size, 3);
  assert.deepEqual(link.messages[0], { jsonrpc: "2.0", id: ids[0], method: "echo", params: [1] });
  for (const n of [2, 0, 1]) assert.equal(asker.hear(answered(ids[n]!, { result: n })), true);
  assert.deepEqual(await Promise.all(asked), [0, 1, 2]);
});

test("a first answer counts; a second one, and one to nobody, are taken and change nothing", async () => {
  const { asker, link } = asking();
  const asked = asker.ask({ method: "echo" });
  const [{ id }] = link.messages as [{ id: string }];
  for (const event of [answered("of another", { result: "no" }), answered(id, { result: "yes" }), answered(id, { result: "no" })]) assert.equal(asker.hear(event), true);
  assert.equal(await asked, "yes");
});

test("texts, requests and other events are left to others", () => {
  const { asker } = asking();
  const { responder } = answering({});
  for (const event of [said("hello"), said("{}"), said('[{"id":1}]'), { at: 1, type: "open" } as const]) assert.deepEqual([asker.hear(event), responder.hear(event)], [false, false]);
  assert.deepEqual([asker.hear(ask("1")), responder.hear(ask("1"))], [false, true]);
  assert.deepEqual([asker.hear(answered("1", { result: 1 })), responder.hear(answered("1", { result: 1 }))], [true, false]);
  assert.deepEqual([asker.hear(answered("1", {})), responder.hear(answered("1", {}))], [false, true]);
  assert.deepEqual([asker.hear(answered("1", { error: 1 })), responder.hear(answered("1", { error: 1 }))], [true, false]);
});

test("an error answer becomes a LinkError that says what to do in this side's words", async () => {
  const cases: [number, Code][] = [[-32600, "invalid_message"], [-32601, "unsupported_version"], [-32602, "invalid_message"], [-32603, "internal"], [-32000, "overloaded"], [-32001, "peer_lost"], [4001, "user_rejected"], [7, "internal"]];
  for (const [number, code] of cases) {
    const { asker, link } = asking();
    const asked = asker.ask({ method: "echo" }).catch((error: unknown) => error);
    const message = `Pay here: ${"x".repeat(500)}`;
    asker.hear(answered(link.messages[0]!.id, { error: { code: number, message, data: [1] } }));
    const error = (await asked) as LinkError;
    assert.ok(error instanceof LinkError);
    assert.equal(error.code, code, String(number));
    assert.deepEqual(refusalOf(error), { code: number, message, data: [1] });
    assert.ok(!error.remedy.includes("Pay") && error.remedy.length > 10 && error.detail.length < 300);
  }
  assert.equal(refusalOf(new LinkError("internal")), undefined);
  assert.equal(refusalOf(new LinkError("internal", { cause: new DOMException("no", "NotFoundError") })), undefined, "a DOMException has a number, too");
});

test("an answer that is none fails what waits for it, and nothing else", async () => {
  const { asker, link } = asking();
  const [first, second] = [asker.ask({ method: "a" }), asker.ask({ method: "b" })];
  const [a, b] = link.messages;
  asker.hear(said(JSON.stringify({ jsonrpc: "2.0", id: a!.id, result: 1, error: null })));
  asker.hear(said(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32600, message: "" } })));
  asker.hear(answered(b!.id, { result: 2 }));
  assert.deepEqual(await Promise.all([outcome(first), outcome(second)]), [{ code: "invalid_peer" }, { result: 2 }]);
});

test("what is asked before the channel is open, or before there is a link, is sent when it opens", async () => {
  const asker = new Asker();
  const early = asker.ask({ method: "early" });
  const link = new FakeLink();
  asker.use(link);
  const next = asker.ask({ method: "next" });
  await settle();
  assert.deepEqual(link.sent, []);
  link.open();
  await settle();
  assert.deepEqual(link.messages.map(({ method }) => method), ["early", "next"]);
  for (const { id, method } of link.messages) asker.hear(answered(id, { result: method }));
  assert.deepEqual(await Promise.all([early, next]), ["early", "next"]);
});

test("what was not answered when the channel was lost is asked again with its id when it is resumed, and nothing else", async () => {
  const { asker, link } = asking();
  const [first, second] = [asker.ask({ method: "a" }), asker.ask({ method: "b" })];
  const [a, b] = link.messages;
  asker.hear(answered(a!.id, { result: 1 }));
  await first;
  await link.end("peer_lost");
  const meanwhile = asker.ask({ method: "c" });
  const next = resumed();
  asker.use(next);
  asker.use(next);
  await settle();
  next.open();
  await settle();
  assert.deepEqual(next.messages.map(({ method, id }) => [method, id === b!.id]), [["b", true], ["c", false]]);
  for (const { id } of next.messages) asker.hear(answered(id, { result: id }));
  assert.equal(await second, b!.id);
  await meanwhile;
});

test("a resumption of another pairing is another peer", async () => {
  const { asker, link } = asking();
  const asked = outcome(asker.ask({ method: "pay" }));
  const { responder, link: its } = answering({ echo: () => "for one" });
  responder.hear(ask("1"));
  await settle();
  await Promise.all([link.end("peer_lost"), its.end("peer_lost")]);
  const [other, last] = [new FakeLink("b").open(), new FakeLink("b").open()];
  asker.use(other);
  responder.use(last);
  responder.hear(ask("1", "none"));
  await settle();
  assert.deepEqual([(await asked).code, other.sent, last.messages.map(({ error }) => error?.code)], ["peer_lost", [], [-32601]]);
});

test("what was asked of one is not asked of another", async () => {
  const { asker, link } = asking();
  const asked = outcome(asker.ask({ method: "a" }));
  await link.end("peer_lost");
  const other = new FakeLink().open();
  asker.use(other);
  await settle();
  assert.deepEqual([(await asked).code, other.sent], ["peer_lost", []]);
});

test("a goodbye ends what waits, and what is asked after it; a link that is made then is asked again", async () => {
  const { asker, link } = asking();
  const asked = outcome(asker.ask({ method: "a" }));
  await link.end("channel_closed");
  assert.equal((await asked).code, "channel_closed");
  assert.equal((await outcome(asker.ask({ method: "b" }))).code, "channel_closed");
  const next = new FakeLink().open();
  asker.use(next);
  const again = asker.ask({ method: "c" });
  asker.hear(answered(next.messages[0]!.id, { result: 1 }));
  assert.equal(await again, 1);
});

test("who waits no longer is told so, and is not asked for again", async () => {
  const { asker, link } = asking();
  const abort = new AbortController();
  const asked = outcome(asker.ask({ method: "a" }, { signal: abort.signal }));
  abort.abort();
  assert.equal((await asked).code, "canceled");
  const late = AbortSignal.abort(new DOMException("late", "TimeoutError"));
  assert.equal((await outcome(asker.ask({ method: "b" }, { signal: late }))).code, "timed_out");
  assert.deepEqual(link.messages.map(({ method }) => method), ["a"]);
  await link.end("peer_lost");
  const next = resumed().open();
  asker.use(next);
  await settle();
  assert.deepEqual(next.sent, []);
});

test("what cannot be asked is not", async () => {
  const { asker, link } = asking();
  const round: Record<string, unknown> = {};
  round.round = round;
  const questions = [{ method: "" }, { method: "a b" }, { method: "x".repeat(129) }, { method: "a", params: round }, { method: "a", params: "b" }, { method: "a", params: 1n }] as unknown as Question[];
  for (const question of questions) {
    assert.equal((await outcome(asker.ask(question))).code, "invalid_message");
    assert.throws(() => asker.notify(question), (error: LinkError) => error.code === "invalid_message");
  }
  assert.equal((await outcome(asker.ask({ method: "a", params: ["x".repeat(70_000)] }))).code, "too_large");
  assert.deepEqual(link.sent, []);
  assert.throws(() => new Asker().notify({ method: "a" }), (error: LinkError) => error.code === "channel_closed");
});

test("a channel that is full is tried again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { asker, link } = asking();
  link.refuse("overloaded");
  const asked = asker.ask({ method: "a" });
  t.mock.timers.tick(250);
  assert.deepEqual(link.sent, []);
  link.refuse(undefined);
  t.mock.timers.tick(250);
  asker.hear(answered(link.messages[0]!.id, { result: 1 }));
  assert.equal(await asked, 1);
});

test("each method has its handler, and what it returns or throws is the answer", async () => {
  const { responder, link } = answering({
    echo: (params) => params,
    later: async () => "later",
    nothing: () => undefined,
    no: () => Promise.reject(new LinkError("user_rejected")),
    own: () => {
      throw refusal({ code: 7, message: "not today", data: { until: "tomorrow" } });
    },
    breaks: () => {
      throw new Error("the key is 1234");
    },
    fetches: () => {
      throw new LinkError("unavailable", { cause: new DOMException("the key is 1234", "AbortError") });
    },
    round: () => {
      const round: Record<string, unknown> = {};
      return (round.round = round);
    },
    huge: () => "x".repeat(70_000),
    hugeError: () => {
      throw refusal({ code: 1, message: "", data: "x".repeat(70_000) });
    },
    wrap: () => () => {},
  });
  const methods = ["echo", "later", "nothing", "no", "own", "breaks", "fetches", "round", "huge", "hugeError", "wrap", "none", "constructor", "__proto__", "toString"];
  for (const method of methods) responder.hear(ask(method, method, { params: [1] }));
  await settle();
  const all = Object.fromEntries(link.messages.map(({ id, result, error }) => [id, error?.code ?? result]));
  assert.deepEqual(all, {
    echo: [1], later: "later", nothing: null, no: 4001, own: 7, breaks: -32603, fetches: -32603, round: -32603, huge: -32603, hugeError: -32603, wrap: null, none: -32601, constructor: -32601, ["__proto__"]: -32601, toString: -32601,
  });
  assert.ok(!link.sent.join().includes("1234"), "what broke here is told to the other side");
  assert.deepEqual(link.messages.find(({ id }) => id === "own")!.error, { code: 7, message: "not today", data: { until: "tomorrow" } });
  assert.ok(link.sent.every((text) => parseText(text).kind === "answer"));
});

test("an id is carried out once and has one answer, also while it is worked on", async () => {
  let [done, finish] = [0, (_: unknown) => {}];
  const unknown: string[] = [];
  const { responder, link } = answering({ pay: () => (done++, new Promise((resolve) => (finish = resolve))) }, { onUnknown: ({ method }) => unknown.push(method) });
  responder.hear(ask("1", "pay", { params: [1] }));
  responder.hear(ask("1", "pay", { params: [2] }));
  responder.hear(said('{"jsonrpc":"2.0","id":"1","method":""}'));
  await settle();
  assert.deepEqual([done, link.sent], [1, []]);
  finish("paid");
  await settle();
  responder.hear(ask("1", "pay"));
  responder.hear(ask("1", "other"));
  assert.deepEqual([done, link.messages.map(({ result }) => result)], [1, ["paid", "paid", "paid"]]);
  for (const _ of [1, 2]) responder.hear(ask("2", "other"));
  assert.deepEqual([unknown, link.messages.slice(3).map(({ error }) => error!.code)], [["other"], [-32601, -32601]]);
});

test("what is malformed is refused under its id, once for each; what has none is not answered", async () => {
  const { responder, link } = answering({ echo: () => assert.fail("carried out") });
  for (const event of [ask("1", ""), ask("1", "echo"), ask(7), ask(null), ask({}), said('{"jsonrpc":"2.0"}')]) assert.equal(responder.hear(event), true);
  assert.equal(responder.hear(said('[{"jsonrpc":"2.0","id":"2","method":"echo"},{"jsonrpc":"2.0","id":"3","method":"echo"}]')), true);
  await settle();
  assert.deepEqual(link.messages.map(({ id, error }) => [id, error!.code]), [["1", -32600], ["1", -32600], [7, -32600], [null, -32600]]);
});

test("a notification is heard and not answered, whatever comes of it", async () => {
  const heard: unknown[] = [];
  const { responder, link } = answering({ told: (params, { id }) => void heard.push([params, id]), breaks: () => Promise.reject(new Error("no")) }, { onUnknown: ({ method }) => void heard.push(method) });
  for (const method of ["told", "breaks", "none"]) responder.hear(said(JSON.stringify({ jsonrpc: "2.0", method, params: { a: 1 } })));
  await settle();
  assert.deepEqual([heard, link.sent], [[[{ a: 1 }, undefined], "none"], []]);
  let begun = 0;
  const busy = answering({ wait: () => (begun++, new Promise(() => {})) });
  for (let n = 0; n < 70; n++) busy.responder.hear(said('{"jsonrpc":"2.0","method":"wait"}'));
  assert.equal(begun, 64, "more at once than requests may be");
});

test("an answer that the channel was lost for is given on the one that resumes it", async () => {
  let finish = (_: unknown) => {};
  const { responder, link } = answering({ pay: () => new Promise((resolve) => (finish = resolve)) });
  responder.hear(ask("1", "pay"));
  await settle();
  await link.end("peer_lost");
  finish("paid");
  await settle();
  const next = resumed();
  responder.use(next);
  await settle();
  next.open();
  await settle();
  assert.deepEqual([link.sent, next.messages.map(({ result }) => result)], [[], ["paid"]]);
  responder.hear(ask("1", "pay"));
  assert.equal(next.sent.length, 2);
  assert.equal(next.sent[0], next.sent[1]);
});

test("what comes before the link is given is answered then", async () => {
  const responder = new Responder({ echo: (params) => params });
  responder.hear(ask("1", "echo", { params: ["early"] }));
  await settle();
  const link = new FakeLink().open();
  responder.use(link);
  await settle();
  assert.deepEqual(link.messages.map(({ result }) => result), [["early"]]);
});

test("nobody gets what another asked for, and a question is taken away when nobody is left to be answered", async () => {
  const aborted: unknown[] = [];
  let finish = (_: unknown) => {};
  const handlers: Record<string, Handler> = {
    pay: (_, { signal }) => {
      signal.addEventListener("abort", () => aborted.push((signal.reason as LinkError).code));
      return new Promise((resolve) => (finish = resolve));
    },
  };
  const { responder, link } = answering(handlers);
  responder.hear(ask("1", "pay"));
  await link.end("peer_lost");
  assert.deepEqual(aborted, []);
  const other = new FakeLink().open();
  responder.use(other);
  assert.deepEqual(aborted, ["peer_lost"]);
  finish("paid");
  await settle();
  assert.deepEqual(other.sent, []);
  responder.hear(ask("1", "pay"));
  await other.end("channel_closed");
  assert.deepEqual(aborted, ["peer_lost", "channel_closed"]);
});

test("what broke off because this side left is not known, and not begun again", async () => {
  let done = 0;
  const { responder, link } = answering({ pay: (_, { signal }) => (done++, new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("left"))))) });
  responder.hear(ask("1", "pay"));
  await link.end("canceled");
  const next = resumed().open();
  responder.use(next);
  responder.hear(ask("1", "pay"));
  assert.deepEqual([done, next.messages.map(({ error }) => error!.code)], [1, [-32001]]);
  let signal: AbortSignal | undefined;
  const again = new Responder({ look: (_, asked) => void (signal = asked.signal) });
  again.use(new FakeLink().open());
  again.hear(ask("2", "look"));
  assert.equal(signal!.aborted, false);
});

/** A memory as a page's storage is. */
class Memory implements AnswerMemory {
  text: string | null = null;
  full = false;
  read(): string | null {
    return this.text;
  }
  write(text: string): void {
    if (this.full) throw new DOMException("full", "QuotaExceededError");
    this.text = text;
  }
}

test("a page that is loaded anew gives the answers from before, and begins nothing twice", async () => {
  const memory = new Memory();
  let done = 0;
  const handlers: Record<string, Handler> = { pay: (params) => (done++, params ? "paid" : new Promise(() => {})) };
  const before = answering(handlers, { memory });
  before.responder.hear(ask("1", "pay", { params: [] }));
  before.responder.hear(ask("2", "pay"));
  before.responder.hear(ask("3", "none"));
  await settle();
  assert.equal(before.link.sent.length, 2);
  const { responder, link } = answering(handlers, { memory });
  for (const id of ["1", "2"]) responder.hear(ask(id, "pay", { params: [] }));
  responder.hear(ask("3", "none"));
  await settle();
  assert.equal(done, 2);
  assert.deepEqual(link.messages.map(({ id, result, error }) => [id, result ?? error!.code]), [["1", "paid"], ["2", -32001], ["3", -32601]]);
  // Another page has answered meanwhile; this one comes back.
  responder.hear(ask("4", "pay", { params: [] }));
  await settle();
  before.responder.use(resumed().open());
  const last = resumed().open();
  before.responder.use(last);
  before.responder.hear(ask("4", "pay", { params: [] }));
  assert.deepEqual([done, last.messages.map(({ result }) => result)], [3, ["paid"]]);
});

test("what cannot be noted is not begun; a memory that holds nonsense holds nothing", async () => {
  const memory = new Memory();
  let done = 0;
  const { responder, link } = answering({ pay: () => ++done }, { memory });
  memory.full = true;
  responder.hear(ask("1", "pay"));
  await settle();
  assert.deepEqual([done, link.messages[0]!.error!.code], [0, -32603]);
  for (const nonsense of ["", "{", "null", "[1]", '{"a":1}']) {
    memory.full = false;
    memory.text = nonsense;
    const next = answering({ pay: () => ++done }, { memory });
    next.responder.hear(ask("1", "pay"));
    await settle();
    assert.equal(typeof next.link.messages[0]!.result, "number", nonsense);
  }
});

test("a storage that the browser takes away stops what is asked, and not the link", async () => {
  const gone = (): never => {
    throw new DOMException("no", "SecurityError");
  };
  const { responder, link } = answering({ pay: () => assert.fail("carried out") }, { memory: { read: gone, write: gone } });
  assert.equal(responder.hear(ask("1", "pay")), true);
  await settle();
  assert.equal(link.messages[0]!.error!.code, -32603);
});

test("what a memory holds is done no second time because it could not be read once, and is not written over", async () => {
  const memory = new Memory();
  const text = JSON.stringify([["1", '{"jsonrpc":"2.0","id":"1","result":"paid before"}']]);
  memory.text = text;
  let done = 0;
  let finish!: () => void;
  const { responder, link } = answering({ pay: () => ++done, slow: () => new Promise<void>((resolve) => (finish = resolve)) }, { memory });
  const read = memory.read.bind(memory);
  const locked = () => {
    throw new DOMException("locked", "InvalidStateError");
  };
  memory.read = locked;
  for (const id of ["1", "2"]) responder.hear(ask(id, "pay"));
  await settle();
  assert.deepEqual([done, link.messages.map(({ error }) => error!.code), memory.text], [0, [-32603, -32603], text]);
  memory.read = read;
  for (const id of ["1", "2"]) responder.hear(ask(id, "pay"));
  responder.hear(ask("3", "slow"));
  await settle();
  assert.deepEqual([done, link.messages.slice(2).map(({ result }) => result)], [1, ["paid before", 1]]);
  // Nor is what another page has written meanwhile.
  const next = resumed().open();
  responder.use(next);
  memory.text = text;
  memory.read = locked;
  finish();
  await settle();
  assert.deepEqual([next.messages.map(({ id }) => id), memory.text], [["3"], text]);
});

test("a method that is none costs the memory nothing, and no answer its place", async () => {
  const memory = new Memory();
  let done = 0;
  const unknown: Question[] = [];
  const { responder, link } = answering({ pay: () => ++done }, { memory, onUnknown: (question) => void unknown.push(question) });
  responder.hear(ask("paid", "pay"));
  await settle();
  const { text } = memory;
  memory.write = () => assert.fail("written");
  for (let n = 0; n < 1100; n++) responder.hear(ask(`none-${n}`, "none"));
  responder.hear(ask("none-1099", "none"));
  responder.hear(ask("bad", ""));
  responder.hear(ask("paid", "pay"));
  await settle();
  assert.deepEqual([memory.text, unknown.length, done, link.messages.at(-1)!.result], [text, 1100, 1, 1]);
});

test("answers that nobody reads do not pile up; those that were not sent are there when asked for", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { responder, link } = answering({ big: () => "x".repeat(60_000) });
  link.refuse("overloaded");
  for (let n = 0; n < 100; n++) {
    responder.hear(ask(`big-${n}`, "big"));
    await settle();
  }
  link.refuse(undefined);
  t.mock.timers.tick(250);
  assert.deepEqual(link.messages.map(({ id }) => id), ["big-96", "big-97", "big-98", "big-99"]);
  responder.hear(ask("big-0", "big"));
  assert.equal(link.messages.at(-1)!.error!.code, -32001, "that is forgotten, and not done again");
});

test("what is remembered is bounded: the oldest answers go first, then the oldest ids", async () => {
  const memory = new Memory();
  let done = 0;
  const { responder, link } = answering({ big: () => (done++, "x".repeat(60_000)), small: () => ++done }, { memory });
  for (let n = 0; n < 20; n++) {
    responder.hear(ask(`big ${n}`.replace(" ", "-"), "big"));
    await settle();
  }
  assert.ok(memory.text!.length < 350_000, `${memory.text!.length} characters`);
  const again = (id: string, method: string) => {
    responder.hear(ask(id, method));
    return link.messages.at(-1)!;
  };
  assert.equal(again("big-0", "big").error!.code, -32001);
  assert.equal((again("big-19", "big").result as string).length, 60_000);
  assert.equal(done, 20);
  for (let n = 0; n < 1100; n++) {
    responder.hear(ask(`small-${n}`, "small"));
    await settle();
  }
  assert.equal((JSON.parse(memory.text!) as unknown[]).length, 1024);
});

test("who asks too much at once is told to come later", async () => {
  const { responder, link } = answering({ wait: () => new Promise(() => {}) });
  for (let n = 0; n < 70; n++) responder.hear(ask(`wait-${n}`, "wait"));
  await settle();
  assert.deepEqual(link.messages.map(({ id, error }) => [id, error!.code]), [64, 65, 66, 67, 68, 69].map((n) => [`wait-${n}`, -32000]));
});

test("a wallet's link is the same one's by its pairing", async () => {
  const linkOf = (pairing: string | undefined) => {
    const link = new FakeLink().open();
    return { sent: link.sent, opened: () => link.opened(), send: (text: string) => link.send(text), closed: link.closed, pairing };
  };
  const asker = new Asker();
  asker.use(linkOf("a"));
  const asked = outcome(asker.ask({ method: "a" }));
  const same = linkOf("a");
  asker.use(same);
  await settle();
  assert.equal(same.sent.length, 1);
  asker.use(linkOf("b"));
  assert.equal((await asked).code, "peer_lost");
  const kept = outcome(asker.ask({ method: "a" }));
  asker.use(linkOf(undefined));
  assert.equal((await kept).code, "peer_lost");
});

test("two that ask and answer over one channel do not take each other's words", async () => {
  const ends = [new FakeLink(), new FakeLink()] as const;
  const sides = ends.map((link, at) => {
    const [asker, responder, texts] = [new Asker(), new Responder({ who: () => at }), [] as string[]];
    const hear = (text: string) => void (asker.hear(said(text)) || responder.hear(said(text)) || texts.push(text));
    for (const part of [asker, responder]) part.use(link);
    return { asker, hear, texts };
  });
  ends.forEach((link, at) => {
    link.deliver = (text) => queueMicrotask(() => sides[1 - at]!.hear(text));
    link.open();
  });
  assert.deepEqual(await Promise.all(sides.map(({ asker }) => asker.ask({ method: "who" }))), [1, 0]);
  ends[0].send("hello");
  sides[1]!.asker.notify({ method: "who" });
  await settle();
  assert.deepEqual(sides.map(({ texts }) => texts), [[], ["hello"]]);
});

test("an answer as it is becomes a result, or an error", () => {
  assert.equal(resultOf({ jsonrpc: "2.0", id: "1", result: 1 }), 1);
  assert.throws(() => resultOf({ jsonrpc: "2.0", id: "1", error: { code: 4001, message: "no" } }), (error: LinkError) => error.code === "user_rejected");
});
