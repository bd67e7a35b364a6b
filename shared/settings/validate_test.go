package settings

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each rule, by a document that breaks it alone.
func TestRules(t *testing.T) {
	tests := []struct{ document, want string }{
		{`{"app_name": "  "}`, `app_name: must not begin or end with a space`},
		{`{"app_name": "a\r\nBcc: x"}`, `app_name: must not have line breaks or control characters`},
		{`{"app_name": "a\u202eb"}`, `app_name: must not have line breaks or control characters`},
		{`{"public_url": "auth.example"}`, `public_url: "auth.example" must begin with https:// (or http:// on the loopback host)`},
		{`{"public_url": "http://auth.example"}`, `public_url: "http://auth.example" must be https; http is for the loopback host only`},
		{`{"public_url": "https://auth.example/"}`, `public_url: "https://auth.example/" must not end with a slash`},
		{`{"public_url": "https://auth.example?a"}`, `public_url: "https://auth.example?a" must not have a query or fragment`},
		{`{"public_url": "https://auth.example#a"}`, `public_url: "https://auth.example#a" must not have a query or fragment`},
		{`{"public_url": "https://auth.example/a/../b"}`, `public_url: "https://auth.example/a/../b" must not have empty, . or .. parts in its path`},
		{`{"public_url": "https://auth.example//a"}`, `public_url: "https://auth.example//a" must not have empty, . or .. parts in its path`},
		{`{"public_url": "https://ann:pw@auth.example"}`, `public_url: "https://ann:pw@auth.example" has no valid port`},
		{`{"public_url": "https://ann@auth.example"}`, `public_url: "https://ann@auth.example" has no valid host (lower case, ASCII)`},
		{`{"public_url": "https://auth.example/a b"}`, `public_url: "https://auth.example/a b" must be an absolute URL in ASCII of at most 2048 characters`},
		{`{"public_url": "https://auth.example/%zz"}`, `public_url: "https://auth.example/%zz" must be an absolute URL in ASCII of at most 2048 characters`},
		{`{"proxy_urls": [""]}`, `proxy_urls[0]: "" must begin with https:// (or http:// on the loopback host)`},
		{`{"proxy_urls": ["https://a.example/__clerk/"]}`, `proxy_urls[0]: "https://a.example/__clerk/" must not end with a slash`},
		{`{"proxy_urls": ["https://a.example", "https://a.example"]}`, `proxy_urls[1]: "https://a.example" appears twice`},
		{`{"allowed_origins": ["*"]}`, `allowed_origins[0]: "*" would let every site act for the person: name each origin`},
		{`{"allowed_origins": ["https://*.app.example"]}`, `allowed_origins[0]: "https://*.app.example" can't have a wildcard, except http://localhost:*`},
		{`{"allowed_origins": ["https://localhost:*"]}`, `allowed_origins[0]: "https://localhost:*" can't have a wildcard, except http://localhost:*`},
		{`{"allowed_origins": ["app.example"]}`, `allowed_origins[0]: "app.example" must be scheme://host[:port]`},
		{`{"allowed_origins": ["null"]}`, `allowed_origins[0]: "null" must be scheme://host[:port]`},
		{`{"allowed_origins": ["https://app.example/"]}`, `allowed_origins[0]: "https://app.example/" must end after the host and port, without a slash or path`},
		{`{"allowed_origins": ["https://app.example/a"]}`, `allowed_origins[0]: "https://app.example/a" must end after the host and port, without a slash or path`},
		{`{"allowed_origins": ["http://app.example"]}`, `allowed_origins[0]: "http://app.example" must be https; http is for the loopback host only`},
		{`{"allowed_origins": ["https://App.example"]}`, `allowed_origins[0]: "https://App.example" has no valid host (lower case, ASCII)`},
		{`{"allowed_origins": ["https://bücher.example"]}`, `allowed_origins[0]: "https://bücher.example" has no valid host (lower case, ASCII)`},
		{`{"allowed_origins": ["https://app.example:443"]}`, `allowed_origins[0]: "https://app.example:443" must leave out the port 443, as browsers do`},
		{`{"allowed_origins": ["http://localhost:80"]}`, `allowed_origins[0]: "http://localhost:80" must leave out the port 80, as browsers do`},
		{`{"allowed_origins": ["https://app.example:99999"]}`, `allowed_origins[0]: "https://app.example:99999" has no valid port`},
		{`{"allowed_origins": ["https://app.example:"]}`, `allowed_origins[0]: "https://app.example:" has no valid port`},
		{`{"allowed_origins": ["https://1.2.3"]}`, `allowed_origins[0]: "https://1.2.3" has no valid host (lower case, ASCII)`},
		{`{"allowed_origins": ["https://[0::1]"]}`, `allowed_origins[0]: "https://[0::1]" has no valid host (lower case, ASCII)`},
		{`{"allowed_origins": ["https://"]}`, `allowed_origins[0]: "https://" has no valid host (lower case, ASCII)`},
		{`{"allowed_origins": ["javascript://a"]}`, `allowed_origins[0]: "javascript://a" can't use the scheme javascript`},
		{`{"allowed_origins": ["Capacitor://localhost"]}`, `allowed_origins[0]: "Capacitor://localhost" must begin with a scheme in lower case`},
		{`{"allowed_origins": ["capacitor://"]}`, `allowed_origins[0]: "capacitor://" has no valid host (lower case, ASCII)`},
		{`{"allowed_origins": ["https://a.example", "https://b.example", "https://a.example"]}`, `allowed_origins[2]: "https://a.example" appears twice`},
		{`{"allowed_origins": ["https://` + strings.Repeat("a.", 126) + `ab"]}`,
			`allowed_origins[0]: "https://` + strings.Repeat("a.", 26) + `…" has no valid host (lower case, ASCII)`},
		{`{"redirect_urls": ["pies:/a", "pies:/a"]}`, `redirect_urls[1]: "pies:/a" appears twice`},
		{`{"redirect_urls": ["1pies:/done"]}`, `redirect_urls[0]: "1pies:/done" must begin with a scheme in lower case`},
		{`{"redirect_urls": ["pi_es:/done"]}`, `redirect_urls[0]: "pi_es:/done" must begin with a scheme in lower case`},
		{`{"redirect_urls": [":/done"]}`, `redirect_urls[0]: ":/done" must begin with a scheme in lower case`},
		{`{"redirect_urls": ["/done"]}`, `redirect_urls[0]: "/done" must begin with https:// (or http:// on the loopback host)`},
		{`{"redirect_urls": ["https://app.example/done?x=1"]}`, `redirect_urls[0]: "https://app.example/done?x=1" must not have a query or fragment`},
		{`{"redirect_urls": ["http://app.example/done"]}`, `redirect_urls[0]: "http://app.example/done" must be https; http is for the loopback host only`},
		{`{"redirect_urls": ["https://*.example/done"]}`, `redirect_urls[0]: "https://*.example/done" can't have a wildcard, except http://localhost:*`},
		{`{"redirect_urls": ["http://localhost:*x"]}`, `redirect_urls[0]: "http://localhost:*x" can't have a wildcard, except http://localhost:*`},
		{`{"redirect_urls": ["javascript:alert(1)"]}`, `redirect_urls[0]: "javascript:alert(1)" can't use the scheme javascript`},
		{`{"redirect_urls": ["data:text/html,x"]}`, `redirect_urls[0]: "data:text/html,x" can't use the scheme data`},
		{`{"redirect_urls": ["pies:done"]}`, `redirect_urls[0]: "pies:done" must be scheme:/path or scheme://path, without query or fragment`},
		{`{"redirect_urls": ["pies://done?x"]}`, `redirect_urls[0]: "pies://done?x" must be scheme:/path or scheme://path, without query or fragment`},
		{`{"mode": "waitlist"}`, `mode: must be public, not "waitlist"`},
		{`{"mode": "restricted"}`, `mode: "restricted" can't be met yet: it admits invitations only, and there are none`},
		{`{"attributes": {"gender": {"requirement": "on"}}}`, `attributes.gender.requirement: must be off or optional or required, not "on"`},
		{`{"attributes": {"phone_number": {"requirement": "on"}}}`, `attributes.phone_number.requirement: must be off or optional, not "on"`},
		{`{"attributes": {"phone_number": {"requirement": "required"}}}`, `attributes.phone_number.requirement: "required" can't be met yet: it can't be verified`},
		{`{"attributes": {"web3_wallet": {"requirement": "required"}}}`, `attributes.web3_wallet.requirement: "required" can't be met yet: it can't be verified`},
		{`{"attributes": {"email_address": {"requirement": "optional"}}}`, `attributes: email_address or username must be required, or an account could not be found again`},
		{`{"attributes": {"email_address": {"requirement": "off"}, "username": {"requirement": "required"}, "password": {"requirement": "optional"}}}`,
			`attributes.password.requirement: must be required where email_address isn't, or an account could not be signed in to again`},
		{`{"attributes": {"email_address": {"strategies": ["pigeon"]}}}`, `attributes.email_address.strategies[0]: must be email_code or email_link, not "pigeon"`},
		{`{"attributes": {"email_address": {"strategies": ["email_code", "email_code"]}}}`, `attributes.email_address.strategies[1]: "email_code" appears twice`},
		{`{"attributes": {"email_address": {"strategies": []}}}`, `attributes.email_address.strategies: must name email_code or email_link, or no address could be verified`},
		{`{"password": {"min_length": 7}}`, `password.min_length: must be from 8 to 1024, is 7`},
		{`{"password": {"min_length": 80, "max_length": 72}}`, `password.min_length: must not be above password.max_length (72), is 80`},
		{`{"password": {"max_length": 63}}`, `password.max_length: must be from 64 to 1024, is 63`},
		{`{"password": {"breach_check": "off"}}`, `password.breach_check: must be embedded or hibp, not "off"`},
		{`{"password": {"breach_url": "http://range.example"}}`, `password.breach_url: "http://range.example" must be https; http is for the loopback host only`},
		{`{"password": {"breach_check": "hibp", "breach_url": ""}}`, `password.breach_url: must not be empty with password.breach_check hibp`},
		{`{"password": {"context_words": ["pie", ""]}}`, `password.context_words[1]: must have 1 to 64 characters, has 0`},
		{`{"password": {"context_words": ["pie", "pie"]}}`, `password.context_words[1]: "pie" appears twice`},
		{`{"password": {"argon2": {"memory_kib": 19455}}}`, `password.argon2.memory_kib: must be from 19456 to 1048576, is 19455`},
		{`{"password": {"argon2": {"iterations": 1}}}`, `password.argon2.iterations: must be from 2 to 16, is 1`},
		{`{"password": {"argon2": {"lanes": 0}}}`, `password.argon2.lanes: must be from 1 to 16, is 0`},
		{`{"username": {"min_length": 0}}`, `username.min_length: must be from 1 to 64, is 0`},
		{`{"username": {"max_length": 65}}`, `username.max_length: must be from 1 to 64, is 65`},
		{`{"username": {"max_length": 3}}`, `username.min_length: must not be above username.max_length (3), is 4`},
		{`{"username": {"extra_signs": ":@"}}`, `username.extra_signs: must hold signs of ASCII only, and no @, is ":@"`},
		{`{"username": {"scripts": []}}`, `username.scripts: must name a script`},
		{`{"username": {"scripts": ["Klingon"]}}`, `username.scripts[0]: must be Armenian or Cyrillic or Georgian or Greek or Latin, not "Klingon"`},
		{`{"username": {"scripts": ["Latin", "Latin"]}}`, `username.scripts[1]: "Latin" appears twice`},
		{`{"username": {"reserved": ["a\u0000"]}}`, `username.reserved[0]: must not have line breaks or control characters`},
		{`{"verification": {"code_life": "11m"}}`, `verification.code_life: must be from 1m to 10m, is 11m`},
		{`{"verification": {"code_life": "59s"}}`, `verification.code_life: must be from 1m to 10m, is 59s`},
		{`{"verification": {"max_attempts": 0}}`, `verification.max_attempts: must be from 1 to 10, is 0`},
		{`{"verification": {"resend_after": "0s"}}`, `verification.resend_after: must be from 1s to 10m, is 0s`},
		{`{"verification": {"resend_after": "5m", "code_life": "4m"}}`, `verification.resend_after: must not be above verification.code_life (4m), is 5m`},
		{`{"sign_up": {"abandon_after": "721h"}}`, `sign_up.abandon_after: must be from 10m to 720h, is 721h`},
		{`{"sign_up": {"terms_url": "terms.html"}}`, `sign_up.terms_url: "terms.html" must begin with https:// (or http:// on the loopback host)`},
		{`{"sign_up": {"privacy_url": "https://a.example/p\u0007"}}`, `sign_up.privacy_url: "https://a.example/p\a" must be an absolute URL in ASCII of at most 2048 characters`},
		{`{"sign_up": {"legal_consent": true}}`, `sign_up.legal_consent: needs sign_up.terms_url or sign_up.privacy_url, or there is nothing to consent to`},
		{`{"session": {"audience": ["a", "b", "c", "d", "e", "f"]}}`, `session.audience: must have at most 5 entries, has 6: a token has to fit into a cookie`},
		{`{"session": {"audience": ["a", "a"]}}`, `session.audience[1]: "a" appears twice`},
		{`{"session": {"audience": [""]}}`, `session.audience[0]: must have 1 to 200 characters, has 0`},
		{`{"public_url": "https://a.example/` + strings.Repeat("a", 483) + `"}`, `public_url: must have at most 500 characters: session tokens name it, and have to fit into a cookie`},
		{`{"session": {"idle_life": "1m"}}`, `session.idle_life: must be from 5m to 8760h, is 1m`},
		{`{"session": {"absolute_life": "9000h"}}`, `session.absolute_life: must be from 5m to 8760h, is 9000h`},
		{`{"session": {"absolute_life": "24h"}}`, `session.idle_life: must not be above session.absolute_life (24h), is 168h`},
		{`{"cookie": {"domain": ".a.example"}}`, `cookie.domain: ".a.example" must be a host name such as example.com, in lower case, without a dot in front`},
		{`{"cookie": {"domain": "example"}}`, `cookie.domain: "example" must be a host name such as example.com, in lower case, without a dot in front`},
		{`{"cookie": {"domain": "127.0.0.1"}}`, `cookie.domain: "127.0.0.1" must be a host name such as example.com, in lower case, without a dot in front`},
		{`{"cookie": {"domain": "a.example; Secure"}}`, `cookie.domain: "a.example; Secure" must be a host name such as example.com, in lower case, without a dot in front`},
		{`{"cookie": {"domain": "a.example"}, "public_url": "https://xa.example"}`, `cookie.domain: "a.example" doesn't hold the host of public_url, so browsers would drop the cookie`},
		{`{"cookie": {"same_site": "None"}}`, `cookie.same_site: must be lax or strict or none, not "None"`},
		{`{"cookie": {"same_site": "none"}, "public_url": "http://localhost:8080"}`, `cookie.same_site: none needs an https public_url, or browsers would drop the cookie`},
		{`{"mail": {"from_address": "Ann <ann@a.example>"}}`, `mail.from_address: "Ann <ann@a.example>" must be a plain e-mail address: name@host, host in lower case`},
		{`{"mail": {"from_address": "ann@a.example\nBcc: b@a.example"}}`, `mail.from_address: "ann@a.example\nBcc: b@a.example" must be a plain e-mail address: name@host, host in lower case`},
		{`{"mail": {"reply_to": "ann"}}`, `mail.reply_to: "ann" must be a plain e-mail address: name@host, host in lower case`},
		{`{"mail": {"reply_to": "a..b@a.example"}}`, `mail.reply_to: "a..b@a.example" must be a plain e-mail address: name@host, host in lower case`},
		{`{"mail": {"from_name": "Pies\r\n"}}`, `mail.from_name: must not have line breaks or control characters`},
		{`{"mail": {"default_locale": "tlh"}}`, `mail.default_locale: must be en or de, not "tlh"`},
		{`{"mail": {"texts": {"tlh": {}}}}`, `mail.texts.tlh: unknown locale, known are en, de`},
		{`{"mail": {"texts": {"en": {"subject": "x"}}}}`, `mail.texts.en.subject: unknown text, known are ` + strings.Join(TextKeys(), ", ")},
		{`{"mail": {"texts": {"en": {"verification_code.subject": "a\nb"}}}}`, `mail.texts.en.verification_code.subject: must not have line breaks or control characters`},
		{`{"mail": {"texts": {"en": {"verification_code.subject": ""}}}}`, `mail.texts.en.verification_code.subject: must have 1 to 1000 characters, has 0`},
	}
	for _, test := range tests {
		_, err := Parse([]byte(test.document))
		if err == nil {
			t.Errorf("%s is accepted", test.document)
			continue
		}
		if diff := cmp.Diff("settings: "+test.want, err.Error()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.document, diff)
		}
	}
}

