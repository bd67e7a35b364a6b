package samcli

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// fakeSAM is a CLI whose sam runs script.
func fakeSAM(t *testing.T, script string) *CLI {
	t.Helper()
	root := t.TempDir()
	bin := filepath.Join(root, ".venv", "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "sam"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return &CLI{Root: root, DockerHost: "unix:///there", EnvVars: "env.json", Temporary: t.TempDir()}
}

func TestInvoke(t *testing.T) {
	for name, test := range map[string]struct{ script, answer, fault string }{
		"an answer":          {`echo log >&2; printf '\n{"statusCode":200}\n'`, `{"statusCode":200}`, ""},
		"the event":          {`cat "$5"`, `{"given":1}`, ""},
		"a function's fault": {`echo '{"errorMessage":"no","errorType":"Sandbox.Failure"}'`, "", "Sandbox.Failure no"},
		"nothing":            {`echo timed out >&2`, "", "isn't JSON"},
		"SAM's fault":        {`echo "no such template" >&2; exit 1`, "", "no such template"},
	} {
		answer, err := fakeSAM(t, test.script).Invoke(t.Context(), "AFunction", []byte(`{"given":1}`))
		if test.fault == "" && (err != nil || string(answer) != test.answer) {
			t.Errorf("%s: %s %v", name, answer, err)
		}
		if test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)) {
			t.Errorf("%s: %s %v", name, answer, err)
		}
	}
}

func TestBuildSaysWhatFailed(t *testing.T) {
	err := fakeSAM(t, `echo "Build Failed"; exit 1`).Build(t.Context())
	if err == nil || !strings.Contains(err.Error(), "Build Failed") {
		t.Error(err)
	}
}

func TestAnInterruptedCommandIsStopped(t *testing.T) {
	c := fakeSAM(t, `trap 'touch stopped; exit 0' TERM; touch started; sleep 60 & wait`)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			if _, err := os.Stat(filepath.Join(c.Root, "started")); err == nil {
				cancel()
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	if err := c.Build(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(c.Root, "stopped")); err != nil {
		t.Error(err)
	}
}

// Functions in containers get the engines' credentials, never the developer's.
func TestTheDevelopersAccountStaysOut(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	t.Setenv("AWS_SESSION_TOKEN", "secret")
	env := fakeSAM(t, "").command("build").Env
	for _, variable := range env {
		if strings.HasPrefix(variable, "AWS_PROFILE=") || strings.HasPrefix(variable, "AWS_SESSION_TOKEN=") {
			t.Error(variable)
		}
	}
	if !slices.Contains(env, "DOCKER_HOST=unix:///there") || !slices.Contains(env, "AWS_ACCESS_KEY_ID=local") {
		t.Errorf("%q", env)
	}
}

func TestAServerThatEnds(t *testing.T) {
	_, err := fakeSAM(t, `echo "port is taken"; exit 1`).StartAPI(t.Context(), freePort(t))
	if err == nil || !strings.Contains(err.Error(), "port is taken") {
		t.Error(err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func TestInvokeAPI(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event, _ := io.ReadAll(r.Body)
		switch {
		case r.Method+r.URL.Path != "POST/2015-03-31/functions/MailSendFunction/invocations":
			w.WriteHeader(http.StatusNotFound)
		case string(event) == `"fail"`:
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			_, _ = io.WriteString(w, `{"errorMessage":"no"}`)
		case string(event) == `"crash"`:
			_, _ = io.WriteString(w, `{"errorType":"Sandbox.Failure"}`)
		default:
			_, _ = io.WriteString(w, `{"batchItemFailures":[]}`)
		}
	}))
	defer api.Close()
	f := &Function{URL: api.URL, LogicalID: "MailSendFunction"}
	if result, err := f.Invoke(t.Context(), []byte(`{}`), ""); err != nil || string(result.Payload) != `{"batchItemFailures":[]}` {
		t.Errorf("%s %v", result.Payload, err)
	}
	for _, event := range []string{`"fail"`, `"crash"`} {
		if _, err := f.Invoke(t.Context(), []byte(event), ""); err == nil {
			t.Errorf("%s succeeded", event)
		}
	}
	f.LogicalID = "OtherFunction"
	if _, err := f.Invoke(t.Context(), []byte(`{}`), ""); err == nil || !strings.Contains(err.Error(), "404") {
		t.Error(err)
	}
}

// A record that comes before sam local start-lambda listens waits for it.
func TestInvokeAPIThatStartsLater(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	f := &Function{URL: "http://" + address, LogicalID: "MailSendFunction"}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := f.Invoke(ctx, []byte(`{}`), ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := f.Invoke(context.Background(), []byte(`{}`), "")
		done <- err
	}()
	time.Sleep(20 * time.Millisecond)
	if listener, err = net.Listen("tcp", address); err != nil {
		t.Skip(err) // somebody else has it now
	}
	api := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })}
	go func() { _ = api.Serve(listener) }()
	defer api.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
