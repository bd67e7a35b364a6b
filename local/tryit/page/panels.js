import { byId, make, rowsOf, spelled, timeOf, wordsOf } from "./dom.js";

/** Whether the sign-up has the field. A password and a consent can't be read back. */
export function isGiven(signUp, name) {
  if (name === "password") return signUp.has_password;
  if (name === "legal_accepted") return signUp.legal_accepted_at !== null;
  return (signUp[name] ?? null) !== null;
}

/** Shows the session and its user, or with null that there is none. */
export function showSession(current) {
  byId("session").hidden = current === null;
  if (current === null) return;
  const { user } = current;
  const contacts = [
    ...user.email_addresses.map((contact) => ["Email address", contact.email_address, contact]),
    ...user.phone_numbers.map((contact) => ["Phone number", contact.phone_number, contact]),
    ...user.web3_wallets.map((contact) => ["Web3 wallet", contact.web3_wallet, contact]),
  ].map(([term, value, { verification }]) => [term, `${value} (${verification?.status ?? "unverified"})`]);
  const name = [user.first_name, user.last_name].filter(Boolean).join(" ");
  const facts = [
    ["Name", name], ["Username", user.username], ...contacts, ["Birthday", user.birthday], ["Gender", user.gender],
    ["Password", user.password_enabled ? "set" : "none"], ["User", make("code", {}, user.id)],
    ["Session", make("code", {}, current.id)], ["Session status", current.status], ["Session ends", timeOf(current.abandon_at)],
  ];
  byId("session-facts").replaceChildren(...rowsOf(facts.filter(([, value]) => value)));
}

/** Shows a sign-up, or with null that there is none; mayBegin says whether another can take its place. */
export function showState(signUp, mayBegin) {
  byId("state").hidden = false;
  const status = signUp?.status ?? "none";
  const facts = [["Status", make("span", { className: `badge ${status}` }, signUp?.status ?? "No sign-up is open.")]];
  if (signUp) {
    facts.push(["Id", make("code", {}, signUp.id)]);
    for (const list of ["missing_fields", "unverified_fields"]) {
      facts.push([wordsOf(list), signUp[list].length > 0 ? make("code", {}, signUp[list].join(", ")) : "none"]);
    }
    if (signUp.status === "missing_requirements") facts.push(["Open until", timeOf(signUp.abandon_at)]);
  }
  byId("state-facts").replaceChildren(...rowsOf(facts));
  byId("state-table").replaceChildren(...(signUp ? [tableOf(signUp)] : []));
  byId("start-over").hidden = signUp === null || !mayBegin;
}

function tableOf(signUp) {
  const head = make("tr", {}, ...["Field", "Asked for", "State"].map((text) => make("th", { scope: "col" }, text)));
  const rows = [...signUp.required_fields, ...signUp.optional_fields].map((name) => make("tr", {},
    make("th", { scope: "row" }, spelled(name)),
    make("td", {}, signUp.required_fields.includes(name) ? "required" : "optional"),
    make("td", {}, stateOf(signUp, name))));
  return make("table", {}, make("caption", {}, "Every field that the sign-up takes"), make("thead", {}, head), make("tbody", {}, ...rows));
}

function stateOf(signUp, name) {
  if (signUp.missing_fields.includes(name)) return make("span", { className: "bad" }, "missing");
  if (signUp.unverified_fields.includes(name)) return make("span", { className: "bad" }, "unverified");
  if (!isGiven(signUp, name)) return "–";
  const verified = signUp.verifications[name]?.status === "verified";
  return make("span", { className: "good" }, verified ? "verified" : "given");
}
