package table

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// together runs work n times at once and returns the errors.
func together(n int, work func(i int) error) []error {
	results := make([]error, n)
	var begin, done sync.WaitGroup
	begin.Add(1)
	for i := range n {
		done.Go(func() {
			begin.Wait()
			results[i] = work(i)
		})
	}
	begin.Done()
	done.Wait()
	return results
}

// items counts the table's items by type. Only a test may scan.
func (f *fixture) items() map[string]int {
	f.t.Helper()
	counts := map[string]int{}
	var from map[string]types.AttributeValue
	for {
		out, err := f.meter.API.(*dynamodb.Client).Scan(context.Background(), &dynamodb.ScanInput{TableName: &f.table.name, ExclusiveStartKey: from})
		if err != nil {
			f.t.Fatal(err)
		}
		for _, item := range out.Items {
			counts[item["ty"].(*types.AttributeValueMemberS).Value]++
		}
		if from = out.LastEvaluatedKey; from == nil {
			return counts
		}
	}
}

// raced is how many people go for one identifier at once.
const raced = 1000

// TestR25OneAddressOneUser lets a thousand people who all proved the same address complete at once.
func TestR25OneAddressOneUser(t *testing.T) {
	f := newFixture(t, nil)
	people := ready(f, func(int) signup.Input {
		return signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("x")}
	})
	oneWins(t, f, people, "email_address", 1)
}

// TestR25OneUsernameOneUser does the same for a username, each with an address of their own.
func TestR25OneUsernameOneUser(t *testing.T) {
	f := newFixture(t, func(s *settings.Settings) { s.Attributes.Username.Requirement = settings.Required })
	people := ready(f, func(i int) signup.Input {
		return signup.Input{Username: "ada_lovelace", EmailAddress: fmt.Sprintf("ada%d@example.com", i), Password: secret.NewText("x")}
	})
	oneWins(t, f, people, "username", 2)
}

// ready brings people to where only their code is missing, some at a time.
func ready(f *fixture, in func(i int) signup.Input) []*person {
	people := make([]*person, raced)
	for start := 0; start < raced; start += 50 {
		for i, err := range together(50, func(i int) error {
			p := f.person()
			people[start+i] = p
			if err := p.create(in(start + i)); err != nil {
				return err
			}
			return p.prepare()
		}) {
			if err != nil {
				f.t.Fatalf("person %d: %v", start+i, err)
			}
		}
	}
	return people
}

// oneWins lets everybody enter their right code at once.
func oneWins(t *testing.T, f *fixture, people []*person, param string, claims int) {
	t.Helper()
	codes := make([]string, len(people))
	for i, p := range people {
		codes[i] = p.code()
	}
	won := 0
	for i, err := range together(len(people), func(i int) error { return people[i].attempt(codes[i]) }) {
		switch {
		case err == nil:
			won++
		case !problem.Has(err, problem.IdentifierExists) || problem.List(err)[0].Param != param:
			t.Fatalf("person %d: %v", i, err)
		}
	}
	counts := f.items()
	if won != 1 || counts["user"] != 1 || counts["session"] != 1 || counts["claim"] != claims {
		t.Errorf("%d completed; the table has %v", won, counts)
	}
}

// TestR12TwoRightCodesAtOnce has one success, and one user.
func TestR12TwoRightCodesAtOnce(t *testing.T) {
	for range 20 {
		f := newFixture(t, nil)
		p := f.person()
		p.must(p.create(signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("x")}))
		p.must(p.prepare())
		code, succeeded := p.code(), 0
		for _, err := range together(2, func(int) error {
			_, err := f.Attempt(t.Context(), p.caller, p.signUp, "email_code", code)
			return err
		}) {
			switch {
			case err == nil:
				succeeded++
			case !problem.Has(err, problem.VerificationAlreadyVerified):
				t.Fatalf("the second got %v", err)
			}
		}
		if counts := f.items(); succeeded != 1 || counts["user"] != 1 {
			t.Fatalf("%d succeeded; the table has %v", succeeded, counts)
		}
	}
}

// TestR15WrongCodesAtOnce tries 200 different wrong codes at once: five are judged.
func TestR15WrongCodesAtOnce(t *testing.T) {
	f := newFixture(t, nil)
	p := f.person()
	p.must(p.create(signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("x")}))
	p.must(p.prepare())
	right := p.code()
	wrong := make([]string, 200)
	for i := range wrong {
		wrong[i] = p.wrongCode(i * 7)
	}
	judged := 0
	for _, err := range together(len(wrong), func(i int) error {
		_, err := f.Attempt(t.Context(), p.caller, p.signUp, "email_code", wrong[i])
		return err
	}) {
		switch {
		case problem.Has(err, problem.CodeIncorrect):
			judged++
		case !problem.Has(err, problem.VerificationFailed) && !problem.Has(err, problem.TooManyChanges):
			t.Fatalf("unexpected: %v", err)
		}
	}
	if judged > 5 {
		t.Errorf("%d wrong codes were judged, want at most 5", judged)
	}
	p.mustFail(p.attempt(right), problem.VerificationFailed)
}

