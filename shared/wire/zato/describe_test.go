package zato

import (
	"testing"

	"github.com/doorstep-auth/doorstep/shared/describe/describetest"
)

func TestEveryOperationIsDescribed(t *testing.T) { describetest.Complete(t, Description()) }

func TestEverySubStatusIsListed(t *testing.T) { describetest.Enumerations(t, Description()) }

// The descriptions name the fields that the code reads and the problems that it
// makes, operation by operation.
func TestDescriptionsSayWhatTheCodeDoes(t *testing.T) {
	describetest.Code(t, Description(), describetest.Exceptions{Header: []string{"authorization"}, Untold: untold()})
}

func untold() []describetest.Untold {
	return []describetest.Untold{
		{
			Codes: []string{
				"sign_up_cannot_be_updated", "verification_missing", "verification_already_verified", "verification_code_too_many_requests",
				"invalid_redirect_url", "prohibited_redirect_url",
			},
			Why: "a sign-up in one call has no challenge before it, and no link",
		},
		{Codes: []string{"form_param_exceeds_allowed_size", "form_param_value_disabled"}, Why: "no such field is read"},
		{Codes: []string{"form_username_needs_non_number_char"}, Why: "names of digits alone are accepted"},
		{Of: []string{"ssoSignUp"}, Codes: []string{"resource_locked"}, Why: "it changes nothing that others change"},
		{Of: []string{"ssoApprove", "ssoReject", "ssoLogIn"}, Codes: []string{"form_identifier_exists"}, Why: "the change claims no identifier"},
		{Codes: []string{"account_unknown", "password_incorrect"}, Why: "this door doesn't tell who has no account"},
		{
			Of: []string{"ssoLogIn"},
			Codes: []string{
				"form_username_cannot_be_phone_number", "form_username_invalid_character", "form_username_invalid_length", "form_username_reserved",
			},
			Why: "what names nobody is told as credentials_invalid",
		},
		{Of: []string{"ssoLogIn"}, Codes: []string{"mail_rate_limit_exceeded", "resource_locked"}, Why: "no mail reminds of a confirm token"},
	}
}
