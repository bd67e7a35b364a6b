// What a person does with the prebuilt sign-up page.
import assert from "node:assert/strict";
import { mailedCode, mailedLink, until } from "./devices.mjs";
import { fresh, PASSWORD, signUp, wrong } from "./headless.mjs";

const page = { modes: ["direct", "proxied"], path: "sign-up" };

const field = (d, label) => d.page.getByLabel(label, { exact: true });
const heading = (d, name, tab = d.page) => tab.getByRole("heading", { name, exact: true }).waitFor();
const otp = (d) => d.page.getByLabel("Enter verification code");

/** Fills in the form and sends it. */
async function fill(d, emailAddress, password = PASSWORD) {
  await heading(d, "Create your account");
  await field(d, "Email address").fill(emailAddress);
  await field(d, "Password").fill(password);
  await d.page.getByRole("button", { name: "Continue", exact: true }).click();
}

/** The person is at the app's home, signed in. */
async function isHome(d, emailAddress, tab = d.page) {
  await tab.waitForURL(d.home());
  await tab.getByText(emailAddress, { exact: true }).waitFor();
}

/** The form says this at the field, and the field is marked. */
async function says(d, label, message) {
  await d.page.getByTestId("form-feedback-error").getByText(message).waitFor();
  assert.equal(await field(d, label).getAttribute("aria-invalid"), "true");
}

export const prebuilt = [
  {
    name: "the page, by code",
    ...page,
    async play(d) {
      const emailAddress = fresh("joan");
      await fill(d, emailAddress);
      await heading(d, "Verify your email");
      await d.page.getByText(emailAddress).waitFor();
      const code = await mailedCode(d, emailAddress);
      await d.picture("code");
      await otp(d).fill(wrong(code));
      await d.page.getByTestId("form-feedback-error").getByText("Incorrect code").waitFor();
      await d.picture("wrong-code");
      d.expected.push(422);
      await otp(d).fill(code);
      await isHome(d, emailAddress);
      await d.picture("home");
    },
  },
  {
    name: "the page, with refusals at their fields",
    ...page,
    async play(d, arrive) {
      const other = await arrive("");
      const { emailAddress } = await signUp(other);
      await fill(d, emailAddress);
      await says(d, "Email address", "That email address is taken. Please try another.");
      await d.picture("taken");
      await field(d, "Email address").fill(fresh("joan"));
      await field(d, "Password").fill("passwordpassword");
      await d.page.getByText("Your password meets all the necessary requirements.").first().waitFor(); // said late, it would hide the refusal
      await d.page.getByRole("button", { name: "Continue", exact: true }).click();
      await says(d, "Password", "This password has been found as part of a breach and can not be used, please try another password instead.");
      await d.picture("breached");
      d.expected.push(422, 422);
      await field(d, "Password").fill("too short");
      await d.page.getByText("Your password must contain 15 or more characters.").first().waitFor();
      await d.picture("short");
    },
  },
  {
    name: "the page, reloaded between its steps",
    ...page,
    async play(d) {
      const emailAddress = fresh("joan");
      await fill(d, emailAddress);
      await heading(d, "Verify your email");
      const code = await mailedCode(d, emailAddress);
      await d.restart();
      await heading(d, "Verify your email");
      if (d.major === 5) {
        // It asks for another mail, too soon.
        await d.page.getByText("A code was sent a moment ago.").waitFor();
        d.expected.push(429);
      }
      await otp(d).fill(code);
      await isHome(d, emailAddress);
      await d.restart();
      await isHome(d, emailAddress);
    },
  },
  {
    name: "the page, by link in the same browser",
    ...page,
    settings: "links",
    async play(d) {
      const emailAddress = fresh("joan");
      await fill(d, emailAddress);
      await heading(d, "Verify your email");
      const link = await mailedLink(d, emailAddress);
      await d.picture("link");
      await d.openLink(link);
      await isHome(d, emailAddress, d.tab);
      // The first tab has heard of it: version 5 sends to the other tab, 6 shows no form to who is signed in.
      await until("the first tab to hear of it", () => d.run((clerk) => clerk.client.sessions.length === 1));
      if (d.major === 5) await heading(d, "Successfully verified email");
      await d.picture("link-opened");
    },
  },
  {
    name: "the page, by link from another device",
    ...page,
    settings: "links from any client",
    async play(d, arrive) {
      const emailAddress = fresh("joan");
      await fill(d, emailAddress);
      await heading(d, "Verify your email");
      const other = await arrive("");
      await other.openLink(await mailedLink(d, emailAddress));
      await isHome(d, emailAddress);
      await heading(other, "Successfully signed up", other.tab);
      await other.picture("link-opened-elsewhere");
    },
  },
];
