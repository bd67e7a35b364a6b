// What an app does that has its own forms.
import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { mailedCode, mailedLink, until } from "./devices.mjs";

export const PASSWORD = "wet paint, seven bicycles";
const IN_PAGES = ["direct", "proxied"];

let people = 0;

/** An address of which no stack has heard. */
export const fresh = (name) => `${name}.${process.pid}.${(people += 1)}@example.test`;

/** A code that isn't this one. */
export const wrong = (code) => code.replace(/^./, (digit) => `${(Number(digit) + 1) % 10}`);

// Steps for a device.
const create = (clerk, fields) => clerk.client.signUp.create(fields);
const update = (clerk, fields) => clerk.client.signUp.update(fields);
const prepare = (clerk) => clerk.client.signUp.prepareEmailAddressVerification({ strategy: "email_code" });
const attempt = (clerk, code) => clerk.client.signUp.attemptEmailAddressVerification({ code });
const activate = (clerk, session) => clerk.setActive({ session });
const getToken = (clerk, options) => clerk.session.getToken(options);
const state = (clerk) => ({
  session: clerk.session?.id ?? null, user: clerk.user?.primaryEmailAddress.emailAddress ?? null, sessions: clerk.client.sessions.length,
});

// Where there is no window there is no signOut(), but the request that it makes.
const leaveWithoutWindow = (clerk) => clerk.client.removeSessions().then(() => clerk.setActive({ session: null }));

/** Signs a person up by code, and in. */
export async function signUp(d, emailAddress = fresh("grace")) {
  await d.run(create, { emailAddress, password: PASSWORD, firstName: "Grace" });
  await d.run(prepare);
  const { createdSessionId, createdUserId } = await d.run(attempt, await mailedCode(d, emailAddress));
  await d.run(activate, createdSessionId);
  return { emailAddress, session: createdSessionId, user: createdUserId };
}

/** The claims of a session token, whose signature is checked with the published keys. */
async function claimsOf(d, token) {
  const [header, claims, signature] = token.split(".");
  const read = (part) => JSON.parse(Buffer.from(part, "base64url"));
  const { keys } = await (await fetch(`${d.at.api}/.well-known/jwks.json`)).json();
  const key = createPublicKey({ key: keys.find(({ kid }) => kid === read(header).kid), format: "jwk" });
  assert.ok(verify("sha256", Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, "base64url")), "the signature");
  return read(claims);
}

