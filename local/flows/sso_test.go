package flows_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/rogpeppe/go-internal/testscript"
)

// ssoError is what the sso family has for an envelope: a sub-status, or the result of a call that wasn't one. It is whole if its cid is that of the header.
func (a *answer) ssoError() (list []errorItem, own bool) {
	var told struct {
		CID, Status, Result, Details, Field string
		SubStatus                           []string `json:"sub_status"`
	}
	if json.Unmarshal(a.body, &told) != nil || told.CID == "" {
		return nil, false
	}
	if told.CID != a.header.Get("X-Zato-Cid") {
		return nil, true
	}
	for _, code := range told.SubStatus {
		list = append(list, errorItem{Code: code, Message: told.Status, LongMessage: told.Status})
	}
	if told.Result != "" {
		item := errorItem{Code: told.Details, Message: told.Result, LongMessage: told.Result}
		item.Meta.Param = told.Field
		list = append(list, item)
	}
	return list, true
}

// cmdOnce invokes a function that no route leads to.
func (s *script) cmdOnce(ts *testscript.TestScript, neg bool, args []string) error {
	if len(args) != 2 {
		return usage("once FUNCTION JSON")
	}
	s.keepSecret(body{text: args[1]})
	told, err := s.stack.Once(context.Background(), args[0], []byte(args[1]))
	if err != nil {
		_, _ = fmt.Fprintln(ts.Stdout(), err)
	} else {
		_, _ = ts.Stdout().Write(told)
	}
	if neg != (err != nil) {
		return fmt.Errorf("%s answered %s, %v", args[0], told, err)
	}
	if err != nil {
		return nil
	}
	s.answer = &answer{body: told}
	return json.Unmarshal(told, &s.answer.json)
}
