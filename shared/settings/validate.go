package settings

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Values of password.breach_check.
const (
	BreachEmbedded = "embedded"
	// BreachUnchecked is for a door whose own settings say so; the document as a whole can't.
	BreachUnchecked = "unchecked"
	BreachHIBP      = "hibp"
)

// Values of cookie.same_site.
const (
	SameSiteLax    = "lax"
	SameSiteStrict = "strict"
	SameSiteNone   = "none"
)

// maxIssuer is how long public_url may be.
const maxIssuer = 500

// Scripts lists the Unicode scripts that username.scripts may name: those whose
// letters package identifier can tell from their look-alikes.
func Scripts() []string { return []string{"Armenian", "Cyrillic", "Georgian", "Greek", "Latin"} }

// Validate checks every rule. The error is of type Faults and holds all that is
// wrong. Settings from Parse and Load have been validated.
func (s *Settings) Validate() error {
	var c check
	s.check(&c)
	return c.faults.err()
}

func (s *Settings) check(c *check) {
	s.checkGeneral(c)
	s.checkEnumeration(c)
	s.Attributes.check(c)
	s.Password.check(c)
	s.Username.check(c)
	s.Verification.check(c)
	s.Restrictions.check(c, s.Attributes.EmailAddress)
	s.Limits.check(c)
	s.SignUp.check(c)
	s.Session.check(c)
	s.Cookie.check(c, s.PublicURL)
	s.Mail.check(c)
	s.Pages.check(c)
	s.Accounts.check(c)
	s.Passwords.check(c)
	s.SSO.check(c, s.Password)
	s.Callbacks.check(c)
}

func (s *Settings) checkGeneral(c *check) {
	c.line("app_name", s.AppName, 1, 60)
	c.base("public_url", s.PublicURL)
	if len(s.PublicURL) > maxIssuer {
		c.faults.add("public_url", "must have at most %d characters: session tokens name it, and have to fit into a cookie", maxIssuer)
	}
	c.bases("proxy_urls", s.ProxyURLs)
	c.origins("allowed_origins", s.AllowedOrigins)
	c.redirects("redirect_urls", s.RedirectURLs)
	c.base("sdk_url", s.SDKURL)
	if s.SDKURL == "" {
		c.faults.add("sdk_url", "must not be empty")
	}
	if s.Mode == Restricted {
		c.unmet("mode", string(s.Mode), "it admits invitations only, and there are none")
		return
	}
	c.oneOf("mode", string(s.Mode), string(Public))
}

// checkEnumeration refuses a promise that can't be kept: only what has to be proved
// first can be kept quiet about.
func (s *Settings) checkEnumeration(c *check) {
	const key = "enumeration_protection"
	switch email := s.Attributes.EmailAddress; {
	case !s.EnumerationProtection:
	case email.Requirement == Off:
		c.faults.add(key, "needs attributes.email_address: there is nothing else that it protects")
	case !email.VerifyAtSignUp:
		c.faults.add(key, "needs attributes.email_address.verify_at_sign_up, or completing would tell which addresses are free")
	}
}

func (a *Attributes) check(c *check) {
	const proof = "it can't be verified"
	c.requirement("attributes.email_address", a.EmailAddress.Requirement, "")
	c.requirement("attributes.phone_number", a.PhoneNumber.Requirement, proof)
	c.requirement("attributes.username", a.Username.Requirement, "")
	c.requirement("attributes.web3_wallet", a.Web3Wallet.Requirement, proof)
	c.requirement("attributes.password", a.Password.Requirement, "")
	c.requirement("attributes.first_name", a.FirstName.Requirement, "")
	c.requirement("attributes.last_name", a.LastName.Requirement, "")
	c.requirement("attributes.birthday", a.Birthday.Requirement, "")
	c.requirement("attributes.gender", a.Gender.Requirement, "")
	a.EmailAddress.check(c)
	if a.EmailAddress.Requirement == Required {
		return
	}
	if a.Username.Requirement != Required {
		c.faults.add("attributes", "email_address or username must be required, or an account could not be found again")
	} else if a.Password.Requirement != Required {
		c.faults.add("attributes.password.requirement", "must be required where email_address isn't, or an account could not be signed in to again")
	}
}

