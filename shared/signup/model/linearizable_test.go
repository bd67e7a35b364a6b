package model_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/signup/model"
)

// plainRules are those of histories: nothing stands between them but the others.
var plainRules = model.Rules{MaxAttempts: 5}

// checkLimit bounds the search for an order of one history.
const checkLimit = 10 * time.Second

// history notes what several callers did at once.
type history struct {
	mu         sync.Mutex
	begun      time.Time
	operations []porcupine.Operation
}

// during does work as caller and notes what it says it was: inputs, each with its output.
func (h *history) during(caller int, work func() []noted) {
	call := time.Since(h.begun).Nanoseconds()
	all := work()
	back := time.Since(h.begun).Nanoseconds()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range all {
		h.operations = append(h.operations, porcupine.Operation{ClientId: caller, Input: n.input, Output: n.output, Call: call, Return: back})
	}
}

type noted struct{ input, output any }

// linearizable is nil if some order of the history explains it.
func (h *history) linearizable(m porcupine.Model) error {
	if result := porcupine.CheckOperationsTimeout(m, h.operations, checkLimit); result != porcupine.Ok {
		var lines []string
		for _, op := range h.operations {
			lines = append(lines, fmt.Sprintf("%8dµs to %8dµs, %d: %+v -> %+v", op.Call/1000, op.Return/1000, op.ClientId, op.Input, op.Output))
		}
		return fmt.Errorf("no order explains it (%s):\n%s", result, strings.Join(lines, "\n"))
	}
	return nil
}

// partition parts a history by what its operations are about.
func partition(about func(input any) string) func([]porcupine.Operation) [][]porcupine.Operation {
	return func(all []porcupine.Operation) [][]porcupine.Operation {
		at, parts := map[string]int{}, [][]porcupine.Operation{}
		for _, op := range all {
			key := about(op.Input)
			i, known := at[key]
			if !known {
				i = len(parts)
				at[key], parts = i, append(parts, nil)
			}
			parts[i] = append(parts[i], op)
		}
		return parts
	}
}

// together does all work at once.
func together(work []func()) {
	var begin, done sync.WaitGroup
	begin.Add(1)
	for _, w := range work {
		done.Go(func() { begin.Wait(); w() })
	}
	begin.Done()
	done.Wait()
}

// What is done with a claim: take it, or read it.
type claimInput struct {
	key            string
	take, verified bool
}

// claimOutput is the claim after a take that won, or as it was read. A take that
// was refused says whether it was for this claim.
type claimOutput struct {
	refused, here bool
	claim         model.Claim
}

// claims is each identifier as a register that is taken once, unless by somebody who
// has proved it from somebody who hasn't.
var claims = porcupine.Model{
	Partition: partition(func(input any) string { return input.(claimInput).key }),
	Init:      func() any { return model.Claim{} },
	Step: func(state, input, output any) (bool, any) {
		held, in, out := state.(model.Claim), input.(claimInput), output.(claimOutput)
		free := held.Owner == "" || (in.verified && !held.Verified)
		switch {
		case !in.take:
			return out.claim == held, held
		case out.refused:
			return free != out.here, held
		}
		return free, out.claim
	},
}

