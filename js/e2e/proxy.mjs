// A TCP proxy in front of the server, for tests that tear connections.
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Passes connections on, until told to cut them. The browser and the wallet know
 * its port only. */
export class Proxy {
  #sockets = new Set();
  #webSockets = new Set();
  #target = 0;
  #watchers = new Set();
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
    inner.on("data", (chunk) => {
      if (/^GET \/v1\/ws HTTP/.test(chunk.toString("latin1"))) this.#webSockets.add(inner);
    });
    this.#pass(inner, outer, "client");
    this.#pass(outer, inner, "server");
  }

  #pass(from, to, who) {
    from.on("data", (chunk) => {
      for (const watcher of [...this.#watchers]) watcher(who, chunk);
      if (!to.destroyed && !from.destroyed) to.write(chunk);
    });
    from.on("end", () => to.end());
  }
}
