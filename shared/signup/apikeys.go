package signup

import (
	"cmp"
	"context"
	"slices"

	"github.com/doorstep-auth/doorstep/shared/problem"
)

// APIKeys are those of the session's user that sign in, the newest first.
func (s *Service) APIKeys(ctx context.Context, session *Session) ([]*APIKey, error) {
	all, err := s.Store.APIKeys(ctx, session.User.ID)
	all = slices.DeleteFunc(all, func(k *APIKey) bool { return k.CredentialVersion != session.User.CredentialVersion })
	slices.SortFunc(all, func(a, b *APIKey) int { return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.Hash, b.Hash)) })
	return all, err
}

// RevokeAPIKey ends the key of the session's user with that hash. The last factor of an
// account stays: without any, its id would let in.
func (s *Service) RevokeAPIKey(ctx context.Context, session *Session, hash string) error {
	op := s.begin(Caller{})
	return op.changeOwn(ctx, session, func(u *User, change *UserChange) error {
		held, err := s.APIKeys(ctx, &Session{User: u})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(held, func(k *APIKey) bool { return k.Hash == hash }) {
			return problem.ResourceNotFound.New().Detailed("There is no such API key.")
		}
		if u.APIKeys = len(held) - 1; u.APIKeys == 0 && u.PasswordHash == "" && len(u.Proved) == 0 {
			return problem.LastFactor.New()
		}
		change.Revoked = hash
		return nil
	})
}
