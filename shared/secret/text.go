// Package secret makes and judges what must not be read by others: codes, client
// tokens and the keys they come from. Whatever holds a secret redacts itself in
// text, logs and JSON.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Redacted is what a secret shows of itself.
const Redacted = "[redacted]"

// Text is a secret text such as a password or a code. Reveal gives it away;
// every other way to print it shows Redacted.
type Text struct {
	hidden
	// A pointer to a string, because fmt prints the unexported fields of others
	// without asking them: of this it shows the address under every verb.
	value *string
}

// NewText wraps value.
func NewText(value string) Text { return Text{value: &value} }

// Reveal returns the text itself.
func (t Text) Reveal() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// IsZero reports an empty text.
func (t Text) IsZero() bool { return t.Reveal() == "" }

// hidden makes whatever embeds it show Redacted, however it is printed, logged or encoded.
type hidden struct{}

// Format writes Redacted under every fmt verb.
func (hidden) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, Redacted) }

// String is Redacted.
func (hidden) String() string { return Redacted }

// LogValue is Redacted.
func (hidden) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalJSON is Redacted.
func (hidden) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }
