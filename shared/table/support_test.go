package table

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/enginetest"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// meter counts what a table sends: requests, and the capacity that DynamoDB says they took.
type meter struct {
	API
	mu    sync.Mutex
	calls []string
	wru   float64
	rru   float64
}

func (m *meter) reset() { m.mu.Lock(); m.calls, m.wru, m.rru = nil, 0, 0; m.mu.Unlock() }

func (m *meter) add(call string, write bool, consumed ...types.ConsumedCapacity) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, call)
	for _, c := range consumed {
		if write {
			m.wru += aws.ToFloat64(c.CapacityUnits)
		} else {
			m.rru += aws.ToFloat64(c.CapacityUnits)
		}
	}
}

func one(c *types.ConsumedCapacity) []types.ConsumedCapacity {
	if c == nil {
		return nil
	}
	return []types.ConsumedCapacity{*c}
}

const total = types.ReturnConsumedCapacityTotal

func (m *meter) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.API.GetItem(ctx, in, o...)
	if err == nil {
		m.add("GetItem", false, one(out.ConsumedCapacity)...)
	}
	return out, err
}

func (m *meter) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.API.BatchGetItem(ctx, in, o...)
	if err == nil {
		m.add("BatchGetItem", false, out.ConsumedCapacity...)
	}
	return out, err
}

func (m *meter) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.API.Query(ctx, in, o...)
	if err == nil {
		m.add("Query", false, one(out.ConsumedCapacity)...)
	}
	return out, err
}

func (m *meter) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.API.DeleteItem(ctx, in, o...)
	if err == nil {
		m.add("DeleteItem", true, one(out.ConsumedCapacity)...)
	}
	return out, err
}

func (m *meter) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.API.PutItem(ctx, in, o...)
	if err == nil {
		m.add("PutItem", true, one(out.ConsumedCapacity)...)
	}
	return out, err
}

func (m *meter) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.API.UpdateItem(ctx, in, o...)
	if err == nil {
		m.add("UpdateItem", true, one(out.ConsumedCapacity)...)
	}
	return out, err
}

func (m *meter) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	in.ReturnConsumedCapacity = total
	out, err := m.API.TransactWriteItems(ctx, in, o...)
	if err == nil {
		m.add("TransactWriteItems", true, out.ConsumedCapacity...)
	}
	return out, err
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) forward(d time.Duration) { c.mu.Lock(); c.t = c.t.Add(d); c.mu.Unlock() }
func (c *clock) now() time.Time          { c.mu.Lock(); defer c.mu.Unlock(); return c.t }

// fixture is the sign-up service over a table of its own.
type fixture struct {
	*signup.Service
	table *Table
	meter *meter
	clock *clock
	t     testing.TB
	// over are the sessions that a test has asked to end. True is for those that
	// their client may still name, since another one ended them.
	over map[signup.ID]bool
}

// plainHash stands for argon2id, whose cost is no part of these tests.
type plainHash struct{}

func (plainHash) Check(context.Context, secret.Text, ...string) error { return nil }
func (plainHash) Hash(p secret.Text) (string, error) {
	return fmt.Sprintf("$argon2id$v=19$m=19456,t=2,p=1,keyid=bV9YWFhYWFhYWA$%022d$%043d", 0, len(p.Reveal())), nil
}

func newFixture(t testing.TB, change func(*settings.Settings)) *fixture {
	t.Helper()
	endpoint := enginetest.StartDynamoDB(t)
	cfg := aws.Config{Region: engine.Region, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
	})}
	tb := New(cfg, endpoint, enginetest.TableName)
	m := &meter{API: tb.api}
	tb.api = m
	s := settings.Default()
	s.Limits = settings.Limits{} // tests of limits ask for theirs
	if change != nil {
		change(s)
	}
	keys, err := secret.NewKeyring(rand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	service := &signup.Service{Settings: s, Store: tb, Keys: keys, Passwords: plainHash{}, Now: c.now, Entropy: rand.Reader}
	return &fixture{Service: service, table: tb, meter: m, clock: c, t: t, over: map[signup.ID]bool{}}
}

// person is a client under test, which keeps its token as a browser would.
type person struct {
	*fixture
	caller signup.Caller
	signUp signup.ID
	last   *signup.Answer
}

func (f *fixture) person() *person { return &person{fixture: f} }

func (p *person) keep(a *signup.Answer, err error) error {
	if a == nil {
		return err
	}
	p.last = a
	if !a.Token.IsZero() {
		p.caller.Token = a.Token
	}
	if a.SignUp != nil {
		p.signUp = a.SignUp.ID
	}
	return err
}

func (p *person) create(in signup.Input) error {
	return p.keep(p.Create(context.Background(), p.caller, in))
}

func (p *person) update(in signup.Input) error {
	return p.keep(p.Update(context.Background(), p.caller, p.signUp, in))
}

func (p *person) prepare() error {
	return p.keep(p.Prepare(context.Background(), p.caller, p.signUp, "email_code", signup.Link{}))
}

func (p *person) attempt(code string) error {
	return p.keep(p.Attempt(context.Background(), p.caller, p.signUp, "email_code", code))
}

// newestDue is the newest mail of the client's sign-up, as the stream has it.
func newestDue(c *signup.Client, now time.Time) signup.DueMail {
	v := c.SignUp.Verifications["email_address"]
	due := dueMail("email_address", c.SignUp.EmailAddress, v, c.SignUp.Locale)
	due.MailID, due.ClientID, due.SignUpID, due.UserID, due.StoredAt = v.MailID(), c.ID, c.SignUp.ID, c.SignUp.UserID, now
	return due
}

// code is what the newest mail to the person says.
func (p *person) code() string {
	p.t.Helper()
	unmetered := &Table{api: p.meter.API, name: p.table.name}
	c, err := unmetered.client(context.Background(), p.last.Client.ID)
	if err != nil || c == nil {
		p.t.Fatalf("reading the client: %v", err)
	}
	due := newestDue(c, p.clock.now())
	key, ok := p.Keys.ByID(due.KeyID)
	if !ok {
		p.t.Fatalf("unknown key %s", due.KeyID)
	}
	return due.Code(key).Reveal()
}

// wrongCode is a code other than the right one, different for every n below 999,999.
func (p *person) wrongCode(n int) string {
	right := p.code()
	code := fmt.Sprintf("%06d", n)
	if code >= right {
		code = fmt.Sprintf("%06d", n+1)
	}
	return code
}

func (p *person) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("unexpected error: %v", err)
	}
}

func (p *person) mustFail(err error, want *problem.Problem) {
	p.t.Helper()
	if !problem.Has(err, want) {
		p.t.Fatalf("got %v, want %s", err, want.Code)
	}
}

// signUpWhole goes through create, prepare and attempt.
func (p *person) signUpWhole(address string) error {
	if err := p.create(signup.Input{EmailAddress: address, Password: secret.NewText("correct horse battery")}); err != nil {
		return err
	}
	if err := p.prepare(); err != nil {
		return err
	}
	return p.attempt(p.code())
}
