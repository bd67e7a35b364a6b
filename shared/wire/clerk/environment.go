package clerk

import (
	"cmp"
	"maps"
	"net/url"

	"github.com/doorstep-auth/doorstep/shared/settings"
)

// dict is a JSON object of the environment. Most of its members are fixed: they
// say that something isn't offered, which SDKs need to be told (§3.1, §4.6).
type dict = map[string]any

// newEnvironment is the Environment resource under the settings; base is where
// browsers reach this API.
func newEnvironment(s *settings.Settings, base string) dict {
	return dict{
		"auth_config":           authConfig(s),
		"display_config":        displayConfig(s, base),
		"user_settings":         userSettings(s),
		"organization_settings": organizationSettings(),
		"fraud_settings":        dict{"object": "fraud_settings", "native": dict{"device_attestation_mode": "disabled"}},
		"commerce_settings":     commerceSettings(),
		"api_keys_settings":     dict{"enabled": false, "user_api_keys_enabled": false, "orgs_api_keys_enabled": false},
		"protect_config":        dict{"object": "protect_config", "id": "", "loaders": []string{}},
		"client_debug_mode":     false,
		"partitioned_cookies":   false,
		"maintenance_mode":      false,
	}
}

func authConfig(s *settings.Settings) dict {
	identifiers := requiredIdentifiers(s)
	return dict{
		"object": "auth_config", "id": "aconf_doorstep",
		"first_name": onOff(s, "first_name"), "last_name": onOff(s, "last_name"),
		"email_address": onOff(s, "email_address"), "phone_number": onOff(s, "phone_number"),
		"username": onOff(s, "username"), "password": onOff(s, "password"),
		"identification_requirements": [][]string{identifiers, {}},
		"identification_strategies":   identifiers,
		"first_factors":               firstFactors(s), "second_factors": []string{},
		"email_address_verification_strategies": emailStrategies(s),
		"single_session_mode":                   s.SingleSession,
		"enhanced_email_deliverability":         false, "test_mode": false, "cookieless_dev": false,
		"url_based_session_syncing": false, "claimed_at": nil, "reverification": false,
		"native_settings": dict{
			"object": "native_settings", "api_enabled": s.Native.Enabled,
			"trusted_device_sign_in_enabled":                         false,
			"trusted_device_enrollment_prompt_after_sign_in_enabled": false,
			"trusted_device_enrollment_prompt_after_sign_up_enabled": false,
		},
	}
}

// onOff is a requirement in auth_config's own words.
func onOff(s *settings.Settings, name string) string {
	switch requirement, _ := s.Attribute(name); requirement {
	case settings.Required:
		return "required"
	case settings.Optional:
		return "on"
	}
	return "off"
}

func requiredIdentifiers(s *settings.Settings) []string {
	names := []string{}
	for _, name := range []string{"email_address", "phone_number", "username", "web3_wallet"} {
		if requirement, _ := s.Attribute(name); requirement == settings.Required {
			names = append(names, name)
		}
	}
	return names
}

func emailStrategies(s *settings.Settings) []string {
	if s.Attributes.EmailAddress.Requirement == settings.Off {
		return []string{}
	}
	return append([]string{}, s.Attributes.EmailAddress.Strategies...) // never null
}

func firstFactors(s *settings.Settings) []string {
	factors := emailStrategies(s)
	if s.Attributes.Password.Requirement != settings.Off {
		factors = append(factors, "password")
	}
	return factors
}

func displayConfig(s *settings.Settings, base string) dict {
	config := dict{
		"object": "display_config", "id": "dconf_doorstep", "instance_environment_type": "production",
		"application_name": s.AppName, "theme": theme(), "preferred_sign_in_strategy": preferredStrategy(s),
		"logo_image_url": s.Pages.LogoURL, "favicon_image_url": "", "branded": false,
		"support_email": optional(s.Mail.ReplyTo), "help_url": nil,
		"terms_url": optional(s.SignUp.TermsURL), "privacy_policy_url": optional(s.SignUp.PrivacyURL),
		"experimental_force_oauth_first": false, "clerk_js_version": nil, "show_devmode_warning": false,
		"google_one_tap_client_id": nil, "logo_url": nil, "favicon_url": nil, "logo_image": nil, "favicon_image": nil,
		"captcha_public_key": nil, "captcha_widget_type": nil, "captcha_public_key_invisible": nil,
		"captcha_provider": nil, "captcha_oauth_bypass": []string{}, "captcha_heartbeat": false,
	}
	maps.Copy(config, pages(s, base))
	return config
}

// pages are the addresses that SDKs send people to. What isn't built has the one
// that it would have: SDKs need a text there.
func pages(s *settings.Settings, base string) dict {
	home := s.Home(base)
	beside := func(path string) string {
		u, err := url.Parse(home)
		if err != nil {
			return home // settings are checked, and a base is an origin
		}
		return u.ResolveReference(&url.URL{Path: path}).String()
	}
	all := dict{
		"sign_in_url": cmp.Or(s.Pages.SignInURL, beside("/sign-in")), "sign_up_url": cmp.Or(s.Pages.SignUpURL, beside("/sign-up")),
		"user_profile_url": beside("/user"), "waitlist_url": beside("/waitlist"), "oauth_consent_url": beside("/oauth-consent"),
		"organization_profile_url": beside("/organization"), "create_organization_url": beside("/create-organization"),
	}
	for _, name := range []string{
		"home_url", "after_sign_in_url", "after_sign_up_url", "after_sign_out_one_url", "after_sign_out_all_url", "after_switch_session_url",
		"after_join_waitlist_url", "after_leave_organization_url", "after_create_organization_url", "logo_link_url",
	} {
		all[name] = home
	}
	return all
}

