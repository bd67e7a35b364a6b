package mail

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"maps"
	"net/mail"
	"strings"
	texttemplate "text/template"
	"unicode"

	bcp47 "golang.org/x/text/language"

	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

//go:embed templates/*.txt templates/*.html
var templateFiles embed.FS

// Mail is one of the mails of this package.
type Mail interface {
	// kind is the name of the mail, of its templates and the first part of its text keys.
	kind() string
	// values are what its texts may name, worded in w.
	values(w words) map[string]string
}

// mails has one of each.
func mails() []Mail {
	return []Mail{
		VerificationCode{}, VerificationCode{Purpose: signup.ProveAddress}, VerificationCode{Purpose: signup.SignInByMail},
		VerificationLink{}, VerificationLink{Purpose: signup.ConfirmAddress}, VerificationLink{Purpose: signup.AcceptInvitation},
		VerificationLink{Purpose: signup.ResetPassword}, VerificationLink{Purpose: signup.ConfirmSignUp},
		ExistingAccount{},
	}
}

// Renderer writes mails in the languages of settings.Locales. It is safe for
// concurrent use.
type Renderer struct {
	from      string
	replyTo   string
	fallback  string // locale
	languages []language
	text      *texttemplate.Template
	html      *htmltemplate.Template
}

// NewRenderer reads templates and texts once. An error about settings is
// settings.Faults and names each that is missing or wrong.
func NewRenderer(s *settings.Settings) (*Renderer, error) {
	r := &Renderer{languages: languages(), fallback: s.Mail.DefaultLocale, replyTo: s.Mail.ReplyTo, from: mailbox(s)}
	var faults settings.Faults
	if s.Mail.FromAddress == "" {
		faults = append(faults, settings.Fault{Key: "mail.from_address", Text: "is missing, and so is MAIL_FROM"})
	}
	for _, l := range r.languages {
		own := s.Mail.Texts[l.locale]
		faults = check(own, l.locale, faults)
		maps.Copy(l.words, own)
	}
	if len(faults) > 0 {
		return nil, faults
	}
	var err error
	if r.text, err = texttemplate.New("").Option("missingkey=error").ParseFS(templateFiles, "templates/*.txt"); err != nil {
		return nil, fmt.Errorf("mail: templates: %w", err)
	}
	if r.html, err = htmltemplate.New("").Option("missingkey=error").ParseFS(templateFiles, "templates/*.html"); err != nil {
		return nil, fmt.Errorf("mail: templates: %w", err)
	}
	return r, nil
}

// mailbox is the sender with its name.
func mailbox(s *settings.Settings) string {
	name := s.Mail.FromName
	if name == "" {
		name = s.AppName
	}
	box := mail.Address{Name: oneLine(name), Address: oneLine(s.Mail.FromAddress)}
	return box.String()
}

// Render writes m in the language of locale (BCP 47, or empty) if it is one of
// settings.Locales, else in the settings' default. The message has no ID and no
// recipient yet.
func (r *Renderer) Render(locale string, m Mail) (Message, error) {
	in := r.language(locale)
	texts := in.of(m)
	page := struct {
		Lang, Subject string
		Text          map[string]string
		Mail          Mail
	}{in.locale, oneLine(texts["subject"]), texts, m}
	var text, html strings.Builder
	if err := r.text.ExecuteTemplate(&text, m.kind()+".txt", page); err != nil {
		return Message{}, fmt.Errorf("mail: write %s: %w", m.kind(), err)
	}
	if err := r.html.ExecuteTemplate(&html, m.kind()+".html", page); err != nil {
		return Message{}, fmt.Errorf("mail: write %s: %w", m.kind(), err)
	}
	return Message{
		Kind: m.kind(), From: r.from, ReplyTo: r.replyTo, Subject: page.Subject,
		Text: secret.NewText(text.String()), HTML: secret.NewText(html.String()),
	}, nil
}

// language is that of locale whatever its region or script, else the default,
// else the first.
func (r *Renderer) language(locale string) language {
	for _, wanted := range []string{locale, r.fallback} {
		tag, err := bcp47.Parse(wanted)
		if err != nil {
			continue
		}
		base, confidence := tag.Base()
		for _, l := range r.languages {
			if base.String() == l.locale && confidence == bcp47.Exact {
				return l
			}
		}
	}
	return r.languages[0]
}

// oneLine makes text fit for a header: a control character, and with it the end
// of a header, becomes a space.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, text)
}