func TestAcceptedEdges(t *testing.T) {
	for _, document := range []string{
		`{"password": {"min_length": 8, "max_length": 64, "breach_check": "hibp", "breach_url": "http://127.0.0.1:9/range"}}`,
		`{"verification": {"code_life": "1m", "max_attempts": 1, "resend_after": "1s"}}`,
		`{"cookie": {"domain": "a.example", "same_site": "none"}, "public_url": "https://auth.a.example:8443/x"}`,
		`{"cookie": {"domain": "a.example", "same_site": "none"}}`,
		`{"public_url": "http://clerk.localhost:8080", "proxy_urls": ["https://[2001:db8::1]/__clerk"]}`,
		`{"sign_up": {"legal_consent": true, "terms_url": "https://a.example/terms?v=2#top"}}`,
		`{"attributes": {"email_address": {"requirement": "off", "strategies": []}, "username": {"requirement": "required"}}}`,
		`{"attributes": {"email_address": {"verify_at_sign_up": false, "strategies": []}, "password": {"requirement": "off"}}}`,
		`{"allowed_origins": ["chrome-extension://abcdefghijklmnopabcdefghijklmnop", "http://[::1]:3000", "https://xn--bcher-kva.example"]}`,
		`{"redirect_urls": ["https://app.example", "https://app.example/", "com.example.pies:/done"]}`,
		`{"mail": {"from_address": "no+reply@mail.a.example", "from_name": "", "reply_to": "a.b@localhost"}}`,
	} {
		if _, err := Parse([]byte(document)); err != nil {
			t.Errorf("%s: %v", document, err)
		}
	}
}

func TestTooManyEntries(t *testing.T) {
	s := Default()
	for i := range maxEntries + 1 {
		s.Username.Reserved = append(s.Username.Reserved, fmt.Sprint("name", i))
	}
	want := "settings: username.reserved: must have at most 1000 entries, has 1001"
	if err := s.Validate(); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
