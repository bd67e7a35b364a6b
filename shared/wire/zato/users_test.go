package zato

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

var tokenForm = regexp.MustCompile(`^[A-Za-z0-9_-]{32}$`)

// TestDocumentedRequests sends what the documentation prints, under the profile that is
// its behaviour (§4.2). The passwords that it prints in examples of the sign-up aren't
// known; tokens and ids are those of the answers.
func TestDocumentedRequests(t *testing.T) {
	s := newSite(t, wiretest.Profile(t, "zato"))
	first := s.ok("/signup", `
{
  "username":"my.username",
  "password":"abcd1234-XY",
  "email":"my.username@example.com",
  "current_app":"CRM",
  "app_list":["CRM"]
}`)
	if !tokenForm.MatchString(first.At("confirm_token")) || len(first.Body) != 3 {
		t.Errorf("signup answered %s", first.Text)
	}
	second := s.ok("/signup", `
{
"username": "user1",
"password": "SD:n25a9-?Z8e-49bQ  D%",
"email": "user1@example.com",
"current_app": "CRM",
"app_list": ["CRM", "ERP"]
}
`)
	confirmed := s.ok("/signup/confirm", `
{
  "confirm_token":"`+second.At("confirm_token")+`",
  "current_app":"CRM"
}`)
	if len(confirmed.Body) != 2 {
		t.Errorf("confirm answered %s", confirmed.Text)
	}
	in := s.ok("/login", `
  {
  "username":     "user1",
  "password":     "SD:n25a9-?Z8e-49bQ  D%",
  "current_app":  "CRM"
  }`)
	if !strings.HasPrefix(in.At("ust"), sessionPrefix) || len(in.Body) != 3 {
		t.Errorf("login answered %s", in.Text)
	}
	chief := s.superUser()
	for _, operation := range []string{"/approve", "/reject"} {
		s.ok(operation, `
  {
    "ust": "`+chief+`",
    "user_id": "`+s.userOf(first)+`",
    "current_app": "CRM"
  }
  `)
	}
}

// TestAnyContentType: JSON is read under every content type and none, and from base64 (§4.1).
func TestAnyContentType(t *testing.T) {
	s := newSite(t, open)
	for name, header := range map[string]map[string]string{
		"form": {"content-type": "application/x-www-form-urlencoded"}, "none": nil, "json": {"content-type": "application/json"},
		"text": {"content-type": "text/plain;charset=latin-1"}, "nonsense": {"content-type": ";;"},
	} {
		for _, encoded := range []bool{false, true} {
			body := signUpOf("user-"+name+map[bool]string{true: "-64"}[encoded], nil)
			if encoded {
				body = base64.StdEncoding.EncodeToString([]byte(body))
			}
			if r := s.send(message{method: "POST", path: base + "/signup", body: body, header: header, base64: encoded}); r.At("status") != ok {
				t.Errorf("%s, base64 %t: %d %s", name, encoded, r.Status, r.Text)
			}
		}
	}
}

// TestR12ConfirmAtEveryPlace: the documented path, that of the source, and that of the example (§4.2, #1099).
func TestR12ConfirmAtEveryPlace(t *testing.T) {
	s := newSite(t, open)
	for i, route := range Confirm.Routes {
		name := "user-" + string(rune('a'+i))
		if r := s.post("/login", logInOf(name)); !r.is(http.StatusForbidden, notAllowed) {
			t.Errorf("before the sign-up: %d %s", r.Status, r.Text)
		}
		made := s.ok("/signup", signUpOf(name, nil))
		if r := s.post("/login", logInOf(name)); !r.is(http.StatusForbidden, notAllowed) {
			t.Errorf("before the confirmation: %d %s", r.Status, r.Text)
		}
		body := bodyOf(map[string]any{"confirm_token": made.At("confirm_token"), "current_app": "CRM"})
		if r := s.send(message{method: route.Method, path: route.Path, body: body}); r.Status != http.StatusOK || r.At("status") != ok {
			t.Errorf("%s: %d %s", route.Key(), r.Status, r.Text)
		}
		s.ok("/login", logInOf(name))
		if r := s.send(message{method: route.Method, path: route.Path, body: body}); !r.is(http.StatusForbidden, notAllowed) {
			t.Errorf("%s again: %d %s", route.Key(), r.Status, r.Text)
		}
	}
	wrong := bodyOf(map[string]any{"confirm_token": "3x1gr0uXmM95wW7QsWuq7-VmPU1ueXLn", "current_app": "CRM"})
	if r := s.post("/signup/confirm", wrong); !r.is(http.StatusForbidden, notAllowed) {
		t.Errorf("a token that never was: %d %s", r.Status, r.Text)
	}
}

