package identifier

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

// Signs that a username may have beside letters and digits.
const (
	plainSigns    = "_-"
	extendedSigns = "!#$'+.^`~"
)

// ParseUsername reads a username under policy (R30). Its letters are those that
// UTS #39 allows in the policy's scripts, one script a name; its digits are 0 to
// 9. Length counts code points in NFKC.
//
// The canonical form is NFKC, without case, with each letter and digit replaced
// by what it resembles: names that are mistaken for one another, such as alice,
// ALICE and a1ice, or coco in Latin and in Cyrillic letters, are one identifier. A
// name is refused that is reserved, or that is an address, phone number or wallet.
func ParseUsername(s string, policy settings.Username) (Identifier, error) {
	display := strings.Trim(s, " ")
	if !utf8.ValidString(display) {
		return Identifier{}, problem.ParamValueInvalid.On(string(KindUsername)).Detailed("It isn't valid UTF-8.")
	}
	// NFKC joins at most four code points; it is spared what is too long anyway.
	if utf8.RuneCountInString(display) > 4*policy.MaxLength {
		return Identifier{}, usernameLength(policy)
	}
	name := norm.NFKC.String(display)
	for _, check := range []func(string, settings.Username) error{
		checkLength, checkOtherKinds, checkCharacters, checkNumeric, checkReading, checkReserved,
	} {
		if err := check(name, policy); err != nil {
			return Identifier{}, err
		}
	}
	return Identifier{Kind: KindUsername, Canonical: fold(name), Display: display}, nil
}

func usernameLength(policy settings.Username) error {
	return problem.UsernameLength.On(string(KindUsername)).Detailed("%d and %d", policy.MinLength, policy.MaxLength)
}

func checkLength(name string, policy settings.Username) error {
	if n := utf8.RuneCountInString(name); n < policy.MinLength || n > policy.MaxLength {
		return usernameLength(policy)
	}
	return nil
}

// checkOtherKinds refuses what a sign-in would take for an identifier of another kind.
func checkOtherKinds(name string, _ settings.Username) error {
	if strings.Contains(name, "@") {
		return usernameCharacter("It can't be an e-mail address.")
	}
	if _, err := ParsePhoneNumber(name); err == nil {
		return problem.UsernamePhone.On(string(KindUsername))
	}
	if _, err := ParseWeb3Wallet(name); err == nil {
		return usernameCharacter("It can't be a wallet address.")
	}
	return nil
}

func usernameCharacter(detail string) error {
	return problem.UsernameCharacter.On(string(KindUsername)).Detailed("%s", detail)
}

func checkCharacters(name string, policy settings.Username) error {
	signs := plainSigns
	if policy.AllowExtendedSpecialCharacters {
		signs += extendedSigns
	}
	signs += policy.ExtraSigns
	used := ""
	for _, r := range name {
		if '0' <= r && r <= '9' || strings.ContainsRune(signs, r) {
			continue
		}
		script := scriptOf(r)
		if !slices.Contains(policy.Scripts, script) {
			return usernameCharacter("Accepted are " + strings.Join(policy.Scripts, ", ") + " letters, digits and " + signs)
		}
		if used != "" && used != script {
			return usernameCharacter("All its letters must be of one script.")
		}
		used = script
	}
	return nil
}

// scriptOf names the script of an accepted letter, or is empty.
func scriptOf(r rune) string {
	for i := range scripts {
		if unicode.Is(&scripts[i].letters, r) {
			return scripts[i].name
		}
	}
	return ""
}

func checkNumeric(name string, policy settings.Username) error {
	if !policy.AllowNumeric && strings.Trim(name, "0123456789") == "" {
		return problem.UsernameNumeric.On(string(KindUsername))
	}
	return nil
}

// checkReading refuses a name in another script whose capitals make it read as a
// Latin name that its canonical form doesn't stand for: Greek ΝΙΚ is νικ, which
// resembles vik, and would pass for Nik.
func checkReading(name string, _ settings.Username) error {
	if reading := latinReading(name); reading != "" && reading != fold(name) {
		return usernameCharacter("Write it in small letters: like this it reads as a name in Latin letters.")
	}
	return nil
}

// checkReserved compares without the signs, so that ad-min is as reserved as admin.
func checkReserved(name string, policy settings.Username) error {
	bare := fold(letters(name))
	same := func(word string) bool { return fold(letters(norm.NFKC.String(word))) == bare }
	if bare != "" && (slices.ContainsFunc(strings.Fields(reservedNames), same) || slices.ContainsFunc(policy.Reserved, same)) {
		return problem.UsernameReserved.On(string(KindUsername))
	}
	return nil
}

// letters drops all but letters and digits.
func letters(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, name)
}

// reservedNames can be taken by nobody: they speak for the application or its
// operator, name mailboxes that RFC 2142 gives a meaning, or are words of URLs
// and of programs.
const reservedNames = `
abuse account accounts admin administrator admins anonymous api auth billing
bot bots contact daemon dev developer everyone ftp guest help helpdesk here
hostmaster info legal localhost login logout mail mailer mailerdaemon
marketing me mod moderator mods news nobody noc none noreply null official
operator owner payment payments postmaster press privacy public register root
sales security self service session sessions settings signin signout signup
ssladmin ssladministrator sslwebmaster staff status superuser support sysadmin
sysop system team terms test trust undefined usenet user username users uucp
verification verified verify webmaster www you`
