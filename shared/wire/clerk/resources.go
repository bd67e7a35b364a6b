package clerk

import (
	"encoding/json"
	"time"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/token"
)

// Prefixes of the ids (§4).
const (
	clientPrefix  = "client_"
	signUpPrefix  = "sua_"
	sessionPrefix = "sess_"
	userPrefix    = "user_"
)

// signUp is the SignUp resource (§4.1). Lists and verifications are never null.
type signUp struct {
	Object           string          `json:"object"`
	ID               string          `json:"id"`
	Status           signup.Status   `json:"status"`
	RequiredFields   []string        `json:"required_fields"`
	OptionalFields   []string        `json:"optional_fields"`
	MissingFields    []string        `json:"missing_fields"`
	UnverifiedFields []string        `json:"unverified_fields"`
	Verifications    verifications   `json:"verifications"`
	Username         *string         `json:"username"`
	EmailAddress     *string         `json:"email_address"`
	PhoneNumber      *string         `json:"phone_number"`
	Web3Wallet       *string         `json:"web3_wallet"`
	PasswordEnabled  bool            `json:"password_enabled"`
	HasPassword      bool            `json:"has_password"`
	FirstName        *string         `json:"first_name"`
	LastName         *string         `json:"last_name"`
	Birthday         *string         `json:"birthday"`
	Gender           *string         `json:"gender"`
	UnsafeMetadata   json.RawMessage `json:"unsafe_metadata"`
	PublicMetadata   json.RawMessage `json:"public_metadata"`
	CustomAction     bool            `json:"custom_action"`
	ExternalID       *string         `json:"external_id"`
	CreatedSessionID *string         `json:"created_session_id"`
	CreatedUserID    *string         `json:"created_user_id"`
	AbandonAt        int64           `json:"abandon_at"`
	AbandonedAt      *int64          `json:"abandoned_at"`
	LegalAcceptedAt  *int64          `json:"legal_accepted_at"`
	Locale           *string         `json:"locale"`
}

// verifications has a member for each kind; null until it is prepared.
type verifications struct {
	EmailAddress    *verification `json:"email_address"`
	PhoneNumber     *verification `json:"phone_number"`
	Web3Wallet      *verification `json:"web3_wallet"`
	ExternalAccount *verification `json:"external_account"`
}

// verification is the Verification resource (§4.2). NextAction and
// SupportedStrategies are a sign-up's own and absent elsewhere.
type verification struct {
	Object              string                    `json:"object"`
	Status              signup.VerificationStatus `json:"status"`
	Strategy            string                    `json:"strategy"`
	Attempts            int                       `json:"attempts"`
	ExpireAt            int64                     `json:"expire_at"`
	VerifiedAtClient    *string                   `json:"verified_at_client,omitempty"`
	Error               *errorItem                `json:"error,omitempty"`
	NextAction          *string                   `json:"next_action,omitempty"`
	SupportedStrategies []string                  `json:"supported_strategies,omitempty"`
}

var emptyObject = json.RawMessage("{}")

func newSignUp(s *settings.Settings, su *signup.SignUp, now time.Time) *signUp {
	needs, status := signup.Require(s, su), su.StatusAt(now)
	r := &signUp{
		Object: "sign_up_attempt", ID: signUpPrefix + su.ID.String(), Status: status,
		RequiredFields: needs.Required, OptionalFields: needs.Optional,
		MissingFields: needs.Missing, UnverifiedFields: needs.Unverified,
		Verifications: verifications{EmailAddress: newVerification(s, su, identifier.KindEmailAddress, now)},
		Username:      optional(su.Username.Display), EmailAddress: optional(su.EmailAddress.Display),
		PhoneNumber: optional(su.PhoneNumber.Canonical), Web3Wallet: optional(su.Web3Wallet.Display),
		PasswordEnabled: su.PasswordHash != "", HasPassword: su.PasswordHash != "", // one thing by its two names
		FirstName: optional(su.FirstName), LastName: optional(su.LastName),
		Birthday: optional(su.Birthday), Gender: optional(su.Gender),
		UnsafeMetadata: object(su.Unsafe.JSON), PublicMetadata: emptyObject,
		AbandonAt: su.AbandonAt.UnixMilli(), LegalAcceptedAt: optionalTime(su.LegalAccepted), Locale: optional(su.Locale),
	}
	switch status {
	case signup.Complete:
		r.CreatedUserID = optional(userPrefix + su.UserID.String())
		r.CreatedSessionID = optional(sessionPrefix + su.SessionID.String())
	case signup.Abandoned:
		r.AbandonedAt = &r.AbandonAt
	}
	return r
}

