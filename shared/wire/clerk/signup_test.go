package clerk

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

// lines are those of a file of testdata: what the wire has, as the protocol page lists it.
func lines(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// sameNames holds that two lists have the same names, in whatever order.
func sameNames(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
		t.Errorf("%s (-wire +table):\n%s", what, diff)
	}
}

// walk is a sign-up as it is answered at each step: empty, with every fact,
// prepared, complete, read again; and one that was abandoned.
type walk struct{ empty, supplied, prepared, complete, again, abandoned *answer }

const (
	someMetadata = `{"plan":"pro","n":[1,2.5,null]}`
	someWallet   = "0x52908400098527886e0f7030069857d2e4169ee7"
)

func everything() []string {
	return []string{
		"email_address", "Ada@example.com", "phone_number", "+49 30 901820", "username", "Ada_Lovelace", "password", goodPassword,
		"first_name", "Ada", "last_name", "Lovelace", "birthday", "1815-12-10", "gender", "female", "web3_wallet", someWallet,
		"unsafe_metadata", someMetadata, "legal_accepted", "true", "locale", "de-AT",
	}
}

func newWalk(t *testing.T) walk {
	s := newSite(t, func(s *settings.Settings) {
		everyAttribute(settings.Required)(s)
		s.SignUp.LegalConsent = true
	})
	a, other := s.browser(), s.browser()
	w := walk{empty: a.create().must(200)}
	other.create("first_name", "Ada").must(200)
	s.clock.Forward(time.Minute)
	w.supplied = a.update(everything()...).must(200)
	w.prepared = a.prepare().must(200)
	w.complete = a.attempt(a.code()).must(200)
	w.again = a.get(a.path("")).must(200)
	s.clock.Forward(24 * time.Hour)
	w.abandoned = other.get(other.path("")).must(200)
	return w
}

// shown holds an attribute that is null until it is supplied, then stays, and is the user's in the end.
func shown(value any, user string) func(*testing.T, walk, string) {
	return func(t *testing.T, w walk, path string) {
		w.empty.is(path, nil)
		for _, step := range []*answer{w.supplied, w.prepared, w.complete, w.again} {
			step.is(path, value)
		}
		w.complete.is("client.sessions.0.user."+user, value)
	}
}

func always(value any) func(*testing.T, walk, string) {
	return func(t *testing.T, w walk, path string) {
		for _, step := range []*answer{w.empty, w.supplied, w.prepared, w.complete, w.again, w.abandoned} {
			step.is(path, value)
		}
	}
}

