// Package build compiles the functions into bootstrap programs that run on this machine. What hasn't changed isn't built again: a stamp beside the
// programs says what they were made from, and below that Go's own build cache does its work.
package build

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// Options say what to build.
type Options struct {
	// Root is the module's root.
	Root string
	// Source is the directory of the functions, relative to Root; empty is functions.
	Source string
	// Output is where the programs go, as <family>/<operation>/bootstrap.
	Output string
	// Functions are their paths, such as signups/create.
	Functions []string
	// Progress gets a line now and then, such as "built 3 of 12 functions"; it may be nil. It is called from one goroutine at a time.
	Progress func(string)
}

// Bootstrap is where the program of a function is, once it is built.
func Bootstrap(output, function string) string {
	return filepath.Join(output, filepath.FromSlash(function), "bootstrap")
}

// Functions builds. Several builds into the same output, of several test binaries for example, wait for each other. The error has the compiler's
// messages.
func Functions(ctx context.Context, o Options) error {
	if o.Source == "" {
		o.Source = "functions"
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	for _, function := range o.Functions {
		if _, err := os.Stat(filepath.Join(o.Root, o.Source, filepath.FromSlash(function))); err != nil {
			return fmt.Errorf("template.yaml has the function %s, but there is no %s/%s", function, o.Source, function)
		}
	}
	if err := os.MkdirAll(o.Output, 0o755); err != nil {
		return err
	}
	unlock, err := lock(filepath.Join(o.Output, ".lock"))
	if err != nil {
		return err
	}
	defer unlock()
	return (&builder{Options: o}).run(ctx)
}

// lock waits until no other process holds the file.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		_ = file.Close()
		return nil, err
	}
	return func() { _ = file.Close() }, nil
}

type builder struct {
	Options
	mu   sync.Mutex // of Progress
	done atomic.Int32
}

func (b *builder) run(ctx context.Context) error {
	sources, err := b.fingerprint()
	if err != nil {
		return err
	}
	var stale []string
	for _, function := range b.Functions {
		if have, err := os.ReadFile(b.stamp(function)); err != nil || string(have) != sources {
			stale = append(stale, function)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	b.compile(ctx)
	if err := b.link(ctx, stale); err != nil {
		return err
	}
	for _, function := range stale {
		if err := os.WriteFile(b.stamp(function), []byte(sources), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// stamp is the file that says what a program was made from.
func (b *builder) stamp(function string) string { return Bootstrap(b.Output, function) + ".sources" }

// fingerprint is a hash of everything that the functions can be made from: the module's files but for those that only other things use.
func (b *builder) fingerprint() (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version(), flags())
	for _, part := range []string{"go.mod", "go.sum", "shared", b.Source} {
		err := filepath.WalkDir(filepath.Join(b.Root, part), func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			fmt.Fprintln(sum, path)
			return hashFile(sum, path)
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func hashFile(into io.Writer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(into, file)
	return err
}

func flags() []string { return []string{"-trimpath", "-tags", "lambda.norpc", "-ldflags", "-s -w"} }

func (b *builder) goBuild(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build"}, args...)...)
	cmd.Dir = b.Root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	return cmd
}

// compile fills Go's build cache with what all functions share, which on a fresh machine is nearly all the work, and tells how it goes. Its errors come
// again, and better, when a function is linked.
func (b *builder) compile(ctx context.Context) {
	if _, err := os.Stat(filepath.Join(b.Root, "shared")); err != nil {
		return
	}
	cmd := b.goBuild(ctx, append(flags(), "-v", "./shared/...")...)
	reader, writer := io.Pipe()
	cmd.Stderr = writer
	var reading sync.WaitGroup
	reading.Go(func() {
		lines := bufio.NewScanner(reader)
		for n := 1; lines.Scan(); n++ {
			b.tell("compiled %d packages", n)
		}
		_, _ = io.Copy(io.Discard, reader)
	})
	_ = cmd.Run()
	_ = writer.Close()
	reading.Wait()
}

// link builds the functions, as many at once as there are processors.
func (b *builder) link(ctx context.Context, functions []string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	slots := make(chan struct{}, runtime.NumCPU())
	errs := make(chan error, len(functions))
	for _, function := range functions {
		go func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			err := b.linkOne(ctx, function)
			if err == nil {
				b.tell("built %d of %d functions", b.done.Add(1), len(functions))
			}
			errs <- err
		}()
	}
	var first error
	for range functions {
		if err := <-errs; err != nil && first == nil {
			first = err
			cancel()
		}
	}
	return first
}

// linkOne builds beside the old program, which may be running, and then takes its place. It begins with the old one, which Go leaves as it is when
// nothing has changed.
func (b *builder) linkOne(ctx context.Context, function string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	target := Bootstrap(b.Output, function)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	fresh, source := target+".new", "./"+b.Source+"/"+function
	_ = os.Remove(fresh)
	_ = os.Link(target, fresh)
	output, err := b.goBuild(ctx, append(flags(), "-o", fresh, source)...).CombinedOutput()
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s doesn't build:\n%s", function, bytes.TrimSpace(output))
	}
	if err := os.Rename(fresh, target); err != nil {
		return err
	}
	_ = os.Remove(fresh) // still there if both are one file
	return nil
}

func (b *builder) tell(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Progress(fmt.Sprintf(format, args...))
}
