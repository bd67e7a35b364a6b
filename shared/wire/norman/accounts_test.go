package norman

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

const passphrase = "correct horse battery staple"

// TestDocumentedRequests sends what the wire's client sends, in its order (§1.1).
func TestDocumentedRequests(t *testing.T) {
	s := newSite(t, nil)

	anonymous := s.ok("PUT", base+"/signup/default", "", "")
	id, access := anonymous.At("account", "id"), anonymous.At("access_token")
	if id == "" || access == "" || anonymous.At("id_token") == "" {
		t.Fatalf("signup/default answered %s", anonymous.Text)
	}
	if again := s.ok("POST", base+"/login/default/"+id, "", "null"); again.At("account", "id") != id {
		t.Errorf("login/default answered %s", again.Text)
	}

	key := s.ok("PUT", base+"/signup/key", "", `{"device_id": null, "name": "key-9567be0784a5"}`)
	if !regexp.MustCompile(`^nrm_sk_[0-9A-Za-z]{50}$`).MatchString(key.At("api_key")) || key.At("account", "name") != "key-9567be0784a5" {
		t.Errorf("signup/key answered %s", key.Text)
	}
	byKey := s.ok("POST", base+"/login/key", "", `{"api_key": "`+key.At("api_key")+`", "account_id": "7"}`)
	if byKey.At("account", "id") != key.At("account", "id") {
		t.Errorf("login/key answered %s", byKey.Text)
	}

	named := s.ok("PUT", base+"/signup/password", "", `{"device_id": null, "name": "pw-6297", "password": "`+passphrase+`"}`)
	if _, err := time.Parse(time.RFC3339, named.At("creation_time")); err != nil || !strings.HasSuffix(named.At("creation_time"), "Z") {
		t.Errorf("signup/password answered %s", named.Text)
	}
	for by, value := range map[string]string{"account_id": named.At("id"), "name": "pw-6297"} {
		in := s.ok("POST", base+"/login/password/"+by, "", fmt.Sprintf(`{%q: %q, "password": %q}`, by, value, passphrase))
		if in.At("account", "id") != named.At("id") {
			t.Errorf("login/password/%s answered %s", by, in.Text)
		}
	}

	mailed := s.ok("PUT", base+"/signup/email", "", `{"device_id": null, "name": "mail-ac92", "email": "m@example.com"}`)
	if r := s.ok("POST", base+"/login/email/otp", "", `{"email": "m@example.com"}`); r.Text != "null" {
		t.Errorf("login/email/otp answered %s", r.Text)
	}
	in := s.ok("POST", base+"/login/email/otp/verify", "", `{"email": "m@example.com", "code": "`+s.code(mailed.At("id"))+`"}`)
	if in.At("account", "id") != mailed.At("id") {
		t.Errorf("login/email/otp/verify answered %s", in.Text)
	}
	counts := s.ok("GET", base+"/register/get/authentication/factors/"+mailed.At("id"), in.At("access_token"), "")
	if counts.Text != fmt.Sprintf(`{"account_id":%q,"api_key_count":0,"password_count":0,"verified_email_count":1}`, mailed.At("id")) {
		t.Errorf("factors are %s", counts.Text)
	}
}

// TestSwappedPaths serves the client that mixes up two paths (§1.6).
func TestSwappedPaths(t *testing.T) {
	s := newSite(t, nil)
	byMail := s.ok("PUT", base+"/signup/password", "", `{"name": "swapped", "email": "swapped@example.com"}`)
	s.ok("POST", base+"/login/email/otp/verify", "", `{"email": "swapped@example.com", "code": "`+s.code(byMail.At("id"))+`"}`)
	s.ok("PUT", base+"/signup/email", "", `{"name": "swapped-too", "password": "`+passphrase+`"}`)
	s.ok("POST", base+"/login/password/name", "", `{"name": "swapped-too", "password": "`+passphrase+`"}`)
}

