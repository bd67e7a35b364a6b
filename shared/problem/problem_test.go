package problem

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// Codes and statuses are public contract: SDKs and applications act on them. A
// change of testdata/codes.golden is a change for every caller.
func TestCodesAndStatusesArePinned(t *testing.T) {
	var got strings.Builder
	for _, p := range All() {
		fmt.Fprintf(&got, "%s %d\n", p.Code, p.Status)
	}
	want, err := os.ReadFile("testdata/codes.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("codes differ from testdata/codes.golden (-want +got):\n%s", diff)
	}
}

func TestDeclarations(t *testing.T) {
	wellFormed := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, p := range All() {
		if !wellFormed.MatchString(p.Code) {
			t.Errorf("%q isn't a code", p.Code)
		}
		if seen[p.Code] {
			t.Errorf("%s is declared twice", p.Code)
		}
		seen[p.Code] = true
		if p.Status < 400 || p.Status > 599 {
			t.Errorf("%s has the status %d", p.Code, p.Status)
		}
		if strings.TrimSpace(p.Text) == "" {
			t.Errorf("%s has no text", p.Code)
		}
	}
}

// Every text makes a sentence, whatever a caller of the package fills in or leaves out.
func TestEveryTextRendersWithoutPlaceholders(t *testing.T) {
	for _, p := range All() {
		for name, e := range map[string]*Error{
			"bare":             p.New(),
			"on a field":       p.On("email_address"),
			"with a detail":    p.New().Detailed("%s", "30"),
			"with both":        p.On("email_address").Detailed("At most %d are accepted.", 8),
			"detail not ASCII": p.New().Detailed("é"),
			"detail in braces": p.New().Detailed("{param}"),
		} {
			text := e.Message()
			if leftover := strings.ReplaceAll(text, e.Detail, ""); strings.ContainsAny(leftover, "{}") && name != "detail in braces" {
				t.Errorf("%s %s: %q", p.Code, name, text)
			}
			if name == "detail in braces" && strings.Contains(text, "the value") && !strings.Contains(p.Text, "{param}") {
				t.Errorf("%s: a detail was taken for a placeholder: %q", p.Code, text)
			}
			first, _ := utf8.DecodeRuneInString(text)
			if text == "" || text != strings.TrimSpace(text) || !utf8.ValidString(text) {
				t.Errorf("%s %s: %q", p.Code, name, text)
			}
			if text != p.Code && unicode.IsLower(first) {
				t.Errorf("%s %s: begins in lower case: %q", p.Code, name, text)
			}
		}
	}
}

func TestMessageNamesTheFieldInWords(t *testing.T) {
	for _, c := range []struct {
		e    *Error
		want string
	}{
		{IdentifierExists.On("email_address"), "That email address is taken. Please try another."},
		{ParamMissing.On("first_name"), "First name must be included."},
		{ParamMissing.New(), "The value must be included."},
		{ParamFormatInvalid.On("locale").Detailed("It must be a BCP 47 language tag."), "Locale is not valid. It must be a BCP 47 language tag."},
		{ParamFormatInvalid.On("locale"), "Locale is not valid."},
		{ResourceNotFound.New().Detailed("é is missing."), "É is missing."},
		{ResourceNotFound.New(), "resource_not_found"},
		{VerificationTooSoon.New().Detailed("%d", 12), "A code was sent a moment ago. Wait 12 seconds before asking for another."},
	} {
		if got := c.e.Message(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestListFindsDeclaredErrors(t *testing.T) {
	one, other := ParamMissing.On("strategy"), CodeIncorrect.On("code")
	for name, c := range map[string]struct {
		err  error
		want Errors
	}{
		"none":            {nil, nil},
		"a fault of ours": {errors.New("disk full"), nil},
		"one":             {one, Errors{one}},
		"several":         {Errors{one, other}, Errors{one, other}},
		"wrapped":         {fmt.Errorf("while trying: %w", one), Errors{one}},
		"joined":          {errors.Join(nil, Errors{one, other}), Errors{one, other}},
		"beside a fault":  {errors.Join(errors.New("disk full"), one), Errors{one}},
		"none of several": {Errors{}.Err(), nil},
	} {
		if diff := cmp.Diff(c.want, List(c.err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if !Has(Errors{one, other}, CodeIncorrect) || Has(Errors{one}, CodeIncorrect) || Has(nil, CodeIncorrect) {
		t.Error("Has is wrong")
	}
}

// R59: what goes to a log names the code and the field, never what was sent.
func TestR59ErrorTextForLogsHoldsNoDetail(t *testing.T) {
	e := ParamFormatInvalid.On("email_address").Detailed("%s", "j@example.com").With("value", "j@example.com")
	for _, text := range []string{e.Error(), Errors{e, CodeIncorrect.New()}.Error()} {
		if strings.Contains(text, "j@") {
			t.Errorf("the log would say %q", text)
		}
	}
	if got := (Errors{e, CodeIncorrect.New()}).Error(); got != "form_param_format_invalid (email_address), form_code_incorrect" {
		t.Errorf("got %q", got)
	}
}

// R55: Retry-After is in whole seconds, at least one.
func TestR55RetryAfterIsAtLeastASecond(t *testing.T) {
	for seconds, want := range map[int]int{-5: 1, 0: 1, 1: 1, 30: 30} {
		if got := VerificationTooSoon.New().After(seconds).RetryAfter; got != want {
			t.Errorf("%d seconds: %d", seconds, got)
		}
	}
}

// Happening doesn't change a declaration: two requests never share an error.
func TestErrorsDoNotShareState(t *testing.T) {
	first := ParamMissing.On("a").With("k", 1).After(3)
	second := ParamMissing.On("b")
	if second.Meta != nil || second.RetryAfter != 0 || first.Param != "a" {
		t.Errorf("%+v leaked into %+v", first, second)
	}
}
