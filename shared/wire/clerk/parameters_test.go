package clerk

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/wire/wiretest"
)

// parameter is what becomes of a parameter of create and update: it is taken and
// shows in the resource, ignored, or refused by a documented problem.
type parameter struct {
	value   string
	shows   map[string]any // paths in the SignUp that it sets; nil if it is ignored or refused
	refused string         // code
}

// signUpParameters has each parameter of create (§3.3) and update (§3.4, the
// same fewer some), and birthday and gender.
var signUpParameters = map[string]parameter{
	"email_address":                 {value: "Ada@example.com", shows: map[string]any{"email_address": "Ada@example.com"}},
	"phone_number":                  {value: "+4930901820", shows: map[string]any{"phone_number": "+4930901820"}},
	"email_address_or_phone_number": {value: "+4930901820", shows: map[string]any{"phone_number": "+4930901820"}},
	"username":                      {value: "ada_lovelace", shows: map[string]any{"username": "ada_lovelace"}},
	"password":                      {value: goodPassword, shows: map[string]any{"has_password": true, "password_enabled": true}},
	"first_name":                    {value: "Ada", shows: map[string]any{"first_name": "Ada"}},
	"last_name":                     {value: "Lovelace", shows: map[string]any{"last_name": "Lovelace"}},
	"birthday":                      {value: "1815-12-10", shows: map[string]any{"birthday": "1815-12-10"}},
	"gender":                        {value: "female", shows: map[string]any{"gender": "female"}},
	"web3_wallet":                   {value: someWallet, shows: map[string]any{"web3_wallet": someWallet}},
	"unsafe_metadata":               {value: someMetadata, shows: map[string]any{"unsafe_metadata": "=" + someMetadata}},
	"legal_accepted":                {value: "true", shows: map[string]any{"legal_accepted_at": wiretest.Epoch.UnixMilli()}},
	"locale":                        {value: "en-US", shows: map[string]any{"locale": "en-US"}},
	// A strategy alone, without its identifier. What each does is in the table of strategies.
	"strategy": {value: "phone_code", refused: "form_param_value_invalid"},
	"ticket":   {value: "eyJhbGciOi", refused: "form_param_value_invalid"},
	"transfer": {value: "true", refused: "form_param_value_invalid"},
	// These only go with strategies that aren't built, or with a captcha, which isn't asked for.
	"redirect_url":                 {value: "https://app.example.com/verify"},
	"action_complete_redirect_url": {value: "https://app.example.com/"},
	"token":                        {value: "eyJhbGciOi"},
	"code":                         {value: "4/0AX"},
	"timezone":                     {value: "Europe/Vienna"},
	"oidc_prompt":                  {value: "consent"},
	"oidc_login_hint":              {value: "ada@example.com"},
	"enterprise_connection_id":     {value: "ent_1"},
	"captcha_token":                {value: "0.x"},
	"captcha_error":                {value: "300030"},
	"captcha_widget_type":          {value: "smart"},
	"proof_token":                  {value: "p"},
}

func optionalEverything(s *settings.Settings) {
	everyAttribute(settings.Optional)(s)
	s.Attributes.Username.Requirement = settings.Required // else an empty sign-up would complete
	s.Attributes.EmailAddress.Requirement = settings.Required
}

