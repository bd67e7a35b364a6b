package token

import (
	"crypto"
	"crypto/hmac"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	testIssuer   = "https://accounts.example.com"
	testAudience = "https://api.example.com"
)

var testExpect = Expect{Issuer: testIssuer, Audience: testAudience}

type object = map[string]any

// forgery is a token in the making: right in everything until a case changes it.
type forgery struct {
	keys           *SigningKeys
	header, claims object
	sign           func(input []byte) []byte
}

func newForgery(kind Kind) *forgery {
	keys := keysInStates(stateNext, stateCurrent, statePrevious)
	typ, category, _ := kind.header()
	f := &forgery{
		keys:   keys,
		header: object{"alg": "RS256", "kid": keys.Current().ID, "typ": typ},
		claims: object{
			"iss": testIssuer, "aud": testAudience, "sub": "user_1", "jti": "1",
			"iat": signingMoment.Unix(), "nbf": signingMoment.Unix() - 10, "exp": signingMoment.Unix() + 60,
		},
		sign: func(input []byte) []byte { return rs256(keys.Current().private, input) },
	}
	if category != "" {
		f.header["cat"] = category
	}
	if kind == Handshake {
		delete(f.claims, "sub")
	}
	return f
}

func rs256(key *rsa.PrivateKey, input []byte) []byte {
	sum := sha256.Sum256(input)
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return signature
}

func (f *forgery) compact(t *testing.T) string {
	t.Helper()
	parts := make([]string, 0, 3)
	for _, part := range []object{f.header, f.claims} {
		text, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(text))
	}
	input := strings.Join(parts, ".")
	return input + "." + base64.RawURLEncoding.EncodeToString(f.sign([]byte(input)))
}

// refused holds that each case's change, and nothing else, has the token refused.
func refused(t *testing.T, kind Kind, cases map[string]func(*forgery)) {
	t.Helper()
	right := newForgery(kind)
	if _, err := right.keys.Verify(kind, right.compact(t), signingMoment, testExpect); err != nil {
		t.Fatalf("the right token is refused: %v", err)
	}
	for name, change := range cases {
		f := newForgery(kind)
		change(f)
		claims, err := f.keys.Verify(kind, f.compact(t), signingMoment, testExpect)
		if !errors.Is(err, ErrInvalid) || claims != nil {
			t.Errorf("%s: %+v, %v", name, claims, err)
		}
	}
}

func TestMintedTokensVerify(t *testing.T) {
	keys := keysInStates(stateNext, stateCurrent)
	for kind, subject := range map[Kind]string{Session: "user_1", Handshake: ""} {
		registered := NewRegistered(testIssuer, subject, []string{"other", testAudience}, "id", signingMoment, time.Minute)
		minted, err := keys.Current().Mint(kind, struct {
			Registered
			Own int `json:"own"`
		}{registered, 7})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v", minted, minted, minted), "eyJ") {
			t.Error("a token shows itself")
		}
		got, err := keys.Verify(kind, minted.Reveal(), signingMoment, testExpect)
		if err != nil {
			t.Fatal(err)
		}
		want := &Claims{
			Issuer: testIssuer, Subject: subject, ID: "id", Audience: []string{"other", testAudience},
			IssuedAt: signingMoment.Truncate(time.Second), ExpiresAt: signingMoment.Truncate(time.Second).Add(time.Minute), All: got.All,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("kind %d (-want +got):\n%s", kind, diff)
		}
		var own struct{ Own int }
		if json.Unmarshal(got.All, &own) != nil || own.Own != 7 {
			t.Errorf("own claims are %s", got.All)
		}
	}
	if _, err := keys.Current().Mint(Kind(0), Registered{}); err == nil {
		t.Error("a token of no kind was made")
	}
}

// The header is exactly what the wire has, in this order, with nothing more.
func TestHeaders(t *testing.T) {
	keys := keysInStates(stateNext, stateCurrent)
	for kind, want := range map[Kind]string{
		Session:   `{"alg":"RS256","cat":"cl_B7d4PD111AAA","kid":"` + keys.Current().ID + `","typ":"JWT"}`,
		Handshake: `{"alg":"RS256","kid":"` + keys.Current().ID + `","typ":"JWT"}`,
	} {
		minted, err := keys.Current().Mint(kind, Registered{})
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(minted.Reveal(), ".")
		if got, _ := base64.RawURLEncoding.DecodeString(head); string(got) != want {
			t.Errorf("header %s, want %s", got, want)
		}
	}
}

