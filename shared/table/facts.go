package table

import (
	"encoding/json"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// factsItem holds a person's facts inside a sign-up or a user.
type factsItem struct {
	Email    *identifierItem `dynamodbav:"em,omitempty"`
	Username *identifierItem `dynamodbav:"un,omitempty"`
	Phone    *identifierItem `dynamodbav:"ph,omitempty"`
	Wallet   *identifierItem `dynamodbav:"wa,omitempty"`
	Password string          `dynamodbav:"pw,omitempty"`
	First    string          `dynamodbav:"fn,omitempty"`
	Last     string          `dynamodbav:"ln,omitempty"`
	Birthday string          `dynamodbav:"bd,omitempty"`
	Gender   string          `dynamodbav:"ge,omitempty"`
	Locale   string          `dynamodbav:"lo,omitempty"`
	Unsafe   []byte          `dynamodbav:"md,omitempty"`
	Metadata []byte          `dynamodbav:"mr,omitempty"`
	Legal    int64           `dynamodbav:"lg,omitempty"`
}

// identifierItem is an identifier; the canonical form is left out where it is the displayed one.
type identifierItem struct {
	Display   string `dynamodbav:"d"`
	Canonical string `dynamodbav:"c,omitempty"`
}

// identifierAttribute is the attribute of factsItem that holds an identifier of kind.
func identifierAttribute(kind identifier.Kind) string {
	switch kind {
	case identifier.KindEmailAddress:
		return "em"
	case identifier.KindUsername:
		return "un"
	case identifier.KindPhoneNumber:
		return "ph"
	case identifier.KindWeb3Wallet:
		return "wa"
	}
	panic("table: no attribute for identifiers of kind " + string(kind))
}

func newFacts(f signup.Facts) factsItem {
	item := factsItem{
		Email: newIdentifier(f.EmailAddress), Username: newIdentifier(f.Username),
		Phone: newIdentifier(f.PhoneNumber), Wallet: newIdentifier(f.Web3Wallet),
		Password: f.PasswordHash, First: f.FirstName, Last: f.LastName,
		Birthday: f.Birthday, Gender: f.Gender, Locale: f.Locale, Legal: millis(f.LegalAccepted),
	}
	if f.Unsafe.Ref.IsZero() {
		item.Unsafe = f.Unsafe.JSON
	} else {
		item.Metadata = f.Unsafe.Ref[:]
	}
	return item
}

func (item factsItem) facts() signup.Facts {
	return signup.Facts{
		EmailAddress: item.Email.identifier(identifier.KindEmailAddress),
		Username:     item.Username.identifier(identifier.KindUsername),
		PhoneNumber:  item.Phone.identifier(identifier.KindPhoneNumber),
		Web3Wallet:   item.Wallet.identifier(identifier.KindWeb3Wallet),
		PasswordHash: item.Password, FirstName: item.First, LastName: item.Last,
		Birthday: item.Birthday, Gender: item.Gender, Locale: item.Locale, LegalAccepted: fromMillis(item.Legal),
		Unsafe: signup.Metadata{JSON: json.RawMessage(item.Unsafe), Ref: idOf(item.Metadata)},
	}
}

func newIdentifier(i identifier.Identifier) *identifierItem {
	switch i.Canonical {
	case "":
		return nil
	case i.Display:
		return &identifierItem{Display: i.Display}
	}
	return &identifierItem{Display: i.Display, Canonical: i.Canonical}
}

func (item *identifierItem) identifier(kind identifier.Kind) identifier.Identifier {
	if item == nil {
		return identifier.Identifier{}
	}
	canonical := item.Canonical
	if canonical == "" {
		canonical = item.Display
	}
	return identifier.Identifier{Kind: kind, Display: item.Display, Canonical: canonical}
}

// idOf reads an ID attribute; a missing one is the zero ID.
func idOf(raw []byte) signup.ID {
	var out signup.ID
	copy(out[:], raw)
	return out
}

// rawID is the attribute of an ID; the zero ID has none.
func rawID(of signup.ID) []byte {
	if of.IsZero() {
		return nil
	}
	return of[:]
}
