// Package assembly puts the sign-up service together for a function: settings,
// table, keys and, where a function takes passwords, what judges and hashes them.
package assembly

import (
	"crypto/rand"
	"time"

	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/signup"
	"github.com/doorstep-auth/doorstep/shared/table"
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