func TestR41OneAlgorithm(t *testing.T) {
	public := func(f *forgery) []byte {
		der, err := x509.MarshalPKIXPublicKey(&f.keys.Current().private.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	hs256 := func(secret func(*forgery) []byte) func(*forgery) {
		return func(f *forgery) {
			key := secret(f)
			f.header["alg"] = "HS256"
			f.sign = func(input []byte) []byte {
				mac := hmac.New(sha256.New, key)
				mac.Write(input)
				return mac.Sum(nil)
			}
		}
	}
	cases := map[string]func(*forgery){
		"none, unsigned":                  func(f *forgery) { f.header["alg"], f.sign = "none", func([]byte) []byte { return nil } },
		"none, signed":                    func(f *forgery) { f.header["alg"] = "none" },
		"no alg":                          func(f *forgery) { delete(f.header, "alg") },
		"alg of a list":                   func(f *forgery) { f.header["alg"] = []string{"RS256"} },
		"RS256 unsigned":                  func(f *forgery) { f.sign = func([]byte) []byte { return nil } },
		"HS256 with the public key's DER": hs256(public),
		"HS256 with the public key's PEM": hs256(func(f *forgery) []byte {
			return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public(f)})
		}),
		"HS256 with the modulus": hs256(func(f *forgery) []byte { return f.keys.Current().private.N.Bytes() }),
		"HS256 with nothing":     hs256(func(*forgery) []byte { return nil }),
		"RS512 by the right key": func(f *forgery) {
			f.header["alg"] = "RS512"
			f.sign = func(input []byte) []byte {
				sum := sha512.Sum512(input)
				signature, _ := rsa.SignPKCS1v15(nil, f.keys.Current().private, crypto.SHA512, sum[:])
				return signature
			}
		},
		"PS256 by the right key": func(f *forgery) {
			f.header["alg"] = "PS256"
			f.sign = func(input []byte) []byte {
				sum := sha256.Sum256(input)
				signature, _ := rsa.SignPSS(cryptorand.Reader, f.keys.Current().private, crypto.SHA256, sum[:], nil)
				return signature
			}
		},
		"another input's signature": func(f *forgery) {
			f.sign = func([]byte) []byte { return rs256(f.keys.Current().private, []byte("a.b")) }
		},
	}
	for _, spelling := range []string{"nOnE", "None", "rs256", "RS256 ", "ES256", "EdDSA", ""} {
		cases["alg "+spelling] = func(f *forgery) { f.header["alg"] = spelling }
	}
	refused(t, Session, cases)
}

// TestR42KeysComeFromUs: what the header says of keys isn't looked at, its kid is
// compared as a whole, and a critical extension is one too many.
func TestR42KeysComeFromUs(t *testing.T) {
	stranger := testKeys()[11]
	byStranger := func(f *forgery) {
		f.sign = func(input []byte) []byte { return rs256(stranger.private, input) }
		f.header["jwk"] = object{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": f.header["kid"],
			"n": encodeModulus(&stranger.private.PublicKey), "e": encodeExponent(&stranger.private.PublicKey),
		}
		f.header["jku"], f.header["x5u"] = "https://attacker.example/jwks.json", "https://attacker.example/cert.pem"
		f.header["x5c"] = []string{"MIIB"}
	}
	cases := map[string]func(*forgery){
		"a stranger's key with our kid": byStranger,
		"a stranger's own kid":          func(f *forgery) { byStranger(f); f.header["kid"] = stranger.id },
		"no kid, the right key":         func(f *forgery) { delete(f.header, "kid") },
		"empty kid":                     func(f *forgery) { f.header["kid"] = "" },
		"a part of the kid":             func(f *forgery) { f.header["kid"] = f.keys.Current().ID[:20] },
		"the kid and more":              func(f *forgery) { f.header["kid"] = f.keys.Current().ID + " " },
		"the kid in another case":       func(f *forgery) { f.header["kid"] = strings.ToUpper(f.keys.Current().ID) },
		"the kid in a path":             func(f *forgery) { f.header["kid"] = "../" + f.keys.Current().ID },
		"the kid in a list":             func(f *forgery) { f.header["kid"] = []string{f.keys.Current().ID} },
		"another key of ours":           func(f *forgery) { f.header["kid"] = f.keys.keys[0].id },
		"a critical extension":          func(f *forgery) { f.header["crit"], f.header["exp"] = []string{"exp"}, 1 },
		"an unencoded payload":          func(f *forgery) { f.header["crit"], f.header["b64"] = []string{"b64"}, false },
		"an empty list of extensions":   func(f *forgery) { f.header["crit"] = []string{} },
	}
	refused(t, Session, cases)
	ignored := newForgery(Session)
	ignored.header["jku"], ignored.header["jwk"] = "https://attacker.example/jwks.json", object{"kty": "oct", "k": "AAAA"}
	if _, err := ignored.keys.Verify(Session, ignored.compact(t), signingMoment, testExpect); err != nil {
		t.Errorf("keys in the header aren't ignored: %v", err)
	}
}

