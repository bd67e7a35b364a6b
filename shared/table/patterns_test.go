package table

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/doorstep-auth/doorstep/shared/callback"
	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/secret"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

var rewrite = flag.Bool("update", false, "write the golden requests")

// recorder keeps the request and answers, but for lies, as an empty table that accepts everything would.
type recorder struct {
	name, request string
	lies          []key // what a query finds
}

func (r *recorder) record(name string, in any) {
	r.name = name
	text, _ := json.MarshalIndent(in, "", "  ")
	r.request = string(text)
}

func (r *recorder) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	r.record("GetItem", in)
	return &dynamodb.GetItemOutput{}, nil
}

func (r *recorder) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	r.record("BatchGetItem", in)
	return &dynamodb.BatchGetItemOutput{}, nil
}

func (r *recorder) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	r.record("PutItem", in)
	return &dynamodb.PutItemOutput{}, nil
}

func (r *recorder) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	r.record("Query", in)
	out := &dynamodb.QueryOutput{}
	for _, at := range r.lies {
		out.Items = append(out.Items, at.attributes())
	}
	return out, nil
}

func (r *recorder) DeleteItem(_ context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	r.record("DeleteItem", in)
	return &dynamodb.DeleteItemOutput{}, nil
}

func (r *recorder) UpdateItem(_ context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	r.record("UpdateItem", in)
	return &dynamodb.UpdateItemOutput{}, errStopped
}

func (r *recorder) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	r.record("TransactWriteItems", in)
	return &dynamodb.TransactWriteItemsOutput{}, nil
}

var errStopped = &types.InternalServerError{}

// TestPatterns holds each method to its access pattern and to its exact request.
func TestPatterns(t *testing.T) {
	sent := map[string]recorder{}
	for _, pattern := range Patterns() {
		t.Run(pattern.Method, func(t *testing.T) {
			run, known := runs[pattern.Method]
			if !known {
				t.Fatalf("no run for the pattern %q", pattern.Method)
			}
			r := &recorder{}
			run(&Table{api: r, name: "doorstep"})
			sent[pattern.Method] = *r
			if !strings.Contains(pattern.Request, r.name) {
				t.Errorf("sent a %s, the pattern says %s", r.name, pattern.Request)
			}
			for _, part := range strings.Split(pattern.Condition, "; ") {
				for _, lead := range []string{"all others ", "the claim "} {
					part = strings.TrimPrefix(part, lead)
				}
				if !strings.Contains(r.request, jsonText(part)) {
					t.Errorf("the request lacks the condition %q", part)
				}
			}
			if !strings.Contains(r.request, jsonText(pattern.Update)) {
				t.Errorf("the request lacks the update %q", pattern.Update)
			}
			golden(t, strings.Fields(strings.ToLower(strings.ReplaceAll(pattern.Method, ",", "")))[0]+suffix(pattern.Method)+".json", r.request)
		})
	}
	for method := range runs {
		if _, ok := sent[method]; !ok {
			t.Errorf("%s has no pattern", method)
		}
	}
}

func suffix(method string) string {
	_, variant, found := strings.Cut(method, ", ")
	switch {
	case !found:
		return ""
	case strings.HasPrefix(variant, "taking over"):
		return "-takeover"
	}
	words := strings.Fields(variant)
	return "-" + words[len(words)-1]
}

func jsonText(s string) string {
	text, _ := json.Marshal(s)
	return strings.Trim(string(text), `"`)
}

