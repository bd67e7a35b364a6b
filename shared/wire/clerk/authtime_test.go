package clerk

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

// unix is the cookie's value for now.
func unix(c *wiretest.Clock) string { return strconv.FormatInt(c.Now().Unix(), 10) }

// R52: the readable cookie beside the client's says when somebody signed in or out;
// it has the same reach, and nothing to hide.
func TestR52AuthTimeCookie(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*settings.Settings)
		scheme string
		want   http.Cookie
	}{
		"default":                       {nil, "https", http.Cookie{Secure: true, SameSite: http.SameSiteLaxMode}},
		"http on a developer's machine": {nil, "http", http.Cookie{SameSite: http.SameSiteLaxMode}},
		"strict":                        {func(s *settings.Settings) { s.Cookie.SameSite = settings.SameSiteStrict }, "https", http.Cookie{Secure: true, SameSite: http.SameSiteStrictMode}},
		"none is never without Secure": {func(s *settings.Settings) { s.Cookie.SameSite = settings.SameSiteNone }, "http",
			http.Cookie{Secure: true, SameSite: http.SameSiteNoneMode}},
		"a domain": {func(s *settings.Settings) { s.Cookie.Domain = "example.com" }, "https",
			http.Cookie{Secure: true, SameSite: http.SameSiteLaxMode, Domain: "example.com"}},
	} {
		a := newSite(t, c.change).browser()
		a.header["x-forwarded-proto"] = c.scheme
		if a.create().must(200).cookie("__client_uat") != nil {
			t.Errorf("%s: nobody has signed in yet", name)
		}
		a.clock.Forward(90*time.Second + 700*time.Millisecond)
		got := a.signUpWhole("ada@example.com").cookie("__client_uat")
		want := c.want
		want.Name, want.Value, want.Path, want.MaxAge = "__client_uat", unix(a.clock), "/", 400*24*60*60
		if got == nil {
			t.Errorf("%s: no cookie", name)
			continue
		}
		got.Raw = ""
		if diff := cmp.Diff(want, *got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		a.clock.Forward(time.Hour)
		gone := a.call("DELETE", "/v1/client", "", "", "").must(200).cookie("__client_uat")
		want.Value = "0"
		if gone == nil {
			t.Errorf("%s: not signed out", name)
			continue
		}
		gone.Raw = ""
		if diff := cmp.Diff(want, *gone); diff != "" {
			t.Errorf("%s: signed out (-want +got):\n%s", name, diff)
		}
	}
}

// A browser that presents another value, or none, is told the right one by whatever
// answer knows it; one that has it isn't told again.
func TestAuthTimeIsPutRight(t *testing.T) {
	s := newSite(t, nil)
	a := s.browser()
	a.signUpWhole("ada@example.com")
	signedIn := a.uat
	if signedIn != unix(s.clock) {
		t.Fatalf("%q after the sign-up", signedIn)
	}
	s.clock.Forward(time.Minute)
	refused := func() *answer { return a.create("email_address", "countess@example.com").must(400, "session_exists") }
	read := func() *answer { return a.get("/v1/client").must(200) }
	for _, presented := range []string{"", "0", "1", strconv.FormatInt(s.clock.Now().Unix(), 10), "x", signedIn + "0"} {
		for _, send := range []func() *answer{read, refused} {
			a.uat = presented
			if send(); a.uat != signedIn {
				t.Errorf("presented %q, got %q, want %q", presented, a.uat, signedIn)
			}
			if send().cookie("__client_uat") != nil {
				t.Error("it is told again")
			}
		}
	}
	// What doesn't look for the client says nothing of it.
	a.uat = "1"
	a.call("POST", "/v1/client/sign_ups", "", formType, "first_name=A&first_name=B").must(422, "form_param_duplicate")
	a.get("/v1/environment").must(200)
	if a.uat != "1" {
		t.Errorf("told %q without a look", a.uat)
	}
	// A browser whose client isn't known is signed out.
	b := s.browser()
	b.uat = signedIn
	if b.get("/v1/client").must(200); b.uat != "0" {
		t.Errorf("a stranger's is %q", b.uat)
	}
	for _, nothing := range []string{"", "0"} {
		b.uat = nothing
		if got := b.get("/v1/client").must(200); len(got.cookies) != 0 {
			t.Errorf("presented %q, got %v", nothing, got.cookies)
		}
	}
	// A session that ended by itself leaves nobody signed in.
	s.clock.Forward(8 * 24 * time.Hour)
	if a.get("/v1/client").must(200); a.uat != "0" {
		t.Errorf("after the idle limit it is %q", a.uat)
	}
}

// The twins that SDKs keep for publishable keys are put right where a browser has
// them, and nothing else that only looks like one is set.
func TestAuthTimeTwinsFollow(t *testing.T) {
	s := newSite(t, nil)
	a := s.browser()
	a.signUpWhole("ada@example.com")
	a.other = "__client_uat_7HkfxqXj=5; __client_uat_7HkfxqXj=6; __client_uat_A_-45678=" + a.uat + "; __client_uat_B=5; __client_uat_1234567!=5; __client_uats_1234567=5"
	got := a.get("/v1/client").must(200)
	if len(got.cookies) != 1 || got.cookies[0].Name != "__client_uat_7HkfxqXj" || got.cookies[0].Value != a.uat || got.cookies[0].HttpOnly {
		t.Errorf("%v", got.cookies)
	}
	gone := a.call("DELETE", "/v1/client", "", "", "").must(200)
	for _, name := range []string{"__client_uat", "__client_uat_7HkfxqXj", "__client_uat_A_-45678"} {
		if twin := gone.cookie(name); twin == nil || twin.Value != "0" {
			t.Errorf("signed out, %s is %v", name, twin)
		}
	}
	var many []string
	for i := range 50 {
		many = append(many, fmt.Sprintf("__client_uat_%08d=5", i))
	}
	a.other = strings.Join(many, "; ")
	if got := a.get("/v1/client").must(200); len(got.cookies) != maxSuffixes {
		t.Errorf("%d cookies are set", len(got.cookies))
	}
}

// Apps without cookies get none.
func TestAuthTimeIsForBrowsersOnly(t *testing.T) {
	a := newSite(t, nil).app()
	a.other = "__client_uat=5"
	if got := a.signUpWhole("ada@example.com"); len(got.cookies) != 0 {
		t.Errorf("%v", got.cookies)
	}
	if got := a.call("DELETE", "/v1/client", "", "", "").must(200); len(got.cookies) != 0 {
		t.Errorf("%v", got.cookies)
	}
}
