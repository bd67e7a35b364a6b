package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/doorstep-auth/doorstep/local/pump"
	"github.com/doorstep-auth/doorstep/local/sam/samcli"
)

const (
	// apiURL and lambdaURL are where sam local start-api and start-lambda listen when nothing else is said.
	apiURL    = "http://127.0.0.1:3000"
	lambdaURL = "http://127.0.0.1:3001"
	// variablesFile is samconfig.toml's env_vars.
	variablesFile = ".local/sam-env.json"
	// shellFile makes a shell ready for sam.
	shellFile = ".local/sam.sh"
)

// up leaves the set-up running until ctx ends. Mails are sent by sam local start-lambda, once that runs.
func up(ctx context.Context, b *bench) error {
	if err := os.MkdirAll(filepath.Join(b.root, ".local"), 0o755); err != nil {
		return err
	}
	if err := b.writeVariables(filepath.Join(b.root, variablesFile), apiURL); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(b.root, shellFile), []byte(shell(b)), 0o600); err != nil {
		return err
	}
	// Without what runs here, both are misleading.
	b.onEnd(func() error {
		return errors.Join(os.Remove(filepath.Join(b.root, shellFile)), os.Remove(filepath.Join(b.root, variablesFile)))
	})
	err := b.startPump(ctx, lambdaURL, func(batch pump.Batch) {
		b.report.note(fmt.Sprintf("mail/send got %s, of which %d failed", count(batch.Records, "record"), batch.Failed))
	})
	if err != nil {
		return err
	}
	b.report.section(fmt.Sprintf("In another terminal:\n\n  . %s    # then sam build, sam local invoke, sam local start-lambda, sam local start-api\n\n"+
		"Mails go to %s, once sam local start-lambda runs. Ctrl-C stops everything.", shellFile, b.ses.Endpoint))
	<-ctx.Done()
	b.summary = "Ended"
	return nil
}

// shell are the commands that make a shell ready for sam.
func shell(b *bench) string {
	var out strings.Builder
	out.WriteString("# Written by make sam-up: what the SAM CLI needs to know in this shell.\n")
	out.WriteString("unset AWS_PROFILE\n")
	for _, variable := range samcli.Variables(b.docker.Host) {
		fmt.Fprintf(&out, "export %s\n", variable)
	}
	fmt.Fprintf(&out, "export INBOX=%s\n", b.ses.Endpoint)
	fmt.Fprintf(&out, "export PATH=%q:\"$PATH\"\n", filepath.Join(b.root, ".venv", "bin"))
	return out.String()
}
