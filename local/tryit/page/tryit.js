/**
 * The try-it page. It knows nothing about a sign-up but what the API says: the environment before there is one, and then the sign-up's own lists of
 * required, optional, missing and unverified fields. After each answer the whole page is shown anew from `state`.
 */
import { newAPI, Problem } from "./api.js";
import { arrange, byId, listOf, make, wordsOf } from "./dom.js";
import { Field, inOrder } from "./fields.js";
import { record } from "./log.js";
import { isGiven, showSession, showState } from "./panels.js";
import { Verification } from "./verification.js";

const call = newAPI(record);
const state = { environment: null, inboxURL: "", client: null, signUp: null };
const fields = new Map(); // the form's, by name
const verifications = new Map(); // by the name of what they prove
let busy = false;
let waitNotice = null; // the alert that asks to wait

// -- what the API said ---------------------------------------------------------

const isOpen = () => state.signUp?.status === "missing_requirements";
const session = () => {
  const sessions = state.client?.sessions ?? [];
  return sessions.find(({ id }) => id === state.client.last_active_session_id) ?? sessions[0] ?? null;
};
const canBegin = () => session() === null || !state.environment.auth_config.single_session_mode;

/** What is asked for: by the open sign-up or, before there is one, by the environment. */
function demands() {
  if (isOpen()) {
    const { required_fields: required, optional_fields: optional, missing_fields: missing, unverified_fields: unverified } = state.signUp;
    return { required, optional, missing, unverified };
  }
  const { attributes, sign_up: signUp } = state.environment.user_settings;
  const enabled = Object.keys(attributes).filter((name) => attributes[name].enabled);
  const required = inOrder(enabled.filter((name) => attributes[name].required));
  if (signUp.legal_consent_enabled) required.push("legal_accepted");
  return { required, optional: inOrder(enabled.filter((name) => !attributes[name].required)), missing: required, unverified: [] };
}

/** Takes over an answer in the envelope: the sign-up, and the client that rides along. */
function absorb({ response, client }) {
  state.client = client ?? state.client;
  state.signUp = response;
}

/** Takes over a client, with the sign-up that it has open. */
function absorbClient(client) {
  state.client = client;
  state.signUp = client?.sign_up ?? null;
}

// -- what a person can do ------------------------------------------------------

/** Does one thing at a time: work makes the requests and returns what to say of them. */
async function act(work) {
  if (busy) return;
  setBusy(true);
  clearMessages();
  try {
    const done = await work();
    show();
    say(done);
    moveOn();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    await recover(error);
    show();
    complain(error);
  } finally {
    setBusy(false);
  }
}

/** Brings the page up to date after a refusal: what it showed may no longer be so. */
async function recover(problem) {
  if (problem.client) absorbClient(problem.client);
  else if (problem.has("resource_not_found")) absorbClient((await call("GET", "/v1/client").catch(() => null))?.response ?? null);
}

async function begin(entered) {
  absorb(await call("POST", "/v1/client/sign_ups", { ...entered, locale: navigator.language }));
  forget();
  return progress("The sign-up has begun.");
}

function submitDetails() {
  const entered = {};
  for (const field of shownFields()) {
    if (field.entered !== "") entered[field.name] = field.entered;
  }
  if (isOpen() && Object.keys(entered).length === 0) {
    say("Nothing has been entered.", true);
    return;
  }
  act(async () => {
    if (!isOpen()) return begin(entered);
    absorb(await call("PATCH", `/v1/client/sign_ups/${state.signUp.id}`, entered));
    for (const name of Object.keys(entered)) fields.get(name).clear();
    return progress("Saved.");
  });
}

function sendCode(verification) {
  act(async () => {
    try {
      absorb(await call("POST", `/v1/client/sign_ups/${state.signUp.id}/prepare_verification`, { strategy: verification.strategy }));
    } catch (error) {
      if (error.retryAfter > 0) verification.holdOff(error.retryAfter);
      throw error;
    }
    return `A code is on its way to ${state.signUp[verification.name]}.`;
  });
}

function checkCode(verification, code) {
  act(async () => {
    absorb(await call("POST", `/v1/client/sign_ups/${state.signUp.id}/attempt_verification`, { strategy: verification.strategy, code }));
    return progress(`Your ${verification.words} is verified.`);
  });
}

async function signOut() {
  await call("DELETE", "/v1/client");
  absorbClient(null);
  forget();
  return "You are signed out, and the API has forgotten this browser.";
}

/** Drops what was entered. */
function forget() {
  for (const field of fields.values()) field.clear();
  for (const verification of verifications.values()) verification.stop();
  verifications.clear();
}

function progress(done) {
  if (!isOpen()) return `${done} The sign-up is complete.`;
  const { missing, unverified } = demands();
  const names = (list) => listOf(list.map((name) => wordsOf(name).toLowerCase()));
  const parts = [done];
  if (missing.length > 0) parts.push(`Still missing: ${names(missing)}.`);
  if (unverified.length > 0) parts.push(`To be verified: ${names(unverified)}.`);
  return parts.join(" ");
}

// -- what the page shows -------------------------------------------------------

function show() {
  const open = isOpen();
  showSession(session());
  const { unverified } = demands();
  arrange(byId("verifications"), open ? unverified.map((name) => verificationOf(name).element) : []);
  if (open) unverified.forEach((name) => verificationOf(name).show(state.signUp));
  showDetails(canBegin() && (open || state.signUp === null));
  showState(state.signUp, canBegin());
}

