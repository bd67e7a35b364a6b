package model

import (
	"slices"
	"time"
)

// Kind is what an operation does.
type Kind string

// The operations.
const (
	ReadClient   Kind = "read client"
	EnsureClient Kind = "ensure client"
	DeleteClient Kind = "delete client"
	Create       Kind = "create"
	Update       Kind = "update"
	Get          Kind = "get"
	Prepare      Kind = "prepare"
	Attempt      Kind = "attempt"
	ConfirmLink  Kind = "confirm link"
	CompleteLink Kind = "complete link"

	GetSession    Kind = "get session"
	Me            Kind = "me"
	TouchSession  Kind = "touch session"
	UseSession    Kind = "use session"
	EndSession    Kind = "end session"
	EndSessions   Kind = "end sessions"
	UserSessions  Kind = "user sessions"
	RevokeSession Kind = "revoke session"
	// SignIn gives a client sessions of a user that there is. Nothing does so yet but the tests.
	SignIn Kind = "sign in"

	// What the one-call doors do.
	Register           Kind = "register"
	InviteAddress      Kind = "invite"
	SignInWithPassword Kind = "sign in with password"
	SignInWithKey      Kind = "sign in with key"
	SignInAnonymously  Kind = "sign in anonymously"
	ChallengeSignIn    Kind = "challenge sign-in"
	SignInWithCode     Kind = "sign in with code"
	ChallengeAddress   Kind = "challenge address"
	ProveAddress       Kind = "prove address"
	SetPassword        Kind = "set password"
	AddAPIKey          Kind = "add key"
	ChallengeReset     Kind = "challenge reset"
	ConfirmAddress     Kind = "confirm address"
	SetPasswordByMail  Kind = "set password by mail"
	ConfirmSignUp      Kind = "confirm sign-up"
	Decide             Kind = "decide"
	Providers          Kind = "providers"
	Refresh            Kind = "refresh"
	DeleteAccount      Kind = "delete account"
)

// NoToken is a caller who presents none.
const NoToken = -1

// Op is one request, with everything that its outcome can depend on.
type Op struct {
	Kind   Kind
	Serial int // names what it makes; different for every request that isn't the same again
	Device int // who asks
	Token  int // which of the device's tokens it presents: 0 the newest, 1 the one before …
	Source string
	SignUp string // handle; one that never was is any other text. Of SignIn: the user
	Input  Input  // of Create and Update; its Strategy and Link of Prepare and Attempt
	// Lax sends it to an instance on the same table that asks for no proof of addresses.
	Lax  bool
	Code string // as typed
	// Link is the text of the mailed link that ConfirmLink uses, or whose approval
	// CompleteLink hands in.
	Link     string
	Verifier bool // whether CompleteLink has the right PKCE verifier
	// Session is the handle of the session that it is about, and By of the one as whose
	// user it acts; none for the active one.
	Session, By string
	Many        int // how many sessions SignIn makes

	// What doors take beside it. The one about whom it is, or to whom an action code is
	// said to belong, is User, unless Input names an address or a username.
	User       string
	Key        string // handle of an API key
	Ticket     string // user whose confirm token it has
	Generation int    // of the refresh token
	Door       Door
	Purpose    string // of SetPasswordByMail
	Approves   bool   // what Decide says
}

// Door is what a registration asks for beside its input.
type Door struct {
	Key, SignIn, Unconfirmed, Undecided, Ticket, First bool
	Challenge                                          string // purpose of the mail, or empty
}

// Input is what a request supplies.
type Input struct {
	Email, Username, FirstName string
	Password                   string // empty, or one of those below; Short isn't long enough
	Strategy                   string
	Redirect, App              bool // what the link may do: return to a page, hand over to an app (PKCE)
}

// Passwords.
const (
	Short = "short"
	Long  = "long"
	Other = "other" // and as long
)

// Strategies.
const (
	emailCode = "email_code"
	emailLink = "email_link"
)

