// Command local runs Doorstep on one machine, without Docker and without AWS: `sam local` for this project.
//
//	go run ./local run                    everything, until Ctrl-C
//	go run ./local invoke <function>      one function on one event
//	go run ./local operator <name>        the first super-user of the sso family
//	go run ./local install                the engines' npm packages, which tests need, too
//
// What can be chosen comes from environment variables, which `make run NAME=value` sets: see usage.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/doorstep-auth/doorstep/local/engine"
)

const usage = `usage: local run | local invoke <family>/<operation> [event.json] | local operator <name> | local install

run takes from the environment:
  PORT=8080              port of the API
  INBOX_PORT=8005        port of the mails' viewer
  SETTINGS=              a settings document (file) or a profile's name
  MAIL_FROM=             sender of the mails
  PUBLIC_URL=            where browsers reach the API, if not at http://localhost:PORT
  DYNAMODB_ENDPOINT=     a DynamoDB to use instead of the one in .local/

invoke and operator take them, too; without SETTINGS= links are mailed beside codes, as the events want it.
operator also takes PASSWORD=`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := command(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	if err == nil || (ctx.Err() != nil && errors.Is(err, context.Canceled)) {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// command does what args say. It returns once everything that it started has ended.
func command(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	root, err := engine.FindRoot(dir)
	if err != nil {
		return err
	}
	switch {
	case len(args) == 1 && args[0] == "run":
		return run(ctx, root, getenv, stdout)
	case len(args) == 2 && args[0] == "invoke":
		return invoke(ctx, root, args[1], "", getenv, stdout, stderr)
	case len(args) == 3 && args[0] == "invoke":
		return invoke(ctx, root, args[1], args[2], getenv, stdout, stderr)
	case len(args) == 2 && args[0] == "operator":
		return operator(ctx, root, args[1], getenv, stdout, stderr)
	case len(args) == 1 && args[0] == "install":
		return engine.Install(ctx, root)
	}
	return errors.New(usage)
}