// TestR32UnverifiedClaimYieldsToVerifiedOwner: somebody who took an address without
// proof loses it, the password and every session to the person who proves it.
func TestR32UnverifiedClaimYieldsToVerifiedOwner(t *testing.T) {
	f := newFixture(t, nil)
	squatter, owner := f.squatter("ada@example.com"), f.person()
	squatter.must(squatter.create(squatterInput))
	old := squatter.last.Sessions[0].User.ID
	owner.must(owner.signUpWhole("ada@example.com"))
	claims, err := f.table.Claims(t.Context(), owner.last.Client.SignUp.Identifiers())
	if err != nil || len(claims) != 1 || claims[0].State != signup.VerifiedClaim || claims[0].Owner == old {
		t.Fatalf("the claim is %+v (%v)", claims, err)
	}
	a, err := squatter.Client(t.Context(), squatter.caller)
	if err != nil || len(a.Sessions) != 0 {
		t.Errorf("the squatter still has %d sessions (%v)", len(a.Sessions), err)
	}
}

// TestR32UnverifiedClaimNeverBeatsVerifiedOwner is the other order.
func TestR32UnverifiedClaimNeverBeatsVerifiedOwner(t *testing.T) {
	f := newFixture(t, nil)
	owner, squatter := f.person(), f.squatter("ada@example.com")
	owner.must(owner.signUpWhole("ada@example.com"))
	squatter.mustFail(squatter.create(squatterInput), problem.IdentifierExists)
}

// TestR32ClaimsRacedInBothStates lets owner and squatter complete at once, many
// times: whoever is first, in the end the claim is the verified owner's.
func TestR32ClaimsRacedInBothStates(t *testing.T) {
	f := newFixture(t, nil)
	for i := range 40 {
		address := fmt.Sprintf("ada%d@example.com", i)
		owner, squatter := f.person(), f.squatter(address)
		owner.must(owner.create(signup.Input{EmailAddress: address, Password: secret.NewText("x")}))
		owner.must(owner.prepare())
		code := owner.code()
		results := together(2, func(who int) error {
			if who == 0 {
				return owner.attempt(code)
			}
			in := squatterInput
			in.EmailAddress = address
			return squatter.create(in)
		})
		owner.must(results[0])
		if err := results[1]; err != nil && !problem.Has(err, problem.IdentifierExists) {
			t.Fatalf("squatter: %v", err)
		}
		claims, err := f.table.Claims(t.Context(), []identifier.Identifier{owner.last.SignUp.EmailAddress})
		if err != nil || claims[0].Owner != owner.last.SignUp.UserID || claims[0].State != signup.VerifiedClaim {
			t.Fatalf("round %d: the claim is %+v (%v)", i, claims, err)
		}
	}
}

var squatterInput = signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("x")}

// squatter is a person of an instance on the same table that asks for no proof.
func (f *fixture) squatter(string) *person {
	lax := *f.Service
	s := *f.Settings
	s.Attributes.EmailAddress.VerifyAtSignUp = false
	lax.Settings = &s
	other := *f
	other.Service = &lax
	return other.person()
}

// TestConflictsAreRetried: transactions of others are in the way of a write for a while.
func TestConflictsAreRetried(t *testing.T) {
	f := newFixture(t, nil)
	p := f.person()
	p.must(p.create(signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("x")}))
	p.must(p.prepare())
	code := p.code()
	f.table.api = &conflicting{API: f.table.api, left: 3}
	p.must(p.attempt(code))
	if counts := f.items(); counts["user"] != 1 {
		t.Errorf("the table has %v", counts)
	}
}

// TestExhaustedRetriesAreBusy: what never gets through is told as 503, not as a fault.
func TestExhaustedRetriesAreBusy(t *testing.T) {
	f := newFixture(t, nil)
	p := f.person()
	p.must(p.create(signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("x")}))
	p.must(p.prepare())
	code := p.code()
	f.table.api = &conflicting{API: f.table.api, left: 1000}
	p.mustFail(p.attempt(code), problem.Unavailable)
	f.table.api = f.meter
	p.must(p.attempt(code))
}

// conflicting cancels the first transactions as DynamoDB does when another holds an item.
type conflicting struct {
	API
	left int
}

func (c *conflicting) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if c.left--; c.left >= 0 {
		code := "TransactionConflict"
		return nil, &types.TransactionCanceledException{CancellationReasons: []types.CancellationReason{{Code: &code}}}
	}
	return c.API.TransactWriteItems(ctx, in, o...)
}

// TestLostAnswersHaveOneEffect repeats each write after its answer was lost, as the SDK does.
func TestLostAnswersHaveOneEffect(t *testing.T) {
	f := newFixture(t, nil)
	p := f.person()
	f.table.api = repeating{f.table.api}
	p.must(p.create(signup.Input{EmailAddress: "ada@example.com", Password: secret.NewText("x")}))
	p.must(p.prepare())
	p.mustFail(p.attempt(p.wrongCode(1)), problem.CodeIncorrect)
	if got := p.last.SignUp.Verifications["email_address"].Attempts; got != 1 {
		t.Errorf("one attempt was counted %d times", got)
	}
	p.must(p.attempt(p.code()))
	if counts := f.items(); counts["user"] != 1 || counts["session"] != 1 {
		t.Errorf("the table has %v", counts)
	}
}

// repeating sends every write twice and returns the second answer.
type repeating struct{ API }

func (r repeating) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if _, err := r.API.PutItem(ctx, in, o...); err != nil {
		return nil, err
	}
	return r.API.PutItem(ctx, in, o...)
}

func (r repeating) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if out, err := r.API.UpdateItem(ctx, in, o...); err != nil {
		return out, err
	}
	return r.API.UpdateItem(ctx, in, o...)
}

func (r repeating) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if out, err := r.API.TransactWriteItems(ctx, in, o...); err != nil {
		return out, err
	}
	return r.API.TransactWriteItems(ctx, in, o...)
}
