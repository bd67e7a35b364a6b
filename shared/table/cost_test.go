package table

import (
	"strings"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// TestG8CostOfASignUp adds up what DynamoDB says a sign-up by e-mail code and
// password took: at most 12 write units and 1 read unit.
func TestG8CostOfASignUp(t *testing.T) {
	f := newFixture(t, nil)
	p := f.person()
	p.must(p.signUpWhole("ada@example.com"))
	if p.last.SignUp.StatusAt(f.clock.now()) != signup.Complete || len(p.last.Sessions) != 1 {
		t.Fatalf("not complete: %+v", p.last.SignUp)
	}
	t.Logf("calls %v: %.1f WRU, %.1f RRU", f.meter.calls, f.meter.wru, f.meter.rru)
	if f.meter.wru > 12 || f.meter.rru > 1 {
		t.Errorf("a sign-up took %.1f WRU and %.1f RRU, want at most 12 and 1", f.meter.wru, f.meter.rru)
	}
}

// TestG8PriceList holds what is added to a sign-up to its price.
func TestG8PriceList(t *testing.T) {
	base := costOf(t, nil, signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("x")})
	cases := []struct {
		name   string
		change func(*settings.Settings)
		in     signup.Input
		more   float64
	}{
		{"a further identifier", func(s *settings.Settings) { s.Attributes.Username.Requirement = settings.Required },
			signup.Input{Username: "ada_lovelace"}, 2},
		{"metadata of 400 bytes", nil, signup.Input{UnsafeMetadata: metadata(400)}, 0},
		// Stored once apart, and let live with the user once: one unit for each started KB and write.
		{"metadata of 1,400 bytes", nil, signup.Input{UnsafeMetadata: metadata(1400)}, 2 * 2},
		{"metadata of 8,000 bytes", nil, signup.Input{UnsafeMetadata: metadata(8000)}, 2 * 8},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := c.in
			in.EmailAddress, in.Password = "ada@example.com", secret.NewText("x")
			got := costOf(t, c.change, in)
			if got-base > c.more {
				t.Errorf("took %.1f WRU more, want at most %.1f", got-base, c.more)
			}
		})
	}
}

func metadata(bytes int) string { return `{"k":"` + strings.Repeat("v", bytes-8) + `"}` }

func costOf(t *testing.T, change func(*settings.Settings), in signup.Input) float64 {
	t.Helper()
	f := newFixture(t, change)
	p := f.person()
	p.must(p.create(in))
	p.must(p.prepare())
	p.must(p.attempt(p.code()))
	return f.meter.wru
}

// TestG9RoundTrips counts the requests to AWS that an operation waits for, one after the other.
func TestG9RoundTrips(t *testing.T) {
	f := newFixture(t, nil)
	p := f.person()
	expect := func(operation string, err error, want ...string) {
		t.Helper()
		p.must(err)
		if got := strings.Join(f.meter.calls, " "); got != strings.Join(want, " ") {
			t.Errorf("%s sent %q, want %q", operation, got, strings.Join(want, " "))
		}
		f.meter.reset()
	}
	expect("create without an identifier", p.create(signup.Input{}), "PutItem")
	expect("create again", p.create(signup.Input{}), "UpdateItem")
	fresh := f.person()
	p.must(fresh.create(signup.Input{EmailAddress: "ada@example.com"}))
	if strings.Join(f.meter.calls, " ") != "GetItem PutItem" {
		t.Errorf("create with an identifier sent %q", f.meter.calls)
	}
	f.meter.reset()
	// The client and the claim are read side by side: two round trips in all.
	expect("update", p.update(signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("x")}), "GetItem", "GetItem", "PutItem")
	expect("prepare", p.prepare(), "UpdateItem")
	_, err := p.Get(t.Context(), p.caller, p.signUp)
	expect("poll", err, "GetItem")
	code := p.code()
	f.meter.reset()
	expect("attempt and complete", p.attempt(code), "UpdateItem", "TransactWriteItems")
	_, err = p.Get(t.Context(), p.caller, p.signUp)
	expect("poll once a user exists", err, "GetItem", "BatchGetItem")
}