// raceForClaims lets people complete at once who want the same identifiers, some of
// them unproved, while others look.
func (e *engines) raceForClaims(t *rapid.T, wrong bug) error {
	s, h := e.service(plainRules, wrong), &history{begun: time.Now()}
	var work []func()
	for i := range rapid.IntRange(3, 8).Draw(t, "people") {
		in := signup.Input{Password: input(model.Input{Password: model.Long}).Password, Strategy: "email_code"}
		in.EmailAddress = weighted(t, "email", "ada@example.com", "ada@example.com", "bob@example.com", fmt.Sprintf("someone-%d@example.com", i))
		in.Username = weighted(t, "username", "", "ada_l", "grace")
		keys := []string{"email_address " + in.EmailAddress}
		if in.Username != "" {
			keys = append(keys, "username "+in.Username)
		}
		switch weighted(t, "does", "prove", "prove", "prove", "squat", "squat", "register", "register", "look") {
		case "prove":
			prove, err := s.provable(in)
			if err != nil {
				return err
			}
			work = append(work, func() { h.during(i, func() []noted { return takes(keys, true, whom(prove)) }) })
		case "squat":
			squat := func() (*signup.Answer, error) { return s.lax.Create(context.Background(), signup.Caller{}, in) }
			work = append(work, func() { h.during(i, func() []noted { return takes(keys, false, whom(squat)) }) })
		case "register":
			in.Strategy = ""
			register := func() (signup.ID, error) { return s.register(in) }
			work = append(work, func() { h.during(i, func() []noted { return takes(keys, false, register) }) })
		case "look":
			work = append(work, func() { h.during(i, func() []noted { return s.view.look(keys[0]) }) })
		}
	}
	together(work)
	for _, key := range []string{"email_address ada@example.com", "email_address bob@example.com", "username ada_l", "username grace"} {
		h.during(len(work), func() []noted { return s.view.look(key) })
	}
	return h.linearizable(claims)
}

// provable begins a sign-up that lacks nothing but its code, and returns what enters it.
func (s *service) provable(in signup.Input) (enter func() (*signup.Answer, error), err error) {
	ctx := context.Background()
	a, err := s.strict.Create(ctx, signup.Caller{}, in)
	if err != nil {
		return nil, err
	}
	s.names.begun(len(s.names.ids), a.SignUp.ID, a.SignUp.UserID, a.SignUp.SessionID)
	if err := s.view.readMails(); err != nil {
		return nil, err
	}
	code := s.view.mails[len(s.view.mails)-1].code
	return func() (*signup.Answer, error) {
		return s.strict.Attempt(ctx, signup.Caller{Token: a.Token}, a.SignUp.ID, "email_code", code)
	}, nil
}

// whom is the user that complete makes.
func whom(complete func() (*signup.Answer, error)) func() (signup.ID, error) {
	return func() (signup.ID, error) {
		a, err := complete()
		if err != nil {
			return signup.ID{}, err
		}
		return a.SignUp.UserID, nil
	}
}

// register makes an account in one call.
func (s *service) register(in signup.Input) (signup.ID, error) {
	made, err := s.door.Register(context.Background(), signup.Caller{}, signup.Registration{Input: in, SignIn: true})
	if err != nil {
		return signup.ID{}, err
	}
	return made.User.ID, nil
}

// takes notes a completion as a take of each of its claims.
func takes(keys []string, proved bool, complete func() (signup.ID, error)) (all []noted) {
	user, err := complete()
	if err != nil && !problem.Has(err, problem.IdentifierExists) {
		return []noted{{claimInput{key: "fault"}, claimOutput{claim: model.Claim{Owner: err.Error()}}}}
	}
	for _, key := range keys {
		kind, _, _ := strings.Cut(key, " ")
		out := claimOutput{refused: err != nil, here: strings.Contains(strings.Join(faults(err), ","), kind)}
		in := claimInput{key: key, take: true, verified: proved || kind == "username"}
		if err == nil {
			out.claim = model.Claim{Owner: user.String(), Verified: in.verified}
		}
		all = append(all, noted{in, out})
	}
	return all
}

// look reads a claim.
func (v *view) look(key string) []noted {
	var r row
	out, err := v.client.GetItem(context.Background(), &dynamodb.GetItemInput{
		TableName: &v.table, ConsistentRead: aws.Bool(true), Key: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "CLAIM#" + strings.Replace(key, " ", "#", 1)},
			"sk": &types.AttributeValueMemberS{Value: "CLAIM"},
		},
	})
	if err == nil {
		err = attributevalue.UnmarshalMap(out.Item, &r)
	}
	claim := model.Claim{Verified: r.Standing == "verified"}
	switch {
	case err != nil:
		claim.Owner = err.Error()
	case len(r.Owner) > 0:
		claim.Owner = idOf(r.Owner).String()
	}
	return []noted{{claimInput{key: key}, claimOutput{claim: claim}}}
}

