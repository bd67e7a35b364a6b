package replay_test

import (
	"testing"

	"github.com/doorstep-auth/doorstep/local/replay"
)

func TestCheck(t *testing.T) {
	api := replay.Step{Function: "signups/get", Status: 200, Object: "sign_up_attempt", State: "complete"}
	gone := replay.Step{Function: "client/not-found", Status: 404}
	mail := replay.Step{Function: "mail/send", Answer: `{"batchItemFailures":[]}`}
	operator := replay.Step{Function: "keys/operator", Has: "operator_key"}
	for _, test := range []struct {
		step   replay.Step
		answer string
		right  bool
	}{
		{api, `{"statusCode":200,"body":"{\"response\":{\"object\":\"sign_up_attempt\",\"status\":\"complete\"}}"}`, true},
		{api, `{"statusCode":200,"body":"{\"response\":{\"object\":\"sign_up_attempt\",\"status\":\"abandoned\"}}"}`, false},
		{api, `{"statusCode":200,"body":"{\"response\":{\"object\":\"client\",\"status\":\"complete\"}}"}`, false},
		{api, `{"statusCode":200,"body":"{\"response\":null}"}`, false},
		{api, `{"statusCode":200,"body":"<html>"}`, false},
		{api, `{"statusCode":422,"body":"{\"errors\":[]}"}`, false},
		{api, `null`, false},
		{gone, `{"statusCode":404,"body":"{\"errors\":[]}"}`, true},
		{gone, `{"statusCode":200,"body":"{}"}`, false},
		{mail, ` {"batchItemFailures": []}`, true},
		{mail, `{"batchItemFailures":[{"itemIdentifier":"1"}]}`, false},
		{mail, ``, false},
		{operator, `{"operator_key":"dop_1","callback_secrets":{}}`, true},
		{operator, `{"errorMessage":"no"}`, false},
	} {
		if err := test.step.Check([]byte(test.answer)); (err == nil) != test.right {
			t.Errorf("%s %s: %v", test.step.Function, test.answer, err)
		}
	}
}
