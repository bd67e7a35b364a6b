package clerk

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

// The key set has what verifiers need of each key, and none of its private half.
func TestKeySet(t *testing.T) {
	a := newSite(t, nil).browser()
	for _, path := range []string{"/.well-known/jwks.json", "/v1/jwks"} {
		got := a.get(path).must(200)
		var set struct{ Keys []map[string]string }
		if err := json.Unmarshal([]byte(got.text), &set); err != nil {
			t.Fatal(err)
		}
		if len(got.body) != 1 || len(set.Keys) != 2 {
			t.Fatalf("%s: %s", path, got.text)
		}
		current := false
		for _, key := range set.Keys {
			n, err := base64.RawURLEncoding.DecodeString(key["n"])
			if err != nil || new(big.Int).SetBytes(n).BitLen() != 2048 {
				t.Errorf("n is %q", key["n"])
			}
			current = current || key["kid"] == wiretest.SigningKeys().Current().ID
			delete(key, "n")
			if diff := cmp.Diff(map[string]string{"use": "sig", "kty": "RSA", "alg": "RS256", "e": "AQAB", "kid": key["kid"]}, key); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		if !current {
			t.Error("the key that signs isn't in the set")
		}
	}
}

// What names the issuer is the tokens' iss exactly, and leads to the keys.
func TestDiscovery(t *testing.T) {
	for publicURL, issuer := range map[string]string{
		"": "https://" + apiHost, "https://accounts.example.com": "https://accounts.example.com",
		"https://app.example.com/__clerk": "https://app.example.com/__clerk",
	} {
		a := newSite(t, func(s *settings.Settings) { s.PublicURL = publicURL }).browser()
		got := a.get("/.well-known/openid-configuration").must(200)
		got.is("issuer", issuer).is("jwks_uri", issuer+"/.well-known/jwks.json").is("id_token_signing_alg_values_supported", `=["RS256"]`)
		got.is("response_types_supported", `=["id_token"]`).is("subject_types_supported", `=["public"]`)
		jwt := newestToken(a.signUpWhole("ada@example.com"))
		claims, _ := base64.RawURLEncoding.DecodeString(strings.Split(jwt, ".")[1])
		if !strings.Contains(string(claims), `"iss":"`+issuer+`"`) {
			t.Errorf("the issuer is %s, and tokens say %s", issuer, claims)
		}
	}
}

// Public documents may be read by every page, without credentials, and kept for a
// while; everything else may not.
func TestPublicDocuments(t *testing.T) {
	a := newSite(t, nil).browser()
	for _, origin := range []string{"", appOrigin, "https://evil.example", "null"} {
		a.header = map[string]string{"origin": origin}
		for _, path := range []string{"/.well-known/jwks.json", "/.well-known/openid-configuration", "/v1/jwks"} {
			got := a.get(path).must(200)
			if got.header["access-control-allow-origin"] != "*" || got.header["access-control-allow-credentials"] != "" {
				t.Errorf("%s for %q: %v", path, origin, got.header)
			}
			if !strings.Contains(got.header["cache-control"], "public, max-age=") || strings.Contains(got.header["vary"], "Origin") {
				t.Errorf("%s: %v", path, got.header)
			}
			if len(got.cookies) > 0 {
				t.Errorf("%s sets cookies", path)
			}
			tag := got.header["etag"]
			for condition, status := range map[string]int{tag: 304, `"x", W/` + tag: 304, "*": 304, `"x"`: 200, strings.Trim(tag, `"`): 200} {
				a.header["if-none-match"] = condition
				if again := a.get(path).must(status); (again.text == "") != (status == 304) || again.header["etag"] != tag || again.header["access-control-allow-origin"] != "*" {
					t.Errorf("%s, if-none-match %s: %q, %v", path, condition, again.text, again.header)
				}
			}
			delete(a.header, "if-none-match")
		}
		for _, path := range []string{"/v1/client", "/v1/environment", "/v1/client/handshake", "/nothing"} {
			if got := a.get(path); got.header["access-control-allow-origin"] == "*" || got.header["cache-control"] != "no-store" {
				t.Errorf("%s: %v", path, got.header)
			}
		}
	}
}
