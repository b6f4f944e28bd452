// Bundles a script and serves it to a page of its own, with its chunks apart, as
// a site would that uses the SDK.
import { once } from "node:events";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { cssText } from "../csstext.mjs";

const js = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The files of a bundle by address, the entry first. Options are more of
 * esbuild's. */
export async function bundle(entry, options = {}) {
  const { outputFiles } = await build({
    absWorkingDir: js,
    entryPoints: { entry },
    outdir: "/",
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    format: "esm",
    target: ["chrome111", "firefox115", "safari16.4"],
    nodePaths: [join(js, "node_modules")],
    tsconfigRaw: { compilerOptions: { target: "es2022", verbatimModuleSyntax: true } },
    plugins: [cssText],
    logLevel: "warning",
    ...options,
  });
  return new Map(outputFiles.map(({ path, contents }) => [path, Buffer.from(contents)]));
}

/** Serves a bundle on a loopback origin, which a browser trusts like TLS, until
 * the test is over. Returns the origin. */
export async function serve(t, files) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    const file = files.get(request.url);
    response.setHeader("Content-Type", file ? "text/javascript" : "text/html");
    response.setHeader("Content-Security-Policy", "default-src 'self'");
    response.end(file ?? '<!doctype html><title>Tests</title><link rel="icon" href="data:,"><script type="module" src="/entry.js"></script>');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${server.address().port}`, asked };
}

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".map": "application/json" };

/** A site of somebody else's that has mounted the server: it serves pages and
 * scripts of its own, under a policy as strict as the server's, and hands all other
 * requests over. */
export class Host {
  static policy =
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'";

  /** Serves files by address: what get returns for it. */
  static async start(t, files, policy = Host.policy) {
    const host = new Host();
    const server = createServer((question, response) => {
      const { pathname } = new URL(question.url, "http://host");
      const file = files.get(pathname);
      if (file === undefined) return host.#forward(question, response);
      response.setHeader("Content-Type", types[extname(pathname)] ?? types[".html"]);
      if (policy) response.setHeader("Content-Security-Policy", policy);
      response.end(file);
    });
    server.on("upgrade", (question, socket, head) => host.#tunnel(question, socket, head));
    server.listen(0, "localhost");
    await once(server, "listening");
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    host.origin = `http://localhost:${server.address().port}`;
    return host;
  }

  /** The port of the server behind it. */
  port = 0;

  #forward(question, response) {
    const { method, url, headers } = question;
    const onward = request({ host: "localhost", port: this.port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    question.pipe(onward);
  }

  #tunnel({ method, url, rawHeaders }, socket, head) {
    const onward = connect(this.port, "localhost", () => {
      const lines = Array.from({ length: rawHeaders.length / 2 }, (_, n) => `${rawHeaders[2 * n]}: ${rawHeaders[2 * n + 1]}`);
      onward.write(`${[`${method} ${url} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n`);
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) {
      end.on("error", () => {});
      end.on("close", () => (socket.destroy(), onward.destroy()));
    }
  }
}
