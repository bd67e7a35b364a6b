package table

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// whole is everything that the table holds. Only a test may scan.
type whole struct {
	clients  map[signup.ID]*signup.Client
	users    map[signup.ID]*signup.User
	sessions map[signup.ID]sessionItem
	claims   map[string]claimItem // by key
	metadata map[string]metadataItem
	limits   map[string]limitItem
	keys     map[string]apiKeyItem
	over     map[signup.ID]bool // see fixture
}

// firstSuperUser is what the first super-user holds.
var firstSuperUser = identifier.Identifier{Kind: "super_user", Canonical: "first"}

// raw is the DynamoDB client below everything that tests put before it.
func (f *fixture) raw() *dynamodb.Client { return f.meter.API.(*dynamodb.Client) }

func (f *fixture) whole() *whole {
	f.t.Helper()
	w := &whole{
		clients: map[signup.ID]*signup.Client{}, users: map[signup.ID]*signup.User{},
		sessions: map[signup.ID]sessionItem{}, claims: map[string]claimItem{}, metadata: map[string]metadataItem{},
		limits: map[string]limitItem{}, keys: map[string]apiKeyItem{}, over: f.over,
	}
	pages := dynamodb.NewScanPaginator(f.raw(), &dynamodb.ScanInput{TableName: &f.table.name, ConsistentRead: new(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			f.t.Fatal(err)
		}
		for _, item := range page.Items {
			if err := w.add(item); err != nil {
				f.t.Fatal(err)
			}
		}
	}
	return w
}

func (w *whole) add(item map[string]types.AttributeValue) error {
	at := keyOf(item)
	switch itemType := item["ty"].(*types.AttributeValueMemberS).Value; itemType {
	case "client":
		var c clientItem
		err := unmarshal(item, &c, &c.head, itemType)
		w.clients[clientOf(at.pk)] = c.client(clientOf(at.pk))
		return err
	case "user":
		var u userItem
		err := unmarshal(item, &u, &u.head, itemType)
		w.users[idIn(at.pk, userPart)] = u.user(idIn(at.pk, userPart))
		return err
	case "session":
		var s sessionItem
		err := unmarshal(item, &s, &s.head, itemType)
		w.sessions[idIn(at.sk, sessionPart)] = s
		return err
	case "key":
		var k apiKeyItem
		err := unmarshal(item, &k, &k.head, itemType)
		w.keys[at.sk] = k
		return err
	case "ticket":
		var ticket ticketItem
		return unmarshal(item, &ticket, &ticket.head, itemType)
	case "claim":
		var c claimItem
		err := unmarshal(item, &c, &c.head, itemType)
		w.claims[at.pk] = c
		return err
	case "metadata":
		var m metadataItem
		err := unmarshal(item, &m, &m.head, itemType)
		w.metadata[at.pk] = m
		return err
	case "limit":
		var l limitItem
		err := unmarshal(item, &l, &l.head, itemType)
		w.limits[at.pk] = l
		return err
	default:
		return fmt.Errorf("an item of type %q at %v", itemType, at)
	}
}

// faultsOf returns what is wrong with the table at rest, whatever has happened to it before.
func (w *whole) faultsOf() (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	holders := map[string]signup.ID{}
	for id, user := range w.users {
		for _, held := range user.Identifiers() {
			at := claimKey(held).pk
			if claim, claimed := w.claims[at]; !claimed || idOf(claim.Owner) != id {
				fault("user %s has %s without its claim", id, held.Canonical)
			}
			if other, taken := holders[at]; taken {
				fault("users %s and %s both have %s", id, other, held.Canonical)
			}
			holders[at] = id
		}
		w.checkMetadata(user.Unsafe, true, "user "+id.String(), fault)
	}
	for at, claim := range w.claims {
		if first := w.users[idOf(claim.Owner)]; at == claimKey(firstSuperUser).pk && first != nil && first.SuperUser {
			continue // no identifier, but held like one
		}
		if holder, held := holders[at]; !held || holder != idOf(claim.Owner) {
			fault("the claim %s has no user", at)
		}
	}
	for id, session := range w.sessions {
		if w.users[idIn(session.PK, userPart)] == nil {
			fault("session %s has no user", id)
		}
		// One that a call began belongs to no client.
		if c := w.clients[idOf(session.Client)]; len(session.Client) > 0 && (c == nil || !holds(c, id)) {
			fault("session %s is not known to its client", id)
		}
	}
	made := map[signup.ID]int{}
	for at, key := range w.keys {
		user := w.users[idIn(key.PK, userPart)]
		if user == nil {
			fault("the key %s has no user", at)
		} else if key.Credential == user.CredentialVersion {
			made[user.ID]++
		}
	}
	for id, user := range w.users {
		if user.APIKeys != made[id] {
			fault("user %s has %d keys, and counts %d", id, made[id], user.APIKeys)
		}
	}
	for id, c := range w.clients {
		w.checkClient(id, c, fault)
	}
	slices.Sort(faults)
	return faults
}

func holds(c *signup.Client, session signup.ID) bool {
	return slices.ContainsFunc(c.Sessions, func(ref signup.SessionRef) bool { return ref.ID == session })
}

func (w *whole) checkClient(id signup.ID, c *signup.Client, fault func(string, ...any)) {
	for _, ref := range c.Sessions {
		if _, exists := w.sessions[ref.ID]; (!exists && !w.over[ref.ID]) || w.users[ref.UserID] == nil {
			fault("client %s names a session that doesn't exist", id)
		}
	}
	su := c.SignUp
	if su == nil {
		return
	}
	_, hasSession := w.sessions[su.SessionID]
	_, ended := w.over[su.SessionID]
	switch complete := !su.CompletedAt.IsZero(); {
	case complete && (w.users[su.UserID] == nil || !ended && !(hasSession && holds(c, su.SessionID))):
		fault("the completed sign-up of client %s has no user or no session", id)
	case !complete && (w.users[su.UserID] != nil || hasSession):
		fault("the open sign-up of client %s has a user or a session", id)
	case !complete:
		w.checkMetadata(su.Unsafe, false, "the sign-up of client "+id.String(), fault)
	}
}

// checkMetadata holds a large object to exist, and a user's to stay.
func (w *whole) checkMetadata(md signup.Metadata, forGood bool, of string, fault func(string, ...any)) {
	if md.Ref.IsZero() {
		return
	}
	object, exists := w.metadata[metadataKey(md.Ref).pk]
	if !exists || forGood && object.TTL != 0 {
		fault("the metadata of %s is gone or will be", of)
	}
}

// mustBeWhole fails the test if anything is wrong with the table.
func (f *fixture) mustBeWhole() {
	f.t.Helper()
	for _, fault := range f.whole().faultsOf() {
		f.t.Error(fault)
	}
}

// dueMails reads the table's stream from its beginning and returns the mails
// that its records make due, as the mail function would.
func (f *fixture) dueMails() (all []signup.DueMail) {
	f.t.Helper()
	for _, record := range f.stream() {
		due, isDue, err := DueMail(f.image(record.Dynamodb.OldImage), f.image(record.Dynamodb.NewImage), time.Time{})
		if err != nil {
			f.t.Fatal(err)
		}
		if isDue {
			all = append(all, due)
		}
	}
	return all
}

func (f *fixture) stream() (records []streamtypes.Record) {
	f.t.Helper()
	ctx := context.Background()
	must := func(err error) {
		f.t.Helper()
		if err != nil {
			f.t.Fatal(err)
		}
	}
	streams := dynamodbstreams.NewFromConfig(engine.Config(), func(o *dynamodbstreams.Options) { o.BaseEndpoint = f.raw().Options().BaseEndpoint })
	described, err := f.raw().DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &f.table.name})
	must(err)
	arn := described.Table.LatestStreamArn
	shards, err := streams.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: arn})
	must(err)
	for _, shard := range shards.StreamDescription.Shards {
		from, err := streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
			StreamArn: arn, ShardId: shard.ShardId, ShardIteratorType: streamtypes.ShardIteratorTypeTrimHorizon,
		})
		must(err)
		for next := from.ShardIterator; next != nil; {
			page, err := streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: next})
			must(err)
			if len(page.Records) == 0 {
				break
			}
			records, next = append(records, page.Records...), page.NextShardIterator
		}
	}
	return records
}

