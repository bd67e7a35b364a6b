package model_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/doorstep-auth/doorstep/shared/signup/model"
)

// TestR25ModelWithoutLimits plays random scripts on the service and on the reference:
// what callers are told, what the table holds and which mails become due has to be the
// same, or, of a crash and of two requests at once, one of what may be.
func TestR25ModelWithoutLimits(t *testing.T) { checkScripts(t, scripts(unlimited)) }

// TestR22ModelWithLimits does the same under rate limits.
func TestR22ModelWithLimits(t *testing.T) { checkScripts(t, scripts(limited)) }

// TestR50R51ModelOfSessions does the same with those who are signed in, some of them on
// several clients: nothing that is over comes back, and nothing outlives its limits.
func TestR50R51ModelOfSessions(t *testing.T) { checkScripts(t, scripts(signedIn)) }

func checkScripts(t *testing.T, drawn *rapid.Generator[script]) {
	t.Parallel()
	e := startEngine(t)
	rapid.Check(t, func(rt *rapid.T) {
		if err := e.play(drawn.Draw(rt, "script"), bug{}); err != nil {
			rt.Fatal(err)
		}
	})
}

// ordinaryChecks is how many scripts and histories each test plays unless -rapid.checks says otherwise.
const ordinaryChecks = "15"

func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		if err := flag.Set("rapid.checks", ordinaryChecks); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// playing is a script under way.
type playing struct {
	player
	worlds []*model.World // what the table may be like inside, by all that was seen
	before model.State    // of the table, as it was seen last
	log    []string
}

// play does the steps of s on a service of its own and on the reference, either of
// which wrong may spoil, and returns where they part, or nil.
func (e *engines) play(s script, wrong bug) error {
	service := e.service(s.Rules, wrong)
	if wrong.reference != nil {
		wrong.reference(&s.Rules)
	}
	world := model.NewWorld(s.Rules, service.clock.now())
	p := &playing{player: player{service: service, world: world}, worlds: []*model.World{world}}
	for i, step := range s.Steps {
		if err := p.step(step); err != nil {
			return fmt.Errorf("step %d: %w\n\nunder %+v:\n%s", i+1, err, s.Rules, strings.Join(p.log, "\n"))
		}
	}
	return nil
}

func (p *playing) step(s step) error {
	p.forward(s.Forward)
	switch s.Do {
	case nothing:
		return nil
	case hammer, besiege:
		return p.hammer(s)
	case resend:
		return p.resend(s)
	case abide:
		return p.abide(s)
	case crowd:
		return p.crowd(s)
	case knock:
		return p.knock(s)
	}
	op := p.request(s)
	switch {
	case s.With != nil && s.With.Do != nothing:
		return p.together(op, p.rival(op, p.request(*s.With), s.Rival))
	case s.Crash.Call == 0, op.Kind == model.SignIn:
		return p.undisturbed(op)
	}
	if err := p.crashed(op, s.Crash); err != nil || !s.Again {
		return err
	}
	p.serial++
	op.Serial = p.serial // what the first try has made, if anything, has its name
	return p.undisturbed(op)
}

func (p *playing) forward(d time.Duration) {
	p.clock.forward(d)
	for _, w := range p.worlds {
		w.Now = p.clock.now()
	}
}

// hammer tries wrong codes, one after the other, until one more would be the last or was too many.
func (p *playing) hammer(s step) error {
	tries := p.world.Rules.MaxAttempts - 1
	if s.Choice > 4 {
		tries += 2
	}
	for s.Choice = range tries {
		if err := p.undisturbed(p.request(s)); err != nil {
			return err
		}
	}
	return nil
}

// resend asks for a mail, and again after the wait.
func (p *playing) resend(s step) error {
	if err := p.undisturbed(p.request(s)); err != nil {
		return err
	}
	p.forward(s.Wait)
	return p.undisturbed(p.request(s))
}

// abide uses a session every five minutes, or every six days until it is over for good.
func (p *playing) abide(s step) error {
	times, wait := 2, 5*time.Minute-30*time.Second+s.Wait
	if s.Choice > 5 {
		times, wait = 5, 6*24*time.Hour
	}
	for range times {
		if err := p.undisturbed(p.request(s)); err != nil {
			return err
		}
		p.forward(wait)
	}
	return p.undisturbed(p.request(s))
}

