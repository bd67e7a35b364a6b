package norman

import (
	"slices"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/describe/describetest"
)

func TestEveryOperationIsDescribed(t *testing.T) { describetest.Complete(t, Description()) }

// The descriptions name the fields that the code reads and the problems that it
// makes, operation by operation.
func TestDescriptionsSayWhatTheCodeDoes(t *testing.T) {
	describetest.Code(t, Description(), describetest.Exceptions{Header: []string{"authorization"}, Untold: untold()})
}

func untold() []describetest.Untold {
	names := []string{
		"form_username_cannot_be_phone_number", "form_username_invalid_character", "form_username_invalid_length", "form_username_reserved",
	}
	passwords := []string{
		"form_password_length_too_long", "form_password_length_too_short", "form_password_matches_identifier", "form_password_pwned",
		"form_password_validation_failed",
	}
	addresses := []string{"form_param_format_invalid", "mail_rate_limit_exceeded", "not_allowed_access"}
	return []describetest.Untold{
		{
			Codes: []string{
				"sign_up_cannot_be_updated", "verification_missing", "verification_already_verified", "verification_code_too_many_requests",
				"invalid_redirect_url", "prohibited_redirect_url",
			},
			Why: "a sign-up in one call has no challenge before it, and no link; of a challenge that is open a caller without a token isn't told",
		},
		{Codes: []string{"form_param_exceeds_allowed_size", "form_param_value_disabled"}, Why: "no such field is read"},
		{Codes: []string{"form_username_needs_non_number_char"}, Why: "names of digits alone are accepted"},
		{Codes: []string{"account_unknown", "password_incorrect"}, Why: "this door doesn't tell who has no account"},
		{
			Of: []string{"signUpDefault"},
			Codes: slices.Concat(names, passwords, addresses, []string{
				"form_identifier_exists", "form_param_max_length_exceeded", "form_param_missing", "form_param_value_invalid",
			}),
			Why: "it supplies nothing",
		},
		{Of: []string{"signUpKey"}, Codes: slices.Concat(passwords, addresses), Why: "it supplies a name alone"},
		{Of: []string{"logInDefault"}, Codes: []string{"user_held"}, Why: "nothing holds an account without a factor"},
		{Of: []string{"logInPassword"}, Codes: append(names, "form_param_format_invalid"), Why: "what names nobody is told as credentials_invalid"},
		{Of: []string{"logInPassword"}, Codes: []string{"mail_rate_limit_exceeded", "resource_locked"}, Why: "the mail that reminds is sent if it can be"},
		{
			Of: []string{"logInPassword", "logInEmail", "generateKey", "revokeKey", "registerPassword", "registerEmail"}, Codes: []string{"form_identifier_exists"},
			Why: "the change claims no identifier",
		},
		{Of: []string{"generateKey"}, Codes: []string{"form_param_missing"}, Why: "an id that is missing is nobody's"},
		{Of: []string{"verifyLogInEmail"}, Codes: []string{"authentication_invalid"}, Why: "it asks for no token"},
		{Of: []string{"verifyEmail"}, Codes: []string{"credentials_invalid", "user_held"}, Why: "its caller is signed in"},
	}
}