// Outcome is what a caller is told.
type Outcome struct {
	Faults   []string `json:",omitempty"` // code and field of each, sorted
	Client   string   // handle, or empty if the caller isn't told of one
	SignUp   *Progress
	Sessions []string `json:",omitempty"` // the live ones, as the client has them
	Active   string   // which of them stands for the client
	Session  string   // that it was about
	Idle     time.Time
	Listed   []string `json:",omitempty"` // all of a user, sorted
	Token    bool     // whether the answer carries a token
	Link     string   // what came of a link
	AuthAt   time.Time

	// What doors tell beside it.
	User       string
	Key        string // that was made
	Ticket     bool   // whether there is a confirm token
	Holder     string // of an address: "nobody", or what it signs in with
	Generation int    // of the session's refresh token

	token string // its name
}

// Progress is what is told of a sign-up.
type Progress struct {
	Handle, Status      string
	Missing, Unverified []string `json:",omitempty"` // sorted
	Challenge           string   // status, or empty
	Attempts            int
}

// refused is an outcome that tells nothing but why.
func (r *Run) refused(faults ...string) int {
	slices.Sort(faults)
	r.Out.Faults = faults
	return done
}

// A step takes a run's next effect and returns which step comes then.
type step func(*World, *Run) int

// done ends a run.
const done = -1

// operations are the steps of each kind. The first effect of an operation that is cut
// off may stay, the rest never happens; so each step is what the table does in one write.
var operations = map[Kind][]step{
	ReadClient:   {readClient, tellSessions},
	EnsureClient: {ensureClient, tellSessions},
	DeleteClient: {deleteClient},
	Create:       {createBegun, readOne, readOther, create, reread, tellSessions},
	Update:       {updateBegun, readOne, readOther, update, reread, tellSessions},
	Get:          {get, tellSessions},
	Prepare:      {prepareBegun, prepare, tellSessions},
	Attempt:      {attemptCounted, attempt, proveByCode, tellSessions},
	ConfirmLink:  {confirmLink},
	CompleteLink: {completeLink, tellSessions},

	GetSession:    {readHolder, readSessions},
	Me:            {readHolder, readSessions},
	TouchSession:  {readHolder, readSessions, noteUse, activate},
	UseSession:    {readHolder, readSessions, noteUse},
	EndSession:    {readHolder, readSessions, end},
	EndSessions:   {readHolder, readSessions, end},
	UserSessions:  {readHolder, readSessions, list},
	RevokeSession: {readHolder, readSessions, end, search, revoke},
	SignIn:        {signIn, tellSessions},

	Register:           slices.Concat([]step{registerBegun}, make([]step, atRegister-1), registering),
	InviteAddress:      slices.Concat([]step{inviteBegun, readHolders, inviteHeld, countHolders, saveUser, rereadUser, nil, nil}, registering),
	SignInWithPassword: {signInCounted, readHolders, judgePassword, signInLimited, saveUser, rereadUser, openSession},
	SignInWithKey:      {readKey, nil, nil, nil, nil, nil, openWithKey, openWithKey},
	SignInAnonymously:  {readBare, nil, nil, nil, nil, nil, openSession},
	ChallengeSignIn:    {sourceCounted, readHolders, readHeld, countHolders, saveUser, rereadUser},
	ChallengeReset:     {sourceCounted, readHolders, readHeld, countHolders, saveUser, rereadUser},
	SignInWithCode:     {sourceCounted, readHolders, readHeld, tryCode, saveUser, rereadUser},
	ProveAddress:       {readBearer, nil, nil, tryCode, saveUser, rereadUser},
	ChallengeAddress:   {readBearer, nil, nil, nil, saveUser, rereadUser},
	SetPassword:        {readBearer, nil, nil, nil, saveUser, rereadUser},
	AddAPIKey:          {readBearer, nil, nil, nil, saveUser, rereadUser},
	ConfirmAddress:     {sourceCounted, nil, readActing, nil, saveUser, rereadUser},
	SetPasswordByMail:  {sourceCounted, nil, readActing, nil, saveUser, rereadUser},
	ConfirmSignUp:      {sourceCounted, readTicket, readConfirming, nil, saveUser, rereadUser},
	Decide:             {readBearer, nil, readDecided, nil, saveUser, rereadUser},
	Providers:          {sourceCounted, readHolders, readHeld},
	Refresh:            {readRefreshed, nil, nil, nil, rotate},
	DeleteAccount:      {readBearer, nil, nil, nil, listLeft, rereadUser, deleteUser},
}

