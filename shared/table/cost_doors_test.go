package table

import (
	"slices"
	"strings"
	"testing"
)

// doorCosts are requests, in order, and units, by the name of the operation.
var doorCosts = map[string]struct {
	calls    string
	wru, rru float64
}{
	"register: anonymous":                     {"TransactWriteItems", 4, 0},
	"register: key":                           {"GetItem TransactWriteItems", 6, 0.5},
	"register: password":                      {"GetItem TransactWriteItems", 4, 0.5},
	"register: e-mail":                        {"BatchGetItem TransactWriteItems", 6, 1},
	"register: e-mail, keeping quiet":         {"UpdateItem GetItem UpdateItem TransactWriteItems", 6, 0.5},
	"register: a taken e-mail, keeping quiet": {"UpdateItem GetItem UpdateItem TransactWriteItems", 4, 0.5},
	"sign in: password":                       {"GetItem GetItem PutItem", 1, 1.5},
	"sign in: key":                            {"BatchGetItem PutItem UpdateItem", 2, 2},
	"sign in: anonymous":                      {"GetItem PutItem", 1, 1},
	"sign in: code":                           {"GetItem GetItem UpdateItem TransactWriteItems", 7, 1.5},
	"challenge at sign-in":                    {"GetItem GetItem PutItem", 1, 1.5},
	"challenge an address":                    {"BatchGetItem PutItem", 1, 2},
	"prove an address":                        {"BatchGetItem UpdateItem TransactWriteItems", 5, 2},
	"first password":                          {"BatchGetItem PutItem", 1, 2},
	"another password":                        {"BatchGetItem PutItem", 1, 2},
	"first key":                               {"BatchGetItem TransactWriteItems", 4, 2},
	"another key":                             {"BatchGetItem TransactWriteItems", 4, 2},

	"register: tokens at once":                {"GetItem TransactWriteItems", 6, 0.5},
	"register: confirm address":               {"GetItem TransactWriteItems", 4, 0.5},
	"register: confirm a taken address":       {"GetItem TransactWriteItems", 2, 0.5},
	"confirm address":                         {"GetItem TransactWriteItems", 4, 1},
	"remind of the link":                      {"GetItem GetItem PutItem", 1, 1.5},
	"invite":                                  {"GetItem GetItem GetItem TransactWriteItems", 4, 2}, // as for an address that is taken
	"invite again":                            {"GetItem GetItem PutItem", 1, 1.5},
	"accept an invitation":                    {"GetItem TransactWriteItems", 4, 1},
	"challenge a reset":                       {"GetItem GetItem PutItem", 1, 1.5},
	"reset":                                   {"GetItem TransactWriteItems", 4, 1},
	"reset, of a proved address":              {"GetItem PutItem", 1, 1},
	"providers":                               {"GetItem GetItem", 0, 1.5},
	"refresh":                                 {"BatchGetItem UpdateItem", 1, 2},
	"refresh once more":                       {"BatchGetItem UpdateItem", 1, 2},
	"refresh again within the grace":          {"BatchGetItem", 0, 2},
	"refresh with a token that two have used": {"BatchGetItem DeleteItem", 1, 2},
	"delete":                                  {"BatchGetItem Query TransactWriteItems", 6, 3},

	"register: confirm token":         {"BatchGetItem TransactWriteItems", 8, 1},
	"register: confirm token by mail": {"BatchGetItem TransactWriteItems", 8, 1},
	"confirm sign-up":                 {"GetItem GetItem PutItem", 1, 2}, // only the ticket says whose it is
	"confirm sign-up by mail":         {"GetItem GetItem TransactWriteItems", 4, 2},
	"approve":                         {"BatchGetItem GetItem PutItem", 1, 3},
	"reject":                          {"BatchGetItem GetItem PutItem", 1, 3},
	"register: first super-user":      {"GetItem TransactWriteItems", 6, 0.5},
}

// TestG8CostOfAccounts holds each operation of the families that make accounts in one
// call to its requests, in order, and to its units.
func TestG8CostOfAccounts(t *testing.T) {
	for _, op := range slices.Concat(doorCrashings, passwordsCrashings, ssoCrashings) {
		want, priced := doorCosts[op.name]
		if !priced {
			continue
		}
		t.Run(op.name, func(t *testing.T) {
			d := op.door(t)
			d.meter.reset()
			d.must(op.run(t.Context(), d))
			calls := slices.Clone(d.meter.calls)
			if op.name == "sign in: key" {
				slices.Sort(calls[1:]) // the session is stored while the key's use is noted
			}
			if got := strings.Join(calls, " "); got != want.calls || d.meter.wru > want.wru || d.meter.rru > want.rru {
				t.Errorf("sent %q for %.1f WRU and %.1f RRU, want %q for at most %.1f and %.1f", got, d.meter.wru, d.meter.rru, want.calls, want.wru, want.rru)
			}
			d.meter.reset()
			if op.name == "sign in: key" {
				d.must(op.run(t.Context(), d))
				if got := strings.Join(d.meter.calls, " "); got != "BatchGetItem PutItem" {
					t.Errorf("again on the same day it sent %q", got)
				}
			}
		})
	}
}
