// Package assembly puts the sign-up service together for a function: settings,
// table, keys and, where a function takes passwords, what judges and hashes them.
package assembly

import (
	"crypto/rand"
	"errors"
	"time"

	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/table"
	"github.com/doorstep-auth/doorstep/shared/token"
)

// SignUps is the service for functions that take no password.
func SignUps(rt *boot.Runtime) (*signup.Service, error) {
	rt.OpenDynamoDB()
	keys, err := rt.Keyring()
	if err != nil {
		return nil, err
	}
	return &signup.Service{
		Settings: rt.Settings, Store: table.New(rt.AWS, rt.DynamoDBEndpoint, rt.TableName),
		Keys: keys, Now: time.Now, Entropy: rand.Reader,
	}, nil
}

// Sessions is SignUps for functions that issue tokens, and the keys to sign them
// with. Both secrets are read at once.
func Sessions(rt *boot.Runtime) (*signup.Service, *token.SigningKeys, error) {
	type result struct {
		keys *token.SigningKeys
		err  error
	}
	signing := make(chan result, 1)
	go func() {
		keys, err := rt.SigningKeys()
		signing <- result{keys, err}
	}()
	service, err := SignUps(rt)
	read := <-signing
	if err = errors.Join(err, read.err); err != nil {
		return nil, nil, err
	}
	return service, read.keys, nil
}

// Passwords is Sessions under the settings of the passwords family.
func Passwords(rt *boot.Runtime) (*signup.Service, *token.SigningKeys, error) {
	service, keys, err := Sessions(rt)
	if err == nil {
		service.Settings, service.Tells = rt.Settings.ForPasswords(), rt.Settings.Passwords.DiscloseAddresses
	}
	return service, keys, err
}

// SSO is SignUps under the settings of the sso family.
func SSO(rt *boot.Runtime) (*signup.Service, error) {
	service, err := SignUps(rt)
	if err == nil {
		service.Settings = rt.Settings.ForSSO()
	}
	return service, err
}

// Accounts is Sessions under the settings of the accounts family.
func Accounts(rt *boot.Runtime) (*signup.Service, *token.SigningKeys, error) {
	service, keys, err := Sessions(rt)
	if err == nil {
		service.Settings = rt.Settings.ForAccounts()
	}
	return service, keys, err
}
