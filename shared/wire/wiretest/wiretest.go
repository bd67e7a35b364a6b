// Package wiretest is what a wire stands on in its own package's tests: a time that
// they move, a table in a real engine, keys, passwords that cost nothing to hash, and
// an HTTP API that hands requests to the wire's operations.
package wiretest

import (
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/enginetest"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/table"
	"github.com/doorstep-auth/doorstep/shared/token"
)

// Epoch is when every test begins.
var Epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Host is the API's name.
const Host = "api.example.com"

// Clock is a time that tests move, and nothing else does. Its zero value can't be
// used; see NewClock.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// NewClock returns a clock that shows Epoch.
func NewClock() *Clock { return &Clock{t: Epoch} }

// Now is what the clock shows.
func (c *Clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }

// Forward moves the clock by d.
func (c *Clock) Forward(d time.Duration) { c.mu.Lock(); c.t = c.t.Add(d); c.mu.Unlock() }

// Settings are the defaults of an API at Host, without limits: tests of limits ask for
// theirs. A change that is nil changes nothing.
func Settings(changes ...func(*settings.Settings)) *settings.Settings {
	s := settings.Default()
	s.PublicURL, s.Limits = "https://"+Host, settings.Limits{}
	for _, change := range changes {
		if change != nil {
			change(s)
		}
	}
	return s
}

// Profile changes settings to those of the shipped profile of that name, but for the
// API's URL and the limits.
func Profile(t testing.TB, name string) func(*settings.Settings) {
	t.Helper()
	profile, err := settings.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return func(s *settings.Settings) {
		limits, url := s.Limits, s.PublicURL
		*s = *profile
		s.Limits, s.PublicURL = limits, url
	}
}

// StartTable starts an engine with an empty table, until the test ends. The store sends
// its requests with client, or as the SDK does if that is nil. The endpoint is for what
// looks into the table itself.
func StartTable(t testing.TB, client aws.HTTPClient) (store *table.Table, endpoint string) {
	t.Helper()
	cfg := engine.Config()
	cfg.HTTPClient, endpoint = client, enginetest.StartDynamoDB(t)
	return table.New(cfg, endpoint, enginetest.TableName), endpoint
}

// NewKeyring returns new keys, made at Epoch.
func NewKeyring(t testing.TB) *secret.Keyring {
	t.Helper()
	keys, err := secret.NewKeyring(rand.Reader, Epoch)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// SigningKeys returns the keys that sign tokens, the same for all tests of a package:
// to make some takes long.
var SigningKeys = sync.OnceValue(func() *token.SigningKeys {
	keys, err := token.NewSigningKeys(rand.Reader, Epoch)
	if err != nil {
		panic(err)
	}
	return keys
})
