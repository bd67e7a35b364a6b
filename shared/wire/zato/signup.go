package zato

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// request is a sign-up as it is asked for.
type request struct {
	username, email string
	password        secret.Text
	apps            []string
}

// SignUp serves SignUp (§4.2, §4.3).
func (a API) SignUp(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.answer(ctx, r, SignUp, func(c *call) (any, error) {
		in := readSignUp(c.fields)
		if err := a.known(c); err != nil {
			return nil, err
		}
		if err := a.validate(in, c.attempt.Application); err != nil {
			return nil, err
		}
		made, err := a.Accounts.Register(ctx, c.caller, a.registration(in, c.attempt.Application))
		if err != nil {
			return nil, err
		}
		c.about(made.User.ID)
		answer := signedUp{Status: ok, CID: c.attempt.CID}
		if a.settings().ConfirmMail == settings.MailedByCaller {
			answer.ConfirmToken = made.Token.Reveal()
		}
		if c.trusted {
			answer.UserID = c.attempt.User
		}
		return answer, nil
	})
}

func readSignUp(f *gateway.Fields) request {
	return request{
		username: f.String("username", maxText), email: f.String("email", maxText),
		password: secret.NewText(f.String("password", maxText)), apps: readApps(f),
	}
}

// readApps reads a list of names, or one name that stands for a list of it.
func readApps(f *gateway.Fields) []string {
	text := f.Text("app_list", maxText)
	if text == "" {
		return nil
	}
	if !strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "{") {
		return []string{text}
	}
	var names []string
	if json.Unmarshal([]byte(text), &names) != nil {
		f.Faults = append(f.Faults, problem.ParamTypeInvalid.On("app_list").Detailed("It must be a list of strings."))
	}
	var once []string
	for _, name := range names {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}

func (a API) registration(in request, app string) signup.Registration {
	s := a.settings()
	registration := signup.Registration{
		Input:       signup.Input{Username: in.username, EmailAddress: in.email, Password: in.password},
		Unconfirmed: true, Application: app, Applications: in.apps, ConfirmToken: true,
	}
	if s.ApprovalNeeded {
		registration.Approval = signup.Undecided
	}
	if s.ConfirmMail == settings.MailedByDoorstep {
		registration.Challenge = signup.ConfirmSignUp
	}
	return registration
}
