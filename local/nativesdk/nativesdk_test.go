package nativesdk

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// Each way in which an answer can fail a native SDK is seen, wherever in it the resource is.
func TestCheckSeesFaults(t *testing.T) {
	const whole = `{"id":"a","status":"b","required_fields":["c"],"optional_fields":[],"missing_fields":[],"unverified_fields":[],"object":"sign_up_attempt",
		"verifications":{"email_address":null},"password_enabled":true,"abandon_at":5}`
	for name, c := range map[string]struct {
		body   string
		native bool
		want   string // "" for no fault
	}{
		"whole":              {whole, false, ""},
		"in the envelope":    {`{"response":` + whole + `,"client":null}`, true, ""},
		"missing":            {strings.Replace(whole, `"password_enabled":true,`, "", 1), false, "kotlin signup.password_enabled is missing"},
		"null":               {strings.Replace(whole, `"missing_fields":[]`, `"missing_fields":null`, 1), false, "swift signup.missing_fields is null, not texts"},
		"another kind":       {strings.Replace(whole, `"abandon_at":5`, `"abandon_at":"5"`, 1), false, "swift signup.abandon_at is text, not number"},
		"other elements":     {strings.Replace(whole, `["c"]`, `[1]`, 1), false, "swift signup.required_fields is list, not texts"},
		"an optional's kind": {strings.Replace(whole, `"email_address":null`, `"email_address":[]`, 1), false, "kotlin signup.verifications.email_address is list, not object~"},
		"nested":             {`{"response":{"object":"client","id":"a","updated_at":1,"sessions":[{"object":"token"}]},"client":null}`, true, "swift token.response.sessions.0.jwt is missing"},
		"no response":        {`{"response":null,"client":null}`, true, "kotlin envelope.response is null, not any"},
		"a browser's":        {`{"response":null,"client":null}`, false, ""},
		"an error":           {`{"errors":[{"code":"a","message":"b"}],"clerk_trace_id":"c"}`, false, "kotlin error.errors.0.long_message is missing"},
		"no trace id":        {`{"errors":[]}`, false, "swift errors.clerk_trace_id is missing"},
		"a list":             {`[{"object":"session"}]`, false, "kotlin session.0.id is missing"},
		"people's own":       {`{"unsafe_metadata":{"object":"client"}}`, false, ""},
		"of the environment": {`{"user_settings":{"attributes":{"a":{}}}}`, false, "kotlin environment.user_settings.attributes.a.enabled is missing"},
	} {
		var body any
		if err := json.Unmarshal([]byte(c.body), &body); err != nil {
			t.Fatal(err)
		}
		faults, seen := Check(body, c.native)
		if (c.want == "" && len(faults) > 0) || (c.want != "" && !slices.Contains(faults, c.want)) {
			t.Errorf("%s: %q, want %q (saw %v)", name, faults, c.want, seen)
		}
	}
}

// The table names resources that are looked for, SDKs that there are, and nothing twice.
func TestTable(t *testing.T) {
	var found []string
	for _, resource := range byObject {
		found = append(found, resource)
	}
	found = append(found, "verification", "public_user_data", "error", "errors", "environment", "envelope")
	slices.Sort(found)
	if !slices.Equal(found, Resources()) {
		t.Errorf("looked for are %v, in the table are %v", found, Resources())
	}
	lines := strings.Split(strings.TrimSpace(required), "\n")[1:]
	for i, line := range lines {
		columns := strings.Fields(line)
		kinds := []string{"any", "flag", "number", "numbers", "text", "texts", "list", "object"}
		if slices.Contains(lines[:i], line) || (columns[0] != "kotlin" && columns[0] != "swift") || !slices.Contains(kinds, strings.TrimRight(columns[3], "?~")) {
			t.Errorf("row %q", line)
		}
	}
}
