// Command write makes or deletes the calling client. POST stands for every verb
// here (_method), so one function serves them all.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/assembly"
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
)

func main() {
	boot.ServeHTTP(clerk.Wire{}, func(rt *boot.Runtime) ([]gateway.Endpoint, error) {
		service, keys, err := assembly.Sessions(rt)
		api := clerk.API{SignUps: service, Keys: keys}
		return []gateway.Endpoint{
			{Operation: clerk.CreateClient, Handler: api.CreateClient},
			{Operation: clerk.DeleteClient, Handler: api.DeleteClient},
			{Operation: clerk.GetClient, Handler: api.GetClient},
		}, err
	})
}
