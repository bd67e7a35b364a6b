package zato

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

var nobodysProblem = problem.CredentialsInvalid.New()

// TestR58EveryAttemptIsRecorded, once, whatever it was and however it ended.
func TestR58EveryAttemptIsRecorded(t *testing.T) {
	s := newSite(t, open)
	chief := s.superUser()
	made := s.ok("/signup", signUpOf("ada", nil))
	confirm := bodyOf(map[string]any{"confirm_token": made.At("confirm_token"), "current_app": "CRM"})
	decide := bodyOf(map[string]any{"ust": chief, "current_app": "CRM", "user_id": s.userOf(made)})
	for _, c := range []struct {
		name                                     string
		answer                                   answered
		operation, outcome, told, app, aboutUser string
	}{
		{"sign-up", made, "sso/signup", "ok", "", "CRM", s.userOf(made)},
		{"taken", s.post("/signup", signUpOf("ada", nil)), "sso/signup", "E001002", "E005001", "CRM", ""},
		{"unknown application", s.post("/signup", signUpOf("b", map[string]any{"current_app": "X"})), "sso/signup", "E004001", "", "", ""},
		{"broken", s.post("/signup", `{`), "sso/signup", "E008002", "", "", ""},
		{"unconfirmed", s.post("/login", logInOf("ada")), "sso/login", "E005003", "E005001", "CRM", ""},
		{"confirmed", s.ok("/signup/confirm", confirm), "sso/confirm", "ok", "", "CRM", s.userOf(made)},
		{"confirmed again", s.post("/signup/confirm", confirm), "sso/confirm", "E005006", "E005001", "CRM", s.userOf(made)},
		{"logged in", s.ok("/login", logInOf("ada")), "sso/login", "ok", "", "CRM", s.userOf(made)},
		{"wrong password", s.post("/login", strings.ReplaceAll(logInOf("ada"), "horse", "house")), "sso/login", "E005001", "", "CRM", ""},
		{"no password", s.post("/login", `{"username": "ada"}`), "sso/login", "E008003", "", "", ""},
		{"approved", s.ok("/approve", decide), "sso/approve", "ok", "", "CRM", s.userOf(made)},
		{"rejected", s.ok("/reject", decide), "sso/reject", "ok", "", "CRM", s.userOf(made)},
		{"untrue token", s.post("/reject", strings.ReplaceAll(decide, chief, "zust")), "sso/reject", "E007001", "", "CRM", ""},
	} {
		item := s.record(c.answer)
		got := []string{text(item, "op"), text(item, "oc"), text(item, "to"), text(item, "ap"), text(item, "us"), text(item, "so"), text(item, "cl")}
		if want := []string{c.operation, c.outcome, c.told, c.app, c.aboutUser, "192.0.2.7", ""}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %q, want %q", c.name, got, want)
		}
		if want := fmt.Sprintf("AUDIT#2026-03-01T12#%s", text(item, "ci")[:1]); text(item, "pk") != want || !strings.HasSuffix(text(item, "sk"), "#"+text(item, "ci")) {
			t.Errorf("%s lies at %s / %s", c.name, text(item, "pk"), text(item, "sk"))
		}
		var stored struct{ TTL, At int64 }
		if err := attributevalue.UnmarshalMap(item, &stored); err != nil || stored.At != wiretest.Epoch.UnixMilli() || stored.TTL != wiretest.Epoch.Add(365*24*time.Hour).Unix()+1 {
			t.Errorf("%s: %+v %v", c.name, stored, err)
		}
	}
}

