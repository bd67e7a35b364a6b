package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/doorstep-auth/doorstep/local/template"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/mail"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

const (
	dueMails = 10_000
	// perSecond is how fast people ask for mails, and sendRate how fast SES takes them: the backlog grows to the age at which codes die.
	perSecond = 100
	sendRate  = 14
	codeLife  = 10 * time.Minute
	// shards is how many a new on-demand table begins with; each has an environment of the function.
	shards = 4
	// lostAnswers is one of how many invocations ends without an answer, after it has done its work.
	lostAnswers = 50
)

// A world is ten thousand people who wait for a mail, an SES that can't keep up, and the functions between them. Its time is the bubble's, so that an
// hour of waiting takes none.
type world struct {
	t      *testing.T
	began  time.Time
	keys   *secret.Keyring
	people []person
	ses    *busySES
	store  *refusals
	log    *outcomes
	stream template.Stream
	limit  time.Duration // of one invocation

	mu      sync.Mutex
	chance  *rand.Rand
	letters int // records that were given up
	broken  int // invocations without an answer
}

type person struct {
	mailID    string
	address   string
	code      string
	expiresAt time.Time
	record    map[string]any // of the stream
}

// 10,000 mails are due within 100 seconds, and SES takes 14 a second, refuses some for good, fails all for a while, and loses answers to mails that it
// has sent; environments die with their answer, too. Whatever the order: each mail is sent or refused or has outlived its code, and one that is sent
// twice carries the same code.
func TestTenThousandMailsUnderPressure(t *testing.T) {
	// One thread: its goroutines hand over to each other all the time, and on a busy machine each wait for a second thread would be a long one.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var all sync.WaitGroup
		for _, records := range w.shuffled() {
			all.Go(func() { w.consume(records) })
		}
		all.Wait()
		w.ses.close()
		w.judge()
	})
}

