package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/enginetest"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

var moment = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// fixture is a Dispatcher with parts that a test can look into.
type fixture struct {
	*Dispatcher
	keys   *secret.Keyring
	sender *fakeSender
	store  *fakeStore
	log    *bytes.Buffer
	now    time.Time
}

func newFixture(t *testing.T, change func(*Options)) *fixture {
	t.Helper()
	keys, err := secret.NewKeyring(rand.NewChaCha8([32]byte{1}), moment)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{keys: keys, sender: &fakeSender{}, store: &fakeStore{}, log: &bytes.Buffer{}, now: moment}
	o := Options{
		Settings: testSettings(), Keys: keys, Sender: f.sender, Store: f.store,
		Log: slog.New(slog.NewJSONHandler(&lockedWriter{w: f.log}, nil)), Now: func() time.Time { return f.now },
	}
	if change != nil {
		change(&o)
	}
	if f.Dispatcher, err = NewDispatcher(o); err != nil {
		t.Fatal(err)
	}
	return f
}

// due is the mail of the nth client, fresh from the stream.
func (f *fixture) due(n int) signup.DueMail {
	id := signup.ID{15: byte(n), 14: byte(n >> 8)}
	nonce := bytes.Repeat([]byte{byte(n), byte(n >> 8)}, 8)
	return signup.DueMail{
		MailID: signup.ID(nonce).String(), ClientID: id, SignUpID: id, Kind: identifier.KindEmailAddress, Strategy: "email_code",
		To: fmt.Sprintf("Jo.%d@EXAMPLE.com", n), Canonical: fmt.Sprintf("jo.%d@example.com", n), Locale: "en",
		KeyID: f.keys.Current().ID, Nonce: nonce, ExpiresAt: moment.Add(10 * time.Minute), StoredAt: moment,
	}
}

func (f *fixture) dues(n int) []signup.DueMail {
	list := make([]signup.DueMail, n)
	for i := range list {
		list[i] = f.due(i)
	}
	return list
}

// outcomes are the logged outcomes by mail id.
func (f *fixture) outcomes(t *testing.T) map[string]string {
	t.Helper()
	logged := map[string]string{}
	for _, record := range f.records(t) {
		if record["msg"] == "mail" {
			logged[record["mail_id"].(string)] = record["outcome"].(string)
		}
	}
	return logged
}

func (f *fixture) records(t *testing.T) (records []map[string]any) {
	t.Helper()
	for line := range strings.Lines(f.log.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		records = append(records, record)
	}
	return records
}

type lockedWriter struct {
	sync.Mutex
	w io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.w.Write(p)
}

// fakeSender answers as told and keeps what it was given.
type fakeSender struct {
	answer func(Message) error
	mu     sync.Mutex
	sent   []Message
}

func (s *fakeSender) Send(_ context.Context, m Message) error {
	s.mu.Lock()
	s.sent = append(s.sent, m)
	answer := s.answer
	s.mu.Unlock()
	if answer == nil {
		return nil
	}
	return answer(m)
}

func (s *fakeSender) recipients() (list []string) {
	for _, m := range s.sent {
		list = append(list, m.To)
	}
	slices.Sort(list)
	return list
}

type fakeStore struct {
	mu       sync.Mutex
	current  func(signup.ID) (string, error)
	asked    int
	refusals map[string]string
	fails    error
	claims   func([]identifier.Identifier) ([]signup.Claim, error)
}

func (s *fakeStore) Claims(_ context.Context, ids []identifier.Identifier) ([]signup.Claim, error) {
	return s.claims(ids)
}

func (s *fakeStore) Current(_ context.Context, due signup.DueMail) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	return s.current(due.Holder())
}

func (s *fakeStore) RecordRefusal(_ context.Context, due signup.DueMail, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails != nil {
		return s.fails
	}
	if s.refusals == nil {
		s.refusals = map[string]string{}
	}
	s.refusals[due.MailID] = reason
	return nil
}

