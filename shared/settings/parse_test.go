package settings

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEmptyDocumentGivesDefaults(t *testing.T) {
	for _, text := range []string{"", " \n\t", "{}", " { } ", `{"attributes":{},"mail":{"texts":{}}}`} {
		s, err := Load(text)
		if err != nil {
			t.Fatalf("Load(%q): %v", text, err)
		}
		if diff := cmp.Diff(Default(), s); diff != "" {
			t.Errorf("Load(%q) (-default +loaded):\n%s", text, diff)
		}
	}
}

func TestDefaultIsValidAndOfEachCallItsOwn(t *testing.T) {
	s := Default()
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
	s.Mail.Texts["en"] = map[string]string{TextVerificationCodeSubject: "x"}
	s.Username.Scripts[0] = "Greek"
	if other := Default(); len(other.Mail.Texts) != 0 || other.Username.Scripts[0] != "Latin" {
		t.Error("Default shares memory between calls")
	}
}

func TestDocumentMergesOverDefaults(t *testing.T) {
	s, err := Parse([]byte(`{
		"app_name": "Ünïted Pies 🥧",
		"allowed_origins": ["https://app.example", "http://localhost:*", "capacitor://localhost", "http://127.0.0.1:3000"],
		"redirect_urls": ["https://app.example/done", "http://localhost:*/done", "pies:/done", "pies://callback/done"],
		"public_url": "https://auth.example:8443/door",
		"attributes": {"username": {"requirement": "required"}, "email_address": {"verify_at_sign_up": false}},
		"password": {"argon2": {"lanes": 2}},
		"username": {"scripts": ["Latin", "Greek"]},
		"verification": {"code_life": "2m30s"},
		"mail": {"from_address": "no-reply@mail.example", "texts": {"de": {"verification_code.subject": "Dein Code"}}}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.AppName = "Ünïted Pies 🥧"
	want.AllowedOrigins = []string{"https://app.example", "http://localhost:*", "capacitor://localhost", "http://127.0.0.1:3000"}
	want.RedirectURLs = []string{"https://app.example/done", "http://localhost:*/done", "pies:/done", "pies://callback/done"}
	want.PublicURL = "https://auth.example:8443/door"
	want.Attributes.Username.Requirement = Required
	want.Attributes.EmailAddress.VerifyAtSignUp = false
	want.Password.Argon2.Lanes = 2
	want.Username.Scripts = []string{"Latin", "Greek"}
	want.Verification.CodeLife = Duration(150e9)
	want.Mail.FromAddress = "no-reply@mail.example"
	want.Mail.Texts = map[string]map[string]string{"de": {"verification_code.subject": "Dein Code"}}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("(-want +parsed):\n%s", diff)
	}
	if got := s.TextFor("de", TextVerificationCodeSubject); got != "Dein Code" {
		t.Errorf("TextFor(de, subject) = %q", got)
	}
	if got := s.TextFor("en", TextVerificationCodeSubject); got != "" {
		t.Errorf("TextFor(en, subject) = %q, want none", got)
	}
}

// Every attribute can be off, optional or required, save the ones that can't be proved yet.
func TestEveryAttributeTakesEveryRequirement(t *testing.T) {
	for _, name := range AttributeNames() {
		for _, requirement := range []Requirement{Off, Optional, Required} {
			document := `{"attributes":{"username":{"requirement":"required"},"` + name + `":{"requirement":"` + string(requirement) + `"}}}`
			if name == "username" || name == "password" {
				document = `{"attributes":{"` + name + `":{"requirement":"` + string(requirement) + `"}}}`
			}
			s, err := Parse([]byte(document))
			if (name == "phone_number" || name == "web3_wallet") && requirement == Required {
				want := "settings: attributes." + name + `.requirement: "required" can't be met yet: it can't be verified`
				if err == nil || err.Error() != want {
					t.Errorf("%s required: %v, want %s", name, err, want)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s %s: %v", name, requirement, err)
				continue
			}
			if got, known := s.Attribute(name); !known || got != requirement {
				t.Errorf("Attribute(%s) = %s, %v; want %s", name, got, known, requirement)
			}
		}
	}
	if _, known := Default().Attribute("shoe_size"); known {
		t.Error("Attribute knows shoe_size")
	}
}

// Unknown and repeated keys are refused, in settings as R27 wants it of all that is ours.
func TestR27FaultsOfReading(t *testing.T) {
	tests := []struct{ document, want string }{
		{`{"passwrd": {}}`, `passwrd: unknown key, did you mean password`},
		{`{"password": {"minlength": 8}}`, `password.minlength: unknown key, did you mean password.min_length`},
		{`{"min_length": 8}`, `min_length: unknown key, did you mean password.min_length or username.min_length`},
		{`{"attributes": {"emial_address": {}}}`, `attributes.emial_address: unknown key, did you mean attributes.email_address`},
		{`{"blancmange": 1}`, `blancmange: unknown key`},
		{`{"Mode": "public"}`, `"Mode": unknown key, did you mean mode`},
		{`{"a\nb": 1}`, `"a\nb": unknown key`},
		{`{"` + strings.Repeat("mode", 40) + `": 1}`, `"` + strings.Repeat("mode", 15) + `…": unknown key`},
		{`{"": 1}`, `"": unknown key`},
		{`{"mode": "public", "mode": "public"}`, `mode: appears twice`},
		{`{"password": {"argon2": {"lanes": 1, "lanes": 1}}}`, `password.argon2.lanes: appears twice`},
		{`{"password": 12}`, `password: must be an object, not 12`},
		{`{"password": null}`, `password: must be an object, not null`},
		{`{"password": {"min_length": "15"}}`, `password.min_length: must be a whole number, not "15"`},
		{`{"password": {"min_length": 15.5}}`, `password.min_length: must be a whole number, not 15.5`},
		{`{"password": {"min_length": 1e400}}`, `password.min_length: must be a whole number, not 1e400`},
		{`{"password": {"min_length": 9223372036854775807}}`, `password.min_length: 9223372036854775807 is out of range`},
		{`{"password": {"argon2": {"lanes": 256}}}`, `password.argon2.lanes: 256 is out of range`},
		{`{"password": {"argon2": {"memory_kib": -1}}}`, `password.argon2.memory_kib: -1 is out of range`},
		{`{"native": {"enabled": "yes"}}`, `native.enabled: must be true or false, not "yes"`},
		{`{"mode": true}`, `mode: must be text, not true`},
		{`{"mode": []}`, `mode: must be text, not a list`},
		{`{"proxy_urls": "https://a.example"}`, `proxy_urls: must be a list, not "https://a.example"`},
		{`{"proxy_urls": ["https://a.example", 7]}`, `proxy_urls[1]: must be text, not 7`},
		{`{"verification": {"code_life": 600}}`, `verification.code_life: must be a duration such as "10m", not 600`},
		{`{"verification": {"code_life": "10 minutes"}}`, `verification.code_life: must be a duration such as "10m", not "10 minutes"`},
		{`{"mail": {"texts": {"en": "hi"}}}`, `mail.texts.en: must be an object, not "hi"`},
		{`{"mail": {"texts": {"en": {"verification_code.subject": 1}}}}`, `mail.texts.en.verification_code.subject: must be text, not 1`},
		{`[1]`, `the document must be an object, not a list`},
		{`7`, `the document must be an object, not a number`},
		{"{\n  \"mode\": \"public\",\n}", `the document isn't valid JSON at line 3, column 1: invalid character '}' looking for beginning of object key string`},
		{`{"mode": `, `the document isn't valid JSON at line 1, column 8: unexpected end of JSON input`},
		{`{} {}`, `the document isn't valid JSON at line 1, column 4: invalid character '{' after top-level value`},
		{strings.Repeat(`[`, 10001), `the document isn't valid JSON at line 1, column 10001: invalid character '[' exceeded max depth`},
		{`{"a": ` + strings.Repeat(`[`, 9000) + strings.Repeat(`]`, 9000) + `}`, `a: unknown key`},
		{"{\"mode\": \"\xff\"}", `the document isn't valid UTF-8`},
		{`{"mode": "restricted", "passwrd": {}, "app_name": ""}`,
			`passwrd: unknown key, did you mean password; app_name: must have 1 to 60 characters, has 0; mode: "restricted" can't be met yet: it admits invitations only, and there are none`},
	}
	for _, test := range tests {
		s, err := Parse([]byte(test.document))
		if err == nil || s != nil {
			t.Errorf("Parse(%.80s) = %v, %v", test.document, s, err)
			continue
		}
		if diff := cmp.Diff("settings: "+test.want, err.Error()); diff != "" {
			t.Errorf("Parse(%.80s) (-want +got):\n%s", test.document, diff)
		}
	}
}

