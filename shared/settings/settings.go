// Package settings is the one document that says what an instance of Doorstep
// allows: which facts a sign-up asks for, how they are proved, and where the
// answers may go. Every key is optional and declared here once, with its
// default (Default), its sentence (the doc tag, which docs/settings.md repeats)
// and its check (Validate). A document is read once, before the first request,
// by Load; what Load returns is never changed afterwards.
package settings

// Requirement says whether a sign-up takes an attribute.
type Requirement string

// The requirements of an attribute. An optional attribute never blocks a sign-up.
const (
	Off      Requirement = "off"
	Optional Requirement = "optional"
	Required Requirement = "required"
)

// Mode says who may sign up.
type Mode string

// The modes. Restricted admits invitations only, which aren't built yet: it is refused.
const (
	Public     Mode = "public"
	Restricted Mode = "restricted"
)

// Settings is the whole document. Field order is the order of docs/settings.md.
type Settings struct {
	Profile               string       `json:"profile" doc:"Profile that the document builds on; its values stand where the document is silent."`
	AppName               string       `json:"app_name" doc:"Name of the application, as mails and pages show it."`
	PublicURL             string       `json:"public_url" doc:"Address under which browsers reach this API, without a trailing slash; the default is the deployed API's own. Mailed links begin with it."`
	ProxyURLs             []string     `json:"proxy_urls" doc:"Addresses under which an application's own server forwards to this API, without a trailing slash. A request through one of them names it in Clerk-Proxy-Url, and then mailed links begin with it."`
	AllowedOrigins        []string     `json:"allowed_origins" doc:"Exact origins whose pages may call with credentials; http://localhost:* stands for any port of the loopback host."`
	RedirectURLs          []string     `json:"redirect_urls" doc:"Addresses to which a link may return; a URL matches by exact origin and by path or a path above it, http://localhost:* as above, an app's own scheme only as a whole."`
	Mode                  Mode         `json:"mode" doc:"Who may sign up."`
	SingleSession         bool         `json:"single_session" doc:"Whether a client holds one session at a time; a signed-in client then can't begin a sign-up."`
	EnumerationProtection bool         `json:"enumeration_protection" doc:"Whether a sign-up keeps quiet about e-mail addresses that somebody has an account with: it goes on as with any other, and the owner is mailed that there is an account already. Usernames and all else are still told."`
	Attributes            Attributes   `json:"attributes" doc:"What a sign-up asks for."`
	Password              Password     `json:"password" doc:"Which passwords are accepted and how they are hashed."`
	Username              Username     `json:"username" doc:"Which usernames are accepted."`
	Verification          Verification `json:"verification" doc:"How long codes and links live, how often they may be tried and sent, and for whom they work."`
	Restrictions          Restrictions `json:"restrictions" doc:"Whose e-mail address is admitted."`
	Limits                Limits       `json:"limits" doc:"How often mails are sent, sign-ups begun and codes tried. Beyond that the answer is 429, with Retry-After."`
	SignUp                SignUp       `json:"sign_up" doc:"Life of an unfinished sign-up and its consent."`
	Session               Session      `json:"session" doc:"Life of the session that a completed sign-up yields."`
	Cookie                Cookie       `json:"cookie" doc:"How the browser's client cookie is set."`
	Mail                  Mail         `json:"mail" doc:"Sender and texts of the mails."`
	Pages                 Pages        `json:"pages" doc:"The application's own pages, to which prebuilt components link."`
	SDKURL                string       `json:"sdk_url" doc:"Address of a CDN of npm packages, without a trailing slash. Framework SDKs load clerk-js from /npm/ on this API, which redirects there."`
	Accounts              Accounts     `json:"accounts" doc:"Accounts in one call: anonymous, by API key, password or e-mail address (/v0/authenticate)."`
	Passwords             Passwords    `json:"passwords" doc:"Accounts by e-mail address and password, with tokens to refresh (/api/v1/auth)."`
	SSO                   SSO          `json:"sso" doc:"Accounts for a set of applications, confirmed by token and approved by a super-user (/zato/sso)."`
	Callbacks             Callbacks    `json:"callbacks" doc:"Who is told of new users."`
	Native                Native       `json:"native" doc:"Clients without cookies: phone and desktop apps."`
}

// Attributes holds one entry per fact that a sign-up can carry.
type Attributes struct {
	EmailAddress EmailAddress `json:"email_address" doc:"E-mail address."`
	PhoneNumber  Attribute    `json:"phone_number" doc:"Phone number in E.164; it can't be verified yet, so it can't be required."`
	Username     Attribute    `json:"username" doc:"Username."`
	Web3Wallet   Attribute    `json:"web3_wallet" doc:"Wallet address; it can't be verified yet."`
	Password     Attribute    `json:"password" doc:"Password."`
	FirstName    Attribute    `json:"first_name" doc:"First name."`
	LastName     Attribute    `json:"last_name" doc:"Last name."`
	Birthday     Attribute    `json:"birthday" doc:"Birthday, as YYYY-MM-DD."`
	Gender       Attribute    `json:"gender" doc:"Gender, as the person words it."`
}

// Attribute is a fact without proof.
type Attribute struct {
	Requirement Requirement `json:"requirement" doc:"Whether a sign-up takes it."`
}

// EmailAddress is the e-mail attribute with its proof.
type EmailAddress struct {
	Requirement    Requirement `json:"requirement" doc:"Whether a sign-up takes an e-mail address."`
	VerifyAtSignUp bool        `json:"verify_at_sign_up" doc:"Whether a supplied address must be proved before the sign-up completes."`
	Strategies     []string    `json:"strategies" doc:"Ways to prove an address. Each mail carries all of them that can work; prebuilt sign-up pages wait for the link as soon as email_link is listed."`
}

