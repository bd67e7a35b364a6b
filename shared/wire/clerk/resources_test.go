package clerk

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/local/nativesdk"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// find holds that the path is there and calls check with each value under it; * is every member.
func find(value any, path string, check func(where string, value any, found bool)) {
	seek(value, "", strings.Split(path, "."), check)
}

func seek(value any, where string, path []string, check func(string, any, bool)) {
	if len(path) == 0 {
		check(where, value, true)
		return
	}
	if path[0] == "*" {
		holder, _ := value.(map[string]any)
		for name, member := range holder {
			seek(member, where+"."+name, path[1:], check)
		}
		if len(holder) == 0 {
			check(where+".*", nil, false)
		}
		return
	}
	var member any
	found := false
	switch holder := value.(type) {
	case map[string]any:
		member, found = holder[path[0]]
	case []any:
		member, found = at(holder, path[0]), len(holder) > 0
	}
	if !found {
		check(where+"."+strings.Join(path, "."), nil, false)
		return
	}
	seek(member, where+"."+path[0], path[1:], check)
}

// TestNativeSDKs shows native SDKs every resource that their models decode, in
// several states; each answer of these tests is held against the models (see run).
func TestNativeSDKs(t *testing.T) {
	w := newWalk(t)
	bare := newSite(t, func(s *settings.Settings) {
		everyAttribute(settings.Off)(s)
		s.Attributes.Username.Requirement = settings.Required
	}).app()
	answers := []*answer{
		bare.get("/v1/environment").must(200), bare.get("/v1/client").must(200),
		bare.create("username", "ada_lovelace").must(200), bare.create("username", "ada_lovelace"),
		newSite(t, func(s *settings.Settings) {
			everyAttribute(settings.Required)(s)
			s.SignUp.LegalConsent, s.SignUp.TermsURL = true, "https://app.example.com/terms"
		}).app().get("/v1/environment").must(200),
		w.empty, w.supplied, w.prepared, w.complete, w.again, w.abandoned,
	}
	missing := map[string]bool{}
	for _, resource := range nativesdk.Resources() {
		missing[resource] = true
	}
	for _, a := range answers {
		_, seen := nativesdk.Check(a.body, true)
		for resource := range seen {
			delete(missing, resource)
		}
	}
	if len(missing) > 0 {
		t.Errorf("nothing shows %v", slices.Collect(maps.Keys(missing)))
	}
}

// parts of a resource that are resources or objects of their own.
var nested = map[string][]string{
	"client": {"sessions", "sign_up"}, "session": {"user"}, "user": {"public_metadata", "unsafe_metadata", "phone_numbers", "web3_wallets"},
}

// paths are the members of a resource, down to the first element of its lists, without those that stand for themselves.
func paths(value any, prefix string, skip []string) []string {
	var all []string
	holder, _ := value.(map[string]any)
	for name, member := range holder {
		path := prefix + name
		all = append(all, path)
		if slices.Contains(skip, path) {
			continue
		}
		if list, ok := member.([]any); ok && len(list) > 0 {
			member, path = list[0], path+".0"
		}
		all = append(all, paths(member, path+".", skip)...)
	}
	return all
}

// The client, session and user have the members of the protocol page, and birthday and gender.
func TestResourcesHaveTheWiresMembers(t *testing.T) {
	w := newWalk(t)
	resources := map[string]any{
		"client": w.complete.at("client"), "session": w.complete.at("client.sessions.0"), "user": w.complete.at("client.sessions.0.user"),
	}
	var got []string
	for name, resource := range resources {
		for _, path := range paths(resource, "", nested[name]) {
			got = append(got, name+" "+path)
		}
	}
	sameNames(t, "members", lines(t, "resources.txt"), got)
	for _, path := range []string{"client.sessions.0.user.private_metadata", "client.sessions.0.user.password_hash"} {
		if w.complete.at(path) != nil {
			t.Errorf("%s is shown", path)
		}
	}
}

