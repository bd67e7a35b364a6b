package secret

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// holder has secrets where programs have them: in fields of their own and of
// others, behind pointers, in lists and maps.
type holder struct {
	Text    Text
	Token   ClientToken
	Pointer *Text
	List    []Text
	Map     map[string]ClientToken
	Any     any
	Link    LinkToken
	Ask     *ApprovalToken
	Opens   SessionToken
	Acts    Text
	text    Text // fmt prints unexported fields without asking them
	token   ClientToken
	nested  struct{ Text Text }
	list    []ClientToken
	link    LinkToken
	opens   SessionToken
	acts    []Text
}

func newHolder() holder {
	text, token, link, approval := NewText("hunter2-hunter2"), testToken(0), testLink(0), testApproval(0)
	opens := DeriveSessionToken(codeKey, RefreshUse, [16]byte(counting(1)), [16]byte(counting(2)), 7)
	h := holder{
		Text: text, Token: token, Pointer: &text, List: []Text{text}, Map: map[string]ClientToken{"a": token}, Any: text,
		Link: link, Ask: &approval, text: text, token: token, list: []ClientToken{token}, link: link,
		Opens: opens, Acts: testActionCode(16), opens: opens, acts: []Text{testActionCode(16), DeriveConfirmToken(codeKey, [16]byte(counting(16)), counting(0))},
	}
	h.nested.Text = text
	return h
}

// R59: a secret shows itself in no print, log or JSON.
func TestR59SecretsAreRedactedHoweverPrinted(t *testing.T) {
	h := newHolder()
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%t", "%c", "%U", "%p", "%20s", "%.3s"} {
		for _, value := range []any{h, &h, h.Text, h.Token, h.Pointer, h.List, h.Map, h.list, h.Link, h.Ask, h.Opens, &h.Opens, h.opens, h.Acts, h.acts} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
	}
	fmt.Fprintln(&out, h, h.Text, h.Token, h.Text.String(), h.Token.String())
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(handler).Info("x", "holder", h, "pointer", &h, "text", h.Text, "token", h.Token, "list", h.List, "map", h.Map, "link", h.Link, "ask", h.Ask, "opens", h.Opens, "acts", h.Acts)
	}
	encoded, err := json.Marshal([]any{h, &h, h.Text, h.Token, h.Pointer, h.Link, h.Ask, h.Opens, h.Acts, h.acts})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	fmt.Fprintln(&out, fmt.Errorf("wrapped: %v %w", h.Text, fmt.Errorf("%+v", h)))

	token := h.Token.Reveal()
	_, secret, _ := strings.Cut(token, ".")
	raw, mac := []byte(h.Token.secret.Reveal())[:4], h.Link.mac.Reveal()
	for _, forbidden := range []string{
		h.Opens.Reveal(), h.Opens.Reveal()[54:90], h.Acts.Reveal()[22:], h.acts[1].Reveal(),
		hex.EncodeToString([]byte(h.Opens.mac.Reveal()[:4])), strings.Trim(fmt.Sprint([]byte(h.Opens.mac.Reveal()[:4])), "[]"),
		h.Link.Reveal(), h.Ask.Reveal(), h.Link.Reveal()[:60], hex.EncodeToString([]byte(mac[:4])), strings.Trim(fmt.Sprint([]byte(mac[:4])), "[]"),
		"hunter2", hex.EncodeToString([]byte("hunter2")), fmt.Sprintf("% x", "hunter2"), strings.Trim(fmt.Sprint([]byte("hunter2")), "[]"),
		token, secret, hex.EncodeToString(raw), fmt.Sprintf("% x", raw),
		strings.Trim(fmt.Sprint(raw), "[]"), strings.TrimSuffix(fmt.Sprintf("%#v", raw), "}")[len("[]byte{"):],
	} {
		if at := strings.Index(strings.ToLower(out.String()), strings.ToLower(forbidden)); at >= 0 {
			t.Errorf("%q in: %q", forbidden, out.String()[max(0, at-60):min(out.Len(), at+60)])
		}
	}
}

// What is left out is said to be.
func TestRedactedIsWhatASecretShows(t *testing.T) {
	for _, secret := range []any{NewText("hunter2"), testToken(0), newHolder().Opens, testActionCode(0)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%20s"} {
			if got := fmt.Sprintf(verb, secret); got != Redacted {
				t.Errorf("%s of a %T: %q", verb, secret, got)
			}
		}
		if got, err := json.Marshal(secret); string(got) != `"`+Redacted+`"` || err != nil {
			t.Errorf("a %T in JSON: %s (%v)", secret, got, err)
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", secret)
		if !strings.Contains(log.String(), `"secret":"`+Redacted+`"`) {
			t.Errorf("a %T in a log: %s", secret, log.String())
		}
	}
}