// Password is the password policy. There is no composition rule in any configuration (NIST SP 800-63B-4 §3.1.1.2).
type Password struct {
	MinLength    int      `json:"min_length" doc:"Fewest code points of a password; NIST SP 800-63B-4 §3.1.1.2 wants 15 where the password is the only factor, so a lower value is a choice."`
	MaxLength    int      `json:"max_length" doc:"Most code points of a password."`
	BreachCheck  string   `json:"breach_check" doc:"Where breached passwords are looked up: embedded is the built-in list, hibp the list and Have I Been Pwned by k-anonymity; a password is refused when that can't be reached."`
	BreachURL    string   `json:"breach_url" doc:"Range service for breach_check hibp; the first five hexadecimal digits of the SHA-1 follow as a path segment."`
	ContextWords []string `json:"context_words" doc:"Words that a password may not consist of, beside the app name and the person's own identifiers."`
	Argon2       Argon2   `json:"argon2" doc:"Cost of argon2id."`
}

// Argon2 is the cost of one password hash (RFC 9106).
type Argon2 struct {
	MemoryKiB  uint32 `json:"memory_kib" doc:"Memory of one hash in KiB."`
	Iterations uint32 `json:"iterations" doc:"Passes over the memory."`
	Lanes      uint8  `json:"lanes" doc:"Parallel lanes."`
}

// Username is the username policy.
type Username struct {
	MinLength                      int      `json:"min_length" doc:"Fewest characters of a username."`
	MaxLength                      int      `json:"max_length" doc:"Most characters of a username."`
	AllowExtendedSpecialCharacters bool     `json:"allow_extended_special_characters" doc:"Whether a username may hold more than letters, digits, _ and -."`
	ExtraSigns                     string   `json:"extra_signs" doc:"Further ASCII signs that a username may hold, such as : and /; @ is none, since a username isn't an address."`
	AllowNumeric                   bool     `json:"allow_numeric" doc:"Whether a username may consist of digits only."`
	Scripts                        []string `json:"scripts" doc:"Unicode scripts whose letters a username may use, one script a name."`
	Reserved                       []string `json:"reserved" doc:"Usernames that nobody may take, beside the built-in list."`
}

// Verification holds the limits of codes and links.
type Verification struct {
	CodeLife          Duration `json:"code_life" doc:"How long a code or link lives (at most 10m: ASVS 6.5.5)."`
	MaxAttempts       int      `json:"max_attempts" doc:"How many wrong codes end a verification, its link included."`
	ResendAfter       Duration `json:"resend_after" doc:"Wait before another mail may be asked for."`
	RequireSameClient bool     `json:"require_same_client" doc:"Whether a link proves an address only to the client that asked for it: the same browser, or a native app by PKCE. Without it, whoever opens a link proves the address for whoever began."`
}

// SignUp holds the life of an unfinished sign-up.
type SignUp struct {
	AbandonAfter Duration `json:"abandon_after" doc:"How long a sign-up may stay unfinished."`
	LegalConsent bool     `json:"legal_consent" doc:"Whether the person must accept the legal terms."`
	TermsURL     string   `json:"terms_url" doc:"Address of the terms of service."`
	PrivacyURL   string   `json:"privacy_url" doc:"Address of the privacy policy."`
}

// Session holds the limits of sessions.
type Session struct {
	IdleLife     Duration `json:"idle_life" doc:"How long a session may stay unused."`
	AbsoluteLife Duration `json:"absolute_life" doc:"How long a session lives at most."`
	Audience     []string `json:"audience" doc:"Whom session tokens are for (their aud), as API Gateway's JWT authorizer and other verifiers may ask; empty means the issuer, which is public_url."`
}

// Cookie is how the client cookie is set (RFC 6265bis §4.1).
type Cookie struct {
	Domain   string `json:"domain" doc:"Domain attribute; empty keeps the cookie on the API's own host."`
	SameSite string `json:"same_site" doc:"SameSite attribute; none needs an https public_url."`
}

// Mail is the sender and the texts.
type Mail struct {
	FromAddress   string                       `json:"from_address" doc:"Sender address, verified with SES; the default is the template's MailFrom."`
	FromName      string                       `json:"from_name" doc:"Sender name; empty means the app name."`
	ReplyTo       string                       `json:"reply_to" doc:"Address for answers."`
	DefaultLocale string                       `json:"default_locale" doc:"Language of mails to people whose own isn't served."`
	Texts         map[string]map[string]string `json:"texts" doc:"Own words, by locale and text key, over the built-in ones; {app_name} and {time_left} stand for their values."`
}

// Pages are the application's own, as the environment names them to prebuilt components.
type Pages struct {
	HomeURL   string `json:"home_url" doc:"First page of the application, where people go after signing up or out; empty is the root of the first allowed origin of a web site, or else of public_url's."`
	SignInURL string `json:"sign_in_url" doc:"Page to sign in on; empty is /sign-in on the same host."`
	SignUpURL string `json:"sign_up_url" doc:"Page to sign up on; empty is /sign-up on the same host."`
	LogoURL   string `json:"logo_url" doc:"Image that prebuilt components show on top; empty is none."`
}

// Native is the policy for clients without cookies.
type Native struct {
	Enabled bool `json:"enabled" doc:"Whether native clients may call."`
}