// Each parameter does what the table says, in create and in update, as a form and as JSON.
func TestSignUpParameters(t *testing.T) {
	sameNames(t, "parameters of the protocol page", lines(t, "create.txt"), slices.Collect(maps.Keys(signUpParameters)))
	s := newSite(t, optionalEverything)
	for name, p := range signUpParameters {
		t.Run(name, func(t *testing.T) {
			if (p.shows != nil && p.refused != "") || p.value == "" {
				t.Fatal("the row says nothing, or two things")
			}
			a := s.browser()
			a.create().must(200)
			untouched := a.last.at("response")
			body := fmt.Sprintf(`{%q:%q}`, name, p.value)
			for how, send := range map[string]func() *answer{
				"create":             func() *answer { return a.create(name, p.value) },
				"create with others": func() *answer { return a.create(name, p.value, "unknown", "x", "__clerk_x", "y", "protect_x", "z") },
				"create in JSON":     func() *answer { return a.call("POST", "/v1/client/sign_ups", "", "application/json", body) },
				"update":             func() *answer { a.create(); return a.update(name, p.value) },
				"update by POST": func() *answer {
					a.create()
					return a.call("POST", a.path(""), "_method=PATCH", formType, name+"="+strings.ReplaceAll(p.value, "+", "%2B"))
				},
				"update in JSON": func() *answer { a.create(); return a.call("PATCH", a.path(""), "", "application/json", body) },
			} {
				got := send()
				got.t = t
				if p.refused != "" {
					got.must(422, p.refused).is("errors.0.meta.param_name", name)
					continue
				}
				want := maps.Clone(untouched.(map[string]any))
				resource, _ := got.must(200).at("response").(map[string]any)
				for path, value := range p.shows {
					got.is("response."+path, value)
					want[path] = resource[path]
				}
				for _, changing := range []string{"id", "missing_fields", "unverified_fields"} {
					want[changing] = resource[changing]
				}
				if diff := cmp.Diff(want, resource); diff != "" {
					t.Errorf("%s changed more than it says:\n%s", how, diff)
				}
			}
		})
	}
}

// Empty means not supplied, for each of them: a value stays, and nothing is refused.
func TestEmptyParametersAreNotSupplied(t *testing.T) {
	s := newSite(t, optionalEverything)
	a := s.browser()
	var empty []string
	for name := range signUpParameters {
		empty = append(empty, name, "")
	}
	a.create(empty...).must(200)
	a.update("first_name", "Ada", "email_address", "ada@example.com").must(200)
	a.update(empty...).must(200).is("response.first_name", "Ada").is("response.email_address", "ada@example.com")
	a.call("PATCH", a.path(""), "", "application/json", `{"first_name":null,"last_name":"","email_address":null}`).must(200).is("response.first_name", "Ada")
}

// One field takes an address or a number; with the field of its own it must agree.
func TestEitherAddressOrNumber(t *testing.T) {
	const either = "email_address_or_phone_number"
	s := newSite(t, optionalEverything)
	a := s.browser()
	a.create(either, "ada@example.com").must(200).is("response.email_address", "ada@example.com").is("response.phone_number", nil)
	a.create(either, "+4930901820").must(200).is("response.phone_number", "+4930901820").is("response.email_address", nil)
	a.create(either, "ada@example.com", "email_address", "ada@example.com").must(200)
	a.create(either, "ada@example.com", "phone_number", "+4930901820").must(200).is("response.phone_number", "+4930901820")
	a.create(either, "ada@example.com", "email_address", "countess@example.com").must(422, "form_param_duplicate").is("errors.0.meta.param_name", either)
	a.create(either, "nonsense").must(422, "form_param_format_invalid")
}