// TestConfirmTokensEnd after sso.confirm_life.
func TestConfirmTokensEnd(t *testing.T) {
	s := newSite(t, open)
	made := s.ok("/signup", signUpOf("late", nil))
	s.clock.Forward(24*time.Hour + time.Second)
	if r := s.post("/signup/confirm", bodyOf(map[string]any{"confirm_token": made.At("confirm_token"), "current_app": "CRM"})); !r.is(403, notAllowed) {
		t.Errorf("%d %s", r.Status, r.Text)
	}
}

// TestConfirmTokenOnlyInTheMail: where we mail it, the answer hasn't it, the mail's token
// confirms, and that proves the address.
func TestConfirmTokenOnlyInTheMail(t *testing.T) {
	s := newSite(t, open, func(s *settings.Settings) {
		s.SSO.ConfirmMail, s.SSO.ConfirmURL = settings.MailedByDoorstep, "https://app.example.com/in"
	})
	made := s.ok("/signup", signUpOf("ada", nil))
	if len(made.Body) != 2 {
		t.Fatalf("answered %s", made.Text)
	}
	id, _ := parseUser(s.userOf(made))
	u, err := s.store.User(t.Context(), id)
	if err != nil || u.MailID == "" || u.Challenge == nil || u.Challenge.Address.Canonical != "ada@example.com" {
		t.Fatalf("%+v, %v", u, err)
	}
	key, _ := s.api.Accounts.Keys.ByID(u.Challenge.KeyID)
	link := signup.DueMail{UserID: u.ID, Purpose: u.Challenge.Purpose, Nonce: u.Challenge.Nonce, Canonical: u.Challenge.Address.Canonical}.
		ActionURL(key, s.api.Accounts.Settings).Reveal()
	token, found := strings.CutPrefix(link, "https://app.example.com/in?confirm_token=")
	if !found {
		t.Fatalf("the link is %s", link)
	}
	s.ok("/signup/confirm", bodyOf(map[string]any{"confirm_token": token, "current_app": "CRM"}))
	s.ok("/login", logInOf("ada"))
	if u, err = s.store.User(t.Context(), id); err != nil || len(u.Proved) != 1 {
		t.Errorf("%+v, %v", u, err)
	}
}

