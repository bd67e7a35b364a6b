// Package token holds the RS256 keys that sign Doorstep's JSON Web Tokens: how
// they are made, published as a JWK Set and rotated without a token ever being
// refused.
package token

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"strings"
	"time"
)

const (
	// Algorithm is the only one tokens are signed with and accepted under
	// (RFC 8725 §3.1). It is RSA because API Gateway's JWT authorizer takes no
	// other.
	Algorithm = "RS256"

	modulusBits  = 2048 // RFC 7518 §3.3's least, and what API Gateway and every SDK take
	keyIDPrefix  = "ins_"
	keyIDLength  = 27 // base62 characters after the prefix, 160 bits
	keyIDBytes   = 20
	redacted     = "[redacted]"
	base62Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// state is where a key stands in its life: published before use, signing, or
// published until its last token has expired.
type state string

const (
	stateNext     state = "next"
	stateCurrent  state = "current"
	statePrevious state = "previous"
)

// SigningKeys is the `signing` secret: one current key, which signs, one next
// key, and any number of previous ones; all are in the JWK Set. It is immutable,
// but for what Rereading returns, and safe for concurrent use; its zero value can't be used.
type SigningKeys struct {
	keys  []signingKey
	newer *newerKeys // in place of keys; see Rereading
}

type signingKey struct {
	id         string
	state      state
	private    *rsa.PrivateKey
	createdAt  time.Time
	stateSince time.Time
}

// storedKey is a key as the `signing` document holds it; times are Unix
// milliseconds.
type storedKey struct {
	ID         string `json:"id"`          // ins_ and 27 base62 characters
	State      state  `json:"state"`       // next, current or previous
	PrivateKey []byte `json:"private_key"` // PKCS #8 in DER, base64 in the document
	CreatedAt  int64  `json:"created_at"`
	StateSince int64  `json:"state_since"`
}

type signingDocument struct {
	Keys []storedKey `json:"keys"`
}

// NewSigningKeys makes the first current and next key, RSA of 2048 bits. It
// takes about 0.2 s of CPU. rand is handed to crypto/rsa, which since Go 1.26
// reads the system's secure source instead.
func NewSigningKeys(rand io.Reader, now time.Time) (*SigningKeys, error) {
	current, err := newSigningKey(rand, stateCurrent, now)
	if err != nil {
		return nil, err
	}
	next, err := newSigningKey(rand, stateNext, now)
	if err != nil {
		return nil, err
	}
	return &SigningKeys{keys: []signingKey{next, current}}, nil
}

// ParseSigningKeys reads a `signing` document,
//
//	{"keys":[{"id":"ins_…","state":"next|current|previous","private_key":"<base64>",
//	          "created_at":<Unix ms>,"state_since":<Unix ms>}]}
//
// and refuses one with an unknown field, without exactly one next and one
// current key, with another key type or size than RSA-2048, or with an id that
// isn't the key's own. No error quotes the document.
func ParseSigningKeys(document []byte) (*SigningKeys, error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	var parsed signingDocument
	if decoder.Decode(&parsed) != nil || decoder.Decode(new(any)) != io.EOF {
		return nil, errors.New("token: the signing document isn't a JSON object of the documented shape")
	}
	keys := &SigningKeys{}
	for position, stored := range parsed.Keys {
		key, err := stored.parse()
		if err != nil {
			return nil, fmt.Errorf("token: key %d of the signing document: %w", position+1, err)
		}
		if _, repeated := keys.byID(key.id); repeated {
			return nil, fmt.Errorf("token: the signing document holds %s twice", key.id)
		}
		keys.keys = append(keys.keys, key)
	}
	if keys.count(stateCurrent) != 1 || keys.count(stateNext) != 1 {
		return nil, errors.New("token: the signing document must hold one current and one next key")
	}
	return keys, nil
}

func (s storedKey) parse() (signingKey, error) {
	switch s.State {
	case stateNext, stateCurrent, statePrevious:
	default:
		return signingKey{}, errors.New("its state isn't next, current or previous")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(s.PrivateKey)
	private, isRSA := parsed.(*rsa.PrivateKey)
	if err != nil || !isRSA || private.N.BitLen() != modulusBits {
		return signingKey{}, fmt.Errorf("its private key isn't RSA of %d bits in PKCS #8", modulusBits)
	}
	if s.ID != keyID(&private.PublicKey) {
		return signingKey{}, errors.New("its id isn't the one made of its public key")
	}
	return signingKey{
		id: s.ID, state: s.State, private: private,
		createdAt: time.UnixMilli(s.CreatedAt), stateSince: time.UnixMilli(s.StateSince),
	}, nil
}

func newSigningKey(rand io.Reader, in state, now time.Time) (signingKey, error) {
	private, err := rsa.GenerateKey(rand, modulusBits)
	if err != nil {
		return signingKey{}, fmt.Errorf("token: make a signing key: %w", err)
	}
	return signingKey{id: keyID(&private.PublicKey), state: in, private: private, createdAt: now, stateSince: now}, nil
}

// keyID derives the `kid` from the key itself, so that one kid never names two
// keys: 160 bits of the JWK thumbprint (RFC 7638) in base62.
func keyID(public *rsa.PublicKey) string {
	thumbprint := sha256.Sum256([]byte(`{"e":"` + encodeExponent(public) + `","kty":"RSA","n":"` + encodeModulus(public) + `"}`))
	number := new(big.Int).SetBytes(thumbprint[:keyIDBytes])
	base, digit := big.NewInt(int64(len(base62Digits))), new(big.Int)
	var digits [keyIDLength]byte
	for i := len(digits) - 1; i >= 0; i-- {
		number.DivMod(number, base, digit)
		digits[i] = base62Digits[digit.Int64()]
	}
	return keyIDPrefix + string(digits[:])
}

// Current returns the key that signs new tokens.
func (k *SigningKeys) Current() Signer {
	for _, key := range k.all() {
		if key.state == stateCurrent {
			return Signer{ID: key.id, private: key.private}
		}
	}
	panic("token: Current of a SigningKeys that neither NewSigningKeys nor ParseSigningKeys made")
}

// ByID returns the public key of that exact `kid`, whatever its state, and
// whether there is one. A token's other key headers (`jku`, `x5u`, `jwk`) have
// no say (RFC 8725 §3.10).
func (k *SigningKeys) ByID(id string) (*rsa.PublicKey, bool) {
	key, found := k.byID(id)
	if !found {
		return nil, false
	}
	return &key.private.PublicKey, true
}

func (k *SigningKeys) byID(id string) (signingKey, bool) {
	for _, key := range k.all() {
		if key.id == id {
			return key, true
		}
	}
	return signingKey{}, false
}

func (k *SigningKeys) count(in state) (count int) {
	for _, key := range k.all() {
		if key.state == in {
			count++
		}
	}
	return count
}

// JWKS returns the public keys as a JWK Set (RFC 7517 §5): next, current and
// previous ones alike, so that a verifier knows a key before its first token
// and until its last. It holds nothing secret.
func (k *SigningKeys) JWKS() ([]byte, error) {
	type publicJWK struct {
		Use       string `json:"use"`
		KeyType   string `json:"kty"`
		KeyID     string `json:"kid"`
		Algorithm string `json:"alg"`
		Modulus   string `json:"n"`
		Exponent  string `json:"e"`
	}
	set := struct {
		Keys []publicJWK `json:"keys"`
	}{Keys: []publicJWK{}}
	for _, key := range k.all() {
		set.Keys = append(set.Keys, publicJWK{
			Use: "sig", KeyType: "RSA", KeyID: key.id, Algorithm: Algorithm,
			Modulus: encodeModulus(&key.private.PublicKey), Exponent: encodeExponent(&key.private.PublicKey),
		})
	}
	return json.Marshal(set)
}

func encodeModulus(public *rsa.PublicKey) string {
	return base64.RawURLEncoding.EncodeToString(public.N.Bytes())
}

func encodeExponent(public *rsa.PublicKey) string {
	octets := binary.BigEndian.AppendUint64(nil, uint64(public.E))
	return base64.RawURLEncoding.EncodeToString(bytes.TrimLeft(octets, "\x00"))
}

// MarshalJSON returns the `signing` document with all its private keys. It
// exists to persist the keys; nothing that may be logged or sent may hold a
// SigningKeys where encoding/json finds it.
func (k *SigningKeys) MarshalJSON() ([]byte, error) {
	document := signingDocument{Keys: []storedKey{}}
	for _, key := range k.all() {
		der, err := x509.MarshalPKCS8PrivateKey(key.private)
		if err != nil {
			return nil, fmt.Errorf("token: encode %s: %w", key.id, err)
		}
		document.Keys = append(document.Keys, storedKey{
			ID: key.id, State: key.state, PrivateKey: der,
			CreatedAt: key.createdAt.UnixMilli(), StateSince: key.stateSince.UnixMilli(),
		})
	}
	return json.Marshal(document)
}

// Format redacts the keys under every fmt verb.
func (k *SigningKeys) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, k.String()) }

// LogValue redacts the keys for slog.
func (k *SigningKeys) LogValue() slog.Value { return slog.StringValue(k.String()) }

// String lists each key's id and state, and no key material.
func (k *SigningKeys) String() string {
	var list strings.Builder
	for _, key := range k.all() {
		fmt.Fprintf(&list, "%s %s ", key.state, key.id)
	}
	return list.String() + redacted
}
