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
	if err != nil || is == nil || is.MailID == "" || is.SignUp == nil || (was != nil && was.MailID == is.MailID) {
		return due, false, err
	}
	c := is.client(clientOf(is.PK))
	for kind, v := range c.SignUp.Verifications {
		if v.MailID() == is.MailID {
			return dueMail(c, kind, v, storedAt), true, nil
		}
	}
	return due, false, nil
}

func dueMail(c *signup.Client, kind identifier.Kind, v *signup.Verification, storedAt time.Time) signup.DueMail {
	to := c.SignUp.EmailAddress
	return signup.DueMail{
		MailID: c.MailID, ClientID: c.ID, SignUpID: c.SignUp.ID, UserID: c.SignUp.UserID, Kind: kind, Strategy: v.Strategy,
		To: to.Display, Canonical: to.Canonical, Locale: c.SignUp.Locale,
		KeyID: v.KeyID, Nonce: v.Nonce, ExpiresAt: v.ExpiresAt, StoredAt: storedAt,
		Linked: v.Linked, LinkBase: v.LinkBase,
	}
}

// decodeImage reads an image of a client; nil for no image and for items of other types.
func decodeImage(image []byte) (*clientItem, error) {
	if len(image) == 0 || string(image) == "null" {
		return nil, nil
	}
	attributes, err := attributevalue.UnmarshalMapJSON(image)
	if err != nil {
		return nil, failed("read stream image", err)
	}
	if kind, _ := attributes["ty"].(*types.AttributeValueMemberS); kind == nil || kind.Value != "client" {
		return nil, nil
	}
	var item clientItem
	return &item, unmarshal(attributes, &item, &item.head, "client")
}

// clientOf is the client that a client item's partition key names.
func clientOf(pk string) signup.ID {
	id, err := signup.ParseID(pk[len(clientPart)+len(separator):])
	if err != nil {
		return signup.ID{}
	}
	return id
}
