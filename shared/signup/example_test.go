package signup_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/settings"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// passwords stands for package password.
type passwords struct{}

func (passwords) Check(context.Context, secret.Text, ...string) error { return nil }
func (passwords) Hash(secret.Text) (string, error)                    { return "$argon2id$…", nil }

// newService is the sign-up over a store in memory. A function's comes from package assembly.
func newService() (*signup.Service, *signup.MemoryStore) {
	random, store := rand.NewChaCha8([32]byte{}), signup.NewMemoryStore()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	keys, err := secret.NewKeyring(random, noon)
	if err != nil {
		panic(err)
	}
	return &signup.Service{
		Settings: settings.Default(), Store: store, Keys: keys, Passwords: passwords{},
		Now: func() time.Time { return noon }, Entropy: random,
	}, store
}

// A person signs up over four requests. The facts come in any order; the last
// missing one, here the proof of the address, completes the sign-up.
func Example() {
	ctx := context.Background()
	service, store := newService()
	show := func(step string, a *signup.Answer) {
		needs := signup.Require(service.Settings, a.SignUp)
		fmt.Printf("%s: %s, missing %v, unverified %v\n", step, a.SignUp.StatusAt(a.Now), needs.Missing, needs.Unverified)
	}

	a, err := service.Create(ctx, signup.Caller{}, signup.Input{EmailAddress: "ada@example.com"})
	if err != nil {
		panic(err)
	}
	show("create", a)
	caller := signup.Caller{Token: a.Token} // a browser keeps it in a cookie
	id := a.SignUp.ID

	a, err = service.Update(ctx, caller, id, signup.Input{Password: secret.NewText("correct horse battery")})
	if err != nil {
		panic(err)
	}
	show("update", a)

	if a, err = service.Prepare(ctx, caller, id, "email_code", signup.Link{}); err != nil {
		panic(err)
	}
	show("prepare", a)

	// The mail function derives the code from what the stream says is due.
	due := store.DueMail(a.Client.ID)
	key, _ := service.Keys.ByID(due.KeyID)
	if a, err = service.Attempt(ctx, caller, id, "email_code", due.Code(key).Reveal()); err != nil {
		panic(err)
	}
	show("attempt", a)
	fmt.Println("sessions:", len(a.Sessions), "for", a.Sessions[0].User.EmailAddress.Display)
	// Output:
	// create: missing_requirements, missing [password], unverified [email_address]
	// update: missing_requirements, missing [], unverified [email_address]
	// prepare: missing_requirements, missing [], unverified [email_address]
	// attempt: complete, missing [], unverified []
	// sessions: 1 for ada@example.com
}

// What is missing is a pure function of the settings and the facts.
func ExampleRequire() {
	s := settings.Default()
	s.Attributes.Username.Requirement = settings.Optional
	s.SignUp.LegalConsent = true

	su := &signup.SignUp{}
	su.FirstName = "Ada"
	needs := signup.Require(s, su)
	fmt.Println("required:", needs.Required)
	fmt.Println("optional:", needs.Optional)
	fmt.Println("missing: ", needs.Missing)
	fmt.Println("met:     ", needs.Met())
	// Output:
	// required: [email_address password legal_accepted]
	// optional: [username first_name last_name]
	// missing:  [email_address password legal_accepted]
	// met:      false
}

// A refusal is a declared problem with its code, status and field. Beside it
// comes the client as it is stored.
func ExampleService_Attempt() {
	ctx := context.Background()
	service, _ := newService()
	a, err := service.Create(ctx, signup.Caller{}, signup.Input{EmailAddress: "ada@example.com", Strategy: "email_code"})
	if err != nil {
		panic(err)
	}
	a, err = service.Attempt(ctx, signup.Caller{Token: a.Token}, a.SignUp.ID, "email_code", "000000")
	for _, e := range problem.List(err) {
		fmt.Println(e.Status, e.Code, e.Param)
	}
	v := a.SignUp.Verifications["email_address"]
	fmt.Println(v.StatusAt(a.Now, service.Settings.Verification.MaxAttempts), "after", v.Attempts, "attempt")
	// Output:
	// 422 form_code_incorrect code
	// unverified after 1 attempt
}

// An ID prints as 22 base-62 digits, to which a wire adds a prefix of its own.
func ExampleID_String() {
	id := signup.ID{0x01, 0x02, 0x03}
	fmt.Println(id)
	again, err := signup.ParseID(id.String())
	fmt.Println(again == id, err)
	// Output:
	// 01tuWW4FooBN9IDJ2Mf77Q
	// true <nil>
}