// image is an item's image as Lambda hands it over.
func (f *fixture) image(item map[string]streamtypes.AttributeValue) []byte {
	f.t.Helper()
	if len(item) == 0 {
		return nil
	}
	converted, err := attributevalue.FromDynamoDBStreamsMap(item)
	if err != nil {
		f.t.Fatal(err)
	}
	text, err := attributevalue.MarshalMapJSON(converted)
	if err != nil {
		f.t.Fatal(err)
	}
	return text
}

// TestFaultsOfABrokenTableAreSeen breaks a whole table in each way that the crash tests look for.
func TestFaultsOfABrokenTableAreSeen(t *testing.T) {
	f := newFixture(t, nil)
	p := f.person()
	p.must(p.create(signup.Input{EmailAddress: "ada@example.com", Password: anyPassword, UnsafeMetadata: metadata(1000)}))
	p.must(p.prepare())
	p.must(p.attempt(p.code()))
	f.mustBeWhole()
	su := p.last.SignUp
	cases := map[string]func(*whole){
		"has no user or no session":        func(w *whole) { delete(w.users, su.UserID) },
		"session that doesn't exist":       func(w *whole) { delete(w.sessions, su.SessionID) },
		"without its claim":                func(w *whole) { clear(w.claims) },
		"is not known to its client":       func(w *whole) { clear(w.clients) },
		"is gone or will be":               func(w *whole) { clear(w.metadata) },
		"has a user or a session":          func(w *whole) { w.clients[p.last.Client.ID].SignUp.CompletedAt = time.Time{} },
		"both have":                        func(w *whole) { w.users[signup.ID{1}] = w.users[su.UserID] },
		"ada@example.com has no user":      func(w *whole) { w.users[su.UserID].EmailAddress = identifier.Identifier{} },
		"session " + su.SessionID.String(): func(w *whole) { clear(w.users) },
	}
	for _, want := range slices.Sorted(maps.Keys(cases)) {
		w := f.whole()
		cases[want](w)
		if !mentions(w.faultsOf(), want) {
			t.Errorf("nothing %q in %q", want, w.faultsOf())
		}
	}
}
