package settings

// The keys of mail.texts: the parts of each mail that an instance may word itself.
// Package mail declares what each part says and where it stands.
const (
	TextVerificationCodeSubject = "verification_code.subject"
	TextVerificationCodeHeading = "verification_code.heading"
	TextVerificationCodeIntro   = "verification_code.intro"
	TextVerificationCodeExpiry  = "verification_code.expiry"
	TextVerificationCodeIgnore  = "verification_code.ignore"

	TextAddressCodeSubject = "address_code.subject"
	TextAddressCodeHeading = "address_code.heading"
	TextAddressCodeIntro   = "address_code.intro"
	TextAddressCodeExpiry  = "address_code.expiry"
	TextAddressCodeIgnore  = "address_code.ignore"

	TextSignInCodeSubject = "sign_in_code.subject"
	TextSignInCodeHeading = "sign_in_code.heading"
	TextSignInCodeIntro   = "sign_in_code.intro"
	TextSignInCodeExpiry  = "sign_in_code.expiry"
	TextSignInCodeIgnore  = "sign_in_code.ignore"

	TextVerificationLinkSubject = "verification_link.subject"
	TextVerificationLinkHeading = "verification_link.heading"
	TextVerificationLinkIntro   = "verification_link.intro"
	TextVerificationLinkButton  = "verification_link.button"
	TextVerificationLinkCode    = "verification_link.code"
	TextVerificationLinkExpiry  = "verification_link.expiry"
	TextVerificationLinkIgnore  = "verification_link.ignore"

	TextConfirmAddressSubject = "confirm_address.subject"
	TextConfirmAddressHeading = "confirm_address.heading"
	TextConfirmAddressIntro   = "confirm_address.intro"
	TextConfirmAddressButton  = "confirm_address.button"
	TextConfirmAddressExpiry  = "confirm_address.expiry"
	TextConfirmAddressIgnore  = "confirm_address.ignore"

	TextAcceptInvitationSubject = "accept_invitation.subject"
	TextAcceptInvitationHeading = "accept_invitation.heading"
	TextAcceptInvitationIntro   = "accept_invitation.intro"
	TextAcceptInvitationButton  = "accept_invitation.button"
	TextAcceptInvitationExpiry  = "accept_invitation.expiry"
	TextAcceptInvitationIgnore  = "accept_invitation.ignore"

	TextResetPasswordSubject = "reset_password.subject"
	TextResetPasswordHeading = "reset_password.heading"
	TextResetPasswordIntro   = "reset_password.intro"
	TextResetPasswordButton  = "reset_password.button"
	TextResetPasswordExpiry  = "reset_password.expiry"
	TextResetPasswordIgnore  = "reset_password.ignore"

	TextConfirmSignUpSubject = "confirm_sign_up.subject"
	TextConfirmSignUpHeading = "confirm_sign_up.heading"
	TextConfirmSignUpIntro   = "confirm_sign_up.intro"
	TextConfirmSignUpButton  = "confirm_sign_up.button"
	TextConfirmSignUpExpiry  = "confirm_sign_up.expiry"
	TextConfirmSignUpIgnore  = "confirm_sign_up.ignore"

	TextExistingAccountSubject = "existing_account.subject"
	TextExistingAccountHeading = "existing_account.heading"
	TextExistingAccountIntro   = "existing_account.intro"
	TextExistingAccountSignIn  = "existing_account.sign_in"
	TextExistingAccountNotYou  = "existing_account.not_you"
	TextExistingAccountReport  = "existing_account.report"
)

// TextKeys lists the keys of mail.texts in the order of their appearance in a mail.
func TextKeys() []string {
	return []string{
		TextVerificationCodeSubject,
		TextVerificationCodeHeading,
		TextVerificationCodeIntro,
		TextVerificationCodeExpiry,
		TextVerificationCodeIgnore,
		TextAddressCodeSubject,
		TextAddressCodeHeading,
		TextAddressCodeIntro,
		TextAddressCodeExpiry,
		TextAddressCodeIgnore,
		TextSignInCodeSubject,
		TextSignInCodeHeading,
		TextSignInCodeIntro,
		TextSignInCodeExpiry,
		TextSignInCodeIgnore,
		TextVerificationLinkSubject,
		TextVerificationLinkHeading,
		TextVerificationLinkIntro,
		TextVerificationLinkButton,
		TextVerificationLinkCode,
		TextVerificationLinkExpiry,
		TextVerificationLinkIgnore,
		TextConfirmAddressSubject,
		TextConfirmAddressHeading,
		TextConfirmAddressIntro,
		TextConfirmAddressButton,
		TextConfirmAddressExpiry,
		TextConfirmAddressIgnore,
		TextAcceptInvitationSubject,
		TextAcceptInvitationHeading,
		TextAcceptInvitationIntro,
		TextAcceptInvitationButton,
		TextAcceptInvitationExpiry,
		TextAcceptInvitationIgnore,
		TextResetPasswordSubject,
		TextResetPasswordHeading,
		TextResetPasswordIntro,
		TextResetPasswordButton,
		TextResetPasswordExpiry,
		TextResetPasswordIgnore,
		TextConfirmSignUpSubject,
		TextConfirmSignUpHeading,
		TextConfirmSignUpIntro,
		TextConfirmSignUpButton,
		TextConfirmSignUpExpiry,
		TextConfirmSignUpIgnore,
		TextExistingAccountSubject,
		TextExistingAccountHeading,
		TextExistingAccountIntro,
		TextExistingAccountSignIn,
		TextExistingAccountNotYou,
		TextExistingAccountReport,
	}
}

// Locales lists the languages that mails are written in.
func Locales() []string { return []string{"en", "de"} }

// TextFor returns the instance's own words for key (one of TextKeys) in locale
// (one of Locales), or "" where the built-in ones stand.
func (s *Settings) TextFor(locale, key string) string { return s.Mail.Texts[locale][key] }
