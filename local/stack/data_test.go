package stack

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/token"
)

func TestLocalSettings(t *testing.T) {
	const limits = `"limits":{"creates_per_source":0,"attempts_per_source":0}`
	const all = `{"allowed_origins":["http://localhost:*"],"redirect_urls":["http://localhost:*"],` + limits
	for text, want := range map[string]string{
		"":                          all + `}`,
		" {} ":                      all + `}`,
		"clerk":                     all + `,"profile":"clerk"}`,
		`{"app_name":"A"}`:          all + `,"app_name":"A"}`,
		`{"mode":"a","mode":"b"}`:   all + `,"mode":"a","mode":"b"}`,
		`{"allowed_origins":["x"]}`: `{"redirect_urls":["http://localhost:*"],` + limits + `,"allowed_origins":["x"]}`,
		`{"redirect_urls":[]}`:      `{"allowed_origins":["http://localhost:*"],` + limits + `,"redirect_urls":[]}`,
		`{"limits":{}}`:             `{"allowed_origins":["http://localhost:*"],"redirect_urls":["http://localhost:*"],"limits":{}}`,
		`{"not JSON`:                `{"not JSON`,
		`{"allowed_origins":null}`:  `{"redirect_urls":["http://localhost:*"],` + limits + `,"allowed_origins":null}`,
	} {
		if got, err := localSettings(text, ""); err != nil || got != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	const npm = "http://localhost:8080/local-npm"
	for text, want := range map[string]string{
		"":                          all + `,"sdk_url":"` + npm + `"}`,
		`{"sdk_url":"https://cdn"}`: all + `,"sdk_url":"https://cdn"}`,
	} {
		if got, err := localSettings(text, npm); err != nil || got != want {
			t.Errorf("%q with packages: %s, %v", text, got, err)
		}
	}
}

func TestSecretsAreKept(t *testing.T) {
	dir := t.TempDir()
	first, err := keptSecrets(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := keptSecrets(dir)
	if err != nil || first != second {
		t.Errorf("the second are others: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "secrets.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	var documents map[string]json.RawMessage
	if err := json.Unmarshal([]byte(first), &documents); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.ParseKeyring(documents["mac"]); err != nil {
		t.Error(err)
	}
	if _, err := token.ParseSigningKeys(documents["signing"]); err != nil {
		t.Error(err)
	}
}

func TestARunFileOfAStackThatIsGone(t *testing.T) {
	dir := t.TempDir()
	if _, ok := ReadRunFile(dir); ok {
		t.Error("there is none")
	}
	for _, text := range []string{`{"pid":4194303}`, `{"pid":0}`, `nonsense`} {
		if err := os.WriteFile(runFilePath(dir), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := ReadRunFile(dir); ok {
			t.Errorf("%s runs", text)
		}
	}
}
