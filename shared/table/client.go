package table

import (
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// clientItem is a client with its open sign-up and its token's hash: one item,
// so that an operation is one write.
type clientItem struct {
	head
	Revision      int64            `dynamodbav:"rv"`
	Write         []byte           `dynamodbav:"wr"` // names the write that made this state
	TokenKey      string           `dynamodbav:"tk"`
	TokenNonce    []byte           `dynamodbav:"tn"`
	TokenHash     []byte           `dynamodbav:"th"`
	Previous      []byte           `dynamodbav:"tp,omitempty"`
	PreviousUntil int64            `dynamodbav:"tu,omitempty"`
	Sessions      []sessionRefItem `dynamodbav:"ss,omitempty"`
	SessionsUntil int64            `dynamodbav:"sx,omitempty"` // when the last of them is over
	Active        []byte           `dynamodbav:"sa,omitempty"`
	MailID        string           `dynamodbav:"mid,omitempty"`
	AuthChanged   int64            `dynamodbav:"au,omitempty"`
	Created       int64            `dynamodbav:"ca"`
	Updated       int64            `dynamodbav:"ua"`
	TTL           int64            `dynamodbav:"ttl"`
	SignUp        *signUpItem      `dynamodbav:"su,omitempty"`
}

type sessionRefItem struct {
	ID    []byte `dynamodbav:"i"`
	User  []byte `dynamodbav:"u"`
	Until int64  `dynamodbav:"x"`
}

// signUpItem is the sign-up inside its client.
type signUpItem struct {
	ID            []byte                      `dynamodbav:"id"`
	User          []byte                      `dynamodbav:"us"`
	Session       []byte                      `dynamodbav:"se"`
	Created       int64                       `dynamodbav:"ca"`
	Abandon       int64                       `dynamodbav:"ab"`
	Completed     int64                       `dynamodbav:"co,omitempty"`
	Corrections   int                         `dynamodbav:"cs,omitempty"`
	Facts         factsItem                   `dynamodbav:"fa"`
	Verifications map[string]verificationItem `dynamodbav:"vs"` // present even when empty: updates set members of it
}

// movedPassword stands in a completed sign-up for the hash, which its user has now.
const movedPassword = "*"

type verificationItem struct {
	Strategy string `dynamodbav:"st"`
	Key      string `dynamodbav:"ky"`
	Nonce    []byte `dynamodbav:"no"`
	Sent     int64  `dynamodbav:"sn"`
	Expires  int64  `dynamodbav:"ex"`
	Attempts int    `dynamodbav:"at"`
	Tried    []byte `dynamodbav:"tr,omitempty"`
	Verified int64  `dynamodbav:"vd,omitempty"`
	Refused  string `dynamodbav:"re,omitempty"`
	ByClient []byte `dynamodbav:"vc,omitempty"`
	Linked   bool   `dynamodbav:"lk,omitempty"`
	Redirect string `dynamodbav:"ru,omitempty"`
	Base     string `dynamodbav:"lb,omitempty"`
	PKCE     []byte `dynamodbav:"cc,omitempty"`
}

func newClient(c *signup.Client, revision int64, write []byte) clientItem {
	item := clientItem{
		head: clientKey(c.ID).head("client"), Revision: revision, Write: write,
		TokenKey: c.Token.KeyID, TokenNonce: c.Token.Nonce, TokenHash: c.Token.Hash[:],
		Active: rawID(c.Active), MailID: c.MailID, AuthChanged: millis(c.AuthChangedAt),
		Created: millis(c.CreatedAt), Updated: millis(c.UpdatedAt), TTL: ttl(c.KeepUntil),
	}
	if c.Token.Previous != (secret.TokenHash{}) {
		item.Previous, item.PreviousUntil = c.Token.Previous[:], millis(c.Token.PreviousUntil)
	}
	for _, ref := range c.Sessions {
		until := millis(ref.ExpiresAt)
		item.Sessions = append(item.Sessions, sessionRefItem{ID: ref.ID[:], User: ref.UserID[:], Until: until})
		item.SessionsUntil = max(item.SessionsUntil, until)
	}
	if c.SignUp != nil {
		su := newSignUp(c.SignUp)
		item.SignUp = &su
	}
	return item
}

func newSignUp(su *signup.SignUp) signUpItem {
	item := signUpItem{
		ID: su.ID[:], User: su.UserID[:], Session: su.SessionID[:],
		Created: millis(su.CreatedAt), Abandon: millis(su.AbandonAt), Completed: millis(su.CompletedAt), Corrections: su.Corrections,
		Facts: newFacts(su.Facts), Verifications: map[string]verificationItem{},
	}
	if item.Completed != 0 && item.Facts.Password != "" {
		item.Facts.Password = movedPassword
	}
	for kind, v := range su.Verifications {
		item.Verifications[string(kind)] = newVerification(v)
	}
	return item
}

func newVerification(v *signup.Verification) verificationItem {
	return verificationItem{
		Strategy: v.Strategy, Key: v.KeyID, Nonce: v.Nonce, Sent: millis(v.SentAt), Expires: millis(v.ExpiresAt),
		Attempts: v.Attempts, Tried: v.Tried, Verified: millis(v.VerifiedAt), Refused: v.Refused,
		ByClient: rawID(v.VerifiedAtClient),
		Linked:   v.Linked, Redirect: v.RedirectURL, Base: v.LinkBase, PKCE: v.CodeChallenge,
	}
}

func (item *clientItem) client(id signup.ID) *signup.Client {
	c := &signup.Client{
		ID: id, Revision: item.Revision, Active: idOf(item.Active), MailID: item.MailID,
		Token: item.token(), AuthChangedAt: fromMillis(item.AuthChanged),
		CreatedAt: fromMillis(item.Created), UpdatedAt: fromMillis(item.Updated), KeepUntil: time.Unix(item.TTL-1, 0).UTC(),
	}
	for _, ref := range item.Sessions {
		c.Sessions = append(c.Sessions, signup.SessionRef{ID: idOf(ref.ID), UserID: idOf(ref.User), ExpiresAt: fromMillis(ref.Until)})
	}
	if item.SignUp != nil {
		c.SignUp = item.SignUp.signUp()
	}
	return c
}

func (item *clientItem) token() signup.TokenState {
	state := signup.TokenState{KeyID: item.TokenKey, Nonce: item.TokenNonce, PreviousUntil: fromMillis(item.PreviousUntil)}
	copy(state.Hash[:], item.TokenHash)
	copy(state.Previous[:], item.Previous)
	return state
}

func (item *signUpItem) signUp() *signup.SignUp {
	su := &signup.SignUp{
		ID: idOf(item.ID), UserID: idOf(item.User), SessionID: idOf(item.Session),
		CreatedAt: fromMillis(item.Created), AbandonAt: fromMillis(item.Abandon), CompletedAt: fromMillis(item.Completed), Corrections: item.Corrections,
		Facts: item.Facts.facts(), Verifications: map[identifier.Kind]*signup.Verification{},
	}
	for kind, v := range item.Verifications {
		verification := v.verification()
		su.Verifications[identifier.Kind(kind)] = &verification
	}
	return su
}

func (v verificationItem) verification() signup.Verification {
	return signup.Verification{
		Strategy: v.Strategy, KeyID: v.Key, Nonce: v.Nonce, SentAt: fromMillis(v.Sent), ExpiresAt: fromMillis(v.Expires),
		Attempts: v.Attempts, Tried: v.Tried, VerifiedAt: fromMillis(v.Verified), Refused: v.Refused,
		VerifiedAtClient: idOf(v.ByClient),
		LinkTerms:        signup.LinkTerms{Linked: v.Linked, RedirectURL: v.Redirect, LinkBase: v.Base, CodeChallenge: v.PKCE},
	}
}
