package replay

import (
	"encoding/json"
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

// ofSSO are those of the sso family.
func (p *Player) ofSSO() map[string][2]string {
	return map[string][2]string{
		"confirm_token": {p.state.ConfirmToken, "invoke sso/signup first"}, "user_id": {p.state.SSOUser, "invoke keys/operator and then sso/signup first"},
		"ust": {p.state.UST, "invoke sso/operator and then sso/login first"},
	}
}