function verificationOf(name) {
  if (!verifications.has(name)) {
    verifications.set(name, new Verification(name, {
      environment: state.environment, inboxURL: state.inboxURL, send: sendCode, check: checkCode, ready,
    }));
  }
  return verifications.get(name);
}

function fieldOf(name) {
  if (!fields.has(name)) fields.set(name, new Field(name, state.environment));
  const field = fields.get(name);
  field.holds(isOpen() ? state.signUp[name] : null);
  return field;
}

/** The form's fields by the group that they are in, in the page's order. */
function groups() {
  const { required, optional, missing } = demands();
  const given = isOpen() ? [...required, ...optional].filter((name) => isGiven(state.signUp, name) && name !== "legal_accepted") : [];
  return { needed: missing, supplied: given, optional: optional.filter((name) => !given.includes(name)) };
}

function shownFields() {
  return Object.values(groups()).flat().map(fieldOf);
}

function showDetails(shown) {
  byId("details").hidden = !shown;
  if (!shown) return;
  const { needed, supplied, optional } = groups();
  arrange(byId("needed"), needed.map((name) => fieldOf(name).element));
  for (const [id, names] of [["supplied", supplied], ["optional", optional]]) {
    byId(id).hidden = names.length === 0;
    arrange(byId(`${id}-fields`), names.map((name) => fieldOf(name).element));
  }
  byId("details-title").textContent = needed.length > 0 ? "Your details" : "More about you";
  byId("details-hint").textContent = needed.length > 0
    ? "Send them all at once or one at a time, in any order."
    : "Nothing more is needed here.";
  byId("submit").textContent = isOpen() ? "Save" : "Begin the sign-up";
  byId("account").value = state.signUp?.username ?? state.signUp?.email_address ?? "";
  showSubmit();
}

/** The button makes sense only beside an input. */
function showSubmit() {
  byId("submit").hidden = byId("needed").childElementCount === 0 && !byId("optional").open && !byId("supplied").open;
}

// -- messages and focus --------------------------------------------------------

function setBusy(value) {
  busy = value;
  byId("work").setAttribute("aria-busy", `${value}`);
}

function say(text, refused = false) {
  byId("status").className = refused ? "status refused" : "status";
  byId("status").textContent = text;
}

function clearMessages() {
  byId("alert").replaceChildren();
  say("");
  for (const field of [...fields.values(), ...[...verifications.values()].map(({ code }) => code)]) field.refuse("");
}

/** Tells that another code can be sent, in place of the refusal. */
function ready() {
  waitNotice?.remove();
  say("You can send a new code now.");
}

/** Shows a refusal: at the fields that it is about, and otherwise as an alert. */
function complain(problem) {
  const codes = [...verifications.values()].filter(({ element }) => element.isConnected).map(({ code }) => code);
  const shown = [...codes, ...(byId("details").hidden ? [] : shownFields())];
  const refused = [];
  const general = [];
  for (const { field, message } of problem.faults) {
    const place = shown.find(({ name, element }) => name === field && !element.hidden);
    if (!place) {
      general.push(message);
      continue;
    }
    place.refuse(message);
    refused.push(place);
  }
  byId("alert").replaceChildren(...general.map((message) => make("p", {}, message)));
  if (problem.retryAfter > 0) waitNotice = byId("alert").firstChild;
  if (general.length > 0) byId("messages").scrollIntoView({ block: "nearest" });
  if (refused.length === 0) return;
  say(`To be corrected: ${listOf(refused.map(({ name }) => wordsOf(name).toLowerCase()))}.`, true);
  const first = shown.find((field) => refused.includes(field));
  first.element.closest("details")?.setAttribute("open", "");
  first.input.focus();
  if (first.name === "code") first.input.select();
}

/** Puts the focus where the person goes on. */
function moveOn() {
  const { missing, unverified } = demands();
  if (isOpen() && unverified.length > 0) verificationOf(unverified[0]).focus();
  else if (session() !== null && !isOpen()) byId("session-title").focus();
  else if (missing.length > 0) fieldOf(missing[0]).input.focus();
  else byId("details-title").focus();
}

// -- start ---------------------------------------------------------------------

function listen() {
  byId("details-form").addEventListener("submit", (event) => {
    event.preventDefault();
    submitDetails();
  });
  for (const id of ["supplied", "optional"]) byId(id).addEventListener("toggle", showSubmit);
  byId("sign-out").addEventListener("click", () => act(signOut));
  byId("start-over").addEventListener("click", () => act(() => begin({})));
}

async function load() {
  const configuration = fetch("/tryit/config.json").then((answer) => answer.json()).catch(() => ({}));
  const [environment, client] = await Promise.all([call("GET", "/v1/environment"), call("GET", "/v1/client")]);
  state.environment = environment;
  state.inboxURL = (await configuration).inbox_url;
  byId("inbox").href = state.inboxURL;
  byId("inbox").hidden = !state.inboxURL;
  byId("app").textContent = `for ${environment.display_config.application_name}`;
  document.title = `Try a sign-up for ${environment.display_config.application_name}`;
  absorbClient(client.response);
}

listen();
try {
  await load();
  show();
  if (isOpen()) say(progress("Your unfinished sign-up is still here."));
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  byId("alert").replaceChildren(make("p", {}, `${error.message} Reload the page to try again.`));
}
