package token

import (
	"bytes"
	"crypto"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var signingMoment = time.UnixMilli(1_767_225_600_123)

// testKeys are made once: RSA keys are the slow part of these tests.
var testKeys = sync.OnceValue(func() (keys []signingKey) {
	for range 12 {
		key, err := newSigningKey(cryptorand.Reader, stateNext, signingMoment)
		if err != nil {
			panic(err)
		}
		keys = append(keys, key)
	}
	return keys
})

func keysInStates(states ...state) *SigningKeys {
	keys := &SigningKeys{}
	for i, in := range states {
		key := testKeys()[i]
		key.state = in
		keys.keys = append(keys.keys, key)
	}
	return keys
}

func TestNewSigningKeysSignAtOnce(t *testing.T) {
	keys, err := NewSigningKeys(cryptorand.Reader, signingMoment)
	if err != nil {
		t.Fatal(err)
	}
	if keys.count(stateCurrent) != 1 || keys.count(stateNext) != 1 || len(keys.keys) != 2 {
		t.Errorf("new keys are %s, want one current and one next", keys)
	}
	if !regexp.MustCompile(`^ins_[0-9A-Za-z]{27}$`).MatchString(keys.Current().ID) {
		t.Errorf("malformed kid %q", keys.Current().ID)
	}
	input := []byte("header.payload")
	signature, err := keys.Current().Sign(input)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(input)
	if err := rsa.VerifyPKCS1v15(publicFromJWKS(t, keys, keys.Current().ID), crypto.SHA256, digest[:], signature); err != nil {
		t.Errorf("the published key doesn't verify the signature: %v", err)
	}
}

// publicFromJWKS reads the key back as another party would.
func publicFromJWKS(t *testing.T, keys *SigningKeys, id string) *rsa.PublicKey {
	t.Helper()
	document, err := keys.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Keys []struct{ Kid, N, E string }
	}
	if err := json.Unmarshal(document, &set); err != nil {
		t.Fatal(err)
	}
	for _, key := range set.Keys {
		modulus, errN := base64.RawURLEncoding.DecodeString(key.N)
		exponent, errE := base64.RawURLEncoding.DecodeString(key.E)
		if errN != nil || errE != nil {
			t.Fatalf("malformed JWK %+v", key)
		}
		if key.Kid == id {
			return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
		}
	}
	return nil
}

// R41, R46: RFC 7517's members, one algorithm, and no private one (RFC 7518 §6.3.2).
func TestR41R46JWKSHoldsEveryStateAndNothingPrivate(t *testing.T) {
	keys := keysInStates(stateNext, stateCurrent, statePrevious)
	document, err := keys.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(document, &set); err != nil {
		t.Fatal(err)
	}
	var want []map[string]string
	for _, key := range keys.keys {
		modulus := base64.RawURLEncoding.EncodeToString(key.private.N.Bytes())
		want = append(want, map[string]string{"use": "sig", "kty": "RSA", "alg": "RS256", "kid": key.id, "e": "AQAB", "n": modulus})
	}
	if diff := cmp.Diff(want, set.Keys); diff != "" {
		t.Errorf("JWKS (-want +got):\n%s", diff)
	}
}

func TestR42KidIsAnExactLookUp(t *testing.T) {
	keys := keysInStates(stateNext, stateCurrent, statePrevious)
	for _, key := range keys.keys {
		if public, found := keys.ByID(key.id); !found || !public.Equal(&key.private.PublicKey) {
			t.Errorf("%s isn't found", key.id)
		}
	}
	for _, id := range []string{"", "ins_", keys.keys[0].id + "x", strings.ToUpper(keys.keys[0].id), keys.keys[0].id[:30]} {
		if _, found := keys.ByID(id); found {
			t.Errorf("%q found a key", id)
		}
	}
}

func TestSigningParseMarshalIdentity(t *testing.T) {
	keys := keysInStates(stateNext, stateCurrent, statePrevious, statePrevious)
	document, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := ParseSigningKeys(document)
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(parsed)
	if err != nil || !bytes.Equal(document, again) {
		t.Errorf("parse and marshal changed the document (%v)", err)
	}
	if parsed.Current().ID != keys.keys[1].id {
		t.Errorf("the current key is %s, want %s", parsed.Current().ID, keys.keys[1].id)
	}
}

func TestParseSigningKeysRefuses(t *testing.T) {
	var good signingDocument
	document, err := json.Marshal(keysInStates(stateNext, stateCurrent))
	if err != nil {
		t.Fatal(err)
	}
	small, err := rsa.GenerateKey(cryptorand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]func(*signingDocument){
		"no keys":          func(d *signingDocument) { d.Keys = nil },
		"no current":       func(d *signingDocument) { d.Keys[1].State = statePrevious },
		"no next":          func(d *signingDocument) { d.Keys[0].State = statePrevious },
		"two current":      func(d *signingDocument) { d.Keys[0].State = stateCurrent },
		"unknown state":    func(d *signingDocument) { d.Keys[0].State = "retired" },
		"repeated key":     func(d *signingDocument) { d.Keys[0] = d.Keys[1]; d.Keys[0].State = stateNext },
		"foreign id":       func(d *signingDocument) { d.Keys[0].ID = keyIDPrefix + strings.Repeat("0", keyIDLength) },
		"no private key":   func(d *signingDocument) { d.Keys[0].PrivateKey = nil },
		"damaged key":      func(d *signingDocument) { d.Keys[0].PrivateKey = d.Keys[0].PrivateKey[:100] },
		"too small a key":  func(d *signingDocument) { d.Keys[0] = stored(t, small) },
		"nothing (as nil)": nil,
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			var text []byte
			if damage != nil {
				if err := json.Unmarshal(document, &good); err != nil {
					t.Fatal(err)
				}
				damage(&good)
				text, _ = json.Marshal(good)
			}
			if _, err := ParseSigningKeys(text); err == nil {
				t.Error("accepted")
			}
		})
	}
	if _, err := ParseSigningKeys(append(document, '{')); err == nil {
		t.Error("text after the document accepted")
	}
}

func stored(t *testing.T, private *rsa.PrivateKey) storedKey {
	t.Helper()
	keys := &SigningKeys{keys: []signingKey{{id: keyID(&private.PublicKey), state: stateNext, private: private}}}
	text, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	var document signingDocument
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return document.Keys[0]
}

// R59: private keys reach no log, whichever way they are printed.
func TestR59SigningKeysAreRedacted(t *testing.T) {
	keys := keysInStates(stateNext, stateCurrent)
	signer := keys.Current()
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(handler).Info("x", "keys", keys, "signer", signer, "struct", struct{ S Signer }{signer})
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		fmt.Fprintf(&log, verb+" "+verb+" "+verb+" "+verb+"\n", keys, signer, &signer, struct{ S Signer }{signer})
	}
	encoded, err := json.Marshal(map[string]any{"signer": signer})
	if err != nil {
		t.Fatal(err)
	}
	log.Write(encoded)
	for _, number := range []*big.Int{signer.private.D, signer.private.Primes[0]} {
		for _, form := range []string{number.String(), hex.EncodeToString(number.Bytes()), fmt.Sprintf("%X", number)} {
			if strings.Contains(log.String(), form[10:40]) {
				t.Errorf("private key material in:\n%s", log.String())
			}
		}
	}
	if !strings.Contains(log.String(), signer.ID) {
		t.Error("a key's id should be there to name it")
	}
}
