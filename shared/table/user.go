package table

import (
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// userItem is an account.
type userItem struct {
	head
	Revision    int64                 `dynamodbav:"rv"`
	Write       []byte                `dynamodbav:"wr,omitempty"` // names the write that made this state
	Facts       factsItem             `dynamodbav:"fa"`
	Proved      map[string]provedItem `dynamodbav:"pv,omitempty"`
	Credential  int64                 `dynamodbav:"cv"`
	Created     int64                 `dynamodbav:"ca"`
	Updated     int64                 `dynamodbav:"ua"`
	PasswordSet int64                 `dynamodbav:"ps,omitempty"`
	Challenge   *challengeItem        `dynamodbav:"ch,omitempty"`
	MailID      string                `dynamodbav:"mid,omitempty"`
	Keys        int                   `dynamodbav:"ak,omitempty"`
	Unconfirmed bool                  `dynamodbav:"uc,omitempty"`
	Approval    string                `dynamodbav:"ap,omitempty"`
	SuperUser   bool                  `dynamodbav:"su,omitempty"`
	Device      string                `dynamodbav:"de,omitempty"`
	App         string                `dynamodbav:"app,omitempty"`
	Apps        []string              `dynamodbav:"aps,omitempty"`
}

// challengeItem is a user's open challenge.
type challengeItem struct {
	Purpose string          `dynamodbav:"pu"`
	Address *identifierItem `dynamodbav:"em"`
	verificationItem
}

// apiKeyItem is an API key; its hash is its key.
type apiKeyItem struct {
	head
	Credential int64 `dynamodbav:"cv"`
	Created    int64 `dynamodbav:"ca"`
	Used       int64 `dynamodbav:"la,omitempty"`
}

// ticketItem leads from a confirm token, whose hash is its key, to the user.
type ticketItem struct {
	head
	Owner   []byte `dynamodbav:"ow"`
	Expires int64  `dynamodbav:"ex"`
	TTL     int64  `dynamodbav:"ttl"`
}

type provedItem struct {
	Strategy string `dynamodbav:"st"`
	Attempts int    `dynamodbav:"at"`
	Expires  int64  `dynamodbav:"ex"`
	At       int64  `dynamodbav:"vd"`
}

// sessionItem is a session. It names its client; the client names it too.
type sessionItem struct {
	head
	Client     []byte `dynamodbav:"cl,omitempty"`
	Credential int64  `dynamodbav:"cv"`
	Created    int64  `dynamodbav:"ca"`
	LastActive int64  `dynamodbav:"la"`
	Idle       int64  `dynamodbav:"id"`
	Expires    int64  `dynamodbav:"ex"`
	Generation int64  `dynamodbav:"ge,omitempty"` // of the refresh token
	Grace      int64  `dynamodbav:"gu,omitempty"`
	TTL        int64  `dynamodbav:"ttl"`
}

// claimItem holds an identifier for one user.
type claimItem struct {
	head
	Owner []byte `dynamodbav:"ow"`
	State string `dynamodbav:"st"`
}

// metadataItem is a large metadata object. It has a TTL until its sign-up completes.
type metadataItem struct {
	head
	JSON []byte `dynamodbav:"md"`
	TTL  int64  `dynamodbav:"ttl,omitempty"`
}

func newUser(u *signup.User) userItem {
	item := userItem{
		head: userKey(u.ID).head("user"), Facts: newFacts(u.Facts), Credential: u.CredentialVersion,
		Created: millis(u.CreatedAt), Updated: millis(u.UpdatedAt), PasswordSet: millis(u.PasswordSetAt),
		Revision: u.Revision + 1, MailID: u.MailID, Keys: u.APIKeys, Device: u.Device,
		Unconfirmed: u.Unconfirmed, Approval: string(u.Approval), SuperUser: u.SuperUser, App: u.Application, Apps: u.Applications,
	}
	if ch := u.Challenge; ch != nil {
		item.Challenge = &challengeItem{
			Purpose: string(ch.Purpose), Address: newIdentifier(ch.Address), verificationItem: newVerification(&ch.Verification),
		}
	}
	for kind, p := range u.Proved {
		if item.Proved == nil {
			item.Proved = map[string]provedItem{}
		}
		item.Proved[string(kind)] = provedItem{Strategy: p.Strategy, Attempts: p.Attempts, Expires: millis(p.ExpiresAt), At: millis(p.At)}
	}
	return item
}

func (item *userItem) user(id signup.ID) *signup.User {
	u := &signup.User{
		ID: id, Facts: item.Facts.facts(), CredentialVersion: item.Credential,
		CreatedAt: fromMillis(item.Created), UpdatedAt: fromMillis(item.Updated), PasswordSetAt: fromMillis(item.PasswordSet),
		Proved:   map[identifier.Kind]signup.Proved{},
		Revision: item.Revision, MailID: item.MailID, APIKeys: item.Keys, Device: item.Device,
		Unconfirmed: item.Unconfirmed, Approval: signup.Approval(item.Approval), SuperUser: item.SuperUser,
		Application: item.App, Applications: item.Apps,
	}
	if ch := item.Challenge; ch != nil {
		u.Challenge = &signup.Challenge{
			Purpose: signup.Purpose(ch.Purpose), Address: ch.Address.identifier(identifier.KindEmailAddress), Verification: ch.verification(),
		}
	}
	for kind, p := range item.Proved {
		u.Proved[identifier.Kind(kind)] = signup.Proved{Strategy: p.Strategy, Attempts: p.Attempts, ExpiresAt: fromMillis(p.Expires), At: fromMillis(p.At)}
	}
	return u
}

func newSession(s *signup.Session) sessionItem {
	return sessionItem{
		head: sessionKey(s.User.ID, s.ID).head("session"), Client: rawID(s.ClientID), Credential: s.CredentialVersion,
		Created: millis(s.CreatedAt), LastActive: millis(s.LastActiveAt), Idle: millis(s.IdleUntil),
		Expires: millis(s.ExpiresAt), Generation: s.Generation, Grace: millis(s.GraceUntil), TTL: ttl(s.ExpiresAt),
	}
}

func (item *sessionItem) session(id signup.ID, user *signup.User) *signup.Session {
	return &signup.Session{
		ID: id, ClientID: idOf(item.Client), User: user, CredentialVersion: item.Credential,
		CreatedAt: fromMillis(item.Created), LastActiveAt: fromMillis(item.LastActive),
		IdleUntil: fromMillis(item.Idle), ExpiresAt: fromMillis(item.Expires),
		Generation: item.Generation, GraceUntil: fromMillis(item.Grace),
	}
}

func newClaim(c signup.Claim) claimItem {
	return claimItem{head: claimKey(c.Identifier).head("claim"), Owner: c.Owner[:], State: string(c.State)}
}

func (item *claimItem) claim(id identifier.Identifier) signup.Claim {
	return signup.Claim{Identifier: id, Owner: idOf(item.Owner), State: signup.ClaimState(item.State)}
}
