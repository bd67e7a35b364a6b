package secret

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

const (
	macKeyBytes    = 32 // as long as SHA-256's output (RFC 2104 §3)
	macKeyIDPrefix = "m_"
	macKeyIDLength = 8 // base62 characters after the prefix
	redacted       = "[redacted]"
	base62Digits   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// Keyring holds the keys of the `mac` secret: the current one, under which new
// codes, tokens and password peppers are made, and every earlier one, which
// only verifies. A key is never dropped, because password hashes name theirs.
// A Keyring is safe for concurrent use; its zero value holds no key and can't be
// used.
type Keyring struct {
	keys  []ringKey // the first is current
	newer *newerKeys
}

// ringKey is one key as the `mac` document stores it.
type ringKey struct {
	ID        string `json:"id"`         // m_ and 8 base62 characters
	Key       []byte `json:"key"`        // 32 bytes, base64 in the document
	CreatedAt int64  `json:"created_at"` // Unix milliseconds
}

type ringDocument struct {
	Keys []ringKey `json:"keys"`
}

// NewKeyring makes a ring of one key from 32 bytes of rand, which must be
// cryptographically secure.
func NewKeyring(rand io.Reader, now time.Time) (*Keyring, error) {
	return new(Keyring).Rotate(rand, now)
}

// ParseKeyring reads a `mac` document,
//
//	{"keys":[{"id":"m_…","key":"<base64>","created_at":<Unix ms>}]}
//
// and refuses one with an unknown field, without keys, or with a key that
// isn't 32 bytes long or whose id is malformed or repeated. No error quotes
// the document.
func ParseKeyring(document []byte) (*Keyring, error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	var parsed ringDocument
	if decoder.Decode(&parsed) != nil || decoder.Decode(new(any)) != io.EOF {
		return nil, errors.New("secret: the mac document isn't a JSON object of the documented shape")
	}
	if len(parsed.Keys) == 0 {
		return nil, errors.New("secret: the mac document holds no keys")
	}
	seen := make(map[string]bool, len(parsed.Keys))
	for position, key := range parsed.Keys {
		switch {
		case !validMACKeyID(key.ID):
			return nil, fmt.Errorf("secret: key %d of the mac document has a malformed id", position+1)
		case seen[key.ID]:
			return nil, fmt.Errorf("secret: the mac document holds %s twice", key.ID)
		case len(key.Key) != macKeyBytes:
			return nil, fmt.Errorf("secret: %s of the mac document isn't %d bytes long", key.ID, macKeyBytes)
		}
		seen[key.ID] = true
	}
	return &Keyring{keys: parsed.Keys}, nil
}

// Rotate returns a ring with a new current key, made from rand, before all the
// keys of r. It leaves r as it is.
func (r *Keyring) Rotate(rand io.Reader, now time.Time) (*Keyring, error) {
	key := make([]byte, macKeyBytes)
	if _, err := io.ReadFull(rand, key); err != nil {
		return nil, fmt.Errorf("secret: make a mac key: %w", err)
	}
	id, err := newMACKeyID(rand)
	if err != nil {
		return nil, err
	}
	if _, taken := r.ByID(id); taken {
		return nil, fmt.Errorf("secret: the new key's id %s is taken", id)
	}
	keys := make([]ringKey, 0, len(r.keys)+1)
	keys = append(keys, ringKey{ID: id, Key: key, CreatedAt: now.UnixMilli()})
	return &Keyring{keys: append(keys, r.keys...)}, nil
}

// Current returns the key to make new values under.
func (r *Keyring) Current() MACKey {
	return MACKey{ID: r.keys[0].ID, Key: r.keys[0].Key}
}

// Oldest returns the first key that was ever made: it derives what must never change.
func (r *Keyring) Oldest() MACKey {
	oldest := r.keys[len(r.keys)-1]
	return MACKey{ID: oldest.ID, Key: oldest.Key}
}

// ByID returns the key of that exact id, current or old, and whether there is
// one.
func (r *Keyring) ByID(id string) (MACKey, bool) {
	for _, key := range r.keys {
		if key.ID == id {
			return MACKey{ID: key.ID, Key: key.Key}, true
		}
	}
	return r.newer.byID(id)
}

// MarshalJSON returns the `mac` document with all its key material. It exists
// to persist the ring; nothing that may be logged or sent may hold a Keyring
// where encoding/json finds it.
func (r *Keyring) MarshalJSON() ([]byte, error) {
	return json.Marshal(ringDocument{Keys: r.keys})
}

// Format redacts the ring under every fmt verb.
func (r *Keyring) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, r.String()) }

// String lists the keys' ids and no key material.
func (r *Keyring) String() string {
	var list strings.Builder
	for _, key := range r.keys {
		list.WriteString(key.ID + " ")
	}
	return list.String() + redacted
}

// LogValue redacts the ring for slog.
func (r *Keyring) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MACKey is one key of a Keyring. Only its ID may be stored, sent or logged.
type MACKey struct {
	ID  string // m_ and 8 base62 characters
	Key []byte // 32 bytes
}

// Sum returns the HMAC-SHA-256 (RFC 2104), 32 bytes, of purpose and parts
// under the key. Each is preceded by its length, so no two different lists of
// purpose and parts share an input: a sum made for one purpose can't be passed
// off as another's, nor bytes moved from one part to the next.
//
// Sum panics on a key that isn't 32 bytes long: a MAC under the empty key of a
// failed ByID could be forged by anyone.
func (k MACKey) Sum(purpose string, parts ...[]byte) []byte {
	if len(k.Key) != macKeyBytes {
		panic("secret: Sum under a MACKey that no Keyring returned")
	}
	mac := hmac.New(sha256.New, k.Key)
	var length [8]byte
	write := func(part []byte) {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:])
		mac.Write(part)
	}
	write([]byte(purpose))
	for _, part := range parts {
		write(part)
	}
	return mac.Sum(nil)
}

// Format redacts the key under every fmt verb.
func (k MACKey) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, k.String()) }

// String returns the key's id and no key material.
func (k MACKey) String() string { return k.ID + redacted }

// LogValue redacts the key for slog.
func (k MACKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON redacts the key: only a whole Keyring is ever persisted.
func (k MACKey) MarshalJSON() ([]byte, error) { return json.Marshal(k.String()) }

func newMACKeyID(rand io.Reader) (string, error) {
	id := []byte(macKeyIDPrefix)
	var octet [1]byte
	for len(id) < len(macKeyIDPrefix)+macKeyIDLength {
		if _, err := io.ReadFull(rand, octet[:]); err != nil {
			return "", fmt.Errorf("secret: make a mac key's id: %w", err)
		}
		// Six bits at a time, refusing 62 and 63, keep every digit as likely as any other.
		if digit := octet[0] & 63; int(digit) < len(base62Digits) {
			id = append(id, base62Digits[digit])
		}
	}
	return string(id), nil
}

func validMACKeyID(id string) bool {
	digits, found := strings.CutPrefix(id, macKeyIDPrefix)
	return found && len(digits) == macKeyIDLength && strings.Trim(digits, base62Digits) == ""
}
