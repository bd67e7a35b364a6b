package password

import (
	"crypto/subtle"
	"fmt"
	"io"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// macPurpose keeps the pepper apart from other uses of the same MAC keys.
const macPurpose = "password"

// Sizes of a hash, in bytes (RFC 9106 §3.1, §4).
const (
	saltSize = 16
	hashSize = 32
)

// Hasher hashes passwords with argon2id (R8): the password in NFC goes through an
// HMAC under a key that the table doesn't hold (the pepper), and the result
// through argon2id with a salt of its own. It is safe for concurrent use if rand is.
type Hasher struct {
	cost settings.Argon2
	keys *secret.Keyring
	rand io.Reader
}

// NewHasher returns a Hasher that hashes at cost under the current key of keys.
// rand yields the salts and must be cryptographically secure.
func NewHasher(cost settings.Argon2, keys *secret.Keyring, rand io.Reader) *Hasher {
	return &Hasher{cost: cost, keys: keys, rand: rand}
}

// Hash returns the PHC string to keep, which names cost and key:
//
//	$argon2id$v=19$m=19456,t=2,p=1,keyid=…$salt$hash
//
// An error is a fault of ours: a cost out of bounds, or no randomness.
func (h *Hasher) Hash(candidate secret.Text) (string, error) {
	key := h.keys.Current()
	made := phc{cost: h.cost, keyID: key.ID, salt: make([]byte, saltSize)}
	if err := made.check(); err != nil {
		return "", err
	}
	if _, err := io.ReadFull(h.rand, made.salt); err != nil {
		return "", fmt.Errorf("password: make a salt: %w", err)
	}
	made.hash = derive(candidate, key, made)
	return made.String(), nil
}

// Verify reports whether candidate is the password that stored was made of, in
// constant time (R9). rehash says that it is and that stored should be replaced
// by a new Hash, because cost or key have changed since. An error means that
// stored can't be judged: it isn't one of our strings, asks for absurd work, or
// names a key that the ring doesn't hold.
func (h *Hasher) Verify(stored string, candidate secret.Text) (ok, rehash bool, err error) {
	kept, err := parsePHC(stored)
	if err != nil {
		return false, false, err
	}
	key, found := h.keys.ByID(kept.keyID)
	if !found {
		return false, false, fmt.Errorf("password: the hash names %q, which the ring doesn't hold", kept.keyID)
	}
	ok = subtle.ConstantTimeCompare(derive(candidate, key, kept), kept.hash) == 1
	current := kept.cost == h.cost && kept.keyID == h.keys.Current().ID && len(kept.salt) == saltSize
	return ok, ok && !current, nil
}

// Dummy does the work of one Verify for an account that doesn't exist, so that
// the answer's time doesn't tell (R9).
func (h *Hasher) Dummy(candidate secret.Text) {
	nobody := phc{cost: h.cost, salt: make([]byte, saltSize)}
	if nobody.check() == nil {
		derive(candidate, h.keys.Current(), nobody)
	}
}

// derive is argon2id over the peppered password, at the cost and with the salt of p.
func derive(candidate secret.Text, key secret.MACKey, p phc) []byte {
	peppered := key.Sum(macPurpose, norm.NFC.Bytes([]byte(candidate.Reveal())))
	return argon2.IDKey(peppered, p.salt, p.cost.Iterations, p.cost.MemoryKiB, p.cost.Lanes, hashSize)
}
