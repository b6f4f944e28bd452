// Bundles a script and serves it to a page of its own, with its chunks apart, as
// a site would that uses the SDK.
import { once } from "node:events";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

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
