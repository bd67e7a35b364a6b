package signup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// retiredMetadata is how long a large object that nothing names any more stays, for
// requests that have read its name.
const retiredMetadata = time.Hour

// Profile is the unsafe metadata of the session's user, member by member.
func (s *Service) Profile(ctx context.Context, session *Session) (map[string]json.RawMessage, error) {
	return s.begin(Caller{}).profile(ctx, session.User)
}

// ChangeProfile puts members into the unsafe metadata of the session's user: each takes
// the place of the one of its name, null removes it. It returns the whole. More than
// MaxMetadata bytes of JSON are problem.ParamTooLarge.
func (s *Service) ChangeProfile(ctx context.Context, session *Session, members map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	op := s.begin(Caller{})
	if len(members) == 0 {
		return op.profile(ctx, session.User)
	}
	ref, err := NewID(op.Entropy)
	if err != nil {
		return nil, err
	}
	var profile map[string]json.RawMessage
	var before, kept Metadata
	err = op.changeOwn(ctx, session, func(u *User, _ *UserChange) error {
		if profile, err = op.profile(ctx, u); err != nil {
			return err
		}
		before = u.Unsafe
		if u.Unsafe, err = op.keepProfile(ctx, ref, profile, members); !u.Unsafe.Ref.IsZero() {
			kept = u.Unsafe
		}
		return err
	})
	if err != nil {
		_ = op.retire(ctx, kept) // nothing names it; the first error is the one to tell
		return nil, err
	}
	if session.User.Unsafe.Ref.IsZero() {
		err = op.retire(ctx, kept)
	}
	return profile, errors.Join(err, op.retire(ctx, before))
}

// retire lets a large object that nothing names any more expire.
func (op *operation) retire(ctx context.Context, object Metadata) error {
	if object.Ref.IsZero() || object.JSON == nil {
		return nil
	}
	return op.Store.SaveMetadata(ctx, object.Ref, object.JSON, op.now.Add(retiredMetadata))
}

// profile is the user's metadata. What is gone, or isn't an object, is empty.
func (op *operation) profile(ctx context.Context, u *User) (map[string]json.RawMessage, error) {
	if err := op.loadMetadata(ctx, &u.Facts); err != nil {
		return nil, err
	}
	profile := map[string]json.RawMessage{}
	if json.Unmarshal(u.Unsafe.JSON, &profile) != nil || profile == nil {
		return map[string]json.RawMessage{}, nil
	}
	return profile, nil
}

// keepProfile changes profile, and stores what is too large for the user's item under
// ref, ahead of the user that will name it.
func (op *operation) keepProfile(ctx context.Context, ref ID, profile, members map[string]json.RawMessage) (Metadata, error) {
	for name, value := range members {
		if string(bytes.TrimSpace(value)) == "null" {
			delete(profile, name)
		} else {
			profile[name] = value
		}
	}
	var object bytes.Buffer
	encoder := json.NewEncoder(&object)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(profile); err != nil {
		return Metadata{}, err
	}
	text := bytes.TrimSpace(object.Bytes())
	if len(text) > MaxMetadata {
		return Metadata{}, problem.ParamTooLarge.New().Detailed("At most %d bytes of JSON are accepted.", MaxMetadata)
	}
	if len(text) <= InlineMetadata {
		return Metadata{JSON: text}, nil
	}
	kept, err := op.saveMetadata(ctx, ref, text)
	if err != nil {
		return Metadata{}, err
	}
	return kept, op.Store.KeepMetadata(ctx, ref)
}