// TestR49AnonymousBecomesPermanent: a first factor keeps the account, ends
// login/default and every token so far.
func TestR49AnonymousBecomesPermanent(t *testing.T) {
	for factor, register := range map[string]func(s *site, id, access string){
		"password": func(s *site, id, access string) {
			s.ok("POST", base+"/register/password", access, `{"account_id": "`+id+`", "second_token": null, "password": "`+passphrase+`"}`)
		},
		"key": func(s *site, id, access string) {
			s.ok("POST", base+"/generate/key", access, `{"account_id": "`+id+`", "second_token": null}`)
		},
		"email": func(s *site, id, access string) {
			s.ok("POST", base+"/register/email", access, `{"account_id": "`+id+`", "email": "own@example.com"}`)
			s.ok("POST", base+"/register/email/verify/own@example.com/"+s.code(id), access, "")
		},
	} {
		t.Run(factor, func(t *testing.T) {
			s := newSite(t, nil)
			begun := s.ok("PUT", base+"/signup/default", "", "")
			id, access := begun.At("account", "id"), begun.At("access_token")
			factors := base + "/register/get/authentication/factors/" + id
			s.ok("GET", factors, access, "")
			register(s, id, access)
			if r := s.call("POST", base+"/login/default/"+id, "", ""); r.Status != http.StatusUnauthorized {
				t.Errorf("login/default still answers %d", r.Status)
			}
			if r := s.call("GET", factors, access, ""); r.Status != http.StatusUnauthorized {
				t.Errorf("the old token is still answered with %d", r.Status)
			}
		})
	}
}

// TestR53APIKeys: the table never holds a key, a wrong one opens nothing, and a
// mistyped one is told without asking.
func TestR53APIKeys(t *testing.T) {
	s := newSite(t, nil)
	made := s.ok("PUT", base+"/signup/key", "", `{"name": "machine"}`).At("api_key")
	parsed := secret.ParseAPIKey(keyPrefix, made)
	stored, _, err := s.store.APIKey(t.Context(), parsed.Account(), parsed.Hash())
	if err != nil || strings.Contains(made, stored.Hash) {
		t.Fatalf("stored %v, %v", stored, err)
	}
	other := s.ok("PUT", base+"/signup/key", "", `{"name": "machine-2"}`).At("api_key")
	for name, key := range map[string]string{
		"mistyped": made[:20] + "x" + made[21:], "truncated": made[:40], "another account's secret": made[:29] + other[29:], "empty": "",
	} {
		r := s.call("POST", base+"/login/key", "", `{"api_key": "`+key+`"}`)
		if r.Status != http.StatusUnauthorized && r.Status != http.StatusBadRequest {
			t.Errorf("a key that is %s is answered with %d %s", name, r.Status, r.Text)
		}
	}
}

// TestR53KeysAreListedAndRevoked: a list shows no key, a revoked one opens nothing, and
// the last factor of an account stays.
func TestR53KeysAreListedAndRevoked(t *testing.T) {
	s := newSite(t, nil)
	first := s.ok("PUT", base+"/signup/key", "", `{"name": "machine"}`)
	key, id := first.At("api_key"), first.At("account", "id")
	access := s.ok("POST", base+"/login/key", "", `{"api_key": "`+key+`"}`).At("access_token")
	s.clock.Forward(time.Minute)
	var second string
	if err := json.Unmarshal([]byte(s.ok("POST", base+"/generate/key", access, `{"account_id": "`+id+`"}`).Text), &second); err != nil {
		t.Fatal(err)
	}
	listed := s.ok("GET", base+"/keys", access, "")
	keys, _ := listed.Body["api_keys"].([]any)
	if len(keys) != 2 || strings.Contains(listed.Text, key[30:51]) || strings.Contains(listed.Text, second[30:51]) {
		t.Fatalf("listed %s", listed.Text)
	}
	newest, oldest := keys[0].(map[string]any), keys[1].(map[string]any)
	if newest["last_used_time"] != nil || oldest["last_used_time"] == nil {
		t.Errorf("listed %s", listed.Text)
	}
	s.ok("DELETE", base+"/keys/"+oldest["id"].(string), access, "")
	if r := s.call("POST", base+"/login/key", "", `{"api_key": "`+key+`"}`); r.Status != http.StatusUnauthorized {
		t.Errorf("a revoked key is answered with %d %s", r.Status, r.Text)
	}
	s.ok("POST", base+"/login/key", "", `{"api_key": "`+second+`"}`)
	for name, of := range map[string]struct {
		id     string
		status int
		code   string
	}{
		"revoked already": {oldest["id"].(string), http.StatusNotFound, "resource_not_found"},
		"nobody's":        {"x", http.StatusNotFound, "resource_not_found"},
		"the last":        {newest["id"].(string), http.StatusBadRequest, "last_factor"},
	} {
		if r := s.call("DELETE", base+"/keys/"+of.id, access, ""); r.Status != of.status || !strings.Contains(r.Text, of.code) {
			t.Errorf("%s: %d %s", name, r.Status, r.Text)
		}
	}
}