// knock signs in as often as may be and once more, from wherever there is room for it.
func (p *playing) knock(s step) error {
	for n := range p.world.Rules.SignInsPerHour + 1 {
		s.Source = n % len(sources)
		if err := p.undisturbed(p.request(s)); err != nil {
			return err
		}
	}
	return nil
}

// crowd fills a client with sessions, and has somebody new sign up on it.
func (p *playing) crowd(s step) error {
	if err := p.undisturbed(p.request(s)); err != nil {
		return err
	}
	s.Do = squat
	op := p.request(s)
	letters := strings.Map(func(digit rune) rune { return rune("abcdefghkp"[digit-'0']) }, fmt.Sprint(op.Serial)) // that look like no others
	op.Token, op.Input.Email, op.Input.Username, op.Input.Password = 0, letters+"@example.com", "eve_"+letters, model.Long
	return p.undisturbed(op)
}

func (p *playing) undisturbed(op model.Op) error {
	return p.heard([]answered{p.send(op)}, func(w *model.World) []model.Ending { return []model.Ending{model.Apply(w, op)} })
}

// together does two operations at once, but for signing in, which is none of the service's.
func (p *playing) together(a, b model.Op) error {
	if a.Kind == model.SignIn || b.Kind == model.SignIn {
		if err := p.undisturbed(a); err != nil {
			return err
		}
		return p.undisturbed(b)
	}
	answers := make([]answered, 2)
	var both sync.WaitGroup
	for i, op := range []model.Op{a, b} {
		both.Go(func() { answers[i] = p.send(op) })
	}
	both.Wait()
	return p.heard(answers, func(w *model.World) []model.Ending { return model.Together(w, a, b) })
}

// crashed does op with c befalling one of its calls, if it makes so many.
func (p *playing) crashed(op model.Op, c crash) error {
	p.between.arm(c)
	a := p.send(op)
	if struck := p.between.disarm(); !struck || (!a.unheard() && !c.Deadly) {
		return p.heard([]answered{a}, func(w *model.World) []model.Ending { return []model.Ending{model.Apply(w, op)} })
	}
	p.note("%s, unheard after %+v", describe(op), c)
	return p.narrow(op.Serial, nil, func(w *model.World) []model.Ending { return model.Cut(w, op) })
}

// heard compares what answers tell with the endings that the worlds come to.
func (p *playing) heard(answers []answered, endings func(*model.World) []model.Ending) error {
	var outcomes []model.Outcome
	for _, a := range answers {
		p.names.learn(a)
	}
	for _, a := range answers {
		if a.door != nil {
			p.names.learnDoor(a.op, a.door)
		}
	}
	for _, a := range answers {
		out, err := p.tell(a)
		p.note("%s: %s", describe(a.op), describeOutcome(out))
		if err != nil {
			return err
		}
		p.remember(a)
		outcomes = append(outcomes, out)
	}
	return p.narrow(p.nameless(answers), outcomes, endings)
}

// nameless is the serial of the operation that has made what no answer shows: a create
// that was refused may have left its sign-up.
func (p *playing) nameless(answers []answered) int {
	for _, a := range answers {
		if a.op.Kind == model.Create && p.names.ids[fmt.Sprintf("s%d", a.op.Serial)].IsZero() {
			return a.op.Serial
		}
	}
	return answers[len(answers)-1].op.Serial
}

// remember is what the device knows from now on.
func (p *playing) remember(a answered) {
	if a.full == nil || a.full.Client == nil {
		return
	}
	p.clients[a.op.Device] = p.names.clients[a.full.Client.ID]
	for _, session := range a.full.Sessions {
		if name := p.names.signUps[session.ID]; !slices.Contains(p.sessions[a.op.Device], name) {
			p.sessions[a.op.Device] = append(p.sessions[a.op.Device], name)
		}
	}
	if su := a.full.Client.SignUp; su != nil && p.names.signUps[su.ID] != "" {
		p.signUps[a.op.Device] = p.names.signUps[su.ID]
	}
}

