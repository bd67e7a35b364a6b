package token

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// house is a deployment over years: one document, processes that never end, and
// applications that keep the JWK Set.
type house struct {
	t       *testing.T
	now     atomic.Pointer[time.Time]
	mu      sync.Mutex
	written *SigningKeys
	broken  bool // whether Secrets Manager can't be reached
}

func (h *house) clock() time.Time { return *h.now.Load() }

func (h *house) read() (*SigningKeys, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.broken {
		return nil, errors.New("unreachable")
	}
	return h.written, nil
}

// application verifies with its copy of the JWK Set, which it fetches again when that
// is maxAge old, and not for a token's sake.
type application struct {
	maxAge  time.Duration
	keys    map[string]*rsa.PublicKey
	fetched time.Time
}

func (a *application) accepts(h *house, publisher *SigningKeys, compact string) error {
	if a.keys == nil || h.clock().Sub(a.fetched) >= a.maxAge {
		a.keys, a.fetched = publicKeys(h.t, publisher), h.clock()
	}
	_, err := jwt.Parse(compact, func(token *jwt.Token) (any, error) {
		id, _ := token.Header["kid"].(string)
		if key := a.keys[id]; key != nil {
			return key, nil
		}
		return nil, errors.New("no such key")
	}, jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(h.clock), jwt.WithIssuer(testIssuer))
	return err
}

// publicKeys reads a JWK Set as RFC 7517 and RFC 7518 §6.3 have it.
func publicKeys(t *testing.T, publisher *SigningKeys) map[string]*rsa.PublicKey {
	text, err := publisher.JWKS()
	if err != nil {
		t.Error(err)
	}
	var set struct{ Keys []struct{ Kid, N, E string } }
	if err := json.Unmarshal(text, &set); err != nil {
		t.Error(err)
	}
	keys := map[string]*rsa.PublicKey{}
	for _, key := range set.Keys {
		n, errN := base64.RawURLEncoding.DecodeString(key.N)
		e, errE := base64.RawURLEncoding.DecodeString(key.E)
		if errN != nil || errE != nil {
			t.Errorf("%s: %v %v", key.Kid, errN, errE)
		}
		keys[key.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	}
	return keys
}

// TestR46RotationUnderTraffic rotates for a year and a half while processes that never
// end mint, verify and publish, at once, and applications keep the JWK Set for as long
// as they may. Now and then Secrets Manager can't be reached for two days.
func TestR46RotationUnderTraffic(t *testing.T) {
	h := &house{t: t, written: keysInStates(stateNext, stateCurrent)}
	now := signingMoment
	h.now.Store(&now)
	spare := testKeys()[2:]
	var processes []*SigningKeys
	for range 3 {
		processes = append(processes, h.written.Rereading(h.read, h.clock))
	}
	applications := []*application{{maxAge: 10 * time.Minute}, {maxAge: day}, {maxAge: LongestStaleness - freshFor}}
	signedBy := map[string]bool{}
	for n := 0; now.Before(signingMoment.Add(540 * day)); n++ {
		now = now.Add(13*hour + time.Duration(n%7)*time.Minute)
		at := now
		h.now.Store(&at)
		h.mu.Lock()
		rotated, changed, err := h.written.rotate(now, Quarterly(), func() (signingKey, error) {
			made := spare[0]
			made.state, made.stateSince = stateNext, at
			return made, nil
		})
		if h.broken = n%30 > 26; err != nil {
			t.Fatal(err)
		}
		if changed && rotated.Current().ID != h.written.Current().ID {
			spare = spare[1:]
		}
		h.written = rotated
		h.mu.Unlock()
		signedBy[h.round(processes[n%len(processes)], processes, applications)] = true
	}
	if len(signedBy) < 6 {
		t.Errorf("%d keys signed: too little was rotated", len(signedBy))
	}
}

// round has one process mint a token, and every process verify it and every
// application accept it, at once; it returns the key that signed.
func (h *house) round(minter *SigningKeys, processes []*SigningKeys, applications []*application) (kid string) {
	h.t.Helper()
	signer := minter.Current()
	minted, err := signer.Mint(Session, NewRegistered(testIssuer, "user_1", []string{testAudience}, "id", h.clock(), time.Minute))
	if err != nil {
		h.t.Fatal(err)
	}
	var all sync.WaitGroup
	for i, process := range processes {
		all.Go(func() {
			if _, err := process.Verify(Session, minted.Reveal(), h.clock(), testExpect); err != nil {
				h.t.Errorf("%s: a process refuses: %v", h.clock(), err)
			}
		})
		all.Go(func() {
			if err := applications[i].accepts(h, process, minted.Reveal()); err != nil {
				h.t.Errorf("%s: an application that keeps keys for %s refuses: %v", h.clock(), applications[i].maxAge, err)
			}
		})
	}
	all.Wait()
	return signer.ID
}
