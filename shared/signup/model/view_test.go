package model_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/signup/model"
	"github.com/doorstep-auth/doorstep/shared/table"
)

// challenge is PKCE's, of verifier.
var challenge = func() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}()

// view reads a table as docs/data-model.md describes it, and what its stream makes due.
type view struct {
	t        testing.TB
	client   *dynamodb.Client
	streams  *dynamodbstreams.Client
	table    string
	keys     *secret.Keyring
	names    *names
	settings *settings.Settings // of the doors
	iterator *string
	mails    []mail
	seen     map[string]bool
	users    map[string]bool // that there ever were
	confirms map[string]secret.Text
}

// mail is what a due mail says. Of a user's challenge it has a purpose, and signUp is the user.
type mail struct{ signUp, code, link, purpose, to string }

func newView(t testing.TB, endpoint, name string, keys *secret.Keyring, n *names) *view {
	t.Helper()
	ctx := context.Background()
	v := &view{
		t: t, client: engine.Client(endpoint), table: name, keys: keys, names: n, seen: map[string]bool{}, users: map[string]bool{},
		streams: dynamodbstreams.NewFromConfig(engine.Config(), func(o *dynamodbstreams.Options) { o.BaseEndpoint = &endpoint }),
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	described, err := v.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	must(err)
	arn := described.Table.LatestStreamArn
	shards, err := v.streams.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: arn})
	must(err)
	if len(shards.StreamDescription.Shards) != 1 {
		t.Fatalf("the stream has %d shards", len(shards.StreamDescription.Shards))
	}
	from, err := v.streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
		StreamArn: arn, ShardId: shards.StreamDescription.Shards[0].ShardId, ShardIteratorType: streamtypes.ShardIteratorTypeTrimHorizon,
	})
	must(err)
	v.iterator = from.ShardIterator
	return v
}

// row is an item of any type, as far as it is looked at.
type row struct {
	PK       string     `dynamodbav:"pk"`
	SK       string     `dynamodbav:"sk"`
	Type     string     `dynamodbav:"ty"`
	Refs     []refRow   `dynamodbav:"ss"`
	Active   []byte     `dynamodbav:"sa"`
	AuthAt   int64      `dynamodbav:"au"`
	SignUp   *signUpRow `dynamodbav:"su"`
	Facts    factsRow   `dynamodbav:"fa"`
	Version  int        `dynamodbav:"cv"`
	Client   []byte     `dynamodbav:"cl"`
	Created  int64      `dynamodbav:"ca"`
	LastUse  int64      `dynamodbav:"la"`
	Idle     int64      `dynamodbav:"id"`
	Expires  int64      `dynamodbav:"ex"`
	Owner    []byte     `dynamodbav:"ow"`
	Standing string     `dynamodbav:"st"`
	Events   []int64    `dynamodbav:"ev"`
	Rotated  int        `dynamodbav:"ge"`
	Grace    int64      `dynamodbav:"gu"`

	account *userRow
}

// userRow is a user's item.
type userRow struct {
	Facts  factsRow `dynamodbav:"fa"`
	Proved map[string]struct {
		At int64 `dynamodbav:"vd"`
	} `dynamodbav:"pv"`
	Version     int               `dynamodbav:"cv"`
	PasswordSet int64             `dynamodbav:"ps"`
	Challenge   *userChallengeRow `dynamodbav:"ch"`
	Keys        int               `dynamodbav:"ak"`
	Unconfirmed bool              `dynamodbav:"uc"`
	Approval    string            `dynamodbav:"ap"`
	SuperUser   bool              `dynamodbav:"su"`
}

type userChallengeRow struct {
	Purpose string             `dynamodbav:"pu"`
	Address struct{ D string } `dynamodbav:"em"`
	challengeRow
}

type refRow struct {
	ID    []byte `dynamodbav:"i"`
	User  []byte `dynamodbav:"u"`
	Until int64  `dynamodbav:"x"`
}

