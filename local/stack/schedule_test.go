package stack_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/stack"
)

// noted has a stack keep what its second consumer prints.
func noted(t *testing.T, o *stack.Options) func(prefix string) []string {
	t.Helper()
	var mu sync.Mutex
	var lines []string
	o.OnLog = func(l lambdahost.Line) {
		mu.Lock()
		defer mu.Unlock()
		if l.Function == "events/note" {
			lines = append(lines, l.Text)
		}
	}
	return func(prefix string) []string {
		mu.Lock()
		defer mu.Unlock()
		var found []string
		for _, line := range lines {
			if rest, ok := strings.CutPrefix(line, prefix); ok {
				found = append(found, rest)
			}
		}
		return found
	}
}

// Two functions on one stream each get every record, once, over a restart: each has a checkpoint of its own.
func TestTwoConsumersOfOneStream(t *testing.T) {
	o := play(t)
	o.Data = t.TempDir()
	lines := noted(t, &o)
	s := start(t, o)
	for _, id := range []string{"a", "b"} {
		post(t, s.APIURL+"/things/"+id)
	}
	both := func(n int) func() bool {
		return func() bool { return len(mails(t, s)) == n && len(lines("noted ")) == n }
	}
	await(t, "two of each", both(2))
	if err := s.RestartPump(context.Background()); err != nil {
		t.Fatal(err)
	}
	post(t, s.APIURL+"/things/c")
	await(t, "the third of each", both(3))
	got := lines("noted ")
	slices.Sort(got)
	if diff := cmp.Diff([]string{"a", "b", "c"}, got); diff != "" {
		t.Error(diff)
	}
}

// A function's schedule runs where the function has something to do, and ends with the stack.
func TestSchedulesRun(t *testing.T) {
	o := play(t)
	o.ScheduleEvery = 20 * time.Millisecond
	lines := noted(t, &o)
	s := start(t, o)
	await(t, "two invocations", func() bool { return len(lines("scheduled by aws.events arn:aws:events:")) >= 2 })
	s.Stop()
	before := len(lines("scheduled by "))
	time.Sleep(5 * o.ScheduleEvery)
	if after := len(lines("scheduled by ")); after != before {
		t.Errorf("%d invocations after the stop", after-before)
	}
}