func TestR43ClaimsAreThereAndTimesHold(t *testing.T) {
	cases := map[string]func(*forgery){}
	for _, claim := range []string{"iss", "sub", "aud", "exp", "iat", "jti"} {
		cases["no "+claim] = func(f *forgery) { delete(f.claims, claim) }
		cases["null "+claim] = func(f *forgery) { f.claims[claim] = nil }
		cases["object "+claim] = func(f *forgery) { f.claims[claim] = object{} }
	}
	for _, claim := range []string{"exp", "iat", "nbf"} {
		cases["text "+claim] = func(f *forgery) { f.claims[claim] = "soon" }
		cases["endless "+claim] = func(f *forgery) { f.claims[claim] = 1e300 }
	}
	cases["a day and a second long"] = func(f *forgery) { f.claims["exp"] = signingMoment.Add(LongestToken + time.Second).Unix() }
	cases["empty sub"] = func(f *forgery) { f.claims["sub"] = "" }
	refused(t, Session, cases)

	f := newForgery(Session)
	compact := f.compact(t)
	at := func(offset time.Duration) error {
		_, err := f.keys.Verify(Session, compact, signingMoment.Truncate(time.Second).Add(offset), testExpect)
		return err
	}
	for offset, accepted := range map[time.Duration]bool{
		-ClockSkew - 11*time.Second: false, // before nbf
		-ClockSkew - time.Second:    false, // before iat
		-ClockSkew:                  true,
		0:                           true,
		time.Minute:                 true,
		time.Minute + ClockSkew - 1: true,
		time.Minute + ClockSkew:     false,
		365 * 24 * time.Hour:        false,
	} {
		if err := at(offset); (err == nil) != accepted {
			t.Errorf("at %s: %v", offset, err)
		}
	}
}

// TestR44KindsAreNotInterchangeable: a token of each kind is refused as every other,
// and so is one whose header says nothing or something else of its kind.
func TestR44KindsAreNotInterchangeable(t *testing.T) {
	kinds := []Kind{Session, Handshake, AccountAccess, AccountIdentity, UserIdentity}
	for _, made := range kinds {
		for _, wanted := range kinds {
			f := newForgery(made)
			_, err := f.keys.Verify(wanted, f.compact(t), signingMoment, testExpect)
			if (err == nil) != (made == wanted) {
				t.Errorf("made as %d, wanted as %d: %v", made, wanted, err)
			}
		}
	}
	refused(t, Session, map[string]func(*forgery){
		"no typ":            func(f *forgery) { delete(f.header, "typ") },
		"access token's":    func(f *forgery) { f.header["typ"] = "at+jwt" },
		"typ in lower case": func(f *forgery) { f.header["typ"] = "jwt" },
		"no category":       func(f *forgery) { delete(f.header, "cat") },
		"a template's":      func(f *forgery) { f.header["cat"] = "cl_B7d4PD222AAA" },
		"a machine's":       func(f *forgery) { f.header["cat"] = "cl_B7d4PD333AAA" },
		"null category":     func(f *forgery) { f.header["cat"] = nil },
	})
	refused(t, Handshake, map[string]func(*forgery){
		"a category":    func(f *forgery) { f.header["cat"] = "cl_B7d4PD111AAA" },
		"null category": func(f *forgery) { f.header["cat"] = nil },
		"a subject":     func(f *forgery) { f.claims["sub"] = "user_1" },
	})
	if _, err := keysInStates(stateCurrent).Verify(Kind(9), "a.b.c", signingMoment, testExpect); err == nil || errors.Is(err, ErrInvalid) {
		t.Errorf("an undeclared kind: %v", err)
	}
}

