package signup

import (
	"testing"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

func restricted(r settings.Restrictions) func(*settings.Settings) {
	return func(s *settings.Settings) { s.Restrictions = r }
}

func throwaway(domain string) bool { return domain == "throwaway.example" }

// TestR26RestrictedAddresses: an address that isn't admitted is refused at create and
// at update, before anything is read, hashed or stored.
func TestR26RestrictedAddresses(t *testing.T) {
	for name, r := range map[string]settings.Restrictions{
		"blocked":       {Blocklist: []string{"refused.example"}},
		"not listed":    {Allowlist: []string{"admitted.example"}},
		"sub-addressed": {BlockSubaddresses: true},
		"throwaway":     {BlockDisposableDomains: true},
	} {
		address := map[string]string{
			"blocked": "Ada@REFUSED.example", "not listed": "ada@other.example", "sub-addressed": "ada+1@admitted.example", "throwaway": "ada@throwaway.example",
		}[name]
		f := newFixture(t, restricted(r))
		f.Disposable = throwaway
		p := f.person()
		in := ada()
		in.EmailAddress = address
		f.store.calls = nil
		err := p.create(in)
		p.mustFail(err, problem.NotAllowed)
		if fault := problem.List(err)[0]; fault.Param != "email_address" || fault.Status != 403 || len(f.store.calls) != 0 {
			t.Errorf("%s: %d on %q after %v", name, fault.Status, fault.Param, f.store.calls)
		}
		p.must(p.create(Input{FirstName: "Ada"}))
		p.mustFail(p.update(Input{EmailAddress: address}), problem.NotAllowed)
		p.must(p.update(Input{EmailAddress: "ada@admitted.example"}))
	}
}

// TestR26RestrictedAddressOfAnAccount: an account can't take later what a sign-up may not.
func TestR26RestrictedAddressOfAnAccount(t *testing.T) {
	f := newFixture(t, restricted(settings.Restrictions{BlockDisposableDomains: true}))
	f.Disposable = throwaway
	f.Settings = f.Settings.ForAccounts()
	made, err := f.Register(t.Context(), Caller{}, Registration{SignIn: true})
	if err != nil {
		t.Fatal(err)
	}
	address, err := identifier.ParseEmailAddress("ada@throwaway.example")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.ChallengeAddress(t.Context(), Caller{}, made.Session, address); !problem.Has(err, problem.NotAllowed) {
		t.Errorf("it is challenged: %v", err)
	}
}

// TestAllFaultsOfARequestAreTold: a refused address doesn't hide what else is wrong.
func TestAllFaultsOfARequestAreTold(t *testing.T) {
	f := newFixture(t, restricted(settings.Restrictions{Blocklist: []string{"refused.example"}}))
	p := f.person()
	err := p.create(Input{EmailAddress: "ada@refused.example", Locale: "?"})
	p.mustFail(err, problem.NotAllowed)
	p.mustFail(err, problem.ParamFormatInvalid)
}

// TestAddressNamedByTheAllowlist passes whatever else is restricted.
func TestAddressNamedByTheAllowlist(t *testing.T) {
	f := newFixture(t, restricted(settings.Restrictions{
		Allowlist: []string{"ada+1@throwaway.example"}, Blocklist: []string{"throwaway.example"}, BlockSubaddresses: true, BlockDisposableDomains: true,
	}))
	f.Disposable = throwaway
	p := f.person()
	p.must(p.create(Input{EmailAddress: "ada+1@throwaway.example"}))
	p.mustFail(p.create(Input{EmailAddress: "ada@throwaway.example"}), problem.NotAllowed)
}
