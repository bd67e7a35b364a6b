package clerk

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/token"
)

// API serves the operations that need the sign-up service.
type API struct {
	SignUps *signup.Service
	// Keys sign session tokens.
	Keys *token.SigningKeys
}

// GetClient serves GetClient. A native caller's envelope has no room for null, so
// it gets a client at once (§1.5).
func (a API) GetClient(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	find := a.SignUps.Client
	if isNative(r) {
		find = a.SignUps.EnsureClient
	}
	return a.clientAnswer(ctx, r, find)
}

// CreateClient serves CreateClient.
func (a API) CreateClient(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.clientAnswer(ctx, r, a.SignUps.EnsureClient)
}

func (a API) clientAnswer(ctx context.Context, r *gateway.Request, find func(context.Context, signup.Caller) (*signup.Answer, error)) (*gateway.Response, error) {
	caller, err := callerOf(a.SignUps.Settings, r)
	if err != nil {
		return nil, err
	}
	answer, err := find(ctx, caller)
	if err != nil {
		return nil, err
	}
	note(r, answer)
	c, err := a.view(r, answer).client()
	if err != nil {
		return nil, err
	}
	return ok(issue(a.SignUps.Settings, r, answer), orNull(c), nil), nil
}

// DeleteClient serves DeleteClient.
func (a API) DeleteClient(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	caller, err := callerOf(a.SignUps.Settings, r)
	if err != nil {
		return nil, err
	}
	answer, err := a.SignUps.DeleteClient(ctx, caller)
	if err != nil {
		return nil, err
	}
	note(r, answer)
	c, err := a.view(r, answer).client()
	return ok(withdraw(a.SignUps.Settings, r), orNull(c), nil), err
}

// orNull is c for an envelope, or a null that JSON shows as one.
func orNull(c *client) any {
	if c == nil {
		return nil
	}
	return c
}

// CreateSignUp serves CreateSignUp (§3.3).
func (a API) CreateSignUp(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.withInput(r, func(caller signup.Caller, in signup.Input) (*signup.Answer, error) {
		return a.SignUps.Create(ctx, caller, in)
	})
}

// UpdateSignUp serves UpdateSignUp (§3.4).
func (a API) UpdateSignUp(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.withInput(r, func(caller signup.Caller, in signup.Input) (*signup.Answer, error) {
		return a.SignUps.Update(ctx, caller, signUpID(r), in)
	})
}

func (a API) withInput(r *gateway.Request, run func(signup.Caller, signup.Input) (*signup.Answer, error)) (*gateway.Response, error) {
	return a.signUpAnswer(r, func(caller signup.Caller) (*signup.Answer, error) {
		in, err := readInput(a.SignUps.Settings, r)
		if err != nil {
			return &signup.Answer{}, err
		}
		return run(caller, in)
	})
}

// GetSignUp serves GetSignUp (§3.4).
func (a API) GetSignUp(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.signUpAnswer(r, func(caller signup.Caller) (*signup.Answer, error) {
		return a.SignUps.Get(ctx, caller, signUpID(r))
	})
}

// PrepareVerification serves PrepareVerification (§3.5).
func (a API) PrepareVerification(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.signUpAnswer(r, func(caller signup.Caller) (*signup.Answer, error) {
		fields := r.Fields()
		strategy, link := fields.Text("strategy", maxStrategy), readLink(a.SignUps.Settings, r, fields)
		if err := fields.Faults.Err(); err != nil {
			return &signup.Answer{}, err
		}
		return a.SignUps.Prepare(ctx, caller, signUpID(r), strategy, link)
	})
}

// AttemptVerification serves AttemptVerification (§3.6).
func (a API) AttemptVerification(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	return a.signUpAnswer(r, func(caller signup.Caller) (*signup.Answer, error) {
		fields := r.Fields()
		strategy, code := fields.Text("strategy", maxStrategy), fields.Text("code", maxCode)
		if err := fields.Faults.Err(); err != nil {
			return &signup.Answer{}, err
		}
		return a.SignUps.Attempt(ctx, caller, signUpID(r), strategy, code)
	})
}

// signUpAnswer runs an operation on a sign-up and answers with it and the client.
func (a API) signUpAnswer(r *gateway.Request, run func(signup.Caller) (*signup.Answer, error)) (*gateway.Response, error) {
	return a.answer(r, run, func(v *view) (any, error) {
		return newSignUp(v.settings, v.answer.SignUp, v.answer.Now), nil
	})
}

// answer runs an operation and answers in the envelope with what it is about and
// the client, which also an error carries (§2.1, §2.2).
func (a API) answer(r *gateway.Request, run func(signup.Caller) (*signup.Answer, error), about func(*view) (any, error)) (*gateway.Response, error) {
	caller, err := callerOf(a.SignUps.Settings, r)
	if err != nil {
		return nil, err
	}
	answer, fault := run(caller)
	if answer == nil || (fault != nil && answer.Client == nil) {
		return nil, fault // nothing is known of the client, which may not have been looked for
	}
	note(r, answer)
	v := a.view(r, answer)
	c, err := v.client()
	if err != nil {
		return nil, err
	}
	resp := issue(a.SignUps.Settings, r, answer)
	if fault != nil {
		return nil, &withClient{error: fault, client: c, response: resp}
	}
	shown, err := about(v)
	if err != nil {
		return nil, err
	}
	return ok(resp, shown, c), nil
}

func (a API) view(r *gateway.Request, answer *signup.Answer) *view {
	return &view{settings: a.SignUps.Settings, keys: a.Keys, request: r, answer: answer}
}

// note says in the request's log record whom it was about.
func note(r *gateway.Request, answer *signup.Answer) {
	if answer.Client != nil {
		r.Note(slog.String("client", clientPrefix+answer.Client.ID.String()))
	}
	if answer.Session != nil {
		r.Note(slog.String("session", sessionPrefix+answer.Session.ID.String()))
		r.Note(slog.String("user", userPrefix+answer.Session.User.ID.String()))
	}
	if answer.SignUp != nil {
		r.Note(slog.String("sign_up", signUpPrefix+answer.SignUp.ID.String()))
		r.Note(slog.String("sign_up_status", string(answer.SignUp.StatusAt(answer.Now))))
	}
}

// signUpID is the sign-up that the path names; the zero ID, which is nobody's, if
// it names none.
func signUpID(r *gateway.Request) signup.ID { return parseID(signUpPrefix, r.Params["id"]) }

// parseID is the ID that text shows behind prefix; the zero ID if it shows none.
func parseID(prefix, text string) signup.ID {
	bare, found := strings.CutPrefix(text, prefix)
	id, err := signup.ParseID(bare)
	if !found || err != nil {
		return signup.ID{}
	}
	return id
}

// Preflighted serves Preflight.
func Preflighted(context.Context, *gateway.Request) (*gateway.Response, error) {
	return gateway.Preflight(), nil
}

// Nothing serves NotFound.
func Nothing(context.Context, *gateway.Request) (*gateway.Response, error) {
	return nil, problem.ResourceNotFound.New().Detailed("There is nothing at this address.")
}

// Environment serves GetEnvironment: the bare body, not in the envelope (§2.1).
func Environment(s *settings.Settings) gateway.Handler {
	return func(_ context.Context, r *gateway.Request) (*gateway.Response, error) {
		return &gateway.Response{Status: http.StatusOK, Body: newEnvironment(s, baseURL(s, r))}, nil
	}
}

// baseURL is where browsers reach this API.
func baseURL(s *settings.Settings, r *gateway.Request) string {
	if s.PublicURL != "" {
		return s.PublicURL
	}
	return r.Scheme + "://" + r.Host
}