export const headless = [
  {
    name: "a sign-up step by step",
    async play(d) {
      const emailAddress = fresh("ada");
      let signUp = await d.run(create, { emailAddress, firstName: "Ada", unsafeMetadata: { plan: "free" } });
      assert.equal(signUp.status, "missing_requirements");
      assert.deepEqual(signUp.missingFields, ["password"]);
      assert.deepEqual(signUp.unverifiedFields, ["email_address"]);
      assert.deepEqual(signUp.unsafeMetadata, { plan: "free" });

      signUp = await d.run(update, { password: PASSWORD });
      assert.deepEqual(signUp.missingFields, []);
      assert.equal(signUp.hasPassword, true);

      signUp = await d.run(prepare);
      assert.equal(signUp.verification.status, "unverified");
      assert.equal(signUp.verification.strategy, "email_code");

      const code = await mailedCode(d, emailAddress);
      const [error] = await d.refused(422, attempt, wrong(code));
      assert.equal(error.code, "form_code_incorrect");
      assert.equal(error.param, "code");

      signUp = await d.run(attempt, code);
      assert.equal(signUp.status, "complete");
      const user = await d.run((clerk, session) => {
        const { user } = clerk.client.sessions.find(({ id }) => id === session);
        const { emailAddress, verification } = user.primaryEmailAddress;
        return { id: user.id, firstName: user.firstName, emailAddress, proof: verification.status, plan: user.unsafeMetadata.plan };
      }, signUp.createdSessionId);
      assert.deepEqual(user, { id: signUp.createdUserId, firstName: "Ada", emailAddress, proof: "verified", plan: "free" });
      assert.equal(await d.run((clerk) => clerk.client.lastActiveSessionId), signUp.createdSessionId);
    },
  },
  {
    name: "a sign-up that verifies first and fills in last",
    async play(d) {
      const emailAddress = fresh("barbara");
      await d.run(create, { emailAddress });
      await d.run(prepare);
      let signUp = await d.run(attempt, await mailedCode(d, emailAddress));
      assert.equal(signUp.status, "missing_requirements");
      assert.deepEqual(signUp.unverifiedFields, []);
      assert.equal(signUp.verification.status, "verified");
      signUp = await d.run(update, { password: PASSWORD, lastName: "Liskov" });
      assert.equal(signUp.status, "complete");
      await d.run(activate, signUp.createdSessionId);
      assert.deepEqual(await d.run(state), { session: signUp.createdSessionId, user: emailAddress, sessions: 1 });
    },
  },
  {
    name: "a sign-up in the newer calls",
    async play(d) {
      const emailAddress = fresh("edsger");
      const future = (clerk, [path, ...given]) => {
        clerk.held ??= clerk.client.signUp; // the client has another one as soon as this is complete
        const names = path.split(".");
        const holder = names.slice(0, -1).reduce((value, name) => value[name], clerk.held.__internal_future);
        return holder[names.at(-1)](...given).then(({ error }) => error && (error.errors?.[0].code ?? `${error}`));
      };
      assert.equal(await d.run(future, ["password", { emailAddress, password: PASSWORD, firstName: "Edsger" }]), null);
      assert.equal(await d.run(future, ["verifications.sendEmailCode"]), null);
      const code = await mailedCode(d, emailAddress);
      assert.equal((await d.run(future, ["verifications.verifyEmailCode", { code: wrong(code) }])), "form_code_incorrect");
      d.expected.push(422);
      assert.equal(await d.run(future, ["verifications.verifyEmailCode", { code }]), null);
      assert.equal(await d.run(future, ["finalize"]), null);
      assert.equal((await d.run(state)).user, emailAddress);
    },
  },
  {
    name: "an unfinished sign-up survives a restart",
    async play(d) {
      const emailAddress = fresh("alan");
      const { id } = await d.run(create, { emailAddress, password: PASSWORD });
      await d.run(prepare);
      await d.restart();
      const signUp = await d.run((clerk) => clerk.client.signUp);
      assert.equal(signUp.id, id);
      assert.equal(signUp.emailAddress, emailAddress);
      assert.equal(signUp.verification.strategy, "email_code");
      assert.equal((await d.run(attempt, await mailedCode(d, emailAddress))).status, "complete");
    },
  },
  {
    name: "a changed address",
    async play(d) {
      const [mistyped, emailAddress] = [fresh("dnoald"), fresh("donald")];
      await d.run(create, { emailAddress: mistyped, password: PASSWORD });
      await d.run(prepare);
      const old = await mailedCode(d, mistyped);
      let signUp = await d.run(update, { emailAddress });
      assert.equal(signUp.emailAddress, emailAddress);
      assert.deepEqual(signUp.unverifiedFields, ["email_address"]);
      assert.equal(signUp.verification.status, null);
      const [error] = await d.refused(400, attempt, old);
      assert.equal(error.code, "verification_not_sent");
      await d.run(prepare);
      signUp = await d.run(attempt, await mailedCode(d, emailAddress));
      assert.equal(signUp.status, "complete");
      await d.run(activate, signUp.createdSessionId);
      assert.equal((await d.run(state)).user, emailAddress);
    },
  },
  {
    name: "refusals name their fields",
    async play(d, arrive) {
      const { emailAddress } = await signUp(d);
      const other = await arrive();
      const refused = async (fields) => (await other.refused(422, create, fields)).map(({ code, param }) => `${param}: ${code}`);
      assert.deepEqual(await refused({ emailAddress: emailAddress.toUpperCase(), password: PASSWORD }), ["email_address: form_identifier_exists"]);
      assert.deepEqual(await refused({ emailAddress: "nobody" }), ["email_address: form_param_format_invalid"]);
      assert.deepEqual(await refused({ emailAddress: fresh("mary"), password: "too short" }), ["password: form_password_length_too_short"]);
      assert.deepEqual(await refused({ emailAddress: fresh("mary"), password: "passwordpassword" }), ["password: form_password_pwned"]);
    },
  },
  {
    name: "a session and its tokens",
    async play(d) {
      const { emailAddress, session, user } = await signUp(d);
      assert.deepEqual(await d.run(state), { session, user: emailAddress, sessions: 1 });
      assert.ok(d.requests.includes(`POST /client/sessions/${session}/touch`));

      const claims = await claimsOf(d, await d.run(getToken));
      assert.ok(!d.requests.some((request) => request.endsWith("/tokens")), "the session brought its token");
      assert.equal(claims.sub, user);
      assert.equal(claims.sid, session);
      assert.equal(claims.exp - claims.iat, 60);
      assert.equal(claims.iss, d.at.api);
      assert.equal(claims.azp, d.origin());

      const asked = await d.requestsOf(async () => {
        const next = await claimsOf(d, await d.run(getToken, { skipCache: true }));
        assert.notEqual(next.jti, claims.jti);
      });
      assert.ok(asked.includes(`POST /client/sessions/${session}/tokens`), asked.join());
      await d.refused(404, getToken, { template: "unheard-of" });

      const reloaded = await d.requestsOf(async () => {
        assert.equal(await d.run((clerk) => clerk.user.reload().then(({ primaryEmailAddress }) => primaryEmailAddress.emailAddress)), emailAddress);
      });
      assert.ok(reloaded.includes("GET /me"), reloaded.join());
      const sessions = await d.run((clerk) => clerk.user.getSessions().then((all) => all.map(({ id, status }) => ({ id, status }))));
      assert.deepEqual(sessions, [{ id: session, status: "active" }]);
    },
  },
  {
    name: "a session survives a restart",
    async play(d) {
      const { emailAddress, session } = await signUp(d);
      await d.restart();
      assert.deepEqual(await d.run(state), { session, user: emailAddress, sessions: 1 });
      assert.equal((await claimsOf(d, await d.run(getToken))).sid, session);
      assert.equal((await claimsOf(d, await d.run(getToken, { skipCache: true }))).sid, session);
      if (d.mode === "native") return;
      const cookies = Object.fromEntries((await d.context.cookies()).map((cookie) => [cookie.name, cookie]));
      assert.deepEqual([cookies.__client.httpOnly, cookies.__client.sameSite, cookies.__client.path], [true, "Lax", "/"]);
      assert.ok(Number(cookies.__client_uat.value) > 0);
      assert.equal((await claimsOf(d, cookies.__session.value)).sid, session, "what the app's server gets");
    },
  },
  {
    name: "signing out",
    async play(d) {
      const { session } = await signUp(d);
      d.ended = session;
      const asked = await d.requestsOf(() => (d.mode === "native" ? d.run(leaveWithoutWindow) : d.signOut()));
      assert.ok(asked.includes("DELETE /client/sessions"), asked.join());
      assert.deepEqual(await d.run(state), { session: null, user: null, sessions: 0 });
      await d.restart();
      assert.deepEqual(await d.run(state), { session: null, user: null, sessions: 0 });
      const next = await signUp(d);
      assert.notEqual(next.session, session);
      assert.equal((await d.run(state)).user, next.emailAddress);
    },
  },
  {
    name: "signing out of one session",
    async play(d) {
      const { session } = await signUp(d);
      const asked = await d.requestsOf(() => d.run((clerk) => clerk.session.remove().then(() => {})));
      assert.ok(asked.includes(`POST /client/sessions/${session}/remove`), asked.join());
      d.ended = session;
      await d.restart();
      assert.deepEqual(await d.run(state), { session: null, user: null, sessions: 0 });
    },
  },
  {
    name: "another device's session is nobody's",
    async play(d, arrive) {
      const { session } = await signUp(d);
      const other = await arrive();
      await signUp(other);
      const status = await other.call(`/v1/client/sessions/${session}/touch`);
      assert.equal(status, 404);
      other.expected.push(404);
      assert.equal((await d.run(state)).session, session);
    },
  },
];

