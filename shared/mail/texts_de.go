package mail

import "github.com/doorstep-auth/doorstep/shared/settings"

func german() words {
	return words{
		minute: "1 Minute", minutes: "%d Minuten",
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

		settings.TextExistingAccountSubject: "Sie haben bereits ein Konto bei {app_name}",
		settings.TextExistingAccountHeading: "Sie haben bereits ein Konto",
		settings.TextExistingAccountIntro:   "Gerade hat jemand versucht, sich mit dieser E-Mail-Adresse bei {app_name} zu registrieren. Zu ihr gibt es bereits ein Konto; ein weiteres wurde nicht angelegt.",
		settings.TextExistingAccountSignIn:  "Wenn Sie das waren, melden Sie sich mit dieser Adresse an, statt sich zu registrieren.",
		settings.TextExistingAccountNotYou:  "Das waren Sie nicht? Dann hat jemand anderes Ihre Adresse eingegeben. Zugang zu Ihrem Konto gab das niemandem, und nichts darin wurde geändert. Sie müssen nichts tun.",
		settings.TextExistingAccountReport:  "Wenn das öfter vorkommt, antworten Sie auf diese Nachricht und sagen Sie es uns.",
	}
}
