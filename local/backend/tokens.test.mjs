// Session tokens and the key set, as @clerk/backend and jose see them.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as jose from "jose";
import { world, packages, options, keySet } from "./world.mjs";

const verifiers = {
  jose: (token) => jose.jwtVerify(token, keySet(), {
    algorithms: ["RS256"], issuer: world.issuer, audience: world.audience, typ: "JWT", requiredClaims: ["sub", "exp", "iat", "jti"],
  }),
};
for (const [name, { verifyToken }] of Object.entries(packages)) {
  verifiers[name] = (token) => verifyToken(token, { ...options, issuer: world.issuer, audience: world.audience, authorizedParties: [world.app] });
}

test("the session's token is accepted", async () => {
  const { payload, protectedHeader } = await verifiers.jose(world.session);
  assert.deepEqual(Object.keys(protectedHeader).sort(), ["alg", "cat", "kid", "typ"]);
  for (const name of Object.keys(packages)) {
    assert.deepEqual(await verifiers[name](world.session), payload);
    // Without asking for an audience, too.
    assert.equal((await packages[name].verifyToken(world.session, options)).sub, payload.sub);
  }
  assert.equal(payload.exp - payload.iat, 60);
  assert.ok(`__session=${world.session}`.length < 4000);
});

test("what isn't meant for it is refused", async () => {
  for (const [name, { verifyToken }] of Object.entries(packages)) {
    for (const other of [{ audience: "https://other.example" }, { authorizedParties: ["https://other.example"] }]) {
      const refused = await verifyToken(world.session, { ...options, ...other }).then(() => false, () => true);
      assert.ok(refused, `${name} accepts it for ${JSON.stringify(other)}`);
    }
  }
});

test("forged tokens are refused", async (t) => {
  assert.ok(world.forged.length > 15);
  for (const { name, token, blind } of world.forged) {
    await t.test(name, async () => {
      for (const [verifier, verify] of Object.entries(verifiers)) {
        const accepted = await verify(token).then(() => true, () => false);
        assert.equal(accepted, (blind ?? []).includes(verifier), `${verifier} ${accepted ? "accepts" : "refuses"} it`);
      }
    });
  }
});

test("authenticateRequest takes the session's token, from the header and the cookie, and no forged one", async () => {
  for (const [name, { createClerkClient }] of Object.entries(packages)) {
    const clerk = createClerkClient(options);
    const ask = (headers) => clerk.authenticateRequest(new Request(world.app, { headers }), {
      authorizedParties: [world.app], audience: world.audience,
    });
    const byHeader = (token) => ask({ authorization: `Bearer ${token}` });
    const byCookie = (token) => ask({ cookie: `__session=${token}; __client_uat=1`, accept: "application/json" });
    const { sub, sid } = jose.decodeJwt(world.session);
    for (const way of [byHeader, byCookie]) {
      const auth = (await way(world.session)).toAuth();
      assert.deepEqual([auth.userId, auth.sessionId, auth.sessionClaims.sts], [sub, sid, "active"], name);
    }
    for (const { name: forgery, token, blind } of world.forged) {
      if ((blind ?? []).includes(name) || forgery === "another issuer") continue; // authenticateRequest has no option for the issuer
      for (const way of [byHeader, byCookie]) {
        assert.equal((await way(token)).isAuthenticated, false, `${name}: ${forgery}`);
      }
    }
  }
});

test("discovery leads from the issuer to the keys", async () => {
  const found = await fetch(`${world.api}/.well-known/openid-configuration`, { headers: { origin: "https://anybody.example" } });
  assert.equal(found.headers.get("access-control-allow-origin"), "*");
  const metadata = await found.json();
  assert.equal(metadata.issuer, jose.decodeJwt(world.session).iss);
  assert.equal(metadata.jwks_uri, `${world.issuer}/.well-known/jwks.json`);
  const answer = await fetch(`${world.api}/.well-known/jwks.json`);
  assert.match(answer.headers.get("cache-control"), /public, max-age=\d+/);
  const again = await fetch(`${world.api}/.well-known/jwks.json`, { headers: { "if-none-match": answer.headers.get("etag") } });
  assert.equal(again.status, 304);
});
