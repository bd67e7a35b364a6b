package mail

import "github.com/doorstep-auth/doorstep/shared/settings"

func english() words {
	return words{
		minute: "1 minute", minutes: "%d minutes",
		hours: "%d hours", days: "%d days",
		settings.TextVerificationCodeSubject: "Your {app_name} verification code",
		settings.TextVerificationCodeHeading: "Confirm your email address",
		settings.TextVerificationCodeIntro:   "To continue signing up for {app_name}, enter this code:",
		settings.TextVerificationCodeExpiry:  "The code expires in {time_left} and can be used once.",
		settings.TextVerificationCodeIgnore:  "If you didn't ask for this code, you can ignore this email. Don't share the code with anyone.",

		settings.TextAddressCodeSubject: "Confirm your email address for {app_name}",
		settings.TextAddressCodeHeading: "Confirm your email address",
		settings.TextAddressCodeIntro:   "To add this address to your {app_name} account, enter this code:",
		settings.TextAddressCodeExpiry:  "The code expires in {time_left} and can be used once.",
		settings.TextAddressCodeIgnore:  "If you didn't ask for this code, you can ignore this email, and the address isn't added. Don't share the code with anyone.",

		settings.TextSignInCodeSubject: "Your {app_name} sign-in code",
		settings.TextSignInCodeHeading: "Your sign-in code",
		settings.TextSignInCodeIntro:   "To sign in to {app_name}, enter this code:",
		settings.TextSignInCodeExpiry:  "The code expires in {time_left} and can be used once.",
		settings.TextSignInCodeIgnore:  "If you didn't ask for this code, somebody else entered your address. Without the code they don't get in. Don't share it with anyone.",

		settings.TextVerificationLinkSubject: "Confirm your email address for {app_name}",
		settings.TextVerificationLinkHeading: "Confirm your email address",
		settings.TextVerificationLinkIntro:   "To continue signing up for {app_name}, open this link on the device where you began:",
		settings.TextVerificationLinkButton:  "Confirm email address",
		settings.TextVerificationLinkCode:    "If you can't open it there, enter this code where you began:",
		settings.TextVerificationLinkExpiry:  "This expires in {time_left} and can be used once.",
		settings.TextVerificationLinkIgnore:  "If you didn't ask for this, you can ignore this email. Don't pass it on to anyone.",

		settings.TextConfirmAddressSubject: "Confirm your email address for {app_name}",
		settings.TextConfirmAddressHeading: "Confirm your email address",
		settings.TextConfirmAddressIntro:   "Somebody signed up for {app_name} with this address and chose a password. If that was you, open this link:",
		settings.TextConfirmAddressButton:  "Confirm email address",
		settings.TextConfirmAddressExpiry:  "The link expires in {time_left} and can be used once.",
		settings.TextConfirmAddressIgnore:  "If it wasn't you, don't open the link: whoever chose the password could use an account in your name. You can ignore this email; without the link nobody can sign in there.",

		settings.TextAcceptInvitationSubject: "You're invited to {app_name}",
		settings.TextAcceptInvitationHeading: "You're invited",
		settings.TextAcceptInvitationIntro:   "Somebody invited you to {app_name}. To accept, open this link and choose a password:",
		settings.TextAcceptInvitationButton:  "Accept invitation",
		settings.TextAcceptInvitationExpiry:  "The invitation expires in {time_left} and can be used once.",
		settings.TextAcceptInvitationIgnore:  "If you don't want an account, you can ignore this email. Don't pass the link on to anyone: whoever opens it can choose the password.",

		settings.TextResetPasswordSubject: "Choose a new password for {app_name}",
		settings.TextResetPasswordHeading: "Choose a new password",
		settings.TextResetPasswordIntro:   "Somebody asked for a new password for your {app_name} account. If that was you, open this link and choose one:",
		settings.TextResetPasswordButton:  "Choose new password",
		settings.TextResetPasswordExpiry:  "The link expires in {time_left} and can be used once.",
		settings.TextResetPasswordIgnore:  "If you didn't ask for this, you can ignore this email, and your password stays as it is. Don't pass the link on to anyone.",

		settings.TextConfirmSignUpSubject: "Confirm your sign-up for {app_name}",
		settings.TextConfirmSignUpHeading: "Confirm your sign-up",
		settings.TextConfirmSignUpIntro:   "Somebody signed up for {app_name} with this address. If that was you, open this link:",
		settings.TextConfirmSignUpButton:  "Confirm sign-up",
		settings.TextConfirmSignUpExpiry:  "The link expires in {time_left} and can be used once.",
		settings.TextConfirmSignUpIgnore:  "If it wasn't you, don't open the link. You can ignore this email, and the sign-up comes to nothing.",

		settings.TextExistingAccountSubject: "You already have an account at {app_name}",
		settings.TextExistingAccountHeading: "You already have an account",
		settings.TextExistingAccountIntro:   "Somebody has just tried to sign up for {app_name} with this email address. It has an account already, so no other was made.",
		settings.TextExistingAccountSignIn:  "If that was you, sign in with this address instead of signing up.",
		settings.TextExistingAccountNotYou:  "This wasn't you? Then somebody else entered your address. That didn't get them into your account, and nothing in it has changed. You don't need to do anything.",
		settings.TextExistingAccountReport:  "If this keeps happening, tell us by replying to this email.",
	}
}
