// The real browser, and the site page as a person sees it.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import jsqr from "jsqr";
import { chromium } from "playwright-core";
import { patience } from "./program.mjs";

const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where Chromium is on this machine. */
export function executable() {
  const found = places.find((path) => path && existsSync(path));
  if (!found) throw new Error("Chromium is missing. Install it, on Debian with: sudo apt-get install chromium; or say where it is in CHROMIUM.");
  return found;
}

const flags = ["--disable-gpu", "--disable-dev-shm-usage"];

/** Starts a browser with a profile of its own. */
export async function launch(...more) {
  const browser = await chromium.launch({ executablePath: executable(), args: [...flags, ...more] });
  return browser;
}

/** A profile on disk, which a test opens, closes and opens again as a person does. It
 * stands where a browser may. */
export function profile(t) {
  const dir = mkdtempSync(join(tmpdir(), "liaison-e2e-"));
  const opened = [];
  t.after(async () => {
    for (const context of opened) await context.close();
    rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }); // a browser may still write
  });
  const newContext = async (options) => {
    opened.push(await chromium.launchPersistentContext(dir, { executablePath: executable(), args: flags, ...options }));
    return opened.at(-1);
  };
  return { newContext };
}

/** What a server may answer to a page that does right, and Chromium takes for an error:
 * that nobody is signed in, and that the link of a call is over, because the wallet
 * went right after the channel opened. */
const honest = [/status of 401 \(Unauthorized\) \S+\/v1\/session$/, /status of 410 \(Gone\) \S+\/v1\/(session|links\/[^/ ]+\/network)$/];

/** What must never happen on any page, collected while it is open: requests that
 * leave the origin, breaches of the content security policy, errors. */
export class Watch {
  foreign = [];
  breaches = [];
  errors = [];

  constructor(context, origin) {
    const host = new URL(origin).host;
    const look = (url) => {
      const to = new URL(url);
      if (/^(http|ws)s?:$/.test(to.protocol) && to.host !== host) this.foreign.push(url);
    };
    context.on("request", (request) => look(request.url()));
    context.on("page", (page) => page.on("websocket", (socket) => look(socket.url())));
    context.on("weberror", (error) => this.errors.push(String(error.error())));
    context.on("console", (message) => {
      // The server being gone is part of some tests, and Chromium tells of it.
      if (message.type() !== "error" || /net::ERR_|WebSocket connection to/.test(message.text())) return;
      const error = `${message.text()} ${message.location().url}`;
      if (!honest.some((answer) => answer.test(error))) this.errors.push(error);
    });
  }

  /** Fails if anything of it happened. */
  clean() {
    assert.deepEqual({ ...this }, { foreign: [], breaches: [], errors: [] });
  }

  async begin(context) {
    await context.exposeBinding("reportBreach", (_, what) => void this.breaches.push(what));
    await context.addInitScript(() => {
      addEventListener("securitypolicyviolation", (e) => globalThis.reportBreach(`${e.effectiveDirective}: ${e.blockedURI} ${e.sourceFile}`));
    });
  }
}

/** The site page in a window of its own. */
export class SitePage {
  constructor(page, context, watch) {
    this.page = page;
    this.context = context;
    this.watch = watch;
  }

  /** Opens the page at an origin, in a fresh context. */
  static async open(t, browser, origin, options = {}) {
    const context = await browser.newContext({ reducedMotion: "reduce", viewport: { width: 1200, height: 900 }, ...options });
    t.after(() => context.close());
    context.setDefaultTimeout(patience);
    const watch = new Watch(context, origin);
    await watch.begin(context);
    await context.addInitScript(noteArrows);
    await context.addInitScript(lookDeep);
    const site = new SitePage(await context.newPage(), context, watch);
    await site.page.goto(origin);
    return site;
  }

  /** An element by its test id. */
  part(name) {
    return this.page.getByTestId(name);
  }

  text(name) {
    return this.part(name).textContent();
  }

  /** Waits for a phase: starting, waiting, joined, code, linking, connected,
   * resuming, failed. */
  async phase(name) {
    try {
      await this.page.waitForFunction((want) => document.documentElement.dataset.phase === want, name);
    } catch {
      throw new Error(`the page is not ${name}: ${await this.sight()}`);
    }
  }

  /** Waits until an element's text fits, and returns the text. */
  async says(name, pattern) {
    try {
      await this.part(name).filter({ hasText: pattern }).waitFor({ state: "attached" });
    } catch {
      throw new Error(`${name} does not say ${pattern}: ${await this.sight()}`);
    }
    return this.text(name);
  }

  /** Does something that makes an element say a text for a moment, and sees it. */
  async flashes(name, text, work) {
    const seen = this.page.waitForFunction(([name, text]) => globalThis.deep(`[data-testid=${name}]`).textContent.trim() === text, [name, text]);
    await Promise.all([seen, work()]);
  }

