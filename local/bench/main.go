// Command bench shows that answers take the same time for addresses that have an account as for those that have none, with enumeration protection.
//
//	go run ./local/bench [-pairs N] [-leak-pairs N] [-leak DURATION] [-seed N]
//
// It runs the built functions on the local host. For each pair, one visitor signs up with a known and one with an unknown address, in random order, and both
// try a wrong code, in random order. Their times are alike if neither Welch's t test nor Kolmogorov and Smirnov's tells them apart (p > 0.01). Two tests
// of two operations show a difference by chance in up to one run of 25; so if there is one, all is measured once more, and it counts if there still is
// one. Then the same is done with a leak: known addresses are made to take longer, which must be found.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

type options struct {
	pairs, leakPairs int
	leak             time.Duration
	seed             uint64
}

// Each host serves so many pairs, then a fresh one takes over: the local table's stream gets slower as it grows. The first pairs on it aren't counted: what
// runs for the first time takes longer.
const (
	pairsPerHost = 1000
	firstPairs   = 50
	people       = 20 // addresses that have an account on a host, and as many that have none
)

func main() {
	o := options{}
	flag.IntVar(&o.pairs, "pairs", 10000, "pairs of visitors")
	flag.IntVar(&o.leakPairs, "leak-pairs", 2000, "pairs of visitors with the planted leak")
	flag.DurationVar(&o.leak, "leak", time.Millisecond, "the planted leak")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of the order within pairs and of the addresses")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) error {
	if min(o.pairs, o.leakPairs) < 2 {
		return errors.New("-pairs and -leak-pairs must be 2 or more")
	}
	began := time.Now()
	b := &bench{random: rand.New(rand.NewPCG(o.seed, 0)), out: out}
	fmt.Fprintf(out, "Sign-ups with enumeration_protection on the local host, without passwords and limits; %d processors, seed %d.\n",
		runtime.NumCPU(), o.seed)
	fmt.Fprintf(out, "%d pairs of a known and an unknown address:\n", o.pairs)
	if err := b.mustBeAlike(ctx, o.pairs); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d pairs with a leak of %s planted in create for known addresses:\n", o.leakPairs, o.leak)
	found, err := b.compare(ctx, o.leakPairs, o.leak)
	if err != nil {
		return err
	}
	if found["create"].alike() {
		return errors.New("the planted leak wasn't found")
	}
	fmt.Fprintf(out, "Passed in %s: known and unknown addresses take the same time, and a leak of %s is found.\n", time.Since(began).Round(time.Second), o.leak)
	return nil
}

// A bench measures on one host after the other.
type bench struct {
	random *rand.Rand
	out    io.Writer
}

// mustBeAlike measures, and once more if something shows.
func (b *bench) mustBeAlike(ctx context.Context, pairs int) error {
	for try := range 2 {
		if try > 0 {
			fmt.Fprintln(b.out, "  once more, as that may be chance:")
		}
		found, err := b.compare(ctx, pairs, 0)
		if err != nil {
			return err
		}
		if found["create"].alike() && found["attempt"].alike() {
			return nil
		}
	}
	return errors.New("known and unknown addresses are told apart")
}

// times are those of known addresses and of unknown ones, by operation, in microseconds.
type times map[string]*[2][]float64

func (t times) add(operation string, kind int, d time.Duration) {
	t[operation][kind] = append(t[operation][kind], float64(d)/float64(time.Microsecond))
}

// compare measures, and prints and returns what the tests say of each operation.
func (b *bench) compare(ctx context.Context, pairs int, leak time.Duration) (map[string]comparison, error) {
	took := times{"create": {}, "attempt": {}}
	for done := 0; done < pairs; done += pairsPerHost {
		if err := b.measure(ctx, took, min(pairsPerHost, pairs-done), leak); err != nil {
			return nil, err
		}
	}
	found := map[string]comparison{}
	for _, operation := range []string{"create", "attempt"} {
		c := compare(took[operation][0], took[operation][1])
		fmt.Fprintf(b.out, "  %-8s %s\n", operation, c)
		found[operation] = c
	}
	return found, nil
}

// measure adds the times of so many pairs on a host of their own.
func (b *bench) measure(ctx context.Context, took times, pairs int, leak time.Duration) error {
	h, err := newHost(ctx, people, b.random)
	if err != nil {
		return err
	}
	defer h.stop()
	if err := h.receive(ctx, times{"create": {}, "attempt": {}}, firstPairs, 0); err != nil {
		return err
	}
	if err := h.receive(ctx, took, pairs, leak); err != nil {
		return err
	}
	return h.countMails(firstPairs + pairs)
}

// receive lets pairs of visitors in. leak is what the harness adds to the time of known addresses at create.
func (h *host) receive(ctx context.Context, took times, pairs int, leak time.Duration) error {
	for i := range pairs {
		addresses := [2]string{h.known[i%people], h.unknown[i%people]}
		var visitors [2]*visitor
		for _, kind := range h.random.Perm(2) {
			v, d, err := h.create(ctx, addresses[kind])
			if err != nil {
				return err
			}
			visitors[kind] = v
			if leak > 0 && kind == 0 {
				slept := time.Now()
				time.Sleep(leak)
				d += time.Since(slept)
			}
			took.add("create", kind, d)
		}
		for _, kind := range h.random.Perm(2) {
			_, d, err := visitors[kind].attempt(ctx, wrongCode, http.StatusUnprocessableEntity)
			if err != nil {
				return err
			}
			took.add("attempt", kind, d)
		}
	}
	return nil
}

// wrongCode is right once in a million, which then ends the run.
const wrongCode = "000000"

// countMails is an error unless each visitor's address was mailed once, whichever kind it is.
func (h *host) countMails(pairs int) error {
	known := h.mails.total(h.known, pairs+people) - people // one each to sign up with
	unknown := h.mails.total(h.unknown, pairs)
	if known != pairs || unknown != pairs {
		return fmt.Errorf("of %d mails each, %d came to known addresses and %d to unknown ones", pairs, known, unknown)
	}
	return nil
}
