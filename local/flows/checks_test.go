package flows_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// find returns the member of a JSON value that a path such as response.sessions.0.id names; len is a list's length.
func find(value any, path string) (any, bool) {
	for step := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			member, ok := v[step]
			if !ok {
				return nil, false
			}
			value = member
		case []any:
			n, err := strconv.Atoi(step)
			switch {
			case step == "len":
				value = float64(len(v))
			case err != nil || n >= len(v):
				return nil, false
			default:
				value = v[n]
			}
		default:
			return nil, false
		}
	}
	return value, true
}

func (s *script) cmdStatus(_ *testscript.TestScript, _ bool, args []string) error {
	if len(args) != 1 || s.answer == nil {
		return usage("status N, after a request")
	}
	if got := strconv.Itoa(s.answer.status); got != args[0] {
		return fmt.Errorf("status %s: %s", got, s.answer.body)
	}
	return nil
}

func (s *script) cmdJSON(_ *testscript.TestScript, neg bool, args []string) error {
	if s.answer == nil || len(args) == 0 || len(args) != map[bool]int{true: 1, false: 2}[neg] {
		return usage("json PATH VALUE, or ! json PATH, after a request")
	}
	got, found := find(s.answer.json, args[0])
	switch {
	case neg && found:
		return fmt.Errorf("there is %s: %v", args[0], got)
	case neg:
		return nil
	case !found:
		return fmt.Errorf("there is no %s", args[0])
	}
	if text, ok := got.(string); ok && text == args[1] {
		return nil
	}
	var want any
	if json.Unmarshal([]byte(args[1]), &want) != nil || !reflect.DeepEqual(got, want) {
		shown, _ := json.Marshal(got)
		return fmt.Errorf("%s is %s", args[0], shown)
	}
	return nil
}

func (s *script) cmdLet(ts *testscript.TestScript, _ bool, args []string) error {
	if len(args) != 2 || s.answer == nil {
		return usage("let NAME PATH, after a request")
	}
	value, found := find(s.answer.json, args[1])
	if !found {
		return fmt.Errorf("there is no %s", args[1])
	}
	text, ok := value.(string)
	if !ok {
		shown, _ := json.Marshal(value)
		text = string(shown)
	}
	ts.Setenv(args[0], text)
	return nil
}

func (s *script) cmdError(_ *testscript.TestScript, _ bool, args []string) error {
	if len(args) == 0 || len(args) > 2 {
		return usage("error CODE [PARAM]")
	}
	return s.wantErrors([]string{strings.Join(args, ":")})
}

func (s *script) cmdErrors(_ *testscript.TestScript, _ bool, args []string) error {
	return s.wantErrors(args)
}

func (s *script) wantErrors(want []string) error {
	if s.answer == nil || s.answer.status < 400 {
		return fmt.Errorf("the answer is no error: %+v", s.answer)
	}
	var got []string
	list, _ := s.answer.errors()
	for _, e := range list {
		got = append(got, strings.TrimSuffix(e.Code+":"+e.Meta.Param, ":"))
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("wanted (-), got (+):\n%s", diff)
	}
	return nil
}

func (s *script) cmdCookie(_ *testscript.TestScript, _ bool, args []string) error {
	if s.answer == nil || len(args) == 0 || len(args) > 2 {
		return usage("cookie NAME [VALUE], after a request")
	}
	lines := s.answer.header.Values("Set-Cookie")
	for _, line := range lines {
		cookie, err := http.ParseSetCookie(line)
		if err == nil && cookie.Name == args[0] && (len(args) == 1 || cookie.Value == args[1]) {
			return nil
		}
	}
	return fmt.Errorf("no cookie %q is set: %q", args, lines)
}

func (s *script) cmdHeader(_ *testscript.TestScript, neg bool, args []string) error {
	if s.answer == nil || len(args) == 0 || len(args) > 2 {
		return usage("header NAME [VALUE], or ! header NAME, after a request")
	}
	got := s.answer.header.Values(args[0])
	switch {
	case neg && len(got) > 0:
		return fmt.Errorf("there is %s: %q", args[0], got)
	case !neg && len(got) == 0:
		return fmt.Errorf("there is no %s", args[0])
	case !neg && len(args) == 2 && got[0] != args[1]:
		return fmt.Errorf("%s is %q", args[0], got)
	}
	return nil
}
