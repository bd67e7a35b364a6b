package zato

import (
	"testing"

	"github.com/doorstep-auth/doorstep/shared/settings"
)

// TestNamesOfProgramsSignUp: names that are made of times, as Zato's own tests have them
// (§4.6), sign up and log in.
func TestNamesOfProgramsSignUp(t *testing.T) {
	s := newSite(t, func(s *settings.Settings) { open(s); s.SSO.EmailRequired = false })
	const name = "test.2026-11-22T12:34:56.789012+1.xxxx"
	made := s.ok("/signup", `{"username":"`+name+`","password":"SD:n25a9-?Z8e-49bQ  D%","current_app":"CRM","app_list":["CRM"]}`)
	s.ok("/signup/confirm", `{"confirm_token":"`+made.At("confirm_token")+`","current_app":"CRM"}`)
	s.ok("/login", `{"username":"`+name+`","password":"SD:n25a9-?Z8e-49bQ  D%","current_app":"CRM"}`)
}
