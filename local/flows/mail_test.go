package flows_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/replay"
	"github.com/doorstep-auth/doorstep/local/replay/inbox"
	"github.com/doorstep-auth/doorstep/local/stack"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

const password = "correct horse battery staple"

// begin signs somebody up as far as the code, and returns the client and the sign-up's path.
func (s *sharedStack) begin(t *testing.T, address string) (*client, string) {
	t.Helper()
	c := &client{}
	form := url.Values{"email_address": {address}, "password": {password}, "strategy": {"email_code"}}
	created, err := c.post(s.APIURL+"/v1/client/sign_ups", form.Encode())
	if err != nil {
		t.Fatal(err)
	}
	id, _ := find(created.json, "response.id")
	return c, "/v1/client/sign_ups/" + id.(string)
}

// count is how many mails to the address have come, once nothing is on its way.
func (s *sharedStack) count(t *testing.T, address string) int {
	t.Helper()
	if err := s.settle(); err != nil {
		t.Fatal(err)
	}
	mails, err := inbox.Read(t.Context(), s.InboxURL)
	if err != nil {
		t.Fatal(err)
	}
	return len(inbox.To(mails, address))
}

// checkDueOnce: no write but the one that asked for a mail made it due, so the mail function never had to recognise one that it had sent before.
func (r *run) checkDueOnce(t *testing.T) {
	for _, line := range r.logs.read() {
		if strings.Contains(line, `"outcome":"repeated"`) {
			t.Error(line)
		}
	}
}

// checkHeldUpMail: a mail that comes late out of the stream, after a newer one of the same client, is dropped.
func (r *run) checkHeldUpMail(t *testing.T) {
	s, err := r.stack("")
	if err != nil {
		t.Fatal(err)
	}
	const address = "ada@held-up.example"
	s.begin(t, address)
	event := olderMail(t, s, address)
	if got := s.count(t, address); got != 1 {
		t.Fatalf("%d mails", got)
	}
	answer, err := s.Invoke(t.Context(), "mail/send", event)
	if err != nil || string(answer) != `{"batchItemFailures":[]}` {
		t.Errorf("%s %v", answer, err)
	}
	if got := s.count(t, address); got != 1 {
		t.Errorf("%d mails", got)
	}
	if !strings.Contains(strings.Join(r.logs.read(), "\n"), `"outcome":"superseded"`) {
		t.Error("the log doesn't say that the mail was superseded")
	}
}

// olderMail is the stream's record of a mail that the client which has just begun had due before the present one, written a minute ago.
func olderMail(t *testing.T, s *sharedStack, address string) []byte {
	t.Helper()
	_, _, image, err := replay.DueMail(t.Context(), s.DynamoDBEndpoint, engine.TableName)
	if err != nil || !strings.Contains(string(image), address) {
		t.Fatalf("%s %v", image, err)
	}
	nonce := []byte("an older nonce..")
	var item map[string]any
	if err := json.Unmarshal(image, &item); err != nil {
		t.Fatal(err)
	}
	verification, found := find(item, "su.M.vs.M.email_address.M")
	if !found {
		t.Fatalf("%s", image)
	}
	verification.(map[string]any)["no"] = map[string]string{"B": base64.StdEncoding.EncodeToString(nonce)}
	item["mid"] = map[string]string{"S": signup.ID(nonce).String()}
	event, err := json.Marshal(map[string]any{"Records": []any{map[string]any{"dynamodb": map[string]any{
		"ApproximateCreationDateTime": time.Now().Add(-time.Minute).Unix(), "NewImage": item, "SequenceNumber": "1",
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	return event
}

// startOn starts a stack on the data in a directory; stop ends it.
func (r *run) startOn(t *testing.T, data string) (s *sharedStack, stop func()) {
	t.Helper()
	started, p, err := r.start(stack.Options{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	return &sharedStack{Stack: started, proxy: p}, func() {
		started.Stop()
		p.close()
	}
}

// A restart of the pump, and of everything, sends no mail again; one that became due while nothing ran is sent.
func TestRestartsSendNoMailAgainAndLoseNone(t *testing.T) {
	const address = "ada@restart.example"
	r, data := newRun(t), t.TempDir()
	s, stop := r.startOn(t, data)
	ada, path := s.begin(t, address)
	if err := s.RestartPump(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.count(t, address); got != 1 {
		t.Errorf("%d mails after a restart of the pump", got)
	}
	mail, err := s.await(address, 0)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	askForMail(t, data)

	s, stop = r.startOn(t, data)
	defer stop()
	if waiting, err := s.await("ada@example.com", 0); err != nil || waiting.Code() == "" {
		t.Errorf("the mail that was due is lost: %+v %v", waiting, err)
	}
	if first, second := s.count(t, address), s.count(t, "ada@example.com"); first != 0 || second != 1 {
		t.Errorf("after a restart %d mails came again and %d for the first time", first, second)
	}
	// What was mailed before still completes the sign-up.
	done, err := ada.post(s.APIURL+path+"/attempt_verification", "strategy=email_code&code="+mail.Code())
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := find(done.json, "response.status"); status != "complete" {
		t.Errorf("%s", done.body)
	}
}

// askForMail makes a mail due while no stack runs on the data, as `make invoke` can.
func askForMail(t *testing.T, data string) {
	t.Helper()
	s, err := stack.Attach(t.Context(), stack.Options{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	player, err := replay.Open(filepath.Join(data, "replay.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, function := range []string{"signups/create", "signups/prepare-verification"} {
		event, err := os.ReadFile("../../events/" + function + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if event, err = player.Fill(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		answer, err := s.Once(t.Context(), function, event)
		if err != nil || !strings.Contains(string(answer), `"statusCode":200`) {
			t.Fatalf("%s: %s %v", function, answer, err)
		}
		if err := player.Learn(t.Context(), function, answer); err != nil {
			t.Fatal(err)
		}
	}
}
