package zato

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/settings"
)

// telling shows everything that settings let be shown.
func telling(s *settings.Settings) {
	o := &s.SSO
	o.InformIfUserExists, o.InformIfEmailExists, o.InformIfUserInvalid, o.InformIfEmailInvalid = true, true, true, true
	o.InformIfPassword, o.InformIfApp, o.InformIfNotConfirmed = true, true, true
}

func silent(s *settings.Settings) {
	telling(s)
	o := &s.SSO
	o.InformIfUserExists, o.InformIfEmailExists, o.InformIfUserInvalid, o.InformIfEmailInvalid = false, false, false, false
	o.InformIfPassword, o.InformIfApp, o.InformIfNotConfirmed = false, false, false
}

type validation struct {
	name    string
	changes map[string]any
	want    code
	status  int // 403 if it is 0
	always  bool
}

// validations are the rows of §4.4, and what is like them.
var validations = []validation{
	{name: "name too long", changes: map[string]any{"username": strings.Repeat("x", 21)}, want: usernameTooLong},
	{name: "name with a space", changes: map[string]any{"username": "a b"}, want: usernameWhitespace},
	{name: "name with an ideographic space", changes: map[string]any{"username": "a\u3000b"}, want: usernameWhitespace},
	{name: "name with a reserved word", changes: map[string]any{"username": "myZATOuser"}, want: usernameInvalid},
	{name: "name with a wide reserved word", changes: map[string]any{"username": "ｒｏｏｔ1"}, want: usernameInvalid},
	{name: "name that is reserved everywhere", changes: map[string]any{"username": "postmaster"}, want: usernameInvalid},
	{name: "name that is an address", changes: map[string]any{"username": "ada@example.com"}, want: usernameInvalid},
	{name: "name with a control character", changes: map[string]any{"username": "a\u0000b"}, want: usernameInvalid},
	{name: "no name", changes: map[string]any{"username": nil}, want: usernameInvalid, always: true},
	{name: "empty name", changes: map[string]any{"username": ""}, want: usernameInvalid, always: true},
	{name: "no password", changes: map[string]any{"password": nil}, want: passwordTooShort},
	{name: "short password", changes: map[string]any{"password": "seven77"}, want: passwordTooShort},
	{name: "long password", changes: map[string]any{"password": strings.Repeat("x1y", 14)}, want: passwordTooLong},
	{name: "very long password", changes: map[string]any{"password": strings.Repeat("x1y", 2000)}, want: passwordTooLong},
	{name: "password with a listed text", changes: map[string]any{"password": "my-PassWord-is"}, want: passwordInvalid},
	{name: "password that is known", changes: map[string]any{"password": "iloveyou1"}, want: passwordInvalid},
	{name: "password that is the name", changes: map[string]any{"password": "fresh-one", "username": "fresh-one"}, want: passwordInvalid},
	{name: "password with a control character", changes: map[string]any{"password": "abc\u0007defghijk"}, want: passwordInvalid},
	{name: "no e-mail", changes: map[string]any{"email": nil}, want: emailMissing},
	{name: "e-mail too long", changes: map[string]any{"email": strings.Repeat("x", 30) + "@example.com"}, want: emailTooLong},
	{name: "e-mail with a space", changes: map[string]any{"email": "a b@example.com"}, want: emailWhitespace},
	{name: "e-mail with a reserved text", changes: map[string]any{"email": "x@EVIL.example"}, want: emailInvalid},
	{name: "no e-mail at all", changes: map[string]any{"email": "nowhere"}, want: emailInvalid},
	{name: "e-mail that isn't admitted", changes: map[string]any{"email": "x+y@example.com"}, want: emailInvalid},
	{name: "no current_app", changes: map[string]any{"current_app": nil}, want: appUnknown, status: http.StatusOK},
	{name: "unknown current_app", changes: map[string]any{"current_app": "XYZ"}, want: appUnknown, status: http.StatusOK},
	{name: "closed current_app", changes: map[string]any{"current_app": "HR"}, want: appClosed},
	{name: "no app_list", changes: map[string]any{"app_list": nil}, want: appUnknown},
	{name: "empty app_list", changes: map[string]any{"app_list": []string{}}, want: appUnknown},
	{name: "unknown in app_list", changes: map[string]any{"app_list": []string{"CRM", "XYZ"}}, want: appUnknown},
	{name: "closed in app_list", changes: map[string]any{"app_list": []string{"CRM", "HR"}}, want: appClosed},
	{name: "one unknown app", changes: map[string]any{"app_list": "XYZ"}, want: appUnknown},
	{name: "name taken", changes: map[string]any{"username": "TAKEN"}, want: usernameExists},
	{name: "e-mail taken", changes: map[string]any{"email": "Taken@example.com"}, want: emailExists},
}

