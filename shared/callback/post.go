package callback

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/doorstep-auth/doorstep/shared/secret"
)

// maxAnswer is how many bytes of an answer's body are read, and thrown away.
const maxAnswer = 64 << 10

// ClientOptions describe how receivers are reached.
type ClientOptions struct {
	// Timeout is how long one attempt may take.
	Timeout time.Duration
	// Local lets the machine's own addresses in.
	Local bool
	// Resolver and Roots are the system's where they are nil.
	Resolver *net.Resolver
	Roots    *x509.CertPool
}

// Client posts messages. It reaches public addresses only, follows no redirect, asks no
// proxy and verifies certificates.
type Client struct {
	http    *http.Client
	timeout time.Duration
}

// NewClient makes a client with connections of its own.
func NewClient(o ClientOptions) *Client {
	dialer := &net.Dialer{Resolver: o.Resolver, Control: guard(o.Local)}
	transport := &http.Transport{
		Proxy: nil, DialContext: dialer.DialContext, ForceAttemptHTTP2: true, DisableCompression: true, MaxResponseHeaderBytes: maxAnswer,
		MaxIdleConnsPerHost: 1, TLSClientConfig: &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
	}
	return &Client{timeout: o.Timeout, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what came of one attempt.
type answer struct {
	status     int // 0 if there was no answer
	retryAfter time.Duration
	err        error // says nothing of the URL but its host
}

func (a answer) accepted() bool { return a.status/100 == 2 }

// gone is a receiver that wants no more messages.
func (a answer) gone() bool { return a.status == http.StatusGone }

// post sends m once.
func (c *Client) post(ctx context.Context, to string, m message, keys *secret.Keyring, now time.Time) answer {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(m.body))
	if err != nil {
		return answer{err: withoutURL(err)}
	}
	request.Header = http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"Doorstep"},
		headerID: {m.id}, headerTimestamp: {timestamp(now)}, headerSignature: {signatures(keys, to, m, now)},
	}
	response, err := c.http.Do(request)
	if err != nil {
		return answer{err: withoutURL(err)}
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer))
	_ = response.Body.Close()
	return answer{status: response.StatusCode, retryAfter: retryAfter(response.Header.Get("Retry-After"), now)}
}

// closeIdle ends connections that wouldn't outlive the pause until the next invocation.
func (c *Client) closeIdle() { c.http.CloseIdleConnections() }

// withoutURL drops what net/http says of the request: a URL may hold a key.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// retryAfter reads a Retry-After (RFC 9110 §10.2.3): seconds, or a date. Anything else is 0.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
