package signup

import (
	"strings"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// admitted reads e-mail addresses and refuses those that the instance doesn't admit.
func admitted(r settings.Restrictions, disposable func(domain string) bool) func(string) (identifier.Identifier, error) {
	return func(text string) (identifier.Identifier, error) {
		id, err := identifier.ParseEmailAddress(text)
		if err != nil {
			return id, err
		}
		if why := refusal(r, disposable, id); why != "" {
			return identifier.Identifier{}, problem.NotAllowed.On(string(id.Kind)).Detailed("%s", why)
		}
		return id, nil
	}
}

// refusal is why the instance doesn't admit id, as a sentence, or "". It says what a
// person can change, and of the lists no more than that they decided.
func refusal(r settings.Restrictions, disposable func(domain string) bool, id identifier.Identifier) string {
	at := strings.LastIndexByte(id.Canonical, '@')
	local, domain := id.Canonical[:at], id.Canonical[at+1:]
	switch r.Admits(local, domain) {
	case settings.Named:
		return ""
	case settings.NotListed, settings.Blocked:
		return "Please use another one."
	}
	if r.BlockSubaddresses && strings.ContainsAny(local, "+=#") {
		return "Please write it without a sub-address: no +, = or #."
	}
	if r.BlockDisposableDomains && disposable(domain) {
		return "Please use one that isn't temporary."
	}
	return ""
}