// TestR12MailedCodeOnce: of many who hand in the right code at once, one gets in.
func TestR12MailedCodeOnce(t *testing.T) {
	s := newSite(t, nil)
	id := s.ok("PUT", base+"/signup/email", "", `{"email": "once@example.com"}`).At("id")
	code := s.code(id)
	var all sync.WaitGroup
	statuses := make(chan int, 8)
	for range cap(statuses) {
		all.Go(func() {
			statuses <- s.call("POST", base+"/login/email/otp/verify", "", `{"email": "once@example.com", "code": "`+code+`"}`).Status
		})
	}
	all.Wait()
	close(statuses)
	in := 0
	for status := range statuses {
		if status == http.StatusOK {
			in++
		}
	}
	if in != 1 {
		t.Errorf("%d of 8 got in", in)
	}
}

// TestR15WrongCodes: five end the code.
func TestR15WrongCodes(t *testing.T) {
	s := newSite(t, nil)
	id := s.ok("PUT", base+"/signup/email", "", `{"email": "five@example.com"}`).At("id")
	right := s.code(id)
	for i := range 5 {
		wrong := fmt.Sprintf("%06d", i)
		if wrong == right {
			continue
		}
		s.call("POST", base+"/login/email/otp/verify", "", `{"email": "five@example.com", "code": "`+wrong+`"}`)
	}
	if r := s.call("POST", base+"/login/email/otp/verify", "", `{"email": "five@example.com", "code": "`+right+`"}`); r.Status != http.StatusBadRequest {
		t.Errorf("the right code after five wrong ones is answered with %d %s", r.Status, r.Text)
	}
}

// TestR32ProofClearsWhatOthersPutIn: whoever reads the mail gets an account that
// nobody had proved without the password that somebody else gave it.
func TestR32ProofClearsWhatOthersPutIn(t *testing.T) {
	s := newSite(t, nil)
	made, err := s.api.Accounts.Register(t.Context(), signup.Caller{}, signup.Registration{Input: signup.Input{
		EmailAddress: "victim@example.com", Password: secret.NewText(passphrase),
	}})
	if err != nil {
		t.Fatal(err)
	}
	byPassword := `{"email": "victim@example.com", "password": "` + passphrase + `"}`
	squatter := s.ok("POST", base+"/login/password/email", "", byPassword).At("access_token")
	s.ok("POST", base+"/login/email/otp", "", `{"email": "victim@example.com"}`)
	id := s.api.ids().text(made.User.ID)
	s.ok("POST", base+"/login/email/otp/verify", "", `{"email": "victim@example.com", "code": "`+s.code(id)+`"}`)
	if r := s.call("POST", base+"/login/password/email", "", byPassword); r.Status != http.StatusUnauthorized {
		t.Errorf("the password still answers %d", r.Status)
	}
	if r := s.call("GET", base+"/register/get/authentication/factors/"+id, squatter, ""); r.Status != http.StatusUnauthorized {
		t.Errorf("the token still answers %d", r.Status)
	}
}

