package mail

import "github.com/doorstep-auth/doorstep/shared/secret"

// VerificationCode is the mail that proves an address by a code.
type VerificationCode struct {
	AppName string
	Code    secret.Text
	Minutes int // how long the code still lives
}

func (VerificationCode) kind() string { return "verification_code" }

func (m VerificationCode) values(w words) map[string]string {
	return map[string]string{"app_name": m.AppName, "time_left": w.timeLeft(m.Minutes)}
}
