package table

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

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
	ticketPart   = "TICKET"
	callbackPart = "CALLBACK"
	statePart    = "STATE"
	duePart      = "DUE"
	deadPart     = "DEAD"
	auditPart    = "AUDIT"
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

func isAPIKeyKey(k key) bool { return strings.HasPrefix(k.sk, apiKeyPart+separator) }

// claimKey is where the one claim on an identifier lies, whoever holds it.
func claimKey(id identifier.Identifier) key {
	return key{join(claimPart, string(id.Kind), id.Canonical), claimPart}
}

// ticketKey is where the ticket of a confirm token lies, by the token's hash.
func ticketKey(hash string) key { return key{join(ticketPart, hash), ticketPart} }

// auditKey is where the record of a call lies: under the hour in UTC and the first
// digit of its cid, so that one hour's records are spread over 16 partitions.
func auditKey(a signup.Attempt) key {
	at := a.At.UTC()
	return key{
		join(auditPart, at.Format("2006-01-02T15"), a.CID[:min(1, len(a.CID))]),
		join(strconv.FormatInt(at.UnixMilli(), 10), a.CID),
	}
}

// metadataKey is where a large metadata object lies.
func metadataKey(id signup.ID) key { return key{join(metadataPart, id.String()), metadataPart} }

// limitKey is where a meter's count lies. The hash says nothing of whom it is about.
func limitKey(m signup.Meter) key {
	return key{join(limitPart, m.Kind, base64.RawURLEncoding.EncodeToString(m.Subject)), limitPart}
}

// callbackKey is where things stand with a receiver; what is due to it and its dead
// letters share its partition.
func callbackKey(target string) key { return key{join(callbackPart, target), statePart} }

// deliveryKey is where a delivery lies, as part says: due or dead. Keys of older users
// come first.
func deliveryKey(target, part string, user signup.ID, created time.Time) key {
	return key{join(callbackPart, target), join(part, fmt.Sprintf("%015d", millis(created)), user.String())}
}

// deliveryPrefix begins the sort keys of deliveries.
func deliveryPrefix(part string) string { return part + separator }

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
