package replay_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/replay"
	"github.com/doorstep-auth/doorstep/local/stack"
)

// order is the documented order of the events, with what each is documented to answer.
var order = []struct {
	function string
	status   int
	object   string // of the response, where there is one
}{
	{"client/environment", 200, ""},
	{"client/preflight", 204, ""},
	{"client/not-found", 404, ""},
	{"client/write", 200, "client"},
	{"client/get", 200, "client"},
	{"signups/create", 200, "sign_up_attempt"},
	{"signups/get", 200, "sign_up_attempt"},
	{"signups/update", 200, "sign_up_attempt"},
	{"signups/prepare-verification", 200, "sign_up_attempt"},
	{"mail/send", 0, ""},
	{"signups/attempt-verification", 200, "sign_up_attempt"},
	{"signups/open-link", 200, ""}, // these three carry made-up tokens
	{"signups/confirm-link", 400, ""},
	{"signups/complete-link", 422, ""},
	{"keys/rotate", 0, ""},
}

// An apiAnswer is what a function of the API answers.
type apiAnswer struct {
	StatusCode int
	Body       string
}

// A signUp is the response in such an answer.
type signUp struct {
	Object    string
	Status    string
	FirstName string `json:"first_name"`
}

func (a apiAnswer) signUp(t *testing.T) signUp {
	t.Helper()
	var envelope struct{ Response signUp }
	if strings.HasPrefix(a.Body, "{") {
		if err := json.Unmarshal([]byte(a.Body), &envelope); err != nil {
			t.Fatal(err)
		}
	}
	return envelope.Response
}

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
	s, err := stack.Attach(t.Context(), stack.Options{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return &bench{t: t, stack: s, known: filepath.Join(data, "replay.json")}
}

// play fills the function's event and runs it. Each call knows only what is in the file, like a process of its own.
func (b *bench) play(function string) (apiAnswer, error) {
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
		return apiAnswer{}, err
	}
	text, err := b.stack.Once(b.t.Context(), function, event)
	if err != nil {
		b.t.Fatalf("%s: %v", function, err)
	}
	if err := player.Learn(b.t.Context(), function, text); err != nil {
		b.t.Fatal(err)
	}
	var answer apiAnswer
	if err := json.Unmarshal(text, &answer); err != nil {
		b.t.Fatalf("%s: %s: %v", function, text, err)
	}
	if function == "mail/send" && string(text) != `{"batchItemFailures":[]}` {
		b.t.Errorf("mail/send answered %s", text)
	}
	return answer, nil
}

func (b *bench) mustPlay(function string) apiAnswer {
	b.t.Helper()
	answer, err := b.play(function)
	if err != nil {
		b.t.Fatalf("%s: %v", function, err)
	}
	return answer
}

// The events, fed in the documented order to a fresh table, each give what is documented, and there is no other event.
func TestEventsInTheDocumentedOrder(t *testing.T) {
	b := newBench(t, t.TempDir())
	var played []string
	var last signUp
	for _, step := range order {
		answer := b.mustPlay(step.function)
		told := answer.signUp(t)
		if answer.StatusCode != step.status || told.Object != step.object {
			t.Errorf("%s: %d %s", step.function, answer.StatusCode, answer.Body)
		}
		if told.Object == "sign_up_attempt" {
			last = told
		}
		played = append(played, step.function)
	}
	if want := (signUp{"sign_up_attempt", "complete", "Ada"}); last != want {
		t.Errorf("the sign-up ended as %+v", last)
	}
	files, err := filepath.Glob("../../events/*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		function := strings.TrimSuffix(filepath.ToSlash(file)[len("../../events/"):], ".json")
		if !strings.Contains(" "+strings.Join(played, " ")+" ", " "+function+" ") {
			t.Errorf("%s has no place in the order", file)
		}
	}
}

// Beside a stack that runs, its pump sends the mail: the code is waited for.
func TestEventsBesideARunningStack(t *testing.T) {
	o := stack.Options{Data: t.TempDir()}
	running, err := stack.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Stop)
	b := newBench(t, o.Data)
	b.patience = 5 * time.Second
	for _, function := range []string{"signups/create", "signups/update", "signups/prepare-verification"} {
		if answer := b.mustPlay(function); answer.StatusCode != 200 {
			t.Fatalf("%s: %d %s", function, answer.StatusCode, answer.Body)
		}
	}
	if last := b.mustPlay("signups/attempt-verification").signUp(t); last.Status != "complete" {
		t.Errorf("%+v", last)
	}
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
	b.mustPlay("signups/create")
	got = append(got, advice("signups/attempt-verification"))
	want := []string{
		"sign_up_id: invoke signups/create first",
		"client_pk: no mail is due; invoke signups/create and signups/prepare-verification first",
		"code: invoke signups/prepare-verification and then mail/send first",
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
