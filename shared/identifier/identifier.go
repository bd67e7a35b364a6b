// Package identifier reads the things a person signs up and signs in with. Each
// kind has one canonical form, of which claims are made whatever door the person
// came through: two texts with the same canonical form are one identifier.
//
// Every Parse function takes what was typed, drops spaces (U+0020) around it,
// and returns an Identifier or one problem of package problem on the field that
// is named like the kind. The empty text is the caller's business: it means not
// supplied. Canonical forms are stored, so changing what a function returns for
// a text that it already accepts is a migration (decision 0004).
package identifier

import (
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Kind is what an identifier is. Its text is the name of the field that carries it.
type Kind string

// The kinds of identifiers.
const (
	KindEmailAddress Kind = "email_address"
	KindUsername     Kind = "username"
	KindPhoneNumber  Kind = "phone_number"
	KindWeb3Wallet   Kind = "web3_wallet"
)

// Identifier is one identifier of a person. It prints and logs itself masked (R59).
type Identifier struct {
	Kind      Kind
	Canonical string // the form that claims are made of; shown of phone numbers only
	Display   string // what the person wrote, without the spaces around it
}

// Masked is enough of the identifier to recognise it by in a log, never all:
// j***@example.com, j***, +***89, 0x3f***.
func (i Identifier) Masked() string {
	const mask = "***"
	switch at := strings.LastIndexByte(i.Canonical, '@'); {
	case i.Canonical == "":
		return ""
	case i.Kind == KindEmailAddress && at > 0:
		return i.Canonical[:1] + mask + i.Canonical[at:]
	case i.Kind == KindPhoneNumber && len(i.Canonical) > 2:
		return "+" + mask + i.Canonical[len(i.Canonical)-2:]
	case i.Kind == KindWeb3Wallet && len(i.Canonical) > 4:
		return i.Canonical[:4] + mask
	}
	first, _ := utf8.DecodeRuneInString(i.Display)
	return string(first) + mask
}

// String is Masked, so that no print shows a whole identifier by accident.
func (i Identifier) String() string { return i.Masked() }

// GoString is Masked.
func (i Identifier) GoString() string { return i.Masked() }

// LogValue is Masked.
func (i Identifier) LogValue() slog.Value { return slog.StringValue(i.Masked()) }

// typed returns s without the spaces around it, or the problem of a text that
// isn't UTF-8 or is longer than any identifier of that kind, in octets.
func typed(kind Kind, s string, longest int) (string, error) {
	display := strings.Trim(s, " ")
	switch {
	case !utf8.ValidString(s):
		return "", problem.ParamValueInvalid.On(string(kind)).Detailed("It isn't valid UTF-8.")
	case len(display) > longest:
		return "", problem.ParamTooLong.On(string(kind)).Detailed("At most %d octets are accepted.", longest)
	}
	return display, nil
}

// malformed is the problem of a text that isn't of its kind's form; form is a sentence.
func malformed(kind Kind, form string) error {
	return problem.ParamFormatInvalid.On(string(kind)).Detailed("%s", form)
}
