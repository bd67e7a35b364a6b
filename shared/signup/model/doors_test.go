package model_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/signup/model"
)

// TestR25ModelOfDoors plays scripts in which accounts are made in one call and in a
// progressive sign-up, for the same identifiers: nobody gets what is somebody's, whichever
// door is used.
func TestR25ModelOfDoors(t *testing.T) { checkScripts(t, scripts(throughDoors)) }

// TestR22ModelOfDoorsWithLimits does the same under rate limits.
func TestR22ModelOfDoorsWithLimits(t *testing.T) { checkScripts(t, scripts(limitedDoors)) }

// TestR47ModelOfRefreshTokens does the same with sessions that are refreshed, with old
// tokens and new ones, and end.
func TestR47ModelOfRefreshTokens(t *testing.T) { checkScripts(t, scripts(refreshing)) }

// TestR49ModelOfMailedActions does the same with challenges that lead to a password, a
// proof or a session.
func TestR49ModelOfMailedActions(t *testing.T) { checkScripts(t, scripts(byMail)) }

// What a step may do at a door beside a model.Kind.
const (
	pursue  = "pursue"  // what a mail asks for
	comeIn  = "come in" // sign in in one of the ways that a user has
	rotate  = "rotate"  // refresh a session with its newest token
	knock   = "knock"   // sign in over and over
	besiege = "besiege" // try about as many codes as are judged
)

func times(n int, kinds ...model.Kind) (all []string) {
	for range n {
		for _, kind := range kinds {
			all = append(all, string(kind))
		}
	}
	return all
}

// progressing is what happens beside doors in their scripts.
var progressing = slices.Concat(slices.Repeat([]string{goOn}, 12), []string{squat, squat, squat, squat},
	times(1, model.Create, model.Update, model.Attempt, model.TouchSession, model.EndSession, model.RevokeSession))

// atDoors is what steps do there, the usual more often.
var atDoors = slices.Concat(progressing, slices.Repeat([]string{pursue}, 14), slices.Repeat([]string{comeIn}, 8), []string{rotate, besiege, knock, knock},
	times(11, model.Register), times(4, model.SignInWithPassword),
	times(2, model.InviteAddress, model.SignInWithKey, model.SignInAnonymously, model.ChallengeSignIn, model.SignInWithCode, model.ChallengeAddress,
		model.ProveAddress, model.ChallengeReset, model.ConfirmAddress, model.SetPasswordByMail, model.ConfirmSignUp),
	times(5, model.Decide), times(3, model.SetPassword, model.AddAPIKey), times(2, model.DeleteAccount), times(1, model.Providers, model.Refresh))

// holdingTokens is the same of scripts that are about refresh tokens.
var holdingTokens = slices.Concat(slices.Repeat([]string{comeIn}, 6), slices.Repeat([]string{rotate}, 10), []string{squat, goOn},
	times(4, model.Register), times(12, model.Refresh), times(4, model.Decide), times(1, model.DeleteAccount, model.SetPassword, model.ChallengeReset,
		model.TouchSession, model.RevokeSession, model.SignInWithPassword), []string{pursue, pursue})

// readingMail is the same of scripts that are about what mails lead to.
var readingMail = slices.Concat(slices.Repeat([]string{pursue}, 16), slices.Repeat([]string{comeIn}, 4), []string{besiege, besiege, squat, goOn, goOn, goOn},
	times(6, model.Register), times(3, model.InviteAddress, model.ChallengeSignIn, model.ChallengeAddress, model.ChallengeReset),
	times(2, model.SignInWithCode, model.ProveAddress, model.ConfirmAddress, model.SetPasswordByMail, model.ConfirmSignUp, model.SignInWithPassword),
	times(1, model.SetPassword, model.AddAPIKey, model.DeleteAccount), times(3, model.Decide, model.SignInWithKey))

// isDoors says that kind, or what a step does, is of doors.
func isDoors(kind model.Kind) bool {
	return slices.Contains(atDoors, string(kind)) && !slices.Contains(progressing, string(kind))
}

