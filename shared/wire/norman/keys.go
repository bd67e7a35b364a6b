package norman

import (
	"context"
	"time"

	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// apiKey is what may be shown of a key again: its id is the hash of its random bits.
type apiKey struct {
	ID           string  `json:"id"`
	CreationTime string  `json:"creation_time"`
	LastUsedTime *string `json:"last_used_time"` // within a day; null before the first use
}

// apiKeyList are the keys of an account, the newest first.
type apiKeyList struct {
	APIKeys []apiKey `json:"api_keys"`
}

// ListKeys serves ListKeys, which the wire's own clients don't know.
func (a API) ListKeys(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	session, err := a.bearer(ctx, r)
	if err != nil {
		return nil, err
	}
	held, err := a.Accounts.APIKeys(ctx, session)
	shown := apiKeyList{APIKeys: []apiKey{}}
	for _, key := range held {
		shown.APIKeys = append(shown.APIKeys, showKey(key))
	}
	return ok(shown), err
}

func showKey(key *signup.APIKey) apiKey {
	shown := apiKey{ID: key.Hash, CreationTime: creationTime(key.CreatedAt)}
	if !key.UsedAt.IsZero() {
		used := key.UsedAt.UTC().Format(time.RFC3339)
		shown.LastUsedTime = &used
	}
	return shown
}

// RevokeKey serves RevokeKey, which the wire's own clients don't know.
func (a API) RevokeKey(ctx context.Context, r *gateway.Request) (*gateway.Response, error) {
	session, err := a.bearer(ctx, r)
	if err != nil {
		return nil, err
	}
	return ok(nil), a.Accounts.RevokeAPIKey(ctx, session, r.Params["key_id"])
}
