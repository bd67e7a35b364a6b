package flows_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/doorstep-auth/doorstep/local/replay/inbox"
	"github.com/doorstep-auth/doorstep/local/stack"
)

// A script is one running script.
type script struct {
	run   *run
	stack *sharedStack

	clients map[string]*client
	current *client
	next    map[string]string // headers of the next request
	answer  *answer
	read    map[string]int // mails read, by address
}

// A client is a browser or an app.
type client struct {
	native bool
	token  string
	// authTime is the value of a browser's readable cookie.
	authTime string
}

type scriptKey struct{}

// mailLimit is how long a mail may take from the request that makes it due.
const mailLimit = 20 * time.Second

// setup gives a script its stack.
func (r *run) setup(env *testscript.Env) error {
	settings, err := os.ReadFile(filepath.Join(env.WorkDir, "settings.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	shared, err := r.stack(r.receivers.in(string(settings)))
	if err != nil {
		return err
	}
	s := &script{run: r, stack: shared, clients: map[string]*client{}, next: map[string]string{}, read: map[string]int{}}
	s.choose("", false)
	env.Values[scriptKey{}] = s
	env.Setenv("API", shared.APIURL)
	return nil
}

func (s *script) choose(name string, native bool) {
	if s.clients[name] == nil {
		s.clients[name] = &client{native: native}
	}
	s.current = s.clients[name]
}

// commands are the scripts' own; see the package's comment.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	all := map[string]func(*testscript.TestScript, bool, []string){}
	for name, run := range map[string]func(s *script, ts *testscript.TestScript, neg bool, args []string) error{
		"client": (*script).cmdClient, "with": (*script).cmdWith, "status": (*script).cmdStatus, "json": (*script).cmdJSON, "let": (*script).cmdLet,
		"error": (*script).cmdError, "errors": (*script).cmdErrors, "header": (*script).cmdHeader, "cookie": (*script).cmdCookie, "mail": (*script).cmdMail, "redirect": (*script).cmdRedirect, "mails": (*script).cmdMails,
		"notice": (*script).cmdNotice, "told": (*script).cmdTold, "operator": (*script).cmdOperator, "once": (*script).cmdOnce,
		"settle": (*script).cmdSettle, "tamper": (*script).cmdTamper, "repeat": (*script).cmdRepeat, "pause": (*script).cmdPause, "start": (*script).cmdStart,
		"get": request("GET"), "post": request("POST"), "put": request("PUT"), "patch": request("PATCH"), "delete": request("DELETE"),
		"options": request("OPTIONS"),
	} {
		all[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			if err := run(ts.Value(scriptKey{}).(*script), ts, neg, args); err != nil {
				ts.Fatalf("%v", err)
			}
		}
	}
	return all
}

// usage is the error of a command that is written wrongly.
func usage(text string) error { return errors.New("usage: " + text) }

func (s *script) cmdClient(_ *testscript.TestScript, _ bool, args []string) error {
	if len(args) == 0 || len(args) > 2 || (len(args) == 2 && args[1] != "native") {
		return usage("client NAME [native]")
	}
	s.choose(args[0], len(args) == 2)
	return nil
}

func (s *script) cmdWith(_ *testscript.TestScript, _ bool, args []string) error {
	if len(args) != 2 {
		return usage("with HEADER VALUE")
	}
	s.next[args[0]] = args[1]
	return nil
}

// linkIn is the path and query of the link in a mail, or "".
func linkIn(text string) string {
	at := strings.Index(text, "/v1/verify?token=")
	if at < 0 {
		return ""
	}
	return strings.Fields(text[at:])[0]
}

// cmdRedirect keeps a parameter of where the answer sends the browser, and compares it if there is a value to compare with.
func (s *script) cmdRedirect(ts *testscript.TestScript, _ bool, args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return usage("redirect PARAM [VALUE]")
	}
	target, err := url.Parse(s.answer.header.Get("Location"))
	if err != nil || s.answer.status != http.StatusSeeOther {
		return fmt.Errorf("the answer is no redirect: %d %v", s.answer.status, err)
	}
	got := target.Query().Get(args[0])
	if got == "" || (len(args) == 2 && got != args[1]) {
		return fmt.Errorf("%s is %q in %s", args[0], got, target.Redacted())
	}
	ts.Setenv(args[0], got)
	return nil
}

func (s *script) cmdMail(ts *testscript.TestScript, neg bool, args []string) error {
	if len(args) != 1 {
		return usage("mail ADDRESS")
	}
	if neg {
		return s.mails(args[0], s.read[args[0]])
	}
	m, err := s.stack.await(args[0], s.read[args[0]])
	if err != nil {
		return err
	}
	s.read[args[0]]++
	if m.Code() == "" && s.action(ts, m.Text) {
		_, err = fmt.Fprintf(ts.Stdout(), "From: %s\nTo: %s\nSubject: %s\n\n%s\n%s", m.From, m.To, m.Subject, m.Text, m.HTML)
		return err
	}
	code := m.Code()
	n, err := strconv.Atoi(code)
	if err != nil {
		return fmt.Errorf("the mail has no code:\n%s", m.Text)
	}
	s.run.secrets.add(kindCode, code)
	ts.Setenv("code", code)
	if link := linkIn(m.Text); link != "" {
		_, token, _ := strings.Cut(link, "token=")
		s.run.secrets.add(kindToken, token)
		ts.Setenv("link", link)
	}
	for i := range 6 {
		ts.Setenv("wrong"+strconv.Itoa(i+1), fmt.Sprintf("%06d", (n+1+i)%1e6))
	}
	_, err = fmt.Fprintf(ts.Stdout(), "From: %s\nTo: %s\nSubject: %s\n\n%s\n%s", m.From, m.To, m.Subject, m.Text, m.HTML)
	return err
}