func newVerification(s *settings.Settings, su *signup.SignUp, kind identifier.Kind, now time.Time) *verification {
	v := su.Verifications[kind]
	if v == nil {
		return nil
	}
	status, next := v.StatusAt(now, s.Verification.MaxAttempts), ""
	switch status {
	case signup.Unverified:
		next = "needs_attempt"
	case signup.Failed, signup.Expired:
		next = "needs_prepare"
	}
	r := &verification{
		Object: verificationObject(v.Strategy), Status: status, Strategy: v.Strategy, Attempts: v.Attempts,
		ExpireAt: v.ExpiresAt.UnixMilli(), NextAction: &next, SupportedStrategies: signup.SupportedStrategies(s, kind),
	}
	if !v.VerifiedAtClient.IsZero() {
		r.VerifiedAtClient = optional(clientPrefix + v.VerifiedAtClient.String())
	}
	if v.Refused != "" {
		item := newErrorItem(mailRefused(v.Refused))
		r.Error = &item
	}
	return r
}

// verificationObject is the type of a verification by strategy.
func verificationObject(strategy string) string {
	if strategy == signup.EmailLink.Name {
		return "verification_email_link"
	}
	return "verification_otp"
}

// client is the Client resource (§4.3).
type client struct {
	Object                     string     `json:"object"`
	ID                         string     `json:"id"`
	Sessions                   []*session `json:"sessions"`
	SignIn                     any        `json:"sign_in"`
	SignUp                     *signUp    `json:"sign_up"`
	LastActiveSessionID        *string    `json:"last_active_session_id"`
	LastAuthenticationStrategy *string    `json:"last_authentication_strategy"`
	CookieExpiresAt            *int64     `json:"cookie_expires_at"`
	CaptchaBypass              bool       `json:"captcha_bypass"`
	CreatedAt                  int64      `json:"created_at"`
	UpdatedAt                  int64      `json:"updated_at"`
}

// view renders what one request is answered with.
type view struct {
	settings *settings.Settings
	keys     *token.SigningKeys // nil where no session can be
	request  *gateway.Request
	answer   *signup.Answer
	tokens   map[signup.ID]*sessionToken // signing takes a millisecond: once per session
}

// client is the answer's client, or nil if the caller isn't one.
func (v *view) client() (*client, error) {
	c, s, answer := v.answer.Client, v.settings, v.answer
	if c == nil {
		return nil, nil
	}
	r := &client{
		Object: "client", ID: clientPrefix + c.ID.String(), Sessions: []*session{},
		CreatedAt: c.CreatedAt.UnixMilli(), UpdatedAt: c.UpdatedAt.UnixMilli(),
	}
	for _, session := range answer.Sessions {
		rendered, err := v.session(session)
		if err != nil {
			return nil, err
		}
		r.Sessions = append(r.Sessions, rendered)
	}
	if active := answer.ActiveSession(); active != nil {
		r.LastActiveSessionID = optional(sessionPrefix + active.ID.String())
	}
	if c.SignUp != nil && c.SignUp.StatusAt(answer.Now) == signup.MissingRequirements {
		r.SignUp = newSignUp(s, c.SignUp, answer.Now)
	}
	return r, nil
}

