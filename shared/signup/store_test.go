package signup

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
)

// MemoryStore is a Store for the tests of this package alone: what it promises
// is what store.go says, and no more. The real one's tests are package table's.
type MemoryStore struct {
	mu       sync.Mutex
	clients  map[ID]*Client
	users    map[ID]*User
	sessions map[ID]*Session
	claims   map[claimed]Claim
	metadata map[ID]memoryObject
	keys     map[string]*APIKey
	tickets  map[string]*Ticket
	meters   map[string]*memoryMeter
	attempts map[string]Attempt
	// before, if set, runs ahead of each method: tests let others write there, or fail it.
	before func(method string) error
	calls  []string
}

type claimed struct {
	kind      identifier.Kind
	canonical string
}

type memoryObject struct {
	json    json.RawMessage
	expires time.Time // zero if it is kept
}

var _ Store = (*MemoryStore)(nil)

// NewMemoryStore is an empty store.
func NewMemoryStore() *MemoryStore {
	return &MemoryStore{
		clients: map[ID]*Client{}, users: map[ID]*User{}, sessions: map[ID]*Session{},
		claims: map[claimed]Claim{}, metadata: map[ID]memoryObject{}, keys: map[string]*APIKey{}, tickets: map[string]*Ticket{}, meters: map[string]*memoryMeter{},
	}
}

// begin runs the hook, then holds the store until the returned function is called.
func (m *MemoryStore) begin(method string) (func(), error) {
	if m.before != nil {
		if err := m.before(method); err != nil {
			return nil, err
		}
	}
	m.mu.Lock()
	m.calls = append(m.calls, method)
	return m.mu.Unlock, nil
}

func (m *MemoryStore) Client(_ context.Context, proof Proof) (*Client, error) {
	end, err := m.begin("Client")
	if err != nil {
		return nil, err
	}
	defer end()
	if c := m.proved(proof); c != nil {
		return copyClient(c), nil
	}
	return nil, ErrNoClient
}

func (m *MemoryStore) LinkedClient(_ context.Context, id ID) (*Client, error) {
	end, err := m.begin("LinkedClient")
	if err != nil {
		return nil, err
	}
	defer end()
	if c := m.clients[id]; c != nil {
		return copyClient(c), nil
	}
	return nil, ErrNoClient
}

func (m *MemoryStore) proved(proof Proof) *Client {
	if c := m.clients[proof.ClientID]; c != nil && c.Token.Accepts(proof.Hash, proof.Now) {
		return c
	}
	return nil
}

func (m *MemoryStore) Claims(_ context.Context, ids []identifier.Identifier) ([]Claim, error) {
	end, err := m.begin("Claims")
	if err != nil {
		return nil, err
	}
	defer end()
	var held []Claim
	for _, id := range ids {
		if claim, ok := m.claims[claimed{id.Kind, id.Canonical}]; ok {
			held = append(held, claim)
		}
	}
	return held, nil
}

func (m *MemoryStore) Sessions(_ context.Context, refs []SessionRef) ([]*Session, error) {
	end, err := m.begin("Sessions")
	if err != nil {
		return nil, err
	}
	defer end()
	var found []*Session
	for _, ref := range refs {
		session, user := m.sessions[ref.ID], m.users[ref.UserID]
		if session == nil || user == nil {
			continue
		}
		joined := *session
		joined.User = user.clone()
		found = append(found, &joined)
	}
	return found, nil
}

func (m *MemoryStore) SaveClient(_ context.Context, c *Client) error {
	end, err := m.begin("SaveClient")
	if err != nil {
		return err
	}
	defer end()
	if !m.unchanged(c) {
		return ErrConflict
	}
	m.put(c)
	return nil
}

func (m *MemoryStore) unchanged(c *Client) bool {
	stored := m.clients[c.ID]
	if c.Revision == 0 || stored == nil {
		return c.Revision == 0 && stored == nil
	}
	return stored.Revision == c.Revision
}

func (m *MemoryStore) put(c *Client) {
	c.Revision++
	stored := copyClient(c)
	if su := stored.SignUp; su != nil {
		su.Unsafe = storedMetadata(su.Unsafe)
		if su.PasswordHash != "" && !su.CompletedAt.IsZero() {
			su.PasswordHash = "*"
		}
	}
	m.clients[c.ID] = stored
}

// change changes the proved client if condition holds.
func (m *MemoryStore) change(method string, proof Proof, condition func(*Client) bool, apply func(*Client)) (*Client, error) {
	end, err := m.begin(method)
	if err != nil {
		return nil, err
	}
	defer end()
	c := m.proved(proof)
	if c == nil {
		return nil, &Unmet{}
	}
	if !condition(c) {
		return nil, &Unmet{Client: copyClient(c)}
	}
	apply(c)
	c.Revision++
	c.UpdatedAt = proof.Now
	return copyClient(c), nil
}

