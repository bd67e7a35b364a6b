package signup

import (
	"encoding/json"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
)

// Facts are what a person said of themselves. What a sign-up holds is copied to
// the user it becomes. The zero value of each is "not supplied".
type Facts struct {
	EmailAddress  identifier.Identifier
	Username      identifier.Identifier
	PhoneNumber   identifier.Identifier
	Web3Wallet    identifier.Identifier
	PasswordHash  string // PHC string, never the password
	FirstName     string
	LastName      string
	Birthday      string // YYYY-MM-DD
	Gender        string
	Locale        string // BCP 47
	Unsafe        Metadata
	LegalAccepted time.Time
}

// Metadata is a JSON object of the application's own. A small one is kept where
// it belongs; a large one is an item of its own that Ref names, and that is never
// rewritten: a change makes another.
type Metadata struct {
	JSON json.RawMessage // nil when not loaded or not supplied
	Ref  ID              // zero for a small object
}

// Limits of metadata, in bytes of JSON.
const (
	MaxMetadata    = 8 << 10
	InlineMetadata = 512
)

// Identifiers are the supplied identifiers, in a fixed order.
func (f *Facts) Identifiers() []identifier.Identifier {
	var supplied []identifier.Identifier
	for _, id := range []identifier.Identifier{f.EmailAddress, f.Username, f.PhoneNumber, f.Web3Wallet} {
		if id.Canonical != "" {
			supplied = append(supplied, id)
		}
	}
	return supplied
}

// words are the person's own: names and identifiers.
func (f *Facts) words() []string {
	words := []string{f.FirstName, f.LastName}
	for _, id := range f.Identifiers() {
		words = append(words, id.Display)
	}
	return words
}

// identifier returns where the identifier of kind is kept.
func (f *Facts) identifier(kind identifier.Kind) *identifier.Identifier {
	switch kind {
	case identifier.KindEmailAddress:
		return &f.EmailAddress
	case identifier.KindUsername:
		return &f.Username
	case identifier.KindPhoneNumber:
		return &f.PhoneNumber
	case identifier.KindWeb3Wallet:
		return &f.Web3Wallet
	}
	return nil
}

// has reports whether the named attribute has been supplied.
func (f *Facts) has(attribute string) bool {
	switch attribute {
	case "password":
		return f.PasswordHash != ""
	case "first_name":
		return f.FirstName != ""
	case "last_name":
		return f.LastName != ""
	case "birthday":
		return f.Birthday != ""
	case "gender":
		return f.Gender != ""
	case legalAccepted:
		return !f.LegalAccepted.IsZero()
	}
	held := f.identifier(identifier.Kind(attribute))
	return held != nil && held.Canonical != ""
}
