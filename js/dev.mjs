// `make dev`: builds the pages whenever a source changes, serves them before the real
// server, and has each open page load itself anew. Nothing of it is in what is built.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const js = dirname(fileURLToPath(import.meta.url));
const root = join(js, "..");
const dist = join(root, "web/dist");
const port = Number(process.env.PORT ?? 8080);
const origin = `http://localhost:${port}`;

// Not `go run`, whose program would outlive it.
const folder = mkdtempSync(join(tmpdir(), "liaison-dev-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const binary = join(folder, "liaison");
if (spawnSync("go", ["build", "-o", binary, "./cmd/liaison"], { cwd: root, stdio: "inherit" }).status !== 0) process.exit(1);

const builder = spawn(process.execPath, [join(js, "build.mjs"), "--watch"], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
const server = spawn(binary, ["serve", "--listen", "127.0.0.1:0", "--origin", origin, ...process.argv.slice(2)], { cwd: root, stdio: ["inherit", "inherit", "pipe"] });
const children = [builder, server];
const gone = Promise.all(children.map((child) => once(child, "exit")));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => void end(0));
for (const child of children) child.on("exit", (code) => void end(code ?? 1)); // one is no use without the other
process.on("exit", () => children.forEach((child) => child.kill()));

/** Ends when both have ended; the first reason counts. */
async function end(code) {
  process.exitCode ??= code;
  for (const child of children) child.kill();
  await gone;
  process.exit();
}

const open = new Set();
const changed = "data: changed\n\n";
let version = ""; // of what is built, as pages have it in their question
const built = once(builder, "message");
builder.on("message", () => {
  version = `?${Date.now()}`;
  open.forEach((page) => page.write(changed));
});

/** The port that the server has taken. */
const upstream = await new Promise((resolve) => {
  createInterface({ input: server.stderr }).on("line", (line) => {
    console.error(line);
    const address = /"msg":"serving","listen":"[^"]*:(\d+)"/.exec(line)?.[1];
    if (address) resolve(Number(address));
  });
});

const reload = `new EventSource("/dev/changes" + new URL(import.meta.url).search).onmessage = () => location.reload();\n`;
const types = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png", ".txt": "text/plain", ".webmanifest": "application/manifest+json" };

const front = createServer((asked, answer) => {
  const { pathname, search } = new URL(asked.url, origin);
  if (pathname === "/dev/changes") {
    // A page of before, or of an earlier run, has missed what changed meanwhile.
    answer.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" }).write(search === version ? "\n" : changed);
    open.add(answer.on("close", () => open.delete(answer)));
    return;
  }
  if (pathname === "/dev/reload.js") return answer.writeHead(200, { "Content-Type": types[".js"] }).end(reload);
  const file = join(dist, pathname.endsWith("/") ? `${pathname}index.html` : pathname);
  const ours = asked.method === "GET" && file.startsWith(dist) && existsSync(file) && statSync(file).isFile();
  const content = ours && readFileSync(file);
  // The server's own headers, its policy above all, are those of the page in use; it does
  // not know the names of what was built after it.
  const real = request({ port: upstream, host: "127.0.0.1", method: asked.method, path: asked.url, headers: asked.headers }, (response) => {
    if (!ours) return void response.pipe(answer.writeHead(response.statusCode, response.headers));
    response.resume();
    const { "content-length": _, etag: __, "x-content-type-options": ___, ...headers } = response.headers;
    headers["cache-control"] = "no-store";
    if (types[extname(file)]) headers["content-type"] = types[extname(file)];
    answer.writeHead(200, headers);
    answer.end(file.endsWith(".html") ? content.toString().replace("</head>", `<script type="module" src="/dev/reload.js${version}"></script></head>`) : content);
  });
  real.on("error", () => answer.writeHead(502).end("the server does not answer"));
  asked.pipe(real);
});
front.on("upgrade", (asked, socket, head) => {
  const real = connect(upstream, "127.0.0.1", () => {
    real.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${pairs(asked.rawHeaders)}\r\n\r\n`);
    real.write(head);
    socket.pipe(real).pipe(socket);
  });
  for (const end of [socket, real]) end.on("error", () => [socket, real].forEach((each) => each.destroy()));
});
await built;
front.listen(port, "127.0.0.1");
await once(front, "listening");
console.log(`Pages that load themselves anew: ${origin}, ${origin}/wallet/`);

function pairs(raw) {
  return raw.flatMap((name, i) => (i % 2 ? [] : [`${name}: ${raw[i + 1]}`])).join("\r\n");
}
