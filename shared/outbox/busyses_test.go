package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// busySES answers as SES's API 2 is documented to, over connections in memory.
type busySES struct {
	server  *http.Server
	dialled chan net.Conn
	clients []*http.Client

	mu     sync.Mutex
	began  time.Time
	chance *rand.Rand
	// tokens are how many mails it would take now: it fills by sendRate a second, up to that many.
	tokens float64
	at     time.Time

	accepted                   map[string][]acceptedMail // by mail id
	throttled, dropped, failed int
}

type acceptedMail struct {
	to, code string
	at       time.Time
}

// The pause: for a while every mail is answered with the fault of an account whose sending is paused.
const (
	pauseAfter = 2 * time.Minute
	pause      = 20 * time.Second
)

func newBusySES() *busySES {
	now := time.Now()
	s := &busySES{
		dialled: make(chan net.Conn), began: now, at: now, tokens: sendRate, chance: rand.New(rand.NewPCG(5, 6)), accepted: map[string][]acceptedMail{},
	}
	s.server = &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)}
	go s.server.Serve(s)
	return s
}

// client is the HTTP client of one environment, whose connections all lead here.
func (s *busySES) client() *http.Client {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		near, far := net.Pipe()
		select {
		case s.dialled <- far:
			return near, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients = append(s.clients, client)
	return client
}

// Accept, Close and Addr make it a net.Listener.
func (s *busySES) Accept() (net.Conn, error) {
	conn, open := <-s.dialled
	if !open {
		return nil, errors.New("closed")
	}
	return conn, nil
}

func (s *busySES) Close() error   { return nil }
func (s *busySES) Addr() net.Addr { return &net.UnixAddr{Name: "ses.test"} }

func (s *busySES) close() {
	for _, client := range s.clients {
		client.CloseIdleConnections()
	}
	close(s.dialled)
	s.server.Close()
}

// A refusal is what SES holds against an address for good, and what of it is recorded.
type refusal struct{ code, message, reason string }

// refusalOf is the one of about 1 address in 50.
func refusalOf(address string) *refusal {
	switch {
	case strings.Contains(address, "13@"):
		return &refusal{"MessageRejected", "Address is on the suppression list for your account.", "address_suppressed"}
	case strings.Contains(address, "77@"):
		return &refusal{"BadRequestException", "Illegal address", "address_invalid"}
	}
	return nil
}

// sendEmail is what of a SendEmail request is looked at.
type sendEmail struct {
	Content struct {
		Simple struct {
			Body struct{ Text struct{ Data string } }
		}
	}
	Destination struct{ ToAddresses []string }
	EmailTags   []struct{ Name, Value string }
}

// ServeHTTP serves the API's one operation that mails need.
func (s *busySES) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var request sendEmail
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || len(request.Destination.ToAddresses) != 1 {
		fail(w, http.StatusBadRequest, "BadRequestException", "not a mail")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	to, now := request.Destination.ToAddresses[0], time.Now()
	s.tokens, s.at = min(sendRate, s.tokens+sendRate*now.Sub(s.at).Seconds()), now
	since := now.Sub(s.began)
	switch refused := refusalOf(to); {
	case pauseAfter < since && since < pauseAfter+pause:
		s.failed++
		fail(w, http.StatusBadRequest, "SendingPausedException", "Sending is paused for this account.")
	case s.tokens < 1:
		s.throttled++
		fail(w, http.StatusTooManyRequests, "TooManyRequestsException", "Maximum sending rate exceeded.")
	case refused != nil:
		fail(w, http.StatusBadRequest, refused.code, refused.message)
	case s.chance.IntN(100) == 0:
		s.failed++
		fail(w, http.StatusInternalServerError, "InternalServiceErrorException", "")
	default:
		s.accept(request, now)
		if s.chance.IntN(50) == 0 {
			s.dropped++
			panic(http.ErrAbortHandler) // the mail is on its way, and nobody learns of it
		}
		_, _ = io.WriteString(w, `{"MessageId":"1"}`)
	}
}

func (s *busySES) accept(request sendEmail, now time.Time) {
	s.tokens--
	for _, tag := range request.EmailTags {
		if tag.Name == "mail_id" {
			m := acceptedMail{request.Destination.ToAddresses[0], codeIn(request.Content.Simple.Body.Text.Data), now}
			s.accepted[tag.Value] = append(s.accepted[tag.Value], m)
		}
	}
}

func fail(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Amzn-ErrorType", code)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message})
}