// requirement checks one attribute; unmet says why it can't be required yet.
func (c *check) requirement(attribute string, value Requirement, unmet string) {
	key := attribute + ".requirement"
	switch {
	case unmet == "":
		c.oneOf(key, string(value), string(Off), string(Optional), string(Required))
	case value == Required:
		c.unmet(key, string(value), unmet)
	default:
		c.oneOf(key, string(value), string(Off), string(Optional))
	}
}

func (e *EmailAddress) check(c *check) {
	const key = "attributes.email_address.strategies"
	for i, strategy := range e.Strategies {
		c.oneOf(item(key, i), strategy, EmailCode, EmailLink)
	}
	c.distinct(key, e.Strategies)
	c.accepts(key, "list of `"+EmailCode+"`, `"+EmailLink+"`")
	if len(e.Strategies) == 0 && e.VerifyAtSignUp && e.Requirement != Off {
		c.faults.add(key, "must name %s or %s, or no address could be verified", EmailCode, EmailLink)
	}
}

func (p *Password) check(c *check) {
	c.between("password.min_length", p.MinLength, 8, 1024)
	c.between("password.max_length", p.MaxLength, 64, 1024)
	if p.MinLength > p.MaxLength {
		c.faults.add("password.min_length", "must not be above password.max_length (%d), is %d", p.MaxLength, p.MinLength)
	}
	c.oneOf("password.breach_check", p.BreachCheck, BreachEmbedded, BreachHIBP)
	c.base("password.breach_url", p.BreachURL)
	if p.BreachCheck == BreachHIBP && p.BreachURL == "" {
		c.faults.add("password.breach_url", "must not be empty with password.breach_check hibp")
	}
	c.lines("password.context_words", p.ContextWords, 64)
	c.between("password.argon2.memory_kib", int(p.Argon2.MemoryKiB), 19456, 1<<20)
	c.between("password.argon2.iterations", int(p.Argon2.Iterations), 2, 16)
	c.between("password.argon2.lanes", int(p.Argon2.Lanes), 1, 16)
}

func (u *Username) check(c *check) {
	c.between("username.min_length", u.MinLength, 1, 64)
	c.between("username.max_length", u.MaxLength, 1, 64)
	if u.MinLength > u.MaxLength {
		c.faults.add("username.min_length", "must not be above username.max_length (%d), is %d", u.MaxLength, u.MinLength)
	}
	if len(u.Scripts) == 0 {
		c.faults.add("username.scripts", "must name a script")
	}
	scripts := Scripts()
	for i, script := range u.Scripts {
		c.oneOf(item("username.scripts", i), script, scripts...)
	}
	c.distinct("username.scripts", u.Scripts)
	if c.values != nil {
		c.accepts("username.scripts", "list of `"+strings.Join(scripts, "`, `")+"`")
	}
	c.accepts("username.extra_signs", "signs of ASCII")
	if strings.ContainsFunc(u.ExtraSigns, notASign) {
		c.faults.add("username.extra_signs", "must hold signs of ASCII only, and no @, is %s", quote(u.ExtraSigns))
	}
	c.lines("username.reserved", u.Reserved, 64)
}

func (v *Verification) check(c *check) {
	c.lasting("verification.code_life", v.CodeLife, time.Minute, 10*time.Minute)
	c.between("verification.max_attempts", v.MaxAttempts, 1, 10)
	c.lasting("verification.resend_after", v.ResendAfter, time.Second, 10*time.Minute)
	if v.ResendAfter > v.CodeLife {
		c.faults.add("verification.resend_after", "must not be above verification.code_life (%s), is %s", v.CodeLife, v.ResendAfter)
	}
}

