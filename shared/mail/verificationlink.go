package mail

import (
	"cmp"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// VerificationLink is the mail that proves an address by a link, and by a code
// where the instance takes codes: whichever is used first ends the other.
type VerificationLink struct {
	AppName string
	Link    secret.Text // absolute URL
	Code    secret.Text // zero for none
	Minutes int         // how long link and code still live
	// Purpose is what the link is for; empty is a sign-up. The others, of which
	// signup.Purpose.Linked reports true, come without a code.
	Purpose signup.Purpose
}

func (m VerificationLink) kind() string { return cmp.Or(string(m.Purpose), "verification_link") }

func (m VerificationLink) values(w words) map[string]string {
	return map[string]string{"app_name": m.AppName, "time_left": w.timeLeft(m.Minutes)}
}
