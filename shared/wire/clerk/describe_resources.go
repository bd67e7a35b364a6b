package clerk

import (
	"github.com/doorstep-auth/doorstep/shared/describe"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

func properties() map[string]describe.Property {
	return map[string]describe.Property{
		"SignUp.object":                   describe.Only("sign_up_attempt"),
		"SignUp.id":                       {Pattern: idPattern(signUpPrefix)},
		"SignUp.required_fields":          {Text: "Fields that a sign-up must have."},
		"SignUp.optional_fields":          {Text: "Fields that it may have."},
		"SignUp.missing_fields":           {Text: "Required fields that haven't been supplied."},
		"SignUp.unverified_fields":        {Text: "Supplied fields that must be proved."},
		"SignUp.created_session_id":       {Pattern: idPattern(sessionPrefix), Text: "Set when the sign-up is complete."},
		"SignUp.created_user_id":          {Pattern: idPattern(userPrefix), Text: "Set when the sign-up is complete."},
		"SignUp.phone_number":             {Text: "In E.164."},
		"SignUp.external_id":              {Text: "Always null."},
		"Verification.object":             {Enum: []string{"verification_otp", "verification_email_link"}},
		"Verification.strategy":           {Enum: []string{settings.EmailCode, settings.EmailLink}},
		"Verification.attempts":           {Text: "Codes tried so far."},
		"Verification.next_action":        {Enum: []string{"needs_attempt", "needs_prepare", ""}},
		"Verification.error":              {Text: "Why the mail was refused for good."},
		"Client.object":                   describe.Only("client"),
		"Client.id":                       {Pattern: idPattern(clientPrefix)},
		"Client.sign_in":                  {Type: "null", Text: "Signing in isn't offered."},
		"Client.sign_up":                  {Text: "The open sign-up; null when there is none, or when it is complete."},
		"Session.object":                  describe.Only("session"),
		"Session.id":                      {Pattern: idPattern(sessionPrefix)},
		"Session.expire_at":               {Text: "When the session ends if it isn't used, in milliseconds of Unix time."},
		"Session.abandon_at":              {Text: "When it ends in any case, in milliseconds of Unix time."},
		"Session.factor_verification_age": {Text: "Minutes since the first and the second factor; -1 for none."},
		"SessionToken.object":             describe.Only("token"),
		"SessionToken.jwt":                {Text: "A JWT that lives 60 seconds, to be verified with the keys of getKeySet."},
		"User.object":                     describe.Only("user"),
		"User.id":                         {Pattern: idPattern(userPrefix)},
		"EmailAddress.object":             describe.Only("email_address"),
		"PhoneNumber.object":              describe.Only("phone_number"),
		"Web3Wallet.object":               describe.Only("web3_wallet"),
		"*.public_metadata":               {Text: "What the application's back end keeps and everybody may read."},
		"*.unsafe_metadata":               {Text: "What the front end keeps."},
		"*.abandon_at":                    {Text: "When it is abandoned, in milliseconds of Unix time."},
		"ErrorItem.code":                  {Text: "Public contract: docs/errors.md."},
		"ErrorItem.message":               {Text: "For a person; it may change."},
		"ErrorItem.meta":                  {Text: "`param_name` is the field that the error is about."},
		"ErrorEnvelope.clerk_trace_id":    {Text: "The request's id, also in the logs."},
	}
}