// The client on completion: no sign-up, the session, and it is the active one
// (§4.3), since a tab in the background never says which it wants (§5).
func TestClientOnCompletion(t *testing.T) {
	a := newSite(t, nil).browser()
	a.clock.Forward(time.Second)
	got := a.signUpWhole("Ada@example.com", "first_name", "Ada")
	now := a.clock.Now()
	ms := now.UnixMilli()
	got.is("client.sign_up", nil).is("client.sign_in", nil).is("client.captcha_bypass", false).is("client.cookie_expires_at", nil)
	got.is("client.created_at", ms).is("client.updated_at", ms).is("client.object", "client")
	session := "client.sessions.0."
	got.is(session+"status", "active").is(session+"tasks", "=[]").is(session+"actor", nil).is(session+"factor_verification_age", "=[0,-1]")
	got.is(session+"expire_at", now.Add(7*24*time.Hour).UnixMilli()).is(session+"abandon_at", now.Add(30*24*time.Hour).UnixMilli())
	got.is(session+"created_at", ms).is(session+"updated_at", ms).is(session+"last_active_at", ms).is(session+"last_active_organization_id", nil)
	got.is(session+"public_user_data.identifier", "Ada@example.com").is(session+"public_user_data.first_name", "Ada")
	user := session + "user."
	got.is(user+"password_last_updated_at", ms).is(user+"last_sign_in_at", ms).is(user+"last_active_at", ms).is(user+"created_at", ms)
	got.is(user+"primary_email_address_id", got.at(user+"email_addresses.0.id"))
	got.is(user+"email_addresses.0.verification", map[string]any{
		"object": "verification_otp", "status": "verified", "strategy": "email_code", "attempts": 1, "expire_at": now.Add(10 * time.Minute).UnixMilli(),
	})
	got.is(user+"phone_numbers", "=[]").is(user+"delete_self_enabled", false).is(user+"legal_accepted_at", nil)
	// Ten minutes later, the factor is as old.
	a.clock.Forward(10*time.Minute + time.Second)
	a.get("/v1/client").must(200).is("response.sessions.0.factor_verification_age", "=[10,-1]")
}

// Identifiers that weren't proved say so, and their ids stay the same.
func TestContacts(t *testing.T) {
	w := newWalk(t)
	user := "client.sessions.0.user."
	for _, kind := range []string{"phone_numbers.0", "web3_wallets.0"} {
		w.complete.is(user+kind+".verification", nil)
		id, _ := w.complete.at(user + kind + ".id").(string)
		if !strings.HasPrefix(id, "idn_") || len(id) != 4+22 {
			t.Errorf("%s has the id %q", kind, id)
		}
		w.again.is(user+kind+".id", id)
	}
	w.complete.is(user+"primary_phone_number_id", w.complete.at(user+"phone_numbers.0.id"))
	w.complete.is(user+"primary_web3_wallet_id", w.complete.at(user+"web3_wallets.0.id"))
	ids := map[any]bool{}
	for _, kind := range []string{"email_addresses", "phone_numbers", "web3_wallets"} {
		ids[w.complete.at(user+kind+".0.id")] = true
	}
	if len(ids) != 3 {
		t.Errorf("ids are shared: %v", ids)
	}
}

// What a verification says in each of its states (§4.2).
func TestVerificationStates(t *testing.T) {
	const v = "response.verifications.email_address."
	s := newSite(t, nil)
	a := s.browser()
	a.create("email_address", "ada@example.com").must(200)
	a.prepare().must(200).is(v+"status", "unverified").is(v+"next_action", "needs_attempt").is(v+"attempts", 0.0)
	for n := range 5 {
		a.attempt(a.wrongCode(n)).must(422, "form_code_incorrect").is("errors.0.meta.param_name", "code")
	}
	a.get(a.path("")).must(200).is(v+"status", "failed").is(v+"next_action", "needs_prepare").is(v+"attempts", 5.0)
	a.attempt(a.code()).must(400, "verification_failed")
	s.clock.Forward(30 * time.Second)
	a.prepare().must(200).is(v+"status", "unverified").is(v+"attempts", 0.0)
	s.clock.Forward(10 * time.Minute)
	a.get(a.path("")).must(200).is(v+"status", "expired").is(v+"next_action", "needs_prepare")
	a.attempt(a.code()).must(400, "verification_expired")
	a.prepare().must(200)
	a.attempt(a.code()).must(200).is(v+"status", "verified").is(v+"next_action", "")
	a.attempt(a.code()).must(400, "verification_already_verified")
	a.prepare().must(400, "verification_already_verified")
	a.update("email_address", "countess@example.com").must(200).is("response.verifications.email_address", nil)
	a.attempt("123456").must(400, "verification_not_sent")
	b := s.browser()
	b.create("first_name", "Ada").must(200)
	b.prepare().must(400, "verification_missing").is("errors.0.meta.param_name", "email_address")
	b.attempt("123456").must(400, "verification_missing")
}

