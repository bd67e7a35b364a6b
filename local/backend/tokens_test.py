"""Session tokens and the key set, as PyJWT sees them. `make python-check` runs it."""

import json
import os
import unittest
import urllib.request

import jwt

WORLD = json.loads(os.environ["WORLD"])
VERIFIER = "pyjwt"


def verify(token):
    keys = jwt.PyJWKClient(WORLD["api"] + "/.well-known/jwks.json")
    return jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token),
        algorithms=["RS256"],
        issuer=WORLD["issuer"],
        audience=WORLD["audience"],
        options={"require": ["iss", "sub", "aud", "exp", "iat", "jti"]},
    )


class Tokens(unittest.TestCase):
    def test_the_sessions_token_is_accepted(self):
        claims = verify(WORLD["session"])
        self.assertTrue(claims["sub"].startswith("user_"))
        self.assertEqual(claims["exp"] - claims["iat"], 60)

    def test_forged_tokens_are_refused(self):
        self.assertGreater(len(WORLD["forged"]), 15)
        for forged in WORLD["forged"]:
            with self.subTest(forged["name"]):
                if VERIFIER in (forged["blind"] or []):
                    verify(forged["token"])
                    continue
                with self.assertRaises(jwt.PyJWTError):
                    verify(forged["token"])

    def test_discovery_leads_from_the_issuer_to_the_keys(self):
        with urllib.request.urlopen(WORLD["api"] + "/.well-known/openid-configuration") as answer:
            metadata = json.load(answer)
        self.assertEqual(metadata["issuer"], verify(WORLD["session"])["iss"])
        self.assertEqual(metadata["jwks_uri"], WORLD["issuer"] + "/.well-known/jwks.json")


if __name__ == "__main__":
    unittest.main()
