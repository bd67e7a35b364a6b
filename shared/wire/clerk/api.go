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
)

// API serves the operations that need the sign-up service.
type API struct{ SignUps *signup.Service }

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
	c := a.client(answer)
	return ok(issue(a.SignUps.Settings, r, answer.Token), orNull(c), nil), nil
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
	return ok(withdraw(a.SignUps.Settings, r), orNull(a.client(answer)), nil), nil
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
	caller, err := callerOf(a.SignUps.Settings, r)
	if err != nil {
		return nil, err
	}
	answer, err := run(caller)
	if answer == nil {
		return nil, err
	}
	note(r, answer)
	resp, c := issue(a.SignUps.Settings, r, answer.Token), a.client(answer)
	if err != nil {
		return nil, &withClient{error: err, client: c, response: resp}
	}
	return ok(resp, newSignUp(a.SignUps.Settings, answer.SignUp, answer.Now), c), nil
}

// client is the piggybacked client (§2.1), or nil if the caller isn't one.
func (a API) client(answer *signup.Answer) *client {
	if answer.Client == nil {
		return nil
	}
	return newClient(a.SignUps.Settings, answer)
}

// note says in the request's log record whom it was about.
func note(r *gateway.Request, answer *signup.Answer) {
	if answer.Client != nil {
		r.Note(slog.String("client", clientPrefix+answer.Client.ID.String()))
	}
	if answer.SignUp != nil {
		r.Note(slog.String("sign_up", signUpPrefix+answer.SignUp.ID.String()))
		r.Note(slog.String("sign_up_status", string(answer.SignUp.StatusAt(answer.Now))))
	}
}

// signUpID is the sign-up that the path names; the zero ID, which is nobody's, if
// it names none.
func signUpID(r *gateway.Request) signup.ID { return parseSignUpID(r.Params["id"]) }

func parseSignUpID(text string) signup.ID {
	bare, found := strings.CutPrefix(text, signUpPrefix)
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