// A mail that was refused for good shows on the verification.
func TestRefusedMailShows(t *testing.T) {
	s := newSite(t, nil)
	a := s.browser()
	a.create("email_address", "ada@example.com").must(200)
	a.prepare().must(200)
	for _, c := range s.store.last {
		c.SignUp.Verifications["email_address"].Refused = "The address is on the suppression list."
		if err := s.store.Store.SaveClient(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	got := a.get(a.path("")).must(200).is("response.verifications.email_address.error.code", "verification_mail_refused")
	if text, _ := got.at("response.verifications.email_address.error.long_message").(string); !strings.Contains(text, "suppression list") {
		t.Errorf("the error says %q", text)
	}
}

// beyondTheWire are members of the environment that the body which is known to load
// all SDKs lacks, with why they are there. It lacks none the other way round.
var beyondTheWire = map[string]string{
	"user_settings.attributes.birthday":             "an attribute of ours",
	"user_settings.attributes.gender":               "an attribute of ours",
	"commerce_settings.billing.enabled":             "a Swift model needs it",
	"commerce_settings.billing.has_paid_user_plans": "a Swift model needs it",
	"commerce_settings.billing.has_paid_org_plans":  "a Swift model needs it",
}

// The environment has every member of a body that is known to load all SDKs, with a
// value of the same kind (with ? it may be null), and no other without a reason.
func TestEnvironmentHasTheWiresKeys(t *testing.T) {
	for name, change := range map[string]func(*settings.Settings){
		"default": nil, "off": everyAttribute(settings.Off), "required": everyAttribute(settings.Required),
		"no strategies": func(s *settings.Settings) { s.Attributes.EmailAddress.Strategies = nil },
	} {
		body := newSite(t, change).browser().get("/v1/environment").must(200).body
		known := map[string]bool{}
		for _, row := range lines(t, "environment.txt") {
			path, kind, _ := strings.Cut(row, " ")
			kind, nullable := strings.CutSuffix(kind, "?")
			known[path] = true
			find(body, path, func(where string, value any, found bool) {
				if got := nativesdk.KindOf(value); !found || (got != kind && !(nullable && value == nil)) {
					t.Errorf("%s: %s is %s (there: %v), want %s", name, where, got, found, kind)
				}
			})
		}
		for _, path := range paths(body, "", slices.Collect(maps.Keys(beyondTheWire))) {
			if !known[path] && beyondTheWire[path] == "" {
				t.Errorf("%s: %s is no member of the wire's", name, path)
			}
		}
	}
}

// The environment says what the settings say.
func TestEnvironmentFollowsTheSettings(t *testing.T) {
	s := newSite(t, func(s *settings.Settings) {
		s.AppName, s.SingleSession, s.PublicURL = "Countess", false, "https://accounts.example.com/api"
		s.Attributes.Password.Requirement = settings.Off
		s.Attributes.Username.Requirement = settings.Required
		s.Attributes.EmailAddress.Requirement = settings.Optional
		s.Password.MinLength, s.Password.MaxLength, s.Password.BreachCheck = 20, 200, settings.BreachHIBP
		s.Username.MinLength, s.Username.AllowNumeric = 3, true
		s.SignUp.LegalConsent, s.SignUp.TermsURL, s.SignUp.PrivacyURL = true, "https://app.example.com/terms", "https://app.example.com/privacy"
		s.Mail.ReplyTo = "help@example.com"
		s.Native.Enabled, s.EnumerationProtection = false, true
		s.Verification.RequireSameClient = false
		s.Pages = settings.Pages{
			HomeURL: "https://www.example.com/start?x", SignUpURL: "https://app.example.com/join", LogoURL: "https://www.example.com/logo.svg",
		}
	})
	for path, want := range map[string]any{
		"auth_config.single_session_mode": false, "auth_config.email_address": "on", "auth_config.username": "required", "auth_config.password": "off",
		"auth_config.identification_strategies": `=["username"]`, "auth_config.identification_requirements": `=[["username"],[]]`,
		"auth_config.first_factors": `=["email_code"]`, "auth_config.email_address_verification_strategies": `=["email_code"]`,
		"auth_config.native_settings.api_enabled": false,
		"display_config.application_name":         "Countess", "display_config.terms_url": "https://app.example.com/terms",
		"display_config.privacy_policy_url": "https://app.example.com/privacy", "display_config.support_email": "help@example.com",
		"display_config.home_url": "https://www.example.com/start?x", "display_config.after_sign_up_url": "https://www.example.com/start?x",
		"display_config.sign_up_url": "https://app.example.com/join", "display_config.sign_in_url": "https://www.example.com/sign-in",
		"display_config.logo_image_url": "https://www.example.com/logo.svg", "user_settings.attack_protection.email_link.require_same_client": false,
		"display_config.preferred_sign_in_strategy": "otp",
		"user_settings.sign_up.mode":                "public", "user_settings.sign_up.legal_consent_enabled": true, "user_settings.sign_up.captcha_enabled": false,
		"user_settings.password_settings.min_length": 20.0, "user_settings.password_settings.max_length": 200.0,
		"user_settings.password_settings.disable_hibp": false, "user_settings.password_settings.require_numbers": false,
		"user_settings.username_settings.min_length": 3.0, "user_settings.username_settings.allow_numeric_usernames": true,
		"user_settings.attributes.email_address.verifications": `=["email_code"]`, "user_settings.attributes.email_address.verify_at_sign_up": true,
		"user_settings.attributes.password.enabled": false, "user_settings.attributes.phone_number.verify_at_sign_up": false,
		"user_settings.attack_protection.enumeration_protection.enabled": true,
		"display_config.captcha_oauth_bypass":                            `=[]`, "user_settings.social": `={}`,
	} {
		s.browser().get("/v1/environment").must(200).is(path, want)
	}
	// An attribute that is off offers nothing, whatever else is set for it.
	off := newSite(t, func(s *settings.Settings) { everyAttribute(settings.Off)(s) }).browser().get("/v1/environment").must(200)
	off.is("auth_config.first_factors", `=[]`).is("user_settings.attributes.email_address.verify_at_sign_up", false)
	off.is("user_settings.attributes.email_address.verifications", `=[]`).is("user_settings.attributes.email_address.used_for_first_factor", false)
}

// R3: no configuration asks for a composition of characters.
func TestR3EnvironmentAsksForNoComposition(t *testing.T) {
	body := newSite(t, nil).browser().get("/v1/environment").must(200)
	for _, rule := range []string{"require_special_char", "require_numbers", "require_uppercase", "require_lowercase", "show_zxcvbn"} {
		body.is("user_settings.password_settings."+rule, false)
	}
}

// The first page is the settings', else the first allowed web site's, else that of
// the host: the settings' or, without a public address, the request's.
func TestEnvironmentNamesAHome(t *testing.T) {
	for home, change := range map[string]func(*settings.Settings){
		appOrigin + "/": func(s *settings.Settings) { s.AllowedOrigins = []string{"http://localhost:*", "app://own", appOrigin} },
		"https://" + apiHost + "/": func(s *settings.Settings) {
			s.AllowedOrigins, s.PublicURL = []string{"http://localhost:*"}, "https://"+apiHost+"/__clerk"
		},
		"http://localhost:8080/": func(s *settings.Settings) { s.AllowedOrigins, s.PublicURL = nil, "" },
	} {
		a := newSite(t, change).browser()
		a.header = map[string]string{"host": "localhost:8080", "x-forwarded-proto": "http"}
		got := a.get("/v1/environment").must(200).is("display_config.home_url", home).is("display_config.sign_in_url", home+"sign-in")
		got.is("display_config.logo_image_url", "")
	}
}

// Each code that a caller can be told has the wire's status; the few that are our own are listed.
func TestCodesAreTheWires(t *testing.T) {
	wire := map[string]string{}
	for _, row := range lines(t, "codes.txt") {
		code, status, _ := strings.Cut(row, " ")
		wire[code] = status
	}
	own := map[string]bool{
		"form_username_reserved": true, "verification_mail_refused": true, "internal_error": true, "service_unavailable": true,
		"mail_rate_limit_exceeded": true, "too_many_requests": true,
		// Of what only other wires do, log-ins among it.
		"credentials_invalid": true, "sign_in_rate_limit_exceeded": true, "user_held": true, "account_unknown": true, "action_code_invalid": true,
		"last_factor": true, "password_incorrect": true, "refresh_token_invalid": true, "super_user_required": true, "user_not_created": true,
	}
	for _, p := range problem.All() {
		status, known := wire[p.Code]
		switch {
		case own[p.Code]:
			delete(own, p.Code)
		case !known:
			t.Errorf("the wire has no %s", p.Code)
		case status != fmt.Sprint(p.Status):
			t.Errorf("%s is %d, on the wire %s", p.Code, p.Status, status)
		}
	}
	if len(own) > 0 {
		t.Errorf("no longer declared: %v", slices.Collect(maps.Keys(own)))
	}
}
