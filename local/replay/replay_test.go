package replay_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/replay"
	"github.com/doorstep-auth/doorstep/local/stack"
)

// A bench runs events as `make invoke` does.
type bench struct {
	t     *testing.T
	stack *stack.Stack
	known string
	// patience is how long a mail is waited for.
	patience time.Duration
}

func newBench(t *testing.T, data string) *bench {
	t.Helper()
	s, err := stack.Attach(t.Context(), stack.Options{Data: data, Settings: replay.Settings})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return &bench{t: t, stack: s, known: filepath.Join(data, "replay.json")}
}

// play fills the function's event and runs it. Each call knows only what is in the file, like a process of its own.
func (b *bench) play(function string) ([]byte, error) {
	b.t.Helper()
	event, err := os.ReadFile(filepath.Join("..", "..", "events", filepath.FromSlash(function)+".json"))
	if err != nil {
		b.t.Fatal(err)
	}
	player, err := replay.Open(b.known)
	if err != nil {
		b.t.Fatal(err)
	}
	player.Inbox, player.DynamoDB, player.Table = b.stack.InboxURL, b.stack.DynamoDBEndpoint, engine.TableName
	player.Patience = b.patience
	if event, err = player.Fill(b.t.Context(), event); err != nil {
		return nil, err
	}
	answer, err := b.stack.Once(b.t.Context(), function, event)
	if err != nil {
		b.t.Fatalf("%s: %v", function, err)
	}
	return answer, player.Learn(b.t.Context(), function, answer)
}

// mustPlay plays a step, which must end as documented.
func (b *bench) mustPlay(step replay.Step) {
	b.t.Helper()
	answer, err := b.play(step.Function)
	if err == nil {
		err = step.Check(answer)
	}
	if err != nil {
		b.t.Fatalf("%s: %v", step.Function, err)
	}
}

// lastSignUp are the steps of the documented order from the last that creates a sign-up to the one before it completes, without those of the functions named.
func lastSignUp(without ...string) []replay.Step {
	all := replay.Order()
	begin, end := 0, 0
	for i, step := range all {
		switch step.Function {
		case "signups/create":
			begin = i
		case "signups/attempt-verification":
			end = i
		}
	}
	return slices.DeleteFunc(all[begin:end], func(s replay.Step) bool { return slices.Contains(without, s.Function) })
}

// The events, fed in the documented order to a fresh table, each give what is documented, and there is no other event.
func TestEventsInTheDocumentedOrder(t *testing.T) {
	b := newBench(t, t.TempDir())
	played := map[string]bool{}
	for _, step := range replay.Order() {
		b.mustPlay(step)
		played[step.Function] = true
	}
	files, err := filepath.Glob("../../events/*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if function := strings.TrimSuffix(filepath.ToSlash(file)[len("../../events/"):], ".json"); !played[function] {
			t.Errorf("%s has no place in the order", file)
		}
	}
}

// Beside a stack that runs, its pump sends the mail: what the mail carries is waited for.
func TestEventsBesideARunningStack(t *testing.T) {
	o := stack.Options{Data: t.TempDir()}
	running, err := stack.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Stop)
	b := newBench(t, o.Data)
	b.patience = 5 * time.Second
	for _, step := range lastSignUp("mail/send") {
		b.mustPlay(step)
	}
	b.mustPlay(replay.Step{Function: "signups/open-link", Status: 200})
	b.mustPlay(replay.Step{Function: "signups/attempt-verification", Status: 200, Object: "sign_up_attempt", State: "complete"})
}

// What can't be filled yet says what to do first.
func TestWhatIsNotKnownYet(t *testing.T) {
	b := newBench(t, t.TempDir())
	advice := func(function string) string {
		_, err := b.play(function)
		var unknown *replay.Unknown
		if !errors.As(err, &unknown) || strings.Contains(err.Error(), "\n") {
			t.Fatalf("%s: %v", function, err)
		}
		return unknown.Placeholder + ": " + unknown.Advice
	}
	got := []string{advice("signups/get"), advice("mail/send")}
	b.mustPlay(lastSignUp()[0])
	for _, function := range []string{"signups/attempt-verification", "signups/open-link", "signups/confirm-link", "signups/complete-link"} {
		got = append(got, advice(function))
	}
	const needsMail = "invoke signups/prepare-verification and then mail/send first"
	const needsLinks = needsMail + "; SETTINGS, if you gave any, must have the strategy email_link"
	want := []string{
		"sign_up_id: invoke signups/create first",
		"due_pk: no mail is due; invoke signups/create and signups/prepare-verification first",
		"code: " + needsMail, "link_token: " + needsLinks, "link_token: " + needsLinks, "approval_token: invoke signups/confirm-link first",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEventsThatCannotBeFilled(t *testing.T) {
	player, err := replay.Open(filepath.Join(t.TempDir(), "none.json"))
	if err != nil {
		t.Fatal(err)
	}
	for event, want := range map[string]string{
		`{"a":"{{secret}}"}`:           "unknown placeholder {{secret}}",
		`{"a":"{{sign_up_id"}`:         "{{ without }}",
		`{"a":"{{client_token}}}`:      "isn't JSON",
		`{"a":"__client={{sign_up_id`:  "{{ without }}",
		`{"a":"{{sign_up_id}}","b":1}`: "invoke signups/create first",
	} {
		if _, err := player.Fill(t.Context(), []byte(event)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", event, err)
		}
	}
	filled, err := player.Fill(t.Context(), []byte(`{"cookies":["__client={{client_token}}"]}`))
	if err != nil || string(filled) != `{"cookies":["__client="]}` {
		t.Errorf("%s %v", filled, err)
	}
}

// Later events carry the token that the last answer gave, as a browser's cookie or an app's header; what is withdrawn is gone.
func TestTokensAreKept(t *testing.T) {
	known := filepath.Join(t.TempDir(), "data", "replay.json")
	for _, step := range []struct{ answer, want string }{
		{`{"statusCode":200,"cookies":["other=1","__client=a.b; Path=/; HttpOnly"],"body":"{}"}`, "a.b"},
		{`{"statusCode":422,"body":"{\"errors\":[]}"}`, "a.b"},
		{`{"statusCode":200,"headers":{"authorization":"c.d"},"body":""}`, "c.d"},
		{`{"batchItemFailures":[]}`, "c.d"},
		{`{"statusCode":200,"cookies":["__client=; Max-Age=0"],"body":"{}"}`, ""},
	} {
		player, err := replay.Open(known)
		if err != nil {
			t.Fatal(err)
		}
		if err := player.Learn(t.Context(), "client/write", []byte(step.answer)); err != nil {
			t.Fatal(err)
		}
		if player, err = replay.Open(known); err != nil {
			t.Fatal(err)
		}
		filled, err := player.Fill(t.Context(), []byte(`"{{client_token}}"`))
		if err != nil || string(filled) != `"`+step.want+`"` {
			t.Errorf("after %s: %s %v", step.answer, filled, err)
		}
	}
}