// counter is the attempts of one challenge.
type counter struct {
	count    int
	tried    string // last
	verified bool
}

// counterInput is a code that is typed, or a look.
type counterInput struct {
	challenge int
	code      string
	right     string // code of the challenge, if anybody types it
	look      bool
}

// counterOutput is the code of the fault that a try ended in, or what was seen.
type counterOutput struct {
	fault string
	seen  counter
}

// counters is each challenge as a counter. A wrong code is counted and refused at
// once. A right one is counted, and then proves the address if nothing was counted in
// between; else it is counted again. So it may be counted before anything else is.
var counters = porcupine.NondeterministicModel{
	Partition: partition(func(input any) string { return fmt.Sprint(input.(counterInput).challenge) }),
	Init:      func() []any { return []any{counter{}} },
	Step: func(state, input, output any) (next []any) {
		c, in := state.(counter), input.(counterInput)
		befores := []counter{c}
		if in.right != "" && in.right != c.tried && c.open() {
			befores = append(befores, counter{count: c.count + 1, tried: in.right})
		}
		for _, before := range befores {
			if after, ok := before.step(in, output.(counterOutput)); ok {
				next = append(next, after)
			}
		}
		return next
	},
}

func (c counter) open() bool { return !c.verified && c.count < plainRules.MaxAttempts }

// step is the counter after a try or a look, if it can have come to out.
func (c counter) step(in counterInput, out counterOutput) (counter, bool) {
	repeated := c.tried == in.code
	switch {
	case in.look:
		return c, out.seen.count == c.count && out.seen.verified == c.verified
	case out.fault == "verification_already_verified":
		return c, c.verified
	case out.fault == "verification_failed":
		return c, !c.verified && !c.open() && !repeated
	case out.fault == "form_code_incorrect" && in.code != in.right && !c.verified && repeated:
		return c, true
	case out.fault == "form_code_incorrect" && in.code != in.right:
		return counter{count: c.count + 1, tried: in.code}, c.open()
	case out.fault == "":
		return counter{count: c.count, tried: c.tried, verified: true}, in.code == in.right && !c.verified && repeated
	}
	return c, false
}

// raceForAttempts lets several codes be tried on the same challenges at once.
func (e *engines) raceForAttempts(t *rapid.T, wrong bug) error {
	s, h, ctx := e.service(plainRules, wrong), &history{begun: time.Now()}, context.Background()
	var work, looks []func()
	for challenge := range 2 {
		in := input(model.Input{Email: fmt.Sprintf("ada%d@example.com", challenge), Password: model.Long, Strategy: "email_code"})
		a, err := s.strict.Create(ctx, signup.Caller{}, in)
		if err != nil {
			return err
		}
		s.names.begun(challenge, a.SignUp.ID, a.SignUp.UserID, a.SignUp.SessionID)
		if err := s.view.readMails(); err != nil {
			return err
		}
		tries := s.tries(t, challenge)
		for i, typed := range tries {
			work = append(work, func() {
				h.during(10*challenge+i, func() []noted {
					_, err := s.strict.Attempt(ctx, signup.Caller{Token: a.Token}, a.SignUp.ID, "email_code", typed.code)
					return typed.noted(err)
				})
			})
		}
		looks = append(looks, func() {
			h.during(challenge, func() []noted {
				got, err := s.strict.Get(ctx, signup.Caller{Token: a.Token}, a.SignUp.ID)
				if err != nil {
					return counterInput{challenge: challenge}.noted(err)
				}
				v := got.SignUp.Verifications["email_address"]
				seen := counter{count: v.Attempts, verified: !v.VerifiedAt.IsZero()}
				return []noted{{counterInput{challenge: challenge, look: true}, counterOutput{seen: seen}}}
			})
		})
	}
	together(work)
	together(looks)
	return h.linearizable(counters.ToModel())
}

