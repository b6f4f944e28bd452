// A TCP proxy in front of the server, for tests that tear connections or lie.
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Passes connections on, until told to cut them. The browser and the wallet know
 * its port only. */
export class Proxy {
  #sockets = new Set();
  #webSockets = new Set();
  #target = 0;
  #watchers = new Set();
  #lie;
  #closed = false;

  static async start(t) {
    const proxy = new Proxy();
    proxy.listener = createServer((inner) => proxy.#accept(inner));
    proxy.listener.listen(0, "127.0.0.1");
    await once(proxy.listener, "listening");
    t.after(() => proxy.close());
    proxy.origin = `http://localhost:${proxy.listener.address().port}`;
    return proxy;
  }

  /** Sends whoever comes from now on to another port; 0 refuses them. */
  forward(port) {
    this.#target = port;
  }

  /** Ends every connection at once, in the middle of whatever it does. */
  cut() {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Ends every WebSocket at once. */
  cutWebSockets() {
    for (const socket of this.#webSockets) socket.resetAndDestroy();
  }

  /** Calls back with each chunk that passes: from "client" or "server". The
   * watcher sees it before the other end does and may cut. */
  watch(watcher) {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Changes what the server says to the page on its WebSocket: each message goes
   * through the function, which returns what comes in its place, or several, or
   * nothing. */
  lie(change) {
    this.#lie = change;
  }

  close() {
    this.#closed = true;
    this.cut();
    this.listener.close();
  }

  #accept(inner) {
    this.#sockets.add(inner);
    inner.on("error", () => {}).on("close", () => {
      this.#sockets.delete(inner);
      this.#webSockets.delete(inner);
    });
    if (!this.#target || this.#closed) {
      inner.resetAndDestroy();
      return;
    }
    const outer = connect(this.#target, "127.0.0.1");
    this.#sockets.add(outer);
    outer.on("error", () => inner.resetAndDestroy()).on("close", () => {
      this.#sockets.delete(outer);
      inner.destroy();
    });
    inner.on("close", () => outer.destroy());
    let change = (chunk) => chunk;
    inner.on("data", (chunk) => {
      const head = chunk.toString("latin1");
      if (!/^GET \/v1\/ws HTTP/.test(head)) return;
      this.#webSockets.add(inner);
      // Only a browser says from which page it comes.
      if (this.#lie && /\r\nOrigin: /i.test(head)) change = changer(this.#lie);
    });
    this.#pass(inner, outer, "client", (chunk) => chunk);
    this.#pass(outer, inner, "server", (chunk) => change(chunk));
  }

  #pass(from, to, who, change) {
    from.on("data", (chunk) => {
      for (const watcher of [...this.#watchers]) watcher(who, chunk);
      if (!to.destroyed && !from.destroyed) to.write(change(chunk));
    });
    from.on("end", () => to.end());
  }
}

/** Takes the bytes of a server's WebSocket apart, changes its messages, and puts
 * them together again. */
function changer(lie) {
  let rest = Buffer.alloc(0);
  let upgraded = false;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const out = [];
    if (!upgraded) {
      const end = rest.indexOf("\r\n\r\n") + 4;
      if (end < 4) return Buffer.alloc(0);
      out.push(rest.subarray(0, end));
      rest = rest.subarray(end);
      upgraded = true;
    }
    for (let frame; (frame = firstFrame(rest)); rest = rest.subarray(frame.length)) {
      const text = frame[0] === 0x81;
      out.push(...(text ? [lie(JSON.parse(payloadOf(frame).toString()))].flat().filter(Boolean).map(encode) : [frame]));
    }
    return Buffer.concat(out);
  };
}

/** How long the head of a frame is, and how long what it holds. */
function sizes(bytes) {
  const short = bytes[1] & 127;
  if (short < 126) return [2, short];
  if (short === 126) return [4, bytes.length < 4 ? Infinity : bytes.readUInt16BE(2)];
  return [10, bytes.length < 10 ? Infinity : Number(bytes.readBigUInt64BE(2))];
}

function firstFrame(bytes) {
  if (bytes.length < 2) return undefined;
  const [head, length] = sizes(bytes);
  return bytes.length < head + length ? undefined : bytes.subarray(0, head + length);
}

function payloadOf(frame) {
  return frame.subarray(sizes(frame)[0]);
}

function encode(message) {
  const payload = Buffer.from(JSON.stringify(message));
  const head = payload.length < 126 ? Buffer.of(0x81, payload.length) : Buffer.of(0x81, 126, payload.length >> 8, payload.length & 255);
  return Buffer.concat([head, payload]);
}