func TestR45AudienceAndIssuer(t *testing.T) {
	refused(t, Session, map[string]func(*forgery){
		"another audience":      func(f *forgery) { f.claims["aud"] = "https://other.example" },
		"other audiences":       func(f *forgery) { f.claims["aud"] = []string{"a", "b"} },
		"no audience":           func(f *forgery) { f.claims["aud"] = []string{} },
		"a part of it":          func(f *forgery) { f.claims["aud"] = testAudience[:12] },
		"with a slash":          func(f *forgery) { f.claims["aud"] = testAudience + "/" },
		"numbers":               func(f *forgery) { f.claims["aud"] = []int{1} },
		"another issuer":        func(f *forgery) { f.claims["iss"] = "https://other.example" },
		"the issuer and a path": func(f *forgery) { f.claims["iss"] = testIssuer + "/" },
		"a list of issuers":     func(f *forgery) { f.claims["iss"] = []string{testIssuer} },
	})
	f := newForgery(Session)
	f.claims["aud"] = []string{"other", testAudience}
	if _, err := f.keys.Verify(Session, f.compact(t), signingMoment, testExpect); err != nil {
		t.Errorf("one of several audiences: %v", err)
	}
	for _, expect := range []Expect{{}, {Issuer: testIssuer}, {Audience: testAudience}} {
		if _, err := f.keys.Verify(Session, f.compact(t), signingMoment, expect); err == nil {
			t.Errorf("verified for %+v", expect)
		}
	}
}

// Whatever isn't a compact JWS is refused, and nothing quotes it.
func TestMalformedTokensAreRefused(t *testing.T) {
	f := newForgery(Session)
	right := f.compact(t)
	head, rest, _ := strings.Cut(right, ".")
	claims, signature, _ := strings.Cut(rest, ".")
	for name, text := range map[string]string{
		"nothing": "", "dots": "..", "two parts": head + "." + claims, "four parts": right + ".", "five parts, as a JWE": right + "..",
		"padding": head + "=." + rest, "a space": " " + right, "a line": right + "\n", "standard base64": strings.Replace(right, head, "+/8", 1),
		"stray bits": right[:len(right)-1] + string(right[len(right)-1]+1), "JSON form": `{"payload":"` + claims + `","signature":"` + signature + `"}`,
		"long": head + "." + strings.Repeat("A", maxTokenBytes) + "." + signature, "a header that is a list": "W10." + rest, "claims that are a list": head + ".W10." + signature,
		"Bearer": "Bearer " + right,
	} {
		_, err := f.keys.Verify(Session, text, signingMoment, testExpect)
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		} else if len(text) > 40 && strings.Contains(err.Error(), signature[:20]) {
			t.Errorf("%s: the error quotes the token", name)
		}
	}
}

func FuzzVerify(f *testing.F) {
	keys := keysInStates(stateNext, stateCurrent)
	minted, err := keys.Current().Mint(Session, NewRegistered(testIssuer, "user_1", []string{testAudience}, "id", signingMoment, time.Minute))
	if err != nil {
		f.Fatal(err)
	}
	right := minted.Reveal()
	f.Add(right)
	f.Add("e30.e30.")
	f.Fuzz(func(t *testing.T, compact string) {
		_, err := keys.Verify(Session, compact, signingMoment, testExpect)
		if (err == nil) != (compact == right) {
			t.Errorf("%q: %v", compact, err)
		}
	})
}