// The first tab waits for the link, as a page does that says "look into your mail".
const wait = (clerk, redirectUrl) => {
  globalThis.waiting ??= {};
  const { startEmailLinkFlow } = clerk.client.signUp.createEmailLinkFlow();
  globalThis.waiting[clerk.client.signUp.id] = startEmailLinkFlow({ redirectUrl });
  return clerk.client.signUp.id;
};
const waited = (clerk, id) => globalThis.waiting[id];
const land = (clerk, home) => {
  return new Promise((resolve) => {
    const onVerifiedOnOtherDevice = () => resolve("verified elsewhere");
    clerk.handleEmailLinkVerification({ redirectUrl: home, redirectUrlComplete: home, onVerifiedOnOtherDevice }).catch((error) => resolve(error.code));
  });
};

async function beginByLink(d) {
  const emailAddress = fresh("hedy");
  await d.run(create, { emailAddress, password: PASSWORD });
  const id = await d.run(wait, d.redirectURL());
  return { emailAddress, id, link: await mailedLink(d, emailAddress) };
}

headless.push(
  {
    name: "a link from the same client",
    settings: "links",
    modes: IN_PAGES,
    async play(d) {
      const { emailAddress, id, link } = await beginByLink(d);
      const { searchParams } = new URL(await d.openLink(link));
      assert.equal(searchParams.get("__clerk_status"), "verified");
      d.runInTab(land, d.home()).catch(() => {}); // which leads on
      await d.tab.waitForURL(d.home());
      assert.deepEqual(await d.runInTab(state), { session: searchParams.get("__clerk_created_session"), user: emailAddress, sessions: 1 });
      const signUp = await d.run(waited, id);
      assert.equal(signUp.status, "complete");
      assert.equal(signUp.createdSessionId, searchParams.get("__clerk_created_session"));
      assert.equal(signUp.verification.sameClient, true);
      await d.run(activate, signUp.createdSessionId);
      assert.equal((await d.run(state)).user, emailAddress);
    },
  },
  {
    name: "a link from another device",
    settings: "links from any client",
    async play(d, arrive) {
      const { emailAddress, id, link } = await beginByLink(d);
      const other = await arrive();
      const { searchParams } = new URL(await other.openLink(link));
      assert.equal(searchParams.get("__clerk_status"), "verified");
      if (other.runInTab) assert.equal(await other.runInTab(land, other.home()), "verified elsewhere");
      const signUp = await d.run(waited, id);
      assert.equal(signUp.status, "complete");
      assert.equal(signUp.verification.sameClient, false);
      await d.run(activate, signUp.createdSessionId);
      assert.deepEqual(await d.run(state), { session: signUp.createdSessionId, user: emailAddress, sessions: 1 });
      assert.equal((await other.run(state)).sessions, 0);
    },
  },
  {
    name: "a link elsewhere where the client must be the same",
    settings: "links",
    modes: IN_PAGES,
    async play(d, arrive) {
      const { emailAddress, link } = await beginByLink(d);
      const other = await arrive();
      const { searchParams } = new URL(await other.openLink(link));
      assert.equal(searchParams.get("__clerk_status"), "client_mismatch");
      assert.equal(await other.runInTab(land, other.home()), "client_mismatch");
      assert.equal((await d.run((clerk) => clerk.client.signUp.reload())).status, "missing_requirements");
      assert.equal((await d.run(attempt, await mailedCode(d, emailAddress))).status, "complete", "the mail's code still counts");
    },
  },
  {
    name: "two tabs: signing out in one signs the other out",
    modes: IN_PAGES,
    async play(d) {
      const { session } = await signUp(d);
      await d.openTab();
      assert.equal((await d.runInTab(state)).session, session);
      d.ended = session;
      await d.signOut(d.tab);
      await until("the first tab to notice", async () => (await d.run(state)).session === null);
    },
  },
);