// TestApproval: who needs it logs in once a super-user has approved, and not after a rejection.
func TestApproval(t *testing.T) {
	s := newSite(t, open, func(s *settings.Settings) { s.SSO.ApprovalNeeded, s.SSO.InformIfNotConfirmed = true, true })
	chief := s.superUser()
	made := s.ok("/signup", signUpOf("ada", nil))
	decide := func(operation, ust, user string) answered {
		return s.post(operation, bodyOf(map[string]any{"ust": ust, "current_app": "CRM", "user_id": user}))
	}
	refused := func(when string, want code) {
		t.Helper()
		if r := s.post("/login", logInOf("ada")); !r.is(http.StatusForbidden, want) {
			t.Errorf("%s: %d %s", when, r.Status, r.Text)
		}
	}
	refused("undecided", notAllowed)
	id, _ := parseUser(s.userOf(made))
	if r := decide("/approve", chief, "user_"+id.String()); r.At("status") != ok { // as callbacks name it
		t.Error(r.Text)
	}
	if r := decide("/approve", chief, s.userOf(made)); r.At("status") != ok {
		t.Fatal(r.Text)
	}
	refused("unconfirmed", notConfirmed)
	s.ok("/signup/confirm", bodyOf(map[string]any{"confirm_token": made.At("confirm_token"), "current_app": "CRM"}))
	own := s.ok("/login", logInOf("ada")).At("ust")
	for name, c := range map[string]struct {
		r    answered
		want code
	}{
		"no super-user":        {decide("/reject", own, s.userOf(made)), superUserNeeded},
		"a super-user himself": {decide("/reject", chief, text(s.record(s.ok("/login", logInOf("chief"))), "us")), userIDInvalid},
		"nobody":               {decide("/approve", chief, "zusr73fzk8ncns8vd98dhpt0zjbese"), userIDInvalid},
		"no id":                {decide("/approve", chief, "1"), userIDInvalid},
		"an untrue token":      {decide("/approve", chief[:20]+"x"+chief[21:], s.userOf(made)), noSuchSession},
		"a token of another":   {decide("/approve", "gAAAAABanYJQziYsPwDYOFJSR5", s.userOf(made)), noSuchSession},
	} {
		if !c.r.is(http.StatusForbidden, c.want) {
			t.Errorf("%s: %d %s, want %s", name, c.r.Status, c.r.Text, c.want)
		}
	}
	for range 2 { // it is no error to reject again
		if r := decide("/reject", chief, s.userOf(made)); r.At("status") != ok {
			t.Fatal(r.Text)
		}
	}
	refused("rejected", notAllowed)
	if r := decide("/approve", own, s.userOf(made)); !r.is(http.StatusForbidden, noSuchSession) {
		t.Errorf("who was rejected still has a session: %s", r.Text)
	}
	s.clock.Forward(61 * time.Minute)
	if r := decide("/approve", chief, s.userOf(made)); !r.is(http.StatusForbidden, noSuchSession) {
		t.Errorf("a session after its life: %s", r.Text)
	}
}

// TestLogInGates are those that don't depend on the user's state (§4.3).
func TestLogInGates(t *testing.T) {
	s := newSite(t, open)
	s.superUser()
	for name, c := range map[string]struct {
		body   string
		status int
		want   code
	}{
		"wrong password":      {`{"username": "chief", "password": "wrong", "current_app": "CRM"}`, 403, notAllowed},
		"nobody":              {`{"username": "nobody", "password": "wrong", "current_app": "CRM"}`, 403, notAllowed},
		"by e-mail":           {`{"username": "chief@example.com", "password": "wrong", "current_app": "CRM"}`, 403, notAllowed},
		"unknown application": {`{"username": "chief", "password": "wrong", "current_app": "XYZ"}`, 200, appUnknown},
		"closed application":  {`{"username": "chief", "password": "correct horse battery staple", "current_app": "ERP"}`, 403, appClosed},
	} {
		if r := s.post("/login", c.body); !r.is(c.status, c.want) {
			t.Errorf("%s: %d %s", name, r.Status, r.Text)
		}
	}
	s.ok("/login", `{"username": "CHIEF", "password": "correct horse battery staple", "current_app": "CRM", "totp_code": "123456",
		"new_password": "another long one", "remote_addr": "not an address", "user_agent": "curl"}`)
}

// TestR28OneFirstSuperUser: there is one, also when two are made at once, and no other call makes any.
func TestR28OneFirstSuperUser(t *testing.T) {
	s := newSite(t, open)
	var all sync.WaitGroup
	made, refused := make(chan string, 8), make(chan string, 8)
	for i := range 8 {
		all.Go(func() {
			name := "chief-" + string(rune('a'+i/2)) // two of each
			got, err := s.api.FirstSuperUser(t.Context(), NewSuperUser{Username: name, Password: hiddenText{secret.NewText(passphrase)}})
			if err != nil {
				refused <- err.Error()
				return
			}
			made <- got.UserID
		})
	}
	all.Wait()
	if len(made) != 1 {
		t.Fatalf("%d were made", len(made))
	}
	close(refused)
	for why := range refused {
		if !strings.Contains(why, "super-user already") {
			t.Errorf("refused with %q", why)
		}
	}
	if _, err := s.api.FirstSuperUser(t.Context(), NewSuperUser{Username: "late", Password: hiddenText{secret.NewText(passphrase)}}); err == nil ||
		!strings.Contains(err.Error(), "super-user already") {
		t.Errorf("the second is told %v", err)
	}
	outcomes := map[string]int{}
	for _, record := range s.records() {
		outcomes[text(record, "oc")]++
	}
	if outcomes[ok] != 1 || outcomes[string(notAllowed)] != 8 {
		t.Errorf("recorded are %v", outcomes)
	}
}