// action keeps what the link to an application's page carries, if text has one, by the names of its query's parameters.
func (s *script) action(ts *testscript.TestScript, text string) bool {
	for word := range strings.FieldsSeq(text) {
		link, err := url.Parse(word)
		if err != nil || (!link.Query().Has("oobCode") && !link.Query().Has("confirm_token")) {
			continue
		}
		for name, values := range link.Query() {
			s.run.secrets.addField(name, values[0])
			ts.Setenv(name, values[0])
		}
		return true
	}
	return false
}

// cmdOperator keeps the operator key.
func (s *script) cmdOperator(ts *testscript.TestScript, _ bool, args []string) error {
	if len(args) > 0 {
		return usage("operator")
	}
	answer, err := s.stack.Once(context.Background(), "keys/operator", []byte("{}"))
	if err != nil {
		return err
	}
	var shown struct {
		OperatorKey string `json:"operator_key"`
	}
	if err := json.Unmarshal(answer, &shown); err != nil {
		return err
	}
	s.run.secrets.add(kindToken, shown.OperatorKey)
	ts.Setenv("operator", shown.OperatorKey)
	return nil
}

// cmdNotice waits for a new mail that proves nothing.
func (s *script) cmdNotice(ts *testscript.TestScript, _ bool, args []string) error {
	if len(args) != 1 {
		return usage("notice ADDRESS")
	}
	m, err := s.stack.await(args[0], s.read[args[0]])
	if err != nil {
		return err
	}
	s.read[args[0]]++
	if m.Code() != "" || linkIn(m.Text+m.HTML) != "" {
		return fmt.Errorf("the mail has a code or link:\n%s", m.Text)
	}
	_, err = fmt.Fprintf(ts.Stdout(), "From: %s\nTo: %s\nSubject: %s\n\n%s\n%s", m.From, m.To, m.Subject, m.Text, m.HTML)
	return err
}

func (s *script) cmdMails(_ *testscript.TestScript, _ bool, args []string) error {
	if len(args) == 2 {
		if n, err := strconv.Atoi(args[0]); err == nil {
			return s.mails(args[1], n)
		}
	}
	return usage("mails N ADDRESS")
}

// mails is an error unless n mails to address have come and no other is on its way.
func (s *script) mails(address string, n int) error {
	if err := s.stack.settle(); err != nil {
		return err
	}
	all, err := inbox.Read(context.Background(), s.stack.InboxURL)
	if err != nil {
		return err
	}
	if got := len(inbox.To(all, address)); got != n {
		return fmt.Errorf("%d mails to %s have come, not %d", got, address, n)
	}
	return nil
}

func (s *script) cmdSettle(*testscript.TestScript, bool, []string) error { return s.stack.settle() }

func (s *script) cmdTamper(_ *testscript.TestScript, _ bool, args []string) error {
	token := s.current.token
	if len(args) != 1 || len(token) < 8 {
		return usage("tamper flip|cut|forge, for a client with a token")
	}
	switch args[0] {
	case "flip":
		last := map[bool]string{true: "B", false: "A"}[token[len(token)-5] == 'A']
		s.current.token = token[:len(token)-5] + last + token[len(token)-4:]
	case "cut":
		s.current.token = token[:len(token)/2]
	case "forge":
		s.current.token = "eyJhbGciOiJub25lIn0.eyJpZCI6ImNsaWVudF8xIn0."
	default:
		return usage("tamper flip|cut|forge")
	}
	return nil
}

func (s *script) cmdRepeat(ts *testscript.TestScript, _ bool, args []string) error {
	if len(args) == 3 {
		if n, err := strconv.Atoi(args[1]); err == nil {
			ts.Setenv(args[0], strings.Repeat(args[2], n))
			return nil
		}
	}
	return usage("repeat NAME N TEXT")
}

func (s *script) cmdPause(_ *testscript.TestScript, _ bool, args []string) error {
	if len(args) == 1 {
		if d, err := time.ParseDuration(args[0]); err == nil {
			time.Sleep(d)
			return nil
		}
	}
	return usage("pause DURATION")
}

func (s *script) cmdStart(ts *testscript.TestScript, neg bool, args []string) error {
	if len(args) != 1 {
		return usage("start FILE")
	}
	started, p, err := s.run.start(stack.Options{Settings: ts.ReadFile(args[0])})
	if err != nil {
		said := oneLine(err)
		fmt.Fprintln(ts.Stdout(), said)
		switch {
		case !neg:
			return err
		case strings.Contains(said, "\n"):
			return fmt.Errorf("more than one line: %q", said)
		}
		return nil
	}
	started.Stop()
	p.close()
	if neg {
		return errors.New("it starts")
	}
	return nil
}
