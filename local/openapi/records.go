package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/shared/wire"
)

// records are what the functions logged.
type records struct {
	mu       sync.Mutex
	statuses map[string]map[int]int // by operation and status, how often
	errors   []string
}

func newRecords() *records { return &records{statuses: map[string]map[int]int{}} }

// mostErrors is how many records of errors are shown.
const mostErrors = 10

func (r *records) add(line lambdahost.Line) {
	var record struct {
		Level, Operation string
		Status           int
	}
	if json.Unmarshal([]byte(line.Text), &record) != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if record.Level == "ERROR" && len(r.errors) < mostErrors {
		r.errors = append(r.errors, line.Function+": "+line.Text)
	}
	if record.Operation == "" {
		return
	}
	if r.statuses[record.Operation] == nil {
		r.statuses[record.Operation] = map[int]int{}
	}
	r.statuses[record.Operation][record.Status]++
}

// faults are the errors that functions logged.
func (r *records) faults() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []error
	for _, text := range r.errors {
		all = append(all, errors.New("a function logged an error: "+text))
	}
	return errors.Join(all...)
}

// unshown writes how often each operation ended how, and returns which operations never ended in one of their ways without a problem.
func (r *records) unshown(out io.Writer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var missing []error
	for _, w := range wire.All() {
		for _, op := range w.Operations {
			seen := r.statuses[op.Name]
			fmt.Fprintf(out, "%-30s", op.Name)
			for _, status := range slices.Sorted(maps.Keys(seen)) {
				fmt.Fprintf(out, "  %d × %d", status, seen[status])
			}
			fmt.Fprintln(out)
			for _, answer := range op.Answers {
				if seen[answer.Status] == 0 {
					missing = append(missing, fmt.Errorf("%s was never answered with %d: nothing is shown of it", op.Name, answer.Status))
				}
			}
		}
	}
	return errors.Join(missing...)
}