type signUpRow struct {
	ID            []byte                  `dynamodbav:"id"`
	User          []byte                  `dynamodbav:"us"`
	Session       []byte                  `dynamodbav:"se"`
	Abandon       int64                   `dynamodbav:"ab"`
	Completed     int64                   `dynamodbav:"co"`
	Corrections   int                     `dynamodbav:"cs"`
	Facts         factsRow                `dynamodbav:"fa"`
	Verifications map[string]challengeRow `dynamodbav:"vs"`
}

type factsRow struct {
	Email    struct{ D string } `dynamodbav:"em"`
	Username struct{ D string } `dynamodbav:"un"`
	Password string             `dynamodbav:"pw"`
	First    string             `dynamodbav:"fn"`
}

type challengeRow struct {
	Strategy string `dynamodbav:"st"`
	Sent     int64  `dynamodbav:"sn"`
	Expires  int64  `dynamodbav:"ex"`
	Attempts int    `dynamodbav:"at"`
	Verified int64  `dynamodbav:"vd"`
	By       []byte `dynamodbav:"vc"`
	Linked   bool   `dynamodbav:"lk"`
	PKCE     []byte `dynamodbav:"cc"`
}

func idOf(raw []byte) (id signup.ID) { copy(id[:], raw); return id }

func millis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// idIn is the ID in a key's last part.
func idIn(part string) signup.ID {
	id, _ := signup.ParseID(part[strings.LastIndexByte(part, '#')+1:])
	return id
}

// state is the table as it is. What has no name yet, the operation serial has made.
func (v *view) state(serial int) (model.State, error) {
	s := model.State{
		Clients: map[string]*model.Client{}, Users: map[string]*model.User{}, Sessions: map[string]*model.Session{},
		Claims: map[string]model.Claim{}, Counted: map[string]int{}, Keys: map[string]*model.Key{}, Tickets: map[string]time.Time{},
		Gone: map[string]bool{},
	}
	rows, err := v.rows()
	if err != nil {
		return s, err
	}
	for _, r := range rows { // names come first
		if r.Type == "client" {
			v.names.client(idIn(r.PK), serial)
			if su := r.SignUp; su != nil {
				v.names.begun(serial, idOf(su.ID), idOf(su.User), idOf(su.Session))
			}
		}
	}
	v.nameAccounts(rows, serial)
	for _, r := range rows {
		if err := v.add(&s, r); err != nil {
			return s, err
		}
	}
	for user := range v.users {
		if s.Users[user] == nil {
			s.Gone[user] = true
		}
	}
	err = v.readMails()
	s.Mails = len(v.mails)
	return s, err
}