func (u *SignUp) check(c *check) {
	c.lasting("sign_up.abandon_after", u.AbandonAfter, 10*time.Minute, 30*24*time.Hour)
	c.page("sign_up.terms_url", u.TermsURL)
	c.page("sign_up.privacy_url", u.PrivacyURL)
	if u.LegalConsent && u.TermsURL == "" && u.PrivacyURL == "" {
		c.faults.add("sign_up.legal_consent", "needs sign_up.terms_url or sign_up.privacy_url, or there is nothing to consent to")
	}
}

func (s *Session) check(c *check) {
	const year = 365 * 24 * time.Hour
	c.lasting("session.idle_life", s.IdleLife, 5*time.Minute, year)
	c.lasting("session.absolute_life", s.AbsoluteLife, 5*time.Minute, year)
	if s.IdleLife > s.AbsoluteLife {
		c.faults.add("session.idle_life", "must not be above session.absolute_life (%s), is %s", s.AbsoluteLife, s.IdleLife)
	}
	c.lines("session.audience", s.Audience, 200)
	if len(s.Audience) > 5 {
		c.faults.add("session.audience", "must have at most 5 entries, has %d: a token has to fit into a cookie", len(s.Audience))
	}
}

func (k *Cookie) check(c *check, publicURL string) {
	c.accepts("cookie.domain", "host name")
	host := strings.TrimPrefix(strings.TrimPrefix(originOf(publicURL), "https://"), "http://")
	host, _, _ = strings.Cut(host, ":")
	switch {
	case k.Domain == "":
	case !strings.Contains(k.Domain, ".") || !isHostName(k.Domain) || strings.Trim(k.Domain, "0123456789.") == "":
		c.faults.add("cookie.domain", "%s must be a host name such as example.com, in lower case, without a dot in front", quote(k.Domain))
	case publicURL != "" && host != k.Domain && !strings.HasSuffix(host, "."+k.Domain):
		c.faults.add("cookie.domain", "%s doesn't hold the host of public_url, so browsers would drop the cookie", quote(k.Domain))
	}
	c.oneOf("cookie.same_site", k.SameSite, SameSiteLax, SameSiteStrict, SameSiteNone)
	if k.SameSite == SameSiteNone && strings.HasPrefix(publicURL, "http:") {
		c.faults.add("cookie.same_site", "none needs an https public_url, or browsers would drop the cookie")
	}
}

func (p *Pages) check(c *check) {
	c.page("pages.home_url", p.HomeURL)
	c.page("pages.sign_in_url", p.SignInURL)
	c.page("pages.sign_up_url", p.SignUpURL)
	c.page("pages.logo_url", p.LogoURL)
}

func (m *Mail) check(c *check) {
	c.mailbox("mail.from_address", m.FromAddress)
	c.line("mail.from_name", m.FromName, 0, 100)
	c.mailbox("mail.reply_to", m.ReplyTo)
	c.oneOf("mail.default_locale", m.DefaultLocale, Locales()...)
	if c.values != nil {
		c.accepts("mail.texts", "`{\"<locale>\": {\"<key>\": \"<text>\"}}` with texts of 1 to 1000 characters under `"+strings.Join(TextKeys(), "`, `")+"`")
	}
	for _, locale := range slices.Sorted(maps.Keys(m.Texts)) {
		key := join("mail.texts", locale)
		if !slices.Contains(Locales(), locale) {
			c.faults.add(key, "unknown locale, known are %s", strings.Join(Locales(), ", "))
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(m.Texts[locale])) {
			if slices.Contains(TextKeys(), name) {
				c.line(join(key, name), m.Texts[locale][name], 1, 1000)
			} else {
				c.faults.add(join(key, name), "unknown text, known are %s", strings.Join(TextKeys(), ", "))
			}
		}
	}
}

// notASign reports what username.extra_signs may not hold.
func notASign(r rune) bool {
	return r == '@' || r <= ' ' || r > '~' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
}
