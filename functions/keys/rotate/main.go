// Command rotate fills the two secrets when the stack is made, as the
// template's custom resource, and rotates the signing keys on a schedule.
package main

import (
	"crypto/rand"
	"time"

	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/rotation"
	"github.com/doorstep-auth/doorstep/shared/token"
)

func main() {
	boot.Serve(func(rt *boot.Runtime) (any, error) {
		keeper := &rotation.Keeper{
			Local: rt.DynamoDBEndpoint != "", Store: rt.Keystore(),
			MACSecretARN: rt.MACSecretARN(), SigningSecretARN: rt.SigningSecretARN(),
			Schedule: token.Quarterly(), Random: rand.Reader, Now: time.Now, Wait: rotation.Sleep, Log: rt.Log,
		}
		return keeper.Handle, nil
	})
}
