// Package backend_test proves what back ends are given: session tokens, the keys that verify them and the handshake of server-rendered applications,
// by @clerk/backend of two majors and by JWT libraries of two languages, over HTTP against the whole stack.
package backend_test

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/local/stack"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/token"
)

const (
	issuer   = "https://accounts.example.test"
	audience = "https://api.example.test"
	app      = "https://app.example.test"

	// settings of a deployment: an app beside the API, in a domain that cookies share.
	settings = `{"allowed_origins": ["` + app + `"], "cookie": {"domain": "example.test"}, "session": {"audience": ["` + audience + `"]},
		"attributes": {"email_address": {"verify_at_sign_up": false}}}`
)

// world is what the verifiers are told, as JSON in WORLD.
type world struct {
	API      string    `json:"api"` // base URL of the stack, which is the issuer's to whoever asks for it by name
	Issuer   string    `json:"issuer"`
	Audience string    `json:"audience"`
	App      string    `json:"app"`
	Session  string    `json:"session"` // a token as the API gave it
	Forged   []forgery `json:"forged"`
}

// forgery is a token that must be refused by every verifier that looks at what is wrong with it.
type forgery struct {
	Name  string `json:"name"`
	Token string `json:"token"`
	// Blind are the verifiers that don't look: they leave it to the application.
	Blind []string `json:"blind"`
}

