package table

import (
	"encoding/base64"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// key is the primary key of one item. Only the constructors below make keys.
type key struct{ pk, sk string }

// Key parts. Values follow the separator, escaped.
const (
	separator    = "#"
	clientPart   = "CLIENT"
	userPart     = "USER"
	sessionPart  = "SESSION"
	claimPart    = "CLAIM"
	metadataPart = "METADATA"
	limitPart    = "LIMIT"
	apiKeyPart   = "KEY"
)

// clientKey is where a client lies, with its open sign-up and its token's hash.
func clientKey(id signup.ID) key { return key{join(clientPart, id.String()), clientPart} }

// userKey is where a user lies; the user's sessions share its partition.
func userKey(id signup.ID) key { return key{join(userPart, id.String()), userPart} }

// sessionKey is where a session of user lies.
func sessionKey(user, id signup.ID) key {
	return key{join(userPart, user.String()), join(sessionPart, id.String())}
}

func isSessionKey(k key) bool { return strings.HasPrefix(k.sk, sessionPart+separator) }

// apiKeyKey is where an API key of user lies, by its hash.
func apiKeyKey(user signup.ID, hash string) key {
	return key{join(userPart, user.String()), join(apiKeyPart, hash)}
}

// claimKey is where the one claim on an identifier lies, whoever holds it.
func claimKey(id identifier.Identifier) key {
	return key{join(claimPart, string(id.Kind), id.Canonical), claimPart}
}

// metadataKey is where a large metadata object lies.
func metadataKey(id signup.ID) key { return key{join(metadataPart, id.String()), metadataPart} }

// limitKey is where a meter's count lies. The hash says nothing of whom it is about.
func limitKey(m signup.Meter) key {
	return key{join(limitPart, m.Kind, base64.RawURLEncoding.EncodeToString(m.Subject)), limitPart}
}

// escaper keeps a value's own separators apart from ours.
var escaper = strings.NewReplacer("%", "%25", separator, "%23")

func join(parts ...string) string {
	for i := range parts {
		parts[i] = escaper.Replace(parts[i])
	}
	return strings.Join(parts, separator)
}

// lastPart is the last value of a key's part, which holds nothing that is escaped.
func lastPart(part string) string { return part[strings.LastIndex(part, separator)+1:] }

func (k key) attributes() map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: k.pk},
		"sk": &types.AttributeValueMemberS{Value: k.sk},
	}
}

// head is what every item starts with.
type head struct {
	PK      string `dynamodbav:"pk"`
	SK      string `dynamodbav:"sk"`
	Type    string `dynamodbav:"ty"`
	Version int    `dynamodbav:"iv"`
}

func (k key) head(itemType string) head {
	return head{PK: k.pk, SK: k.sk, Type: itemType, Version: itemVersion}
}

// itemVersion is the version of every item's layout; a reader refuses a newer one.
const itemVersion = 1
