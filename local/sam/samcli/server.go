package samcli

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/doorstep-auth/doorstep/local/process"
)

// A Server is `sam local start-api` or `sam local start-lambda`.
type Server struct {
	// URL is its base URL, such as http://127.0.0.1:3000.
	URL string

	process *process.Process
	log     *log
}

// startLimit is for the start of a container for each function, too.
const startLimit = 2 * time.Minute

// StartAPI starts the HTTP API on a port of 127.0.0.1, and returns when it takes requests.
func (c *CLI) StartAPI(ctx context.Context, port int) (*Server, error) {
	return c.serve(ctx, "start-api", port)
}

// StartLambda starts Lambda's Invoke API on a port of 127.0.0.1, and returns when it takes requests.
func (c *CLI) StartLambda(ctx context.Context, port int) (*Server, error) {
	return c.serve(ctx, "start-lambda", port)
}

func (c *CLI) serve(ctx context.Context, command string, port int) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	// With LAZY a function's container comes with its first request, and stays.
	args := append([]string{"local", command, "--host", "127.0.0.1", "--port", strconv.Itoa(port), "--warm-containers", "LAZY"}, c.local()...)
	cmd := c.command(args...)
	s := &Server{URL: "http://127.0.0.1:" + strconv.Itoa(port), log: &log{}}
	cmd.Stdout, cmd.Stderr = s.log, s.log
	p, err := process.Start(cmd)
	if err != nil {
		return nil, fmt.Errorf("sam local %s: %w", command, err)
	}
	s.process = p
	for {
		connection, err := net.DialTimeout("tcp", strings.TrimPrefix(s.URL, "http://"), time.Second)
		if err == nil {
			return s, connection.Close()
		}
		select {
		case <-ctx.Done():
			s.Stop()
			return nil, fmt.Errorf("sam local %s didn't start: %w\n%s", command, ctx.Err(), s.Log())
		case <-p.Done():
			return nil, fmt.Errorf("sam local %s ended at once (%v):\n%s", command, p.Err(), s.Log())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Stop ends the server, which removes its containers.
func (s *Server) Stop() { s.process.Stop(stopGrace) }

// Log is the end of what SAM and the functions printed.
func (s *Server) Log() string { return s.log.String() }

const logSize = 8 << 10

// log keeps the end of what is written to it.
type log struct {
	mu   sync.Mutex
	text []byte
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if over := len(l.text) - logSize; over > 0 {
		l.text = bytes.Clone(l.text[over:])
	}
	return len(p), nil
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