func TestLoadReadsProfiles(t *testing.T) {
	for _, name := range Profiles() {
		s, err := Load(" " + name + "\n")
		if err != nil {
			t.Errorf("Load(%s): %v", name, err)
			continue
		}
		if err := s.Validate(); err != nil {
			t.Errorf("profile %s: %v", name, err)
		}
		if s.Profile != name {
			t.Errorf("profile %s says it is %q", name, s.Profile)
		}
		same, err := Load(`{"profile": "` + name + `"}`)
		if diff := cmp.Diff(s, same); err != nil || diff != "" {
			t.Errorf("as a document: %v\n%s", err, diff)
		}
	}
	s, err := Parse([]byte(`{"password": {"min_length": 10}, "profile": "clerk"}`))
	if err != nil {
		t.Fatal(err)
	}
	if s.Password.MinLength != 10 || s.Password.MaxLength != 72 {
		t.Errorf("over profile clerk the password length is %d to %d, want 10 to 72", s.Password.MinLength, s.Password.MaxLength)
	}
}

func TestLoadRefusesOtherText(t *testing.T) {
	known := strings.Join(Profiles(), ", ")
	tests := []struct{ text, want string }{
		{"klerk", `settings: "klerk" is neither a JSON object nor a profile (known: ` + known + `)`},
		{"settings.json", `settings: "settings.json" is neither a JSON object nor a profile (known: ` + known + `)`},
		{"../profiles/clerk", `settings: "../profiles/clerk" is neither a JSON object nor a profile (known: ` + known + `)`},
		{"[]", `settings: "[]" is neither a JSON object nor a profile (known: ` + known + `)`},
		{`{"profile": "klerk"}`, `settings: profile: "klerk" isn't a profile (known: ` + known + `)`},
		{`{"profile": 1}`, `settings: profile: must be text, not 1`},
		{`{"profile": "klerk", "mode": "x"}`, `settings: profile: "klerk" isn't a profile (known: ` + known + `); mode: must be public, not "x"`},
	}
	for _, test := range tests {
		if _, err := Load(test.text); err == nil || err.Error() != test.want {
			t.Errorf("Load(%s): %v\nwant %s", test.text, err, test.want)
		}
	}
}

