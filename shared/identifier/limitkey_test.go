package identifier

import "testing"

// TestR26LimitKeyFoldsKnownProviders: spellings that reach one mailbox share one budget.
func TestR26LimitKeyFoldsKnownProviders(t *testing.T) {
	for _, c := range []struct{ typed, want string }{
		{"Ada.Lovelace@gmail.com", "adalovelace@gmail.com"},
		{"a.d.a.lovelace+news@GoogleMail.com", "adalovelace@gmail.com"},
		{"ada+x+y@outlook.com", "ada@outlook.com"},
		{"ada.l@outlook.com", "ada.l@outlook.com"},
		{"ada+1@hotmail.com", "ada@hotmail.com"},
		{"ada+1@fastmail.com", "ada@fastmail.com"},
		{"ada_l-x.y@pm.me", "adalxy@proton.me"},
		{"ada+1@me.com", "ada@icloud.com"},
		{"ada-l@ya.ru", "adal@yandex.com"},
		// What isn't known to be one mailbox isn't made one.
		{"ada+1@example.com", "ada+1@example.com"},
		{"a.da@example.com", "a.da@example.com"},
		{"ada@mail.gmail.com", "ada@mail.gmail.com"},
		// Nothing is folded away as a whole.
		{"+ada@gmail.com", "+ada@gmail.com"},
		{"_-_@pm.me", "_-_@proton.me"},
	} {
		id, err := ParseEmailAddress(c.typed)
		if err != nil {
			t.Fatalf("%s: %v", c.typed, err)
		}
		if got := id.LimitKey(); got != c.want {
			t.Errorf("%s is counted as %s, want %s", c.typed, got, c.want)
		}
	}
}

// TestR26LimitKeyIsNoIdentity: folding leaves the identifier itself alone.
func TestR26LimitKeyIsNoIdentity(t *testing.T) {
	id, err := ParseEmailAddress("a.da+1@gmail.com")
	if err != nil {
		t.Fatal(err)
	}
	if id.Canonical != "a.da+1@gmail.com" || id.LimitKey() != "ada@gmail.com" {
		t.Errorf("canonical %s, counted as %s", id.Canonical, id.LimitKey())
	}
	name := Identifier{Kind: KindUsername, Canonical: "a.da@gmail.com"}
	if name.LimitKey() != name.Canonical {
		t.Errorf("a username was folded to %s", name.LimitKey())
	}
}
