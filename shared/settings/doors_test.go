package settings

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Each rule of a family with calls that make accounts, by a document that breaks it alone.
func TestRulesOfDoors(t *testing.T) {
	for document, want := range map[string]string{
		`{"accounts": {"min_password_length": -1}}`: `accounts.min_password_length: must be from 0 to 64, is -1`,
		`{"accounts": {"token_life": "25h"}}`:       `accounts.token_life: must be from 1m to 24h, is 25h`,
		`{"accounts": {"audience": []}}`:            `accounts.audience: must name at least one`,

		`{"passwords": {"min_password_length": 65}}`:        `passwords.min_password_length: must be from 0 to 64, is 65`,
		`{"passwords": {"invitations": "members"}}`:         `passwords.invitations: must be operator or anyone or nobody, not "members"`,
		`{"passwords": {"confirm_url": "/confirm"}}`:        `passwords.confirm_url: "/confirm" must begin with https:// (or http:// on the loopback host)`,
		`{"passwords": {"invite_url": "http://a.example"}}`: `passwords.invite_url: "http://a.example" must be https; http is for the loopback host only`,
		`{"passwords": {"reset_url": "javascript:x"}}`:      `passwords.reset_url: "javascript:x" must begin with https:// (or http:// on the loopback host)`,
		`{"passwords": {"link_life": "59s"}}`:               `passwords.link_life: must be from 1m to 24h, is 59s`,
		`{"passwords": {"invite_life": "721h"}}`:            `passwords.invite_life: must be from 1m to 720h, is 721h`,
		`{"passwords": {"token_life": "0s"}}`:               `passwords.token_life: must be from 1m to 24h, is 0s`,
		`{"passwords": {"refresh_grace": "6m"}}`:            `passwords.refresh_grace: must be from 0s to 5m, is 6m`,
		`{"passwords": {"audience": ""}}`:                   `passwords.audience: must have 1 to 200 characters, has 0`,
		`{"passwords": {"roles": ["a", "a"]}}`:              `passwords.roles[1]: "a" appears twice`,
		`{"passwords": {"confirm_adress": true}}`:           `passwords.confirm_adress: unknown key, did you mean passwords.confirm_address`,

		`{"sso": {"apps": ["a", "a"]}}`:                                  `sso.apps[1]: "a" appears twice`,
		`{"sso": {"signup_allowed": ["CRM"]}}`:                           `sso.signup_allowed: names "CRM", which sso.apps doesn't`,
		`{"sso": {"apps": ["CRM"], "login_allowed": ["ERP"]}}`:           `sso.login_allowed: names "ERP", which sso.apps doesn't`,
		`{"sso": {"confirm_mail": "nobody"}}`:                            `sso.confirm_mail: must be caller or doorstep, not "nobody"`,
		`{"sso": {"confirm_mail": "doorstep", "email_required": false}}`: `sso.email_required: must be true if sso.confirm_mail is doorstep: there would be nowhere to mail to`,
		`{"sso": {"confirm_url": "x"}}`:                                  `sso.confirm_url: "x" must begin with https:// (or http:// on the loopback host)`,
		`{"sso": {"confirm_life": "2161h"}}`:                             `sso.confirm_life: must be from 1m to 2160h, is 2161h`,
		`{"sso": {"max_username_length": 129}}`:                          `sso.max_username_length: must be from 1 to 128, is 129`,
		`{"sso": {"max_email_length": 255}}`:                             `sso.max_email_length: must be from 6 to 254, is 255`,
		`{"sso": {"reject_usernames": [""]}}`:                            `sso.reject_usernames[0]: must have 1 to 100 characters, has 0`,
		`{"sso": {"reject_emails": [" a"]}}`:                             `sso.reject_emails[0]: must not begin or end with a space`,
		`{"sso": {"reject_passwords": ["a\u0000"]}}`:                     `sso.reject_passwords[0]: must not have line breaks or control characters`,
		`{"sso": {"min_password_length": 65}}`:                           `sso.min_password_length: must be from 0 to 64, is 65`,
		`{"sso": {"max_password_length": 1025}}`:                         `sso.max_password_length: must be from 0 to 1024, is 1025`,
		`{"sso": {"max_password_length": 14}}`:                           `sso.max_password_length: must not be below the fewest (15), is 14`,
		`{"sso": {"min_password_length": 8, "max_password_length": 7}}`:  `sso.max_password_length: must not be below the fewest (8), is 7`,
		`{"sso": {"min_complexity": 5}}`:                                 `sso.min_complexity: must be from 0 to 4, is 5`,
		`{"sso": {"session_life": "721h"}}`:                              `sso.session_life: must be from 1m to 720h, is 721h`,
		`{"sso": {"audit_retention": "23h"}}`:                            `sso.audit_retention: must be from 24h to 87600h, is 23h`,
	} {
		_, err := Parse([]byte(document))
		if err == nil {
			t.Errorf("%s is accepted", document)
			continue
		}
		if diff := cmp.Diff("settings: "+want, err.Error()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", document, diff)
		}
	}
}