  /** The link, once there is one that is not the given one. */
  async link(other = "") {
    await this.phase("waiting");
    await this.page.waitForFunction((old) => {
      const shown = globalThis.deep("[data-testid=link-text]").textContent;
      return shown && shown !== old;
    }, other);
    return this.text("link-text");
  }

  /** What has the focus, however deep, by its test id or id. */
  focused() {
    return this.page.evaluate(() => {
      let at = document.activeElement;
      while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
      return at.dataset.testid ?? at.id;
    });
  }

  /** All that stands in the document and in the shadow of the modal. */
  markup() {
    return this.page.evaluate(() => document.documentElement.outerHTML + (document.querySelector("liaison-connect")?.shadowRoot.innerHTML ?? ""));
  }

  /** Everything that would help to understand a failure. */
  sight() {
    return this.page.evaluate(() => {
      const root = document.documentElement.dataset;
      return JSON.stringify({ ...root, text: [globalThis.deep("#frame")?.innerText, document.body.innerText] });
    });
  }

  /** The arrows: number, state and the time shown, by number. On the page those
   * that were seen stand first, in the order in which they were. */
  async arrows() {
    const shown = await this.page.$$eval("[data-arrow]", (rows) =>
      rows.map((row) => ({ number: Number(row.dataset.arrow), state: row.dataset.state, when: row.querySelector(".when").textContent })));
    const done = shown.filter(({ state }) => state === "done").map(({ number }) => number);
    assert.deepEqual(done, shown.slice(0, done.length).map(({ number }) => number), "what was seen stands above what was not");
    return shown.toSorted((a, b) => a.number - b.number);
  }

  /** The numbers of the arrows in the order in which they became done. */
  seen() {
    return this.page.evaluate(() => globalThis.arrowsSeen);
  }

  async allArrows() {
    try {
      await this.page.waitForFunction(() => !document.querySelector("[data-arrow]:not([data-state=done])"));
    } catch {
      throw new Error(`arrows are missing: ${JSON.stringify(await this.arrows())}`);
    }
  }

  /** Types the short code, as a person does. */
  async typeCode(code) {
    await this.part("code-input").fill(code);
    await this.part("code-send").click();
  }

  /** Says something to the wallet, as a person does. */
  async say(text) {
    await this.part("message-input").fill(text);
    await this.part("message-send").click();
  }

  /** The texts of one side, waiting until there are so many. */
  async messages(from, count) {
    const rows = `[data-testid=messages] [data-from=${from}] .text`;
    try {
      await this.page.waitForFunction(([rows, count]) => document.querySelectorAll(rows).length >= count, [rows, count]);
    } catch {
      throw new Error(`${await this.page.locator(rows).count()} messages of ${from} came, want ${count}`);
    }
    return this.page.$$eval(rows, (all) => all.map((row) => row.textContent));
  }

  /** Reads the QR code off a picture of the screen. */
  async scan() {
    const { pixels, width, height } = await decode(this.context, await this.part("qr").screenshot());
    return jsqr(pixels, width, height)?.data;
  }
}

/** Runs in the page before its scripts: finds an element of the page, or of the
 * modal in it. */
function lookDeep() {
  globalThis.deep = (selector) => document.querySelector(selector) ?? document.querySelector("liaison-connect")?.shadowRoot.querySelector(selector);
}

/** Runs in the page before its scripts. */
function noteArrows() {
  globalThis.arrowsSeen = [];
  const note = ({ dataset }) => {
    const arrow = Number(dataset?.arrow);
    if (arrow && dataset.state === "done" && !globalThis.arrowsSeen.includes(arrow)) globalThis.arrowsSeen.push(arrow);
  };
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) [target, ...addedNodes].forEach(note);
  }).observe(document, { subtree: true, childList: true, attributeFilter: ["data-state"] });
}

/** Decodes a picture into its pixels, four bytes each: a browser can. */
export async function decode(context, png) {
  const blank = await context.newPage();
  const { width, height, pixels } = await blank.evaluate(readPixels, png.toString("base64"));
  await blank.close();
  return { width, height, pixels: Uint8ClampedArray.from(Buffer.from(pixels, "base64")) };
}

/** Runs in an empty page. */
async function readPixels(base64) {
  const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
  const canvas = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  canvas.drawImage(picture, 0, 0);
  const { data } = canvas.getImageData(0, 0, picture.width, picture.height);
  let text = "";
  for (let at = 0; at < data.length; at += 4096) text += String.fromCharCode(...data.subarray(at, at + 4096));
  return { width: picture.width, height: picture.height, pixels: btoa(text) };
}
