package mail

import "github.com/doorstep-auth/doorstep/shared/secret"

// VerificationLink is the mail that proves an address by a link, and by a code
// where the instance takes codes: whichever is used first ends the other.
type VerificationLink struct {
	AppName string
	Link    secret.Text // absolute URL
	Code    secret.Text // zero for none
	Minutes int         // how long link and code still live
}

func (VerificationLink) kind() string { return "verification_link" }

func (m VerificationLink) values(w words) map[string]string {
	return map[string]string{"app_name": m.AppName, "time_left": w.timeLeft(m.Minutes)}
}
