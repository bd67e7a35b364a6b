package boot

import (
	"bytes"
	"context"
	cryptorand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/token"
)

// deployed are the variables of a function in the cloud.
func deployed() map[string]string {
	return map[string]string{
		"TABLE_NAME": "table", "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "session",
		"MAC_SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:mac", "SIGNING_SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:signing",
		"PUBLIC_URL": "https://accounts.example.com", "MAIL_FROM": "accounts@example.com",
	}
}

// with are the variables with some of them changed.
func with(changes map[string]string) func(string) string {
	variables := deployed()
	maps.Copy(variables, changes)
	return func(name string) string { return variables[name] }
}

func macDocument(t *testing.T) (*secret.Keyring, string) {
	t.Helper()
	ring, err := secret.NewKeyring(rand.NewChaCha8([32]byte{1}), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(ring)
	if err != nil {
		t.Fatal(err)
	}
	return ring, string(document)
}

func TestRuntimeOfADeployedFunction(t *testing.T) {
	rt, err := newRuntime(with(map[string]string{"SETTINGS": "clerk", "SES_CONFIGURATION_SET": "mails"}))
	if err != nil {
		t.Fatal(err)
	}
	if rt.Settings.Profile != "clerk" || rt.Settings.Password.MinLength != 8 {
		t.Errorf("settings of profile %q, passwords of %d", rt.Settings.Profile, rt.Settings.Password.MinLength)
	}
	if rt.Settings.PublicURL != "https://accounts.example.com" || rt.Settings.Mail.FromAddress != "accounts@example.com" {
		t.Errorf("%q, %q", rt.Settings.PublicURL, rt.Settings.Mail.FromAddress)
	}
	if rt.TableName != "table" || rt.AWS.Region != "eu-central-1" || rt.ConfigurationSet != "mails" || rt.Log == nil || rt.HTTP == nil {
		t.Errorf("%+v", rt)
	}
	if rt.MACSecretARN() != deployed()["MAC_SECRET_ARN"] || rt.SigningSecretARN() != deployed()["SIGNING_SECRET_ARN"] {
		t.Errorf("%q, %q", rt.MACSecretARN(), rt.SigningSecretARN())
	}
	c, err := rt.AWS.Credentials.Retrieve(context.Background())
	if err != nil || c.AccessKeyID != "id" || c.SecretAccessKey != "secret" || c.SessionToken != "session" {
		t.Errorf("credentials %+v (%v)", c.AccessKeyID, err)
	}
}

func TestTheTemplatesVariablesFillTheSettings(t *testing.T) {
	for name, c := range map[string]struct {
		changes map[string]string
		want    [4]string // public URL, sender, cookie domain, SameSite
	}{
		"variables alone": {nil, [4]string{"https://accounts.example.com", "accounts@example.com", "", "lax"}},
		"the document goes before PUBLIC_URL and MAIL_FROM": {map[string]string{
			"SETTINGS": `{"public_url":"https://own.example.com","mail":{"from_address":"own@example.com"}}`,
		}, [4]string{"https://own.example.com", "own@example.com", "", "lax"}},
		"the cookie's variables go before the document": {map[string]string{
			"SETTINGS": `{"cookie":{"same_site":"strict"}}`, "COOKIE_DOMAIN": "example.com", "COOKIE_SAME_SITE": "none",
		}, [4]string{"https://accounts.example.com", "accounts@example.com", "example.com", "none"}},
	} {
		rt, err := newRuntime(with(c.changes))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s := rt.Settings
		if got := [4]string{s.PublicURL, s.Mail.FromAddress, s.Cookie.Domain, s.Cookie.SameSite}; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// wrongVariables are environments in which a function can't start, with what its
// one line must name.
var wrongVariables = map[string]struct {
	changes map[string]string
	named   []string
}{
	"no table":                  {map[string]string{"TABLE_NAME": ""}, []string{"TABLE_NAME"}},
	"no region":                 {map[string]string{"AWS_REGION": ""}, []string{"AWS_REGION"}},
	"a wrong value":             {map[string]string{"SETTINGS": `{"password":{"min_length":3}}`}, []string{"password.min_length", "3"}},
	"an unknown key":            {map[string]string{"SETTINGS": `{"passwort":{}}`}, []string{"passwort"}},
	"a wrong type":              {map[string]string{"SETTINGS": `{"single_session":"yes"}`}, []string{"single_session"}},
	"several faults":            {map[string]string{"SETTINGS": "{\n\"mode\":\"restricted\",\n\"app_name\":\"\"}"}, []string{"mode", "app_name"}},
	"not JSON":                  {map[string]string{"SETTINGS": "{\n\"mode\":\n"}, []string{"settings", "JSON"}},
	"line ends in values":       {map[string]string{"SETTINGS": `{"app_name":"a\nb","a\nb":1}`}, []string{"app_name"}},
	"a callback in the clear":   {map[string]string{"SETTINGS": `{"callbacks":{"urls":["http://localhost:4000/"]}}`}, []string{"callbacks.urls", "https"}},
	"an unknown profile":        {map[string]string{"SETTINGS": "klerk"}, []string{"klerk"}},
	"a file's name":             {map[string]string{"SETTINGS": "settings.json\n"}, []string{"settings.json"}},
	"a wrong PUBLIC_URL":        {map[string]string{"PUBLIC_URL": "accounts.example.com"}, []string{"PUBLIC_URL", "public_url"}},
	"a wrong MAIL_FROM":         {map[string]string{"MAIL_FROM": "Ada <ada@example.com>\n"}, []string{"MAIL_FROM", "mail.from_address"}},
	"a wrong COOKIE_SAME_SITE":  {map[string]string{"COOKIE_SAME_SITE": "None"}, []string{"COOKIE_SAME_SITE", "cookie.same_site"}},
	"a COOKIE_DOMAIN elsewhere": {map[string]string{"COOKIE_DOMAIN": "example.org"}, []string{"COOKIE_DOMAIN", "cookie.domain"}},
}

func TestWrongVariableIsNamedOnOneLine(t *testing.T) {
	for name, c := range wrongVariables {
		rt, err := newRuntime(with(c.changes))
		if err == nil || rt != nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		oneLineNaming(t, name, err.Error(), c.named)
	}
}

func oneLineNaming(t *testing.T, name, text string, named []string) {
	t.Helper()
	if strings.ContainsAny(text, "\r\n") || text == "" {
		t.Errorf("%s: not one line: %q", name, text)
	}
	for _, part := range named {
		if !strings.Contains(text, part) {
			t.Errorf("%s: %q doesn't name %s", name, text, part)
		}
	}
}

// R62: the secrets come in a variable on a developer's machine alone.
func TestR62SecretsVariableIsRefusedInTheCloud(t *testing.T) {
	ring, document := macDocument(t)
	secrets := `{"mac":` + document + `,"signing":{"keys":[]}}`
	cloud, err := newRuntime(with(map[string]string{"SECRETS": secrets}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cloud.Keyring(); err == nil {
		t.Fatal("a deployed function took SECRETS")
	} else {
		oneLineNaming(t, "in the cloud", err.Error(), []string{"SECRETS", "DYNAMODB_ENDPOINT"})
		notTelling(t, err, document)
	}
	local, err := newRuntime(with(map[string]string{"SECRETS": secrets, "DYNAMODB_ENDPOINT": "http://127.0.0.1:8000"}))
	if err != nil {
		t.Fatal(err)
	}
	got, err := local.Keyring()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Current().Key, ring.Current().Key) {
		t.Error("another key was read")
	}
}

func TestWrongSECRETSIsNamedAndNotTold(t *testing.T) {
	_, document := macDocument(t)
	for name, c := range map[string]struct{ secrets, named string }{
		"not JSON":         {document[1:], "SECRETS"},
		"no mac":           {`{"signing":` + document + `}`, "SECRETS"},
		"a list":           {`[` + document + `]`, "SECRETS"},
		"another shape":    {`{"mac":[` + document + `]}`, "mac"},
		"another document": {`{"mac":{"mac":` + document + `}}`, "mac"},
	} {
		rt, err := newRuntime(with(map[string]string{"SECRETS": c.secrets, "DYNAMODB_ENDPOINT": "http://127.0.0.1:8000"}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = rt.Keyring()
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		oneLineNaming(t, name, err.Error(), []string{c.named})
		notTelling(t, err, document)
	}
}

// notTelling holds that an error tells nothing of the document's key.
func notTelling(t *testing.T, err error, document string) {
	t.Helper()
	_, key, _ := strings.Cut(document, `"key":"`)
	if strings.Contains(err.Error(), key[:8]) {
		t.Errorf("the error tells the key: %v", err)
	}
}

func TestMissingSecretARNIsNamed(t *testing.T) {
	rt, err := newRuntime(with(map[string]string{"MAC_SECRET_ARN": ""}))
	if err != nil {
		t.Fatal(err)
	}
	rt.HTTP.Transport = unreachable{t}
	_, err = rt.Keyring()
	if err == nil {
		t.Fatal("keys from nowhere")
	}
	oneLineNaming(t, "no ARN", err.Error(), []string{"MAC_SECRET_ARN"})
}

// unreachable fails the test that goes to the network.
type unreachable struct{ t *testing.T }

func (u unreachable) RoundTrip(r *http.Request) (*http.Response, error) {
	u.t.Errorf("a request went to %s", r.URL)
	return nil, errors.New("unreachable")
}

func TestCredentialsMustBeThere(t *testing.T) {
	for _, missing := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		rt, err := newRuntime(with(map[string]string{missing: ""}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rt.AWS.Credentials.Retrieve(context.Background()); err == nil {
			t.Errorf("no error without %s", missing)
		}
	}
}

// Init waits for what it opens, and a connection opened then serves the first request.
func TestOpenDynamoDBKeepsTheConnection(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "healthy") }))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	rt, err := newRuntime(with(map[string]string{"DYNAMODB_ENDPOINT": server.URL}))
	if err != nil {
		t.Fatal(err)
	}
	rt.OpenDynamoDB()
	rt.opened()
	if connections.Load() != 1 {
		t.Fatalf("%d connections were opened", connections.Load())
	}
	answer, err := rt.HTTP.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	drain(answer.Body)
	if connections.Load() != 1 {
		t.Error("the first request opened another connection")
	}
}

// What can't be opened doesn't stop a function: the first request tells.
func TestOpeningMayFail(t *testing.T) {
	rt, err := newRuntime(with(map[string]string{"DYNAMODB_ENDPOINT": "http://127.0.0.1:1"}))
	if err != nil {
		t.Fatal(err)
	}
	rt.OpenDynamoDB()
	done := make(chan struct{})
	go func() { rt.opened(); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Error("init hangs")
	}
}

// asFunction, in the environment, makes this test binary a function that starts with what else is there.
const asFunction = "DOORSTEP_TEST_AS_FUNCTION"

func TestMain(m *testing.M) {
	if os.Getenv(asFunction) != "" {
		Serve(func(*Runtime) (any, error) {
			return lambda.NewHandler(func() error { return nil }), errors.New("built")
		})
	}
	os.Exit(m.Run())
}

// A function that can't start ends at once, with one line that says why.
func TestFunctionThatCantStartSaysWhyOnOneLine(t *testing.T) {
	for name, c := range map[string]struct {
		changes map[string]string
		named   []string
	}{
		"a wrong setting": {map[string]string{"SETTINGS": "{\n\"verification\":{\"code_life\":\"1h\"}}"}, []string{"doorstep: ", "verification.code_life"}},
		"no table":        {map[string]string{"TABLE_NAME": ""}, []string{"doorstep: ", "TABLE_NAME"}},
		"what is built":   {nil, []string{"doorstep: built"}},
	} {
		variables := deployed()
		maps.Copy(variables, c.changes)
		function := exec.Command(os.Args[0])
		function.Env = []string{asFunction + "=1", "GOCOVERDIR=" + t.TempDir()}
		for variable, value := range variables {
			function.Env = append(function.Env, variable+"="+value)
		}
		var stdout, stderr bytes.Buffer
		function.Stdout, function.Stderr = &stdout, &stderr
		var exited *exec.ExitError
		if err := function.Run(); !errors.As(err, &exited) || exited.ExitCode() != 1 {
			t.Errorf("%s: ended with %v", name, err)
		}
		oneLineNaming(t, name, strings.TrimSuffix(stderr.String(), "\n"), c.named)
		if stdout.Len() > 0 {
			t.Errorf("%s: wrote %q", name, stdout.String())
		}
	}
}

// The signing keys come as the keyring does, and their faults are told as little.
func TestSigningKeys(t *testing.T) {
	keys, err := token.NewSigningKeys(cryptorand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	const local = "http://127.0.0.1:8000"
	for name, c := range map[string]struct {
		secrets, endpoint, named string
	}{
		"in SECRETS":           {`{"signing":` + string(document) + `}`, local, ""},
		"SECRETS in the cloud": {`{"signing":` + string(document) + `}`, "", "SECRETS"},
		"another document":     {`{"mac":` + string(document) + `}`, local, "signing"},
		"another shape":        {`{"signing":[` + string(document) + `]}`, local, "signing"},
		"no ARN":               {"", "", "SIGNING_SECRET_ARN"},
	} {
		rt, err := newRuntime(with(map[string]string{"SECRETS": c.secrets, "DYNAMODB_ENDPOINT": c.endpoint, "SIGNING_SECRET_ARN": ""}))
		if err != nil {
			t.Fatal(err)
		}
		rt.HTTP.Transport = unreachable{t}
		got, err := rt.SigningKeys()
		switch {
		case c.named == "" && (err != nil || got.Current().ID != keys.Current().ID):
			t.Errorf("%s: %v, %v", name, got, err)
		case c.named != "" && err == nil:
			t.Errorf("%s: accepted", name)
		case c.named != "":
			oneLineNaming(t, name, err.Error(), []string{c.named})
			if key := string(document[200:220]); strings.Contains(err.Error(), key) {
				t.Errorf("%s: the error tells the document: %v", name, err)
			}
		}
	}
}
