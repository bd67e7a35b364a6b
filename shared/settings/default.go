package settings

import "time"

// Default returns the settings of an empty document: public sign-up by e-mail
// code and a password of 15 or more code points. Each call makes its own.
func Default() *Settings {
	return &Settings{
		AppName:        "Doorstep",
		ProxyURLs:      []string{},
		AllowedOrigins: []string{},
		RedirectURLs:   []string{},
		Mode:           Public,
		SingleSession:  true,
		Attributes:     defaultAttributes(),
		Password: Password{
			MinLength:    15,
			MaxLength:    128,
			BreachCheck:  BreachEmbedded,
			BreachURL:    "https://api.pwnedpasswords.com/range",
			ContextWords: []string{},
			Argon2:       Argon2{MemoryKiB: 19456, Iterations: 2, Lanes: 1},
		},
		Username: Username{MinLength: 4, MaxLength: 64, Scripts: []string{"Latin"}, Reserved: []string{}},
		Verification: Verification{
			CodeLife:          Duration(10 * time.Minute),
			MaxAttempts:       5,
			ResendAfter:       Duration(30 * time.Second),
			RequireSameClient: true,
		},
		Restrictions: defaultRestrictions(),
		Limits:       defaultLimits(),

		SignUp:  SignUp{AbandonAfter: Duration(24 * time.Hour)},
		Session: Session{IdleLife: Duration(7 * 24 * time.Hour), AbsoluteLife: Duration(30 * 24 * time.Hour), Audience: []string{}},
		Cookie:  Cookie{SameSite: SameSiteLax},
		Mail:    Mail{DefaultLocale: "en", Texts: map[string]map[string]string{}},
		SDKURL:  "https://cdn.jsdelivr.net/npm",
		Native:  Native{Enabled: true},

		Accounts:  defaultAccounts(),
		Passwords: defaultPasswords(),
		SSO:       defaultSSO(),
		Callbacks: defaultCallbacks(),
	}
}

func defaultAttributes() Attributes {
	return Attributes{
		EmailAddress: EmailAddress{Requirement: Required, VerifyAtSignUp: true, Strategies: []string{EmailCode}},
		PhoneNumber:  Attribute{Off},
		Username:     Attribute{Off},
		Web3Wallet:   Attribute{Off},
		Password:     Attribute{Required},
		FirstName:    Attribute{Optional},
		LastName:     Attribute{Optional},
		Birthday:     Attribute{Off},
		Gender:       Attribute{Off},
	}
}
