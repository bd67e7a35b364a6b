// People click mailed links in Chromium: from a web mail on another site, through the page with the button, to an app on another port. browser_test.go starts
// the stack; the packages are those of the browser test beside it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const require = createRequire(new URL("../browser/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const { API_URL, INBOX_URL, SCREENSHOTS } = process.env;
const PATIENCE = 10_000;
let browser, app, webmail, people = 0;

/** A server of pages, by path; each page is HTML or a function that makes it from the request. */
function serve(host, pages) {
  const server = createServer((request, response) => {
    const page = pages[new URL(request.url, "http://x").pathname];
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(typeof page === "function" ? page(request) : page ?? "");
  });
  return new Promise((resolve) => server.listen(0, host, () => resolve({ server, url: `http://${host}:${server.address().port}` })));
}

before(async () => {
  app = await serve("localhost", {
    "/": "<!doctype html><title>App</title><h1>App</h1>",
    "/done": "<!doctype html><title>Done</title><h1>Welcome back</h1><pre></pre><script>document.querySelector('pre').textContent = location.href + '\\n' + document.referrer</script>",
  });
  const letter = (request) => {
    const link = new URL(request.url, "http://x").searchParams.get("link");
    const form = `<form id=f method=post action="${link}"></form><script>f.submit()</script>`;
    return `<!doctype html><title>Mail</title>${request.url.startsWith("/attack") ? form : `<a href="${link}">open</a><iframe src="${link}"></iframe>`}`;
  };
  webmail = await serve("127.0.0.1", { "/read": letter, "/attack": letter });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});

after(async () => {
  await browser?.close();
  app?.server.close();
  webmail?.server.close();
});

/** A person with a browser of their own. complaints are what a console shows as wrong. */
class Person {
  static async arrive(options = {}) {
    const person = new Person();
    person.address = `grace${process.pid}-${(people += 1)}@links.example`;
    person.context = await browser.newContext({ viewport: { width: 900, height: 700 }, locale: "en-US", ...options });
    person.context.setDefaultTimeout(PATIENCE);
    person.complaints = [];
    person.page = await person.tab();
    return person;
  }

  async tab() {
    const page = await this.context.newPage();
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && this.complaints.push(message.text()));
    page.on("pageerror", (error) => this.complaints.push(`${error}`));
    return page;
  }

  /** Calls the API as an SDK in the app's page does. */
  call(path, form) {
    return this.page.evaluate(async ([url, fields]) => {
      const answer = await fetch(url, { credentials: "include", method: fields ? "POST" : "GET", body: fields ? new URLSearchParams(fields) : undefined });
      return answer.json();
    }, [`${API_URL}${path}`, form]);
  }

  /** Begins a sign-up in the app, and reads the mail. */
  async begin(fields = { strategy: "email_link", redirect_url: `${app.url}/done?plan=pro#/verify` }) {
    await this.page.goto(`${app.url}/`);
    const { response } = await this.call("/v1/client/sign_ups", { email_address: this.address, ...fields });
    this.signUp = response.id;
    this.mail = await this.read();
    this.link = /^http:\S+\/v1\/verify\?token=\S+$/m.exec(this.mail.body.text)[0];
    return this.link;
  }

  async read() {
    for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(50)) {
      const { emails } = await (await fetch(`${INBOX_URL}/store`)).json();
      const own = emails.filter(({ destination }) => destination.to.includes(this.address));
      if (own.length > 0) return own.at(-1);
    }
    return assert.fail("no mail");
  }

  async status() {
    return (await this.call(`/v1/client/sign_ups/${this.signUp}`)).response.status;
  }

  async leave(complaints = []) {
    assert.deepEqual(this.complaints, complaints);
    await this.context.close();
  }
}

/** Opens a link as from a web mail: a click on another site's page. */
async function openFromMail(person, link) {
  const page = await person.tab();
  await page.goto(`${webmail.url}/read?link=${encodeURIComponent(link)}`);
  await page.getByRole("link", { name: "open" }).click();
  await page.getByRole("button").waitFor();
  person.complaints = person.complaints.filter((text) => !text.includes("frame-ancestors")); // the frame that the web mail tries
  return page;
}

/** Looks at a page wide and light, and as narrow and dark as it gets: axe finds nothing, nothing sticks out, and each look is a picture. */
async function look(page, name) {
  for (const [size, colorScheme] of [[{ width: 900, height: 700 }, "light"], [{ width: 320, height: 640 }, "dark"]]) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${SCREENSHOTS}/${name}-${size.width}-${colorScheme}.png`, fullPage: true });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), size.width, `${name}: the width`);
    const found = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ["violations", "incomplete"] })`);
    const said = [...found.violations, ...found.incomplete].flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
    assert.deepEqual(said, [], `${name}: axe at ${size.width} px and ${colorScheme}`);
  }
  await page.setViewportSize({ width: 900, height: 700 });
  await page.emulateMedia({ colorScheme: "light" });
}

