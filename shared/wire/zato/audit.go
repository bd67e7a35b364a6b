package zato

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// cidBytes is how long a call's id is; it is shown as twice as many hex digits.
const cidBytes = 12

// call is one call of an operation, from its id to its record.
type call struct {
	request *gateway.Request
	fields  *gateway.Fields
	caller  signup.Caller
	attempt signup.Attempt
	trusted bool // has shown the operator key
}

// about notes whom the call is about.
func (c *call) about(user signup.ID) {
	c.attempt.User = userText(user)
	c.request.Note(slog.String("user", c.attempt.User))
}

// answer runs work as a call of op and records how it ended, whatever that is: a
// refusal, a request that can't be read, a fault of ours or a panic. What can't be
// recorded is logged and changes no answer.
func (a API) answer(ctx context.Context, r *gateway.Request, op gateway.Operation, work func(*call) (any, error)) (*gateway.Response, error) {
	c, err := a.begin(r, op.Name)
	c.attempt.Outcome = string(internalError) // unless work returns
	defer func() {
		r.Note(slog.String("outcome", c.attempt.Outcome))
		a.record(ctx, &c.attempt)
	}()
	var body any
	if err == nil {
		body, err = work(c)
	}
	if err == nil {
		c.attempt.Outcome = ok
		return withCID(http.StatusOK, c.attempt.CID, body), nil
	}
	err = a.judge(&c.attempt, err)
	return nil, &failed{c.attempt.CID, err}
}

// judge puts into the record why a call failed, and returns the error to tell.
func (a API) judge(attempt *signup.Attempt, err error) error {
	if why := refusalOf(err); why != nil {
		told := why.disclosed(a.settings())
		attempt.Outcome = string(told.code)
		if told.told != told.code {
			attempt.Told = string(told.told)
		}
		return told
	}
	if faults := problem.List(err); faults != nil {
		attempt.Outcome = outcomeOf(faults[0])
	}
	return err
}

// outcomeOf is the outcome of what has no sub-status.
func outcomeOf(p *problem.Error) string {
	switch status := statusOf(p.Status); {
	case p.Problem == problem.ParamMissing:
		return string(inputMissing)
	case status == http.StatusBadRequest:
		return string(inputInvalid)
	case status == http.StatusTooManyRequests:
		return p.Code
	}
	return string(internalError)
}

// begin reads who calls. Only who has the operator key may say which call this is and
// for whose address it is made.
func (a API) begin(r *gateway.Request, operation string) (*call, error) {
	c := &call{request: r, fields: r.Fields(), caller: signup.Caller{Source: r.SourceIP}}
	cid, err := a.newCID()
	c.attempt = a.newAttempt(cid, operation, r.SourceIP)
	if err == nil {
		err = r.Fault
	}
	if c.trusted = err == nil && a.trusted(r); c.trusted {
		err = c.trust()
	}
	r.Note(slog.String("cid", c.attempt.CID))
	return c, err
}

func (a API) newAttempt(cid, operation, source string) signup.Attempt {
	now := a.Accounts.Now().Truncate(time.Millisecond)
	return signup.Attempt{CID: cid, Operation: operation, Source: source, At: now, KeepUntil: now.Add(a.settings().AuditRetention.Std())}
}

func (a API) newCID() (string, error) {
	raw := make([]byte, cidBytes)
	_, err := io.ReadFull(a.Accounts.Entropy, raw)
	return hex.EncodeToString(raw), err
}

// trusted reports whether the operator key comes with the request. Clients of this wire
// send Basic credentials that mean nothing (§4.6).
func (a API) trusted(r *gateway.Request) bool {
	key, there := r.Bearer()
	return there && secret.IsOperatorKey(a.Accounts.Keys, key)
}

// trust takes over what a trusted caller says of the call.
func (c *call) trust() error {
	if cid := c.fields.String("cid", maxText); cid != "" {
		if raw, err := hex.DecodeString(cid); err != nil || len(raw) != cidBytes || cid != strings.ToLower(cid) {
			return problem.ParamFormatInvalid.On("cid").Detailed("It must have 24 hexadecimal digits, in lower case.")
		}
		c.attempt.CID = cid
	}
	if address := c.fields.String("remote_addr", maxText); address != "" {
		parsed, err := netip.ParseAddr(address)
		if err != nil {
			return problem.ParamFormatInvalid.On("remote_addr").Detailed("It must be an IP address.")
		}
		c.attempt.Claimed = parsed.WithZone("").String()
		c.caller.Source = c.attempt.Claimed
	}
	return c.fields.Faults.Err()
}

// record stores the record of a call that has ended, even if its caller has gone.
func (a API) record(ctx context.Context, attempt *signup.Attempt) {
	err := a.Accounts.Store.NoteAttempt(context.WithoutCancel(ctx), *attempt)
	if err == nil {
		return
	}
	a.Log.LogAttrs(ctx, slog.LevelError, "audit record not stored",
		slog.String("cid", attempt.CID), slog.String("operation", attempt.Operation), slog.String("application", attempt.Application),
		slog.String("source", attempt.Source), slog.String("claimed", attempt.Claimed), slog.String("outcome", attempt.Outcome),
		slog.String("told", attempt.Told), slog.String("user", attempt.User), slog.Time("at", attempt.At), slog.String("error", err.Error()))
}
