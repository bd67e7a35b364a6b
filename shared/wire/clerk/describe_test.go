package clerk

import (
	"testing"

	"github.com/doorstep-auth/doorstep/shared/describe/describetest"
)

func TestEveryOperationIsDescribed(t *testing.T) { describetest.Complete(t, Description()) }

// The descriptions name the fields that the code reads and the problems that it
// makes, operation by operation.
func TestDescriptionsSayWhatTheCodeDoes(t *testing.T) {
	describetest.Code(t, Description(), describetest.Exceptions{
		Query: []string{"_is_native"}, Header: []string{"authorization", "origin", "referer"},
		Untold: []describetest.Untold{
			{Of: []string{"removeSessions"}, Codes: []string{"authentication_invalid"}, Why: "a caller without a client has nothing to end"},
			{Of: []string{"getMe", "listMySessions"}, Codes: []string{"resource_not_found", "signed_out"}, Why: "it is told as authentication_invalid"},
			{Of: []string{"revokeSession"}, Codes: []string{"signed_out"}, Why: "it is told as authentication_invalid"},
			{Of: []string{"createSignUp"}, Codes: []string{"sign_up_cannot_be_updated"}, Why: "a new sign-up has no earlier addresses"},
			{
				Of: []string{"confirmLink"}, Codes: []string{"form_identifier_exists", "sign_up_cannot_be_updated"},
				Why: "it is told as a page or in the redirect",
			},
		},
	})
}

func TestEnumerationsAreWhole(t *testing.T) { describetest.Enumerations(t, Description()) }
