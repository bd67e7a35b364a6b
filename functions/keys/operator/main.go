// Command operator shows an operator the key to call with and the secrets that verify
// callbacks. No route leads to it: whoever may invoke it (lambda:InvokeFunction) holds
// everything that it shows.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/callback"
	"github.com/doorstep-auth/doorstep/shared/secret"
)

type shown struct {
	OperatorKey     string            `json:"operator_key"`
	CallbackSecrets map[string]string `json:"callback_secrets"` // by URL
}

func main() {
	boot.Serve(func(rt *boot.Runtime) (any, error) {
		keys, err := rt.Keyring()
		return func() (shown, error) {
			return shown{secret.OperatorKey(keys).Reveal(), callback.Secrets(keys, rt.Settings.Callbacks.URLs)}, nil
		}, err
	})
}
