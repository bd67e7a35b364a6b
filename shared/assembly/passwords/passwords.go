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
	judge(service, rt)
	return service, keys, nil
}

// Accounts is SignUps under the settings of the accounts family.
func Accounts(rt *boot.Runtime) (*signup.Service, *token.SigningKeys, error) {
	service, keys, err := assembly.Accounts(rt)
	if err != nil {
		return nil, nil, err
	}
	judge(service, rt)
	return service, keys, nil
}

// Passwords is SignUps under the settings of the passwords family.
func Passwords(rt *boot.Runtime) (*signup.Service, *token.SigningKeys, error) {
	service, keys, err := assembly.Passwords(rt)
	if err != nil {
		return nil, nil, err
	}
	judge(service, rt)
	return service, keys, nil
}

// SSO is assembly.SSO with the same.
func SSO(rt *boot.Runtime) (*signup.Service, error) {
	service, err := assembly.SSO(rt)
	if err != nil {
		return nil, err
	}
	judge(service, rt)
	return service, nil
}

// judge gives the service what judges addresses and passwords, by its own settings.
func judge(service *signup.Service, rt *boot.Runtime) {
	service.Disposable = disposable.Domain
	hasher := password.NewHasher(service.Settings.Password.Argon2, service.Keys, rand.Reader)
	service.Verifier = hasher
	service.Passwords = struct {
		*password.Checker
		*password.Hasher
	}{password.NewChecker(service.Settings.Password, service.Settings.AppName, rt.HTTP), hasher}
}
