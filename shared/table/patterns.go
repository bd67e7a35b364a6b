package table

import (
	"time"

	"github.com/doorstep-auth/doorstep/shared/signup"
)

// Pattern is one way in which the table is read or written: everything that is
// ever sent to it. docs/data-model.md lists them; a test holds each method to its
// pattern.
type Pattern struct {
	Method    string // of Table
	Request   string // DynamoDB operation
	Items     []string
	Condition string
	Update    string
	Cost      string // for items under 1 KB
}

// Keys of the items, as the documents show them.
const (
	clientItems   = "CLIENT#<client> / CLIENT"
	userItems     = "USER#<user> / USER"
	sessionItems  = "USER#<user> / SESSION#<session>"
	claimItems    = "CLAIM#<kind>#<canonical form> / CLAIM"
	metadataItems = "METADATA#<object> / METADATA"
	apiKeyItems   = "USER#<user> / KEY#<hash>"
	ticketItems   = "TICKET#<hash> / TICKET"
	auditItems    = "AUDIT#<hour>#<digit> / <time>#<cid>"
	limitItems    = "LIMIT#<kind>#<keyed hash> / LIMIT"
	receiverItems = "CALLBACK#<target> / STATE"
	dueItems      = "CALLBACK#<target> / DUE#<user made at>#<user>"
	deadItems     = "CALLBACK#<target> / DEAD#<user made at>#<user>"
)

