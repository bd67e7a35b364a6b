package clerk

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"

	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/token"
)

func keyDescriptions() []describe.Operation {
	return []describe.Operation{
		{
			Operation: KeySet, ID: "getKeySet", Header: []describe.Field{ifNoneMatch()},
			Text:    "The next key, the current one and those whose tokens may still live.",
			Answers: documentAnswers("KeySet", keySetSamples),
		},
		{
			Operation: OpenIDConfiguration, ID: "getOpenIDConfiguration", Header: []describe.Field{ifNoneMatch()},
			Text:    "Good enough for API Gateway's JWT authorizer. It names no endpoints of flows, since there are none.",
			Answers: documentAnswers("OpenIDConfiguration", discoverySamples),
		},
	}
}

func documentAnswers(name string, samples func() []any) []describe.Answer {
	return []describe.Answer{
		{Status: 200, Text: "The document.", Name: name, Samples: samples},
		{Status: 304, Text: "The caller has it already."},
	}
}

func ifNoneMatch() describe.Field {
	return describe.Field{Name: "If-None-Match", Text: "ETag of the document that the caller has (RFC 9110 §13.1.2)."}
}

func keySetSamples() []any {
	keys, err := token.NewSigningKeys(rand.Reader, time.Now())
	if err != nil {
		return nil
	}
	return documentSamples(PublicKeys(keys))
}

func discoverySamples() []any {
	s := settings.Default()
	s.PublicURL = "https://accounts.example.com"
	return documentSamples(Discovery(s))
}

// documentSamples is what a handler answers that needs nothing of the request.
func documentSamples(handler gateway.Handler) []any {
	resp, err := handler(context.Background(), &gateway.Request{})
	if err != nil {
		return nil
	}
	text, err := json.Marshal(resp.Body)
	var document map[string]any
	if err != nil || json.Unmarshal(text, &document) != nil {
		return nil
	}
	return []any{document}
}
