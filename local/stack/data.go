package stack

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/token"
)

// localDefaults are what a local run sets where the document is silent: pages on any local port may call, and one machine may ask as often as it likes.
var localDefaults = []struct{ key, value string }{
	{"limits", `{"creates_per_source":0,"attempts_per_source":0}`},
	{"redirect_urls", `["http://localhost:*"]`},
	{"allowed_origins", `["http://localhost:*"]`},
}

// localSettings is the document with what a local run needs where it is silent. It is text that goes in front, so that a fault of the document, such as a
// repeated key, stays in it for the functions to refuse.
// sdkURL is the sdk_url to put in, if any.
func localSettings(text, sdkURL string) (string, error) {
	text = strings.TrimSpace(text)
	if text != "" && text[0] != '{' {
		profile, err := json.Marshal(map[string]string{"profile": text})
		if err != nil {
			return "", err
		}
		text = string(profile)
	}
	if text == "" {
		text = "{}"
	}
	var given map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &given) != nil {
		return text, nil
	}
	for _, local := range append([]struct{ key, value string }{{"sdk_url", strconv.Quote(sdkURL)}}, localDefaults...) {
		if _, ok := given[local.key]; ok || local.value == `""` {
			continue
		}
		rest := strings.TrimSpace(text[1:])
		if rest != "}" {
			rest = "," + rest
		}
		text = fmt.Sprintf("{%q:%s%s", local.key, local.value, rest)
	}
	return text, nil
}

// newSecrets makes the SECRETS document: a mac key and signing keys.
func newSecrets() (string, error) {
	ring, err := secret.NewKeyring(rand.Reader, time.Now())
	if err != nil {
		return "", err
	}
	keys, err := token.NewSigningKeys(rand.Reader, time.Now())
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{"mac": ring, "signing": keys})
	return string(text), err
}

// keptSecrets reads the SECRETS document in dir, or makes it there. Whoever has the data needs the same one: passwords are hashed with its key.
func keptSecrets(dir string) (string, error) {
	path := filepath.Join(dir, "secrets.json")
	text, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	made, err := newSecrets()
	if err != nil {
		return "", err
	}
	return made, os.WriteFile(path, []byte(made+"\n"), 0o600)
}

// lockData makes dir and claims it, so that two runs can't pump one stream. The claim ends with the process.
func lockData(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("another `make run` or `make invoke` works on %s: stop it first", dir)
	}
	return func() { _ = file.Close() }, nil
}

// A RunFile says where a running stack can be reached; it is run.json in the data directory.
type RunFile struct {
	PID              int    `json:"pid"`
	APIURL           string `json:"api_url"`
	InboxURL         string `json:"inbox_url"`
	SESEndpoint      string `json:"ses_endpoint"`
	DynamoDBEndpoint string `json:"dynamodb_endpoint"`
}

func runFilePath(dir string) string { return filepath.Join(dir, "run.json") }

// ReadRunFile returns the run file in dir if the stack that wrote it runs.
func ReadRunFile(dir string) (RunFile, bool) {
	var r RunFile
	text, err := os.ReadFile(runFilePath(dir))
	if err != nil || json.Unmarshal(text, &r) != nil || r.PID <= 0 {
		return RunFile{}, false
	}
	return r, syscall.Kill(r.PID, 0) == nil
}

func (s *Stack) writeRunFile() error {
	if s.options.Data == "" {
		return nil
	}
	text, err := json.Marshal(RunFile{
		PID: os.Getpid(), APIURL: s.APIURL, InboxURL: s.InboxURL, SESEndpoint: s.SESEndpoint, DynamoDBEndpoint: s.DynamoDBEndpoint,
	})
	if err != nil {
		return err
	}
	s.announced = true
	return os.WriteFile(runFilePath(s.options.Data), append(text, '\n'), 0o600)
}

func (s *Stack) removeRunFile() {
	if s.announced {
		_ = os.Remove(runFilePath(s.options.Data))
	}
}