// TestFaults: bad input gets this wire's error with code and field, never a 500.
func TestFaults(t *testing.T) {
	s := newSite(t, nil)
	begun := s.ok("PUT", base+"/signup/default", "", "")
	access, id := begun.At("access_token"), begun.At("account", "id")
	s.ok("PUT", base+"/signup/password", "", `{"name": "taken", "password": "`+passphrase+`"}`)
	for _, c := range []struct {
		name, method, path, bearer, body string
		status                           int
		code, field                      string
	}{
		{"broken JSON", "PUT", "/signup/key", "", `{"name": `, 400, "request_body_invalid", ""},
		{"a list", "PUT", "/signup/key", "", `[1]`, 400, "request_body_invalid", ""},
		{"no name", "PUT", "/signup/key", "", `{}`, 400, "form_param_missing", "name"},
		{"name isn't text", "PUT", "/signup/key", "", `{"name": 7}`, 400, "form_param_type_invalid", "name"},
		{"name is an address", "PUT", "/signup/key", "", `{"name": "a@example.com"}`, 400, "form_username_invalid_character", "name"},
		{"name taken", "PUT", "/signup/key", "", `{"name": "TAKEN"}`, 400, "form_identifier_exists", "name"},
		{"no password", "PUT", "/signup/password", "", `{"name": "x1"}`, 400, "form_param_missing", "password"},
		{"no such address", "PUT", "/signup/email", "", `{"email": "nowhere"}`, 400, "form_param_format_invalid", "email"},
		{"wrong password", "POST", "/login/password/name", "", `{"name": "taken", "password": "no"}`, 401, "credentials_invalid", ""},
		{"nobody", "POST", "/login/password/name", "", `{"name": "nobody", "password": "no"}`, 401, "credentials_invalid", ""},
		{"by nothing", "POST", "/login/password/shoe", "", `{"shoe": "1", "password": "no"}`, 404, "resource_not_found", ""},
		{"no such account", "POST", "/login/default/123", "", ``, 401, "credentials_invalid", ""},
		{"no account id", "POST", "/login/default/a'b", "", ``, 401, "credentials_invalid", ""},
		{"no token", "GET", "/register/get/authentication/factors/" + id, "", ``, 401, "authentication_invalid", ""},
		{"another's factors", "GET", "/register/get/authentication/factors/1", access, ``, 404, "resource_not_found", ""},
		{"no code", "POST", "/login/email/otp/verify", "", `{"email": "a@example.com"}`, 400, "form_param_missing", "code"},
		{"code for nobody", "POST", "/login/email/otp/verify", "", `{"email": "a@example.com", "code": "123456"}`, 400, "form_code_incorrect", "code"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := s.call(c.method, base+c.path, c.bearer, c.body)
			first, _ := r.Body["errors"].([]any)
			if len(first) == 0 {
				t.Fatalf("%d %s", r.Status, r.Text)
			}
			told, _ := first[0].(map[string]any)
			field, _ := told["field"].(string)
			if r.Status != c.status || told["code"] != c.code || field != c.field || r.Body["http_code"] != r.Body["status_code"] {
				t.Errorf("%d %s", r.Status, r.Text)
			}
		})
	}
}

// TestFamilyCanBeSwitchedOff: its routes are as if they weren't there.
func TestFamilyCanBeSwitchedOff(t *testing.T) {
	s := newSite(t, func(s *settings.Settings) { s.Accounts.Enabled = false })
	if r := s.call("PUT", base+"/signup/default", "", ""); r.Status != http.StatusNotFound || r.At("error_type") != "not_found" {
		t.Errorf("%d %s", r.Status, r.Text)
	}
}

// TestAccountIDsRoundTrip and are not the ids that other wires show.
func TestAccountIDsRoundTrip(t *testing.T) {
	s := newSite(t, nil)
	ids := s.api.ids()
	for i := range 200 {
		id := signup.ID{byte(i), 15: byte(i * 7)}
		text := ids.text(id)
		if ids.parse(text) != id {
			t.Fatalf("%x became %s and %x", id, text, ids.parse(text))
		}
	}
	for _, text := range []string{"", "0x1", "-1", "01", "340282366920938463463374607431768211456", strings.Repeat("9", 60)} {
		if got := ids.parse(text); !got.IsZero() {
			t.Errorf("%q is taken for %x", text, got)
		}
	}
}