// narrow keeps the worlds that can have come to what is seen.
func (p *playing) narrow(serial int, outcomes []model.Outcome, endings func(*model.World) []model.Ending) error {
	known := len(p.view.mails)
	state, err := p.view.state(serial)
	if err != nil {
		return err
	}
	want := visible(outcomes, state)
	var next []*model.World
	var apart []model.Ending
	for _, w := range p.worlds {
		for _, ending := range endings(w) {
			if visible(ending.Outcomes, ending.World.State) == want {
				next = keep(next, ending.World)
			} else {
				apart = append(apart, ending)
			}
		}
	}
	if len(next) == 0 {
		return fmt.Errorf("the reference (-) and the service (+) part:\n%s", closest(apart, outcomes, state))
	}
	faults := slices.Concat(state.Faults(p.clock.now(), p.world.Rules.MaxAttempts),
		state.FaultsSince(p.before, p.clock.now(), min(p.world.Rules.UseNotedEvery, p.world.Rules.IdleLife/10)))
	if p.before = state; len(faults) > 0 {
		return errors.New(strings.Join(faults, "\n"))
	}
	for _, w := range next {
		for _, m := range p.view.mails[known:] {
			switch {
			case m.purpose == "":
				w.Mailed(m.signUp, m.code, m.link)
			default:
				w.MailedUser(m.signUp, m.code)
			}
		}
	}
	p.worlds, p.world = next, next[0]
	return nil
}

// visible is what can be seen, as a text.
func visible(outcomes []model.Outcome, state model.State) string {
	text, err := json.Marshal([]any{outcomes, state})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// closest is how the ending that is most like what was seen differs from it.
func closest(endings []model.Ending, outcomes []model.Outcome, state model.State) (apart string) {
	seen := cmp.Options{cmpopts.IgnoreUnexported(model.Client{}, model.SignUp{}, model.Challenge{}, model.Outcome{}, model.User{}, model.UserChallenge{}), cmpopts.EquateEmpty()}
	for _, ending := range endings {
		differ := cmp.Diff(ending.Outcomes, outcomes, seen...) + cmp.Diff(ending.World.State, state, seen...)
		if apart == "" || len(differ) < len(apart) {
			apart = differ
		}
	}
	return apart
}

// keep adds w to worlds unless there is one like it.
func keep(worlds []*model.World, w *model.World) []*model.World {
	if slices.ContainsFunc(worlds, func(other *model.World) bool { return reflect.DeepEqual(w, other) }) {
		return worlds
	}
	return append(worlds, w)
}

func (p *playing) note(format string, args ...any) {
	p.log = append(p.log, p.clock.now().Format("01-02 15:04:05.000 ")+fmt.Sprintf(format, args...))
}

func describe(op model.Op) string {
	if isDoors(op.Kind) {
		return describeDoors(op)
	}
	if op.Session != "" || op.By != "" {
		return fmt.Sprintf("%d. %s by device %d, token %d, on %q as %q", op.Serial, op.Kind, op.Device, op.Token, op.Session, op.By)
	}
	return fmt.Sprintf("%d. %s by device %d, token %d, on %q, lax %t, code %q, link %.8q, %+v",
		op.Serial, op.Kind, op.Device, op.Token, op.SignUp, op.Lax, op.Code, op.Link, op.Input)
}

// describeOutcome is what out tells at all.
func describeOutcome(out model.Outcome) string {
	var parts []string
	for _, part := range strings.Split(visible([]model.Outcome{out}, model.State{}), ",") {
		if !strings.HasSuffix(part, `""`) && !strings.HasSuffix(part, ":false") && !strings.HasSuffix(part, ":0") && !strings.HasSuffix(part, ":null") &&
			!strings.Contains(part, "0001-01-01") {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ",")
}

// TestReferenceStandsAlone holds the reference to import nothing but the standard library.
func TestReferenceStandsAlone(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	if own := strings.Fields(string(out)); len(own) != 1 {
		t.Errorf("the reference is built from %q", own)
	}
}
