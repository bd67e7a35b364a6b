package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// A result is what came of one target.
type result struct {
	target target
	failed bool
	took   time.Duration
	// executions is as the target printed it.
	executions string
	// inputs is how many are kept, because they lead to different places in the code.
	inputs string
	// input is the file or seed that fails; empty if none is known.
	input string
	// output is what a failed target printed, without its progress.
	output string
}

var (
	progress  = regexp.MustCompile(`(?m)^fuzz: elapsed: \S+, execs: (\d+) \(\d+/sec\), new interesting: \d+ \(total: (\d+)\)$`)
	baseline  = regexp.MustCompile(`(?m)^fuzz: elapsed: \S+, gathering baseline coverage: (\d+)/(\d+) completed`)
	written   = regexp.MustCompile(`(?m)^\s*Failing input written to (\S+)$`)
	seed      = regexp.MustCompile(`failure while testing seed corpus entry: \w+/(\S+)`)
	atTheEnd  = regexp.MustCompile(`(?m)^--- FAIL: \w+ \(\S+\)\n\s+context deadline exceeded\n(FAIL\n|exit status \d+\n)*\z`)
	noSeeds   = "warning: starting with empty corpus"
	otherLine = regexp.MustCompile(`(?m)^fuzz: elapsed: .*\n`)
)

// judge reads what a target printed; failure is how its program ended.
//
// A target that ran its whole time can end with nothing but "context deadline exceeded": before Go 1.27 the end of the time itself was sometimes taken for
// a failure (go.dev/issue/75804). No input has failed then.
func judge(t target, output string, failure error, took time.Duration) result {
	r := result{target: t, took: took, failed: failure != nil}
	// A short time can be over while the kept inputs are still tried: then those are what was executed.
	for _, line := range []*regexp.Regexp{baseline, progress} {
		if all := line.FindAllStringSubmatch(output, -1); len(all) > 0 {
			r.executions, r.inputs = all[len(all)-1][1], all[len(all)-1][2]
		}
	}
	if found := written.FindStringSubmatch(output); found != nil {
		r.input = found[1]
	} else if found := seed.FindStringSubmatch(output); found != nil {
		r.input = found[1]
	}
	if r.failed && r.input == "" && r.executions != "" && r.executions != "0" && atTheEnd.MatchString(output) {
		r.failed = false
	}
	if strings.Contains(output, noSeeds) {
		r.failed = true // it would begin with nothing to vary
	}
	if !r.failed && r.executions == "" {
		r.failed = true // it did nothing
	}
	if r.failed {
		r.output = otherLine.ReplaceAllString(output, "")
	}
	return r
}

// report is a line, with what is needed to see a failure again.
func (r result) report() string {
	line := fmt.Sprintf("  %-44s %12s executions %6s inputs %8s\n", r.target, r.executions, r.inputs, r.took.Round(time.Second))
	if !r.failed {
		return line
	}
	var text strings.Builder
	fmt.Fprintf(&text, "FAILED %s", strings.TrimLeft(line, " "))
	for printed := range strings.Lines(strings.TrimSpace(r.output)) {
		text.WriteString("    " + strings.TrimRight(printed, "\n") + "\n")
	}
	if r.input == "" {
		return text.String()
	}
	name := r.input
	if strings.Contains(name, "/") {
		name = name[strings.LastIndex(name, "/")+1:]
		fmt.Fprintf(&text, "  the input: %s/%s\n", r.target.Package, r.input)
	}
	fmt.Fprintf(&text, "  again:     go test ./%s -run '^%s$/^%s$'\n", r.target.Package, r.target.Name, name)
	return text.String()
}
