package mail

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/doorstep-auth/doorstep/shared/secret"
)

// Message is a mail as it is handed over. The bodies carry secrets; printing a
// Message shows its ID only.
type Message struct {
	ID      string // mail id; a message that is sent twice has the same
	Kind    string // which mail it is, such as "verification_code"
	From    string // mailbox as RFC 5322 §3.4 writes it, with the sender's name
	ReplyTo string // address, or empty
	To      string // bare address in ASCII
	Subject string // one line, without secrets: SES repeats it in its events
	Text    secret.Text
	HTML    secret.Text
}

// Format shows the message's ID under every fmt verb.
func (m Message) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, m.String()) }

// String is the message's ID.
func (m Message) String() string { return "mail " + m.ID }

// LogValue is the message's ID.
func (m Message) LogValue() slog.Value { return slog.StringValue(m.String()) }

// Sender hands messages over for delivery.
type Sender interface {
	// Send returns nil if m was accepted, and *Refused if it never will be,
	// whenever it is sent. After any other error m may be sent again, and may
	// have been accepted all the same. No error holds m's address or secrets.
	// Send waits no longer than ctx allows.
	Send(ctx context.Context, m Message) error
}

// The reasons of a refusal, as they are stored and logged.
const (
	RefusedAddress    = "address_invalid"      // not an address that mail can go to
	RefusedUnverified = "recipient_unverified" // SES's sandbox: only verified addresses get mail
	RefusedSuppressed = "address_suppressed"   // on the account's suppression list
	RefusedMessage    = "message_rejected"     // anything else that SES holds against the message
	RefusedPage       = "page_missing"         // no setting says to which page the link leads
)

// Refused is returned for a message that will never be accepted.
type Refused struct {
	Reason string // one of the Refused constants
}

// Error names the reason.
func (r *Refused) Error() string { return "mail: refused: " + r.Reason }