// TestDocumentedCallsUnderTheProfile: each call as its documentation prints it (§1.1)
// succeeds under the profile that is that documentation's behaviour.
func TestDocumentedCallsUnderTheProfile(t *testing.T) {
	s := newSite(t, wiretest.Profile(t, "norman"))
	s.api.Accounts.Passwords = wiretest.NewJudge(s.api.Accounts.Settings)
	for _, c := range []struct{ path, body string }{
		{"/signup/default", ""},
		{"/signup/key", `{"device_id": null, "name": "key-9567be0784a5"}`},
		{"/signup/password", `{"device_id": null, "name": "pw-6297", "password": "TestUser123!"}`},
		{"/signup/email", `{"device_id": null, "name": "mail-ac92", "email": "m@example.com"}`},
		{"/signup/password", `{"device_id": "d1", "name": "n", "password": "q7"}`},
	} {
		s.ok("PUT", base+c.path, "", c.body)
	}
	s.ok("POST", base+"/login/password/name", "", `{"name": "pw-6297", "password": "TestUser123!"}`)
	s.ok("POST", base+"/login/email/otp", "", `{"email": "m@example.com"}`)
}

// TestTokensEnd: an access token ends with its life, and names its account by the
// id that this wire shows.
func TestTokensEnd(t *testing.T) {
	s := newSite(t, nil)
	begun := s.ok("PUT", base+"/signup/default", "", "")
	id, access := begun.At("account", "id"), begun.At("access_token")
	factors := base + "/register/get/authentication/factors/" + id
	s.clock.Forward(59 * time.Minute)
	s.ok("GET", factors, access, "")
	s.clock.Forward(2 * time.Minute)
	for name, bearer := range map[string]string{"expired": access, "an identity token": begun.At("id_token"), "no token": "x.y.z"} {
		if r := s.call("GET", factors, bearer, ""); r.Status != http.StatusUnauthorized || r.At("error_type") != "authentication" {
			t.Errorf("%s: %d %s", name, r.Status, r.Text)
		}
	}
}

// TestLastUseOfAKeyIsNoted, once a day at most.
func TestLastUseOfAKeyIsNoted(t *testing.T) {
	s := newSite(t, nil)
	text := s.ok("PUT", base+"/signup/key", "", `{"name": "machine"}`).At("api_key")
	key := secret.ParseAPIKey(keyPrefix, text)
	used := func() time.Time {
		stored, _, err := s.store.APIKey(t.Context(), key.Account(), key.Hash())
		if err != nil {
			t.Fatal(err)
		}
		return stored.UsedAt
	}
	logIn := func() { s.ok("POST", base+"/login/key", "", `{"api_key": "`+text+`"}`) }
	if !used().IsZero() {
		t.Error("a new key has been used")
	}
	logIn()
	first := used()
	s.clock.Forward(23 * time.Hour)
	logIn()
	if !first.Equal(wiretest.Epoch) || !used().Equal(first) {
		t.Errorf("used at %v, then %v", first, used())
	}
	s.clock.Forward(time.Hour)
	logIn()
	if !used().Equal(wiretest.Epoch.Add(24 * time.Hour)) {
		t.Errorf("a day later: %v", used())
	}
}

// TestR55SignInLimit: a password is tried so often for one account and no more, and
// the answer says when to try again.
func TestR55SignInLimit(t *testing.T) {
	s := newSite(t, func(s *settings.Settings) { s.Limits.SignInsPerAccountHour = 4 })
	s.ok("PUT", base+"/signup/password", "", `{"name": "ada", "password": "`+passphrase+`"}`)
	for i := range 10 {
		r := s.call("POST", base+"/login/password/name", "", `{"name": "ada", "password": "wrong"}`)
		if r.Status == http.StatusUnauthorized {
			continue
		}
		if i == 0 || r.Status != http.StatusTooManyRequests || r.At("error_type") != "rate_limit" || !strings.Contains(r.Text, "sign_in_rate_limit_exceeded") {
			t.Errorf("try %d: %d %s", i, r.Status, r.Text)
		}
		return
	}
	t.Error("ten tries are judged")
}