func TestDeliverSends(t *testing.T) {
	f := newFixture(t, nil)
	due := f.due(7)
	due.To, due.Canonical, due.Locale = "Jo@Exämple.com", "jo@xn--exmple-cua.com", "de-CH"
	if failures := f.Deliver(t.Context(), []signup.DueMail{due}); failures != nil {
		t.Fatal(failures)
	}
	got := f.sender.sent[0]
	want, err := f.renderer.Render("de", VerificationCode{AppName: f.parts.Settings.AppName, Code: due.Code(f.keys.Current()), Minutes: 10})
	if err != nil {
		t.Fatal(err)
	}
	want.ID, want.To = due.MailID, "Jo@xn--exmple-cua.com"
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(secret.Text{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if f.store.asked != 0 {
		t.Error("a mail that isn't held up cost a read")
	}
}

// A mail of a user says what its code is for, and a newer one of the same user takes its place.
func TestDeliverSendsWhatAUserAskedFor(t *testing.T) {
	f := newFixture(t, nil)
	older, newer := f.due(7), f.due(8)
	for _, due := range []*signup.DueMail{&older, &newer} {
		due.ClientID, due.SignUpID, due.UserID, due.Purpose = signup.ID{}, signup.ID{9}, signup.ID{9}, signup.SignInByMail
	}
	other := f.due(9)
	other.ClientID, other.SignUpID, other.UserID, other.Purpose = signup.ID{}, signup.ID{10}, signup.ID{10}, signup.ProveAddress
	if failures := f.Deliver(t.Context(), []signup.DueMail{older, newer, other}); failures != nil {
		t.Fatal(failures)
	}
	kinds := map[string]string{}
	for _, m := range f.sender.sent {
		kinds[m.ID] = m.Kind
		if !strings.Contains(m.Text.Reveal(), map[string]signup.DueMail{newer.MailID: newer, other.MailID: other}[m.ID].Code(f.keys.Current()).Reveal()) {
			t.Errorf("the mail lacks its code: %s", m.Text.Reveal())
		}
	}
	if diff := cmp.Diff(map[string]string{newer.MailID: "sign_in_code", other.MailID: "address_code"}, kinds); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Nothing is logged or sent for an empty batch.
func TestDeliverNothing(t *testing.T) {
	f := newFixture(t, nil)
	if f.Deliver(t.Context(), nil) != nil || f.log.Len() != 0 {
		t.Errorf("log: %s", f.log)
	}
}

func TestDeliverDropsExpired(t *testing.T) {
	f := newFixture(t, nil)
	due := f.dues(3)
	due[0].ExpiresAt, due[1].ExpiresAt = moment, moment.Add(-time.Hour)
	due[2].ExpiresAt = moment.Add(time.Second)
	if failures := f.Deliver(t.Context(), due); failures != nil {
		t.Fatal(failures)
	}
	want := map[string]string{due[0].MailID: "expired", due[1].MailID: "expired", due[2].MailID: "sent"}
	if diff := cmp.Diff(want, f.outcomes(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(f.sender.sent) != 1 {
		t.Errorf("%d mails", len(f.sender.sent))
	}
}

// Only the newest mail of a client goes out, wherever the others stand in the batch.
func TestDeliverDropsSupersededInTheBatch(t *testing.T) {
	f := newFixture(t, nil)
	due := f.dues(4)
	due[2].ClientID, due[3].ClientID = due[0].ClientID, due[0].ClientID
	if failures := f.Deliver(t.Context(), due); failures != nil {
		t.Fatal(failures)
	}
	want := map[string]string{due[0].MailID: "superseded", due[1].MailID: "sent", due[2].MailID: "superseded", due[3].MailID: "sent"}
	if diff := cmp.Diff(want, f.outcomes(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Jo.1@example.com", "Jo.3@example.com"}, f.sender.recipients()); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

// A mail that was held up is sent only if it is still the client's newest.
func TestDeliverAsksForHeldUpMails(t *testing.T) {
	for _, test := range []struct {
		name    string
		age     time.Duration
		current string
		err     error
		want    string
		asked   int
	}{
		{"fresh", backlog - time.Second, "other", nil, "sent", 0},
		{"still current", backlog, "own", nil, "sent", 1},
		{"superseded", backlog, "other", nil, "superseded", 1},
		{"client is gone", time.Minute, "", nil, "superseded", 1},
		{"can't be told", time.Minute, "", errors.New("no answer"), "sent", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			due := f.due(1)
			due.StoredAt = moment.Add(-test.age)
			f.store.current = func(client signup.ID) (string, error) {
				if client != due.ClientID {
					t.Errorf("asked for %s", client)
				}
				if test.current == "own" {
					return due.MailID, test.err
				}
				return test.current, test.err
			}
			if failures := f.Deliver(t.Context(), []signup.DueMail{due}); failures != nil {
				t.Fatal(failures)
			}
			if got := f.outcomes(t)[due.MailID]; got != test.want || f.store.asked != test.asked {
				t.Errorf("%s after %d questions, want %s after %d", got, f.store.asked, test.want, test.asked)
			}
		})
	}
}

func TestDeliverRecordsRefusals(t *testing.T) {
	f := newFixture(t, nil)
	due := f.dues(2)
	f.sender.answer = func(m Message) error {
		if m.ID == due[0].MailID {
			return fmt.Errorf("wrapped: %w", &Refused{Reason: RefusedAddress})
		}
		return nil
	}
	if failures := f.Deliver(t.Context(), due); failures != nil {
		t.Fatal(failures)
	}
	if diff := cmp.Diff(map[string]string{due[0].MailID: RefusedAddress}, f.store.refusals); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{due[0].MailID: "refused", due[1].MailID: "sent"}, f.outcomes(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A refusal that couldn't be recorded is delivered again.
func TestDeliverKeepsUnrecordedRefusals(t *testing.T) {
	f := newFixture(t, nil)
	f.sender.answer = func(Message) error { return &Refused{Reason: RefusedMessage} }
	f.store.fails = errors.New("throttled")
	due := f.dues(1)
	if failures := f.Deliver(t.Context(), due); len(failures) != 1 || !errors.Is(failures[0].Err, f.store.fails) {
		t.Fatal(failures)
	}
	f.store.fails = nil
	if failures := f.Deliver(t.Context(), due); failures != nil || f.store.refusals[due[0].MailID] != RefusedMessage {
		t.Error(failures, f.store.refusals)
	}
}

func TestDeliverReturnsFailuresInOrder(t *testing.T) {
	f := newFixture(t, nil)
	due := f.dues(40)
	f.sender.answer = func(m Message) error {
		if strings.Contains(m.To, "3@") {
			return errors.New("throttled")
		}
		return nil
	}
	due[5].KeyID = "m_unknown0" // rotated since the keys were read
	var indexes []int
	for _, failure := range f.Deliver(t.Context(), due) {
		indexes = append(indexes, failure.Index)
		want := "throttled"
		if failure.Index == 5 {
			want = `mail: unknown key "m_unknown0"`
		}
		if failure.Err.Error() != want {
			t.Errorf("mail %d: %v, want %s", failure.Index, failure.Err, want)
		}
	}
	if diff := cmp.Diff([]int{3, 5, 13, 23, 33}, indexes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The stream gives all that follow a failed mail again. They aren't mailed again.
func TestDeliverAgainSendsWhatFailedOnly(t *testing.T) {
	f := newFixture(t, nil)
	due := f.dues(5)
	broken := true
	f.sender.answer = func(m Message) error {
		if broken && m.ID == due[1].MailID {
			return errors.New("throttled")
		}
		return nil
	}
	if failures := f.Deliver(t.Context(), due); len(failures) != 1 || failures[0].Index != 1 {
		t.Fatal(failures)
	}
	broken = false
	if failures := f.Deliver(t.Context(), due[1:]); failures != nil {
		t.Fatal(failures)
	}
	if diff := cmp.Diff([]string{"Jo.0@example.com", "Jo.1@example.com", "Jo.1@example.com", "Jo.2@example.com", "Jo.3@example.com", "Jo.4@example.com"}, f.sender.recipients()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f.now = due[0].ExpiresAt
	f.Deliver(t.Context(), due[:1])
	if len(f.settled.until) != 1 { // the one just dropped
		t.Errorf("%d mails are remembered after all codes have died", len(f.settled.until))
	}
}

// Another process knows nothing of the first: the mail goes twice, with the same code.
func TestMailSentTwiceCarriesTheSameCode(t *testing.T) {
	first, second := newFixture(t, nil), newFixture(t, nil)
	due := first.dues(3)
	first.Deliver(t.Context(), due)
	second.now = moment.Add(4 * time.Second)
	second.Deliver(t.Context(), due)
	codes := map[string]string{}
	for _, m := range slices.Concat(first.sender.sent, second.sender.sent) {
		code := codeIn(t, m.Text.Reveal())
		if earlier, repeated := codes[m.ID]; repeated && earlier != code {
			t.Errorf("%s carries %s and %s", m.ID, earlier, code)
		}
		codes[m.ID] = code
	}
	if len(codes) != 3 || len(second.sender.sent) != 3 {
		t.Errorf("%d mails, %d sent twice", len(codes), len(second.sender.sent))
	}
}

// A key that was rotated away still makes the codes of the mails that name it.
func TestDeliverUsesTheKeyThatTheMailNames(t *testing.T) {
	f := newFixture(t, nil)
	due := f.due(1)
	rotated, err := f.keys.Rotate(rand.NewChaCha8([32]byte{2}), moment)
	if err != nil {
		t.Fatal(err)
	}
	f.parts.Keys = rotated
	if failures := f.Deliver(t.Context(), []signup.DueMail{due}); failures != nil {
		t.Fatal(failures)
	}
	if got, want := codeIn(t, f.sender.sent[0].Text.Reveal()), due.Code(f.keys.Current()).Reveal(); got != want {
		t.Errorf("code %s, want %s", got, want)
	}
}

// codeIn is the line of six digits in text.
func codeIn(t *testing.T, text string) string {
	t.Helper()
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); secret.WellFormedCode(line) {
			return line
		}
	}
	t.Fatalf("no code in\n%s", text)
	return ""
}

func TestDeliverBoundsConcurrency(t *testing.T) {
	for _, test := range []struct{ option, want int }{{0, 8}, {3, 3}} {
		f := newFixture(t, func(o *Options) { o.Concurrency = test.option })
		var mu sync.Mutex
		running, most := 0, 0
		f.sender.answer = func(Message) error {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(2 * time.Millisecond)
			mu.Lock()
			running--
			mu.Unlock()
			return nil
		}
		if failures := f.Deliver(t.Context(), f.dues(40)); failures != nil {
			t.Fatal(failures)
		}
		if most != test.want {
			t.Errorf("%d at once, want %d", most, test.want)
		}
	}
}

// What there is no time for is delivered again, and the caller has time left to say so.
func TestDeliverAnswersBeforeTheDeadline(t *testing.T) {
	f := newFixture(t, nil)
	f.parts.Sender = senderFunc(func(ctx context.Context, _ Message) error {
		<-ctx.Done()
		return ctx.Err()
	})
	ctx, cancel := context.WithTimeout(t.Context(), reserve+50*time.Millisecond)
	defer cancel()
	failures := f.Deliver(ctx, f.dues(20))
	if end, _ := ctx.Deadline(); len(failures) != 20 || time.Until(end) < reserve/2 {
		t.Errorf("%d failures, %s left", len(failures), time.Until(end))
	}
}

type senderFunc func(context.Context, Message) error

func (f senderFunc) Send(ctx context.Context, m Message) error { return f(ctx, m) }

// R60: a panic costs one mail its delivery, not the batch.
func TestR60PanicIsAFailure(t *testing.T) {
	f := newFixture(t, nil)
	f.sender.answer = func(m Message) error {
		if strings.HasPrefix(m.To, "Jo.1@") {
			panic("broken")
		}
		return nil
	}
	due := f.dues(3)
	if failures := f.Deliver(t.Context(), due); len(failures) != 1 || failures[0].Index != 1 {
		t.Fatal(failures)
	}
	if diff := cmp.Diff(map[string]string{due[0].MailID: "sent", due[1].MailID: "retry", due[2].MailID: "sent"}, f.outcomes(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMinutes(t *testing.T) {
	for left, want := range map[time.Duration]int{
		10 * time.Minute: 10, 10*time.Minute - time.Second: 10, 9*time.Minute + 29*time.Second: 9, time.Minute: 1, time.Second: 1,
	} {
		if got := wholeMinutes(left); got != want {
			t.Errorf("%s is %d minutes, want %d", left, got, want)
		}
	}
}

// R58: one record per mail: who, what, when, with what outcome.
func TestR58EveryMailIsLogged(t *testing.T) {
	f := newFixture(t, nil)
	due := f.dues(3)
	due[1].ExpiresAt = moment
	f.sender.answer = func(m Message) error {
		switch m.ID {
		case due[0].MailID:
			f.now = moment.Add(250 * time.Millisecond)
			return &Refused{Reason: RefusedAddress}
		case due[2].MailID:
			return errors.New("throttled")
		}
		return nil
	}
	for i := range due {
		f.Deliver(t.Context(), due[i:i+1])
	}
	var got []map[string]any
	for _, record := range f.records(t) {
		delete(record, "time")
		if record["msg"] == "mail" {
			got = append(got, record)
		}
	}
	want := []map[string]any{
		{"level": "WARN", "outcome": "refused", "reason": "address_invalid", "duration_ms": 250.0},
		{"level": "INFO", "outcome": "expired", "duration_ms": 0.0},
		{"level": "ERROR", "outcome": "retry", "error": "throttled", "duration_ms": 0.0},
	}
	for i := range want {
		want[i]["msg"], want[i]["to"] = "mail", address(due[i]).Masked()
		want[i]["mail_id"], want[i]["sign_up_id"] = due[i].MailID, due[i].SignUpID.String()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDeliverMeasures(t *testing.T) {
	f := newFixture(t, func(o *Options) { o.Function = "mail-send" })
	due := f.dues(3)
	due[0].ExpiresAt = moment
	f.Deliver(t.Context(), due)
	records := f.records(t)
	got := records[len(records)-1]
	delete(got, "time")
	names := []string{"MailsSent", "MailsExpired", "MailsSuperseded", "MailsRepeated", "MailsRefused", "MailsRetried"}
	metrics := []any{}
	for _, name := range names {
		metrics = append(metrics, map[string]any{"Name": name, "Unit": "Count"})
	}
	want := map[string]any{
		"level": "INFO", "msg": "mails", "FunctionName": "mail-send",
		"MailsSent": 2.0, "MailsExpired": 1.0, "MailsSuperseded": 0.0, "MailsRepeated": 0.0, "MailsRefused": 0.0, "MailsRetried": 0.0,
		"_aws": map[string]any{
			"Timestamp": float64(moment.UnixMilli()),
			"CloudWatchMetrics": []any{map[string]any{
				"Namespace": "Doorstep", "Dimensions": []any{[]any{"FunctionName"}}, "Metrics": metrics,
			}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A hostile SES throttles, fails, refuses, and loses answers after it has sent
// the mail. Delivered until nothing fails: no mail is lost, each one refused or
// sent, and one that is sent twice carries the same code. R59: the log of it all
// holds no code and no whole address.
func TestR59NothingIsLostOnAHostileSES(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	ses := newFakeSES(t, func(_ int, r sesRequest) sesAnswer {
		if strings.Contains(r.Destination.ToAddresses[0], "7@") {
			return sesAnswer{status: 400, code: "BadRequestException", message: "Illegal address " + r.Destination.ToAddresses[0]}
		}
		switch chance.IntN(6) {
		case 0:
			return sesAnswer{status: 429, code: "TooManyRequestsException", message: "Maximum sending rate exceeded."}
		case 1:
			return sesAnswer{status: 503}
		case 2:
			return sesAnswer{drop: true}
		case 3:
			return sesAnswer{status: 400, code: "SendingPausedException", message: "Paused, said " + r.Destination.ToAddresses[0]}
		}
		return sesAnswer{}
	})
	f := newFixture(t, func(o *Options) { o.Sender = testSES(ses.URL) })
	due := f.dues(60)
	left := due
	for round := 0; len(left) > 0; round++ {
		if round > 50 {
			t.Fatalf("%d mails never get through", len(left))
		}
		failures := f.Deliver(t.Context(), left)
		if len(failures) == 0 {
			break
		}
		left = left[failures[0].Index:] // as the stream does
	}
	codes := map[string]string{}
	for _, r := range ses.accepted {
		code := codeIn(t, r.Content.Simple.Body.Text.Data)
		if earlier, repeated := codes[r.mailID()]; repeated && earlier != code {
			t.Errorf("%s carries %s and %s", r.mailID(), earlier, code)
		}
		codes[r.mailID()] = code
	}
	for _, d := range due {
		_, sent := codes[d.MailID]
		if refused := f.store.refusals[d.MailID] == RefusedAddress; refused == sent || refused != strings.Contains(d.To, "7@") {
			t.Errorf("%s: sent %t, refused %t", d.To, sent, refused)
		}
	}
	if len(ses.accepted) == len(codes) {
		t.Error("no answer was lost: the test tests nothing")
	}
	log := strings.ToLower(f.log.String())
	for _, d := range due {
		for _, leak := range []string{d.Canonical, strings.ToLower(d.To), d.Code(f.keys.Current()).Reveal()} {
			if strings.Contains(withoutNumbers(log), leak) {
				t.Errorf("the log holds %s", leak)
			}
		}
	}
}

// withoutNumbers is a log without the values of times and durations, whose
// digits are nobody's code.
func withoutNumbers(log string) string {
	var kept strings.Builder
	for line := range strings.Lines(log) {
		var record map[string]any
		if json.Unmarshal([]byte(line), &record) != nil {
			continue
		}
		delete(record, "time")
		delete(record, "duration_ms")
		delete(record, "_aws")
		text, _ := json.Marshal(record)
		kept.Write(text)
	}
	return kept.String()
}

// The whole way on the local SES: the mail that is read there carries the code.
func TestDeliverThroughTheLocalSES(t *testing.T) {
	endpoint := enginetest.StartSES(t)
	f := newFixture(t, func(o *Options) { o.Sender = testSES(endpoint) })
	due := f.dues(20)
	if failures := f.Deliver(t.Context(), due); failures != nil {
		t.Fatal(failures)
	}
	got, want := map[string]string{}, map[string]string{}
	for _, mail := range storedMails(t, endpoint) {
		got[mail.Destination.To[0]] = codeIn(t, mail.Body.Text)
	}
	for _, d := range due {
		want[address(d).MailAddress()] = d.Code(f.keys.Current()).Reveal()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func ExampleDispatcher_Deliver() {
	var d *Dispatcher // NewDispatcher(Options{…})
	var due []signup.DueMail
	for _, failure := range d.Deliver(context.Background(), due) {
		fmt.Println("deliver again:", due[failure.Index].MailID)
	}
	// Output:
}
