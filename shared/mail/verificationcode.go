package mail

import (
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// VerificationCode is the mail that proves an address by a code.
type VerificationCode struct {
	AppName string
	Code    secret.Text
	Minutes int // how long the code still lives
	// Purpose is what the code is for; empty is a sign-up.
	Purpose signup.Purpose
}

func (m VerificationCode) kind() string {
	switch m.Purpose {
	case signup.ProveAddress:
		return "address_code"
	case signup.SignInByMail:
		return "sign_in_code"
	}
	return "verification_code"
}

func (m VerificationCode) values(w words) map[string]string {
	return map[string]string{"app_name": m.AppName, "time_left": w.timeLeft(m.Minutes)}
}
