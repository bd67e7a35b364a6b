// Package screen shows on a terminal what a running stack does: one line for each request, batch and trouble. No line has a code, a token, a password or a
// whole address: paths come without their query, and what looks like one of them is masked.
package screen

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/doorstep-auth/doorstep/local/httpapi"
	"github.com/doorstep-auth/doorstep/local/lambdahost"
	"github.com/doorstep-auth/doorstep/local/pump"
)

// A Screen writes to a terminal or to a file. Its methods may be called from several goroutines.
type Screen struct {
	out      io.Writer
	terminal bool
	masks    []mask

	mu       sync.Mutex
	progress bool      // the last line is a progress line without an end
	told     time.Time // when the last progress was shown
}

type mask struct {
	pattern     *regexp.Regexp
	replacement string
}

// New shows on out; terminal says whether lines may be written over and coloured.
func New(out io.Writer, terminal bool) *Screen {
	return &Screen{out: out, terminal: terminal, masks: []mask{
		{regexp.MustCompile(`[^\s"'<>@/]+@([^\s"'<>@/]+)`), "…@$1"},
		{regexp.MustCompile(`eyJ[\w-]*\.[\w-]+(\.[\w-]*)?`), "…"},
		{regexp.MustCompile(`[\w-]{41,}`), "…"},
	}}
}

// Progress shows how the set-up goes. On a terminal each line takes the place of the one before; elsewhere there is one every other second.
func (s *Screen) Progress(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.terminal {
		if now := time.Now(); now.Sub(s.told) > 2*time.Second {
			s.told = now
			fmt.Fprintln(s.out, text)
		}
		return
	}
	fmt.Fprint(s.out, "\r\033[K"+text)
	s.progress = true
}

// Print shows text, which ends the progress.
func (s *Screen) Print(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.progress {
		fmt.Fprint(s.out, "\r\033[K")
		s.progress = false
	}
	fmt.Fprintln(s.out, text)
}

// Request shows one line: time, method, path, status, milliseconds, function, the error's code.
func (s *Screen) Request(r httpapi.Record) {
	line := fmt.Sprintf("%s  %-7s %-52s %s %5d ms  %s", clock(r.Time), r.Method, s.path(r.Path), s.status(r.Status), r.Duration.Milliseconds(), r.Function)
	if r.ErrorCode != "" {
		line += "  " + r.ErrorCode
	}
	if r.Err != nil {
		line += "  " + s.safe(r.Err.Error())
	}
	s.Print(strings.TrimRight(line, " "))
}

// Batch shows one line for a batch of stream records.
func (s *Screen) Batch(b pump.Batch) {
	what := fmt.Sprintf("%d %s", b.Records, plural("record", b.Records))
	if b.Failed > 0 {
		what += fmt.Sprintf(", %d to be done again", b.Failed-b.GivenUp)
	}
	if b.GivenUp > 0 {
		what += fmt.Sprintf(", %d given up (.local/dead-letters.jsonl)", b.GivenUp)
	}
	status := s.colour("ok ", green)
	if b.Failed > 0 {
		status = s.colour("err", red)
	}
	line := fmt.Sprintf("%s  %-7s %-52s %s %5d ms  %s", clock(time.Now()), "stream", what, status, b.Duration.Milliseconds(), b.Function)
	if b.Err != nil {
		line += "  " + s.safe(b.Err.Error())
	}
	s.Print(line)
}

// Log shows a function's warnings and errors in short, and what it prints that isn't a log record.
func (s *Screen) Log(l lambdahost.Line) {
	text := strings.TrimSpace(l.Text)
	var record struct{ Level, Msg, Message, Error string }
	if json.Unmarshal([]byte(text), &record) == nil {
		switch strings.ToUpper(record.Level) {
		case "WARN", "ERROR", "FATAL":
		default:
			return
		}
		text = strings.ToLower(record.Level) + ": " + record.Msg + record.Message
		if record.Error != "" {
			text += ": " + record.Error
		}
	}
	if text != "" {
		s.Print("          " + s.colour("log", yellow) + "     " + l.Function + "  " + s.safe(text))
	}
}

// Trouble shows what is wrong beside requests.
func (s *Screen) Trouble(err error) {
	s.Print("          " + s.colour("trouble", red) + " " + s.safe(err.Error()))
}

const (
	maxText    = 200
	maxPath    = 60
	maxSegment = 24
)

// safe is text on one line, shortened, without what nobody may read here.
func (s *Screen) safe(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	for _, m := range s.masks {
		text = m.pattern.ReplaceAllString(text, m.replacement)
	}
	return shorten(text, maxText)
}

// path shortens long segments, which are ids or worse, to their ends, and leaves out
// those of digits alone, which may be codes.
func (s *Screen) path(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if segment != "" && strings.Trim(segment, "0123456789") == "" {
			segments[i] = "…"
		}
		if runes := []rune(segment); len(runes) > maxSegment {
			segments[i] = string(runes[:4]) + "…" + string(runes[len(runes)-4:])
		}
	}
	return shorten(s.safe(strings.Join(segments, "/")), maxPath)
}

func shorten(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

func clock(t time.Time) string { return t.Local().Format("15:04:05") }

func plural(word string, n int) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

const (
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (s *Screen) status(status int) string {
	text := fmt.Sprintf("%3d", status)
	switch {
	case status >= 500:
		return s.colour(text, red)
	case status >= 400:
		return s.colour(text, yellow)
	}
	return s.colour(text, green)
}

func (s *Screen) colour(text, code string) string {
	if !s.terminal {
		return text
	}
	return "\033[" + code + "m" + text + "\033[0m"
}
