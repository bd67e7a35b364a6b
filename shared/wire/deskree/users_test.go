package deskree

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/signup"
)

// TestUserObject is there from the sign-up on, and its user's to change (§2.5).
func TestUserObject(t *testing.T) {
	s := newSite(t, immediate)
	made := s.post("/signup", adas)
	uid, own := made.At("data", "uid"), bearer(made.At("data", "idToken"))
	fresh := map[string]any{
		"email": "ada.l@example.com", "emailVerified": false, "disabled": false, "roles": []any{},
		"createdAt": "2026-03-01T12:00:00Z", "updatedAt": "2026-03-01T12:00:00Z",
	}
	got := s.ok("GET", users+"/"+uid, "", own...)
	if diff := cmp.Diff(map[string]any{"data": map[string]any{"uid": uid, "attributes": fresh}}, got.Body); diff != "" {
		t.Error(diff)
	}
	s.clock.Forward(time.Minute)
	changed := s.ok("PATCH", users+"/"+uid, `{"name": "Ada <L>", "age": 36, "tags": ["a", {"b": null}], "gone": "soon"}`, own...)
	fresh["updatedAt"], fresh["name"], fresh["age"], fresh["tags"] = "2026-03-01T12:01:00Z", "Ada <L>", 36.0, []any{"a", map[string]any{"b": nil}}
	fresh["gone"], fresh["uid"] = "soon", uid
	if diff := cmp.Diff(map[string]any{"data": fresh}, changed.Body); diff != "" {
		t.Error(diff)
	}
	s.ok("PATCH", users+"/"+uid, `{"gone": null, "age": 37}`, own...)
	delete(fresh, "gone")
	delete(fresh, "uid")
	fresh["age"] = 37.0
	got = s.ok("GET", users+"/"+uid, "", own...)
	if diff := cmp.Diff(map[string]any{"data": map[string]any{"uid": uid, "attributes": fresh}}, got.Body); diff != "" {
		t.Error(diff)
	}
	if unchanged := s.ok("PATCH", users+"/"+uid, "", own...); unchanged.At("data", "name") != "Ada <L>" {
		t.Errorf("%s", unchanged.Text)
	}
}

// TestUserObjectIsItsUsersAlone, and what is fixed stays.
func TestUserObjectIsItsUsersAlone(t *testing.T) {
	s := newSite(t, immediate)
	made := s.post("/signup", adas)
	theirs := s.post("/signup", `{"email":"eve@example.com","password":"`+passphrase+`"}`).At("data", "uid")
	uid, own := made.At("data", "uid"), bearer(made.At("data", "idToken"))
	for _, other := range []string{theirs, "nobody", strings.Repeat("0", 28)} {
		s.refused("GET", users+"/"+other, "", 404, "Requested object is not found", "resource_not_found", own...)
		s.refused("PATCH", users+"/"+other, `{"name": "Mallory"}`, 404, "Requested object is not found", "resource_not_found", own...)
	}
	s.refused("GET", users+"/"+uid, "", 401, "Sign in to do this.", "authentication_invalid")
	s.refused("PATCH", users+"/"+uid, `{}`, 403, "This session is over. Sign in again.", "signed_out", bearer("x.y.z")...)
	for _, name := range fixed {
		r := s.call("PATCH", users+"/"+uid, text(map[string]any{name: true, "name": "Ada"}), own...)
		if _, _, code, field := r.first(); r.Status != 422 || code != "form_param_value_invalid" || field != name {
			t.Errorf("%s: %d %s", name, r.Status, r.Text)
		}
	}
	if got := s.ok("GET", users+"/"+uid, "", own...); strings.Contains(got.Text, `"name"`) {
		t.Errorf("a refused change is stored: %s", got.Text)
	}
	s.refused("POST", users, `{"email":"x@example.com"}`, 403, "User cannot be created", "user_not_created", own...)
	s.refused("DELETE", users+"/"+uid, "", 403, "User cannot be created", "user_not_created", own...)
}

// TestLargeUserObject is kept apart from the user, changes whole, and has a limit.
func TestLargeUserObject(t *testing.T) {
	s := newSite(t, immediate)
	made := s.post("/signup", adas)
	uid, own := made.At("data", "uid"), bearer(made.At("data", "idToken"))
	id, err := signup.ParseChecked(uid)
	if err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", 4000)
	s.ok("PATCH", users+"/"+uid, text(map[string]string{"bio": large, "name": "Ada"}), own...)
	first := s.byID(id).Unsafe.Ref
	s.ok("PATCH", users+"/"+uid, `{"name": "Ada L."}`, own...)
	second := s.byID(id).Unsafe.Ref
	if first.IsZero() || second.IsZero() || first == second {
		t.Errorf("kept as %v, then as %v", first, second)
	}
	var got struct {
		Data struct{ Attributes struct{ Bio, Name string } }
	}
	if err := json.Unmarshal([]byte(s.ok("GET", users+"/"+uid, "", own...).Text), &got); err != nil || got.Data.Attributes.Bio != large || got.Data.Attributes.Name != "Ada L." {
		t.Errorf("%v %+v", err, got)
	}
	s.refused("PATCH", users+"/"+uid, text(map[string]string{"more": large + large}), 422,
		"The value is too large. At most 8192 bytes of JSON are accepted.", "form_param_exceeds_allowed_size", own...)
	s.ok("PATCH", users+"/"+uid, `{"bio": null}`, own...)
	if u := s.byID(id); !u.Unsafe.Ref.IsZero() || string(u.Unsafe.JSON) != `{"name":"Ada L."}` {
		t.Errorf("kept %s, apart as %v", u.Unsafe.JSON, u.Unsafe.Ref)
	}
}