describe("a mailed link", () => {
  test("from a web mail through the page to the app", async () => {
    const person = await Person.arrive();
    const page = await openFromMail(person, await person.begin());
    const requests = [];
    page.on("request", (request) => requests.push(`${request.method()} ${new URL(request.url()).origin}`));
    await look(page, "open");
    assert.equal(await person.status(), "missing_requirements");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Confirm email address");
    await page.keyboard.press("Enter");
    await page.waitForURL(`${app.url}/done**`);
    const [address, referrer] = (await page.locator("pre").textContent()).split("\n");
    const { searchParams, hash } = new URL(address);
    assert.equal(searchParams.get("__clerk_status"), "verified");
    assert.equal(searchParams.get("plan"), "pro");
    assert.equal(hash, "#/verify");
    assert.equal(referrer, "", "the app isn't told of the link");
    assert.deepEqual(requests.filter((request) => !request.endsWith(app.url)), [`POST ${API_URL}`]);
    await page.screenshot({ path: `${SCREENSHOTS}/landed.png` });
    const { response, client } = await person.call(`/v1/client/sign_ups/${person.signUp}`);
    assert.equal(response.status, "complete");
    assert.equal(client.last_active_session_id, searchParams.get("__clerk_created_session"));
    assert.equal(response.verifications.email_address.verified_at_client, client.id);
    await person.leave();
  });

  test("the button again, by way of Back", async () => {
    const person = await Person.arrive();
    const page = await openFromMail(person, await person.begin());
    await page.getByRole("button").click();
    await page.waitForURL(`${app.url}/done**`);
    await page.goBack();
    await page.getByRole("button").click();
    await page.waitForURL(`${app.url}/done**`);
    assert.equal(new URL(page.url()).searchParams.get("__clerk_status"), "verified");
    await person.leave();
  });

  test("on another device", async () => {
    const [person, phone] = [await Person.arrive(), await Person.arrive({ locale: "de-DE" })];
    const page = await openFromMail(phone, await person.begin());
    assert.equal(await page.getByRole("button").textContent(), "E-Mail-Adresse bestätigen");
    await look(page, "open-german");
    await page.getByRole("button").click();
    await page.waitForURL(`${app.url}/done**`);
    assert.equal(new URL(page.url()).searchParams.get("__clerk_status"), "client_mismatch");
    assert.equal(await person.status(), "missing_requirements");
    await phone.leave();
    await person.leave();
  });

  test("without a redirect URL ends on a page of ours", async () => {
    const [person, phone] = [await Person.arrive(), await Person.arrive()];
    const link = await person.begin({ strategy: "email_code" });
    const elsewhere = await openFromMail(phone, link);
    await elsewhere.getByRole("button").click();
    await elsewhere.getByRole("heading", { name: "This isn't where you began" }).waitFor();
    const code = /^\d{6}$/m.exec(person.mail.body.text)[0];
    assert.ok(await elsewhere.getByText(code, { exact: true }).isVisible(), "the code, to be entered where the sign-up began");
    await look(elsewhere, "mismatch");
    assert.equal(await person.status(), "missing_requirements");
    const page = await openFromMail(person, link);
    await page.getByRole("button").click();
    await page.getByRole("heading", { name: "Your email address is confirmed" }).waitFor();
    await look(page, "verified");
    assert.equal(await person.status(), "complete");
    await phone.leave(["Failed to load resource: the server responded with a status of 400 (Bad Request)"]);
    await person.leave();
  });

  test("in a foreign page's form verifies nothing, even in the browser that began", async () => {
    const person = await Person.arrive();
    const link = await person.begin();
    const page = await person.tab();
    await page.goto(`${webmail.url}/attack?link=${encodeURIComponent(link)}`);
    await page.waitForURL(`${app.url}/done**`);
    assert.equal(new URL(page.url()).searchParams.get("__clerk_status"), "client_mismatch");
    assert.equal(await person.status(), "missing_requirements");
    await person.leave();
  });

  test("isn't shown in a frame", async () => {
    const person = await Person.arrive();
    const link = await person.begin();
    const page = await person.tab();
    await page.goto(`${webmail.url}/read?link=${encodeURIComponent(link)}`);
    await page.waitForFunction(() => document.readyState === "complete");
    assert.equal(await page.frames()[1].getByRole("button").count(), 0);
    assert.ok(person.complaints.some((text) => text.includes("frame-ancestors")), person.complaints.join());
    await person.context.close();
  });

  test("to an app's own scheme isn't held up by the page's policy", async () => {
    const person = await Person.arrive();
    const challenge = { code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256" };
    const page = await openFromMail(person, await person.begin({ strategy: "email_link", redirect_url: "pies://callback", ...challenge }));
    const answered = page.waitForResponse((response) => response.request().method() === "POST");
    await page.getByRole("button").click();
    const location = new URL(await (await answered).headerValue("location"));
    assert.equal(location.protocol, "pies:");
    assert.equal(location.searchParams.get("flow_id"), person.signUp);
    await sleep(500);
    assert.deepEqual(person.complaints.filter((text) => /form-action|Content Security/i.test(text)), []);
    await person.context.close();
  });

  test("stands in the mail for the eye and loads nothing", async () => {
    const person = await Person.arrive();
    const link = await person.begin();
    const page = await person.tab();
    const requests = [];
    page.on("request", (request) => requests.push(request.url()));
    await page.setContent(person.mail.body.html);
    for (const [size, colorScheme] of [[{ width: 700, height: 800 }, "light"], [{ width: 360, height: 800 }, "dark"]]) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${SCREENSHOTS}/mail-${size.width}-${colorScheme}.png`, fullPage: true });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), size.width, "the mail's width");
    }
    assert.ok(await page.getByText(link).isVisible());
    assert.equal(await page.getByRole("link", { name: "Confirm email address" }).getAttribute("href"), link);
    assert.deepEqual(requests, []);
    await person.leave();
  });
});
