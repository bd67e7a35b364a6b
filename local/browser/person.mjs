// What a person does with the try-it page, and what the test watches meanwhile.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** How long anything may take that should take milliseconds: the machine may be busy. */
export const PATIENCE = 30_000;

/** A person at the page with a keyboard and eyes, in a browser profile of their own. */
export class Person {
  /** @param {{apiURL: string, inboxURL: string, screenshots: string}} world */
  static async arrive(browser, name, world) {
    const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, locale: "en-US" });
    context.setDefaultTimeout(PATIENCE);
    const person = new Person(name, world);
    person.context = context;
    person.page = await context.newPage();
    person.watch();
    await person.page.goto(`${world.apiURL}/`);
    await person.loaded();
    return person;
  }

  constructor(name, world) {
    Object.assign(this, world, { name, complaints: [], refusals: [] });
  }

  /** Notes everything that a console shows as wrong, and every request that leaves the API's origin. A refusal of the API is noted apart. */
  watch() {
    const { page } = this;
    page.on("pageerror", (error) => this.complaints.push(`exception: ${error}`));
    page.on("requestfailed", (request) => this.complaints.push(`failed: ${request.url()}`));
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== this.apiURL) this.complaints.push(`foreign origin: ${request.url()}`);
    });
    page.on("console", (message) => {
      const status = /the server responded with a status of (\d+)/.exec(message.text())?.[1];
      const path = message.location().url?.slice(this.apiURL.length) ?? "";
      if (status && path.startsWith("/v1/")) this.refusals.push(Number(status));
      else if (message.type() !== "log") this.complaints.push(`console: ${message.text()}`);
    });
  }

  /** Ends the visit: nothing may have been complained of, and the API must have refused exactly what the test meant it to. */
  async leave(refusals) {
    assert.deepEqual(this.complaints, []);
    assert.deepEqual(this.refusals, refusals, "the statuses of refused requests");
    await this.context.close();
  }

  async loaded() {
    await this.page.locator("#state").waitFor();
  }

  async reload() {
    await this.page.reload();
    await this.loaded();
  }

  /** Waits until the page has the answer to what was done. */
  async answered() {
    await this.page.locator("#work:not([aria-busy=true])").waitFor();
  }

  /** Goes to a control with the Tab key alone. */
  async tabTo(control) {
    await control.waitFor();
    for (let presses = 0; presses < 60; presses++) {
      if (await control.evaluate((element) => element === document.activeElement)) return;
      await this.page.keyboard.press("Tab");
    }
    assert.fail(`the Tab key doesn't lead to ${control}`);
  }

  /** Types into the field of that label, over what is in it. */
  async type(label, text) {
    await this.tabTo(this.page.getByLabel(label, { exact: true }));
    await this.page.keyboard.press("ControlOrMeta+A");
    await this.page.keyboard.type(text);
  }

  /** Ticks the box of that label. */
  async tick(label) {
    await this.tabTo(this.page.getByLabel(label));
    await this.page.keyboard.press("Space");
  }

  /** Presses the button of that name, and waits for what comes of it. */
  async press(name) {
    await this.tabTo(this.page.getByRole("button", { name, exact: true }));
    await this.enter();
  }

  /** Presses Enter, and waits for what comes of it. */
  async enter() {
    await this.page.keyboard.press("Enter");
    await this.answered();
  }

  /** Opens or closes a disclosure. */
  async unfold(summary) {
    await this.tabTo(this.page.locator("summary", { hasText: summary }).first());
    await this.page.keyboard.press("Enter");
  }

  /** The code in the newest of the address's mails, of which there must be so many. */
  async codeFor(address, mails = 1) {
    for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(50)) {
      const { emails } = await (await fetch(`${this.inboxURL}/store`)).json();
      const own = emails.filter(({ destination }) => destination.to.includes(address));
      if (own.length === mails) return /\b\d{6}\b/.exec(own.at(-1).body.text)[0];
      assert.ok(own.length < mails, `${own.length} mails to ${address}, not ${mails}`);
    }
    assert.fail(`no mail number ${mails} to ${address}`);
  }

  async says(text) {
    assert.equal(await this.page.locator("#status").textContent(), text);
  }

  async isAt(control) {
    assert.ok(await control.evaluate((element) => element === document.activeElement), `the focus isn't on ${control}`);
  }

  /** The field of that label is marked as wrong, its text says why, and the person is there. */
  async isRefused(label, message) {
    const input = this.page.getByLabel(label, { exact: true });
    assert.equal(await input.getAttribute("aria-invalid"), "true");
    const described = await input.evaluate((element) =>
      element.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id).textContent));
    assert.equal(described.at(-1), message);
    assert.equal(await this.page.locator(".error", { hasText: message }).isVisible(), true);
    await this.isAt(input);
  }

  /** The list of facts beside a term in the sign-up's panel. */
  fact(term) {
    return this.page.locator("#state-facts div", { has: this.page.locator("dt", { hasText: term }) }).locator("dd");
  }

  /** Looks at the page wide and light, and as narrow and dark as it gets: axe finds nothing, nothing sticks out, and each look is a picture. */
  async look(scene) {
    const usual = this.page.viewportSize();
    for (const [size, colorScheme] of [[usual, "light"], [{ width: 320, height: 640 }, "dark"]]) {
      await this.page.setViewportSize(size);
      await this.page.emulateMedia({ colorScheme });
      await this.picture(`${scene}-${size.width}-${colorScheme}`);
      assert.equal(await this.page.evaluate(() => document.documentElement.scrollWidth), size.width, `${scene}: the width`);
      assert.deepEqual(await this.violations(), [], `${scene}: axe, ${size.width} px and ${colorScheme}`);
    }
    await this.page.setViewportSize(usual);
    await this.page.emulateMedia({ colorScheme: "light" });
  }

  async picture(name) {
    await this.page.screenshot({ path: `${this.screenshots}/${this.name}-${name}.png`, fullPage: true, animations: "disabled" });
  }

  /** What axe is sure or in doubt of. */
  async violations() {
    if (!(await this.page.evaluate(() => "axe" in window))) await this.page.evaluate(axe);
    const found = await this.page.evaluate(() => window.axe.run(document, { resultTypes: ["violations", "incomplete"] }));
    return [...found.violations, ...found.incomplete].flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
  }
}
