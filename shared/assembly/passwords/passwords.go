// Package passwords puts together the sign-up service for functions that take
// passwords and addresses. It is apart from package assembly so that the others
// don't link what judges them.
package passwords

import (
	"crypto/rand"

	"github.com/doorstep-auth/doorstep/shared/assembly"
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/disposable"
	"github.com/doorstep-auth/doorstep/shared/password"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/token"
)

// SignUps is assembly.Sessions with what judges addresses and passwords and hashes them.
func SignUps(rt *boot.Runtime) (*signup.Service, *token.SigningKeys, error) {
	service, keys, err := assembly.Sessions(rt)
	if err != nil {
		return nil, nil, err
	}
	service.Disposable = disposable.Domain
	service.Passwords = struct {
		*password.Checker
		*password.Hasher
	}{
		password.NewChecker(rt.Settings.Password, rt.Settings.AppName, rt.HTTP),
		password.NewHasher(rt.Settings.Password.Argon2, service.Keys, rand.Reader),
	}
	return service, keys, nil
}