// signUpAttributes has each attribute of the SignUp resource (§4.1, and birthday,
// gender and abandoned_at) with what shows it.
var signUpAttributes = map[string]func(t *testing.T, w walk, path string){
	"object": always("sign_up_attempt"),
	"id": func(t *testing.T, w walk, path string) {
		id, _ := w.empty.at(path).(string)
		if len(id) != len("sua_")+22 || !strings.HasPrefix(id, "sua_") {
			t.Errorf("the id is %q", id)
		}
		w.supplied.is(path, id)
		w.complete.is(path, id)
		w.again.is(path, id)
	},
	"status": func(t *testing.T, w walk, path string) {
		w.empty.is(path, "missing_requirements")
		w.prepared.is(path, "missing_requirements")
		w.complete.is(path, "complete")
		w.again.is(path, "complete")
		w.abandoned.is(path, "abandoned")
	},
	"required_fields": always(`=["email_address","phone_number","username","web3_wallet","password","first_name","last_name","birthday","gender","legal_accepted"]`),
	"optional_fields": always(`=[]`),
	"missing_fields": func(t *testing.T, w walk, path string) {
		w.empty.is(path, w.empty.at("response.required_fields"))
		w.supplied.is(path, `=[]`)
		w.complete.is(path, `=[]`)
		w.again.is(path, `=[]`)
	},
	"unverified_fields": func(t *testing.T, w walk, path string) {
		w.empty.is(path, `=[]`)
		w.supplied.is(path, `=["email_address"]`)
		w.prepared.is(path, `=["email_address"]`)
		w.complete.is(path, `=[]`)
		w.again.is(path, `=[]`)
	},
	"verifications": func(t *testing.T, w walk, path string) {
		none := `={"email_address":null,"phone_number":null,"web3_wallet":null,"external_account":null}`
		w.empty.is(path, none)
		w.supplied.is(path, none)
		expires := wiretest.Epoch.Add(11 * time.Minute).UnixMilli()
		w.prepared.is(path+".email_address", map[string]any{
			"object": "verification_otp", "status": "unverified", "strategy": "email_code", "attempts": 0, "expire_at": expires,
			"next_action": "needs_attempt", "supported_strategies": []string{"email_code"},
		})
		for _, step := range []*answer{w.complete, w.again} {
			step.is(path+".email_address", map[string]any{
				"object": "verification_otp", "status": "verified", "strategy": "email_code", "attempts": 1, "expire_at": expires,
				"next_action": "", "supported_strategies": []string{"email_code"}, "verified_at_client": w.complete.at("client.id"),
			})
			step.is(path+".phone_number", nil)
		}
	},
	"username":      shown("Ada_Lovelace", "username"),
	"email_address": shown("Ada@example.com", "email_addresses.0.email_address"),
	"phone_number":  shown("+4930901820", "phone_numbers.0.phone_number"),
	"web3_wallet":   shown(someWallet, "web3_wallets.0.web3_wallet"),
	"password_enabled": func(t *testing.T, w walk, path string) {
		w.empty.is(path, false)
		w.supplied.is(path, true)
		w.complete.is(path, true)
		w.again.is(path, true)
		w.complete.is("client.sessions.0.user.password_enabled", true)
	},
	"has_password": func(t *testing.T, w walk, path string) {
		w.empty.is(path, false)
		w.supplied.is(path, true)
		w.complete.is(path, true)
		w.again.is(path, true)
	},
	"first_name": shown("Ada", "first_name"),
	"last_name":  shown("Lovelace", "last_name"),
	"birthday":   shown("1815-12-10", "birthday"),
	"gender":     shown("female", "gender"),
	"unsafe_metadata": func(t *testing.T, w walk, path string) {
		w.empty.is(path, `={}`)
		w.supplied.is(path, "="+someMetadata)
		w.again.is(path, "="+someMetadata)
		w.complete.is("client.sessions.0.user.unsafe_metadata", "="+someMetadata)
	},
	"public_metadata": always(`={}`), // only invitations bring any
	"custom_action":   always(false),
	"external_id":     always(nil),
	"created_session_id": func(t *testing.T, w walk, path string) {
		w.empty.is(path, nil)
		w.prepared.is(path, nil)
		w.abandoned.is(path, nil)
		id, _ := w.complete.at(path).(string)
		if !strings.HasPrefix(id, "sess_") {
			t.Errorf("the session is %q", id)
		}
		w.complete.is("client.sessions.0.id", id)
		w.complete.is("client.last_active_session_id", id)
		w.again.is(path, id)
	},
	"created_user_id": func(t *testing.T, w walk, path string) {
		w.empty.is(path, nil)
		w.prepared.is(path, nil)
		w.abandoned.is(path, nil)
		id, _ := w.complete.at(path).(string)
		if !strings.HasPrefix(id, "user_") {
			t.Errorf("the user is %q", id)
		}
		w.complete.is("client.sessions.0.user.id", id)
		w.complete.is("client.sessions.0.public_user_data.user_id", id)
		w.again.is(path, id)
	},
	"abandon_at": always(wiretest.Epoch.Add(24 * time.Hour).UnixMilli()), // later requests don't move it
	"abandoned_at": func(t *testing.T, w walk, path string) {
		for _, step := range []*answer{w.empty, w.supplied, w.prepared, w.complete, w.again} {
			step.is(path, nil)
		}
		w.abandoned.is(path, wiretest.Epoch.Add(24*time.Hour).UnixMilli())
	},
	"legal_accepted_at": func(t *testing.T, w walk, path string) {
		w.empty.is(path, nil)
		accepted := wiretest.Epoch.Add(time.Minute).UnixMilli()
		w.supplied.is(path, accepted)
		w.again.is(path, accepted)
		w.complete.is("client.sessions.0.user.legal_accepted_at", accepted)
	},
	"locale": shown("de-AT", "locale"),
}

// The resource, the wire's list and the table have the same attributes, and each shows what it should.
func TestSignUpAttributes(t *testing.T) {
	w := newWalk(t)
	sameNames(t, "attributes of the protocol page", lines(t, "signup.txt"), slices.Collect(maps.Keys(signUpAttributes)))
	for _, step := range []*answer{w.empty, w.supplied, w.prepared, w.complete, w.again, w.abandoned} {
		resource, _ := step.at("response").(map[string]any)
		sameNames(t, "attributes of an answer", slices.Collect(maps.Keys(resource)), slices.Collect(maps.Keys(signUpAttributes)))
	}
	for name, check := range signUpAttributes {
		t.Run(name, func(t *testing.T) { check(t, w.in(t), "response."+name) })
	}
	// The client shows the open sign-up in the same form, and none that is over.
	for _, step := range []*answer{w.empty, w.supplied, w.prepared} {
		step.is("client.sign_up", step.at("response"))
	}
	for _, step := range []*answer{w.complete, w.again, w.abandoned} {
		step.is("client.sign_up", nil)
	}
}

// in reports to the subtest t.
func (w walk) in(t *testing.T) walk {
	for _, step := range []**answer{&w.empty, &w.supplied, &w.prepared, &w.complete, &w.again, &w.abandoned} {
		own := **step
		own.t = t
		*step = &own
	}
	return w
}
