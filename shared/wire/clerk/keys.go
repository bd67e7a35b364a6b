package clerk

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/token"
)

const (
	jwksPath   = "/.well-known/jwks.json"
	openIDPath = "/.well-known/openid-configuration"

	// cacheKeys is far below what rotation allows for (token.LongestStaleness): a key
	// that was taken out is soon forgotten by verifiers, and a fault of ours isn't
	// theirs.
	cacheKeys = "public, max-age=600, stale-if-error=86400"
)

// PublicKeys serves KeySet: the JWK Set alone, as verifiers want it (RFC 7517 §5).
func PublicKeys(keys *token.SigningKeys) gateway.Handler {
	return func(_ context.Context, r *gateway.Request) (*gateway.Response, error) {
		set, err := keys.JWKS()
		if err != nil {
			return nil, err
		}
		return cacheable(r, set), nil
	}
}

// Discovery serves OpenIDConfiguration: the provider metadata (OpenID Connect
// Discovery 1.0 §3) of an issuer whose tokens are verified elsewhere. It names no
// endpoints of flows, since there are none.
func Discovery(s *settings.Settings) gateway.Handler {
	return func(_ context.Context, r *gateway.Request) (*gateway.Response, error) {
		issuer := issuerOf(s, r)
		metadata, err := json.Marshal(dict{
			"issuer": issuer, "jwks_uri": issuer + jwksPath,
			"id_token_signing_alg_values_supported": []string{token.Algorithm},
			"response_types_supported":              []string{"id_token"},
			"subject_types_supported":               []string{"public"},
			"claims_supported":                      []string{"amr", "aud", "azp", "exp", "fva", "iat", "iss", "jti", "nbf", "sid", "sts", "sub", "v"},
		})
		if err != nil {
			return nil, err
		}
		return cacheable(r, metadata), nil
	}
}

// cacheable answers with a JSON document that caches may keep, or with nothing to a
// caller that has it already (RFC 9110 §13.1.2).
func cacheable(r *gateway.Request, document []byte) *gateway.Response {
	sum := sha256.Sum256(document)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	resp := &gateway.Response{
		Status: http.StatusOK, Body: json.RawMessage(document),
		Header: map[string]string{"Cache-Control": cacheKeys, "ETag": tag},
	}
	for _, known := range strings.Split(r.Header("if-none-match"), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == tag || known == "*" {
			resp.Status, resp.Body = http.StatusNotModified, nil
		}
	}
	return resp
}