func narrow(s *settings.Settings) {
	s.SSO.MaxUsernameLength, s.SSO.MaxEmailLength, s.SSO.MinPasswordLength, s.SSO.MaxPasswordLength = 20, 36, 8, 40
	s.SSO.RejectEmails, s.Restrictions.BlockSubaddresses = []string{"evil"}, true
}

// TestValidation goes through the documented table, with everything shown and with nothing.
func TestValidation(t *testing.T) {
	for shown, show := range map[bool]func(*settings.Settings){true: telling, false: silent} {
		s := newSite(t, open, narrow, show)
		s.ok("/signup", signUpOf("taken", nil))
		for _, c := range validations {
			r := s.post("/signup", signUpOf("fresh", c.changes))
			want, status := c.want, c.status
			if !shown && !c.always {
				want = notAllowed
			}
			if status == 0 {
				status = http.StatusForbidden
			}
			if !r.is(status, want) {
				t.Errorf("%s, shown %t: %d %s, want %s", c.name, shown, r.Status, r.Text, want)
			}
			if outcome := text(s.record(r), "oc"); outcome != string(c.want) {
				t.Errorf("%s, shown %t: recorded as %s", c.name, shown, outcome)
			}
		}
		s.ok("/signup", signUpOf("fresh", map[string]any{"app_list": "ERP"})) // one name is a list of it
	}
}

// TestDisclosure: each setting shows its codes and no others (§4.4).
func TestR21Disclosure(t *testing.T) {
	flags := map[string]struct {
		show func(*settings.SSO)
		of   []code
	}{
		"inform_if_user_exists":      {func(s *settings.SSO) { s.InformIfUserExists = true }, []code{usernameExists}},
		"inform_if_email_exists":     {func(s *settings.SSO) { s.InformIfEmailExists = true }, []code{emailExists}},
		"inform_if_user_invalid":     {func(s *settings.SSO) { s.InformIfUserInvalid = true }, []code{usernameInvalid, usernameTooLong, usernameWhitespace}},
		"inform_if_email_invalid":    {func(s *settings.SSO) { s.InformIfEmailInvalid = true }, []code{emailInvalid, emailTooLong, emailWhitespace, emailMissing}},
		"inform_if_password_invalid": {func(s *settings.SSO) { s.InformIfPassword = true }, []code{passwordInvalid, passwordTooShort, passwordTooLong, passwordSimple}},
		"inform_if_app_invalid":      {func(s *settings.SSO) { s.InformIfApp = true }, []code{appUnknown, appClosed}},
		"inform_if_not_confirmed":    {func(s *settings.SSO) { s.InformIfNotConfirmed = true }, []code{notConfirmed}},
	}
	var hideable []code
	for _, flag := range flags {
		hideable = append(hideable, flag.of...)
	}
	for name, flag := range flags {
		all := settings.Default()
		silent(all)
		flag.show(&all.SSO)
		for _, c := range append(hideable, notApproved, noSuchToken) {
			told := refuse(c, nobodysProblem).disclosed(all.SSO).told
			if shown := told == c; shown != slices.Contains(flag.of, c) || (!shown && told != notAllowed) {
				t.Errorf("%s alone: %s is told as %s", name, c, told)
			}
		}
	}
}

// TestDefaultDisclosure: what is wrong with a password or an application is told, and
// nothing of names and addresses.
func TestDefaultDisclosure(t *testing.T) {
	s := newSite(t, open, narrow)
	s.ok("/signup", signUpOf("taken", nil))
	for _, c := range validations {
		want := c.want
		if !c.always && (strings.HasPrefix(string(want), "E001") || strings.HasPrefix(string(want), "E002")) {
			want = notAllowed
		}
		if r := s.post("/signup", signUpOf("fresh", c.changes)); !slices.Contains([]int{200, 403}, r.Status) || !r.is(r.Status, want) {
			t.Errorf("%s: %d %s, want %s", c.name, r.Status, r.Text, want)
		}
	}
}