// newWorld starts a stack, signs a person up and forges tokens.
func newWorld(t *testing.T) world {
	t.Helper()
	keys, secrets := newSecrets(t)
	s, err := stack.Start(t.Context(), stack.Options{Settings: settings, PublicURL: issuer, Environment: map[string]string{"SECRETS": secrets}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	w := world{API: s.APIURL, Issuer: issuer, Audience: audience, App: app, Session: signUp(t, s.APIURL)}
	w.Forged = forgeries(t, keys)
	if claims, err := verify(keys, w.Session); err != nil || !strings.HasPrefix(claims.Subject, "user_") {
		t.Fatalf("a session's token: %+v, %v", claims, err)
	}
	for _, f := range w.Forged {
		if _, err := verify(keys, f.Token); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s: our own check: %v", f.Name, err)
		}
	}
	return w
}

func verify(keys *token.SigningKeys, compact string) (*token.Claims, error) {
	return keys.Verify(token.Session, compact, time.Now(), token.Expect{Issuer: issuer, Audience: audience})
}

func newSecrets(t *testing.T) (*token.SigningKeys, string) {
	t.Helper()
	ring, err := secret.NewKeyring(rand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := token.NewSigningKeys(rand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(map[string]any{"mac": ring, "signing": keys})
	if err != nil {
		t.Fatal(err)
	}
	return keys, string(document)
}

// signUp signs a person up on a page of the app and returns the session's token.
func signUp(t *testing.T, api string) string {
	t.Helper()
	form := url.Values{"email_address": {"ada@example.com"}, "password": {"correct horse battery staple"}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api+"/v1/client/sign_ups", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", app)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var told struct {
		Client struct {
			Sessions []struct {
				Token struct{ JWT string } `json:"last_active_token"`
			}
		}
	}
	if err := json.Unmarshal(body, &told); err != nil || len(told.Client.Sessions) != 1 {
		t.Fatalf("%v: %s", err, body)
	}
	return told.Client.Sessions[0].Token.JWT
}

// draft is a token in the making: right in everything until a forgery changes it.
type draft struct {
	keys         *token.SigningKeys
	head, claims map[string]any
	sign         func(input []byte) ([]byte, error)
	spoil        func(compact string) string
	blind        []string
}

func forgeries(t *testing.T, keys *token.SigningKeys) (all []forgery) {
	t.Helper()
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range changes(keys, stranger) {
		now := time.Now().Unix()
		d := &draft{
			keys: keys, sign: keys.Current().Sign, spoil: func(compact string) string { return compact },
			head: map[string]any{"alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": keys.Current().ID, "typ": "JWT"},
			claims: map[string]any{
				"iss": issuer, "aud": audience, "sub": "user_mallory", "sid": "sess_1", "jti": name, "v": 2, "sts": "active", "azp": app,
				"iat": now, "nbf": now - 10, "exp": now + 3600, "fva": []int{0, -1},
			},
		}
		if change(d); name == "" {
			continue
		}
		all = append(all, forgery{Name: name, Token: d.compact(t), Blind: d.blind})
	}
	return all
}

func changes(keys *token.SigningKeys, stranger *rsa.PrivateKey) map[string]func(*draft) {
	head := func(name string, value any, blind ...string) func(*draft) {
		return func(d *draft) { d.head[name], d.blind = value, blind }
	}
	claim := func(name string, value any, blind ...string) func(*draft) {
		return func(d *draft) { d.claims[name], d.blind = value, blind }
	}
	byStranger := func(d *draft) { d.sign = func(input []byte) ([]byte, error) { return rs256(stranger, input) } }
	now := time.Now().Unix()
	return map[string]func(*draft){
		"alg none": func(d *draft) { d.head["alg"], d.sign = "none", func([]byte) ([]byte, error) { return nil, nil } },
		"HS256 with the public key": func(d *draft) {
			d.head["alg"] = "HS256"
			d.sign = func(input []byte) ([]byte, error) { return hs256(keys, input) }
		},
		"an unknown kid":   head("kid", "ins_000000000000000000000000000"),
		"another's kid":    head("kid", otherKey(keys)),
		"a stranger's key": byStranger,
		"a stranger's key in the header": func(d *draft) {
			byStranger(d)
			encode := base64.RawURLEncoding.EncodeToString
			d.head["jwk"] = map[string]any{"kty": "RSA", "alg": "RS256", "kid": d.head["kid"], "n": encode(stranger.N.Bytes()), "e": "AQAB"}
		},
		"an access token":    head("typ", "at+jwt", "pyjwt"),
		"a machine's token":  head("cat", "cl_B7d4PD333AAA", "jose", "pyjwt", "clerk-backend-2"),
		"a template's token": head("cat", "cl_B7d4PD222AAA", "jose", "pyjwt", "clerk-backend-2", "clerk-backend-3"),
		"a critical extension": func(d *draft) {
			d.head["crit"], d.head["x"], d.blind = []string{"x"}, 1, []string{"clerk-backend-2", "clerk-backend-3"}
		},
		"expired":           func(d *draft) { d.claims["iat"], d.claims["nbf"], d.claims["exp"] = now-120, now-120, now-60 },
		"from the future":   func(d *draft) { d.claims["iat"], d.claims["nbf"] = now+600, now+600 },
		"another issuer":    claim("iss", "https://accounts.example.net", "clerk-backend-2"),
		"another audience":  claim("aud", "https://api.example.net"),
		"without a subject": func(d *draft) { delete(d.claims, "sub") },
		"without an end":    func(d *draft) { delete(d.claims, "exp") },
		"changed claims": func(d *draft) {
			d.spoil = func(compact string) string {
				parts := strings.Split(compact, ".")
				d.claims["sub"] = "user_admin"
				changed, _ := json.Marshal(d.claims)
				return parts[0] + "." + base64.RawURLEncoding.EncodeToString(changed) + "." + parts[2]
			}
		},
		"a handshake": func(d *draft) {
			minted, err := keys.Current().Mint(token.Handshake, token.NewRegistered(issuer, "", []string{issuer + "/v1/client/handshake"}, "1", time.Now(), time.Minute))
			d.spoil = func(string) string { return errText(minted.Reveal(), err) }
		},
	}
}

func errText(text string, err error) string {
	if err != nil {
		return err.Error()
	}
	return text
}

func (d *draft) compact(t *testing.T) string {
	t.Helper()
	var parts []string
	for _, part := range []map[string]any{d.head, d.claims} {
		text, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(text))
	}
	input := strings.Join(parts, ".")
	signature, err := d.sign([]byte(input))
	if err != nil {
		t.Fatal(err)
	}
	return d.spoil(input + "." + base64.RawURLEncoding.EncodeToString(signature))
}

func rs256(key *rsa.PrivateKey, input []byte) ([]byte, error) {
	sum := sha256.Sum256(input)
	return rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
}

// hs256 is a MAC with what everybody knows, as a verifier computes it that lets the token choose the algorithm.
func hs256(keys *token.SigningKeys, input []byte) ([]byte, error) {
	public, _ := keys.ByID(keys.Current().ID)
	der, err := x509.MarshalPKIXPublicKey(public)
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	mac.Write(input)
	return mac.Sum(nil), err
}

// otherKey is the id of a key in the set that isn't the current one.
func otherKey(keys *token.SigningKeys) string {
	text, _ := keys.JWKS()
	var set struct{ Keys []struct{ Kid string } }
	_ = json.Unmarshal(text, &set)
	for _, key := range set.Keys {
		if key.Kid != keys.Current().ID {
			return key.Kid
		}
	}
	return ""
}

// run runs a verifier's own tests and shows what they print when they fail.
func (w world) run(t *testing.T, program string, arguments ...string) {
	t.Helper()
	told, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, arguments...)
	cmd.Env = append(os.Environ(), "WORLD="+string(told))
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// TestR41R42R43R44R45InNode runs tokens.test.mjs and handshake.test.mjs: @clerk/backend and jose.
func TestR41R42R43R44R45InNode(t *testing.T) {
	if _, err := os.Stat("node_modules/clerk-backend-3"); err != nil {
		t.Fatal("@clerk/backend isn't installed: `make test` installs it")
	}
	newWorld(t).run(t, "node", "--test", "--test-reporter=spec", "tokens.test.mjs", "handshake.test.mjs")
}

// TestR41R42R43R44R45InPython runs tokens_test.py: PyJWT. `make python-check` says where Python is.
func TestR41R42R43R44R45InPython(t *testing.T) {
	python := os.Getenv("PYTHON")
	if python == "" {
		t.Skip("needs PyJWT: `make python-check` installs it and runs this")
	}
	newWorld(t).run(t, python, "tokens_test.py")
}
