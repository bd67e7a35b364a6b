package flows_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/doorstep-auth/doorstep/local/template"
)

// A record is which actions each function was seen to call, as IAM names them.
type record struct {
	mu    sync.Mutex
	calls map[string]map[string]bool // by function, then by action
}

func newRecord() *record { return &record{calls: map[string]map[string]bool{}} }

func (r *record) add(function string, actions ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calls[function] == nil {
		r.calls[function] = map[string]bool{}
	}
	for _, action := range actions {
		r.calls[function][action] = true
	}
}

// actions are those that the function called, sorted.
func (r *record) actions(function string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := []string{}
	for action := range r.calls[function] {
		list = append(list, action)
	}
	slices.Sort(list)
	return list
}

// A proxy stands between the functions of one stack and the engines. The path of a request begins with the engine and the function, as the function's own
// endpoint variables have it, so that each call is known to be whose.
type proxy struct {
	*httptest.Server
	record        *record
	dynamodb, ses atomic.Pointer[url.URL]
	throttled     sync.Map // receivers whose first mail was throttled
	troubled      sync.Map // clients in whose way DynamoDB gets, with the domain
	troubles      sync.Map // how often it got a request about one of them
	mu            sync.Mutex
}

const dynamodbPart, sesPart = "dynamodb", "ses"

func newProxy(r *record) *proxy {
	p := &proxy{record: r}
	p.Server = httptest.NewServer(p)
	return p
}

func (p *proxy) close() {
	p.CloseClientConnections()
	p.Close()
}

// endpoints lead each function here.
func (p *proxy) endpoints(t *template.Template) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, f := range t.Functions {
		all[f.Path] = map[string]string{
			"DYNAMODB_ENDPOINT": p.URL + "/" + dynamodbPart + "/" + f.Path,
			"SES_ENDPOINT":      p.URL + "/" + sesPart + "/" + f.Path,
		}
	}
	return all
}

// lead says where the engines are. Until then only connections are opened, which needs no engine.
func (p *proxy) lead(dynamodb, ses string) {
	for engine, endpoint := range map[*atomic.Pointer[url.URL]]string{&p.dynamodb: dynamodb, &p.ses: ses} {
		target, err := url.Parse(endpoint)
		if err != nil {
			panic(err)
		}
		engine.Store(target)
	}
}

// ServeHTTP passes a request on and records it.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 4)
	if len(parts) < 3 {
		http.NotFound(w, r)
		return
	}
	function, engine := parts[1]+"/"+parts[2], p.ses.Load()
	if parts[0] == dynamodbPart {
		engine = p.dynamodb.Load()
	}
	body, err := io.ReadAll(r.Body)
	if engine == nil || err != nil {
		http.Error(w, "not yet", http.StatusServiceUnavailable)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.URL.Path = "/" + strings.Join(parts[3:], "/")
	// What isn't signed asks for nothing: it only opens a connection.
	if r.Header.Get("Authorization") != "" {
		p.record.add(function, actions(parts[0], r, body)...)
		if parts[0] == sesPart && p.refused(w, body) {
			return
		}
	}
	forward := &httputil.ReverseProxy{Rewrite: func(out *httputil.ProxyRequest) { out.SetURL(engine) }}
	if parts[0] == dynamodbPart && p.disturbed(w, r, body, forward) {
		return
	}
	forward.ServeHTTP(w, r)
}

// actions are what IAM asks for before it allows the request (Service Authorization Reference: a transaction needs those of its parts).
func actions(engine string, r *http.Request, body []byte) []string {
	if engine == sesPart {
		if r.Method == http.MethodPost && r.URL.Path == "/v2/email/outbound-emails" {
			return []string{"ses:SendEmail"}
		}
		return []string{"ses:" + r.Method + " " + r.URL.Path}
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if operation != "TransactWriteItems" {
		return []string{"dynamodb:" + operation}
	}
	var transaction struct{ TransactItems []map[string]json.RawMessage }
	if err := json.Unmarshal(body, &transaction); err != nil {
		return []string{"dynamodb:" + operation}
	}
	var list []string
	for _, item := range transaction.TransactItems {
		for part := range item {
			list = append(list, "dynamodb:"+part+"Item")
		}
	}
	return list
}

// Domains of receivers whose mails meet a fate of their own.
const (
	refusedDomain   = "@refused.example"   // SES refuses them for good
	throttledDomain = "@throttled.example" // SES asks to send the first one later
)

// refused answers as SES does to a mail that it doesn't take, and says whether it did.
func (p *proxy) refused(w http.ResponseWriter, body []byte) bool {
	var mail struct {
		Destination struct{ ToAddresses []string }
	}
	if json.Unmarshal(body, &mail) != nil || len(mail.Destination.ToAddresses) == 0 {
		return false
	}
	to := mail.Destination.ToAddresses[0]
	switch {
	case strings.HasSuffix(to, refusedDomain):
		refuse(w, http.StatusBadRequest, "MessageRejected", "Address is on the suppression list for your account: "+to)
		return true
	case strings.HasSuffix(to, throttledDomain):
		if _, again := p.throttled.LoadOrStore(to, true); !again {
			refuse(w, http.StatusTooManyRequests, "TooManyRequestsException", "Maximum sending rate exceeded.")
			return true
		}
	}
	return false
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Amzn-ErrorType", code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message}) // a failure is the client's to see
}
