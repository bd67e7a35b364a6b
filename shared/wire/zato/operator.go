package zato

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// NewSuperUser is whom an operator makes the first super-user.
type NewSuperUser struct {
	Username string     `json:"username"`
	Password hiddenText `json:"password"`
}

// hiddenText is a secret in JSON that comes in.
type hiddenText struct{ secret.Text }

// UnmarshalJSON reads a string.
func (h *hiddenText) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return errors.New("the password must be a string") // without what it is
	}
	h.Text = secret.NewText(text)
	return nil
}

// SuperUser is who was made a super-user.
type SuperUser struct {
	UserID   string `json:"user_id"`
	Username string `json:"username"`
}

// FirstSuperUser makes the first super-user, of whom there is ever one made like this
// (R28). It is for whoever may invoke functions, and has no route.
func (a API) FirstSuperUser(ctx context.Context, in NewSuperUser) (*SuperUser, error) {
	cid, err := a.newCID()
	if err != nil {
		return nil, err
	}
	attempt := a.newAttempt(cid, operatorName, "")
	attempt.Outcome = string(internalError)
	defer func() { a.record(ctx, &attempt) }()
	made, err := a.firstSuperUser(ctx, in)
	if err != nil {
		_ = a.judge(&attempt, err)
		return nil, inWords(err)
	}
	attempt.Outcome, attempt.Told, attempt.User = ok, "", made.UserID
	return made, nil
}

func (a API) firstSuperUser(ctx context.Context, in NewSuperUser) (*SuperUser, error) {
	var faults problem.Errors
	if !a.settings().Enabled {
		return nil, errors.New("the sso family is switched off (sso.enabled)")
	}
	if in.Username == "" {
		faults = append(faults, problem.ParamMissing.On("username"))
	}
	if in.Password.IsZero() {
		faults = append(faults, problem.ParamMissing.On("password"))
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if err := a.noSuperUser(ctx); err != nil {
		return nil, err
	}
	made, err := a.Accounts.Register(ctx, signup.Caller{}, signup.Registration{
		Input:          signup.Input{Username: in.Username, Password: in.Password.Text},
		FirstSuperUser: true, Approval: signup.Approved,
	})
	if problem.Has(err, problem.IdentifierExists) { // maybe the name of one who was made meanwhile
		err = cmp.Or(a.noSuperUser(ctx), err)
	}
	if err != nil {
		return nil, err
	}
	return &SuperUser{UserID: userText(made.User.ID), Username: made.User.Username.Display}, nil
}

// noSuperUser is nil as long as there is no super-user.
func (a API) noSuperUser(ctx context.Context) error {
	exists, err := a.Accounts.HasSuperUser(ctx)
	if err == nil && exists {
		err = problem.IdentifierExists.On("super_user") // as Register has it
	}
	return err
}

// inWords is an error as an operator reads it.
func inWords(err error) error {
	faults := problem.List(err)
	for _, p := range faults {
		if p.Param == "super_user" {
			return errors.New("there is a super-user already: only the first one is made here")
		}
	}
	if len(faults) > 0 {
		return errors.New(faults[0].Message())
	}
	return err
}
