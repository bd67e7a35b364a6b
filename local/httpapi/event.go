package httpapi

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// An event is a request in API Gateway's payload format 2.0. aws-lambda-go's type isn't used: it writes members that the gateway leaves out.
type event struct {
	Version               string            `json:"version"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	PathParameters        map[string]string `json:"pathParameters,omitempty"`
	RequestContext        requestContext    `json:"requestContext"`
	Body                  string            `json:"body,omitempty"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
}

type requestContext struct {
	AccountID    string      `json:"accountId"`
	APIID        string      `json:"apiId"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         contextHTTP `json:"http"`
	RequestID    string      `json:"requestId"`
	RouteKey     string      `json:"routeKey"`
	Stage        string      `json:"stage"`
	Time         string      `json:"time"`
	TimeEpoch    int64       `json:"timeEpoch"` // milliseconds
}

type contextHTTP struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// commonLogTime is the Common Log Format's time, as in requestContext.time.
const commonLogTime = "02/Jan/2006:15:04:05 -0700"

const apiID = "local"

// newEvent translates a request that goes to route. rawPath is decoded, as an HTTP API delivers it in spite of the name.
func (h *Handler) newEvent(r *http.Request, routeKey string, parameters map[string]string, body []byte) event {
	now := h.options.Now()
	source := sourceIP(r)
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	prefix, _, _ := strings.Cut(host, ".")
	e := event{
		Version: "2.0", RouteKey: routeKey, RawPath: r.URL.Path, RawQueryString: r.URL.RawQuery,
		Cookies: cookies(r.Header), Headers: headers(r, source, len(body)),
		QueryStringParameters: queryParameters(r.URL.RawQuery), PathParameters: parameters,
		RequestContext: requestContext{
			AccountID: h.options.AccountID, APIID: apiID, DomainName: host, DomainPrefix: prefix,
			HTTP: contextHTTP{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: source, UserAgent: r.UserAgent(),
			},
			RequestID: requestID(), RouteKey: routeKey, Stage: "$default",
			Time: now.UTC().Format(commonLogTime), TimeEpoch: now.UnixMilli(),
		},
	}
	e.Headers["x-amzn-trace-id"] = traceID(now)
	switch {
	case len(body) == 0:
	case isText(r.Header.Get("Content-Type")):
		// Bytes that aren't UTF-8 become U+FFFD when the event is written.
		e.Body = string(body)
	default:
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return e
}

// isText says whether an HTTP API delivers a body of the content type as text. Anything else comes in base64: forms too, and what has no type.
func isText(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(strings.ToLower(contentType), ";")
		kind = strings.TrimSpace(kind)
	}
	switch kind {
	case "application/json", "application/xml", "application/javascript":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}

// headers are the request's with names in lower case and values of the same name joined by commas, besides cookies and what belongs to the connection.
func headers(r *http.Request, source string, length int) map[string]string {
	all := map[string]string{"host": r.Host, "content-length": strconv.Itoa(length)}
	for name, values := range r.Header {
		switch name {
		case "Cookie", "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		default:
			all[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	if earlier := all["x-forwarded-for"]; earlier != "" {
		source = earlier + ", " + source
	}
	all["x-forwarded-for"] = source
	all["x-forwarded-proto"] = "http"
	all["x-forwarded-port"] = "80"
	if address, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		all["x-forwarded-port"] = strconv.Itoa(address.Port)
	}
	return all
}

func cookies(h http.Header) []string {
	var list []string
	for _, line := range h["Cookie"] {
		for cookie := range strings.SplitSeq(line, ";") {
			if cookie = strings.TrimSpace(cookie); cookie != "" {
				list = append(list, cookie)
			}
		}
	}
	return list
}

// queryParameters decodes a query; the values of one name are joined by commas.
func queryParameters(query string) map[string]string {
	var parameters map[string]string
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = decodeQuery(name), decodeQuery(value)
		if parameters == nil {
			parameters = map[string]string{}
		}
		if earlier, ok := parameters[name]; ok {
			value = earlier + "," + value
		}
		parameters[name] = value
	}
	return parameters
}

func decodeQuery(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// requestID looks like API Gateway's: 15 characters of base64 and an equals sign.
func requestID() string {
	var b [11]byte
	_, _ = rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}

func traceID(now time.Time) string {
	var b [12]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("Root=1-%08x-%s", now.Unix(), hex.EncodeToString(b[:]))
}
