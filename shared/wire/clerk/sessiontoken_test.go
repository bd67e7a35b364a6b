package clerk

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/token"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

const testIssuer = "https://" + apiHost

// verified returns the claims of a session token that verifies for the audience.
func verified(t *testing.T, jwt, audience string, now time.Time) map[string]any {
	t.Helper()
	claims, err := wiretest.SigningKeys().Verify(token.Session, jwt, now, token.Expect{Issuer: testIssuer, Audience: audience})
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(claims.All, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// newestToken is the token that came with the client's session.
func newestToken(a *answer) string {
	jwt, _ := a.at("client.sessions.0.last_active_token.jwt").(string)
	return jwt
}

// TestR43SessionTokenHasItsClaims holds the whole header and claims set, of the wire's version 2.
func TestR43SessionTokenHasItsClaims(t *testing.T) {
	a := newSite(t, nil).browser()
	got := a.signUpWhole("ada@example.com")
	jwt, now := newestToken(got), a.clock.Now().Unix()
	head, _, _ := strings.Cut(jwt, ".")
	if header, _ := base64.RawURLEncoding.DecodeString(head); string(header) != `{"alg":"RS256","cat":"cl_B7d4PD111AAA","kid":"`+wiretest.SigningKeys().Current().ID+`","typ":"JWT"}` {
		t.Errorf("header %s", header)
	}
	claims := verified(t, jwt, testIssuer, a.clock.Now())
	id, _ := claims["jti"].(string)
	if len(id) < 22 { // 128 bits in base64
		t.Errorf("jti %q", id)
	}
	want := map[string]any{
		"v": 2.0, "iss": testIssuer, "aud": testIssuer, "azp": appOrigin, "jti": id, "sts": "active", "fva": []any{0.0, -1.0},
		"sub": got.at("client.sessions.0.user.id"), "sid": got.at("client.last_active_session_id"), "amr": []any{"pwd"},
		"iat": float64(now), "nbf": float64(now - 10), "exp": float64(now + 60),
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	a.clock.Forward(10 * time.Minute)
	later, _ := a.get("/v1/client").must(200).at("response.sessions.0.last_active_token.jwt").(string)
	again := verified(t, later, testIssuer, a.clock.Now())
	if again["jti"] == id || !cmp.Equal(again["fva"], []any{10.0, -1.0}) {
		t.Errorf("ten minutes later: jti %v, fva %v", again["jti"], again["fva"])
	}
}

// TestR18MailIsNoFactor: a session's token names a password and never mail.
func TestR18MailIsNoFactor(t *testing.T) {
	a := newSite(t, func(s *settings.Settings) { s.Attributes.Password.Requirement = settings.Optional }).browser()
	a.create("email_address", "ada@example.com").must(200)
	a.prepare().must(200)
	claims := verified(t, newestToken(a.attempt(a.code()).must(200)), testIssuer, a.clock.Now())
	if amr, there := claims["amr"]; there {
		t.Errorf("a session by mail alone says %v", amr)
	}
	session := &signup.Session{CreatedAt: wiretest.Epoch, User: &signup.User{Facts: signup.Facts{PasswordHash: "x"}, PasswordSetAt: wiretest.Epoch.Add(time.Hour)}}
	if methods(session) != nil {
		t.Error("a password that came later is a factor of the session")
	}
}

func TestR45AudienceIsTheSettings(t *testing.T) {
	for name, test := range map[string]struct {
		audience []string
		want     any
	}{
		"none": {nil, testIssuer}, "one": {[]string{"https://shop.example"}, "https://shop.example"},
		"two": {[]string{"https://shop.example", "urn:x"}, []any{"https://shop.example", "urn:x"}},
	} {
		a := newSite(t, func(s *settings.Settings) { s.Session.Audience = test.audience }).browser()
		jwt := newestToken(a.signUpWhole("ada@example.com"))
		accepted := append(test.audience, testIssuer)[0]
		if got := verified(t, jwt, accepted, a.clock.Now())["aud"]; !cmp.Equal(got, test.want) {
			t.Errorf("%s: aud %v, want %v", name, got, test.want)
		}
		for _, other := range []string{"https://other.example", appOrigin} {
			if _, err := wiretest.SigningKeys().Verify(token.Session, jwt, a.clock.Now(), token.Expect{Issuer: testIssuer, Audience: other}); err == nil {
				t.Errorf("%s: accepted for %s", name, other)
			}
		}
	}
}

// The authorized party is the page's origin if that is allowed here, by the header
// that browsers always send or, reading from their own origin, by the other.
func TestAuthorizedParty(t *testing.T) {
	s := settings.Default()
	s.PublicURL, s.AllowedOrigins = testIssuer, []string{appOrigin}
	for name, test := range map[string]struct {
		query   string
		headers string
		want    string
	}{
		"allowed":                 {"", `"origin":"` + appOrigin + `"`, appOrigin},
		"foreign":                 {"", `"origin":"https://evil.example"`, ""},
		"null":                    {"", `"origin":"null"`, ""},
		"none":                    {"", `"accept":"*/*"`, ""},
		"the API's own":           {"", `"origin":"` + testIssuer + `"`, testIssuer},
		"host of the request":     {"", `"origin":"https://here.example","host":"here.example"`, "https://here.example"},
		"by page":                 {"", `"referer":"` + appOrigin + `/a?b#c"`, appOrigin},
		"by foreign page":         {"", `"referer":"https://evil.example/` + appOrigin + `"`, ""},
		"foreign, page allowed":   {"", `"origin":"https://evil.example","referer":"` + appOrigin + `/"`, ""},
		"native":                  {"_is_native=1", `"origin":"` + appOrigin + `"`, ""},
		"an address that isn't":   {"", `"referer":"%zz"`, ""},
		"user info isn't an host": {"", `"referer":"` + appOrigin + `@evil.example/"`, ""},
	} {
		event := `{"routeKey":"GET /v1/client","rawPath":"/v1/client","rawQueryString":"` + test.query + `","headers":{` + test.headers + `},
			"requestContext":{"domainName":"` + apiHost + `","http":{"method":"GET"}}}`
		served(t, []byte(event), func(r *gateway.Request) {
			if got := partyOf(s, r); got != test.want {
				t.Errorf("%s: %q, want %q", name, got, test.want)
			}
		})
	}
}

// A token fits into a cookie, whatever the settings and the page.
func TestSessionTokenFitsIntoACookie(t *testing.T) {
	s := settings.Default()
	s.PublicURL = "https://" + strings.Repeat("a", 60) + ".example/" + strings.Repeat("p", 420)
	origin := "https://" + strings.TrimSuffix(strings.Repeat(strings.Repeat("b", 60)+".", 4), ".")
	s.AllowedOrigins = []string{origin}
	for i := range 5 {
		s.Session.Audience = append(s.Session.Audience, strings.Repeat(string(rune('a'+i)), 200))
	}
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	session := &signup.Session{CreatedAt: wiretest.Epoch.Add(-720 * time.Hour), User: &signup.User{Facts: signup.Facts{PasswordHash: "x"}}}
	made, err := mintSessionToken(wiretest.SigningKeys(), s, &gateway.Request{}, session, origin, wiretest.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	if size := len("__session_12345678=") + len(made.JWT); size > 4000 {
		t.Errorf("%d bytes", size)
	}
}