func (m *MemoryStore) BeginSignUp(_ context.Context, proof Proof, su *SignUp, keepUntil time.Time, single bool) (*Client, error) {
	return m.change("BeginSignUp", proof, func(c *Client) bool {
		return !single || len(c.liveSessions(proof.Now)) == 0
	}, func(c *Client) { c.SignUp, c.KeepUntil = su.clone(), keepUntil })
}

func (m *MemoryStore) BeginVerification(_ context.Context, proof Proof, id ID, strategy Strategy, v *Verification, resendAfter time.Duration, to identifier.Identifier) (*Client, error) {
	return m.change("BeginVerification", proof, func(c *Client) bool {
		return c.find(id) != nil && c.SignUp.sendable(strategy, proof.Now, resendAfter) == nil &&
			(to.Canonical == "" || to == *c.SignUp.Facts.identifier(strategy.Kind))
	}, func(c *Client) {
		own := *v
		c.SignUp.setVerification(strategy.Kind, &own)
		c.MailID = v.MailID()
	})
}

func (m *MemoryStore) CountAttempt(_ context.Context, proof Proof, id ID, strategy Strategy, tried []byte, maxAttempts int, quietSince time.Time) (*Client, error) {
	return m.change("CountAttempt", proof, func(c *Client) bool {
		return c.find(id) != nil && c.SignUp.attemptable(strategy, proof.Now, maxAttempts) == nil &&
			(quietSince.IsZero() || c.SignUp.Verifications[strategy.Kind].Attempts == 0 || !c.UpdatedAt.After(quietSince)) &&
			!bytes.Equal(c.SignUp.Verifications[strategy.Kind].Tried, tried)
	}, func(c *Client) {
		v := c.SignUp.Verifications[strategy.Kind]
		v.Attempts++
		v.Tried = tried
	})
}

// memoryMeter is what one meter has counted.
type memoryMeter struct {
	times []time.Time
	own   map[string][]time.Time
}

func (m *MemoryStore) Count(_ context.Context, meter Meter, now time.Time) error {
	end, err := m.begin("Count")
	if err != nil {
		return err
	}
	defer end()
	name := meter.Kind + "\x00" + string(meter.Subject)
	held := m.meters[name]
	if held == nil {
		held = &memoryMeter{own: map[string][]time.Time{}}
		m.meters[name] = held
	}
	e := Events{Times: held.times, Own: held.own[string(meter.Source)]}
	for _, w := range meter.Windows {
		if w.Wait(e, now) > 0 {
			return &Full{Events: e}
		}
	}
	held.times = append([]time.Time{now}, held.times[:min(len(held.times), meter.Keeps()-1)]...)
	if meter.Source != nil {
		held.own[string(meter.Source)] = append([]time.Time{now}, e.Own[:min(len(e.Own), meter.Keeps()-1)]...)
	}
	return nil
}

func (m *MemoryStore) Complete(_ context.Context, done Completion) error {
	end, err := m.begin("Complete")
	if err != nil {
		return err
	}
	defer end()
	if (done.Client != nil && !m.unchanged(done.Client)) || m.users[done.User.ID] != nil ||
		(done.Session != nil && m.sessions[done.Session.ID] != nil) {
		return ErrConflict
	}
	var taken Taken
	for _, claim := range done.Claims {
		held, ok := m.claims[claimed{claim.Identifier.Kind, claim.Identifier.Canonical}]
		if ok && !slices.Contains(done.Replaced, held) {
			taken.Held = append(taken.Held, held)
		}
	}
	if taken.Held != nil {
		return &taken
	}
	done.User.Revision++
	m.complete(done)
	return nil
}

func (m *MemoryStore) complete(done Completion) {
	for _, old := range done.Replaced {
		owner := m.users[old.Owner]
		*owner.Facts.identifier(old.Identifier.Kind) = identifier.Identifier{}
		owner.PasswordHash = ""
		owner.CredentialVersion++
		owner.Revision++
	}
	for _, claim := range done.Claims {
		m.claims[claimed{claim.Identifier.Kind, claim.Identifier.Canonical}] = claim
	}
	user := done.User.clone()
	user.Unsafe = storedMetadata(user.Unsafe)
	m.users[user.ID] = user
	if done.Session != nil {
		session := *done.Session
		session.User = nil
		m.sessions[session.ID] = &session
	}
	if done.Key != nil {
		m.keys[done.Key.Hash] = done.Key
	}
	if done.Ticket != nil {
		m.tickets[done.Ticket.Hash] = done.Ticket
	}
	for _, ref := range done.Ended {
		delete(m.sessions, ref.ID)
	}
	if done.Client != nil {
		m.put(done.Client)
	}
}

