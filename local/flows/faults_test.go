package flows_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Domains of people in whose way DynamoDB gets: the first request of each kind about one of them goes wrong.
const (
	lostDomain = "@lost.example" // it takes effect, and its answer is lost
	busyDomain = "@busy.example" // it is throttled, and the second one meets another transaction
)

// A trouble is what is counted: requests of one kind about one client, or about an address before there is one.
type trouble struct{ domain, operation, who string }

// disturbed treats a request to DynamoDB as the fate of whom it is about wants it, and says whether it has answered.
func (p *proxy) disturbed(w http.ResponseWriter, r *http.Request, body []byte, forward http.Handler) bool {
	domain, who := p.about(body)
	if domain == "" {
		return false
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	seen, _ := p.troubles.LoadOrStore(trouble{domain, operation, who}, new(int))
	p.mu.Lock()
	defer p.mu.Unlock()
	times := seen.(*int)
	*times++
	switch {
	case domain == lostDomain && *times == 1:
		forward.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case domain == busyDomain && *times == 1:
		fail(w, "ProvisionedThroughputExceededException", nil)
		return true
	case domain == busyDomain && *times == 2 && operation == "TransactWriteItems":
		none, conflict := map[string]string{"Code": "None"}, map[string]string{"Code": "TransactionConflict"}
		fail(w, "TransactionCanceledException", []any{conflict, none, none, none})
		return true
	case domain == busyDomain && *times == 2 && !slices.Contains([]string{"BatchGetItem", "GetItem", "Query"}, operation):
		fail(w, "TransactionConflictException", nil)
		return true
	}
	return false
}

// about says whom of the troubled a request is about: by the address, or by the client or user that came with it.
func (p *proxy) about(body []byte) (domain, who string) {
	found := regexp.MustCompile(`(CLIENT|USER)#\w+`).FindAllString(string(body), -1)
	if len(found) > 0 {
		who = found[0]
	}
	for _, domain := range []string{lostDomain, busyDomain} {
		if bytes.Contains(body, []byte(domain)) {
			for _, name := range found {
				p.troubled.Store(name, domain)
			}
			return domain, who
		}
	}
	if known, ok := p.troubled.Load(who); ok {
		return known.(string), who
	}
	return "", ""
}

func fail(w http.ResponseWriter, code string, reasons []any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"__type": "com.amazonaws.dynamodb.v20120810#" + code, "message": "as the test wants", "CancellationReasons": reasons,
	})
}

// checkFaults: each kind of request met its fault and came again, so that the scripts' passing says something.
func (r *run) checkFaults(t *testing.T) {
	s, err := r.stack("")
	if err != nil {
		t.Fatal(err)
	}
	repeated := map[string]bool{}
	s.proxy.troubles.Range(func(key, times any) bool {
		if *times.(*int) > 1 {
			repeated[key.(trouble).domain+" "+key.(trouble).operation] = true
		}
		return true
	})
	for _, domain := range []string{lostDomain, busyDomain} {
		for _, operation := range []string{"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "TransactWriteItems"} {
			if !repeated[domain+" "+operation] {
				t.Errorf("no %s of %s was repeated", operation, domain)
			}
		}
	}
}
