package signup

import (
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// LinkPath is where a mailed link leads to, below its base.
const LinkPath = "/v1/verify"

// Link is what a request says of the link in the mail that it asks for.
type Link struct {
	// RedirectURL is where the person goes on after the link. Native callers
	// call it redirect_uri.
	RedirectURL string
	// Native says that the caller has no cookie by which a browser that opens
	// the link could be told to be the same client.
	Native bool
	// CodeChallenge and CodeChallengeMethod are PKCE's (RFC 7636 §4.3).
	CodeChallenge       string
	CodeChallengeMethod string
	// Base is what the link begins with; empty is settings.PublicURL. It must
	// not come from the caller unchecked: whoever names it gets the link.
	Base string
}

// LinkTerms is what a challenge keeps of its link.
type LinkTerms struct {
	Linked        bool   // whether the mail carries a link
	RedirectURL   string // where it leads in the end; empty is a page of ours
	LinkBase      string // what it begins with; empty is settings.PublicURL
	CodeChallenge []byte // PKCE's, method S256, 32 bytes; empty without
}

// accept checks the link against the settings for a mail that strategy asks for.
// A mail has a link if links are allowed and this one can work. email_link
// reports what it can't work without; another strategy does without the link.
func (l Link) accept(s *settings.Settings, strategy Strategy) (LinkTerms, error) {
	if !strategyAllowed(s, EmailLink) {
		return LinkTerms{}, nil
	}
	check := linkCheck{Link: l, settings: s, required: strategy == EmailLink}
	terms := LinkTerms{Linked: true, LinkBase: l.Base, CodeChallenge: check.challenge(), RedirectURL: check.redirect()}
	if err := check.faults.Err(); err != nil {
		return LinkTerms{}, err
	}
	if check.useless {
		return LinkTerms{}, nil
	}
	return terms, nil
}

// linkCheck gathers what is wrong with a link.
type linkCheck struct {
	Link
	settings *settings.Settings
	required bool // the request is for the link itself
	useless  bool // the link couldn't work
	faults   problem.Errors
}

// lacks notes that the link can't work without param.
func (c *linkCheck) lacks(param string) {
	c.useless = true
	if c.required {
		c.faults = append(c.faults, problem.ParamMissing.On(param))
	}
}

// challenge is the PKCE challenge. For a native client, PKCE is what "the same
// client" means; RFC 7636's other method, plain, proves nothing to who has the link.
func (c *linkCheck) challenge() []byte {
	switch {
	case c.CodeChallenge == "" && c.CodeChallengeMethod == "":
		if c.Native && c.settings.Verification.RequireSameClient {
			c.lacks("code_challenge")
		}
		return nil
	case c.CodeChallenge == "":
		c.faults = append(c.faults, problem.ParamMissing.On("code_challenge"))
	case c.CodeChallengeMethod == "": // RFC 7636 §4.3 would take it for plain
		c.faults = append(c.faults, problem.ParamMissing.On("code_challenge_method"))
	case c.CodeChallengeMethod != "S256":
		c.faults = append(c.faults, problem.ParamValueInvalid.On("code_challenge_method").Detailed("Only S256 is accepted."))
	}
	sum := secret.ParseS256Challenge(c.CodeChallenge)
	if sum == nil && c.CodeChallenge != "" {
		c.faults = append(c.faults, problem.ParamFormatInvalid.On("code_challenge").Detailed("It must be a SHA-256 in 43 characters of base64url."))
	}
	return sum
}

// redirect is where the link leads in the end. Only a link that hands over to an
// app can't do without.
func (c *linkCheck) redirect() string {
	switch {
	case c.RedirectURL == "":
		if c.required || c.CodeChallenge != "" {
			c.lacks(c.redirectParam())
		}
	case !settings.AbsoluteURL(c.RedirectURL):
		c.faults = append(c.faults, problem.RedirectInvalid.On(c.redirectParam()))
	case !c.settings.RedirectAllowed(c.RedirectURL):
		c.faults = append(c.faults, problem.RedirectProhibited.On(c.redirectParam()))
	}
	return c.RedirectURL
}

// redirectParam is what the caller calls the redirect URL.
func (c *linkCheck) redirectParam() string {
	if c.Native && (c.CodeChallenge != "" || c.settings.Verification.RequireSameClient) {
		return "redirect_uri"
	}
	return "redirect_url"
}

// linkToken is the token of a challenge's link: bound to the client, the sign-up
// and the address, so that it proves nothing else (ASVS 6.6.2).
func linkToken(key secret.MACKey, nonce []byte, client, signUp ID, canonical string) secret.LinkToken {
	return secret.DeriveLinkToken(key, client, signUp, nonce, []byte(canonical))
}

func approvalToken(key secret.MACKey, nonce []byte, client, signUp ID, canonical string) secret.ApprovalToken {
	return secret.DeriveApprovalToken(key, client, signUp, nonce, []byte(canonical))
}
