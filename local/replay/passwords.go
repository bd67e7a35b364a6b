package replay

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/doorstep-auth/doorstep/local/replay/inbox"
)

// passwordsState is what the passwords family's answers and mails gave, and the operator key.
type passwordsState struct {
	OperatorKey string `json:"operator_key,omitempty"`
	// UID is of the account that an answer or a mail named last; the tokens are of the last that signed in.
	UID           string `json:"uid,omitempty"`
	IdentityToken string `json:"identity_token,omitempty"`
	RefreshToken  string `json:"refresh_token,omitempty"`
	// ActionAddress is the last that was mailed a link, ActionCode what the link carries, and EarlierAction the mail that was the newest before.
	ActionAddress string `json:"action_address,omitempty"`
	ActionCode    string `json:"action_code,omitempty"`
	EarlierAction string `json:"earlier_action,omitempty"`
}

// mailing are the functions that mail a link to the address in their body.
var mailing = []string{"passwords/signup", "passwords/invite", "passwords/reset"}

// learnPasswords keeps what an account of the passwords family signs in with, and the operator key.
func (p *Player) learnPasswords(function, body string) {
	if slices.Contains(mailing, function) {
		p.state.ActionAddress, p.state.ActionCode, p.state.EarlierAction = p.named, "", p.newestNamed
	}
	var told struct {
		Data struct {
			UID          string
			IDToken      string `json:"idToken"`
			RefreshToken string `json:"refreshToken"`
			NextIdentity string `json:"id_token"`
			NextRefresh  string `json:"refresh_token"`
		}
	}
	if !strings.HasPrefix(function, "passwords/") || json.Unmarshal([]byte(body), &told) != nil {
		return
	}
	for known, given := range map[*string]string{
		&p.state.UID: told.Data.UID, &p.state.IdentityToken: told.Data.IDToken + told.Data.NextIdentity,
		&p.state.RefreshToken: told.Data.RefreshToken + told.Data.NextRefresh,
	} {
		if given != "" {
			*known = given
		}
	}
}

// learnOperator keeps the key that keys/operator shows.
func (p *Player) learnOperator(answer []byte) {
	var shown struct {
		OperatorKey string `json:"operator_key"`
	}
	if json.Unmarshal(answer, &shown) == nil && shown.OperatorKey != "" {
		p.state.OperatorKey = shown.OperatorKey
	}
}

// learnAction keeps what the newest link mailed to the address carries, if it came after what is known.
func (p *Player) learnAction(ctx context.Context) string {
	mail := p.mailTo(ctx, p.state.ActionAddress)
	if mail.ID == p.state.EarlierAction {
		return ""
	}
	code, uid := actionIn(mail)
	if code != "" {
		p.state.ActionCode, p.state.UID = code, uid
	}
	return code
}

// actionIn is what the link in the mail's text carries; empty if it has none.
func actionIn(m inbox.Mail) (code, uid string) {
	for word := range strings.FieldsSeq(m.Text) {
		if link, err := url.Parse(word); err == nil && link.Query().Has("oobCode") {
			return link.Query().Get("oobCode"), link.Query().Get("uid")
		}
	}
	return "", ""
}

// ofPasswords are those of the passwords family.
func (p *Player) ofPasswords() map[string][2]string {
	return map[string][2]string{
		"operator_key": {p.state.OperatorKey, "invoke keys/operator first"}, "uid": {p.state.UID, "invoke passwords/signup first"},
		"identity_token": {p.state.IdentityToken, "invoke passwords/sign-in first"}, "refresh_token": {p.state.RefreshToken, "invoke passwords/sign-in first"},
	}
}
