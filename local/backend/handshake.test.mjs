// The handshake of server-rendered applications, both ways, as @clerk/backend plays it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { application, Browser, jwtKey, options, packages, publishableKey, world } from "./world.mjs";

const page = `${world.app}/dashboard?tab=1`;
let people = 0;

/** Signs somebody up with the API; the app's own host knows nothing of it yet. */
async function signedUp(app) {
  const browser = new Browser(app);
  const answer = await browser.call("/v1/client/sign_ups", { email_address: `person${++people}-${Date.now()}@example.com`, password: "correct horse battery staple" });
  assert.equal(answer.response.status, "complete", JSON.stringify(answer));
  const [session] = answer.client.sessions;
  return { browser, session, user: session.user };
}

const suffix = (key) => createHash("sha1").update(key).digest("base64url").slice(0, 8);
const asks = (browser) => browser.visited.filter((one) => one.startsWith(`${world.issuer}/v1/client/handshake`)).length;

for (const [name, sdk] of Object.entries(packages)) {
  test(`${name}, production: the session is handed over, and kept`, async () => {
    const { browser, session, user } = await signedUp(application(sdk, options));
    const { state } = await browser.open(page);
    const auth = state.toAuth();
    assert.deepEqual([auth.userId, auth.sessionId], [user.id, session.id]);
    assert.equal(asks(browser), 1, browser.visited.join(" "));
    assert.equal(browser.visited.at(-1), page, "the address is as it was");
    assert.ok(browser.cookie(world.app, "__session"));
    assert.equal(browser.cookie(world.app, "__clerk_handshake"), undefined, "it is used once");
    // The cookies are there now: no second handshake.
    assert.equal((await browser.open(page)).state.toAuth().userId, user.id);
    assert.equal(asks(browser), 0);
  });

  test(`${name}, production, the key by hand`, async () => {
    const { browser, user } = await signedUp(application(sdk, { ...options, jwtKey: await jwtKey() }));
    assert.equal((await browser.open(page)).state.toAuth().userId, user.id);
  });

  test(`${name}, production: an expired token is renewed`, async () => {
    const { browser, user } = await signedUp(application(sdk, options));
    await browser.open(page);
    const expired = world.forged.find((one) => one.name === "expired").token;
    browser.keep(new URL(world.app), `__session=${expired}; Path=/`);
    browser.keep(new URL(world.app), "__client_uat=1; Path=/; Domain=example.test"); // or the token would be too old for it
    assert.equal((await browser.open(page)).state.toAuth().userId, user.id);
    assert.equal(asks(browser), 1);
  });

  test(`${name}, production: who is signed out gets signed out`, async () => {
    const { browser } = await signedUp(application(sdk, options));
    await browser.open(page);
    await browser.call("/v1/client/sessions?_method=DELETE", {});
    const { state } = await browser.open(page);
    assert.equal(state.isAuthenticated, false);
    assert.equal(asks(browser), 1);
    assert.equal(browser.cookie(world.app, "__session"), undefined);
    assert.equal(browser.cookie(world.app, "__client_uat"), "0");
    await browser.open(page);
    assert.equal(asks(browser), 0, "and that is settled");
  });

  test(`${name}, development: the token comes in the address, and goes`, async () => {
    const { browser, user } = await signedUp(application(sdk, { ...options, secretKey: "sk_test_unused", publishableKey: publishableKey("test") }));
    assert.equal((await browser.open(page)).state.toAuth().userId, user.id);
    assert.equal(asks(browser), 1, browser.visited.join(" "));
    assert.ok(browser.visited.some((one) => one.includes("__clerk_handshake=")));
    assert.equal(browser.visited.at(-1), page);
    assert.equal((await browser.open(page)).state.toAuth().userId, user.id);
    assert.equal(asks(browser), 0);
    // A stranger's browser comes to rest, too.
    const nobody = new Browser(browser.app);
    assert.equal((await nobody.open(page)).state.isAuthenticated, false);
    assert.equal(asks(nobody), 1);
    assert.equal((await nobody.open(page)).state.isAuthenticated, false);
    assert.equal(asks(nobody), 0);
  });

  test(`${name}: a publishable key of another host works by the cookies' twins`, async () => {
    const key = `pk_live_${btoa("somewhere.example.test$")}`;
    const { browser, user } = await signedUp(application(sdk, { ...options, publishableKey: key, proxyUrl: world.issuer }));
    // As clerk-js leaves them: the sessions' on the app's own host, the other where the API sees it, too.
    for (const twin of [`__session_${suffix(key)}`, "__session"]) {
      browser.keep(new URL(world.app), `${twin}=${world.forged.find((one) => one.name === "expired").token}; Path=/`);
    }
    browser.keep(new URL(world.app), `__client_uat_${suffix(key)}=1; Path=/; Domain=example.test`);
    assert.equal((await browser.open(page)).state.toAuth().userId, user.id);
    assert.equal(asks(browser), 1, browser.visited.join(" "));
    assert.equal((await browser.open(page)).state.toAuth().userId, user.id);
    assert.equal(asks(browser), 0, "the twins say it, too");
  });
}

test("the token goes to allowed pages only", async () => {
  const { browser } = await signedUp(() => assert.fail("the app was opened"));
  for (const target of ["https://evil.example/", `${world.app}.evil.example/`, "app://x", ""]) {
    const { status, location, body } = await browser.open(`${world.issuer}/v1/client/handshake?redirect_url=${encodeURIComponent(target)}`);
    assert.equal(status, 422);
    assert.equal(location, undefined);
    assert.doesNotMatch(body, /eyJ/);
  }
});