// random matches what differs from run to run: names of writes and of transactions.
var random = []*regexp.Regexp{
	regexp.MustCompile(`("(?:wr|:write)": \{\s*"Value": )"[^"]*"`),
	regexp.MustCompile(`("ClientRequestToken": )"[^"]*"`),
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	for _, pattern := range random {
		got = pattern.ReplaceAllString(got, `$1"(random)"`)
	}
	path := filepath.Join("testdata", "requests", name)
	if *rewrite {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./shared/table -update writes it)", err)
	}
	if diff := cmp.Diff(string(bytes.TrimSpace(want)), got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

var (
	moment  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	address = identifier.Identifier{Kind: identifier.KindEmailAddress, Canonical: "ada@example.com", Display: "Ada@Example.com"}
	name    = identifier.Identifier{Kind: identifier.KindUsername, Canonical: "ada", Display: "ada"}
	proof   = signup.Proof{ClientID: signup.ID{1}, Hash: secret.TokenHash{2}, Now: moment}
)

func sampleSignUp() *signup.SignUp {
	return &signup.SignUp{
		ID: signup.ID{3}, UserID: signup.ID{4}, SessionID: signup.ID{5}, CreatedAt: moment, AbandonAt: moment.Add(24 * time.Hour),
		Facts:         signup.Facts{EmailAddress: address, Username: name, FirstName: "Ada", PasswordHash: "$argon2id$…"},
		Verifications: map[identifier.Kind]*signup.Verification{address.Kind: sampleVerification()},
	}
}

func sampleVerification() *signup.Verification {
	return &signup.Verification{
		Strategy: "email_code", KeyID: "m_1", Nonce: bytes.Repeat([]byte{6}, 16), SentAt: moment, ExpiresAt: moment.Add(10 * time.Minute),
	}
}

func sampleClient() *signup.Client {
	return &signup.Client{
		ID: signup.ID{1}, Revision: 7, SignUp: sampleSignUp(), CreatedAt: moment, UpdatedAt: moment, KeepUntil: moment.Add(time.Hour),
		Token:    signup.TokenState{KeyID: "m_1", Nonce: bytes.Repeat([]byte{8}, 16), Hash: secret.TokenHash{2}},
		Sessions: []signup.SessionRef{{ID: signup.ID{5}, UserID: signup.ID{4}, ExpiresAt: moment.Add(time.Hour)}},
		Active:   signup.ID{5}, MailID: sampleVerification().MailID(), AuthChangedAt: moment,
	}
}

func sampleCompletion() signup.Completion {
	user := &signup.User{ID: signup.ID{4}, Facts: sampleSignUp().Facts, CredentialVersion: 1, CreatedAt: moment, UpdatedAt: moment}
	return signup.Completion{
		Client: sampleClient(), User: user,
		Session: &signup.Session{ID: signup.ID{5}, ClientID: signup.ID{1}, User: user, CredentialVersion: 1, CreatedAt: moment, IdleUntil: moment, ExpiresAt: moment},
		Claims:  []signup.Claim{{Identifier: address, Owner: user.ID, State: signup.VerifiedClaim}, {Identifier: name, Owner: user.ID, State: signup.VerifiedClaim}},
	}
}

func takeover() signup.Completion {
	done := sampleCompletion()
	done.Replaced = []signup.Claim{{Identifier: address, Owner: signup.ID{9}, State: signup.UnverifiedClaim}}
	return done
}

func inOneCall() signup.Completion {
	done := sampleCompletion()
	done.Client, done.Session.ClientID = nil, signup.ID{}
	done.Key = &signup.APIKey{Hash: "hash", User: done.User.ID, CredentialVersion: 1, CreatedAt: moment}
	done.Ticket = &signup.Ticket{Hash: "ticket hash", User: done.User.ID, ExpiresAt: moment.Add(24 * time.Hour)}
	done.User.Unconfirmed, done.User.Approval = true, signup.Undecided
	done.User.Application, done.User.Applications = "CRM", []string{"CRM"}
	return done
}

func challengedUser() *signup.User {
	user := sampleCompletion().User
	user.Revision, user.MailID, user.Device = 3, sampleVerification().MailID(), "phone"
	user.Challenge = &signup.Challenge{Purpose: signup.ProveAddress, Address: address, Verification: *sampleVerification()}
	return user
}

// rotated is a session whose refresh token has moved on to generation.
func rotated(generation int64) *signup.Session {
	session := sampleCompletion().Session
	session.Generation, session.GraceUntil, session.LastActiveAt = generation, moment.Add(30*time.Second), moment
	return session
}

// leaving is a user with everything that is deleted with it.
func leaving() *signup.User {
	user := challengedUser()
	user.Unsafe.Ref = signup.ID{10}
	return user
}

func sampleDelivery() callback.Delivery {
	return callback.Delivery{User: signup.ID{4}, CreatedAt: moment, QueuedAt: moment.Add(time.Second), KeepUntil: moment.Add(time.Hour)}
}

func sampleLease() callback.Lease {
	return callback.Lease{Target: "target", Holder: []byte{12}, Now: moment, Until: moment.Add(2 * time.Minute), Settings: "settings"}
}

// crowdedLimit is a limit's item with more than is needed, and one network that is long gone.
func crowdedLimit() map[string]types.AttributeValue {
	var events []types.AttributeValue
	for i := range 41 {
		events = append(events, number(millis(moment.Add(-time.Duration(i)*time.Hour))))
	}
	return map[string]types.AttributeValue{
		"ev": &types.AttributeValueMemberL{Value: events}, "ty": &types.AttributeValueMemberS{Value: "limit"},
		"s-gone": &types.AttributeValueMemberL{Value: events[25:26]}, "s-here": &types.AttributeValueMemberL{Value: events[:22]},
	}
}

// runs sends each pattern's request. Their answers don't matter here.
var runs = map[string]func(*Table){
	"Client":       func(t *Table) { _, _ = t.Client(context.Background(), proof) },
	"LinkedClient": func(t *Table) { _, _ = t.LinkedClient(context.Background(), signup.ID{1}) },
	"Claims":       func(t *Table) { _, _ = t.Claims(context.Background(), []identifier.Identifier{address, name}) },
	"Sessions":     func(t *Table) { _, _ = t.Sessions(context.Background(), sampleClient().Sessions) },
	"Metadata":     func(t *Table) { _, _ = t.Metadata(context.Background(), signup.ID{10}) },
	"Current":      func(t *Table) { _, _ = t.Current(context.Background(), signup.DueMail{ClientID: signup.ID{1}}) },
	"SaveClient":   func(t *Table) { _ = t.SaveClient(context.Background(), sampleClient()) },
	"BeginSignUp":  func(t *Table) { _, _ = t.BeginSignUp(context.Background(), proof, sampleSignUp(), moment, true) },
	"BeginVerification": func(t *Table) {
		_, _ = t.BeginVerification(context.Background(), proof, signup.ID{3}, signup.EmailCode, sampleVerification(), 30*time.Second, identifier.Identifier{})
	},
	"BeginVerification, of a counted mail": func(t *Table) {
		_, _ = t.BeginVerification(context.Background(), proof, signup.ID{3}, signup.EmailCode, sampleVerification(), 30*time.Second, address)
	},
	"CountAttempt": func(t *Table) {
		_, _ = t.CountAttempt(context.Background(), proof, signup.ID{3}, signup.EmailCode, []byte{11}, 5, time.Time{})
	},
	"CountAttempt, from a crowded source": func(t *Table) {
		_, _ = t.CountAttempt(context.Background(), proof, signup.ID{3}, signup.EmailCode, []byte{11}, 5, moment.Add(-10*time.Second))
	},
	"Count":           func(t *Table) { _ = t.Count(context.Background(), sampleMeter(), moment) },
	"Count, trimming": func(t *Table) { t.trimCount(context.Background(), sampleMeter(), moment, crowdedLimit()) },
	"Complete":        func(t *Table) { _ = t.Complete(context.Background(), sampleCompletion()) },
	"Complete, taking over an unverified claim": func(t *Table) { _ = t.Complete(context.Background(), takeover()) },
	"TouchSession":          func(t *Table) { _ = t.TouchSession(context.Background(), sampleCompletion().Session) },
	"EndSessions":           func(t *Table) { _ = t.EndSessions(context.Background(), sampleClient(), sampleClient().Sessions) },
	"RevokeSession":         func(t *Table) { _ = t.RevokeSession(context.Background(), sampleClient().Sessions[0]) },
	"UserSessions":          func(t *Table) { _, _ = t.UserSessions(context.Background(), signup.ID{4}) },
	"Complete, in one call": func(t *Table) { _ = t.Complete(context.Background(), inOneCall()) },
	"User":                  func(t *Table) { _, _ = t.User(context.Background(), signup.ID{4}) },
	"SaveUser":              func(t *Table) { _ = t.SaveUser(context.Background(), signup.UserChange{User: challengedUser()}) },
	"SaveUser, with a claim": func(t *Table) {
		done := inOneCall()
		_ = t.SaveUser(context.Background(), signup.UserChange{User: challengedUser(), Claims: done.Claims[:1], Key: done.Key, Session: done.Session, Released: []identifier.Identifier{{Kind: address.Kind, Canonical: "old@example.com"}}})
	},
	"CountUserAttempt": func(t *Table) {
		_, _ = t.CountUserAttempt(context.Background(), signup.ID{4}, bytes.Repeat([]byte{6}, 16), []byte{11}, 5, moment)
	},
	"SaveSession": func(t *Table) { _ = t.SaveSession(context.Background(), sampleCompletion().Session) },
	"APIKey":      func(t *Table) { _, _, _ = t.APIKey(context.Background(), signup.ID{4}, "hash") },
	"APIKeys":     func(t *Table) { _, _ = t.APIKeys(context.Background(), signup.ID{4}) },
	"SaveUser, revoking a key": func(t *Table) {
		_ = t.SaveUser(context.Background(), signup.UserChange{User: challengedUser(), Revoked: "hash"})
	},
	"NoteKeyUse": func(t *Table) {
		_ = t.NoteKeyUse(context.Background(), &signup.APIKey{Hash: "hash", User: signup.ID{4}, UsedAt: moment})
	},
	"RotateSession, the first time": func(t *Table) { _ = t.RotateSession(context.Background(), rotated(1)) },
	"RotateSession":                 func(t *Table) { _ = t.RotateSession(context.Background(), rotated(8)) },
	"DeleteUser": func(t *Table) {
		t.api.(*recorder).lies = []key{userKey(signup.ID{4}), sessionKey(signup.ID{4}, signup.ID{5})}
		_ = t.DeleteUser(context.Background(), leaving())
	},
	"DeleteUser, what lies beside": func(t *Table) { _, _ = t.besideUser(context.Background(), signup.ID{4}) },
	"Ticket":                       func(t *Table) { _, _, _ = t.Ticket(context.Background(), "hash") },
	"Callbacks.Enqueue":            func(t *Table) { _ = t.Callbacks().Enqueue(context.Background(), "target", sampleDelivery()) },
	"Callbacks.Due":                func(t *Table) { _, _ = t.Callbacks().Due(context.Background(), "target", 25) },
	"Callbacks.Lease":              func(t *Table) { _, _ = t.Callbacks().Lease(context.Background(), sampleLease()) },
	"Callbacks.Lease, to set aside early": func(t *Table) {
		lease := sampleLease()
		lease.Early = true
		_, _ = t.Callbacks().Lease(context.Background(), lease)
	},
	"Callbacks.Release": func(t *Table) {
		_ = t.Callbacks().Release(context.Background(), sampleLease(), callback.State{Failures: 2, NextAt: moment})
	},
	"Callbacks.Delivered": func(t *Table) { _ = t.Callbacks().Delivered(context.Background(), "target", sampleDelivery()) },
	"Callbacks.Bury":      func(t *Table) { _ = t.Callbacks().Bury(context.Background(), "target", sampleDelivery()) },
	"Callbacks.Dead":      func(t *Table) { _, _ = t.Callbacks().Dead(context.Background(), "target") },
	"Callbacks.Revive":    func(t *Table) { _ = t.Callbacks().Revive(context.Background(), "target", sampleDelivery()) },
	"Callbacks.Enable":    func(t *Table) { _ = t.Callbacks().Enable(context.Background(), "target") },
	"DeleteClient":        func(t *Table) { _ = t.DeleteClient(context.Background(), sampleClient()) },
	"SaveMetadata": func(t *Table) {
		_ = t.SaveMetadata(context.Background(), signup.ID{10}, json.RawMessage(`{"k":"v"}`), moment)
	},
	"KeepMetadata": func(t *Table) { _ = t.KeepMetadata(context.Background(), signup.ID{10}) },
	"RecordRefusal": func(t *Table) {
		due := signup.DueMail{ClientID: signup.ID{1}, Kind: address.Kind, MailID: "mail", Nonce: []byte{6}}
		_ = t.RecordRefusal(context.Background(), due, "address_invalid")
	},
	"RecordRefusal, of a user's mail": func(t *Table) {
		due := signup.DueMail{UserID: signup.ID{4}, Kind: address.Kind, MailID: "mail", Nonce: []byte{6}}
		_ = t.RecordRefusal(context.Background(), due, "address_invalid")
	},
}

// TestItemsRoundTrip stores what it reads.
func TestItemsRoundTrip(t *testing.T) {
	want := sampleClient()
	attributes, err := marshal(newClient(want, want.Revision, []byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeClient(attributes, want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("client (-want +got):\n%s", diff)
	}
}

// TestKeysEscape keeps values that hold separators apart.
func TestKeysEscape(t *testing.T) {
	a := claimKey(identifier.Identifier{Kind: "email_address", Canonical: "a#b%c@example.com"})
	if a.pk != "CLAIM#email_address#a%23b%25c@example.com" {
		t.Errorf("key is %q", a.pk)
	}
}

// TestNewerItemsAreRefused: an item of a later layout isn't misread.
func TestNewerItemsAreRefused(t *testing.T) {
	attributes, _ := marshal(newClient(sampleClient(), 7, nil))
	attributes["iv"] = number(itemVersion + 1)
	if _, err := decodeClient(attributes, signup.ID{1}); err == nil {
		t.Error("an item of a newer version was read")
	}
}

// TestSeparatorsOnlyInKeys: only keys.go spells a key.
func TestSeparatorsOnlyInKeys(t *testing.T) {
	files, _ := filepath.Glob("*.go")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if file != "keys.go" && !strings.HasSuffix(file, "_test.go") && bytes.Contains(text, []byte(`"#"`)) {
			t.Errorf("%s spells a separator", file)
		}
	}
}