// Run is an operation under way.
type Run struct {
	Op  Op
	Out Outcome

	at          int  // next step, or done
	claimsFirst bool // of a Create or Update, which reads its client and the claims at once
	read        *read
	held        map[string]bool // which of the input's identifiers are held against it
	mailed      string          // address for which a mail has been counted
	crowded     bool            // the source has no room for another try
	revision    int             // of the client when its attempt was counted
	told        *Client         // client that is told
	live        []seen          // its sessions, as they were read
	about       seen            // session that the run is about
	made        seen            // session that this run made

	holder  string // user that the run is about, and the user as it was read, or nil
	user    *User
	was     *User    // as it was read first
	again   bool     // the step has counted a mail, and begins anew
	shown   Door     // what it registers, of whom
	dropped bool     // without the address
	rehash  bool     // the password is to be hashed anew
	noting  bool     // the use of a key is to be noted
	last    bool     // and is noted last
	left    []string // what is left of a user
}

// read is a client as a run has read it, by now perhaps not as it is; none has no handle.
type read struct {
	handle string
	client *Client
}

// seen is a session as a run has read it; none has no handle.
type seen struct {
	handle string
	Session
}

// Begin is op before its first step.
func Begin(op Op) *Run { return &Run{Op: op} }

func (r *Run) clone() *Run { own := *r; return &own }

// Done says that nothing of the run is left.
func (r *Run) Done() bool { return r.at == done }

func (r *Run) step(w *World) { r.at = operations[r.Op.Kind][r.at](w, r) }

// Ending is what may come of operations.
type Ending struct {
	World    *World
	Outcomes []Outcome
}

// Apply is op undisturbed.
func Apply(w *World, op Op) Ending {
	w = w.Clone()
	r := Begin(op)
	for !r.Done() {
		r.step(w)
	}
	w.heard(op, r.Out)
	return Ending{w, []Outcome{r.Out}}
}

// Cut is op dying somewhere: after none of its steps, after the first, and so on to
// after all. Nobody hears of it.
func Cut(w *World, op Op) []Ending {
	endings := []Ending{{World: w.Clone()}}
	for _, r := range Begin(op).readings(false) {
		for w := w.Clone(); !r.Done(); {
			r.step(w)
			endings = append(endings, Ending{World: w.Clone()})
		}
	}
	return endings
}

// Together is two operations at once: every order of their steps.
func Together(w *World, a, b Op) []Ending {
	var endings []Ending
	meet := a.Device == b.Device || a.Kind == ConfirmLink || b.Kind == ConfirmLink // on one client
	for _, first := range Begin(a).readings(meet) {
		for _, second := range Begin(b).readings(meet) {
			endings = mix(endings, w, first, second)
		}
	}
	return endings
}

// readings are the orders in which the run may read what it needs; they differ only if
// somebody else may change its client.
func (r *Run) readings(differ bool) []*Run {
	if r.Op.Kind == SignInWithKey { // which opens the session and notes the use at once
		other := r.clone()
		other.last = true
		return []*Run{r, other}
	}
	if !differ || r.Op.Kind != Create && r.Op.Kind != Update || len(identifiers(r.Op.Input.Email, r.Op.Input.Username)) == 0 {
		return []*Run{r}
	}
	other := r.clone()
	other.claimsFirst = true
	return []*Run{r, other}
}

// mix adds the endings of every order of the steps that a and b have left.
func mix(endings []Ending, w *World, a, b *Run) []Ending {
	if a.Done() && b.Done() {
		w.heard(a.Op, a.Out)
		w.heard(b.Op, b.Out)
		return append(endings, Ending{w, []Outcome{a.Out, b.Out}})
	}
	if !a.Done() {
		w, a := w.Clone(), a.clone()
		a.step(w)
		endings = mix(endings, w, a, b.clone())
	}
	if !b.Done() {
		w, b := w.Clone(), b.clone()
		b.step(w)
		endings = mix(endings, w, a.clone(), b)
	}
	return endings
}