func (m *MemoryStore) TouchSession(_ context.Context, s *Session) error {
	end, err := m.begin("TouchSession")
	if err != nil {
		return err
	}
	defer end()
	stored := m.sessions[s.ID]
	if stored == nil {
		return ErrNoSession
	}
	stored.LastActiveAt, stored.IdleUntil = s.LastActiveAt, s.IdleUntil
	return nil
}

func (m *MemoryStore) EndSessions(_ context.Context, c *Client, ended []SessionRef) error {
	end, err := m.begin("EndSessions")
	if err != nil {
		return err
	}
	defer end()
	if !m.unchanged(c) {
		return ErrConflict
	}
	for _, ref := range ended {
		delete(m.sessions, ref.ID)
	}
	m.put(c)
	return nil
}

func (m *MemoryStore) RevokeSession(_ context.Context, ref SessionRef) error {
	end, err := m.begin("RevokeSession")
	if err != nil {
		return err
	}
	defer end()
	delete(m.sessions, ref.ID)
	return nil
}

func (m *MemoryStore) UserSessions(_ context.Context, user ID) ([]*Session, error) {
	end, err := m.begin("UserSessions")
	if err != nil {
		return nil, err
	}
	defer end()
	var all []*Session
	for _, c := range m.clients {
		for _, ref := range c.Sessions {
			if stored := m.sessions[ref.ID]; stored != nil && ref.UserID == user {
				session := *stored
				session.User = m.users[user].clone()
				all = append(all, &session)
			}
		}
	}
	return all, nil
}

func (m *MemoryStore) User(_ context.Context, id ID) (*User, error) {
	end, err := m.begin("User")
	if err != nil {
		return nil, err
	}
	defer end()
	if u := m.users[id]; u != nil {
		return u.clone(), nil
	}
	return nil, ErrNoUser
}

func (m *MemoryStore) SaveUser(_ context.Context, change UserChange) error {
	end, err := m.begin("SaveUser")
	if err != nil {
		return err
	}
	defer end()
	stored := m.users[change.User.ID]
	if stored == nil || stored.Revision != change.User.Revision {
		return ErrConflict
	}
	var taken Taken
	for _, claim := range change.Claims {
		held, ok := m.claims[claimed{claim.Identifier.Kind, claim.Identifier.Canonical}]
		if ok && held.Owner != change.User.ID && !slices.Contains(change.Replaced, held) {
			taken.Held = append(taken.Held, held)
		}
	}
	if taken.Held != nil {
		return &taken
	}
	for _, id := range change.Released {
		delete(m.claims, claimed{id.Kind, id.Canonical})
	}
	change.User.Revision++
	delete(m.keys, change.Revoked)
	m.complete(Completion{User: change.User, Session: change.Session, Key: change.Key, Claims: change.Claims, Replaced: change.Replaced})
	return nil
}

func (m *MemoryStore) CountUserAttempt(_ context.Context, id ID, nonce, tried []byte, maxAttempts int, now time.Time) (*User, error) {
	end, err := m.begin("CountUserAttempt")
	if err != nil {
		return nil, err
	}
	defer end()
	u := m.users[id]
	if u == nil {
		return nil, &UnmetUser{}
	}
	ch := u.Challenge
	if ch == nil || !bytes.Equal(ch.Nonce, nonce) || ch.StatusAt(now, maxAttempts) != Unverified || bytes.Equal(ch.Tried, tried) {
		return nil, &UnmetUser{User: u.clone()}
	}
	ch.Attempts, ch.Tried = ch.Attempts+1, tried
	u.Revision++
	return u.clone(), nil
}

func (m *MemoryStore) SaveSession(_ context.Context, s *Session) error {
	end, err := m.begin("SaveSession")
	if err != nil {
		return err
	}
	defer end()
	session := *s
	session.User = nil
	m.sessions[s.ID] = &session
	return nil
}

func (m *MemoryStore) APIKey(_ context.Context, user ID, hash string) (*APIKey, *User, error) {
	end, err := m.begin("APIKey")
	if err != nil {
		return nil, nil, err
	}
	defer end()
	key := m.keys[hash]
	if key == nil || key.User != user {
		return nil, nil, ErrNoUser
	}
	copied := *key
	return &copied, m.users[user].clone(), nil
}

