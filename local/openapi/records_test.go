package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/shared/wire"
)

// shown are records in which every operation ended in each of its ways.
func shown() *records {
	r := newRecords()
	for _, w := range wire.All() {
		for _, op := range w.Operations {
			for _, answer := range op.Answers {
				r.add(lambdahost.Line{Text: fmt.Sprintf(`{"level":"INFO","operation":%q,"status":%d}`, op.Name, answer.Status)})
			}
		}
	}
	return r
}

func TestRecordsThatShowEverything(t *testing.T) {
	r := shown()
	r.add(lambdahost.Line{Text: "no record at all"})
	var out strings.Builder
	if err := r.unshown(&out); err != nil || r.faults() != nil {
		t.Error(err, r.faults())
	}
	if !strings.Contains(out.String(), "signups/confirm-link            200 × 1  303 × 1\n") {
		t.Errorf("the table is\n%s", out.String())
	}
}

func TestRecordsThatLackAnAnswer(t *testing.T) {
	r := shown()
	delete(r.statuses["signups/confirm-link"], 303)
	r.statuses["signups/confirm-link"][400] = 7
	err := r.unshown(&strings.Builder{})
	if err == nil || err.Error() != "signups/confirm-link was never answered with 303: nothing is shown of it" {
		t.Error(err)
	}
}

func TestRecordsOfErrors(t *testing.T) {
	r := shown()
	r.add(lambdahost.Line{Function: "client/get", Text: `{"level":"ERROR","operation":"client/get","status":500,"error":"disk full"}`})
	if err := r.faults(); err == nil || !strings.Contains(err.Error(), "client/get") || !strings.Contains(err.Error(), "disk full") {
		t.Error(err)
	}
}