// What profile clerk must say, from the protocol's description of Clerk's behaviour.
func TestClerkProfile(t *testing.T) {
	s, err := Load("clerk")
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Profile = "clerk"
	want.Password.MinLength, want.Password.MaxLength = 8, 72
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("clerk differs from the defaults in more than the password's length (-want +got):\n%s", diff)
	}
}

func TestDuration(t *testing.T) {
	tests := []struct{ text, want string }{
		{"24h0m0s", "24h"}, {"10m", "10m"}, {"600s", "10m"}, {"10s", "10s"}, {"90s", "1m30s"}, {"1h30s", "1h0m30s"}, {"0s", "0s"}, {"1h10m", "1h10m"},
	}
	for _, test := range tests {
		var d Duration
		if err := d.UnmarshalText([]byte(test.text)); err != nil || d.String() != test.want {
			t.Errorf("%s is written %s (%v), want %s", test.text, d, err, test.want)
		}
	}
}

// FuzzParse: every document gives an error of one line or valid settings, which print as a document that gives them again.
func FuzzParse(f *testing.F) {
	f.Add(`{"profile":"clerk","password":{"min_length":10,"argon2":{"memory_kib":20000}}}`)
	f.Add(`{"mail":{"texts":{"en":{"verification_code.subject":"Hi {code}"}}},"public_url":"https://a.example/x"}`)
	f.Add(`{"allowed_origins":["https://[::1]:1"],"redirect_urls":["http://localhost:*/a","app:/b"],"mode":"public","mode":1}`)
	f.Add(`{"verification":{"code_life":"1m"},"cookie":{"domain":"a.example"},"x":[[[[]]]]}`)
	f.Add(`{"a":1,}`)
	f.Fuzz(func(t *testing.T, document string) {
		s, err := Load(document)
		if err != nil {
			line := err.Error()
			if s != nil || !strings.HasPrefix(line, "settings: ") || strings.ContainsAny(line, "\n\r") {
				t.Fatalf("%v, %q", s, line)
			}
			return
		}
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		printed, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(printed)
		if diff := cmp.Diff(s, again); err != nil || diff != "" {
			t.Fatalf("%s: %v\n%s", printed, err, diff)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	for _, text := range []string{"", "clerk"} {
		b.Run("text="+text, func(b *testing.B) {
			for b.Loop() {
				if _, err := Load(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
