package settings

import (
	"cmp"
	"slices"
	"time"
)

// Accounts are the settings of the accounts family.
type Accounts struct {
	Enabled           bool     `json:"enabled" doc:"Whether the family is served."`
	MinPasswordLength int      `json:"min_password_length" doc:"Fewest code points of a password here; 0 is password.min_length."`
	TokenLife         Duration `json:"token_life" doc:"How long an access token lives; there is no refresh token, and a session that has been ended refuses its tokens at once."`
	Audience          []string `json:"audience" doc:"Whom access and identity tokens are for (their aud); the first is this API."`
}

func defaultAccounts() Accounts {
	return Accounts{Enabled: true, TokenLife: Duration(time.Hour), Audience: []string{"norman:server", "norman:client", "norman:quotas"}}
}

func (a *Accounts) check(c *check) {
	c.between("accounts.min_password_length", a.MinPasswordLength, 0, 64)
	c.lasting("accounts.token_life", a.TokenLife, time.Minute, 24*time.Hour)
	if len(a.Audience) == 0 {
		c.faults.add("accounts.audience", "must name at least one")
	}
	c.lines("accounts.audience", a.Audience, 200)
}

// Passwords are the settings of the passwords family.
type Passwords struct {
	Enabled           bool     `json:"enabled" doc:"Whether the family is served."`
	MinPasswordLength int      `json:"min_password_length" doc:"Fewest code points of a password here; 0 is password.min_length."`
	RefuseKnown       bool     `json:"refuse_known_passwords" doc:"Whether passwords that many have chosen, or that have been breached, are refused here."`
	ConfirmAddress    bool     `json:"confirm_address" doc:"Whether a sign-up stays disabled until the mailed link is opened."`
	DiscloseAddresses bool     `json:"disclose_addresses" doc:"Whether callers are told which addresses have an account. A sign-up that needs no confirmation tells in any case: it can't answer with tokens for an address that is somebody's."`
	Invitations       string   `json:"invitations" doc:"Who may invite: whoever has the operator key, anyone, or nobody."`
	ConfirmURL        string   `json:"confirm_url" doc:"Page to which the link of a confirmation leads, with oobCode and uid in its query; empty is the application's first page."`
	InviteURL         string   `json:"invite_url" doc:"Page to which an invitation leads, as above."`
	ResetURL          string   `json:"reset_url" doc:"Page to which the link for a new password leads, as above."`
	LinkLife          Duration `json:"link_life" doc:"How long a link to confirm or for a new password can be used."`
	InviteLife        Duration `json:"invite_life" doc:"How long an invitation can be accepted."`
	TokenLife         Duration `json:"token_life" doc:"How long an identity token lives."`
	RefreshGrace      Duration `json:"refresh_grace" doc:"How long the refresh token before the newest is still taken, for a client that didn't get the answer. An older one ends the session."`
	Audience          string   `json:"audience" doc:"Whom identity tokens are for (their aud)."`
	Roles             []string `json:"roles" doc:"Roles that an application knows, for whoever has the operator key to list."`
}

// Who may invite.
const (
	InvitedByOperator = "operator"
	InvitedByAnyone   = "anyone"
	InvitedByNobody   = "nobody"
)

func defaultPasswords() Passwords {
	return Passwords{
		Enabled: true, RefuseKnown: true, ConfirmAddress: true, Invitations: InvitedByOperator, Audience: "doorstep", Roles: []string{"admin", "user"},
		LinkLife: Duration(10 * time.Minute), InviteLife: Duration(24 * time.Hour),
		TokenLife: Duration(time.Hour), RefreshGrace: Duration(30 * time.Second),
	}
}

func (p *Passwords) check(c *check) {
	c.between("passwords.min_password_length", p.MinPasswordLength, 0, 64)
	c.oneOf("passwords.invitations", p.Invitations, InvitedByOperator, InvitedByAnyone, InvitedByNobody)
	c.page("passwords.confirm_url", p.ConfirmURL)
	c.page("passwords.invite_url", p.InviteURL)
	c.page("passwords.reset_url", p.ResetURL)
	c.lasting("passwords.link_life", p.LinkLife, time.Minute, 24*time.Hour)
	c.lasting("passwords.invite_life", p.InviteLife, time.Minute, 30*24*time.Hour)
	c.lasting("passwords.token_life", p.TokenLife, time.Minute, 24*time.Hour)
	c.lasting("passwords.refresh_grace", p.RefreshGrace, 0, 5*time.Minute)
	c.line("passwords.audience", p.Audience, 1, 200)
	c.lines("passwords.roles", p.Roles, 100)
}

// SSO are the settings of the sso family, named after Zato's options (zato.md §4.4).
type SSO struct {
	Enabled              bool     `json:"enabled" doc:"Whether the family is served."`
	Apps                 []string `json:"apps" doc:"Every application that is known."`
	SignupAllowed        []string `json:"signup_allowed" doc:"Applications that people may sign up into; none closes the sign-up."`
	LoginAllowed         []string `json:"login_allowed" doc:"Applications that people may log in to."`
	EmailRequired        bool     `json:"email_required" doc:"Whether a sign-up needs an e-mail address."`
	ApprovalNeeded       bool     `json:"approval_needed" doc:"Whether a super-user has to approve a sign-up before its user can log in."`
	ConfirmMail          string   `json:"confirm_mail" doc:"Who mails the token that confirms a sign-up: caller gets it in the answer, doorstep mails it and tells nobody."`
	ConfirmURL           string   `json:"confirm_url" doc:"Page to which the mailed link leads, with confirm_token in its query; empty is the application's first page."`
	ConfirmLife          Duration `json:"confirm_life" doc:"How long a sign-up can be confirmed."`
	MaxUsernameLength    int      `json:"max_username_length" doc:"Most characters of a username."`
	MaxEmailLength       int      `json:"max_email_length" doc:"Most characters of an e-mail address."`
	RejectUsernames      []string `json:"reject_usernames" doc:"Texts that no username may contain."`
	RejectEmails         []string `json:"reject_emails" doc:"Texts that no e-mail address may contain."`
	MinPasswordLength    int      `json:"min_password_length" doc:"Fewest code points of a password here; 0 is password.min_length."`
	MaxPasswordLength    int      `json:"max_password_length" doc:"Most code points of a password here; 0 is password.max_length."`
	RejectPasswords      []string `json:"reject_passwords" doc:"Texts that no password may contain, in whatever case."`
	MinComplexity        int      `json:"min_complexity" doc:"Least zxcvbn score of a password, from 0, which is off, to 4."`
	InformIfUserExists   bool     `json:"inform_if_user_exists" doc:"Whether callers are told that a username is taken."`
	InformIfEmailExists  bool     `json:"inform_if_email_exists" doc:"Whether callers are told that an e-mail address is taken."`
	InformIfUserInvalid  bool     `json:"inform_if_user_invalid" doc:"Whether callers are told what is wrong with a username."`
	InformIfEmailInvalid bool     `json:"inform_if_email_invalid" doc:"Whether callers are told what is wrong with an e-mail address."`
	InformIfPassword     bool     `json:"inform_if_password_invalid" doc:"Whether callers are told what is wrong with a password."`
	InformIfApp          bool     `json:"inform_if_app_invalid" doc:"Whether callers are told what is wrong with an application."`
	InformIfNotConfirmed bool     `json:"inform_if_not_confirmed" doc:"Whether a log-in with the right password is told that the sign-up isn't confirmed."`
	SessionLife          Duration `json:"session_life" doc:"How long a log-in lasts."`
	AuditRetention       Duration `json:"audit_retention" doc:"How long the record of an attempt is kept."`
}

// ssoSigns are in the usernames that callers of the sso family make up, of times and paths.
const ssoSigns = ":/=,;"

// Who mails the token that confirms a sign-up.
const (
	MailedByCaller   = "caller"
	MailedByDoorstep = "doorstep"
)

func defaultSSO() SSO {
	return SSO{
		Enabled: true, Apps: []string{}, SignupAllowed: []string{}, LoginAllowed: []string{},
		EmailRequired: true, ApprovalNeeded: true, ConfirmMail: MailedByCaller, ConfirmLife: Duration(24 * time.Hour),
		MaxUsernameLength: 128, MaxEmailLength: 128, RejectUsernames: []string{"zato", "admin", "root", "system", "sso"}, RejectEmails: []string{},
		RejectPasswords: []string{
			"111111", "222222", "333333", "444444", "555555", "666666", "777777", "888888", "999999",
			"123456", "password", "qwerty", "letmein", "google", "zxcvbnm",
		},
		InformIfPassword: true, InformIfApp: true,
		SessionLife: Duration(time.Hour), AuditRetention: Duration(365 * 24 * time.Hour),
	}
}

func (s *SSO) check(c *check, password Password) {
	for _, list := range []struct {
		key  string
		apps []string
	}{{"sso.apps", s.Apps}, {"sso.signup_allowed", s.SignupAllowed}, {"sso.login_allowed", s.LoginAllowed}} {
		c.lines(list.key, list.apps, 100)
		for _, app := range list.apps {
			if !slices.Contains(s.Apps, app) {
				c.faults.add(list.key, "names %s, which sso.apps doesn't", quote(app))
			}
		}
	}
	c.oneOf("sso.confirm_mail", s.ConfirmMail, MailedByCaller, MailedByDoorstep)
	if s.ConfirmMail == MailedByDoorstep && !s.EmailRequired {
		c.faults.add("sso.email_required", "must be true if sso.confirm_mail is doorstep: there would be nowhere to mail to")
	}
	c.page("sso.confirm_url", s.ConfirmURL)
	c.lasting("sso.confirm_life", s.ConfirmLife, time.Minute, 90*24*time.Hour)
	c.between("sso.max_username_length", s.MaxUsernameLength, 1, 128)
	c.between("sso.max_email_length", s.MaxEmailLength, 6, 254)
	c.lines("sso.reject_usernames", s.RejectUsernames, 100)
	c.lines("sso.reject_emails", s.RejectEmails, 254)
	c.between("sso.min_password_length", s.MinPasswordLength, 0, 64)
	c.between("sso.max_password_length", s.MaxPasswordLength, 0, 1024)
	fewest, most := cmp.Or(s.MinPasswordLength, password.MinLength), cmp.Or(s.MaxPasswordLength, password.MaxLength)
	if fewest > most && s.MinPasswordLength+s.MaxPasswordLength != 0 {
		c.faults.add("sso.max_password_length", "must not be below the fewest (%d), is %d", fewest, most)
	}
	c.lines("sso.reject_passwords", s.RejectPasswords, 100)
	c.between("sso.min_complexity", s.MinComplexity, 0, 4)
	c.lasting("sso.session_life", s.SessionLife, time.Minute, 30*24*time.Hour)
	c.lasting("sso.audit_retention", s.AuditRetention, 24*time.Hour, 10*365*24*time.Hour)
}

// ForAccounts are the settings under which the accounts family works: a sign-up may
// supply a name, an address and a password, each operation says what it needs, and
// nothing has to be proved before there is an account.
func (s *Settings) ForAccounts() *Settings {
	return s.forDoor(s.Accounts.MinPasswordLength)
}

// ForPasswords are the settings under which the passwords family works, as ForAccounts.
func (s *Settings) ForPasswords() *Settings {
	door := s.forDoor(s.Passwords.MinPasswordLength)
	door.EnumerationProtection = !s.Passwords.DiscloseAddresses
	if !s.Passwords.RefuseKnown {
		door.Password.BreachCheck = BreachUnchecked
	}
	return door
}

// ForSSO are the settings under which the sso family works, as ForAccounts. What is
// taken is refused here, and what the caller is told of it has settings of its own.
func (s *Settings) ForSSO() *Settings {
	door := s.forDoor(s.SSO.MinPasswordLength)
	if s.SSO.MaxPasswordLength != 0 {
		door.Password.MaxLength = s.SSO.MaxPasswordLength
	}
	door.Username.MaxLength = s.SSO.MaxUsernameLength
	door.Username.ExtraSigns += ssoSigns
	door.EnumerationProtection = false
	door.Session.IdleLife, door.Session.AbsoluteLife = s.SSO.SessionLife, s.SSO.SessionLife
	return door
}

// forDoor are the settings of a door that makes accounts in one call.
func (s *Settings) forDoor(minPasswordLength int) *Settings {
	door := *s
	if minPasswordLength != 0 {
		door.Password.MinLength = minPasswordLength
	}
	door.Username.AllowNumeric, door.Username.AllowExtendedSpecialCharacters, door.Username.MinLength = true, true, 1
	off := Attribute{Off}
	door.Attributes = Attributes{
		EmailAddress: EmailAddress{Requirement: Optional, Strategies: []string{EmailCode}},
		Username:     Attribute{Optional}, Password: Attribute{Optional},
		PhoneNumber: off, Web3Wallet: off, FirstName: off, LastName: off, Birthday: off, Gender: off,
	}
	door.SignUp.LegalConsent = false
	return &door
}