// R27: what is wrong with parameters is told field by field, all at once.
func TestR27WrongParameters(t *testing.T) {
	s := newSite(t, optionalEverything)
	a := s.browser()
	a.create().must(200)
	long := strings.Repeat("x", 5000)
	for name, c := range map[string]struct {
		fields []string
		param  string
		code   string
	}{
		"address":              {[]string{"email_address", "ada"}, "email_address", "form_param_format_invalid"},
		"address, line end":    {[]string{"email_address", "ada@example.com\r\nBcc: eve@example.com"}, "email_address", "form_param_format_invalid"},
		"address, control":     {[]string{"email_address", "ada\x00@example.com"}, "email_address", "form_param_format_invalid"},
		"address, bad UTF-8":   {[]string{"email_address", "ada\xff@example.com"}, "email_address", "form_param_value_invalid"},
		"address, over-long":   {[]string{"email_address", long + "@example.com"}, "email_address", "form_param_max_length_exceeded"},
		"number":               {[]string{"phone_number", "030"}, "phone_number", "form_param_format_invalid"},
		"number, over-long":    {[]string{"phone_number", "+" + strings.Repeat("1", 5000)}, "phone_number", "form_param_max_length_exceeded"},
		"wallet":               {[]string{"web3_wallet", "0x0"}, "web3_wallet", "form_param_format_invalid"},
		"username, short":      {[]string{"username", "ada"}, "username", "form_username_invalid_length"},
		"username, characters": {[]string{"username", "ada lovelace"}, "username", "form_username_invalid_character"},
		"username, digits":     {[]string{"username", "123456"}, "username", "form_username_needs_non_number_char"},
		"name, control":        {[]string{"first_name", "A\nda"}, "first_name", "form_param_format_invalid"},
		"name, over-long":      {[]string{"last_name", strings.Repeat("é", 257)}, "last_name", "form_param_max_length_exceeded"},
		"name, huge":           {[]string{"last_name", long}, "last_name", "form_param_max_length_exceeded"},
		"name, twice":          {[]string{"first_name", "Ada", "first_name", "Augusta"}, "first_name", "form_param_duplicate"},
		"password, short":      {[]string{"password", "short"}, "password", "form_password_length_too_short"},
		"password, long":       {[]string{"password", strings.Repeat("x", 129)}, "password", "form_password_length_too_long"},
		"password, huge":       {[]string{"password", strings.Repeat("x", 60_000)}, "password", "form_password_length_too_long"},
		"birthday":             {[]string{"birthday", "12/10/1815"}, "birthday", "form_param_format_invalid"},
		"locale":               {[]string{"locale", "not a locale"}, "locale", "form_param_format_invalid"},
		"metadata":             {[]string{"unsafe_metadata", `[1]`}, "unsafe_metadata", "form_param_format_invalid"},
		"metadata, no JSON":    {[]string{"unsafe_metadata", `{`}, "unsafe_metadata", "form_param_format_invalid"},
		"metadata, 8 KB":       {[]string{"unsafe_metadata", `{"k":"` + strings.Repeat("v", 8<<10-7) + `"}`}, "unsafe_metadata", "form_param_exceeds_allowed_size"},
		"metadata, 60 KB":      {[]string{"unsafe_metadata", `{"k":"` + strings.Repeat("v", 60_000) + `"}`}, "unsafe_metadata", "form_param_exceeds_allowed_size"},
		"legal, neither":       {[]string{"legal_accepted", "1"}, "legal_accepted", "form_param_type_invalid"},
		"strategy, over-long":  {[]string{"strategy", long}, "strategy", "form_param_max_length_exceeded"},
		"strategy, unknown":    {[]string{"strategy", "carrier_pigeon"}, "strategy", "form_param_value_invalid"},
	} {
		for how, got := range map[string]*answer{"create": a.create(c.fields...), "update": a.update(c.fields...)} {
			got.must(422, c.code).is("errors.0.meta.param_name", c.param)
			if t.Failed() {
				t.Fatalf("%s, %s", name, how)
			}
		}
	}
	got := a.create("email_address", "ada", "username", "x", "password", "short", "birthday", "x", "unsafe_metadata", "x", "strategy", "saml")
	got.must(422, "form_param_format_invalid", "form_username_invalid_length", "form_param_format_invalid", "form_param_format_invalid", "form_param_value_invalid")
	a.get(a.path("")).must(200).is("response.email_address", nil).is("response.first_name", nil)
}

// Every attribute off, optional and required, as the wire shows it.
func TestAttributeRequirements(t *testing.T) {
	values := map[string]string{}
	for _, name := range settings.AttributeNames() {
		values[name] = signUpParameters[name].value
	}
	for _, requirement := range []settings.Requirement{settings.Off, settings.Optional, settings.Required} {
		for _, name := range settings.AttributeNames() {
			t.Run(string(requirement)+" "+name, func(t *testing.T) {
				s := newSite(t, func(s *settings.Settings) {
					everyAttribute(settings.Off)(s)
					s.Attributes.Gender.Requirement = settings.Required // keeps the sign-up open
					if name == "gender" {
						s.Attributes.FirstName.Requirement = settings.Required
					}
					setRequirement(s, name, requirement)
				})
				a := s.browser()
				environment := a.get("/v1/environment").must(200)
				environment.is("user_settings.attributes."+name+".enabled", requirement != settings.Off)
				environment.is("user_settings.attributes."+name+".required", requirement == settings.Required)
				empty := a.create().must(200)
				list := map[string]bool{}
				for _, of := range []string{"required_fields", "optional_fields", "missing_fields"} {
					names, _ := empty.at("response." + of).([]any)
					list[of] = slices.Contains(names, any(name))
				}
				want := map[string]bool{
					"required_fields": requirement == settings.Required, "optional_fields": requirement == settings.Optional,
					"missing_fields": requirement == settings.Required,
				}
				if diff := cmp.Diff(want, list); diff != "" {
					t.Errorf("lists that name it (-want +got):\n%s", diff)
				}
				got := a.update(name, values[name])
				if requirement == settings.Off {
					got.must(400, "form_param_value_disabled").is("errors.0.meta.param_name", name)
					return
				}
				missing, _ := got.must(200).at("response.missing_fields").([]any)
				if slices.Contains(missing, any(name)) {
					t.Error("supplied, and still missing")
				}
			})
		}
	}
}

