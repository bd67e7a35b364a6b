package main

import (
	"fmt"
	"io"
	"time"
)

// A report tells on a terminal, or in a log, what was done and how long it took.
type report struct {
	out   io.Writer
	began time.Time
	last  time.Time // when the last line was written
}

func newReport(out io.Writer) *report {
	now := time.Now()
	return &report{out: out, began: now, last: now}
}

// section begins a group of lines.
func (r *report) section(title string) {
	fmt.Fprintln(r.out, "\n"+title)
	r.last = time.Now()
}

// done tells what has been done since the last line.
func (r *report) done(what, detail string) {
	now := time.Now()
	line := fmt.Sprintf("  %-44s %-44s %6.1f s", what, detail, now.Sub(r.last).Seconds())
	fmt.Fprintln(r.out, line)
	r.last = now
}

// note is a line without a time.
func (r *report) note(text string) { fmt.Fprintln(r.out, "  "+text) }

// total is how long everything took until now.
func (r *report) total() string {
	took := time.Since(r.began).Round(time.Second)
	return fmt.Sprintf("%d min %02d s", int(took.Minutes()), int(took.Seconds())%60)
}