// session is a live session. The active one, and the one that the answer is about,
// come with a token, so that an SDK needn't ask for it.
func (v *view) session(s *signup.Session) (*session, error) {
	r := newSession(s, sessionActive, v.answer.Now)
	if s != v.answer.ActiveSession() && (v.answer.Session == nil || s.ID != v.answer.Session.ID) {
		return r, nil
	}
	var err error
	r.LastActiveToken, err = v.token(s)
	return r, err
}

// token is a session's token, or nil where nothing is signed.
func (v *view) token(s *signup.Session) (*sessionToken, error) {
	if v.keys == nil {
		return nil, nil
	}
	if made := v.tokens[s.ID]; made != nil {
		return made, nil
	}
	made, err := newSessionToken(v.keys, v.settings, v.request, s, v.answer.Now)
	if err != nil {
		return nil, err
	}
	if v.tokens == nil {
		v.tokens = map[signup.ID]*sessionToken{}
	}
	v.tokens[s.ID] = made
	return made, nil
}

// session is the Session resource (§4.4).
type session struct {
	Object                   string         `json:"object"`
	ID                       string         `json:"id"`
	Status                   sessionStatus  `json:"status"`
	ExpireAt                 int64          `json:"expire_at"`
	AbandonAt                int64          `json:"abandon_at"`
	LastActiveAt             int64          `json:"last_active_at"`
	LastActiveOrganizationID *string        `json:"last_active_organization_id"`
	Actor                    *string        `json:"actor"`
	Tasks                    []string       `json:"tasks"`
	User                     *user          `json:"user"`
	PublicUserData           publicUserData `json:"public_user_data"`
	FactorVerificationAge    [2]int         `json:"factor_verification_age"` // minutes since the first factor; no second
	CreatedAt                int64          `json:"created_at"`
	UpdatedAt                int64          `json:"updated_at"`
	LastActiveToken          *sessionToken  `json:"last_active_token"`
}

// sessionStatus is where a session stands.
type sessionStatus string

// The statuses of a session that an answer can show. Only an active one is in its client.
const (
	sessionActive  sessionStatus = "active"
	sessionEnded   sessionStatus = "ended"
	sessionRemoved sessionStatus = "removed"
	sessionRevoked sessionStatus = "revoked"
)

type publicUserData struct {
	FirstName       *string `json:"first_name"`
	LastName        *string `json:"last_name"`
	ImageURL        string  `json:"image_url"`
	HasImage        bool    `json:"has_image"`
	Identifier      string  `json:"identifier"`
	UserID          string  `json:"user_id"`
	Username        *string `json:"username"`
	ProfileImageURL string  `json:"profile_image_url"`
}

func newSession(s *signup.Session, status sessionStatus, now time.Time) *session {
	u := s.User
	return &session{
		Object: "session", ID: sessionPrefix + s.ID.String(), Status: status,
		ExpireAt: s.IdleUntil.UnixMilli(), AbandonAt: s.ExpiresAt.UnixMilli(), LastActiveAt: s.LastActiveAt.UnixMilli(),
		Tasks: []string{}, User: newUser(u, s.LastActiveAt),
		PublicUserData: publicUserData{
			FirstName: optional(u.FirstName), LastName: optional(u.LastName), Username: optional(u.Username.Display),
			UserID: userPrefix + u.ID.String(), Identifier: mainIdentifier(u),
		},
		FactorVerificationAge: [2]int{int(now.Sub(s.CreatedAt) / time.Minute), -1},
		CreatedAt:             s.CreatedAt.UnixMilli(), UpdatedAt: s.LastActiveAt.UnixMilli(),
	}
}

// mainIdentifier is what a user is known by: the first of its identifiers.
func mainIdentifier(u *signup.User) string {
	for _, id := range u.Identifiers() {
		return id.Display
	}
	return ""
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func optionalTime(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

func object(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return emptyObject
	}
	return raw
}
