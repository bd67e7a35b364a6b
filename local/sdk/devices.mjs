// The devices on which an SDK runs: Node in native mode, and pages in Chromium. Both do the same things in the same words, so that one scenario serves
// all.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { perform } from "./step.mjs";

const { chromium } = createRequire(new URL("../browser/package.json", import.meta.url))("playwright-core");

/** How long anything may take that should take milliseconds: the machine may be busy. */
export const PATIENCE = Number(process.env.PATIENCE ?? 30_000);

/** What the tests run against: where the pages, the API and the mails are. */
export const world = (settings) => JSON.parse(process.env.WORLDS)[settings];
const KEY = process.env.KEY;

let browser;
export const openBrowser = async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
};
export const closeBrowser = () => browser?.close();

/** Waits until probe returns something, which it returns. */
export async function until(what, probe) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(100)) {
    const found = await probe();
    if (found) return found;
  }
  return assert.fail(`waited in vain: ${what}`);
}

/** The text of the only mail to the address, to which nobody wrote before the device arrived. */
async function mailTo({ at, arrived }, address) {
  return until(`a mail to ${address}`, async () => {
    const { emails } = await (await fetch(`${at.inbox}/store?since=${arrived}`)).json();
    const own = emails.filter(({ destination }) => destination.to.includes(address));
    assert.ok(own.length <= 1, `${own.length} mails to ${address}`);
    return own[0]?.body.text;
  });
}

export const mailedCode = async (...which) => /^\d{6}$/m.exec(await mailTo(...which))[0];
export const mailedLink = async (...which) => /^http:\S+\/v1\/verify\?token=\S+$/m.exec(await mailTo(...which))[0];

/** What the API refused: the errors as the SDK shows them. */
export class Refusal extends Error {
  constructor({ message, status, errors }) {
    super(`${message} ${JSON.stringify(errors)}`);
    Object.assign(this, { status, errors });
  }
}

/** What devices have in common. */
class Device {
  constructor(at, major, mode, name) {
    Object.assign(this, { at, major, mode, name, arrived: Math.floor(Date.now() / 1000), requests: [], complaints: [], refusals: [], expected: [] });
  }

  /** Has the SDK do step(clerk, argument), a function that uses nothing else; throws a Refusal where the SDK throws. */
  async run(step, argument) {
    const { value, refused } = await this.perform(step, argument);
    if (refused) throw new Refusal(refused);
    return value;
  }

  /** Has the SDK do what the API is to refuse with this status; returns the errors. */
  async refused(status, step, argument) {
    const { value, refused } = await this.perform(step, argument);
    assert.ok(refused, `it wasn't refused: ${JSON.stringify(value)}`);
    assert.equal(refused.status, status, refused.message);
    this.expected.push(status);
    return refused.errors;
  }

  /** The API's requests while something is done, as "METHOD path". */
  async requestsOf(action) {
    const before = this.requests.length;
    await action();
    return this.requests.slice(before);
  }

  /** Ends the visit: nothing was complained of, and the API refused exactly what it was meant to. */
  async leave() {
    await this.close();
    assert.deepEqual(this.complaints, []);
    // An SDK may be asking for a fresh token just when the session ends.
    const late = `POST /client/sessions/${this.ended}/tokens`;
    const refused = this.refusals.filter(({ request }) => request !== late);
    assert.deepEqual(refused.map(({ status }) => status).sort(), this.expected.sort(), `refused: ${JSON.stringify(refused)}`);
  }
}

/** An SDK in Node that keeps its client token as a phone app does. */
class NativeDevice extends Device {
  token = "";

  async arrive() {
    const { major, token } = this;
    const workerData = { major, token, key: KEY, api: this.at.api };
    this.asked = new Map();
    this.worker = new Worker(new URL("native.mjs", import.meta.url), { workerData });
    await new Promise((resolve, reject) => {
      this.worker.on("error", reject);
      this.worker.on("message", (message) => (message.ready ? resolve() : this.hear(message)));
    });
  }

  hear({ id, result, token, request, refusal, complaint }) {
    if (id) this.asked.get(id)(result);
    if (token) this.token = token;
    if (request) this.requests.push(request);
    if (refusal) this.refusals.push(refusal);
    if (complaint) this.complaints.push(complaint);
  }

  perform(step, argument) {
    const id = this.asked.size + 1;
    return new Promise((resolve) => {
      this.asked.set(id, resolve);
      this.worker.postMessage({ id, step: `${step}`, argument });
    });
  }

  /** Starts the app anew. */
  async restart() {
    await this.worker.terminate();
    await this.arrive();
  }

  /** The person opens a mailed link in the phone's browser and presses the button; returns where it leads. */
  async openLink(link) {
    const page = await (this.mailBrowser ??= await browser.newContext({ locale: "en-US" })).newPage();
    return landed(page, link);
  }

  redirectURL() {
    return `${this.at.app}/${this.major}/direct/landed`;
  }

  /** The claim azp of its tokens: there is no origin. */
  origin() {
    return undefined;
  }

