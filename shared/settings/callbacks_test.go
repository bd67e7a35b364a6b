package settings

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A message about a user goes over TLS, except on a developer's own machine.
func TestR57CallbacksAreHTTPSOnly(t *testing.T) {
	for address, want := range map[string][2]bool{ // taken at all; taken by a deployed function
		"https://hooks.example.com/doorstep?key=1": {true, true},
		"https://hooks.example.com:8443/":          {true, true},
		"http://localhost:4000/hook":               {true, false},
		"http://127.0.0.1:4000/hook":               {true, false},
		"http://hooks.example.com/":                {false, false},
		"http://10.0.0.1/":                         {false, false},
		"https://user:password@hooks.example.com/": {false, false},
		"https://hooks.example.com/#fragment":      {false, false},
		"ftp://hooks.example.com/":                 {false, false},
		"hooks.example.com":                        {false, false},
		"":                                         {false, false},
	} {
		s := Default()
		s.Callbacks.URLs = []string{address}
		err := s.Validate()
		if got := [2]bool{err == nil, err == nil && s.Callbacks.CheckDeployed() == nil}; got != want {
			t.Errorf("%q: %v, want %v (%v)", address, got, want, err)
		}
	}
}

func TestCallbacks(t *testing.T) {
	s := Default()
	if len(s.Callbacks.URLs) != 0 || s.Callbacks.Timeout.Std() != 15*time.Second || s.Callbacks.GiveUpAfter.Std() != 72*time.Hour {
		t.Errorf("by default %+v", s.Callbacks)
	}
	for name, c := range map[string]struct {
		document string
		named    string
	}{
		"too long a timeout":  {`{"callbacks":{"timeout":"31s"}}`, "callbacks.timeout"},
		"too short a timeout": {`{"callbacks":{"timeout":"999ms"}}`, "callbacks.timeout"},
		"giving up at once":   {`{"callbacks":{"give_up_after":"59m"}}`, "callbacks.give_up_after"},
		"never giving up":     {`{"callbacks":{"give_up_after":"337h"}}`, "callbacks.give_up_after"},
		"twice the same":      {`{"callbacks":{"urls":["https://a.example","https://a.example"]}}`, "callbacks.urls"},
		"too many":            {`{"callbacks":{"urls":[` + manyURLs(mostCallbacks+1) + `]}}`, "callbacks.urls"},
	} {
		if _, err := Parse([]byte(c.document)); err == nil || !strings.Contains(err.Error(), c.named) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse([]byte(`{"callbacks":{"urls":[` + manyURLs(mostCallbacks) + `],"timeout":"30s","give_up_after":"336h"}}`)); err != nil {
		t.Error(err)
	}
}

func manyURLs(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("%q", fmt.Sprintf("https://a%d.example", i)))
	}
	return strings.Join(list, ",")
}