func preferredStrategy(s *settings.Settings) string {
	if s.Attributes.Password.Requirement == settings.Off {
		return "otp"
	}
	return "password"
}

func theme() dict {
	const white, accent, family = "#ffffff", "#3b5bdb", "sans-serif"
	return dict{
		"buttons": dict{"font_color": white, "font_family": family, "font_weight": "600"},
		"general": dict{
			"color": accent, "padding": "1em", "box_shadow": "none", "font_color": "#151515", "font_family": family,
			"border_radius": "0.5em", "background_color": white, "label_font_weight": "600",
		},
		"accounts": dict{"background_color": white},
	}
}

func userSettings(s *settings.Settings) dict {
	disabled := dict{"enabled": false}
	return dict{
		"attributes": attributes(s), "social": dict{}, "saml": disabled, "enterprise_sso": disabled,
		"sign_in": dict{"second_factor": dict{"required": false}},
		"sign_up": dict{
			"captcha_enabled": false, "captcha_widget_type": "smart", "custom_action_required": false,
			"progressive": true, "mode": s.Mode, "legal_consent_enabled": s.SignUp.LegalConsent,
		},
		"restrictions": dict{
			"allowlist":                               dict{"enabled": len(s.Restrictions.Allowlist) > 0},
			"blocklist":                               dict{"enabled": len(s.Restrictions.Blocklist) > 0},
			"block_email_subaddresses":                dict{"enabled": s.Restrictions.BlockSubaddresses},
			"block_disposable_email_domains":          dict{"enabled": s.Restrictions.BlockDisposableDomains},
			"allowlist_blocklist_disabled_on_sign_in": disabled,
		},
		"password_settings": passwordSettings(s),
		"username_settings": dict{
			"min_length": s.Username.MinLength, "max_length": s.Username.MaxLength,
			"allow_extended_special_characters": s.Username.AllowExtendedSpecialCharacters,
			"allow_numeric_usernames":           s.Username.AllowNumeric,
		},
		"actions": dict{"delete_self": false, "create_organization": false, "create_organizations_limit": nil},
		"attack_protection": dict{
			"user_lockout": dict{"enabled": false, "max_attempts": unlimitedAttempts, "duration_in_minutes": 0},
			"pii":          dict{"enabled": true}, "email_link": dict{"require_same_client": s.Verification.RequireSameClient},
			"enumeration_protection": dict{"enabled": s.EnumerationProtection},
		},
		"passkey_settings": dict{"allow_autofill": false, "show_sign_in_button": false, "satisfies_second_factor": false},
	}
}

// passwordSettings never ask for composition: no configuration can (R3).
func passwordSettings(s *settings.Settings) dict {
	return dict{
		"disable_hibp": s.Password.BreachCheck != settings.BreachHIBP, "disable_password_reverification": false,
		"min_length": s.Password.MinLength, "max_length": s.Password.MaxLength,
		"require_special_char": false, "require_numbers": false, "require_uppercase": false, "require_lowercase": false,
		"show_zxcvbn": false, "min_zxcvbn_strength": 0, "enforce_hibp_on_sign_in": false, "allowed_special_characters": "",
	}
}

// attributes are the eleven that SDKs know (§4.6), and our own two beside them.
func attributes(s *settings.Settings) dict {
	all := dict{}
	for _, name := range settings.AttributeNames() {
		requirement, _ := s.Attribute(name)
		all[name] = attribute(requirement, nil, false)
	}
	email := s.Attributes.EmailAddress
	all["email_address"] = attribute(email.Requirement, emailStrategies(s), email.VerifyAtSignUp)
	for _, name := range []string{"authenticator_app", "ticket", "backup_code", "passkey"} {
		all[name] = attribute(settings.Off, nil, false)
	}
	return all
}

func attribute(requirement settings.Requirement, strategies []string, verify bool) dict {
	if strategies == nil {
		strategies = []string{}
	}
	enabled := requirement != settings.Off
	return dict{
		"enabled": enabled, "required": requirement == settings.Required,
		"used_for_first_factor": enabled && len(strategies) > 0, "first_factors": strategies,
		"used_for_second_factor": false, "second_factors": []string{},
		"verifications": strategies, "verify_at_sign_up": enabled && verify, "immutable": false,
	}
}

func organizationSettings() dict {
	return dict{
		"enabled": false, "max_allowed_memberships": 1, "actions": dict{"admin_delete": false},
		"domains": dict{"enabled": false, "enrollment_modes": []string{}, "default_role": ""},
		"slug":    dict{"disabled": true}, "creator_role": "",
	}
}

// commerceSettings must name user and organization, or SDKs don't load.
func commerceSettings() dict {
	off := dict{"enabled": false, "has_paid_plans": false}
	return dict{"billing": dict{
		"enabled": false, "has_paid_user_plans": false, "has_paid_org_plans": false, // by their names in the Swift SDK
		"stripe_publishable_key": nil, "free_trial_requires_payment_method": false, "user": off, "organization": off,
	}}
}
