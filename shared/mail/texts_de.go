package mail

import "github.com/doorstep-auth/doorstep/shared/settings"

func german() words {
	return words{
		minute: "1 Minute", minutes: "%d Minuten",
		hours: "%d Stunden", days: "%d Tagen",
		settings.TextVerificationCodeSubject: "Ihr Bestätigungscode für {app_name}",
		settings.TextVerificationCodeHeading: "Ihr Bestätigungscode",
		settings.TextVerificationCodeIntro:   "Geben Sie diesen Code ein, um mit der Registrierung bei {app_name} fortzufahren:",
		settings.TextVerificationCodeExpiry:  "Der Code läuft in {time_left} ab und kann einmal verwendet werden.",
		settings.TextVerificationCodeIgnore:  "Wenn Sie diesen Code nicht angefordert haben, können Sie diese Nachricht ignorieren. Geben Sie den Code niemandem weiter.",

		settings.TextAddressCodeSubject: "Bestätigen Sie Ihre E-Mail-Adresse für {app_name}",
		settings.TextAddressCodeHeading: "Bestätigen Sie Ihre E-Mail-Adresse",
		settings.TextAddressCodeIntro:   "Geben Sie diesen Code ein, um diese Adresse Ihrem Konto bei {app_name} hinzuzufügen:",
		settings.TextAddressCodeExpiry:  "Der Code läuft in {time_left} ab und kann einmal verwendet werden.",
		settings.TextAddressCodeIgnore:  "Wenn Sie diesen Code nicht angefordert haben, können Sie diese Nachricht ignorieren; die Adresse wird dann nicht hinzugefügt. Geben Sie den Code niemandem weiter.",

		settings.TextSignInCodeSubject: "Ihr Anmeldecode für {app_name}",
		settings.TextSignInCodeHeading: "Ihr Anmeldecode",
		settings.TextSignInCodeIntro:   "Geben Sie diesen Code ein, um sich bei {app_name} anzumelden:",
		settings.TextSignInCodeExpiry:  "Der Code läuft in {time_left} ab und kann einmal verwendet werden.",
		settings.TextSignInCodeIgnore:  "Wenn Sie diesen Code nicht angefordert haben, hat jemand anderes Ihre Adresse eingegeben. Ohne den Code kommt niemand in Ihr Konto. Geben Sie ihn niemandem weiter.",

		settings.TextVerificationLinkSubject: "Bestätigen Sie Ihre E-Mail-Adresse für {app_name}",
		settings.TextVerificationLinkHeading: "Bestätigen Sie Ihre E-Mail-Adresse",
		settings.TextVerificationLinkIntro:   "Öffnen Sie diesen Link auf dem Gerät, auf dem Sie begonnen haben, um mit der Registrierung bei {app_name} fortzufahren:",
		settings.TextVerificationLinkButton:  "E-Mail-Adresse bestätigen",
		settings.TextVerificationLinkCode:    "Falls Sie ihn dort nicht öffnen können, geben Sie diesen Code dort ein, wo Sie begonnen haben:",
		settings.TextVerificationLinkExpiry:  "Diese Bestätigung läuft in {time_left} ab und kann einmal verwendet werden.",
		settings.TextVerificationLinkIgnore:  "Wenn Sie sie nicht angefordert haben, können Sie diese Nachricht ignorieren. Leiten Sie sie niemandem weiter.",

		settings.TextConfirmAddressSubject: "Bestätigen Sie Ihre E-Mail-Adresse für {app_name}",
		settings.TextConfirmAddressHeading: "Bestätigen Sie Ihre E-Mail-Adresse",
		settings.TextConfirmAddressIntro:   "Jemand hat sich mit dieser Adresse bei {app_name} registriert und ein Passwort gewählt. Wenn Sie das waren, öffnen Sie diesen Link:",
		settings.TextConfirmAddressButton:  "E-Mail-Adresse bestätigen",
		settings.TextConfirmAddressExpiry:  "Der Link läuft in {time_left} ab und kann einmal verwendet werden.",
		settings.TextConfirmAddressIgnore:  "Wenn Sie das nicht waren, öffnen Sie den Link nicht: Wer das Passwort gewählt hat, könnte sonst ein Konto in Ihrem Namen benutzen. Sie können diese Nachricht ignorieren; ohne den Link kann sich dort niemand anmelden.",

		settings.TextAcceptInvitationSubject: "Sie sind zu {app_name} eingeladen",
		settings.TextAcceptInvitationHeading: "Sie sind eingeladen",
		settings.TextAcceptInvitationIntro:   "Jemand hat Sie zu {app_name} eingeladen. Um die Einladung anzunehmen, öffnen Sie diesen Link und wählen Sie ein Passwort:",
		settings.TextAcceptInvitationButton:  "Einladung annehmen",
		settings.TextAcceptInvitationExpiry:  "Die Einladung läuft in {time_left} ab und kann einmal verwendet werden.",
		settings.TextAcceptInvitationIgnore:  "Wenn Sie kein Konto möchten, können Sie diese Nachricht ignorieren. Geben Sie den Link niemandem weiter: Wer ihn öffnet, kann das Passwort wählen.",

		settings.TextResetPasswordSubject: "Wählen Sie ein neues Passwort für {app_name}",
		settings.TextResetPasswordHeading: "Wählen Sie ein neues Passwort",
		settings.TextResetPasswordIntro:   "Jemand hat ein neues Passwort für Ihr Konto bei {app_name} angefordert. Wenn Sie das waren, öffnen Sie diesen Link und wählen Sie eines:",
		settings.TextResetPasswordButton:  "Neues Passwort wählen",
		settings.TextResetPasswordExpiry:  "Der Link läuft in {time_left} ab und kann einmal verwendet werden.",
		settings.TextResetPasswordIgnore:  "Wenn Sie das nicht angefordert haben, können Sie diese Nachricht ignorieren; Ihr Passwort bleibt dann, wie es ist. Geben Sie den Link niemandem weiter.",

		settings.TextConfirmSignUpSubject: "Bestätigen Sie Ihre Registrierung bei {app_name}",
		settings.TextConfirmSignUpHeading: "Bestätigen Sie Ihre Registrierung",
		settings.TextConfirmSignUpIntro:   "Jemand hat sich mit dieser Adresse bei {app_name} registriert. Wenn Sie das waren, öffnen Sie diesen Link:",
		settings.TextConfirmSignUpButton:  "Registrierung bestätigen",
		settings.TextConfirmSignUpExpiry:  "Der Link läuft in {time_left} ab und kann einmal verwendet werden.",
		settings.TextConfirmSignUpIgnore:  "Wenn Sie das nicht waren, öffnen Sie den Link nicht. Sie können diese Nachricht ignorieren; aus der Registrierung wird dann nichts.",

		settings.TextExistingAccountSubject: "Sie haben bereits ein Konto bei {app_name}",
		settings.TextExistingAccountHeading: "Sie haben bereits ein Konto",
		settings.TextExistingAccountIntro:   "Gerade hat jemand versucht, sich mit dieser E-Mail-Adresse bei {app_name} zu registrieren. Zu ihr gibt es bereits ein Konto; ein weiteres wurde nicht angelegt.",
		settings.TextExistingAccountSignIn:  "Wenn Sie das waren, melden Sie sich mit dieser Adresse an, statt sich zu registrieren.",
		settings.TextExistingAccountNotYou:  "Das waren Sie nicht? Dann hat jemand anderes Ihre Adresse eingegeben. Zugang zu Ihrem Konto gab das niemandem, und nichts darin wurde geändert. Sie müssen nichts tun.",
		settings.TextExistingAccountReport:  "Wenn das öfter vorkommt, antworten Sie auf diese Nachricht und sagen Sie es uns.",
	}
}
