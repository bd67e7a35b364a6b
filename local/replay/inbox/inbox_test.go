package inbox_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/local/replay/inbox"
)

const kept = `{"emails":[
	{"messageId":"1","from":"D <d@x.test>","destination":{"to":["Ada@x.test"]},"subject":"s","body":{"text":"Hi\n\n 012345\n\nin 10 minutes","html":"<p>"},"at":1},
	{"messageId":"2","destination":{"to":["eve@x.test"]},"subject":"s","body":{"text":"call 012345\nhttps://x.test/plain\nhttps://x.test/?token=a in a line\nhttps://x.test/v1/verify?token=a-b.c \n"}},
	{"messageId":"3","destination":{"to":[]},"body":{}},
	{"messageId":"4","destination":{"to":["ada@x.test"]},"body":{"text":"0123456\n999999\r\n"}}
],"templates":{}}`

func TestRead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/store" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(kept))
	}))
	defer server.Close()
	mails, err := inbox.Read(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	to := inbox.To(mails, "ada@X.test")
	first := inbox.Mail{ID: "1", To: "Ada@x.test", From: "D <d@x.test>", Subject: "s", Text: "Hi\n\n 012345\n\nin 10 minutes", HTML: "<p>"}
	if len(mails) != 4 || len(to) != 2 || cmp.Diff(first, to[0]) != "" {
		t.Errorf("%+v", to)
	}
	var codes, links []string
	for _, m := range mails {
		codes, links = append(codes, m.Code()), append(links, m.Link())
	}
	if diff := cmp.Diff([]string{"", "https://x.test/v1/verify?token=a-b.c", "", ""}, links); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"012345", "", "", "999999"}, codes); diff != "" {
		t.Error(diff)
	}
	if m, err := inbox.Await(t.Context(), server.URL, "ada@x.test", 1); err != nil || m.ID != "4" {
		t.Errorf("%+v %v", m, err)
	}
	short, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if m, err := inbox.Await(short, server.URL, "ada@x.test", 2); err == nil {
		t.Errorf("%+v", m)
	}
	if _, err := inbox.Read(t.Context(), server.URL+"/elsewhere"); err == nil {
		t.Error("what is no inbox was read")
	}
}
