// The published client, unmodified, through its whole authentication module: API_URL is the API, INBOX_URL has the mails.
import assert from "node:assert/strict";
import deskree from "@deskree/deskree-js";
import handlers from "@deskree/deskree-js/build/http-handler.js";
import axios from "axios";

const { API_URL, INBOX_URL, OPERATOR_KEY } = process.env;
const password = "correct horse battery staple";
const another = "another long passphrase";

const rejected = []; // what nobody waited for
process.on("unhandledRejection", (error) => rejected.push(error));

/** The client names the host after its project; the axios that it is given leads its requests to the stack. */
const client = (options = {}) => (deskree.default ?? deskree)({
  projectId: "project",
  axios: { create: (made) => axios.create({ ...made, baseURL: made.baseURL.replace("https://project.api.deskree.com", API_URL) }) },
  ...options,
});

/** A request without the client, as an application makes those for which the client sends no token. */
const raw = (method, path, headers = {}, data = undefined) =>
  axios({ method, url: `${API_URL}/api/v1${path}`, headers, data, validateStatus: () => true });

/** What its programs read of a refusal. */
async function refused(promise, status, detail, type) {
  const error = await assert.rejects(promise).then(() => promise.catch((e) => e));
  const { data } = error.response;
  assert.equal(error.response.status, status, JSON.stringify(data));
  assert.equal(data.data, null);
  assert.deepEqual([data.errors.errors[0].code, data.errors.errors[0].detail, data.errors.errors[0].type], [String(status), detail, type]);
}