// rows are all items.
func (v *view) rows() (rows []row, err error) {
	pages := dynamodb.NewScanPaginator(v.client, &dynamodb.ScanInput{TableName: &v.table, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			r := row{PK: part(item, "pk"), SK: part(item, "sk"), Type: part(item, "ty")}
			if r.Type == "user" {
				r.account = &userRow{}
				err = attributevalue.UnmarshalMap(item, r.account)
			} else {
				err = attributevalue.UnmarshalMap(item, &r)
			}
			if err != nil {
				return nil, err
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

func (v *view) add(s *model.State, r row) error {
	switch r.Type {
	case "client":
		c := &model.Client{SignUp: v.signUp(r.SignUp), Active: v.names.signUps[idOf(r.Active)], AuthChangedAt: millis(r.AuthAt)}
		for _, ref := range r.Refs {
			c.Sessions = append(c.Sessions, model.Ref{
				Session: v.names.signUps[idOf(ref.ID)], User: v.names.signUps[idOf(ref.User)], Until: millis(ref.Until),
			})
		}
		s.Clients[v.names.clients[idIn(r.PK)]] = c
	case "user":
		s.Users[v.names.signUps[idIn(r.PK)]] = r.account.user()
		v.users[v.names.signUps[idIn(r.PK)]] = true
	case "session":
		s.Sessions[v.names.signUps[idIn(r.SK)]] = &model.Session{
			Client: v.names.clients[idOf(r.Client)], User: v.names.signUps[idIn(r.PK)], Version: r.Version,
			CreatedAt: millis(r.Created), LastActive: millis(r.LastUse), IdleUntil: millis(r.Idle), ExpiresAt: millis(r.Expires),
			Generation: r.Rotated, GraceUntil: millis(r.Grace),
		}
	case "key":
		s.Keys[v.names.keys[strings.TrimPrefix(r.SK, "KEY#")]] = &model.Key{
			User: v.names.signUps[idIn(r.PK)], Version: r.Version, CreatedAt: millis(r.Created), UsedAt: millis(r.LastUse),
		}
	case "ticket":
		s.Tickets[v.names.signUps[idOf(r.Owner)]] = millis(r.Expires)
	case "claim":
		key := strings.Replace(strings.TrimPrefix(r.PK, "CLAIM#"), "#", " ", 1)
		s.Claims[key] = model.Claim{Owner: v.names.signUps[idOf(r.Owner)], Verified: r.Standing == "verified"}
	case "limit":
		s.Counted[strings.Split(r.PK, "#")[1]] += len(r.Events)
	default:
		return fmt.Errorf("an item of type %q", r.Type)
	}
	return nil
}

func (v *view) signUp(r *signUpRow) *model.SignUp {
	if r == nil {
		return nil
	}
	su := &model.SignUp{
		Handle: v.names.signUps[idOf(r.ID)], Email: r.Facts.Email.D, Username: r.Facts.Username.D, FirstName: r.Facts.First,
		Password: r.Facts.Password != "", AbandonedAt: millis(r.Abandon), CompletedAt: millis(r.Completed), Corrections: r.Corrections,
	}
	if c, begun := r.Verifications["email_address"]; begun {
		su.Challenge = &model.Challenge{
			Strategy: c.Strategy, SentAt: millis(c.Sent), ExpiresAt: millis(c.Expires), Attempts: c.Attempts, VerifiedAt: millis(c.Verified),
			Linked: c.Linked, HandsToApp: len(c.PKCE) > 0,
		}
		if len(c.By) > 0 {
			su.Challenge.VerifiedBy = v.names.clients[idOf(c.By)]
		}
	}
	return su
}

// readMails reads what has become due since it was last asked, as the mail function would.
func (v *view) readMails() error {
	for {
		page, err := v.streams.GetRecords(context.Background(), &dynamodbstreams.GetRecordsInput{ShardIterator: v.iterator})
		if err != nil {
			return err
		}
		v.iterator = page.NextShardIterator
		if len(page.Records) == 0 {
			return nil
		}
		for _, record := range page.Records {
			if err := v.read(record.Dynamodb); err != nil {
				return err
			}
		}
	}
}

func (v *view) read(record *streamtypes.StreamRecord) error {
	before, err := image(record.OldImage)
	if err != nil {
		return err
	}
	after, err := image(record.NewImage)
	if err != nil {
		return err
	}
	due, isDue, err := table.DueMail(before, after, time.Time{})
	if err != nil || !isDue {
		return err
	}
	if v.seen[due.MailID] {
		return fmt.Errorf("mail %s is due twice", due.MailID)
	}
	v.seen[due.MailID] = true
	key, known := v.keys.ByID(due.KeyID)
	if !known {
		return fmt.Errorf("mail %s names an unknown key", due.MailID)
	}
	m := mail{signUp: v.names.signUps[due.SignUpID], code: due.Code(key).Reveal(), purpose: string(due.Purpose), to: due.To}
	if due.Purpose.Linked() {
		return v.readAction(due, key, m)
	}
	if link, err := url.Parse(due.LinkURL(key, publicURL).Reveal()); err == nil {
		m.link = link.Query().Get("token")
	}
	v.mails = append(v.mails, m)
	return nil
}

// image is an item's image as Lambda hands it over.
func image(item map[string]streamtypes.AttributeValue) ([]byte, error) {
	if len(item) == 0 {
		return nil, nil
	}
	converted, err := attributevalue.FromDynamoDBStreamsMap(item)
	if err != nil {
		return nil, err
	}
	return attributevalue.MarshalMapJSON(converted)
}
