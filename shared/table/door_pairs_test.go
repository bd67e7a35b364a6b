package table

import (
	"context"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// mustGetIn: the guest's password opens the same account at each door, by whatever it
// is called, and each says the same of the address.
func (g *guest) mustGetIn(t *testing.T, proved bool, ids ...identifier.Identifier) {
	t.Helper()
	for door, service := range g.inOneCall() {
		for _, id := range ids {
			s, err := service.SignInWithPassword(t.Context(), signup.Caller{}, signup.ID{}, id, g.in.Password)
			if err != nil || s.User.ID != g.user {
				t.Errorf("%s by %s: %+v, %v", door, id.Kind, s, err)
				continue
			}
			read, err := service.Bearer(t.Context(), s.User.ID, s.ID)
			if err != nil {
				t.Errorf("%s by %s: %v", door, id.Kind, err)
				continue
			}
			if _, says := read.User.Proved[identifier.KindEmailAddress]; says != proved {
				t.Errorf("%s by %s: says that proving the address is %v", door, id.Kind, says)
			}
		}
	}
}

// mustOwn: the address is the guest's, proved, and the squatter has nothing of it and
// nothing left to get in with.
func (g *guest) mustOwn(t *testing.T, squatter *guest) {
	t.Helper()
	u, claim, err := g.holder(t.Context())
	if err != nil || u == nil || u.ID != g.user || claim.State != signup.VerifiedClaim {
		t.Fatalf("the address is %+v (%v), not %s's", claim, err, g.user)
	}
	if _, proved := u.Proved[identifier.KindEmailAddress]; !proved || u.EmailAddress.Canonical != g.in.EmailAddress || u.Hold() != "" {
		t.Errorf("the owner: proved %v, %q, held %q", proved, u.EmailAddress.Canonical, u.Hold())
	}
	g.mustGetIn(t, true, g.address())
	if squatter.user.IsZero() {
		return
	}
	squatter.mustBeOut(t)
	if squatter.user == g.user {
		return // the account was got back, as it was mailed for
	}
	if s, err := g.table.User(t.Context(), squatter.user); err != nil || s.EmailAddress.Canonical != "" || len(s.Proved) > 0 {
		t.Errorf("the squatter: %+v, %v", s, err)
	}
}

// mustBeOut: nothing that the guest has opens anything.
func (g *guest) mustBeOut(t *testing.T) {
	t.Helper()
	out := func(what string, err error) {
		t.Helper()
		if problem.List(err) == nil {
			t.Errorf("the squatter's %s: %v", what, err)
		}
	}
	for door, service := range g.inOneCall() {
		for _, id := range []identifier.Identifier{{}, g.address(), username(g.in.Username)} {
			out("password at "+door, second(service.SignInWithPassword(t.Context(), signup.Caller{}, g.user, id, g.in.Password)))
		}
	}
	out("id", second(g.accounts.SignInAnonymously(t.Context(), signup.Caller{}, g.user)))
	for _, s := range g.sessions {
		out("session", second(g.accounts.Bearer(t.Context(), s.User.ID, s.ID)))
		out("refresh token", second(g.password.Refresh(t.Context(), g.password.RefreshToken(s))))
	}
	for _, key := range g.keys {
		out("key", second(g.accounts.SignInWithKey(t.Context(), signup.Caller{}, key)))
	}
}

const (
	ownPassphrase   = "the owner's own passphrase" // the test's hash tells lengths apart only
	squatPassphrase = "squatted passphrase"
)

// TestR25EveryPairOfDoors: what somebody took at one door, an address or a name, is taken
// at every other, and they get in at each of them.
func TestR25EveryPairOfDoors(t *testing.T) {
	h := newHouse(t)
	for _, one := range append([]doorway{byName}, doorways...) {
		g := h.guest(ownPassphrase)
		h.mustPass(t, one, g)
		var ids []identifier.Identifier
		if one.named {
			ids = append(ids, username(g.in.Username))
		}
		if one.name != byName.name {
			ids = append(ids, g.address())
		}
		g.mustGetIn(t, one.proves, ids...)
		for _, other := range doorways {
			if r := g.rival(squatPassphrase); one.name != byName.name && (one.proves || other.name != "progressive") {
				mustBeTaken(t, one, other, r, identifier.KindEmailAddress)
			}
			if r := h.guest(squatPassphrase); one.named && other.named {
				r.in.Username = g.in.Username
				mustBeTaken(t, one, other, r, identifier.KindUsername)
			}
		}
		if r := h.guest(squatPassphrase); one.named {
			r.in.Username = g.in.Username
			mustBeTaken(t, one, byName, r, identifier.KindUsername)
		}
	}
	h.mustBeWhole()
}

func (h *house) mustPass(t *testing.T, through doorway, g *guest) {
	t.Helper()
	err := through.enter(t.Context(), g)
	if err == nil && through.finish != nil {
		err = through.finish(t.Context(), g)
	}
	if err != nil {
		t.Fatalf("%s: %v", through.name, err)
	}
}

func mustBeTaken(t *testing.T, one, other doorway, r *guest, kind identifier.Kind) {
	t.Helper()
	err := other.enter(t.Context(), r)
	if faults := problem.List(err); !problem.Has(err, problem.IdentifierExists) || len(faults) != 1 || faults[0].Param != string(kind) {
		t.Errorf("%s, taken at %s: at %s it is %v", kind, one.name, other.name, err)
	}
}

// TestR32EveryPairOfDoors: whoever proves an address at one door has it, alone, whatever
// somebody had claimed or claims without proof at another; before, after or at once.
func TestR32EveryPairOfDoors(t *testing.T) {
	h := newHouse(t)
	for _, one := range doorways {
		if !one.proves {
			continue
		}
		for _, other := range doorways {
			t.Run(one.name+", squatted at "+other.name, func(t *testing.T) {
				for _, order := range []func(*testing.T, *guest, *guest, doorway, doorway){squatterFirst, ownerFirst, bothAtOnce, bothAtOnce, bothAtOnce, bothAtOnce} {
					owner := h.guest(ownPassphrase)
					squatter := owner.rival(squatPassphrase)
					order(t, owner, squatter, one, other)
					if owner.asked && one.name == "progressive" {
						t.Error("a claim without proof kept the owner out")
					}
					owner.mustOwn(t, squatter)
				}
			})
		}
	}
	h.mustBeWhole()
}

func squatterFirst(t *testing.T, owner, squatter *guest, one, other doorway) {
	t.Helper()
	if err := squatter.squat(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if err := owner.own(t.Context(), one); err != nil {
		t.Fatal(err)
	}
}

func ownerFirst(t *testing.T, owner, squatter *guest, one, other doorway) {
	t.Helper()
	if err := owner.own(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	if err := squatter.squat(t.Context(), other); !problem.Has(err, problem.IdentifierExists) {
		t.Errorf("after the owner: %v", err)
	}
}

func bothAtOnce(t *testing.T, owner, squatter *guest, one, other doorway) {
	t.Helper()
	for i, err := range together(2, func(i int) error {
		if i == 0 {
			return owner.own(context.Background(), one)
		}
		return squatter.squat(context.Background(), other)
	}) {
		if err != nil && (i == 0 || problem.List(err) == nil) {
			t.Fatalf("%d: %v", i, err)
		}
	}
}

// TestR32TwoProofsAtOnce: two who both read the mail of one address, at two doors at
// once. One account has it in the end, and no other account says that it proved it.
func TestR32TwoProofsAtOnce(t *testing.T) {
	h := newHouse(t)
	for _, one := range doorways {
		for _, other := range doorways {
			for range 3 {
				if one.proves && other.proves {
					h.twoProofs(t, one, other)
				}
			}
		}
	}
	h.oneOwnerEach(t)
}

func (h *house) twoProofs(t *testing.T, one, other doorway) {
	t.Helper()
	a := h.guest(ownPassphrase)
	b := a.rival(squatPassphrase)
	for _, err := range together(2, func(i int) error {
		if i == 0 {
			return a.own(context.Background(), one)
		}
		return b.own(context.Background(), other)
	}) {
		if problem.List(err) == nil && err != nil {
			t.Fatalf("%s and %s: %v", one.name, other.name, err)
		}
	}
	u, claim, err := a.holder(t.Context())
	if err != nil || u == nil || claim.State != signup.VerifiedClaim {
		t.Fatalf("%s and %s: the address is %+v (%v)", one.name, other.name, claim, err)
	}
}

// oneOwnerEach: of all users, one at most says that it proved an address, and has its claim.
func (h *house) oneOwnerEach(t *testing.T) {
	t.Helper()
	w := h.whole()
	owners := map[string]signup.ID{}
	for id, u := range w.users {
		if _, proved := u.Proved[identifier.KindEmailAddress]; !proved {
			continue
		}
		if other, owned := owners[u.EmailAddress.Canonical]; owned {
			t.Errorf("%s is owned by %s and %s", u.EmailAddress.Canonical, other, id)
		}
		owners[u.EmailAddress.Canonical] = id
		if claim := w.claims[claimKey(u.EmailAddress).pk]; idOf(claim.Owner) != id || claim.State != string(signup.VerifiedClaim) {
			t.Errorf("%s is %+v, not %s's", u.EmailAddress.Canonical, claim, id)
		}
	}
	h.mustBeWhole()
}