/** What the link of the newest mail to address leads to, once there are more than seen. */
async function link(address, seen = 0) {
  for (let i = 0; i < 1000; i++) {
    const { data } = await axios.get(`${INBOX_URL}/store`);
    const mails = data.emails.filter((mail) => mail.destination.to.some((to) => to.toLowerCase() === address));
    if (mails.length > seen) {
      const url = mails.at(-1).body.text.split(/\s+/).find((word) => word.includes("oobCode="));
      assert.ok(url, mails.at(-1).body.text);
      return new URL(url);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`no mail to ${address}`);
}

const carried = (url) => ({ oobCode: url.searchParams.get("oobCode"), uid: url.searchParams.get("uid") });

/** Waits for what the client sets off without telling: verifyInvite and verifyPasswordReset of 1.1.10 don't wait, nor tell what became of it. */
async function eventually(attempt) {
  for (let i = 0; ; i++) {
    try {
      return await attempt();
    } catch (error) {
      if (i === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** The client's tokens open the user object through its database module, and delete the account without it. */
async function tokensWork({ uid, idToken, refreshToken, expiresIn }) {
  assert.equal(expiresIn, "3600");
  const { data: next } = await client().auth().refreshToken(refreshToken);
  assert.deepEqual(Object.keys(next.data).sort(), ["expires_in", "id_token", "refresh_token", "user_id"]);
  assert.deepEqual([next.data.user_id, next.data.expires_in], [uid, "3600"]);
  assert.notEqual(next.data.refresh_token, refreshToken);
  const users = client({ userToken: next.data.id_token }).database().from("users");
  const changed = await users.update(uid, { name: "Ada", address: { city: "London" } });
  assert.deepEqual([changed.data.data.uid, changed.data.data.name], [uid, "Ada"]);
  const read = await users.getByUID(uid);
  assert.deepEqual([read.data.data.uid, read.data.data.attributes.address], [uid, { city: "London" }]);
  await refused(users.update(uid, { roles: ["admin"] }), 422, "Roles has a value that isn't accepted here. It can't be set by its user.", "form_param_value_invalid");
  await refused(users.create({ name: "Eve" }), 403, "User cannot be created", "user_not_created");
  await refused(users.delete(uid), 403, "User cannot be created", "user_not_created");
  return next.data;
}

/** The module sends no token with these: they are refused, and work for whoever sends one. */
async function withoutToken(tokens) {
  await refused(client({ userToken: tokens.id_token }).auth().deleteAccount(), 401, "Sign in to do this.", "authentication_invalid");
  await refused(client({ adminToken: OPERATOR_KEY }).auth().getRoles(), 401, "Sign in to do this.", "authentication_invalid");
  const roles = await raw("GET", "/auth/accounts/roles", { "deskree-admin": OPERATOR_KEY });
  assert.deepEqual([roles.status, roles.data], [200, { data: { roles: ["admin", "user"] } }]);
  const gone = await raw("DELETE", "/auth/accounts", { authorization: `Bearer ${tokens.id_token}` });
  assert.deepEqual([gone.status, gone.data], [200, ""]);
  const again = await raw("DELETE", "/auth/accounts", { authorization: `Bearer ${tokens.id_token}` });
  assert.equal(again.status, 403);
  await refused(client().auth().refreshToken(tokens.refresh_token), 400, "INVALID_REFRESH_TOKEN", "refresh_token_invalid");
}

/** What isn't served is there for nobody; and the client's own way to another address leads here as well. */
async function otherwise(address) {
  const auth = client({ axios: undefined, http: new handlers.HttpHandler(`${API_URL}/api/v1`, axios) }).auth();
  const { data } = await auth.signInEmail(address, password);
  assert.equal(data.email, address);
  for (const call of [auth.createUrlForOAuthSignIn("google.com", "http://localhost"), auth.signInOAuth("s", "google.com", "http://localhost", "t", "c"), auth.updateEmail(address)]) {
    await assert.rejects(call, (error) => error.response.status === 404);
  }
}

/** An invitation and a reset, whose acceptance the client doesn't wait for. */
async function invitedAndReset(address) {
  const auth = client().auth();
  assert.equal(auth.verifyInvite("x", "y", "z"), undefined);
  await eventually(() => assert.equal(rejected.pop()?.response.status, 422));
  const { oobCode, uid } = carried(await link(address));
  assert.equal(auth.verifyInvite(oobCode, password, uid), undefined);
  const { data } = await eventually(() => auth.signInEmail(address, password));
  assert.deepEqual([data.uid, data.emailVerified, data.disabled], [uid, true, false]);
  const asked = await auth.resetPassword(address);
  assert.deepEqual([asked.status, asked.data], [200, ""]);
  const reset = await link(address, 1);
  assert.equal(auth.verifyPasswordReset(carried(reset).oobCode, another), undefined);
  await eventually(() => auth.signInEmail(address, another));
  return reset;
}

/** Tokens with the sign-up, and callers are told. */
async function atOnce() {
  const address = "heldout.0269@example.com";
  const auth = client().auth();
  const { data } = await auth.signUpEmail("Heldout.0269@Example.com", password);
  assert.match(data.uid, /^[A-Za-z0-9]{28}$/);
  assert.deepEqual([data.email, data.emailVerified, data.disabled], [address, false, false]);
  await refused(auth.signUpEmail(address, password), 422, "The email address is already in use by another account.", "form_identifier_exists");
  await refused(auth.signUpEmail("short@example.com", "short"), 422, "The password must be a string with at least 6 characters.", "form_password_length_too_short");
  await refused(auth.signUpEmail("nowhere", password), 422, "Please provide a valid email and password", "form_param_format_invalid");
  await refused(auth.signInEmail("nobody@example.com", password), 400, "EMAIL_NOT_FOUND", "credentials_invalid");
  await refused(auth.signInEmail(address, "wrong"), 400, "INVALID_PASSWORD", "password_incorrect");
  const known = await auth.fetchEmailProviders(address);
  assert.deepEqual(known.data, { data: { allProviders: ["password"], registered: true } });
  const invited = await auth.inviteUser("at-once@example.com");
  assert.deepEqual([invited.status, invited.data], [200, ""]);
  await otherwise(address);
  await refused(auth.inviteUser(undefined), 422, "No email address provided", "form_param_missing");
  await invitedAndReset("at-once@example.com");
  const { data: tokens } = await auth.signInEmail("HELDOUT.0269@example.com", password);
  assert.equal(tokens.uid, data.uid);
  await withoutToken(await tokensWork(tokens));
}

/** No tokens before the link is opened, and callers aren't told. */
async function confirmed() {
  const address = "ada@example.com";
  const auth = client().auth();
  const { data } = await auth.signUpEmail("Ada@Example.com", password);
  assert.deepEqual(data, { uid: data.uid, email: address, emailVerified: false, disabled: true });
  await refused(auth.signInEmail(address, password), 400, "USER_DISABLED", "user_held");
  const confirm = await link(address);
  const { oobCode, uid } = carried(confirm);
  assert.deepEqual([confirm.origin + confirm.pathname, uid], ["https://app.example.com/confirm", data.uid]);
  await refused(auth.verifyEmail("uVr2GC_ZFb", uid), 400, "INVALID_OOB_CODE", "action_code_invalid");
  await refused(auth.verifyEmail(oobCode, "kNdHviQU6UcBkVqnNmrIIwCuwBjm"), 422, "There is no user record corresponding to the provided identifier.", "account_unknown");
  await refused(auth.verifyEmail(oobCode), 422, "No newPassword, uid, or oobCode provided", "form_param_missing");
  const verified = await auth.verifyEmail(oobCode, uid);
  assert.deepEqual([verified.status, verified.data], [200, ""]);
  await refused(auth.signInEmail(address, "wrong wrong wrong wrong"), 400, "INVALID_LOGIN_CREDENTIALS", "credentials_invalid");
  await refused(auth.signInEmail("nobody@example.com", password), 400, "INVALID_LOGIN_CREDENTIALS", "credentials_invalid");
  const unknown = await auth.fetchEmailProviders(address);
  assert.deepEqual(unknown.data, { data: { allProviders: [], registered: false } });
  await refused(auth.inviteUser("grace@example.com"), 401, "Sign in to do this.", "authentication_invalid");
  const invited = await raw("POST", "/auth/accounts/invite", { "deskree-admin": OPERATOR_KEY }, { email: "grace@example.com" });
  assert.deepEqual([invited.status, invited.data], [200, ""]);
  const reset = await invitedAndReset("grace@example.com");
  assert.equal(reset.searchParams.get("step"), "2");
  const signedIn = client();
  const users = signedIn.database().from("users"); // signing in gives the database module its token
  const { data: tokens } = await signedIn.auth().signInEmail(address, password);
  assert.deepEqual([tokens.uid, tokens.emailVerified, tokens.disabled], [data.uid, true, false]);
  const own = await users.getByUID(tokens.uid);
  assert.equal(own.data.data.attributes.email, address);
  await withoutToken(await tokensWork(tokens));
}

await { atOnce, confirmed }[process.argv[2]]();
assert.deepEqual(rejected, []);