// tries are codes to be typed at once for the challenge that was mailed last.
func (s *service) tries(t *rapid.T, challenge int) []counterInput {
	p, right := &player{service: s}, s.view.mails[len(s.view.mails)-1].code
	tries := make([]counterInput, rapid.IntRange(2, 8).Draw(t, "tries"))
	anyRight := ""
	for i := range tries {
		n := weighted(t, "code", 0, 1, 2, 3, 4, 5, 6, 7, -1, -1)
		if tries[i].code = p.wrong(max(n, 0)); n < 0 {
			tries[i].code, anyRight = right, right
		}
	}
	for i := range tries {
		tries[i].challenge, tries[i].right = challenge, anyRight
	}
	return tries
}

// noted is a try that ended in err.
func (in counterInput) noted(err error) []noted {
	out := counterOutput{}
	for _, fault := range problem.List(err) {
		out.fault = fault.Code
	}
	if err != nil && out.fault == "" {
		out.fault = err.Error()
	}
	return []noted{{in, out}}
}

// races are the histories that are checked.
var races = map[string]func(*engines, *rapid.T, bug) error{
	"claims": (*engines).raceForClaims, "attempts": (*engines).raceForAttempts, "sessions": (*engines).raceForSessions,
	"refresh": (*engines).raceForRefresh,
}

// TestR25R47R50HistoriesAreLinearizable has many people complete, many codes tried, one
// client's sessions used and ended, and one session refreshed, at once: what each was told
// and what is left must come of some order of them.
func TestR25R47R50HistoriesAreLinearizable(t *testing.T) {
	for name, race := range races {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := startEngine(t)
			rapid.Check(t, func(rt *rapid.T) {
				if err := race(e, rt, bug{}); err != nil {
					rt.Fatal(err)
				}
			})
		})
	}
}

// TestHistoriesFindSeededBugs seeds a bug each in what the table is asked.
func TestHistoriesFindSeededBugs(t *testing.T) {
	for _, seeded := range []struct {
		race string
		bug
	}{
		{"claims", bug{name: "a claim is put over another's", rewrite: unclaimed}},
		{"claims", bug{name: "an unverified claim stays", rewrite: without("CLAIM", puts)}},
		{"attempts", bug{name: "an attempt isn't counted", rewrite: spoilt("su.vs.#kind.#attempts + :one", "su.vs.#kind.#attempts")}},
		{"attempts", bug{name: "a code is tried once too often", rewrite: spoilt("#attempts < :limit", "#attempts <= :limit")}},
		{"attempts", bug{name: "a used code is judged", rewrite: spoilt(
			" AND attribute_not_exists(su.co)", "", " AND attribute_not_exists(su.vs.#kind.vd)", "",
			" AND (attribute_not_exists(su.vs.#kind.tr) OR su.vs.#kind.tr <> :tried)", "")}},
		{"sessions", bug{name: "a touch brings an ended session back", rewrite: spoilt("attribute_exists(pk)", "attribute_not_exists(gone)")}},
		{"sessions", bug{name: "a tab ends what another has ended", rewrite: unheeding}},
		{"sessions", bug{name: "an ended session stays", rewrite: without("SESSION", deletes)}},
		{"refresh", bug{name: "a refresh goes back", rewrite: spoilt("ge = :from", "ge >= :from", "attribute_not_exists(ge)", "attribute_exists(pk)")}},
	} {
		t.Run(strings.ReplaceAll(seeded.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			e, begun := startEngine(t), time.Now()
			once := rapid.Custom(func(rt *rapid.T) error { return races[seeded.race](e, rt, seeded.bug) })
			for n := 1; ; n++ {
				if err := once.Example(n); err != nil {
					t.Logf("found by history %d after %v: %v", n, time.Since(begun).Round(time.Millisecond), err)
					return
				}
				if time.Since(begun) > foundWithin {
					t.Fatalf("not found by %d histories", n)
				}
			}
		})
	}
}
