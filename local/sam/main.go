// Command sam shows that Doorstep runs under SAM's own local tools, in Docker, or sets up what they need.
//
//	go run ./local/sam prove    sam build, sam local invoke on every event, whole sign-ups through sam local start-api
//	go run ./local/sam up       what sam local needs, until Ctrl-C, for commands by hand
//
// Both start a Docker engine when none answers, and stop everything that they started. The SAM CLI is the Makefile's to install.
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

const usage = "usage: sam prove | sam up"

func main() {
	// A reader that has gone away ends the run like any other signal, and doesn't kill it: what was started has to be stopped.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	if err := command(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// command does what args say. It returns once everything that it started has ended.
func command(ctx context.Context, args []string, out io.Writer) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	root, err := engine.FindRoot(dir)
	if err != nil {
		return err
	}
	run := map[string]func(context.Context, *bench) error{"prove": prove, "up": up}
	if len(args) != 1 || run[args[0]] == nil {
		return errors.New(usage)
	}
	b, err := newBench(root, newReport(out))
	if err != nil {
		return err
	}
	if err = b.setUp(ctx); err == nil {
		err = run[args[0]](ctx, b)
	}
	if err = b.end(err); err != nil {
		return fmt.Errorf("\nFailed after %s.\n%w", b.report.total(), err)
	}
	fmt.Fprintf(out, "\n%s. Everything is stopped; it took %s.\n", b.summary, b.report.total())
	return nil
}