// TestFirstSuperUserInput is told in words what is wrong, and never with the password.
func TestFirstSuperUserInput(t *testing.T) {
	s := newSite(t, open)
	for name, in := range map[string]NewSuperUser{
		"no name":          {Password: hiddenText{secret.NewText(passphrase)}},
		"no password":      {Username: "chief"},
		"a short password": {Username: "chief", Password: hiddenText{secret.NewText("s3cr3t")}},
		"a reserved name":  {Username: "root", Password: hiddenText{secret.NewText(passphrase)}},
	} {
		_, err := s.api.FirstSuperUser(t.Context(), in)
		if err == nil || strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "form_") {
			t.Errorf("%s: %v", name, err)
		}
	}
	off := newSite(t, func(s *settings.Settings) { s.SSO.Enabled = false })
	if _, err := off.api.FirstSuperUser(t.Context(), NewSuperUser{Username: "chief", Password: hiddenText{secret.NewText(passphrase)}}); err == nil {
		t.Error("made with the family off")
	}
}

// TestFamilyCanBeSwitchedOff: its routes are as if they weren't there, and nothing is recorded.
func TestFamilyCanBeSwitchedOff(t *testing.T) {
	s := newSite(t, open, func(s *settings.Settings) { s.SSO.Enabled = false })
	for _, op := range Operations() {
		for _, route := range op.Routes {
			if r := s.send(message{method: route.Method, path: route.Path, body: signUpOf("ada", nil)}); r.Status != http.StatusNotFound {
				t.Errorf("%s: %d %s", route.Key(), r.Status, r.Text)
			}
		}
	}
	if len(s.items()) != 0 {
		t.Error("something was stored")
	}
}

// TestClosedByDefault: no application is known until settings name one.
func TestClosedByDefault(t *testing.T) {
	s := newSite(t)
	if r := s.post("/signup", signUpOf("ada", nil)); !r.is(http.StatusOK, appUnknown) {
		t.Errorf("%d %s", r.Status, r.Text)
	}
	known := newSite(t, func(s *settings.Settings) { s.SSO.Apps = []string{"CRM"} })
	if r := known.post("/signup", signUpOf("ada", nil)); !r.is(http.StatusForbidden, appClosed) {
		t.Errorf("%d %s", r.Status, r.Text)
	}
}

// TestUserIDsRoundTrip: the text is the id's and no other's.
func TestUserIDsRoundTrip(t *testing.T) {
	form := regexp.MustCompile(`^zusr[0-7][0-9a-hjkmnp-tv-z]{25}$`)
	seen := map[string]bool{}
	for i := range 400 {
		id := signup.ID{byte(i), 7: byte(i * 3), 8: byte(i * 5), 15: byte(i * 7)}
		if i == 0 {
			for j := range id {
				id[j] = 0xff
			}
		}
		text := userText(id)
		back, ok := parseUser(text)
		if !ok || back != id || !form.MatchString(text) {
			t.Fatalf("%x became %s and %x", id, text, back)
		}
		seen[text] = true
	}
	if id, ok := parseUser("zusr73fzk8ncns8vd98dhpt0zjbese"); !ok || userText(id) != "zusr73fzk8ncns8vd98dhpt0zjbese" {
		t.Errorf("the documented id became %x", id)
	}
	for _, text := range []string{
		"", "zusr", "73fzk8ncns8vd98dhpt0zjbese", "zusr83fzk8ncns8vd98dhpt0zjbese", "zusr73FZK8ncns8vd98dhpt0zjbese",
		"zusr73fzk8ncns8vd98dhpt0zjbesu", "zusr73fzk8ncns8vd98dhpt0zjbes", "zusr73fzk8ncns8vd98dhpt0zjbese0", "zusr73fzk8ncns8vd98dhpt0zjbes\x00",
	} {
		if id, ok := parseUser(text); ok {
			t.Errorf("%q is taken for %x", text, id)
		}
	}
}
