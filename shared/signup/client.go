package signup

import (
	"time"

	"github.com/doorstep-auth/doorstep/shared/secret"
)

// Client is one browser or device: it holds the open sign-up and the sessions.
type Client struct {
	ID        ID
	Revision  int64 // 0 before it is first stored; every write adds one
	Token     TokenState
	Sessions  []SessionRef
	Active    ID // session that was made or chosen last, or zero
	SignUp    *SignUp
	CreatedAt time.Time
	UpdatedAt time.Time
	// AuthChangedAt is when somebody last signed in or out here; zero if nobody ever did.
	AuthChangedAt time.Time
	// KeepUntil is when the client may be forgotten; it only moves forward.
	KeepUntil time.Time
	// MailID names the newest mail that is due for this client; see DueMail.
	MailID string
}

// SessionRef is what a client keeps of a session of its own.
type SessionRef struct {
	ID, UserID ID
	ExpiresAt  time.Time // absolute limit
}

// TokenState is what the table keeps of a client's token: never enough to make one.
type TokenState struct {
	KeyID    string           // key from which the token is derived
	Nonce    []byte           // what it is derived from
	Hash     secret.TokenHash // what a presented token is compared with
	Previous secret.TokenHash // hash before the last rotation
	// PreviousUntil is when the previous token stops being accepted.
	PreviousUntil time.Time
}

// previousTokenGrace is how long the token before a rotation is still accepted,
// for answers that were lost and requests that were under way.
const previousTokenGrace = time.Minute

// Accepts reports whether hash is the client's token, or its previous one within the grace.
func (t TokenState) Accepts(hash secret.TokenHash, now time.Time) bool {
	if t.Hash.Matches(hash) {
		return true
	}
	return now.Before(t.PreviousUntil) && t.Previous.Matches(hash)
}

// Caller is who sends a request, as far as the request says so.
type Caller struct {
	// Token is what the request presented; the zero token is a caller without one.
	Token secret.ClientToken
	// Source is the IP address that the request came from, for rate limits.
	Source string
}

// proof is what a store compares a caller's claim to be a client with.
func (c Caller) proof(now time.Time) Proof {
	id, hash := c.Token.Parts()
	return Proof{ClientID: ID(id), Hash: hash, Now: now}
}

// Proof says that a caller is a client: a store checks it in the same request that reads or writes.
type Proof struct {
	ClientID ID
	Hash     secret.TokenHash
	Now      time.Time
}

// liveSessions returns the sessions that haven't reached their absolute limit.
func (c *Client) liveSessions(now time.Time) []SessionRef {
	var live []SessionRef
	for _, ref := range c.Sessions {
		if now.Before(ref.ExpiresAt) {
			live = append(live, ref)
		}
	}
	return live
}
