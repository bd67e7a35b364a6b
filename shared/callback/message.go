// Package callback tells an operator's own programs of new users: one message for each
// user and URL, at least once and in order, as Standard Webhooks has it
// (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md). What can't
// be delivered waits in a queue of the URL's own and is tried for days.
package callback

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// UserCreated is the one type of message.
const UserCreated = "user.created"

// Values of sign_up_status and approval_status.
const (
	BeforeConfirmation = "before_confirmation"
	Final              = "final"
	BeforeDecision     = "before_decision"
	Approved           = "approved"
	Rejected           = "rejected"
)

// Target names a URL in the table and the logs: 22 characters of base64url. A URL itself
// may hold what lets its caller in.
func Target(url string) string {
	hash := sha256.Sum256([]byte(url))
	return base64.RawURLEncoding.EncodeToString(hash[:16])
}

// message is what is signed and posted.
type message struct {
	id   string
	body []byte
}

// body is the payload's JSON. Times are in UTC, RFC 3339.
type body struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

// data is the user as it is when it is sent. It has nothing that lets anybody in: no
// password, hash or token, and no id under which a wire signs somebody in.
type data struct {
	UserID         string    `json:"user_id"`
	Username       *string   `json:"username"`
	Email          *string   `json:"email"`
	EmailVerified  bool      `json:"email_verified"`
	SignUpStatus   string    `json:"sign_up_status"`
	ApprovalStatus string    `json:"approval_status"`
	CurrentApp     *string   `json:"current_app"`
	AppList        []string  `json:"app_list"`
	SignUpTime     time.Time `json:"sign_up_time"`
}

func newMessage(url string, u *signup.User) (message, error) {
	_, verified := u.Proved[identifier.KindEmailAddress]
	text, err := json.Marshal(body{
		Type: UserCreated, Timestamp: u.CreatedAt.UTC(),
		Data: data{
			UserID: "user_" + u.ID.String(), Username: optional(u.Username.Display), Email: optional(u.EmailAddress.Display),
			EmailVerified: verified, SignUpStatus: signUpStatus(u), ApprovalStatus: approvalStatus(u),
			CurrentApp: optional(u.Application), AppList: append([]string{}, u.Applications...), SignUpTime: u.CreatedAt.UTC(),
		},
	})
	return message{id: messageID(url, u.ID), body: text}, err
}

// messageID is the same however often the message is sent, and another for another URL.
func messageID(url string, user signup.ID) string {
	hash := sha256.Sum256([]byte(UserCreated + " " + Target(url) + " " + user.String()))
	return "msg_" + base64.RawURLEncoding.EncodeToString(hash[:16])
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func signUpStatus(u *signup.User) string {
	if u.Unconfirmed {
		return BeforeConfirmation
	}
	return Final
}

// approvalStatus is approved, too, where nobody has to.
func approvalStatus(u *signup.User) string {
	switch u.Approval {
	case signup.Undecided:
		return BeforeDecision
	case signup.Rejected:
		return Rejected
	}
	return Approved
}
