// Command fuzz runs every fuzz target of the module for a while, as many at once as there are processors.
//
//	go run ./local/fuzz -time 60s             all of them
//	go run ./local/fuzz -time 5m -run Parse   those whose name matches; -skip leaves out
//
// It prints a line for each target, and of one that fails the input and the command that runs it again. `go test` fuzzes one target of one package
// at a time only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/doorstep-auth/doorstep/local/engine"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := command(ctx, os.Args[1:], os.Stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
}

// command does what args say and returns once everything that it started has ended. The error is a target's failure, the packages', or of args.
func command(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("fuzz", flag.ContinueOnError)
	flags.SetOutput(out)
	each := flags.String("time", "60s", "how long each target runs: a duration, or a number of executions such as 1000x")
	atOnce := flags.Int("at-once", runtime.NumCPU(), "how many targets run at once, a processor each")
	chosen := flags.String("run", "", "only targets whose name this regular expression finds")
	skipped := flags.String("skip", "", "no targets whose name this regular expression finds")
	if err := flags.Parse(args); err != nil {
		return err
	}
	pattern, err := regexp.Compile(*chosen)
	without, skipErr := regexp.Compile(*skipped)
	if err = errors.Join(err, skipErr); err != nil || !isTime(*each) || *atOnce < 1 || flags.NArg() > 0 {
		return errors.Join(errors.New("usage: fuzz [-time 60s] [-at-once 2] [-run pattern] [-skip pattern]"), err)
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	root, err := engine.FindRoot(dir)
	if err != nil {
		return err
	}
	if *skipped == "" {
		without = nil
	}
	return fuzz(ctx, options{root: root, each: *each, atOnce: *atOnce, pattern: pattern, without: without}, out)
}

// isTime says whether go test takes it for a time to fuzz.
func isTime(text string) bool {
	if count, executions := strings.CutSuffix(text, "x"); executions {
		n, err := strconv.Atoi(count)
		return err == nil && n > 0
	}
	d, err := time.ParseDuration(text)
	return err == nil && d > 0
}