  /** The status with which the API answers a POST that the SDK wouldn't make. */
  async call(path) {
    const { status } = await fetch(`${this.at.api}${path}?_is_native=1`, { method: "POST", headers: { authorization: this.token } });
    this.refusals.push({ status, request: path });
    return status;
  }

  async close() {
    await this.worker?.terminate();
    await this.mailBrowser?.close();
  }
}

/** An SDK in a page, in a browser profile of its own. */
class BrowserDevice extends Device {
  async arrive(path = "") {
    this.base = this.mode === "proxied" ? `${this.at.app}/__clerk` : this.at.api;
    this.context = await browser.newContext({ viewport: { width: 900, height: 800 }, locale: "en-US" });
    this.context.setDefaultTimeout(PATIENCE);
    this.context.on("page", (page) => this.watch(page));
    this.page = await this.context.newPage();
    await this.go(path);
  }

  /** Notes all requests to the API, and everything that a console shows as wrong. What the API refuses is noted apart. */
  watch(page) {
    const own = [this.at.app, this.at.api, "data:", "blob:"];
    page.on("pageerror", (error) => this.complaints.push(`exception: ${error.stack}`));
    page.on("request", (request) => {
      const url = request.url();
      if (url.startsWith(`${this.base}/v1/`)) this.requests.push(this.nameOf(request));
      else if (!own.some((prefix) => url.startsWith(prefix))) this.complaints.push(`foreign origin: ${url}`);
    });
    page.on("response", (response) => {
      if (response.status() < 400) return;
      if (response.url().startsWith(`${this.base}/v1/`)) this.refusals.push({ status: response.status(), request: this.nameOf(response.request()) });
      else this.complaints.push(`${response.status()} ${response.url()}`);
    });
    page.on("console", (message) => {
      const refusal = /the server responded with a status of/.test(message.text()) && message.location().url?.startsWith(this.base);
      if (["error", "warning"].includes(message.type()) && !refusal) this.complaints.push(`console: ${message.text()}`);
    });
  }

  /** A request to the API as "METHOD path". */
  nameOf(request) {
    const { pathname, searchParams } = new URL(request.url().slice(this.base.length), "http://x");
    return `${searchParams.get("_method") ?? request.method()} ${pathname.slice("/v1".length)}`;
  }

  async go(path) {
    await this.page.goto(`${this.home()}${path}`);
    await this.loaded();
  }

  async loaded(page = this.page) {
    await page.waitForFunction(() => window.Clerk?.loaded);
  }

  perform(step, argument) {
    return inPage(this.page, step, argument);
  }

  async restart() {
    await this.page.reload();
    await this.loaded();
  }

  /** The person opens a mailed link in another tab and presses the button; returns where it leads. */
  async openLink(link) {
    this.tab = await this.context.newPage();
    return landed(this.tab, link);
  }

  redirectURL() {
    return `${this.home()}landed`;
  }

  home() {
    return `${this.at.app}/${this.major}/${this.mode}/`;
  }

  origin() {
    return this.at.app;
  }

  /** Signs out, which leads to another page. */
  async signOut(page = this.page) {
    const redirectUrl = `${this.home()}?left`;
    await page.evaluate((url) => void Clerk.signOut({ redirectUrl: url }), redirectUrl);
    await page.waitForURL(redirectUrl);
    await this.loaded(page);
  }

  /** A second tab of the same browser, at the app's home. */
  async openTab() {
    this.tab = await this.context.newPage();
    await this.tab.goto(this.home());
  }

  /** As run, in the second tab. */
  async runInTab(step, argument) {
    await this.loaded(this.tab);
    const { value, refused } = await inPage(this.tab, step, argument);
    if (refused) throw new Refusal(refused);
    return value;
  }

  call(path) {
    return this.page.evaluate(async (url) => (await fetch(url, { method: "POST", credentials: "include" })).status, `${this.base}${path}`);
  }

  async close() {
    await this.context?.close();
  }

  /** Keeps a picture of each tab, named by what they show: of a failure, and of all for who wants to look. */
  async picture(scene) {
    if (scene !== "failed" && !process.env.LOOK) return;
    const name = `${this.name}-${scene}`;
    for (const [number, page] of this.context.pages().entries()) {
      await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}-${number}.png`, fullPage: true, animations: "disabled" });
    }
  }
}

/** perform in a page, whither only text goes. */
function inPage(page, step, argument) {
  return page.evaluate(([source, act, given]) => {
    const value = (text) => (0, eval)(`(${text})`);
    return value(act)(window.Clerk, value(source), given);
  }, [`${step}`, `${perform}`, argument]);
}

/** Opens a mailed link in the page, presses the button, and returns the URL that the app gets. */
async function landed(page, link) {
  page.setDefaultTimeout(PATIENCE);
  await page.goto(link);
  await page.getByRole("button").click();
  await page.waitForURL((url) => !url.pathname.endsWith("/v1/verify"));
  return page.url();
}

/** A device of that mode (native, direct or proxied) at the stack of those settings, yet to arrive. name is that of its pictures. */
export function device(name, settings, major, mode) {
  return new (mode === "native" ? NativeDevice : BrowserDevice)(world(settings), major, mode, name);
}