// atDoor is the operation of a door that s means now.
func (p *player) atDoor(op *model.Op, s step) {
	op.SignUp, op.Token, op.Lax = "", model.NoToken, false
	op.Input = model.Input{Email: s.Input.Email, Username: s.Input.Username, Password: s.Input.Password}
	switch s.Do {
	case pursue:
		p.pursue(op, s)
	case comeIn:
		p.comeIn(op, s)
	case knock:
		op.Kind = model.SignInWithPassword
	case rotate:
		op.Kind = model.Refresh
	case besiege:
		p.besiege(op, s)
	}
	switch op.Kind {
	case model.Register:
		p.register(op, s)
	case model.InviteAddress:
		op.Input = model.Input{Email: op.Input.Email}
		if op.Input.Email == "" {
			op.Input.Email = "bob@example.com"
		}
	case model.SignInWithKey:
		op.Key = pick(slices.Sorted(maps.Keys(p.keyTexts)), s.Choice+s.More)
		op.Input = model.Input{}
	case model.SignInAnonymously, model.SignInWithPassword:
		p.signInAs(op, s)
	case model.ConfirmSignUp:
		op.Input = model.Input{}
		if op.Ticket == "" {
			op.Ticket = pick(slices.Sorted(maps.Keys(p.confirms)), s.Choice)
		}
	case model.Refresh:
		p.refresh(op, s)
	case model.ConfirmAddress, model.SetPasswordByMail:
		p.act(op, s)
	default:
		p.addressed(op, s)
	}
}

// What the second of two requests may have of the first.
const (
	same  = "same"  // address, user and session
	twice = "twice" // everything: a client that doesn't wait for the answer
)

// rival is b as it meets a.
func (p *player) rival(a, b model.Op, how string) model.Op {
	if how == "" || !isDoors(a.Kind) {
		return b
	}
	if how == twice {
		serial := b.Serial
		b = a
		b.Serial = serial
		return b
	}
	if b.Kind == model.Create && b.Input.Email != "" && strings.Contains(a.Input.Email, "@") {
		b.Input.Email = a.Input.Email
	}
	if !isDoors(b.Kind) {
		return b
	}
	if b.Input.Email != "" && strings.Contains(a.Input.Email, "@") {
		b.Input.Email = a.Input.Email
	}
	if b.User != "" && a.User != "" {
		b.User = a.User
	}
	if b.Session != "" && a.Session != "" {
		b.Session = a.Session
		if b.Kind == model.Refresh {
			b.Generation = min(b.Generation, p.generation(a.Session))
		}
	}
	return b
}

// pick is one of all, or "" if there is none.
func pick(all []string, n int) string {
	if len(all) == 0 {
		return ""
	}
	return all[n%len(all)]
}

// register says what a registration asks for: one of the kinds that doors ask for.
func (p *player) register(op *model.Op, s step) {
	if !strings.Contains(op.Input.Email, "@") && s.More > 0 {
		op.Input.Email = ""
	}
	if op.Input.Password == model.Short && s.More > 4 {
		op.Input.Password = model.Long
	}
	if op.Input.Password == "" && s.More%4 > 0 {
		op.Input.Password = model.Long
	}
	switch s.Choice {
	case 0: // somebody without any factor
		op.Input, op.Door = model.Input{}, model.Door{SignIn: true}
	case 1:
		op.Input.Password, op.Door = "", model.Door{Key: true}
	case 2, 3:
		op.Door = model.Door{SignIn: true}
	case 4, 5:
		op.Door = model.Door{Challenge: "confirm_address", Unconfirmed: true, SignIn: s.More > 5}
	case 6:
		op.Door = model.Door{Ticket: true, Unconfirmed: true, Undecided: s.More > 4}
	case 7:
		op.Door = model.Door{Ticket: true, Unconfirmed: true, Challenge: "confirm_sign_up", Undecided: s.More > 6}
	case 8:
		op.Door = model.Door{First: true, SignIn: true}
	case 9:
		op.Door = model.Door{Challenge: "prove_address", SignIn: true, Key: s.More > 4}
	}
	if op.Door.Challenge != "" && op.Input.Email == "" {
		op.Input.Email = "ada@example.com"
	}
}

// describeDoors is what op takes at all.
func describeDoors(op model.Op) string {
	text := fmt.Sprintf("%d. %s from %s", op.Serial, op.Kind, op.Source)
	for _, part := range []struct {
		name  string
		value any
	}{
		{"user", op.User}, {"session", op.Session}, {"generation", op.Generation}, {"key", op.Key}, {"ticket", op.Ticket}, {"code", op.Code},
		{"purpose", op.Purpose}, {"approves", op.Approves}, {"email", op.Input.Email}, {"username", op.Input.Username},
		{"password", op.Input.Password}, {"door", op.Door},
	} {
		if value := fmt.Sprintf("%+v", part.value); value != "" && value != "0" && value != "false" && part.value != (model.Door{}) {
			text += fmt.Sprintf(", %s %s", part.name, value)
		}
	}
	return text
}
