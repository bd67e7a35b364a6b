import { make, outsideLink, timeOf, wordsOf } from "./dom.js";
import { Field } from "./fields.js";

/** The part of the page that proves one identifier by a code that is mailed to it. */
export class Verification {
  /**
   * @param {string} name the identifier's field
   * @param {{environment: object, inboxURL: string, send: (Verification) => void, check: (Verification, string) => void, ready: () => void}} page
   * send and check make the requests; ready is told that another code may be sent
   */
  constructor(name, page) {
    this.name = name;
    this.page = page;
    this.again = 0; // when another code may be sent, in Unix milliseconds
    this.code = new Field("code", page.environment, name);
    this.words = wordsOf(name).toLowerCase();
    this.sendButton = make("button", { type: "button", "aria-describedby": `${name}-wait` });
    this.checkButton = make("button", { type: "submit" }, "Check the code");
    this.wait = make("span", { id: `${name}-wait`, className: "hint", role: "timer" });
    this.explanation = make("p");
    this.element = this.build();
  }

  build() {
    const title = make("h2", { id: `${this.name}-title`, tabIndex: -1 }, `Verify your ${this.words}`);
    const form = make("form", { noValidate: true }, this.code.element,
      make("p", { className: "actions" }, this.checkButton, this.sendButton, this.wait));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.page.check(this, this.code.input.value.replaceAll(/\s/g, ""));
    });
    this.sendButton.addEventListener("click", () => {
      if (this.again === 0) this.page.send(this);
    });
    const inbox = this.page.inboxURL && make("p", {}, outsideLink(this.page.inboxURL, "Read the mail in the inbox"));
    return make("section", { className: "card", "aria-labelledby": title.id }, title, this.explanation, form, ...[inbox].filter(Boolean));
  }

  /** The way to prove the identifier that this page can do, or "" if there is none. */
  get strategy() {
    const known = this.page.environment.user_settings.attributes[this.name]?.verifications ?? [];
    return known.find((strategy) => strategy.endsWith("_code")) ?? "";
  }

  /** Shows the verification as the sign-up has it. */
  show(signUp) {
    const verification = signUp.verifications[this.name];
    const waiting = verification?.next_action === "needs_attempt";
    this.sent = waiting;
    if (!waiting) this.code.input.value = "";
    this.code.element.hidden = !waiting;
    this.checkButton.hidden = !waiting;
    this.sendButton.hidden = this.strategy === "";
    this.sendButton.textContent = verification ? "Send a new code" : "Send the code";
    this.sendButton.className = waiting ? "secondary" : "";
    this.explanation.replaceChildren(...this.explain(signUp[this.name], verification));
  }

  explain(address, verification) {
    const to = make("strong", {}, address ?? "");
    if (this.strategy === "") return [`This page has no way to verify it.`];
    if (verification?.error) return [verification.error.long_message];
    switch (verification?.status) {
      case "unverified":
        return ["A code has been sent to ", to, ". It can be used until ", timeOf(verification.expire_at), "."];
      case "expired":
        return ["The code that was sent to ", to, " has expired."];
      case "failed":
        return ["Too many wrong codes were tried for ", to, "."];
    }
    return ["A code will be sent to ", to, "."];
  }

  /** Doesn't let another code be sent for that many seconds, and counts them down. */
  holdOff(seconds) {
    clearInterval(this.ticking);
    this.again = Date.now() + seconds * 1000;
    this.ticking = setInterval(() => this.tick(), 250);
    this.tick();
  }

  /** Ends the countdown. */
  stop() {
    clearInterval(this.ticking);
    this.again = 0;
    this.wait.textContent = "";
    this.sendButton.removeAttribute("aria-disabled");
  }

  tick() {
    const left = Math.ceil((this.again - Date.now()) / 1000);
    if (left <= 0) {
      this.stop();
      this.page.ready();
      return;
    }
    this.sendButton.setAttribute("aria-disabled", "true");
    this.wait.textContent = `again in ${left} s`;
  }

  /** Where the person goes on. */
  focus() {
    (this.sent ? this.code.input : this.sendButton).focus();
  }
}
