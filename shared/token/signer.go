package token

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// Signer signs with one private key, of which only the ID may be seen.
type Signer struct {
	ID      string // the `kid` of what it signs
	private *rsa.PrivateKey
}

// Sign returns the RS256 signature (RFC 7518 §3.3) of a JWS signing input,
// 256 bytes.
func (s Signer) Sign(input []byte) ([]byte, error) {
	digest := sha256.Sum256(input)
	signature, err := rsa.SignPKCS1v15(nil, s.private, crypto.SHA256, digest[:])
	if err != nil {
		return nil, fmt.Errorf("token: sign with %s: %w", s.ID, err)
	}
	return signature, nil
}

// Format redacts the key under every fmt verb.
func (s Signer) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, s.String()) }

// String returns the key's id and no key material.
func (s Signer) String() string { return s.ID + redacted }

// LogValue redacts the key for slog.
func (s Signer) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON redacts the key.
func (s Signer) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }
