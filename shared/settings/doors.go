package settings

import "time"

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

// ForAccounts are the settings under which the accounts family works: a sign-up may
// supply a name, an address and a password, each operation says what it needs, and
// nothing has to be proved before there is an account.
func (s *Settings) ForAccounts() *Settings {
	door := *s
	if s.Accounts.MinPasswordLength != 0 {
		door.Password.MinLength = s.Accounts.MinPasswordLength
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