// Patterns returns all access patterns.
func Patterns() []Pattern {
	proved := isProved + " AND "
	return []Pattern{
		{Method: "Client", Request: "GetItem", Items: []string{clientItems}, Cost: "1 RRU"},
		{Method: "LinkedClient", Request: "GetItem", Items: []string{clientItems}, Cost: "1 RRU"},
		{Method: "Claims", Request: "GetItem, BatchGetItem for several", Items: []string{claimItems}, Cost: "0.5 RRU each"},
		{Method: "Sessions", Request: "BatchGetItem", Items: []string{sessionItems, userItems}, Cost: "1 RRU each"},
		{Method: "Metadata", Request: "GetItem", Items: []string{metadataItems}, Cost: "1 RRU per 4 KB"},
		{Method: "Current", Request: "GetItem", Items: []string{clientItems + " or " + userItems}, Cost: "1 RRU, for a mail from a backlog only"},
		{Method: "SaveClient", Request: "PutItem", Items: []string{clientItems}, Condition: isUnchanged, Cost: "1 WRU"},
		{Method: "BeginSignUp", Request: "UpdateItem", Items: []string{clientItems},
			Condition: proved + isSignedOut, Update: beginSignUp, Cost: "1 WRU"},
		{Method: "BeginVerification", Request: "UpdateItem", Items: []string{clientItems},
			Condition: proved + isOpen + " AND " + isSendable, Update: beginVerification, Cost: "1 WRU"},
		{Method: "BeginVerification, of a counted mail", Request: "UpdateItem", Items: []string{clientItems},
			Condition: proved + isOpen + " AND " + isSendable + " AND " + isFor, Update: beginVerification, Cost: "1 WRU"},
		{Method: "CountAttempt", Request: "UpdateItem", Items: []string{clientItems},
			Condition: proved + isOpen + " AND " + isAttemptable, Update: countAttempt, Cost: "1 WRU"},
		{Method: "CountAttempt, from a crowded source", Request: "UpdateItem", Items: []string{clientItems},
			Condition: proved + isOpen + " AND " + isAttemptable + " AND " + isPaced, Update: countAttempt, Cost: "1 WRU"},
		{Method: "Count", Request: "UpdateItem", Items: []string{limitItems},
			Condition: hasRoom(sampleMeter()), Update: countEvent + seeSource, Cost: "1 WRU"},
		{Method: "Count, trimming", Request: "UpdateItem", Items: []string{limitItems},
			Condition: exists, Update: "REMOVE ev[20]", Cost: "1 WRU, after each 20 events of a busy meter"},
		{Method: "Complete", Request: "TransactWriteItems", Items: []string{clientItems, userItems, sessionItems, claimItems},
			Condition: isUnchanged + "; all others " + isNew, Cost: "2 WRU each"},
		{Method: "Complete, in one call", Request: "TransactWriteItems", Items: []string{userItems, sessionItems, apiKeyItems, ticketItems, claimItems},
			Condition: isNew, Cost: "2 WRU each"},
		{Method: "Complete, taking over an unverified claim", Request: "TransactWriteItems",
			Items:     []string{clientItems, userItems, sessionItems, claimItems, userItems + " (of the one who loses it)"},
			Condition: isUnchanged + "; the claim " + isYielded, Update: disown, Cost: "2 WRU each"},
		{Method: "TouchSession", Request: "UpdateItem", Items: []string{sessionItems}, Condition: exists, Update: touchSession, Cost: "1 WRU"},
		{Method: "EndSessions", Request: "TransactWriteItems", Items: []string{clientItems, sessionItems}, Condition: isUnchanged, Cost: "2 WRU each"},
		{Method: "RevokeSession", Request: "DeleteItem", Items: []string{sessionItems}, Cost: "1 WRU"},
		{Method: "UserSessions", Request: "Query", Items: []string{userItems, sessionItems}, Condition: ofUser, Cost: "1 RRU per 4 KB"},
		{Method: "User", Request: "GetItem", Items: []string{userItems}, Cost: "1 RRU"},
		{Method: "SaveUser", Request: "PutItem", Items: []string{userItems}, Condition: isUnchanged, Cost: "1 WRU"},
		{Method: "SaveUser, with a claim", Request: "TransactWriteItems", Items: []string{userItems, sessionItems, apiKeyItems, claimItems},
			Condition: isUnchanged + "; the claim " + isFreeOrOwn + "; " + isOwn, Cost: "2 WRU each"},
		{Method: "CountUserAttempt", Request: "UpdateItem", Items: []string{userItems}, Condition: isUserAttemptable, Update: countUserAttempt, Cost: "1 WRU"},
		{Method: "SaveSession", Request: "PutItem", Items: []string{sessionItems}, Cost: "1 WRU"},
		{Method: "APIKey", Request: "BatchGetItem", Items: []string{apiKeyItems, userItems}, Cost: "1 RRU each"},
		{Method: "APIKeys", Request: "Query", Items: []string{userItems, apiKeyItems}, Condition: ofUser, Cost: "1 RRU per 4 KB"},
		{Method: "SaveUser, revoking a key", Request: "TransactWriteItems", Items: []string{userItems, apiKeyItems}, Condition: isUnchanged, Cost: "2 WRU each"},
		{Method: "NoteKeyUse", Request: "UpdateItem", Items: []string{apiKeyItems}, Condition: exists, Update: noteKeyUse, Cost: "1 WRU, once a day"},
		{Method: "RotateSession, the first time", Request: "UpdateItem", Items: []string{sessionItems}, Condition: isFirst, Update: rotateSession, Cost: "1 WRU"},
		{Method: "RotateSession", Request: "UpdateItem", Items: []string{sessionItems}, Condition: isGeneration, Update: rotateSession, Cost: "1 WRU"},
		{Method: "DeleteUser", Request: "TransactWriteItems", Items: []string{userItems, sessionItems, apiKeyItems, claimItems, metadataItems},
			Condition: isUnchanged + "; the claim " + isOwn, Cost: "2 WRU each"},
		{Method: "DeleteUser, what lies beside", Request: "Query", Items: []string{sessionItems, apiKeyItems},
			Condition: ofUser, Cost: "1 RRU per 4 KB"},
		{Method: "Ticket", Request: "GetItem", Items: []string{ticketItems, userItems}, Cost: "1 RRU each"},
		{Method: "NoteAttempt", Request: "PutItem", Items: []string{auditItems}, Condition: isNew, Cost: "1 WRU"},
		{Method: "DeleteClient", Request: "TransactWriteItems", Items: []string{clientItems, sessionItems}, Condition: isUnchanged, Cost: "2 WRU each"},
		{Method: "SaveMetadata", Request: "PutItem", Items: []string{metadataItems}, Cost: "1 WRU per KB"},
		{Method: "KeepMetadata", Request: "UpdateItem", Items: []string{metadataItems}, Condition: exists, Update: keepMetadata, Cost: "1 WRU per KB"},
		{Method: "RecordRefusal", Request: "UpdateItem", Items: []string{clientItems}, Condition: isStillDue, Update: recordRefusal, Cost: "1 WRU"},
		{Method: "RecordRefusal, of a user's mail", Request: "UpdateItem", Items: []string{userItems},
			Condition: isUserStillDue, Update: recordUserRefusal, Cost: "1 WRU"},
		{Method: "Callbacks.Enqueue", Request: "PutItem", Items: []string{dueItems}, Condition: isNew, Cost: "1 WRU"},
		{Method: "Callbacks.Due", Request: "Query", Items: []string{dueItems}, Condition: ofTarget, Cost: "1 RRU per 4 KB"},
		{Method: "Callbacks.Lease", Request: "UpdateItem", Items: []string{receiverItems},
			Condition: isUnleased + " AND " + isAwaited, Update: takeLease, Cost: "1 WRU"},
		{Method: "Callbacks.Lease, to set aside early", Request: "UpdateItem", Items: []string{receiverItems},
			Condition: isUnleased, Update: takeLease, Cost: "1 WRU"},
		{Method: "Callbacks.Release", Request: "UpdateItem", Items: []string{receiverItems}, Condition: isHolder, Update: releaseLease, Cost: "1 WRU"},
		{Method: "Callbacks.Delivered", Request: "DeleteItem", Items: []string{dueItems}, Cost: "1 WRU"},
		{Method: "Callbacks.Bury", Request: "PutItem, then DeleteItem", Items: []string{deadItems, dueItems}, Cost: "1 WRU each"},
		{Method: "Callbacks.Dead", Request: "Query", Items: []string{deadItems}, Condition: ofTarget, Cost: "1 RRU per 4 KB, for a replay only"},
		{Method: "Callbacks.Revive", Request: "PutItem, then DeleteItem", Items: []string{dueItems, deadItems}, Cost: "1 WRU each"},
		{Method: "Callbacks.Enable", Request: "UpdateItem", Items: []string{receiverItems}, Update: enable, Cost: "1 WRU"},
	}
}

