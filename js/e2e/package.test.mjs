// The package as whoever installs it gets it: packed, installed into an empty folder
// without any registry, and used from Node, by TypeScript, by a bundler, and by a
// browser alone. What its README shows is compiled, and most of it run.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { launch, SitePage, Watch } from "./browser.mjs";
import { Host } from "./bundle.mjs";
import { bundle, closure } from "../sdk/bundle.mjs";
import { entries as sources } from "../sdk/entries.mjs";
import { base58 } from "./pages/base58.js";
import { patience, Server, Wallet } from "./program.mjs";

const js = join(dirname(fileURLToPath(import.meta.url)), "..");
const sdk = join(js, "sdk");
const entries = [...sources.keys()].map((name) => name.replace(".", "@liaison/client"));

let folder;
let installed;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "liaison-package-"));
  installed = join(folder, "node_modules/@liaison/client");
  // Packing builds, as it does for a release.
  const packed = npm(sdk, "pack", "--json", "--ignore-scripts=false", "--foreground-scripts=false", "--pack-destination", folder);
  const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  assert.ok(archive, packed);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
  npm(folder, "install", "--no-save", `./${archive}`);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs npm where no registry answers. */
function npm(cwd, ...args) {
  const own = ["--offline", "--registry", "http://127.0.0.1:9", "--no-audit", "--no-fund", "--no-update-notifier", "--cache", join(folder, ".npm")];
  return execFileSync("npm", [...args, ...own], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

/** What is installed beside the package from here on: the application's own. */
function install(...names) {
  for (const name of names) {
    const target = join(folder, "node_modules", name);
    mkdirSync(dirname(target), { recursive: true });
    if (!existsSync(target)) symlinkSync(join(js, "node_modules", name), target, "dir");
  }
}

function node(source) {
  writeFileSync(join(folder, "main.mjs"), source);
  return JSON.parse(execFileSync(process.execPath, ["main.mjs"], { cwd: folder, encoding: "utf8" }));
}

test("it holds what it says, needs nothing, and names its licences", () => {
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  assert.deepEqual([manifest.dependencies, manifest.optionalDependencies, manifest.peerDependenciesMeta], [undefined, undefined, { react: { optional: true } }]);
  assert.deepEqual(readdirSync(join(folder, "node_modules/@liaison")), ["client"]);
  assert.deepEqual(readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith(".")), ["@liaison"], "nothing else was installed");
  assert.deepEqual(readdirSync(installed).sort(), ["README.md", "dist", "package.json"]);
  for (const [name, target] of Object.entries(manifest.exports)) {
    if (typeof target === "string") continue;
    assert.equal(Object.keys(target)[0], "types", `${name}: who looks for types takes the first that fits`);
    for (const path of Object.values(target)) assert.ok(existsSync(join(installed, path)), path);
  }
  assert.match(readFileSync(join(installed, "dist/react.js"), "utf8"), /^"use client";/, "a component of the server would import a hook");
  const licences = readFileSync(join(installed, "dist/licenses.txt"), "utf8");
  for (const name of ["@noble/curves", "@noble/hashes", "uqr"]) assert.match(licences, new RegExp(`^${name}\n\n.*MIT`, "m"));
  for (const name of readdirSync(join(installed, "dist")).filter((name) => name.endsWith(".js"))) {
    const text = readFileSync(join(installed, "dist", name), "utf8");
    for (const [, of] of text.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)\//g)) assert.ok(licences.includes(`${of}\n\n`), `${name} holds ${of}, whose licence is missing`);
    assert.ok(!text.includes(js) && !readFileSync(join(installed, "dist", `${name}.map`), "utf8").includes(js), `${name} names a folder of this machine`);
  }
});

test("Node imports each entry; the one for React needs React and no other does", () => {
  const found = node(`
    const found = {};
    for (const name of ${JSON.stringify(entries)}) found[name] = await import(name).then(Object.keys, ({ code }) => code);
    console.log(JSON.stringify(found));
  `);
  assert.equal(found["@liaison/client/react"], "ERR_MODULE_NOT_FOUND");
  assert.deepEqual(found["@liaison/client"], ["LinkError", "arrows", "connectSite", "forgetSite", "localities", "parseAccount", "resumeSite", "shortAddress"]);
  for (const name of ["connectWallet", "readLink", "resumeWallet", "listPairings", "forgetPairing", "parseLink"]) assert.ok(found["@liaison/client/wallet"].includes(name), name);
  for (const name of ["registerPasskey", "signInWithPasskey"]) assert.ok(found["@liaison/client/passkeys"].includes(name), name);
  assert.deepEqual(found["@liaison/client/modal"], ["LiaisonConnect"]);
  install("react");
  assert.deepEqual(node('console.log(JSON.stringify(Object.keys(await import("@liaison/client/react"))))'), ["useLiaison"]);
  // One class, whichever entry an error comes from, and no browser needed to get one.
  assert.deepEqual(node(`
    import { connectSite, LinkError } from "@liaison/client";
    import { readLink } from "@liaison/client/wallet";
    const codes = await Promise.all([connectSite(), readLink("nonsense")].map((call) => call.catch((e) => e instanceof LinkError && e.code)));
    console.log(JSON.stringify(codes));
  `), ["no_route", "invalid_link"]);
});

const examples = [...readFileSync(join(sdk, "README.md"), "utf8").matchAll(/^```(tsx?)\n(.*?)^```$/gms)].map(([, kind, text]) => ({ kind, text }));

// What an application has of its own in the examples.
const application = `
declare function showQRCode(text: string): void;
declare function hideQRCode(): void;
declare function askPerson(question?: string, options?: { signal?: AbortSignal }): Promise<string>;
declare function agree(question: string, options: { signal: AbortSignal }): Promise<boolean>;
declare function show(text: string): void;
declare const scanned: string;
declare const key: CryptoKey;
declare function QRCode(props: { text: string }): import("react").ReactElement;
`;

test("types hold for both ways to resolve a module, and every example of the README with them", () => {
  install("react", "@types/react", "csstype");
  assert.ok(examples.length >= 5, `${examples.length} examples`);
  const uses = entries.map((name, at) => `import * as entry${at} from ${JSON.stringify(name)};`).join("\n");
  writeFileSync(join(folder, "uses.ts"), `${uses}\nconst link: entry0.SiteLink = await entry0.connectSite();\nexport const account: string = await link.account();\nexport { ${entries.map((_, at) => `entry${at}`).join(", ")} };\n`);
  writeFileSync(join(folder, "application.d.ts"), application);
  const names = examples.map(({ kind, text }, at) => {
    writeFileSync(join(folder, `example${at}.${kind}`), `${text}\nexport {};\n`);
    return `example${at}.${kind}`;
  });
  const strict = { strict: true, noEmit: true, target: "es2022", lib: ["es2022", "dom", "dom.iterable"], jsx: "react-jsx", types: [], exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false };
  const ways = { node: { module: "nodenext", moduleResolution: "nodenext" }, bundler: { module: "esnext", moduleResolution: "bundler" } };
  for (const [way, options] of Object.entries(ways)) {
    const config = join(folder, `tsconfig.${way}.json`);
    writeFileSync(config, JSON.stringify({ compilerOptions: { ...strict, ...options }, files: ["application.d.ts", "uses.ts", ...names] }));
    try {
      execFileSync(process.execPath, [join(js, "node_modules/typescript/bin/tsc"), "-p", config], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    } catch ({ stdout }) {
      assert.fail(`${way}: ${stdout}`);
    }
  }
});

/** What a page loads at first that bundles a source. */
async function loaded(source) {
  const { outputs, contents } = await bundle({ absWorkingDir: folder, stdin: { contents: source, resolveDir: folder }, logLevel: "silent" });
  const entry = Object.keys(outputs).find((path) => outputs[path].entryPoint);
  return [...closure(outputs, entry)].map((path) => contents.get(path)).join("");
}

test("a bundler keeps what is used", async () => {
  for (const name of entries.filter((name) => !name.endsWith("/modal"))) assert.equal((await loaded(`import ${JSON.stringify(name)};`)).length, 0, `nothing of ${name} is used, and something stays`);
  assert.ok((await loaded('import "@liaison/client/modal";')).includes('"liaison-connect"'), "to import the modal defines the element");
  const small = await loaded('import { shortAddress } from "@liaison/client"; console.log(shortAddress("x"));');
  // What is loaded later shares the table of errors, which therefore stays.
  assert.ok(small.length < 10_000, `${small.length} bytes for one small function`);
  const site = await loaded('import { connectSite } from "@liaison/client"; console.log(connectSite);');
  assert.ok(site.includes("/v1/challenge") && site.length > 30_000);
  assert.ok(!site.includes("secp256k1"), "what verifies proofs is loaded before it is needed");
  const hook = await loaded('import { useLiaison } from "@liaison/client/react"; console.log(useLiaison);');
  assert.match(hook.match(/import[^;]*from"react"/)?.[0] ?? "", /useSyncExternalStore/);
});

/** A site of a few files that has the server mounted below /v1, with nothing between
 * its files and the browser. */
async function site(t, files) {
  const get = (pathname) => {
    const path = join(folder, "node_modules", pathname);
    return files[pathname] ?? (pathname.startsWith("/@liaison/") && existsSync(path) ? readFileSync(path) : undefined);
  };
  const host = await Host.start(t, { get }, ""); // scripts in the page, as the README has them
  host.port = (await Server.start(t, { origin: host.origin })).port;
  return host.origin;
}

/** The example of the README that has something in it. */
function example(part) {
  const found = examples.find(({ text }) => text.includes(part));
  assert.ok(found, `no example has ${part}`);
  return found.text;
}

const typed = async (text) => (await transform(text, { loader: "ts" })).code;

// What an application has of its own, as far as it is the same for all examples.
const own = `
  const put = (id) => (text) => (document.getElementById(id).textContent = text);
  globalThis.showQRCode = put("link");
  globalThis.hideQRCode = () => put("link")("");
  globalThis.show = put("heard");
  globalThis.asked = [];
  globalThis.agree = async (question) => asked.push(question) > 0; // yes`;

/** Serves a page which runs a script, with the package's files as they are. */
function page(script, { body = "", more = "" } = {}) {
  const imports = Object.fromEntries(entries.map((name) => [name, `/@liaison/client/dist/${name.split("/")[2] ?? "index"}.js`]));
  return {
    "/": `<!doctype html><title>Shop</title><link rel="icon" href="data:,"><script type="importmap">${JSON.stringify({ imports })}</script>
      <p id="link"></p><p id="heard"></p><div id="app"></div>${body}<script src="/own.js"></script><script type="module" src="/app.js"></script>`,
    "/own.js": `${own}${more}`,
    "/app.js": script,
  };
}

/** Opens a page in a browser of its own. */
async function visit(t, origin) {
  const browser = await launch();
  t.after(() => browser.close());
  const context = await browser.newContext();
  context.setDefaultTimeout(patience);
  const watch = new Watch(context, origin);
  const page = await context.newPage();
  await page.goto(origin);
  return { page, watch };
}

/** The link that a page shows. */
async function shown(page, origin) {
  await page.waitForFunction(() => document.getElementById("link").textContent);
  const link = await page.textContent("#link");
  assert.ok(link.startsWith(`liquid://${new URL(origin).host}/?requestId=`), link);
  return link;
}

const hears = (page, text) => page.waitForFunction((text) => document.getElementById("heard").textContent === text, text);

test("a browser runs the README's first example", async (t) => {
  const origin = await site(t, page(await typed(examples[0].text)));
  const { page: shop, watch } = await visit(t, origin);
  const wallet = new Wallet(t, await shown(shop, origin));
  assert.deepEqual(await wallet.messages(1), ["hello"]);
  assert.equal(await shop.textContent("#link"), "", "the code is still on display");
  wallet.type("welcome");
  await hears(shop, "welcome");

  await shop.reload();
  assert.deepEqual(await wallet.messages(2), ["hello", "hello"], "the page that is loaded anew meets the wallet again");
  watch.clean();
});

test("a browser runs the README's wallet, and has it meet the site again", async (t) => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const address = `z${base58(Uint8Array.of(0xed, 1, ...Buffer.from(publicKey.export({ format: "jwk" }).x, "base64url")))}`;
  const server = await Server.start(t, { flags: ["--chain", "did:key"] });
  const browser = await launch();
  t.after(() => browser.close());
  const asks = await SitePage.open(t, browser, server.origin);
  const text = example("connectWallet({");
  const [whose] = /z6Mk\w+/.exec(text);
  const own = `
    const pkcs8 = Uint8Array.from(atob("${privateKey.export({ format: "der", type: "pkcs8" }).toString("base64")}"), (c) => c.charCodeAt(0));
    globalThis.scanned = ${JSON.stringify(await asks.link())};`;
  const keyed = `globalThis.key = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);\n`;
  const files = page('import "/key.js"; import "/wallet.js";', { more: own });
  const origin = await site(t, { ...files, "/key.js": keyed, "/wallet.js": (await typed(text)).replace(whose, address), "/again.html": files["/"].replace("/app.js", "/again.js"), "/again.js": await typed(example("listPairings()")) });
  const { page: wallet } = await visit(t, origin);
  assert.deepEqual(await asks.messages("wallet", 1), ["hello"]);
  assert.match((await wallet.evaluate(() => asked)).join(), new RegExp(`^${server.origin}\n${new URL(server.origin).host} wants you to sign in .*\n${address}\n`));
  await asks.say("welcome");
  await hears(wallet, "welcome");
  await wallet.goto(`${origin}/again.html`);
  assert.deepEqual(await asks.messages("wallet", 2), ["hello", "here again"]);
});

test("a browser runs the README's tabs", async (t) => {
  const origin = await site(t, page(await typed(example("shareSite({"))));
  const { page: shop, watch } = await visit(t, origin);
  const wallet = new Wallet(t, await shown(shop, origin));
  const [, request] = await wallet.messages(2);
  const { jsonrpc, id, method, params } = JSON.parse(request);
  assert.deepEqual([jsonrpc, method, params], ["2.0", "echo", [1]]);
  const answered = shop.waitForEvent("console", (message) => message.text() === "[1]");
  wallet.type(JSON.stringify({ jsonrpc, id, result: params }));
  await answered;
  assert.equal(await shop.textContent("#link"), "");
  watch.clean();
});

test("a browser runs what the README asks a wallet for", async (t) => {
  const files = page(`globalThis.connected = await import("/asks.js");`);
  const text = example("new Asker()").replace("wallet.use(link);", "showQRCode(link.uri); wallet.use(link);"); // which the first example has shown
  const origin = await site(t, { ...files, "/asks.js": await typed(text) });
  const { page: shop, watch } = await visit(t, origin);
  const wallet = new Wallet(t, await shown(shop, origin));
  const [request] = await wallet.messages(1);
  const { jsonrpc, id, params } = JSON.parse(request);
  wallet.type(JSON.stringify({ jsonrpc, id, result: `hello, ${params.name}` }));
  await hears(shop, "hello, Ada");
  watch.clean();
});

test("a browser runs the README's component", async (t) => {
  install("react", "react-dom", "scheduler");
  const contents = `
    import { createRoot } from "react-dom/client";
    ${example("useLiaison(")}
    globalThis.QRCode = ({ text }) => <code id="shown">{text}</code>;
    createRoot(document.getElementById("app")).render(<Wallet />);`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder, loader: "tsx" }, bundle: true, write: false, format: "esm", jsx: "automatic", define: { "process.env.NODE_ENV": '"production"' }, tsconfigRaw: {}, logLevel: "warning",
  });
  const origin = await site(t, page(outputFiles[0].text));
  const { page: shop, watch } = await visit(t, origin);
  await shop.getByRole("button", { name: "Connect a wallet" }).click();
  const wallet = new Wallet(t, await shop.locator("#shown").textContent());
  await shop.getByRole("button", { name: "Greet" }).click();
  assert.deepEqual(await wallet.messages(1), ["hello"]);
  wallet.type("welcome");
  await hears(shop, "welcome");
  await shop.getByRole("button", { name: "Leave" }).click();
  await shop.getByRole("button", { name: "Connect a wallet" }).waitFor();
  assert.equal(await wallet.gone(), 0);
  watch.clean();
});

test("a browser shows the README's tag", async (t) => {
  const [, tag] = /^```html\n(.*?)^```$/ms.exec(readFileSync(join(sdk, "README.md"), "utf8"));
  const origin = await site(t, { ...page("", { body: tag }), "/modal.js": 'import "@liaison/client/modal";' });
  const { page: shop, watch } = await visit(t, origin);
  await shop.locator("liaison-connect").getByRole("button").first().click();
  const wallet = new Wallet(t, await shop.getByTestId("link-text").filter({ hasText: "#" }).textContent());
  const { shortCode } = await wallet.event("code");
  await shop.getByTestId("code-input").fill(shortCode);
  await shop.getByTestId("code-send").click();
  await wallet.event("open");
  watch.clean();
});
