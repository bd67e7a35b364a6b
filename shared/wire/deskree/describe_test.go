package deskree

import (
	"testing"

	"github.com/doorstep-auth/doorstep/shared/describe/describetest"
)

func TestEveryOperationIsDescribed(t *testing.T) { describetest.Complete(t, Description()) }

// The descriptions name the fields that the code reads and the problems that it
// makes, operation by operation.
func TestDescriptionsSayWhatTheCodeDoes(t *testing.T) {
	describetest.Code(t, Description(), describetest.Exceptions{Header: []string{"authorization", operatorHeader}, Untold: untold()})
}

func untold() []describetest.Untold {
	return []describetest.Untold{
		{
			Codes: []string{
				"sign_up_cannot_be_updated", "verification_missing", "verification_already_verified", "verification_code_too_many_requests",
				"invalid_redirect_url", "prohibited_redirect_url",
			},
			Why: "a sign-up in one call has no challenge before it, and no link of its own; of a challenge that is open a caller without a token isn't told",
		},
		{
			Of: []string{"signUpEmailAndPassword", "inviteAddress"},
			Codes: []string{
				"form_param_exceeds_allowed_size", "form_username_cannot_be_phone_number", "form_username_invalid_character",
				"form_username_invalid_length", "form_username_needs_non_number_char", "form_username_reserved",
			},
			Why: "no such field is read",
		},
		{Of: []string{"signUpEmailAndPassword"}, Codes: []string{"form_param_value_disabled"}, Why: "the door has both fields on"},
		{Of: []string{"signUpEmailAndPassword"}, Codes: []string{"resource_locked"}, Why: "what it makes is new: only its own steps are tried again"},
		{
			Of: []string{"inviteAddress"},
			Codes: []string{
				"form_password_length_too_long", "form_password_length_too_short", "form_password_matches_identifier", "form_password_pwned",
				"form_password_validation_failed",
			},
			Why: "it supplies no password",
		},
		{Of: []string{"signInEmailAndPassword"}, Codes: []string{"account_unknown"}, Why: "it is told as credentials_invalid, with its own detail"},
		{
			Of: []string{"signInEmailAndPassword"}, Codes: []string{"mail_rate_limit_exceeded", "resource_locked"},
			Why: "the mail that reminds is sent if it can be",
		},
		{
			Of: []string{"signInEmailAndPassword", "resetPassword", "updateUserObject"}, Codes: []string{"form_identifier_exists"},
			Why: "the change claims no identifier",
		},
	}
}
