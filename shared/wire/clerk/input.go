package clerk

import (
	"strings"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// Longest fields, in bytes; the domain's own limits are tighter and name what
// they count. Passwords and metadata have problems of their own for that.
const (
	maxText     = 4 << 10
	maxPassword = gateway.MaxBody
	maxStrategy = 64
	maxCode     = 64
	maxMetadata = gateway.MaxBody
)

// readInput reads the fields of create and update (§3.3, §3.4). Unknown fields are ignored.
func readInput(s *settings.Settings, r *gateway.Request) (signup.Input, error) {
	f := r.Fields()
	in := signup.Input{
		EmailAddress: f.Text("email_address", maxText), PhoneNumber: f.Text("phone_number", maxText),
		Username: f.Text("username", maxText), Web3Wallet: f.Text("web3_wallet", maxText),
		Password:  secret.NewText(f.Text("password", maxPassword)),
		FirstName: f.Text("first_name", maxText), LastName: f.Text("last_name", maxText),
		Birthday: f.Text("birthday", maxText), Gender: f.Text("gender", maxText), Locale: f.Text("locale", maxText),
		UnsafeMetadata: f.Text("unsafe_metadata", maxMetadata), LegalAccepted: f.Bool("legal_accepted"),
		Strategy: f.Text("strategy", maxStrategy), Link: readLink(s, r, f),
	}
	readEither(f, &in)
	refuseUnbuilt(f)
	return in, f.Faults.Err()
}

// readEither reads the one field that takes an address or a phone number.
func readEither(f *gateway.Fields, in *signup.Input) {
	const name = "email_address_or_phone_number"
	value := f.Text(name, maxText)
	target := &in.PhoneNumber
	if strings.Contains(value, "@") {
		target = &in.EmailAddress
	}
	switch *target {
	case "":
		*target = value
	case value:
	default:
		if value != "" {
			f.Faults = append(f.Faults, problem.ParamDuplicate.On(name))
		}
	}
}

// refuseUnbuilt refuses ways to sign up that this wire has and that aren't built.
func refuseUnbuilt(f *gateway.Fields) {
	if f.Bool("transfer") {
		f.Faults = append(f.Faults, problem.ParamValueInvalid.On("transfer").Detailed("transfer is not a strategy that can be used."))
	}
	if f.Text("ticket", maxText) != "" {
		f.Faults = append(f.Faults, problem.ParamValueInvalid.On("ticket").Detailed("ticket is not a strategy that can be used."))
	}
}