// What profiles deskree and zato say, and that they loosen nothing else.
func TestProfilesOfDoors(t *testing.T) {
	deskree, err := Load("deskree")
	if err != nil {
		t.Fatal(err)
	}
	p := deskree.Passwords
	if p.MinPasswordLength != 6 || p.ConfirmAddress || !p.DiscloseAddresses || p.Invitations != InvitedByAnyone || p.TokenLife.Std() != time.Hour || !p.Enabled {
		t.Errorf("deskree: %+v", p)
	}
	deskree.Passwords, deskree.Profile = Default().Passwords, ""
	if diff := cmp.Diff(Default(), deskree); diff != "" {
		t.Errorf("deskree changes more than its family (-default +profile):\n%s", diff)
	}
	zato, err := Load("zato")
	if err != nil {
		t.Fatal(err)
	}
	s := zato.SSO
	if s.EmailRequired || s.ApprovalNeeded || s.ConfirmMail != MailedByCaller || s.MinPasswordLength != 8 || s.MaxPasswordLength != 256 || s.SessionLife.Std() != time.Hour {
		t.Errorf("zato: %+v", s)
	}
	zato.SSO, zato.Profile = Default().SSO, ""
	if diff := cmp.Diff(Default(), zato); diff != "" {
		t.Errorf("zato changes more than its family (-default +profile):\n%s", diff)
	}
}

// TestR23DoorsAreStrictByDefault: unless a document says otherwise no door is easier than another.
func TestR23DoorsAreStrictByDefault(t *testing.T) {
	s := Default()
	for name, door := range map[string]*Settings{"accounts": s.ForAccounts(), "passwords": s.ForPasswords(), "sso": s.ForSSO()} {
		if door.Password.MinLength != s.Password.MinLength || door.Password.MaxLength != s.Password.MaxLength || door.Password.BreachCheck != s.Password.BreachCheck {
			t.Errorf("%s takes other passwords: %+v", name, door.Password)
		}
		if door.Verification != s.Verification || !cmp.Equal(door.Limits, s.Limits) {
			t.Errorf("%s has other limits", name)
		}
	}
	if p := s.Passwords; !p.ConfirmAddress || p.DiscloseAddresses || p.Invitations != InvitedByOperator || !s.ForPasswords().EnumerationProtection {
		t.Errorf("passwords: %+v", p)
	}
	o := s.SSO
	if !o.ApprovalNeeded || !o.EmailRequired || o.InformIfUserExists || o.InformIfEmailExists || o.InformIfUserInvalid || o.InformIfEmailInvalid || len(o.SignupAllowed) > 0 || len(o.LoginAllowed) > 0 {
		t.Errorf("sso: %+v", o)
	}
}

// TestDoorsLeaveTheSettingsAsTheyAre: a door's settings are its own copy.
func TestDoorsLeaveTheSettingsAsTheyAre(t *testing.T) {
	s, err := Parse([]byte(`{"sso": {"min_password_length": 8, "max_password_length": 30, "max_username_length": 20, "session_life": "2h"}, "passwords": {"min_password_length": 6, "disclose_addresses": true}}`))
	if err != nil {
		t.Fatal(err)
	}
	before := *s
	sso, passwords := s.ForSSO(), s.ForPasswords()
	if diff := cmp.Diff(&before, s); diff != "" {
		t.Errorf("the settings moved (-before +after):\n%s", diff)
	}
	if sso.Password.MinLength != 8 || sso.Password.MaxLength != 30 || sso.Username.MaxLength != 20 || sso.Session.AbsoluteLife.Std() != 2*time.Hour || sso.Session.IdleLife.Std() != 2*time.Hour {
		t.Errorf("sso: %+v %+v %+v", sso.Password, sso.Username, sso.Session)
	}
	if passwords.Password.MinLength != 6 || passwords.EnumerationProtection {
		t.Errorf("passwords: %+v", passwords.Password)
	}
}

// TestEveryKeyOfADoorIsDocumented.
func TestEveryKeyOfADoorIsDocumented(t *testing.T) {
	seen := map[string]int{}
	for _, key := range Keys() {
		family, _, _ := strings.Cut(key.Name, ".")
		seen[family]++
	}
	if seen["passwords"] < 14 || seen["sso"] < 25 {
		t.Errorf("%d keys of passwords, %d of sso", seen["passwords"], seen["sso"])
	}
}
