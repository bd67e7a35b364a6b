package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/doorstep-auth/doorstep/local/process"
)

// options say what to run.
type options struct {
	root string
	// each is how long a target runs: a duration, or a number of executions such as 1000x.
	each    string
	atOnce  int
	pattern *regexp.Regexp
	without *regexp.Regexp // nil leaves none out
	// cache is where inputs that are worth keeping are kept; empty is where go test has them.
	cache string
}

// minimize is how much is spent on making an input that is worth keeping shorter. By default that is up to a minute each, which would be all there is.
const minimize = "100x"

// fuzz finds, builds and runs the targets. The error counts those that failed, of which out has the rest, or says what else is wrong.
func fuzz(ctx context.Context, o options, out io.Writer) error {
	began := time.Now()
	targets, err := find(ctx, o)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "doorstep-fuzz-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	programs, err := build(ctx, o.root, dir, targets)
	if err != nil {
		return err
	}
	if o.cache == "" {
		cache, err := goCommand(ctx, o.root, "env", "GOCACHE")
		if err != nil {
			return err
		}
		o.cache = filepath.Join(strings.TrimSpace(string(cache)), "fuzz")
	}
	fmt.Fprintf(out, "Fuzz targets: %d, %s each, %d at once\n", len(targets), o.each, min(o.atOnce, len(targets)))
	if err := o.runAll(ctx, targets, programs, out); err != nil {
		return err
	}
	fmt.Fprintf(out, "All held; it took %s.\n", time.Since(began).Round(time.Second))
	return nil
}

// runAll runs the targets' programs and reports each to out.
func (o options) runAll(ctx context.Context, targets []target, programs map[string]string, out io.Writer) error {
	failed := 0
	for r := range atOnce(o.atOnce, targets, func(t target) result { return o.run(ctx, t, programs[t.Package]) }) {
		if ctx.Err() != nil {
			continue // it was interrupted, which says nothing
		}
		fmt.Fprint(out, r.report())
		if r.failed {
			failed++
		}
	}
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case failed > 0:
		return fmt.Errorf("%d of %d fuzz targets failed", failed, len(targets))
	}
	return nil
}

// atOnce runs the targets, so many at a time, and yields their results as they end.
func atOnce(many int, targets []target, run func(target) result) <-chan result {
	results, slots := make(chan result), make(chan struct{}, many)
	var all sync.WaitGroup
	go func() {
		for _, t := range targets {
			slots <- struct{}{}
			all.Go(func() {
				results <- run(t)
				<-slots
			})
		}
		all.Wait()
		close(results)
	}()
	return results
}

// stopGrace is how long a target that is interrupted may take to end.
const stopGrace = 5 * time.Second

// run fuzzes one target in its package's folder, where it keeps an input that fails.
func (o options) run(ctx context.Context, t target, program string) result {
	if ctx.Err() != nil {
		return result{target: t}
	}
	cmd := exec.Command(program, "-test.run=^$", "-test.fuzz=^"+t.Name+"$", "-test.fuzztime="+o.each,
		"-test.fuzzcachedir="+filepath.Join(o.cache, t.ImportPath), "-test.fuzzminimizetime="+minimize, "-test.parallel=1", "-test.timeout=0")
	cmd.Dir = filepath.Join(o.root, filepath.FromSlash(t.Package))
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	began := time.Now()
	running, err := process.Start(cmd)
	if err != nil {
		return result{target: t, failed: true, output: err.Error()}
	}
	select {
	case <-running.Done():
	case <-ctx.Done():
		running.Stop(stopGrace)
	}
	return judge(t, output.String(), running.Err(), time.Since(began))
}
