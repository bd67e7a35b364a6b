// Command openapi holds docs/openapi.json against the running system: schemathesis, which the Makefile installs, makes requests of it, alone and in
// sequences along the document's links, and checks each answer against it.
//
//	go run ./local/openapi [schemathesis' own options]
//
// Beside what schemathesis finds, it fails when a function logs an error, or when an operation never ended in one of its ways: then nothing was shown
// of it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/stack"
)

// settingsDocument allows all that is built, so that all of it is asked for, and has no limits: requests come as fast as they can.
const settingsDocument = `{
  "attributes": {
    "email_address": {"strategies": ["email_code", "email_link"]}, "phone_number": {"requirement": "optional"}, "username": {"requirement": "optional"},
    "web3_wallet": {"requirement": "optional"}, "birthday": {"requirement": "optional"}, "gender": {"requirement": "optional"}
  },
  "single_session": false,
  "limits": {"creates_per_source": 0, "attempts_per_source": 0},
  "restrictions": {"block_disposable_domains": true},
  "sso": {"apps": ["CRM"], "signup_allowed": ["CRM"], "login_allowed": ["CRM"], "approval_needed": false, "inform_if_not_confirmed": true}
}`

// firstSuperUser decides on others in the scenes.
const firstSuperUser = `{"username": "chief", "password": "correct horse battery staple"}`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := check(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// parts are the runs of schemathesis: requests alone, and sequences along the document's links. A pass of sequences ends soon, as answers aren't the
// same each time, which Hypothesis takes for flakiness; within a time limit it is followed by others.
var parts = [][]string{{"--phases=examples,coverage,fuzzing"}, {"--phases=stateful", "--max-time=60"}}

// check runs everything and returns what is wrong.
func check(ctx context.Context, args []string) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	root, err := engine.FindRoot(dir)
	if err != nil {
		return err
	}
	seen := newRecords()
	s, err := stack.Start(ctx, stack.Options{Root: root, Settings: settingsDocument, OnLog: seen.add})
	if err != nil {
		return err
	}
	if _, err := s.Once(ctx, "sso/operator", []byte(firstSuperUser)); err != nil {
		s.Stop()
		return err
	}
	for _, part := range parts {
		err = errors.Join(err, schemathesis(ctx, root, s, append(part, args...)))
	}
	s.Stop()
	unshown := seen.unshown(os.Stdout)
	if err != nil || len(args) > 0 { // options may choose a part
		unshown = nil
	}
	return errors.Join(err, seen.faults(), unshown)
}

// schemathesis runs it to its end, where it may leave its notes. Its hooks read the mails of the stack.
func schemathesis(ctx context.Context, root string, s *stack.Stack, args []string) error {
	here, notes := filepath.Join(root, "local", "openapi"), filepath.Join(root, ".local", "openapi")
	if err := os.MkdirAll(notes, 0o755); err != nil {
		return err
	}
	key, err := operatorKey(ctx, s)
	if err != nil {
		return err
	}
	program := filepath.Join(root, ".venv", "openapi", "bin", "schemathesis")
	cmd := exec.CommandContext(ctx, program, append([]string{
		"--config-file", filepath.Join(here, "schemathesis.toml"), "run", filepath.Join(root, "docs", "openapi.json"), "--url", s.APIURL,
	}, args...)...)
	cmd.Dir = notes
	cmd.Env = append(os.Environ(), "SCHEMATHESIS_HOOKS="+filepath.Join(here, "hooks.py"), "API_URL="+s.APIURL, "INBOX_URL="+s.InboxURL, "OPERATOR_KEY="+key, "PYTHONPATH="+here, "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("schemathesis: %w", err)
	}
	return nil
}

// operatorKey is what keys/operator shows.
func operatorKey(ctx context.Context, s *stack.Stack) (string, error) {
	answer, err := s.Once(ctx, "keys/operator", []byte("{}"))
	if err != nil {
		return "", err
	}
	var shown struct {
		OperatorKey string `json:"operator_key"`
	}
	return shown.OperatorKey, json.Unmarshal(answer, &shown)
}
