package gateway

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// Members are as they are, whatever they are; a repeated one is a fault.
func TestMembers(t *testing.T) {
	form, err := parseJSONOnly([]byte(`{"a": "x", "b": {"c": [1, null]}, "d": null}`))
	if err != nil {
		t.Fatal(err)
	}
	f := (&Request{Form: form}).Fields()
	want := map[string]json.RawMessage{"a": json.RawMessage(`"x"`), "b": json.RawMessage(`{"c": [1, null]}`), "d": json.RawMessage("null")}
	if diff := cmp.Diff(want, f.Members()); diff != "" || f.Faults.Err() != nil {
		t.Error(f.Faults, diff)
	}
	form, err = parseJSONOnly([]byte(`{"a": 1, "a": 2}`))
	if err != nil {
		t.Fatal(err)
	}
	f = (&Request{Form: form}).Fields()
	if f.Members(); !problem.Has(f.Faults.Err(), problem.ParamDuplicate) {
		t.Errorf("a repeated member is no fault: %v", f.Faults)
	}
	if nothing := (&Request{}).Fields().Members(); len(nothing) > 0 {
		t.Errorf("nothing has %v", nothing)
	}
}