// TestR13R59NothingSecretIsStoredOrLogged: no password, token, key or code in any item or line.
func TestR13R59NothingSecretIsStoredOrLogged(t *testing.T) {
	s := newSite(t, open)
	chief := s.superUser()
	made := s.ok("/signup", signUpOf("ada", nil))
	s.post("/signup", signUpOf("ada", nil))
	s.post("/signup", signUpOf("bob", map[string]any{"current_app": passphrase}))
	s.ok("/signup/confirm", bodyOf(map[string]any{"confirm_token": made.At("confirm_token"), "current_app": "CRM"}))
	ust := s.ok("/login", logInOf("ada")).At("ust")
	s.post("/login", `{"username": "`+passphrase+`", "password": "wrong-one-777", "current_app": "CRM"}`)
	s.post("/approve", bodyOf(map[string]any{"ust": ust, "current_app": "CRM", "user_id": s.userOf(made)}))
	key := secret.OperatorKey(s.api.Accounts.Keys).Reveal()
	s.send(message{method: "POST", path: base + "/login", body: logInOf("ada"), header: map[string]string{"authorization": "Bearer " + key}})
	var everything strings.Builder
	for _, item := range s.items() {
		image, err := attributevalue.MarshalMapJSON(item)
		if err != nil {
			t.Fatal(err)
		}
		everything.Write(image)
	}
	everything.WriteString(s.logged.String())
	for name, hidden := range map[string]string{
		"password": passphrase, "wrong password": "wrong-one-777", "confirm token": made.At("confirm_token"), "session token": ust[4:], "super-user's": chief[4:],
		"operator key": key,
	} {
		if strings.Contains(everything.String(), hidden) {
			t.Errorf("the %s is stored or logged", name)
		}
	}
}

// TestOnlyTheOperatorKeyMakesTrusted: who has it says which call this is and for whom;
// anybody else's word, and Basic credentials, are ignored. Both addresses are recorded.
func TestOnlyTheOperatorKeyMakesTrusted(t *testing.T) {
	s := newSite(t, open)
	key := secret.OperatorKey(s.api.Accounts.Keys).Reveal()
	const cid = "fc7c23028b15b35d72b8dffb"
	claims := map[string]any{"cid": cid, "remote_addr": "198.51.100.9"}
	for name, c := range map[string]struct {
		authorization string
		trusted       bool
	}{
		"key": {"Bearer " + key, true}, "lower case": {"bearer " + key, true}, "none": {"", false}, "basic": {"Basic dXNlcjpwYXNz", false},
		"the key as basic": {"Basic " + key, false}, "another key": {"Bearer " + key[:len(key)-1] + "x", false}, "bare": {key, false},
	} {
		s.clock.Forward(time.Second)
		body := signUpOf("user-"+strings.ReplaceAll(name, " ", "-"), claims)
		r := s.send(message{method: "POST", path: base + "/signup", body: body, header: map[string]string{"authorization": c.authorization}})
		if r.At("status") != ok || (r.At("cid") == cid) != c.trusted {
			t.Errorf("%s: %d %s", name, r.Status, r.Text)
		}
		if (r.At("user_id") != "") != c.trusted {
			t.Errorf("%s: %s", name, r.Text)
		}
		claimed := ""
		for _, item := range s.records() {
			if text(item, "us") != "" && text(item, "ci") == r.At("cid") && item["at"] != nil {
				claimed = text(item, "cl")
				if text(item, "so") != "192.0.2.7" {
					t.Errorf("%s: the source is %s", name, text(item, "so"))
				}
			}
		}
		if (claimed == "198.51.100.9") != c.trusted || (!c.trusted && claimed != "") {
			t.Errorf("%s: claimed %q", name, claimed)
		}
	}
	for field, value := range map[string]any{"cid": "XYZ", "remote_addr": "nowhere"} {
		r := s.send(message{method: "POST", path: base + "/signup", body: signUpOf("late", map[string]any{field: value}), header: map[string]string{"authorization": "Bearer " + key}})
		if r.Status != http.StatusBadRequest || r.At("field") != field {
			t.Errorf("%s: %d %s", field, r.Status, r.Text)
		}
	}
}

