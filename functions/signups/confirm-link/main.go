// Command confirm-link uses a mailed link, when a person presses the button on its page.
package main

import (
	"github.com/doorstep-auth/doorstep/shared/assembly"
	"github.com/doorstep-auth/doorstep/shared/boot"
	"github.com/doorstep-auth/doorstep/shared/gateway"
	"github.com/doorstep-auth/doorstep/shared/linkpage"
	"github.com/doorstep-auth/doorstep/shared/wire/clerk"
)

func main() {
	boot.ServeHTTP(clerk.Wire{}, func(rt *boot.Runtime) ([]gateway.Endpoint, error) {
		service, err := assembly.SignUps(rt)
		links := clerk.Links{API: clerk.API{SignUps: service}, Pages: linkpage.New(rt.Settings)}
		return []gateway.Endpoint{{Operation: clerk.ConfirmLink, Handler: links.ConfirmLink}}, err
	})
}