// TestOrderOfValidation: of several faults the first in the table's order is told.
func TestOrderOfValidation(t *testing.T) {
	s := newSite(t, open, narrow, telling)
	all := map[string]any{"username": "zato x", "password": "short", "email": nil, "app_list": nil}
	for _, step := range []struct {
		want  code
		field string
		value any
	}{
		{usernameWhitespace, "username", "fresh"}, {passwordTooShort, "password", passphrase}, {emailMissing, "email", "fresh@example.com"},
		{appUnknown, "app_list", []string{"HR"}}, {appClosed, "app_list", []string{"CRM"}},
	} {
		if r := s.post("/signup", bodyOf(with(all, "current_app", "CRM"))); !r.is(http.StatusForbidden, step.want) {
			t.Errorf("want %s: %d %s", step.want, r.Status, r.Text)
		}
		all[step.field] = step.value
	}
	s.ok("/signup", bodyOf(with(all, "current_app", "CRM")))
}

func with(fields map[string]any, name string, value any) map[string]any {
	fields[name] = value
	return fields
}

// TestComplexity: zxcvbn's score is asked for where settings want one.
func TestComplexity(t *testing.T) {
	simple := map[string]any{"password": "qwer7890asdf"}
	short := func(s *settings.Settings) { s.SSO.MinPasswordLength = 8 }
	off := newSite(t, open, telling, short)
	off.api.Score = nil
	off.ok("/signup", signUpOf("ada", simple))
	on := newSite(t, open, telling, short, func(s *settings.Settings) { s.SSO.MinComplexity = 4 })
	if r := on.post("/signup", signUpOf("ada", simple)); !r.is(http.StatusForbidden, passwordSimple) {
		t.Errorf("%d %s", r.Status, r.Text)
	}
	on.ok("/signup", signUpOf("ada", nil))
}

// TestFaults: a request that can't be read, or lacks what must be there, is a bad
// request that names its field (§4.1).
func TestR27Faults(t *testing.T) {
	s := newSite(t, open)
	for _, c := range []struct{ name, operation, body, field string }{
		{"broken JSON", "/signup", `{"username": `, ""},
		{"a list", "/signup", `[1]`, ""},
		{"a form", "/signup", `username=ada&password=x`, ""},
		{"username isn't text", "/signup", signUpOf("x", map[string]any{"username": 7}), "username"},
		{"password isn't text", "/signup", signUpOf("x", map[string]any{"password": []int{1}}), "password"},
		{"email isn't text", "/signup", signUpOf("x", map[string]any{"email": true}), "email"},
		{"current_app isn't text", "/signup", signUpOf("x", map[string]any{"current_app": 1}), "current_app"},
		{"app_list isn't of texts", "/signup", signUpOf("x", map[string]any{"app_list": []int{1}}), "app_list"},
		{"app_list is an object", "/signup", signUpOf("x", map[string]any{"app_list": map[string]int{"a": 1}}), "app_list"},
		{"a field twice", "/signup", `{"username": "a", "username": "b", "current_app": "CRM"}`, "username"},
		{"nothing", "/login", ``, "username"},
		{"null", "/login", `null`, "username"},
		{"no username", "/login", `{"password": "x", "current_app": "CRM"}`, "username"},
		{"no password", "/login", `{"username": "x", "current_app": "CRM"}`, "password"},
		{"no current_app", "/login", `{"username": "x", "password": "x"}`, "current_app"},
		{"no confirm_token", "/signup/confirm", `{"current_app": "CRM"}`, "confirm_token"},
		{"confirm without current_app", "/signup/confirm", `{"confirm_token": "x"}`, "current_app"},
		{"no ust", "/approve", `{"user_id": "x", "current_app": "CRM"}`, "ust"},
		{"no user_id", "/reject", `{"ust": "x", "current_app": "CRM"}`, "user_id"},
		{"too large", "/signup", `{"username": "` + strings.Repeat("x", 70_000) + `"}`, ""},
	} {
		r := s.post(c.operation, c.body)
		if r.Status != http.StatusBadRequest || r.At("result") != "Error" || r.At("details") != "Bad request" || r.At("field") != c.field {
			t.Errorf("%s: %d %s", c.name, r.Status, r.Text)
		}
		if outcome := text(s.record(r), "oc"); outcome != string(inputInvalid) && outcome != string(inputMissing) {
			t.Errorf("%s is recorded as %s", c.name, outcome)
		}
	}
}
