package linkpage

import (
	"slices"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/settings"
)

// words are the pages' texts in one language. {app} stands for the application's name.
type words struct {
	confirm, press, button  string // the page with the button
	elsewhere, elsewhereOr  string // began elsewhere: without and with a code in the mail
	uninvited               string
	verified, verifiedThen  string
	expired, expiredThen    string
	failed, failedThen      string
	mismatch, mismatchSince string
	mismatchThen            string
	mismatchCode            string // followed by the code
}

func wordsIn(locale string) words {
	if locale == "de" {
		return german()
	}
	return english()
}

func english() words {
	return words{
		confirm:       "Confirm your email address",
		press:         "Press the button to continue signing up for {app}.",
		button:        "Confirm email address",
		elsewhere:     "Did you begin on another device or in another browser? Then open the link there.",
		elsewhereOr:   "Did you begin on another device or in another browser? Then open the link there, or enter the code from the same email there.",
		uninvited:     "If you didn't ask for this, just close this page: nothing has happened.",
		verified:      "Your email address is confirmed",
		verifiedThen:  "You can close this page and continue where you began.",
		expired:       "This link has expired",
		expiredThen:   "Go back to where you began and ask for a new email.",
		failed:        "This link no longer works",
		failedThen:    "There may be a newer email, or the wrong code was entered too often. Open the link in the newest email, or go back to where you began and ask for a new one.",
		mismatch:      "This isn't where you began",
		mismatchSince: "For your safety the link works only in the browser in which you began to sign up for {app}. Nothing has been confirmed.",
		mismatchThen:  "If you didn't begin anything, just close this page. Tell nobody what is in the email.",
		mismatchCode:  "Open the link there, or enter this code there:",
	}
}

func german() words {
	return words{
		confirm:       "Bestätigen Sie Ihre E-Mail-Adresse",
		press:         "Drücken Sie die Schaltfläche, um mit der Registrierung bei {app} fortzufahren.",
		button:        "E-Mail-Adresse bestätigen",
		elsewhere:     "Haben Sie auf einem anderen Gerät oder in einem anderen Browser begonnen? Dann öffnen Sie den Link dort.",
		elsewhereOr:   "Haben Sie auf einem anderen Gerät oder in einem anderen Browser begonnen? Dann öffnen Sie den Link dort, oder geben Sie dort den Code aus derselben E-Mail ein.",
		uninvited:     "Wenn Sie das nicht angefordert haben, schließen Sie einfach diese Seite: Es ist nichts geschehen.",
		verified:      "Ihre E-Mail-Adresse ist bestätigt",
		verifiedThen:  "Sie können diese Seite schließen und dort fortfahren, wo Sie begonnen haben.",
		expired:       "Dieser Link ist abgelaufen",
		expiredThen:   "Gehen Sie dorthin zurück, wo Sie begonnen haben, und fordern Sie eine neue E-Mail an.",
		failed:        "Dieser Link gilt nicht mehr",
		failedThen:    "Vielleicht gibt es eine neuere E-Mail, oder es wurde zu oft ein falscher Code eingegeben. Öffnen Sie den Link in der neuesten E-Mail, oder fordern Sie dort, wo Sie begonnen haben, eine neue an.",
		mismatch:      "Hier haben Sie nicht begonnen",
		mismatchSince: "Zu Ihrer Sicherheit gilt der Link nur in dem Browser, in dem Sie die Registrierung bei {app} begonnen haben. Es wurde nichts bestätigt.",
		mismatchThen:  "Wenn Sie nichts begonnen haben, schließen Sie einfach diese Seite. Sagen Sie niemandem, was in der E-Mail steht.",
		mismatchCode:  "Öffnen Sie den Link dort, oder geben Sie dort diesen Code ein:",
	}
}

// open is the page with the button.
func (w words) open(s *settings.Settings) text {
	t := text{title: w.confirm, lead: []string{w.press}, button: w.button, closing: []string{w.uninvited}}
	if s.Verification.RequireSameClient {
		t.closing = []string{w.hint(s), w.uninvited}
	}
	return t.about(s)
}

// result is the page that says what came of a link.
func (w words) result(s *settings.Settings, result Result) text {
	switch result {
	case Verified:
		return text{title: w.verified, lead: []string{w.verifiedThen}}.about(s)
	case Expired:
		return text{title: w.expired, lead: []string{w.expiredThen}}.about(s)
	case Mismatch:
		return text{title: w.mismatch, lead: []string{w.mismatchSince, w.hint(s)}, closing: []string{w.mismatchThen}}.about(s)
	}
	return text{title: w.failed, lead: []string{w.failedThen}}.about(s)
}

// mismatchWith is the page of a link that was opened elsewhere, with the code.
func (w words) mismatchWith(s *settings.Settings, code string) text {
	t := text{title: w.mismatch, lead: []string{w.mismatchSince, w.mismatchCode}, code: code, closing: []string{w.mismatchThen}}
	return t.about(s)
}

// hint is what to do on another device.
func (w words) hint(s *settings.Settings) string {
	if slices.Contains(s.Attributes.EmailAddress.Strategies, settings.EmailCode) {
		return w.elsewhereOr
	}
	return w.elsewhere
}

// about puts the application's name in.
func (t text) about(s *settings.Settings) text {
	for _, list := range [][]string{t.lead, t.closing} {
		for i := range list {
			list[i] = strings.ReplaceAll(list[i], "{app}", s.AppName)
		}
	}
	return t
}
