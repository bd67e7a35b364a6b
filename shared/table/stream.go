package table

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// DueMail reads the mail that a change of an item makes due. before and after
// are the item's images as the stream carries them, in DynamoDB's JSON; before is
// empty for a new item. A mail is due only if the mail id is new: every later
// write carries it again.
func DueMail(before, after []byte, storedAt time.Time) (due signup.DueMail, isDue bool, err error) {
	was, err := decodeImage(before)
	if err != nil {
		return due, false, err
	}
	is, err := decodeImage(after)
	if err != nil || is == nil || is.mailID() == "" || (was != nil && was.mailID() == is.mailID()) {
		return due, false, err
	}
	due, isDue = is.dueMail()
	due.MailID, due.StoredAt = is.mailID(), storedAt
	return due, isDue, nil
}

// challenged is an item that asks for mails: a client's, for its sign-up, and a user's.
type challenged interface {
	mailID() string
	dueMail() (signup.DueMail, bool)
}

func (item *clientItem) mailID() string { return item.MailID }

func (item *clientItem) dueMail() (due signup.DueMail, isDue bool) {
	c := item.client(clientOf(item.PK))
	if c.SignUp == nil {
		return due, false
	}
	for kind, v := range c.SignUp.Verifications {
		if v.MailID() == c.MailID {
			due = dueMail(kind, c.SignUp.EmailAddress, v, c.SignUp.Locale)
			due.ClientID, due.SignUpID, due.UserID = c.ID, c.SignUp.ID, c.SignUp.UserID
			return due, true
		}
	}
	return due, false
}

func (item *userItem) mailID() string { return item.MailID }

func (item *userItem) dueMail() (due signup.DueMail, isDue bool) {
	u := item.user(userOf(item.PK))
	if u.Challenge == nil || u.Challenge.MailID() != u.MailID || u.Challenge.Address.Canonical == "" {
		return due, false // a challenge without an address is met by what the caller was given
	}
	due = dueMail(u.Challenge.Address.Kind, u.Challenge.Address, &u.Challenge.Verification, u.Locale)
	due.UserID, due.SignUpID, due.Purpose = u.ID, u.ID, u.Challenge.Purpose
	return due, true
}

func dueMail(kind identifier.Kind, to identifier.Identifier, v *signup.Verification, locale string) signup.DueMail {
	return signup.DueMail{
		Kind: kind, Strategy: v.Strategy, To: to.Display, Canonical: to.Canonical, Locale: locale,
		KeyID: v.KeyID, Nonce: v.Nonce, ExpiresAt: v.ExpiresAt, Linked: v.Linked, LinkBase: v.LinkBase,
	}
}

// decodeImage reads an image of a client or a user; nil for no image and for items of other types.
func decodeImage(image []byte) (challenged, error) {
	if len(image) == 0 || string(image) == "null" {
		return nil, nil
	}
	attributes, err := attributevalue.UnmarshalMapJSON(image)
	if err != nil {
		return nil, failed("read stream image", err)
	}
	itemType, _ := attributes["ty"].(*types.AttributeValueMemberS)
	switch {
	case itemType == nil:
		return nil, nil
	case itemType.Value == "client":
		item := &clientItem{}
		return item, unmarshal(attributes, item, &item.head, "client")
	case itemType.Value == "user":
		item := &userItem{}
		return item, unmarshal(attributes, item, &item.head, "user")
	}
	return nil, nil
}

// userOf is the user that a user item's partition key names.
func userOf(pk string) signup.ID { return idIn(pk, userPart) }

// clientOf is the client that a client item's partition key names.
func clientOf(pk string) signup.ID { return idIn(pk, clientPart) }

// idIn is the id behind part in a partition key.
func idIn(pk, part string) signup.ID {
	id, err := signup.ParseID(pk[len(part)+len(separator):])
	if err != nil {
		return signup.ID{}
	}
	return id
}