func newWorld(t *testing.T) *world {
	keys, err := secret.NewKeyring(rand.NewChaCha8([32]byte{1}), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := template.Read("../../template.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	f, ok := parsed.Function("mail/send")
	if !ok || len(f.Streams) != 1 || !f.Streams[0].ReportBatchItemFailures || !f.Streams[0].BisectBatchOnFunctionError {
		t.Fatal("template.yaml: mail/send isn't as this test takes it to be")
	}
	w := &world{
		t: t, began: time.Now(), keys: keys, ses: newBusySES(), store: &refusals{by: map[string]string{}}, log: newOutcomes(),
		stream: f.Streams[0], limit: f.Timeout, chance: rand.New(rand.NewPCG(3, 4)),
	}
	for n := range dueMails {
		w.people = append(w.people, w.person(n))
		w.store.newest(w.people[n].mailID, n)
	}
	return w
}

func clientID(n int) signup.ID { return signup.ID{0: 1, 14: byte(n >> 8), 15: byte(n)} }

// person is the nth, with the change of the table that asks for the mail, as docs/data-model.md has it.
func (w *world) person(n int) person {
	storedAt := w.began.Add(time.Duration(n) * time.Second / perSecond)
	id, nonce := clientID(n), [16]byte{0: 2, 14: byte(n >> 8), 15: byte(n)}
	p := person{mailID: signup.ID(nonce).String(), address: fmt.Sprintf("person-%d@example.com", n), expiresAt: storedAt.Add(codeLife)}
	p.code = signup.DueMail{SignUpID: id, Canonical: p.address, Nonce: nonce[:]}.Code(w.keys.Current()).Reveal()
	image := map[string]any{
		"pk": text("CLIENT#" + id.String()), "sk": text("CLIENT"), "ty": text("client"), "iv": number(1), "mid": text(p.mailID),
		"su": section(map[string]any{
			"id": binary(id[:]), "us": binary(id[:]), "se": binary(id[:]), "ca": number(storedAt.UnixMilli()),
			"fa": section(map[string]any{"em": section(map[string]any{"d": text(p.address)})}),
			"vs": section(map[string]any{"email_address": section(map[string]any{
				"st": text("email_code"), "ky": text(w.keys.Current().ID), "no": binary(nonce[:]),
				"sn": number(storedAt.UnixMilli()), "ex": number(p.expiresAt.UnixMilli()), "at": number(0),
			})}),
		}),
	}
	p.record = map[string]any{"eventName": "MODIFY", "dynamodb": map[string]any{
		"ApproximateCreationDateTime": storedAt.Unix(), "SequenceNumber": fmt.Sprint(1_000_000 + n), "NewImage": image,
	}}
	return p
}

func text(value string) map[string]any            { return map[string]any{"S": value} }
func number(value int64) map[string]any           { return map[string]any{"N": fmt.Sprint(value)} }
func binary(value []byte) map[string]any          { return map[string]any{"B": value} }
func section(value map[string]any) map[string]any { return map[string]any{"M": value} }

// shuffled are the people's numbers by shard: neighbours in time stay near each other, in no order.
func (w *world) shuffled() [][]int {
	order := w.chance.Perm(dueMails)
	slices.SortStableFunc(order, func(a, b int) int { return a/500 - b/500 })
	byShard := make([][]int, shards)
	for _, n := range order {
		shard := w.chance.IntN(shards)
		byShard[shard] = append(byShard[shard], n)
	}
	return byShard
}

// consume has the function work off a shard, as Lambda does by the template: batches in order, one at a time; those from the first failed record on come
// again; a batch without an answer is halved; what fails too often or is too old is given up.
func (w *world) consume(records []int) {
	environment := w.newEnvironment()
	for len(records) > 0 {
		last := w.people[records[min(w.stream.BatchSize, len(records))-1]]
		time.Sleep(time.Until(last.expiresAt.Add(-codeLife))) // until all of them are stored
		size := min(w.stream.BatchSize, len(records))
		for attempt := 0; size > 0; {
			done, err := w.invoke(environment, records[:size])
			if records, size = records[done:], size-done; size == 0 {
				break
			}
			if attempt++; done > 0 {
				attempt = 1
			}
			head := w.people[records[0]]
			if attempt > w.stream.MaximumRetryAttempts || time.Since(head.expiresAt.Add(-codeLife)) > w.stream.MaximumRecordAge {
				w.giveUp()
				records, size, attempt = records[1:], size-1, 0
			}
			if err != nil {
				environment, size = w.newEnvironment(), max(1, size/2) // what it remembered is gone
			}
			time.Sleep(min(100*time.Millisecond<<min(attempt, 10), 10*time.Second))
		}
	}
}

func (w *world) giveUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.letters++
}

var errNoAnswer = errors.New("the environment died")

// invoke runs the function on a batch and says how many records from the first on are done.
func (w *world) invoke(environment *gateway.StreamFunction, batch []int) (done int, err error) {
	events := make([]any, len(batch))
	numbers := map[string]int{}
	for i, n := range batch {
		events[i] = w.people[n].record
		numbers[fmt.Sprint(1_000_000+n)] = i
	}
	payload, err := json.Marshal(map[string]any{"Records": events})
	if err != nil {
		w.t.Error(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.limit)
	defer cancel()
	answer, err := environment.Invoke(ctx, payload)
	if err != nil || ctx.Err() != nil {
		w.t.Errorf("%v, %v", err, ctx.Err())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.chance.IntN(lostAnswers) == 0 {
		w.broken++
		return 0, errNoAnswer
	}
	var told struct {
		Failures []struct {
			Item string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &told); err != nil {
		w.t.Error(err)
	}
	done = len(batch)
	for _, failure := range told.Failures {
		done = min(done, numbers[failure.Item])
	}
	return done, nil
}

// newEnvironment is the function as outbox.New makes it, with the world's SES and store.
func (w *world) newEnvironment() *gateway.StreamFunction {
	s := settings.Default()
	s.AppName, s.PublicURL, s.Mail.FromAddress = "Acme", "https://api.example.com", "no-reply@acme.example"
	ses := mail.NewSES(mail.SESOptions{
		AWS: aws.Config{Region: "eu-central-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		})},
		Endpoint: "http://ses.test", HTTPClient: w.ses.client(), Jitter: w.jitter,
	})
	log := slog.New(w.log)
	dispatcher, err := mail.NewDispatcher(mail.Options{Settings: s, Keys: w.keys, Sender: ses, Store: w.store, Log: log, Now: time.Now})
	if err != nil {
		w.t.Fatal(err)
	}
	return &gateway.StreamFunction{Handle: outbox{dispatcher, log}.handle}
}

func (w *world) jitter(most time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.chance.Int64N(int64(most)))
}

// judge looks what became of each mail.
func (w *world) judge() {
	var sent, again, refused, expired int
	for _, p := range w.people {
		accepted := w.ses.accepted[p.mailID]
		reason, isRefused := w.store.by[p.mailID]
		dropped, isDropped := w.log.expired[p.mailID]
		for _, a := range accepted {
			if a.code != p.code || a.to != p.address || !a.at.Before(p.expiresAt) {
				w.t.Errorf("%s got %+v, not %s before %s", p.address, a, p.code, p.expiresAt)
			}
		}
		again += max(0, len(accepted)-1)
		switch wanted := refusalOf(p.address); {
		case len(accepted) > 0 && !isRefused && wanted == nil:
			sent++
		case len(accepted) == 0 && isRefused && wanted != nil && reason == wanted.reason:
			refused++
		case len(accepted) == 0 && isDropped && !dropped.Before(p.expiresAt):
			expired++
		default:
			w.t.Errorf("%s is lost: accepted %d times, refused %q, expired %t", p.address, len(accepted), reason, isDropped)
		}
	}
	w.report(sent, again, refused, expired)
}

// report tells what happened, and wants everything to have happened that the test is about.
func (w *world) report(sent, again, refused, expired int) {
	w.t.Logf("%d due within %d s, SES takes %d a second: %d sent, %d of them again; %d refused; %d expired; %d throttled answers, %d lost ones, "+
		"%d invocations without an answer; %s until the last", len(w.people), dueMails/perSecond, sendRate, sent, again, refused, expired,
		w.ses.throttled, w.ses.dropped, w.broken, time.Since(w.began).Round(time.Second))
	if w.letters > 0 {
		w.t.Errorf("%d records were given up", w.letters)
	}
	for what, count := range map[string]int{
		"sent again": again, "refused": refused, "expired": expired, "throttled": w.ses.throttled, "lost by SES": w.ses.dropped,
		"failed by SES": w.ses.failed, "lost by Lambda": w.broken,
	} {
		if count == 0 {
			w.t.Errorf("nothing was %s: the test doesn't test it", what)
		}
	}
	// SES isn't left idle while there is a backlog.
	if least := 0.9 * sendRate * codeLife.Seconds(); float64(sent) < least {
		w.t.Errorf("%d mails were sent while codes lived, want %.0f at least", sent, least)
	}
}

// refusals is the store: the newest mail of each client, and what SES refused.
type refusals struct {
	mu    sync.Mutex
	mails []string
	by    map[string]string
}

func (r *refusals) newest(mailID string, n int) { r.mails = slices.Insert(r.mails, n, mailID) }

func (r *refusals) Current(_ context.Context, due signup.DueMail) (string, error) {
	return r.mails[int(due.ClientID[14])<<8|int(due.ClientID[15])], nil
}

func (r *refusals) RecordRefusal(_ context.Context, due signup.DueMail, reason string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.by[due.MailID] = reason
	return nil
}

func (r *refusals) Claims(context.Context, []identifier.Identifier) ([]signup.Claim, error) {
	return nil, nil
}

// outcomes is the functions' log, of which it keeps when a mail was dropped for its age.
type outcomes struct {
	slog.Handler
	mu      sync.Mutex
	expired map[string]time.Time
}

func newOutcomes() *outcomes {
	return &outcomes{Handler: slog.NewJSONHandler(io.Discard, nil), expired: map[string]time.Time{}}
}

func (o *outcomes) Handle(_ context.Context, record slog.Record) error {
	if record.Message != "mail" {
		return nil
	}
	var id, outcome string
	record.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "mail_id":
			id = a.Value.String()
		case "outcome":
			outcome = a.Value.String()
		}
		return true
	})
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, known := o.expired[id]; outcome == "expired" && !known {
		o.expired[id] = record.Time
	}
	return nil
}

// codeIn is the code in a mail's text: its line of six digits.
func codeIn(body string) string {
	for line := range strings.Lines(body) {
		if line = strings.TrimSpace(line); len(line) == 6 && strings.Trim(line, "0123456789") == "" {
			return line
		}
	}
	return ""
}
