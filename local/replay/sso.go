package replay

import (
	"encoding/json"
	"fmt"
	"strings"
)

// ssoState is what the sso family's answers gave.
type ssoState struct {
	ConfirmToken string `json:"confirm_token,omitempty"`
	// SSOUser is of the user that signed up last, UST of the one that logged in last.
	SSOUser string `json:"sso_user,omitempty"`
	UST     string `json:"ust,omitempty"`
}

// learnSSO keeps what a sign-up is confirmed with, whom it made, and what a log-in gave.
func (p *Player) learnSSO(function, body string) {
	var told struct {
		ConfirmToken string `json:"confirm_token"`
		UserID       string `json:"user_id"`
		UST          string `json:"ust"`
	}
	if !strings.HasPrefix(function, "sso/") || json.Unmarshal([]byte(body), &told) != nil {
		return
	}
	for known, given := range map[*string]string{&p.state.ConfirmToken: told.ConfirmToken, &p.state.SSOUser: told.UserID, &p.state.UST: told.UST} {
		if given != "" {
			*known = given
		}
	}
}

// ofSSO is what stands for a placeholder of the sso family's events.
func (p *Player) ofSSO(name string) (string, error) {
	for placeholder, known := range map[string][2]string{
		"confirm_token": {p.state.ConfirmToken, "invoke sso/signup first"}, "user_id": {p.state.SSOUser, "invoke keys/operator and then sso/signup first"},
		"ust": {p.state.UST, "invoke sso/operator and then sso/login first"},
	} {
		switch {
		case name != placeholder:
		case known[0] == "":
			return "", &Unknown{name, known[1]}
		default:
			return known[0], nil
		}
	}
	return "", fmt.Errorf("the event has the unknown placeholder {{%s}}", name)
}
