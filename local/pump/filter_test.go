package pump

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestFilter(t *testing.T) {
	const event = `{"eventName":"MODIFY","dynamodb":{"NewImage":{"mid":{"S":"m"},"n":{"N":"1"},"flag":{"BOOL":true},"none":{"NULL":true}}}}`
	for pattern, want := range map[string]bool{
		`{"dynamodb":{"NewImage":{"mid":{"S":[{"exists":true}]}}}}`:                                 true,
		`{"dynamodb":{"NewImage":{"mid":{"S":[{"exists":false}]}}}}`:                                false,
		`{"dynamodb":{"NewImage":{"other":{"S":[{"exists":true}]}}}}`:                               false,
		`{"dynamodb":{"NewImage":{"other":{"S":[{"exists":false}]}}}}`:                              true,
		`{"dynamodb":{"NewImage":{"mid":[{"exists":true}]}}}`:                                       false,
		`{"dynamodb":{"OldImage":{"mid":{"S":[{"exists":true}]}}}}`:                                 false,
		`{"eventName":["INSERT","MODIFY"]}`:                                                         true,
		`{"eventName":["INSERT"]}`:                                                                  false,
		`{"eventName":["MODIFY"],"dynamodb":{"NewImage":{"n":{"N":["2"]}}}}`:                        false,
		`{"eventName":["MODIFY"],"dynamodb":{"NewImage":{"n":{"N":["1"]},"flag":{"BOOL":[true]}}}}`: true,
	} {
		f, err := parseFilter([]string{pattern})
		if err != nil {
			t.Fatal(err)
		}
		var value map[string]any
		if err := json.Unmarshal([]byte(event), &value); err != nil {
			t.Fatal(err)
		}
		if got := f.passes(value); got != want {
			t.Errorf("%s: %v", pattern, got)
		}
	}
}

func TestFilterWithoutOrWithSeveralPatterns(t *testing.T) {
	if !(filter{}).passes(nil) {
		t.Error("no pattern lets nothing pass")
	}
	f, err := parseFilter([]string{`{"a":["1"]}`, `{"a":["2"]}`})
	if err != nil || !f.passes(map[string]any{"a": "2"}) || f.passes(map[string]any{"a": "3"}) {
		t.Errorf("one of several patterns is not enough, or too much: %v", err)
	}
}

func TestUnknownFiltersAreRefused(t *testing.T) {
	for pattern, want := range map[string]string{
		`{"a":{"b":[{"prefix":"x"}]}}`: "a.b: the local runner knows exact values and exists",
		`{"a":{"b":"x"}}`:              "a.b must be an object or a list",
		`nonsense`:                     "isn't a JSON object",
	} {
		if _, err := parseFilter([]string{pattern}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}
