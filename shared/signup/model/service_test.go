package model_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/enginetest"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/signup/model"
	"github.com/doorstep-auth/doorstep/shared/table"
)

// startOfTests lies in the future, so that no TTL is over by the engine's own clock.
var startOfTests = time.Date(2100, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	publicURL   = "https://auth.example"
	returnURL   = "https://app.example/back"
	verifier    = "the-verifier-that-belongs-to-the-challenge."
	otherProof  = "another-verifier-which-belongs-to-nothing.."
	goodPass    = "correct horse battery"
	otherPass   = "staple of the battery"
	noSuchCode  = "12345"
	unknownLink = "no link"
)

// service is the sign-up over a table of its own, told in the reference's terms.
type service struct {
	strict, lax *signup.Service
	door        *signup.Service // through which accounts are made in one call
	clock       *clock
	between     *between
	view        *view
	names       *names
	tokens      map[int][]secret.ClientToken // that a device was given, oldest first
	approvals   map[string]string            // by the text of the link that was handed over
	keyTexts    map[string]secret.APIKey     // by handle
	confirms    map[string]secret.Text       // confirm tokens, by user
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time          { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) forward(d time.Duration) { c.mu.Lock(); c.t = c.t.Add(d); c.mu.Unlock() }

// plainPasswords stand for the real judge and hash, which package password tests. A hash
// names its day, and is made anew on every other.
type plainPasswords struct{ clock *clock }

func (plainPasswords) Check(_ context.Context, candidate secret.Text, _ ...string) error {
	if text := candidate.Reveal(); text != goodPass && text != otherPass {
		return problem.PasswordTooShort.On("password")
	}
	return nil
}

func (p plainPasswords) Hash(candidate secret.Text) (string, error) {
	return fmt.Sprintf("%s@%d", candidate.Reveal(), p.clock.now().Unix()/(24*60*60)), nil
}

func (p plainPasswords) Verify(stored string, candidate secret.Text) (ok, rehash bool, err error) {
	made, err := p.Hash(candidate)
	text, _, _ := strings.Cut(stored, "@")
	return text == candidate.Reveal(), stored != made, err
}

func (plainPasswords) Dummy(secret.Text) {}

// passwordIn is the reference's name of a password that was hashed.
func passwordIn(hash string) string {
	return strings.NewReplacer(goodPass, model.Long, otherPass, model.Other).Replace(hash)
}

// entropy is random bytes that are the same in every run.
type entropy struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func (e *entropy) Read(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.source.Read(p)
}

// engines makes tables in one DynamoDB.
type engines struct {
	t        testing.TB
	endpoint string
	tables   int
}

func startEngine(t testing.TB) *engines {
	t.Helper()
	return &engines{t: t, endpoint: enginetest.StartDynamoDB(t)}
}

// service is the sign-up under rules over an empty table, spoilt as wrong says.
func (e *engines) service(rules model.Rules, wrong bug) *service {
	e.t.Helper()
	e.tables++
	name := fmt.Sprintf("table-%d", e.tables)
	enginetest.CreateTable(e.t, e.endpoint, name)
	random := &entropy{source: rand.NewChaCha8([32]byte{1})}
	keys, err := secret.NewKeyring(random, startOfTests)
	if err != nil {
		e.t.Fatal(err)
	}
	s := &service{
		clock: &clock{t: startOfTests}, between: &between{}, names: newNames(),
		tokens: map[int][]secret.ClientToken{}, approvals: map[string]string{},
		keyTexts: map[string]secret.APIKey{}, confirms: map[string]secret.Text{},
	}
	cfg := engine.Config()
	cfg.APIOptions = append(cfg.APIOptions, s.between.attach)
	var store signup.Store = table.New(cfg, e.endpoint, name)
	s.between.rewrite = wrong.rewrite
	if wrong.store != nil {
		store = wrong.store(store)
	}
	s.strict = &signup.Service{
		Settings: settingsFor(rules), Store: store, Keys: keys, Passwords: plainPasswords{s.clock}, Verifier: plainPasswords{s.clock},
		Disposable: func(string) bool { return false }, Now: s.clock.now, Entropy: random,
	}
	laxSettings := *s.strict.Settings
	laxSettings.Attributes.EmailAddress.VerifyAtSignUp = false
	lax := *s.strict
	lax.Settings, s.lax = &laxSettings, &lax
	door := *s.strict
	door.Settings, door.Tells, s.door = s.strict.Settings.ForAccounts(), rules.Tells, &door
	s.view = newView(e.t, e.endpoint, name, keys, s.names)
	s.view.settings, s.view.confirms = door.Settings, s.confirms
	return s
}

// settingsFor are the settings that rules tell of.
func settingsFor(rules model.Rules) *settings.Settings {
	s := settings.Default()
	s.PublicURL, s.RedirectURLs = publicURL, []string{"https://app.example"}
	s.SingleSession = rules.SingleSession
	s.Attributes.EmailAddress.Strategies = []string{settings.EmailCode, settings.EmailLink}
	s.Attributes.Username.Requirement = settings.Optional
	if rules.UsernameRequired {
		s.Attributes.Username.Requirement = settings.Required
	}
	s.Verification.RequireSameClient, s.EnumerationProtection = rules.RequireSameClient, rules.KeepsQuiet
	if rules.SourceWindow == 0 {
		s.Limits = settings.Limits{}
	}
	s.Limits.SignInsPerAccountHour = rules.SignInsPerHour
	return s
}

// at is the instance that op goes to.
func (s *service) at(op model.Op) *signup.Service {
	if op.Lax {
		return s.lax
	}
	return s.strict
}

func (s *service) caller(op model.Op) signup.Caller {
	caller, tokens := signup.Caller{Source: op.Source}, s.tokens[op.Device]
	if op.Token != model.NoToken && op.Token < len(tokens) {
		caller.Token = tokens[len(tokens)-1-op.Token]
	}
	return caller
}

// answered is what came of an operation, before it is told in the reference's terms.
type answered struct {
	op   model.Op
	full *signup.Answer
	all  []*signup.Session
	link *signup.LinkAnswer
	door *doorAnswer
	err  error
}

// send does op.
func (s *service) send(op model.Op) answered {
	ctx, caller, at, id := context.Background(), s.caller(op), s.at(op), s.names.signUp(op.SignUp)
	a := answered{op: op}
	switch op.Kind {
	case model.ReadClient:
		a.full, a.err = at.Client(ctx, caller)
	case model.EnsureClient:
		a.full, a.err = at.EnsureClient(ctx, caller)
	case model.DeleteClient:
		a.full, a.err = at.DeleteClient(ctx, caller)
	case model.Create:
		a.full, a.err = at.Create(ctx, caller, input(op.Input))
	case model.Update:
		a.full, a.err = at.Update(ctx, caller, id, input(op.Input))
	case model.Get:
		a.full, a.err = at.Get(ctx, caller, id)
	case model.Prepare:
		a.full, a.err = at.Prepare(ctx, caller, id, op.Input.Strategy, link(op.Input))
	case model.Attempt:
		a.full, a.err = at.Attempt(ctx, caller, id, op.Input.Strategy, op.Code)
	case model.ConfirmLink:
		a.link, a.err = at.ConfirmLink(ctx, caller, secret.ParseLinkToken(op.Link))
	case model.CompleteLink:
		proof := map[bool]string{true: verifier, false: otherProof}[op.Verifier]
		a.full, a.err = at.CompleteLink(ctx, caller, id, s.approval(op), proof)
	case model.GetSession, model.Me, model.TouchSession, model.UseSession, model.EndSession, model.EndSessions, model.UserSessions,
		model.RevokeSession, model.SignIn:
		s.sendSession(&a, caller, at)
	default:
		a.door = &doorAnswer{}
		if a.err = s.sendDoor(op, a.door); a.err != nil {
			a.door = &doorAnswer{} // what comes beside an error is nobody's
		}
	}
	return a
}

// sendSession does an operation on sessions.
func (s *service) sendSession(a *answered, caller signup.Caller, at *signup.Service) {
	ctx, op, id, by := context.Background(), a.op, s.names.session(a.op.Session), s.names.session(a.op.By)
	switch op.Kind {
	case model.GetSession:
		a.full, a.err = at.Session(ctx, caller, id)
	case model.Me:
		a.full, a.err = at.Me(ctx, caller, id)
	case model.TouchSession:
		a.full, a.err = at.TouchSession(ctx, caller, id)
	case model.UseSession:
		a.full, a.err = at.UseSession(ctx, caller, id)
	case model.EndSession:
		a.full, a.err = at.EndSession(ctx, caller, id)
	case model.EndSessions:
		a.full, a.err = at.EndSessions(ctx, caller)
	case model.UserSessions:
		a.all, a.full, a.err = at.UserSessions(ctx, caller, by)
	case model.RevokeSession:
		a.full, a.err = at.RevokeSession(ctx, caller, by, id)
	case model.SignIn:
		a.full, a.err = s.signIn(op, caller)
	default:
		a.err = fmt.Errorf("nothing sends %q", op.Kind)
	}
}

func (s *service) approval(op model.Op) string {
	if approval := s.approvals[op.Link]; approval != "" {
		return approval
	}
	return "not an approval"
}

func input(in model.Input) signup.Input {
	out := signup.Input{EmailAddress: in.Email, Username: in.Username, FirstName: in.FirstName, Strategy: in.Strategy, Link: link(in)}
	switch in.Password {
	case model.Short:
		out.Password = secret.NewText("short")
	case model.Long:
		out.Password = secret.NewText(goodPass)
	case model.Other:
		out.Password = secret.NewText(otherPass)
	}
	return out
}

// unheard says that the answer was a fault of ours: the caller knows nothing.
func (a answered) unheard() bool { return a.err != nil && problem.List(a.err) == nil }

// tell puts an answer in the reference's terms. Its errors are answers that nobody may get.
func (s *service) tell(a answered) (model.Outcome, error) {
	if a.unheard() {
		return model.Outcome{}, fmt.Errorf("%s: %w", a.op.Kind, a.err)
	}
	out := model.Outcome{Faults: faults(a.err)}
	if a.link != nil {
		s.tellLink(a.op, a.link, &out)
		return out, nil
	}
	if a.door != nil {
		s.tellDoor(a, &out)
		return out, nil
	}
	if a.full == nil {
		return out, errors.New("there is no answer")
	}
	if a.full.Client != nil {
		out.Client = s.names.clients[a.full.Client.ID]
	}
	for _, session := range a.full.Sessions {
		out.Sessions = append(out.Sessions, s.names.signUps[session.ID])
	}
	if active := a.full.ActiveSession(); active != nil {
		out.Active = s.names.signUps[active.ID]
	}
	if about := a.full.Session; about != nil {
		out.Session, out.Idle = s.names.signUps[about.ID], about.IdleUntil
	}
	for _, session := range a.all {
		out.Listed = append(out.Listed, s.names.signUps[session.ID])
	}
	slices.Sort(out.Listed)
	out.SignUp = s.progress(a.op, a.full)
	out.Token = s.keep(a.op, a.full.Token)
	return out, nil
}

func (s *service) tellLink(op model.Op, a *signup.LinkAnswer, out *model.Outcome) {
	out.Link, out.AuthAt = string(a.Status), a.AuthChangedAt
	if !a.SessionID.IsZero() {
		out.Sessions = []string{s.names.signUps[a.SessionID]}
	}
	if approval := a.Approval.Reveal(); approval != "" {
		s.approvals[op.Link] = approval
	}
	out.Token = s.keep(op, a.Token)
}

// keep gives the device a token, as a browser would take it.
func (s *service) keep(op model.Op, token secret.ClientToken) bool {
	if token.IsZero() {
		return false
	}
	s.tokens[op.Device] = append(s.tokens[op.Device], token)
	return true
}

func (s *service) progress(op model.Op, a *signup.Answer) *model.Progress {
	su := a.SignUp
	if su == nil {
		return nil
	}
	needs := signup.Require(s.at(op).Settings, su)
	p := &model.Progress{
		Handle: s.names.signUps[su.ID], Status: string(su.StatusAt(a.Now)),
		Missing: slices.Sorted(slices.Values(needs.Missing)), Unverified: slices.Sorted(slices.Values(needs.Unverified)),
	}
	if v := su.Verifications["email_address"]; v != nil {
		p.Challenge, p.Attempts = string(v.StatusAt(a.Now, s.strict.Settings.Verification.MaxAttempts)), v.Attempts
	}
	return p
}

func faults(err error) (list []string) {
	for _, fault := range problem.List(err) {
		about := fault.Param
		if fault.Problem == problem.UserHeld {
			about = fault.Detail
		}
		list = append(list, strings.TrimSpace(fault.Code+" "+about))
	}
	slices.Sort(list)
	return list
}

// names are the reference's names of what the service made.
type names struct {
	clients map[signup.ID]string
	signUps map[signup.ID]string // by the ids of sign-ups, and of the users and sessions that they yield
	ids     map[string]signup.ID // of sign-ups
	users   map[string]signup.ID
	opened  map[string]signup.ID // sessions
	owners  map[string]string    // users of sessions
	keys    map[string]string    // by hash
}

func newNames() *names {
	return &names{
		clients: map[signup.ID]string{}, signUps: map[signup.ID]string{},
		ids: map[string]signup.ID{}, users: map[string]signup.ID{}, opened: map[string]signup.ID{},
		owners: map[string]string{}, keys: map[string]string{},
	}
}

// signUp is the id of the sign-up called handle; another one if there is none.
func (n *names) signUp(handle string) signup.ID {
	if id, known := n.ids[handle]; known {
		return id
	}
	return signup.ID{0xff}
}

// session is the id of the session called handle; another one if there is none, and none for none.
func (n *names) session(handle string) signup.ID {
	if id, known := n.opened[handle]; known || handle == "" {
		return id
	}
	return signup.ID{0xff}
}

// client names a client that the operation serial has made, unless it has a name.
func (n *names) client(id signup.ID, serial int) string {
	if n.clients[id] == "" {
		n.clients[id] = fmt.Sprintf("c%d", serial)
	}
	return n.clients[id]
}

// begun names a sign-up that the operation serial has made, unless it has a name.
func (n *names) begun(serial int, id, user, session signup.ID) string {
	if n.signUps[id] == "" {
		handle := fmt.Sprintf("s%d", serial)
		n.signUps[id], n.signUps[user], n.signUps[session] = handle, handle, handle
		n.ids[handle], n.users[handle], n.opened[handle], n.owners[handle] = id, user, session, handle
	}
	return n.signUps[id]
}

// learn names what an answer shows for the first time.
func (n *names) learn(a answered) {
	if a.door != nil && a.door.user != nil {
		n.account(a.op.Serial, a.door.user.ID)
	}
	if a.full == nil || a.full.Client == nil {
		return
	}
	n.client(a.full.Client.ID, a.op.Serial)
	if su := a.full.SignUp; su != nil && a.op.Kind == model.Create {
		n.begun(a.op.Serial, su.ID, su.UserID, su.SessionID)
	}
}

func link(in model.Input) signup.Link {
	var l signup.Link
	if in.Redirect {
		l.RedirectURL = returnURL
	}
	if in.App {
		l.CodeChallenge, l.CodeChallengeMethod = challenge, "S256"
	}
	return l
}
