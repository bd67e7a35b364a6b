package signup

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

func members(text string) (m map[string]json.RawMessage) {
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		panic(err)
	}
	return m
}

// signedIn is a new user's session.
func (f *fixture) signedIn(t *testing.T) *Session {
	t.Helper()
	made, err := f.Register(t.Context(), Caller{}, Registration{SignIn: true})
	if err != nil {
		t.Fatal(err)
	}
	return made.Session
}

func anyFields(s *settings.Settings) { *s = *s.ForAccounts() }

// profile is what is stored of the session's user, read anew.
func (f *fixture) profile(t *testing.T, session *Session) string {
	t.Helper()
	again, err := f.Bearer(t.Context(), session.User.ID, session.ID)
	if err != nil {
		t.Fatal(err)
	}
	profile, err := f.Profile(t.Context(), again)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(profile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Of two changes at once both are kept: the one that comes second is made on what the
// first left.
func TestProfileChangedByTwo(t *testing.T) {
	f := newFixture(t, anyFields)
	session := f.signedIn(t)
	second := *session
	user := *session.User
	second.User = &user
	f.store.before = func(method string) error {
		if method != "SaveUser" {
			return nil
		}
		f.store.before = nil
		_, err := f.ChangeProfile(t.Context(), &second, members(`{"b": 2, "c": {"d": "x"}}`))
		return err
	}
	if _, err := f.ChangeProfile(t.Context(), session, members(`{"a": 1}`)); err != nil {
		t.Fatal(err)
	}
	f.store.before = nil
	if diff := cmp.Diff(members(`{"a": 1, "b": 2, "c": {"d":"x"}}`), members(f.profile(t, session))); diff != "" {
		t.Error(diff)
	}
}

// What no user names any more expires, and what one names never does, also when a
// change fails.
func TestProfileLeavesNoLargeObjects(t *testing.T) {
	f := newFixture(t, anyFields)
	session := f.signedIn(t)
	change := func(text string) error {
		again, err := f.Bearer(t.Context(), session.User.ID, session.ID)
		if err == nil {
			_, err = f.ChangeProfile(t.Context(), again, members(text))
		}
		return err
	}
	large := `{"bio": "` + strings.Repeat("x", 2*InlineMetadata) + `"}`
	for i, text := range []string{large, `{"more": 1}`, `{"more": 2}`} {
		if err := change(text); err != nil {
			t.Fatal(i, err)
		}
		f.wantKept(t, session.User.ID)
	}
	broken := errors.New("broken")
	f.store.before = func(method string) error {
		if method == "SaveUser" {
			return broken
		}
		return nil
	}
	if err := change(`{"more": 3}`); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	f.store.before = nil
	f.wantKept(t, session.User.ID)
	if err := change(`{"bio": null}`); err != nil {
		t.Fatal(err)
	}
	f.wantKept(t, session.User.ID)
	if got := f.profile(t, session); got != `{"more":2}` {
		t.Errorf("the profile is %s", got)
	}
}

// wantKept fails unless the user's large object is the one that doesn't expire.
func (f *fixture) wantKept(t *testing.T, user ID) {
	t.Helper()
	named := f.store.users[user].Unsafe.Ref
	for ref, object := range f.store.metadata {
		if kept := object.expires.IsZero(); kept != (ref == named) {
			t.Errorf("%s is named: %t, is kept: %t", ref, ref == named, kept)
		}
	}
	if _, there := f.store.metadata[named]; !there && !named.IsZero() {
		t.Errorf("%s isn't there", named)
	}
}

func TestProfileHasALimit(t *testing.T) {
	f := newFixture(t, anyFields)
	session := f.signedIn(t)
	if _, err := f.ChangeProfile(t.Context(), session, members(`{"a": "`+strings.Repeat("x", MaxMetadata-9)+`"}`)); err != nil {
		t.Errorf("%d bytes: %v", MaxMetadata-1, err)
	}
	if _, err := f.ChangeProfile(t.Context(), session, members(`{"bb": 22}`)); !problem.Has(err, problem.ParamTooLarge) {
		t.Errorf("more: %v", err)
	}
}