// strategies has each way to prove something that the wire names, by where it is
// named: those that are served have a check, the others are refused by name.
var strategies = map[string]func(t *testing.T, a *agent){
	"create password": func(t *testing.T, a *agent) {
		a.create("strategy", "password", "email_address", "ada@example.com", "password", goodPassword).must(200)
		a.last.is("response.has_password", true).is("response.verifications.email_address", nil)
	},
	"create email_code": func(t *testing.T, a *agent) {
		a.create("strategy", "email_code", "email_address", "ada@example.com").must(200)
		a.last.is("response.verifications.email_address.next_action", "needs_attempt")
		a.attempt(a.code()).must(200).is("response.verifications.email_address.status", "verified")
	},
	"prepare email_code": func(t *testing.T, a *agent) {
		a.create("email_address", "ada@example.com").must(200)
		a.prepare().must(200).is("response.verifications.email_address.status", "unverified")
		a.last.is("response.verifications.email_address.expire_at", a.clock.Now().Add(10*time.Minute).UnixMilli())
	},
	"attempt email_code": func(t *testing.T, a *agent) {
		a.create("email_address", "ada@example.com").must(200)
		a.prepare().must(200)
		a.attempt(a.wrongCode(1)).must(422, "form_code_incorrect").is("meta.client.sign_up.verifications.email_address.attempts", 1.0)
		a.attempt(a.code()).must(200).is("response.verifications.email_address.attempts", 2.0)
		a.last.is("response.verifications.email_address.status", "verified").is("response.unverified_fields", "=[]")
	},
}

// R23: there is no way to sign up but those that are listed, each with its check.
func TestR23EveryStrategyIsServedOrRefused(t *testing.T) {
	all := lines(t, "strategies.txt")
	for served := range strategies {
		if !slices.Contains(all, served) {
			t.Errorf("the wire has no strategy to %s", served)
		}
	}
	s := newSite(t, nil)
	for i, line := range all {
		t.Run(line, func(t *testing.T) {
			a := s.browser()
			a.t = t
			if check := strategies[line]; check != nil {
				own := newSite(t, nil).browser()
				check(t, own)
				return
			}
			operation, strategy, _ := strings.Cut(line, " ")
			address := fmt.Sprintf("ada%d@example.com", i)
			a.create("email_address", address).must(200)
			extra := []string{
				"strategy", strategy, "redirect_url", "https://app.example.com/sso", "action_complete_redirect_url", "https://app.example.com/",
				"code", "123456", "token", "eyJ", "signature", "0x", "channel", "sms", "ticket_", "",
			}
			refuse := func(got *answer) {
				t.Helper()
				got.must(422, "form_param_value_invalid").is("errors.0.meta.param_name", "strategy")
				if text, _ := got.at("errors.0.long_message").(string); !strings.Contains(text, strategy) {
					t.Errorf("%q doesn't name %s", text, strategy)
				}
			}
			switch operation {
			case "create":
				refuse(a.create(extra...))
				refuse(a.update(extra...))
			case "prepare":
				refuse(a.form("POST", a.path("/prepare_verification"), extra...))
			case "attempt":
				refuse(a.form("POST", a.path("/attempt_verification"), extra...))
			default:
				t.Fatalf("no operation %q", operation)
			}
			a.get(a.path("")).must(200).is("response.email_address", address)
		})
	}
}
