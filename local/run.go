package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/doorstep-auth/doorstep/local/engine"
	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/screen"
	"github.com/doorstep-auth/doorstep/local/stack"
	"github.com/doorstep-auth/doorstep/local/tryit"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

const (
	defaultPort      = 8080
	defaultInboxPort = 8005
)

// run shows a stack until ctx ends or something in it does.
func run(ctx context.Context, root string, getenv func(string) string, stdout io.Writer) error {
	show := screen.New(stdout, isTerminal(stdout) && getenv("NO_COLOR") == "")
	o, err := options(root, getenv)
	if err != nil {
		return err
	}
	o.OnProgress, o.OnRequest, o.OnBatch, o.OnTrouble = show.Progress, show.Request, show.Batch, show.Trouble
	ready := make(chan struct{})
	o.OnLog = func(l lambdahost.Line) {
		select {
		case <-ready:
			show.Log(l)
		default: // what a function says before that comes in the error of Start
		}
	}
	o.Page = func(inboxURL string) http.Handler { return tryit.Handler(tryit.Config{InboxURL: inboxURL}) }
	s, err := stack.Start(ctx, o)
	if err != nil {
		show.Print("")
		return oneLine(err)
	}
	defer s.Stop()
	show.Print(summary(s, o))
	close(ready)
	select {
	case <-ctx.Done():
		show.Print("\nStopping.")
		return nil
	case err := <-s.Failed():
		return err
	}
}

// oneLine leaves out where an error was met on the way when the person only needs what to do.
func oneLine(err error) error {
	var port *stack.PortError
	if errors.As(err, &port) {
		return port
	}
	var fault *lambdahost.InitError
	if errors.As(err, &fault) {
		return fault
	}
	return err
}

// options reads the variables that usage lists.
func options(root string, getenv func(string) string) (stack.Options, error) {
	o := stack.Options{
		Root: root, Data: filepath.Join(root, ".local"), DynamoDBEndpoint: strings.TrimSuffix(getenv("DYNAMODB_ENDPOINT"), "/"),
		MailFrom: getenv("MAIL_FROM"), PublicURL: getenv("PUBLIC_URL"),
	}
	var err error
	if o.Port, err = port(getenv, "PORT", defaultPort); err != nil {
		return o, err
	}
	if o.InboxPort, err = port(getenv, "INBOX_PORT", defaultInboxPort); err != nil {
		return o, err
	}
	o.Settings, err = readSettings(getenv("SETTINGS"))
	return o, err
}

func port(getenv func(string) string, variable string, otherwise int) (int, error) {
	value := getenv(variable)
	if value == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 65535 {
		return 0, fmt.Errorf("%s=%s is no port: it must be a number from 1 to 65535", variable, value)
	}
	return n, nil
}

// readSettings is the document in the file that value names, or value itself if it is a profile's name.
func readSettings(value string) (string, error) {
	text, err := os.ReadFile(value)
	switch {
	case value == "":
		return "", nil
	case err == nil:
		if _, err := settings.Parse(text); err != nil {
			return "", fmt.Errorf("SETTINGS=%s: %w", value, err)
		}
		return string(text), nil
	case strings.ContainsAny(value, "./"):
		return "", fmt.Errorf("SETTINGS=%s: there is no such file", value)
	}
	if _, err := settings.Load(value); err != nil {
		return "", fmt.Errorf("SETTINGS=%s: %w", value, err)
	}
	return value, nil
}

// summary is the screen's head.
func summary(s *stack.Stack, o stack.Options) string {
	data := "data in .local/ (`make clean` forgets it)"
	if o.DynamoDBEndpoint != "" {
		data = "the one you named"
	}
	rows := [][2]string{
		{"API", s.APIURL},
		{"Try it", s.APIURL + "/"},
		{"Inbox", s.InboxURL + "  (JSON: " + s.InboxURL + "/store)"},
		{"Table", engine.TableName + " at " + s.DynamoDBEndpoint + ", " + data},
		{"Settings", settingsInForce(s.Settings)},
	}
	for _, warning := range s.Warnings {
		rows = append(rows, [2]string{"Warning", warning})
	}
	var out strings.Builder
	out.WriteString("Doorstep runs on this machine. Ctrl-C stops it.\n\n")
	for _, row := range rows {
		for i, line := range strings.Split(row[1], "\n") {
			if i > 0 {
				row[0] = ""
			}
			fmt.Fprintf(&out, "  %-10s %s\n", row[0], line)
		}
	}
	return out.String()
}

// settingsInForce says in three lines what a sign-up asks for.
func settingsInForce(document string) string {
	s, err := settings.Load(document)
	if err != nil {
		return err.Error() // the functions would have said so before
	}
	asked := map[settings.Requirement][]string{}
	for _, name := range settings.AttributeNames() {
		requirement, _ := s.Attribute(name)
		asked[requirement] = append(asked[requirement], name)
	}
	origin := "the defaults"
	if s.Profile != "" {
		origin = "profile " + s.Profile
	}
	lines := []string{origin + ", mode " + string(s.Mode)}
	for _, requirement := range []settings.Requirement{settings.Required, settings.Optional} {
		if names := asked[requirement]; len(names) > 0 {
			lines = append(lines, string(requirement)+": "+strings.Join(names, ", "))
		}
	}
	lines = append(lines, "origins: "+strings.Join(s.AllowedOrigins, ", "))
	return strings.Join(lines, "\n")
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
