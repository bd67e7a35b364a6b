package signup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
)

// LinkStatus is how the use of a mailed link ended.
type LinkStatus string

// The statuses of a used link.
const (
	LinkVerified LinkStatus = "verified"
	LinkExpired  LinkStatus = "expired"
	// LinkFailed is a link that a newer one has replaced, that wrong codes have
	// ended, or whose sign-up is gone.
	LinkFailed LinkStatus = "failed"
	// LinkMismatch is a link that somebody else than the client that began has
	// opened. It has verified nothing.
	LinkMismatch LinkStatus = "client_mismatch"
	// LinkHandedOver is a link whose last step is the app's: Approval is for it.
	LinkHandedOver LinkStatus = "handed_over"
)

// LinkAnswer is what came of a used link. It is for whoever has the mail, who need
// not be the client: it tells of the sign-up no more than the link does.
type LinkAnswer struct {
	Status      LinkStatus
	RedirectURL string // where the person goes on; empty is a page of ours
	SignUpID    ID     // zero if the link's sign-up is gone
	ClientID    ID
	SessionID   ID // session that the complete sign-up has yielded, or zero
	// Code is the code of the same mail, if somebody else than the client has
	// opened the link: entered where the sign-up began it still counts, and only
	// there. Zero for none.
	Code secret.Text
	// Approval is what an app completes with, or zero.
	Approval secret.ApprovalToken
	// Token is what the caller must use from now on. It is zero if the caller
	// has it already, or isn't the client.
	Token secret.ClientToken
	// AuthChangedAt is when somebody last signed in or out of the client, if that is
	// the caller's and somebody is signed in; else zero.
	AuthChangedAt time.Time
	// Cause is the declared problem behind the status, for the log, or nil.
	Cause error
}

// ConfirmLink uses the link that token was mailed in, and completes the sign-up if
// nothing else is missing. The session belongs to the client that began. Using a
// link again tells the same and changes nothing.
func (s *Service) ConfirmLink(ctx context.Context, caller Caller, token secret.LinkToken) (*LinkAnswer, error) {
	op := s.begin(caller)
	var a *LinkAnswer
	err := op.retrying(ctx, func() error {
		c, err := op.Store.LinkedClient(ctx, token.Client())
		if errors.Is(err, ErrNoClient) {
			a = &LinkAnswer{Status: LinkFailed}
			return nil
		}
		if err != nil {
			return err
		}
		a, err = op.confirm(ctx, c, token)
		return err
	})
	return a, err
}

// confirm judges token by the client that it names, and proves the address if it may.
func (op *operation) confirm(ctx context.Context, c *Client, token secret.LinkToken) (*LinkAnswer, error) {
	a := &LinkAnswer{Status: LinkFailed, ClientID: c.ID}
	su := c.find(token.SignUp())
	if su == nil {
		return a, nil
	}
	a.SignUpID = su.ID
	v := su.Verifications[EmailLink.Kind]
	if v == nil || !v.Linked {
		return a, nil
	}
	if op.Settings.RedirectAllowed(v.RedirectURL) { // the settings may have changed
		a.RedirectURL = v.RedirectURL
	}
	key, err := op.challengeKey(v)
	if err != nil {
		return nil, err
	}
	if !linkToken(key, v.Nonce, c.ID, su.ID, su.EmailAddress.Canonical).Matches(token) {
		return a, nil
	}
	same := op.caller.proves(c, op.now)
	switch a.Status = op.linkStatus(su, v, same); {
	case a.Status == LinkVerified:
		return a, op.follow(ctx, c, a, same)
	case a.Status == LinkHandedOver && a.RedirectURL == "":
		a.Status = LinkFailed // to an app that isn't allowed any more
	case a.Status == LinkHandedOver:
		a.Approval = approvalToken(key, v.Nonce, c.ID, su.ID, su.EmailAddress.Canonical)
	case a.Status == LinkMismatch && v.VerifiedAt.IsZero() && strategyAllowed(op.Settings, EmailCode):
		a.Code = verificationCode(key, v.Nonce, su.ID, su.EmailAddress.Canonical)
	}
	return a, nil
}

// linkStatus is what using the link of v, which is the newest, comes to. same says
// that the caller is the client that began.
func (op *operation) linkStatus(su *SignUp, v *Verification, same bool) LinkStatus {
	status := v.StatusAt(op.now, op.Settings.Verification.MaxAttempts)
	foreign := !same && op.Settings.Verification.RequireSameClient
	switch {
	case status == Expired:
		return LinkExpired
	case status == Failed, status == Unverified && su.changeable(op.now) != nil:
		return LinkFailed
	case len(v.CodeChallenge) > 0 && status == Unverified:
		return LinkHandedOver
	case foreign && len(v.CodeChallenge) == 0:
		return LinkMismatch
	}
	return LinkVerified
}

