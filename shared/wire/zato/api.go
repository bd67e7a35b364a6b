package zato

import (
	"context"
	"log/slog"
	"net/http"
	"slices"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// API serves the operations of this wire.
type API struct {
	// Accounts is the service under the settings of this door.
	Accounts *signup.Service
	// Score is zxcvbn's, from 0 to 4; needed by SignUp only.
	Score func(password secret.Text, personal ...string) int
	// Log gets the records that couldn't be stored.
	Log *slog.Logger
}

// reply is the answer to what went well.
type reply struct {
	Status string `json:"status"`
	CID    string `json:"cid"`
}

// signedUp is the answer to a sign-up. Whose token is mailed gets none. UserID is ours,
// for trusted callers: it is what a super-user approves.
type signedUp struct {
	Status       string `json:"status"`
	CID          string `json:"cid"`
	ConfirmToken string `json:"confirm_token,omitempty"`
	UserID       string `json:"user_id,omitempty"`
}

// loggedIn is the answer to a log-in.
type loggedIn struct {
	Status string `json:"status"`
	CID    string `json:"cid"`
	UST    string `json:"ust"`
}

// maxText is the longest field, in bytes; what it means has tighter limits of its own.
const maxText = 4 << 10

func (a API) settings() settings.SSO { return a.Accounts.Settings.SSO }

// known is nil if the call comes from a known application. This alone is refused with
// 200 (§4.3 step 1).
func (a API) known(c *call) error {
	name := c.fields.String("current_app", maxText)
	if err := c.fields.Faults.Err(); err != nil {
		return err
	}
	if !slices.Contains(a.settings().Apps, name) {
		why := refuse(appUnknown, problem.ParamValueInvalid.On("current_app").Detailed("It isn't a known application."))
		why.status = http.StatusOK
		return why
	}
	c.attempt.Application = name
	return nil
}

// Confirm serves Confirm.
func (a API) Confirm(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.answer(ctx, r, Confirm, func(c *call) (any, error) {
		token := c.fields.String("confirm_token", maxText)
		if err := c.fields.Require("confirm_token", "current_app"); err != nil {
			return nil, err
		}
		if err := a.known(c); err != nil {
			return nil, err
		}
		user, err := a.Accounts.ConfirmSignUp(ctx, c.caller, secret.NewText(token))
		if user != nil {
			c.about(user.ID)
		}
		return reply{ok, c.attempt.CID}, err
	})
}

// Approve serves Approve.
func (a API) Approve(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.decide(ctx, r, Approve, signup.Approved)
}

// Reject serves Reject.
func (a API) Reject(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.decide(ctx, r, Reject, signup.Rejected)
}

func (a API) decide(ctx context.Context, r *gateway.Request, op gateway.Operation, decision signup.Approval) (*gateway.Response, error) {
	return a.answer(ctx, r, op, func(c *call) (any, error) {
		token, about := c.fields.String("ust", maxText), c.fields.String("user_id", maxText)
		if err := c.fields.Require("ust", "current_app", "user_id"); err != nil {
			return nil, err
		}
		if err := a.known(c); err != nil {
			return nil, err
		}
		by, err := a.Accounts.Opened(ctx, parseSession(token))
		if err != nil {
			return nil, err
		}
		user, named := namedUser(about)
		if named {
			c.about(user)
		}
		return reply{ok, c.attempt.CID}, a.Accounts.Decide(ctx, by, user, decision)
	})
}

// LogIn serves LogIn (§4.3, the gates). A TOTP code, a new password and a user agent are
// read by nobody: there is no second factor and no password expires.
func (a API) LogIn(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.answer(ctx, r, LogIn, func(c *call) (any, error) {
		name, password := c.fields.String("username", maxText), secret.NewText(c.fields.String("password", maxText))
		if err := c.fields.Require("username", "password", "current_app"); err != nil {
			return nil, err
		}
		if err := a.known(c); err != nil {
			return nil, err
		}
		if !slices.Contains(a.settings().LoginAllowed, c.attempt.Application) {
			return nil, refuse(appClosed, problem.NotAllowed.On("current_app").Detailed("It isn't one to log in to."))
		}
		session, err := a.Accounts.SignInWithPassword(ctx, c.caller, signup.ID{}, a.username(name), password)
		if err != nil {
			return nil, err
		}
		c.about(session.User.ID)
		return loggedIn{ok, c.attempt.CID, sessionText(a.Accounts.BearerToken(session)).Reveal()}, nil
	})
}

// Endpoint binds op to handler, or to an answer that there is nothing if the family is
// switched off.
func Endpoint(s *settings.Settings, op gateway.Operation, handler gateway.Handler) []gateway.Endpoint {
	return gateway.Switched(s.SSO.Enabled, op, handler)
}
