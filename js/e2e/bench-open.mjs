// Measures how long a person waits between the yes at the wallet and the open
// channel, with Chromium as the website: once with the real program, once with
// the bare library beside it: N=40 npm run bench
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { launch, SitePage } from "./browser.mjs";
import { built, Server, Wallet } from "./program.mjs";

const rounds = Number(process.env.N ?? 40);
const here = dirname(fileURLToPath(import.meta.url));
const ending = [];
const t = { after: (work) => ending.push(work) }; // stands in for a test
const now = () => performance.timeOrigin + performance.now();

/** Notes in the page when each channel opened. */
function noteOpen() {
  const create = RTCPeerConnection.prototype.createDataChannel;
  RTCPeerConnection.prototype.createDataChannel = function (...args) {
    const channel = create.apply(this, args);
    channel.addEventListener("open", () => (globalThis.openedAt = performance.timeOrigin + performance.now()));
    return channel;
  };
}

/** From the yes at the wallet to the channel that is open on both sides. */
async function whole(browser) {
  const server = await Server.start(t);
  const site = await SitePage.open(t, browser, server.origin);
  await site.context.addInitScript(noteOpen);
  const times = [];
  for (let n = 0; n < rounds; n++) {
    await site.page.goto(server.origin);
    const link = await site.link();
    await site.page.waitForFunction(() => document.querySelector("[data-arrow='4'][data-state=done]"));
    const wallet = new Wallet(t, link, { yes: false });
    await wallet.event("request");
    const consent = now();
    wallet.type("y");
    const { at } = await wallet.event("open");
    await site.phase("connected");
    times.push(Math.max(at, await site.page.evaluate(() => globalThis.openedAt)) - consent);
    await site.part("disconnect").click();
    await wallet.gone();
  }
  await site.context.close();
  return times;
}

/** From the offer, whose candidates are known already, to the open channel. */
async function bare(browser, flags, how = answered) {
  const binary = join(built.dir, "barepeer");
  execFileSync("go", ["build", "-o", binary, "./testdata/barepeer"], { cwd: here, stdio: "inherit" });
  const peer = spawn(binary, flags, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => peer.kill());
  const [origin] = await once(createInterface({ input: peer.stdout }), "line");
  const page = await browser.newPage();
  const times = [];
  for (let n = 0; n < rounds; n++) {
    await page.goto(origin);
    times.push(await page.evaluate(how));
  }
  await page.close();
  peer.kill();
  return times;
}

/** Runs in the page, which offers. */
async function answered() {
  const pc = new RTCPeerConnection();
  const channel = pc.createDataChannel("bare");
  const kept = [];
  const gathered = new Promise((resolve) => (pc.onicecandidate = ({ candidate }) => (candidate ? kept.push(candidate) : resolve())));
  await pc.setLocalDescription();
  await gathered;
  const sdp = pc.localDescription.sdp.replace(/a=(candidate:|end-of-candidates).*\r\n/g, "");
  const begin = performance.now();
  const opened = new Promise((resolve) => (channel.onopen = () => resolve(performance.now() - begin)));
  const response = await fetch("/offer", { method: "POST", body: JSON.stringify({ sdp }) });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let first = true; ; ) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines.map((text) => JSON.parse(text))) {
      if (line.sdp) await pc.setRemoteDescription({ type: "answer", sdp: line.sdp });
      else void pc.addIceCandidate(line.candidate);
      if (!first) continue;
      first = false;
      for (const candidate of kept) void fetch("/candidate", { method: "POST", body: JSON.stringify(candidate) });
    }
  }
  return opened;
}

/** Runs in the page, which answers. */
async function offered() {
  const pc = new RTCPeerConnection();
  const opened = new Promise((resolve) => (pc.ondatachannel = ({ channel }) => (channel.readyState === "open" ? resolve() : (channel.onopen = resolve))));
  const post = (path, body) => fetch(path, { method: "POST", body: JSON.stringify(body) });
  const reader = (await post("/begin")).body.pipeThrough(new TextDecoderStream()).getReader();
  let begin;
  let rest = "";
  let described = Promise.resolve();
  pc.onicecandidate = ({ candidate }) => candidate && described.then(() => post("/candidate", candidate));
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines.map((text) => JSON.parse(text))) {
      if (line.candidate) {
        void pc.addIceCandidate(line.candidate);
        continue;
      }
      begin = performance.now();
      await pc.setRemoteDescription({ type: "offer", sdp: line.sdp });
      const answer = await pc.createAnswer();
      described = post("/answer", { sdp: answer.sdp });
      void pc.setLocalDescription(answer);
    }
  }
  await opened;
  return performance.now() - begin;
}

function report(name, times) {
  times.sort((a, b) => a - b);
  const at = (q) => times[Math.min(times.length - 1, Math.floor(q * times.length))].toFixed(0).padStart(5);
  const slow = times.filter((ms) => ms > 150).length;
  console.log(`${name.padEnd(38)} ${at(0)} ${at(0.25)} ${at(0.5)} ${at(0.75)} ${at(0.95)} ${at(1)}   ${slow} of ${times.length} over 150 ms`);
}

const browser = await launch();
try {
  console.log(`${"milliseconds".padEnd(38)}   min   25%   50%   75%   95%   max`);
  report("Chromium offers, bare library answers", await bare(browser, []));
  report("the same, no wait for peer-reflexive", await bare(browser, ["-tuned"]));
  report("bare library offers, Chromium answers", await bare(browser, [], offered));
  report("the same, no wait for peer-reflexive", await bare(browser, ["-tuned"], offered));
  report("page and wallet, from the yes", await whole(browser));
} finally {
  for (const work of ending.reverse()) await work();
  await browser.close();
}