func (m *MemoryStore) APIKeys(_ context.Context, user ID) ([]*APIKey, error) {
	end, err := m.begin("APIKeys")
	if err != nil {
		return nil, err
	}
	defer end()
	var all []*APIKey
	for _, key := range m.keys {
		if key.User == user {
			copied := *key
			all = append(all, &copied)
		}
	}
	return all, nil
}

func (m *MemoryStore) NoteKeyUse(_ context.Context, k *APIKey) error {
	end, err := m.begin("NoteKeyUse")
	if err != nil {
		return err
	}
	defer end()
	if key := m.keys[k.Hash]; key != nil && key.User == k.User {
		key.UsedAt = k.UsedAt
	}
	return nil
}

func (m *MemoryStore) RotateSession(_ context.Context, s *Session) error {
	end, err := m.begin("RotateSession")
	if err != nil {
		return err
	}
	defer end()
	stored := m.sessions[s.ID]
	if stored == nil || stored.Generation != s.Generation-1 {
		return ErrConflict
	}
	stored.Generation, stored.GraceUntil, stored.LastActiveAt, stored.IdleUntil = s.Generation, s.GraceUntil, s.LastActiveAt, s.IdleUntil
	return nil
}

func (m *MemoryStore) DeleteUser(_ context.Context, u *User) error {
	end, err := m.begin("DeleteUser")
	if err != nil {
		return err
	}
	defer end()
	if stored := m.users[u.ID]; stored == nil || stored.Revision != u.Revision {
		return ErrConflict
	}
	for _, id := range u.Identifiers() {
		delete(m.claims, claimed{id.Kind, id.Canonical})
	}
	delete(m.users, u.ID)
	return nil
}

func (m *MemoryStore) Ticket(_ context.Context, hash string) (*Ticket, *User, error) {
	end, err := m.begin("Ticket")
	if err != nil {
		return nil, nil, err
	}
	defer end()
	ticket := m.tickets[hash]
	if ticket == nil || m.users[ticket.User] == nil {
		return nil, nil, ErrNoUser
	}
	return ticket, m.users[ticket.User].clone(), nil
}

func (m *MemoryStore) DeleteClient(_ context.Context, c *Client) error {
	end, err := m.begin("DeleteClient")
	if err != nil {
		return err
	}
	defer end()
	if !m.unchanged(c) {
		return ErrConflict
	}
	for _, ref := range c.Sessions {
		delete(m.sessions, ref.ID)
	}
	delete(m.clients, c.ID)
	return nil
}

func (m *MemoryStore) SaveMetadata(_ context.Context, ref ID, object json.RawMessage, expires time.Time) error {
	end, err := m.begin("SaveMetadata")
	if err != nil {
		return err
	}
	defer end()
	m.metadata[ref] = memoryObject{json: slices.Clone(object), expires: expires}
	return nil
}

func (m *MemoryStore) KeepMetadata(_ context.Context, ref ID) error {
	end, err := m.begin("KeepMetadata")
	if err != nil {
		return err
	}
	defer end()
	m.metadata[ref] = memoryObject{json: m.metadata[ref].json}
	return nil
}

func (m *MemoryStore) Metadata(_ context.Context, ref ID) (json.RawMessage, error) {
	end, err := m.begin("Metadata")
	if err != nil {
		return nil, err
	}
	defer end()
	return slices.Clone(m.metadata[ref].json), nil
}

// DueMail is what the newest mail of the client is made from, as the mail function gets it.
func (m *MemoryStore) DueMail(client ID) DueMail {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.clients[client]
	for kind, v := range c.SignUp.Verifications {
		if v.MailID() == c.MailID {
			to := *c.SignUp.Facts.identifier(kind)
			return DueMail{
				MailID: c.MailID, ClientID: c.ID, SignUpID: c.SignUp.ID, UserID: c.SignUp.UserID, Kind: kind, Strategy: v.Strategy,
				To: to.Display, Canonical: to.Canonical, Locale: c.SignUp.Locale,
				KeyID: v.KeyID, Nonce: v.Nonce, ExpiresAt: v.ExpiresAt, StoredAt: v.SentAt,
				Linked: v.Linked, LinkBase: v.LinkBase,
			}
		}
	}
	return DueMail{}
}

// storedMetadata is what is kept where the object belongs: a large one is an item of its own.
func storedMetadata(md Metadata) Metadata {
	if !md.Ref.IsZero() {
		md.JSON = nil
	}
	return md
}

func copyClient(c *Client) *Client {
	copied := *c
	copied.Sessions = slices.Clone(c.Sessions)
	if c.SignUp != nil {
		copied.SignUp = c.SignUp.clone()
	}
	return &copied
}
