// Drives the try-it page in Chromium as a person with a keyboard does, against a running stack. browser_test.go starts both.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { Person } from "./person.mjs";

const world = { apiURL: process.env.API_URL, inboxURL: process.env.INBOX_URL, screenshots: process.env.SCREENSHOTS };
const PASSWORD = "wet paint, seven bicycles";
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
});

after(() => browser?.close());

/** A test with a person of its own. refusals are the statuses that the API is meant to refuse with, in order. */
function scene(name, refusals, play) {
  test(name, async () => {
    const person = await Person.arrive(browser, name.replaceAll(" ", "-"), world);
    try {
      await play(person);
      await person.leave(refusals);
    } catch (error) {
      await person.picture("failed");
      await person.context.close();
      throw error;
    }
  });
}

/** An address of which a stack has never heard, even one that has seen this test before. */
const addressOf = (name) => `${name}.${process.pid}.${Date.now()}@example.test`;

/** A code that isn't this one. */
const wrong = (code) => code.replace(/^./, (digit) => `${(Number(digit) + 1) % 10}`);

describe("the try-it page", { concurrency: true }, () => {
  scene("a whole sign-up by keyboard", [422, 422], async (person) => {
    const { page } = person;
    const address = addressOf("ada");
    await person.look("begin");
    await person.type("Email address", address);
    await person.type("Password", "too short");
    await person.press("Begin the sign-up");
    await person.isRefused("Password", "The password must have 15 or more characters.");
    await person.says("To be corrected: password.");
    await person.look("refused");

    await page.keyboard.type(PASSWORD); // behind what is there already
    await person.enter();
    await person.says("The sign-up has begun. Still missing: consent to the legal terms. To be verified: email address.");
    assert.equal(await person.fact("Status").textContent(), "missing_requirements");
    assert.equal(await person.fact("Missing fields").textContent(), "legal_accepted");
    assert.equal(await person.fact("Unverified fields").textContent(), "email_address");
    await person.isAt(page.getByRole("button", { name: "Send the code" }));

    await person.enter();
    await person.says(`A code is on its way to ${address}.`);
    await person.isAt(page.getByLabel("Code", { exact: true }));
    const code = await person.codeFor(address);
    await page.keyboard.type(wrong(code));
    await person.enter();
    await person.isRefused("Code", "Incorrect code.");
    await person.look("code");

    await person.reload();
    await person.says("Your unfinished sign-up is still here. Still missing: consent to the legal terms. To be verified: email address.");
    await person.type("Code", ` ${code.slice(0, 3)} ${code.slice(3)}`);
    await person.enter();
    await person.says("Your email address is verified. Still missing: consent to the legal terms.");
    await person.isAt(page.getByLabel("I accept the legal terms"));

    await page.keyboard.press("Space");
    await person.unfold("Optional");
    await person.type("First name", "Ada");
    await person.tabTo(page.getByLabel("Birthday"));
    await page.keyboard.type("12101815");
    await person.look("optional");
    await person.press("Save");
    await person.says("Saved. The sign-up is complete.");
    await person.isAt(page.getByRole("heading", { name: "You are signed in" }));
    assert.equal(await person.fact("Status").textContent(), "complete");
    await person.look("complete");

    await person.reload();
    const user = await page.locator("#session-facts").innerText();
    for (const fact of [`${address} (verified)`, "Ada", "1815-12-10", "user_", "sess_", "active"]) {
      assert.ok(user.includes(fact), `${fact} in ${user}`);
    }
    await person.press("Sign out");
    await person.says("You are signed out, and the API has forgotten this browser.");
    await person.isAt(page.getByLabel("Email address"));
    await person.reload();
    assert.equal(await person.fact("Status").textContent(), "No sign-up is open.");
    assert.equal(await page.locator("#session").isVisible(), false);
  });

  scene("a code is sent again after the wait", [429, 422], async (person) => {
    const { page } = person;
    const address = addressOf("grace");
    await person.type("Email address", address);
    await person.press("Begin the sign-up");
    await person.press("Send the code");
    const first = await person.codeFor(address);

    const again = page.getByRole("button", { name: "Send a new code" });
    await person.press("Send a new code");
    assert.match(await page.getByRole("alert").innerText(), /^A code was sent a moment ago\. Wait \d+ seconds before asking for another\.$/);
    assert.equal(await again.getAttribute("aria-disabled"), "true");
    await person.isAt(again);
    assert.match(await page.getByRole("timer").innerText(), /^again in \d+ s$/);
    await person.look("wait");
    await person.enter(); // makes no request, or a refusal too many is noted
    const seconds = async () => Number(/\d+/.exec(await page.getByRole("timer").innerText())?.[0] ?? 0);
    const before = await seconds();
    await page.waitForFunction((least) => Number(/\d+/.exec(document.querySelector("[role=timer]").innerText)?.[0] ?? 0) < least, before);

    await page.locator("[role=timer]:empty").waitFor({ state: "attached" });
    assert.equal(await again.getAttribute("aria-disabled"), null);
    assert.equal(await page.getByRole("alert").textContent(), "");
    await person.says("You can send a new code now.");
    await person.enter();
    const second = await person.codeFor(address, 2);
    await page.keyboard.type(first);
    await person.enter();
    await person.isRefused("Code", "Incorrect code.");
    await page.keyboard.type(second); // over the first, which is selected
    await person.enter();
    await person.says("Your email address is verified. Still missing: password and consent to the legal terms.");
  });

  scene("a field at a time and then anew", [422], async (person) => {
    const { page } = person;
    await person.tick("I accept the legal terms");
    await person.press("Begin the sign-up");
    await person.says("The sign-up has begun. Still missing: email address and password.");
    await person.type("Password", PASSWORD);
    await person.press("Save");
    await person.type("Email address", addressOf("mary"));
    await person.press("Save");
    await person.says("Saved. To be verified: email address.");
    await person.press("Send the code");

    await person.unfold("Change what you have given");
    await person.type("Email address", "mary at example");
    await person.enter();
    await person.isRefused("Email address", "Email address is not valid. Write it as name@example.com.");
    const corrected = addressOf("mary.s");
    await person.type("Email address", corrected);
    await person.enter();
    await person.says("Saved. To be verified: email address.");
    assert.ok(await page.getByText(`A code will be sent to ${corrected}.`).isVisible());
    const before = await person.fact("Id").textContent();
    await person.press("Start over");
    await person.says("The sign-up has begun. Still missing: email address, password and consent to the legal terms.");
    assert.notEqual(await person.fact("Id").textContent(), before);
    assert.equal(await page.getByLabel("Password", { exact: true }).inputValue(), "");
  });

  scene("the log keeps secrets", [422], async (person) => {
    const { page } = person;
    const address = addressOf("hedy");
    await person.unfold("Requests and answers");
    await person.type("Email address", address);
    await person.type("Password", PASSWORD);
    await person.press("Show password");
    assert.equal(await page.getByLabel("Password", { exact: true }).getAttribute("type"), "text");
    await person.press("Begin the sign-up");
    await person.press("Send the code");
    const code = await person.codeFor(address);
    await page.keyboard.type(wrong(code));
    await person.enter();
    const lines = await page.locator("#log-entries summary").evaluateAll((summaries) => summaries.map(({ innerText }) => innerText));
    assert.match(lines[0], /^POST \/v1\/client\/sign_ups\/sua_\w+\/attempt_verification 422 \d+ ms$/);
    assert.match(lines.at(-3), /^POST \/v1\/client\/sign_ups 200 \d+ ms$/);
    const log = await page.locator("#log-entries").textContent();
    for (const shown of ["code=••••••", "password=••••••", '"code": "form_code_incorrect"']) assert.ok(log.includes(shown), `${shown} in ${log}`);
    for (const secret of [PASSWORD, PASSWORD.split(" ")[1], wrong(code), code]) assert.ok(!log.includes(secret), `${secret} is in the log`);
    await person.unfold("attempt_verification");
    await person.look("log");
  });
});