// sampleMeter is a meter with every kind of window: mails to an address, by default.
func sampleMeter() signup.Meter {
	return signup.Meter{
		Kind: "mails", Subject: make([]byte, 16), Source: make([]byte, 6),
		Windows: []signup.Window{{Most: 5, Open: 3, Own: 1, Per: time.Hour}, {Most: 20, Open: 15, Own: 2, Per: 24 * time.Hour}},
	}
}

// Attribute is one attribute of an item's layout.
type Attribute struct{ Name, Meaning string }

// Entity is one type of item.
type Entity struct {
	Type       string
	Key        string
	About      string
	Attributes []Attribute
}

// Entities returns the layouts of all items. Attributes are listed for people;
// the structs in this package are what is stored.
func Entities() []Entity {
	return []Entity{
		{"client", clientItems, "A browser or device, with its open sign-up and its token's hash.", []Attribute{
			{"rv, wr", "revision; name of the last write"}, {"tk, tn, th", "client token: key id, nonce, SHA-256"},
			{"tp, tu", "hash of the token before, and until when it is accepted"},
			{"ss, sx, sa", "sessions; when the last is over; the active one"}, {"mid", "id of the newest due mail"},
			{"ca, ua, ttl", "made, changed (ms); when it may be deleted (s)"}, {"au", "when somebody last signed in or out (ms)"},
			{"su", "sign-up: id, us (user), se (session), ca, ab (abandoned at), co (completed), cs (corrections of a mailed address), fa (facts), vs (verifications by kind)"},
			{"su.fa", "em, un, ph, wa (identifiers: d as written, c canonical), pw (PHC string), fn, ln, bd, ge, lo, md or mr (metadata or its id), lg"},
			{"su.vs.<kind>", "st (strategy), ky, no (key id and nonce of the code), sn (sent), ex (expires), at (attempts), tr (last code tried, keyed hash), vd (verified), vc (by which client), re (mail refused)"},
			{"su.vs.<kind>, of a link", "lk (the mail has one), ru (redirect URL), lb (what it begins with, if not public_url), cc (PKCE challenge)"},
		}},
		{"user", userItems, "An account.", []Attribute{
			{"fa", "facts, as in a sign-up"}, {"pv.<kind>", "how an identifier was proved"}, {"cv", "credential version"},
			{"ca, ua, ps", "made, changed, password set (ms)"}, {"rv, wr", "revision; name of the last write"},
			{"ch", "open challenge: pu (purpose), em (address), and as in a sign-up's verification"}, {"mid", "id of the newest due mail"},
			{"ak, de", "number of API keys; device of the sign-up"},
			{"uc, ap, su", "whether the sign-up is still to be confirmed; where an operator's decision stands; whether the user decides on others"},
			{"app, aps", "application that the sign-up came from; those that it was for"},
		}},
		{"key", apiKeyItems, "An API key, by its hash.", []Attribute{
			{"cv", "the user's credential version when it was made"}, {"ca, la", "made, last used (ms)"},
		}},
		{"session", sessionItems, "A signed-in client.", []Attribute{
			{"cl", "client"}, {"cv", "the user's credential version when it began"}, {"ca, la, id, ex", "made, last active, idle until, expires (ms)"},
			{"ge, gu", "generation of the refresh token; until when the one before is taken"},
		}},
		{"ticket", ticketItems, "Leads from a confirm token, by its hash, to the user.", []Attribute{{"ow", "user"}, {"ex, ttl", "expires (ms)"}}},
		{"audit", auditItems, "The record of one call of the sso family, never changed.", []Attribute{
			{"ci, op, ap", "cid, operation, application"}, {"so, cl", "IP address that the call came from; the one that a trusted caller called for"},
			{"oc, to", "ok, or the code of why not; the code that the caller was told instead"}, {"us", "user, as the wire shows it"},
			{"at, wr, ttl", "when (ms); name of the write; when it may be deleted (s)"},
		}},
		{"claim", claimItems, "The one holder of an identifier.", []Attribute{{"ow", "user"}, {"st", "unverified or verified"}}},
		{"limit", limitItems, "What a rate limit has counted, under a keyed hash of the address or source.", []Attribute{
			{"ev", "times of the newest events, newest first (ms)"}, {"s-<keyed hash>", "those that one network caused"},
			{"wr, ttl", "name of the last write; when it may be deleted (s)"},
		}},
		{"delivery", dueItems + " or " + deadItems, "A message about a user that is due to a receiver, or was given up. It names the user only.", []Attribute{
			{"ca, qa", "user made, queued (ms)"}, {"ttl", "when it may be deleted (s)"},
		}},
		{"receiver", receiverItems, "How things stand with a callback's receiver, whose target is a hash of its URL.", []Attribute{
			{"fa, na", "failures in a row; when the next attempt may be made (ms)"}, {"du", "settings under which it wants no more"},
			{"lh, lu", "who sends now, until when at most (ms)"},
		}},
		{"metadata", metadataItems, "An application's object over 512 bytes.", []Attribute{{"md", "JSON"}, {"ttl", "until its sign-up completes"}}},
	}
}