// follow proves the address, unless the link or the code has done so before, and
// fills in what the caller may know.
func (op *operation) follow(ctx context.Context, c *Client, a *LinkAnswer, same bool) error {
	if !c.SignUp.verified(EmailLink.Kind) {
		by := c.ID
		if !same {
			by, op.absent = ID{}, true
		}
		switch err := op.prove(ctx, c, EmailLink, by); {
		case problem.Has(err, problem.IdentifierExists): // somebody else has the address by now
			a.Status, a.Cause = LinkFailed, err
		case err != nil:
			return err
		}
	}
	if !c.SignUp.CompletedAt.IsZero() {
		a.SessionID = c.SignUp.SessionID
	}
	if same {
		a.Token = op.newToken(c)
	}
	if same && len(c.liveSessions(op.now)) > 0 {
		a.AuthChangedAt = c.AuthChangedAt
	}
	return nil
}

// proves reports whether the caller has shown to be c.
func (caller Caller) proves(c *Client, at time.Time) bool {
	id, hash := caller.Token.Parts()
	return c.ID == id && c.Token.Accepts(hash, at)
}

// challengeKey is the key that v names.
func (op *operation) challengeKey(v *Verification) (secret.MACKey, error) {
	key, known := op.Keys.ByID(v.KeyID)
	if !known {
		return key, fmt.Errorf("signup: a verification names the unknown key %q", v.KeyID)
	}
	return key, nil
}

// CompleteLink takes the last step of a link that was handed over to a native app:
// approval came from the link, verifier from the app that began the sign-up id
// (RFC 7636 §4.5). The address is verified then, and the sign-up completed if
// nothing else is missing.
func (s *Service) CompleteLink(ctx context.Context, caller Caller, id ID, approval, verifier string) (*Answer, error) {
	op := s.begin(caller)
	token, err := completionInput(approval, verifier)
	if err != nil {
		return op.answer(ctx, nil, nil, err)
	}
	var c *Client
	err = op.retrying(ctx, func() (err error) {
		if c, err = op.client(ctx); err != nil {
			return err
		}
		if err := op.approved(c, id, token, secret.NewText(verifier)); err != nil {
			return err
		}
		return op.prove(ctx, c, EmailLink, c.ID)
	})
	return op.verificationAnswer(ctx, c, id, err)
}

func completionInput(approval, verifier string) (secret.ApprovalToken, error) {
	var faults problem.Errors
	if approval == "" {
		faults = append(faults, problem.ParamMissing.On("approval_token"))
	}
	switch {
	case verifier == "":
		faults = append(faults, problem.ParamMissing.On("code_verifier"))
	case !secret.WellFormedVerifier(verifier):
		faults = append(faults, problem.ParamFormatInvalid.On("code_verifier").Detailed("It must be 43 to 128 letters, digits, -, ., _ or ~."))
	}
	return secret.ParseApprovalToken(approval), faults.Err()
}

// approved is nil if token and verifier prove, at now, the address of c's sign-up id.
// What isn't a token of that very challenge is told apart by nothing.
func (op *operation) approved(c *Client, id ID, token secret.ApprovalToken, verifier secret.Text) error {
	su := c.find(id)
	if su == nil || su.Verifications[EmailLink.Kind] == nil {
		return problem.ApprovalTokenInvalid.New()
	}
	v := su.Verifications[EmailLink.Kind]
	key, err := op.challengeKey(v)
	if err != nil {
		return err
	}
	expected := approvalToken(key, v.Nonce, c.ID, su.ID, su.EmailAddress.Canonical)
	if len(v.CodeChallenge) == 0 || !expected.Matches(token) {
		return problem.ApprovalTokenInvalid.New()
	}
	if !secret.VerifierMatches(v.CodeChallenge, verifier) {
		return problem.PKCEFailed.On("code_verifier")
	}
	switch v.StatusAt(op.now, op.Settings.Verification.MaxAttempts) {
	case Verified:
		return problem.ApprovalTokenConsumed.New()
	case Expired:
		return problem.ApprovalTokenExpired.New()
	case Failed:
		return problem.VerificationFailed.New()
	}
	return su.changeable(op.now)
}
