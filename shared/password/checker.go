// Package password judges passwords and hashes those that are accepted. It has
// no rule about kinds of characters, no expiry and no hints, in any setting (R3,
// R7). Wherever a password is compared or hashed it is in NFC, and nothing else
// about it is changed (R4).
package password

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/doorstep-auth/doorstep/shared/password/internal/fingerprint"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

const param = "password"

// Checker judges passwords under one policy. It is safe for concurrent use.
type Checker struct {
	policy settings.Password
	words  []string
	client *http.Client
}

// NewChecker returns a Checker for policy. appName is a context word beside the
// policy's own. client asks the breach service; it is used with breach_check
// hibp only, redirects aren't followed, and nil stands for a plain client.
func NewChecker(policy settings.Password, appName string, client *http.Client) *Checker {
	own := http.Client{}
	if client != nil {
		own = *client
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Checker{policy: policy, words: append([]string{appName}, policy.ContextWords...), client: &own}
}

// Check returns nil for a password that is accepted, or a problem on the field
// password that says why it isn't:
//
//   - ParamValueInvalid: it isn't UTF-8 or holds a control character
//   - PasswordTooShort, PasswordTooLong: by code points in NFC (R1, R2, R4)
//   - PasswordPwned: it is common or known from breaches (R5)
//   - PasswordContext: it consists of context words: the app name, the policy's
//     words, or those of personal (addresses, names, and so on)
//   - PasswordUnchecked: the breach service gave no usable answer (R6). The
//     error then wraps the cause, for the log.
func (c *Checker) Check(ctx context.Context, candidate secret.Text, personal ...string) error {
	text, err := c.read(candidate.Reveal())
	if err != nil {
		return err
	}
	folded := fingerprint.Fold(text)
	words := contextWords(append(personal[:len(personal):len(personal)], c.words...)...)
	switch {
	case c.policy.BreachCheck != settings.BreachUnchecked && blocked(folded):
		return problem.PasswordPwned.On(param)
	case contextual(folded, words):
		return problem.PasswordContext.On(param)
	case c.policy.BreachCheck != settings.BreachHIBP:
		return nil
	}
	breached, err := c.breached(ctx, text)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", problem.PasswordUnchecked.On(param), err)
	case breached:
		return problem.PasswordPwned.On(param)
	}
	return nil
}

// read returns the password in NFC.
func (c *Checker) read(raw string) (string, error) {
	// NFC joins at most four code points of at most four bytes: no work on huge texts (R2).
	const mostBytesPerCodePoint = 16
	if len(raw) > c.policy.MaxLength*mostBytesPerCodePoint {
		return "", problem.PasswordTooLong.On(param).Detailed("%d", c.policy.MaxLength)
	}
	text := norm.NFC.String(raw)
	length := utf8.RuneCountInString(text)
	switch {
	case !utf8.ValidString(raw):
		return "", problem.ParamValueInvalid.On(param).Detailed("It isn't valid UTF-8.")
	case length < c.policy.MinLength:
		return "", problem.PasswordTooShort.On(param).Detailed("%d", c.policy.MinLength)
	case length > c.policy.MaxLength:
		return "", problem.PasswordTooLong.On(param).Detailed("%d", c.policy.MaxLength)
	case strings.ContainsFunc(text, unicode.IsControl):
		return "", problem.ParamValueInvalid.On(param).Detailed("It holds a control character.")
	}
	return text, nil
}