// TestTheClaimedAddressIsLimited, not that of the front end which calls for everybody.
func TestTheClaimedAddressIsLimited(t *testing.T) {
	s := newSite(t, open, func(s *settings.Settings) {
		s.Limits.CreatesPerSource, s.Limits.SourceWindow = 1, settings.Duration(time.Hour)
	})
	key := "Bearer " + secret.OperatorKey(s.api.Accounts.Keys).Reveal()
	from := func(name, address string) answered {
		return s.send(message{method: "POST", path: base + "/signup", header: map[string]string{"authorization": key},
			body: signUpOf(name, map[string]any{"remote_addr": address})})
	}
	if a, b := from("ada", "198.51.100.1"), from("bob", "198.51.100.2"); a.At("status") != ok || b.At("status") != ok {
		t.Errorf("%s %s", a.Text, b.Text)
	}
	r := from("eve", "198.51.100.2")
	if r.Status != http.StatusTooManyRequests || r.At("details") != "Error 429 Too Many Requests" || r.Header["retry-after"] == "" {
		t.Errorf("%d %s %v", r.Status, r.Text, r.Header)
	}
	if outcome := text(s.record(r), "oc"); outcome != "signup_rate_limit_exceeded" {
		t.Errorf("recorded as %s", outcome)
	}
}

// TestR58RecordThatIsNotStored is logged whole, as an error, and changes no answer.
func TestR58RecordThatIsNotStored(t *testing.T) {
	s := newSite(t, open)
	s.store.broken = map[string]error{"NoteAttempt": errors.New("the table is on fire")}
	r := s.ok("/signup", signUpOf("ada", nil))
	var found map[string]any
	for line := range strings.Lines(s.logged.String()) {
		var record map[string]any
		if json.Unmarshal([]byte(line), &record) == nil && record["msg"] == "audit record not stored" {
			found = record
		}
	}
	if found["level"] != "ERROR" || found["cid"] != r.At("cid") || found["operation"] != "sso/signup" || found["application"] != "CRM" ||
		found["source"] != "192.0.2.7" || found["outcome"] != ok || found["user"] == "" || found["at"] == nil || !strings.Contains(fmt.Sprint(found["error"]), "on fire") {
		t.Errorf("logged %v", found)
	}
}

// TestR58FaultOfOursIsRecorded: an answer without detail, and a record that says so.
func TestR58FaultOfOursIsRecorded(t *testing.T) {
	s := newSite(t, open)
	s.store.broken = map[string]error{"Complete": errors.New("the table is on fire")}
	event := message{method: "POST", path: base + "/signup", body: signUpOf("ada", nil)}
	s.t = quiet{s.t} // 500 is what is wanted for once
	r := s.send(event)
	if r.Status != http.StatusInternalServerError || r.At("result") != "Error" || strings.Contains(r.Text, "fire") {
		t.Errorf("%d %s", r.Status, r.Text)
	}
	if outcome := text(s.record(r), "oc"); outcome != string(internalError) {
		t.Errorf("recorded as %s", outcome)
	}
}

// quiet keeps errors to itself.
type quiet struct{ testing.TB }

func (quiet) Errorf(string, ...any) {}

// TestR58PanicIsRecorded, too.
func TestR58PanicIsRecorded(t *testing.T) {
	s := newSite(t, open, func(s *settings.Settings) { s.SSO.MinComplexity = 1 })
	s.api.Score = func(secret.Text, ...string) int { panic("out of order") }
	s.gateway = gatewayOf(s.api, s.api.Accounts.Settings, s.clock, s.api.Log)
	s.t = quiet{s.t}
	if r := s.send(message{method: "POST", path: base + "/signup", body: signUpOf("ada", nil)}); r.Status != http.StatusInternalServerError {
		t.Errorf("%d %s", r.Status, r.Text)
	}
	if records := s.records(); len(records) != 1 || text(records[0], "oc") != string(internalError) {
		t.Errorf("%d records", len(records))
	}
}
