import { make, outsideLink, wordsOf } from "./dom.js";

/** How the fields that are known are asked for, in the order in which they are asked. An unknown one is plain text. */
const KNOWN = {
  email_address: { type: "email", autocomplete: "email" },
  phone_number: { type: "tel", autocomplete: "tel", hint: () => "With the country code, such as +12025550123." },
  username: { autocomplete: "username", autocapitalize: "none", spellcheck: false, hint: usernameHint },
  web3_wallet: { autocomplete: "off", autocapitalize: "none", spellcheck: false },
  password: { type: "password", autocomplete: "new-password", hint: passwordHint },
  first_name: { autocomplete: "given-name" },
  last_name: { autocomplete: "family-name" },
  birthday: { type: "date", autocomplete: "bday" },
  gender: { autocomplete: "sex" },
  legal_accepted: { type: "checkbox" },
  code: { autocomplete: "one-time-code", inputMode: "numeric", spellcheck: false, className: "code", hint: () => "Six digits." },
};

/** Field names in the order in which people are asked. */
export function inOrder(names) {
  const order = Object.keys(KNOWN);
  const place = (name) => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...names].sort((a, b) => place(a) - place(b));
}

function passwordHint(environment) {
  const { min_length: least, max_length: most } = environment.user_settings.password_settings;
  return `${least} to ${most} characters.`;
}

function usernameHint(environment) {
  const { min_length: least, max_length: most } = environment.user_settings.username_settings;
  return `${least} to ${most} characters.`;
}

/** A labelled input for one field, with its hint and, after a refusal, its error. */
export class Field {
  /** @param {string} name as the wire spells it; scope tells fields of one name apart */
  constructor(name, environment, scope = "field") {
    const { hint = () => "", ...properties } = KNOWN[name] ?? {};
    this.name = name;
    this.given = "";
    this.conceal = () => {}; // hides a password that is being shown
    const id = `${scope}-${name}`;
    this.input = make("input", { id, name, type: "text", ...properties });
    this.hint = make("p", { id: `${id}-hint`, className: "hint" }, hint(environment));
    this.error = make("p", { id: `${id}-error`, className: "error" });
    this.element = this.isChoice ? this.choice(environment) : this.line();
    this.refuse("");
  }

  get isChoice() {
    return this.input.type === "checkbox";
  }

  /** What is to be sent: "" if nothing has been entered, or nothing but what the sign-up has already. */
  get entered() {
    if (this.isChoice) return this.input.checked ? "true" : "";
    return this.input.value === this.given ? "" : this.input.value;
  }

  /** Tells what the sign-up has: null for nothing or what can't be read back. It is put in, unless something else has been entered. */
  holds(value) {
    if (this.isChoice) return;
    const untouched = this.input.value === this.given;
    this.given = value ?? "";
    if (!untouched) return;
    this.input.value = this.given;
    this.given = this.input.value; // an input may spell it otherwise
  }

  /** Forgets what has been entered. The input stays: browsers take a new password input beside old ones for a form without a user's name. */
  clear() {
    this.given = "";
    this.input.value = "";
    this.input.checked = false;
    this.conceal();
  }

  /** Shows why the field was refused, or with "" that it wasn't. */
  refuse(message) {
    this.error.textContent = message;
    this.error.hidden = message === "";
    if (message === "") this.input.removeAttribute("aria-invalid");
    else this.input.setAttribute("aria-invalid", "true");
    const described = [this.hint, this.error].filter((part) => part.textContent !== "").map((part) => part.id);
    if (described.length === 0) this.input.removeAttribute("aria-describedby");
    else this.input.setAttribute("aria-describedby", described.join(" "));
  }

  line() {
    const label = make("label", { htmlFor: this.input.id }, wordsOf(this.name));
    const head = make("div", { className: "field-head" }, label, this.input.type === "password" && this.reveal());
    return make("div", { className: "field" }, head, this.hint, this.input, this.error);
  }

  choice(environment) {
    const { terms_url: terms, privacy_policy_url: privacy } = environment.display_config;
    const label = make("label", { htmlFor: this.input.id }, "I accept the legal terms");
    this.hint.append(...[
      terms && outsideLink(terms, "Terms of service"), terms && privacy && " · ", privacy && outsideLink(privacy, "Privacy policy"),
    ].filter(Boolean));
    return make("div", { className: "field" }, make("div", { className: "choice" }, this.input, label), this.hint, this.error);
  }

  /** A button that shows and hides the password. */
  reveal() {
    const button = make("button", { type: "button", className: "quiet", "aria-pressed": "false" },
      "Show", make("span", { className: "unseen" }, " password"));
    const show = (shown) => {
      this.input.type = shown ? "text" : "password";
      button.setAttribute("aria-pressed", `${shown}`);
    };
    button.addEventListener("click", () => show(this.input.type === "password"));
    this.conceal = () => show(false);
    return button;
  }
}
