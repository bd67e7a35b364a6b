package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/doorstep-auth/doorstep/local/replay/inbox"
)

// returnTo is a page of the app, with a query and a fragment of its own.
const returnTo = "http://localhost:3000/done?plan=free#top"

// byLink is a sign-up in which the mail's link is opened, which changes nothing, and then its page's button pressed.
func byLink(ctx context.Context, v *visitor) error {
	begun, err := v.send(ctx, http.MethodPost, "/v1/client/sign_ups", http.StatusOK, "email_address", v.address, "password", password)
	if err != nil {
		return err
	}
	signUp := "/v1/client/sign_ups/" + begun.Response.ID
	_, err = v.send(ctx, http.MethodPost, signUp+"/prepare_verification", http.StatusOK, "strategy", "email_link", "redirect_url", returnTo)
	if err != nil {
		return err
	}
	mail, err := v.mail(ctx, 0)
	if err != nil {
		return err
	}
	link, err := v.linkIn(mail)
	if err != nil {
		return err
	}
	if err := v.openLink(ctx, link); err != nil {
		return err
	}
	polled, err := v.send(ctx, http.MethodGet, signUp, http.StatusOK)
	if err != nil {
		return err
	}
	if polled.Response.Status != "missing_requirements" {
		return fmt.Errorf("opening the link has changed the sign-up: %+v", polled.Response)
	}
	session, err := v.pressButton(ctx, link)
	if err != nil {
		return err
	}
	return v.isSignedIn(ctx, session)
}

// linkIn is the link in a mail, which leads to the API.
func (v *visitor) linkIn(m inbox.Mail) (string, error) {
	if link := m.Link(); strings.HasPrefix(link, v.api+"/") {
		return link, nil
	}
	return "", fmt.Errorf("the mail has no link to %s:\n%s", v.api, m.Text)
}

func (v *visitor) openLink(ctx context.Context, link string) error {
	header, page, err := v.do(ctx, http.MethodGet, link, http.StatusOK)
	if err != nil {
		return err
	}
	if kind := header.Get("Content-Type"); !strings.HasPrefix(kind, "text/html") || !strings.Contains(string(page), "<form method=\"post\">") {
		return fmt.Errorf("the link's page is %s: %s", kind, page)
	}
	v.report.done("GET the link", "200 a page with a button")
	return nil
}

// pressButton posts the page's form, as the page does, and returns the session that the redirect tells of.
func (v *visitor) pressButton(ctx context.Context, link string) (session string, err error) {
	header, _, err := v.do(ctx, http.MethodPost, link, http.StatusSeeOther)
	if err != nil {
		return "", err
	}
	location := header.Get("Location")
	target, err := url.Parse(location)
	if err != nil {
		return "", err
	}
	query := target.Query()
	session = query.Get("__clerk_created_session")
	if query.Get("__clerk_status") != "verified" || session == "" || query.Get("plan") != "free" || target.Fragment != "top" {
		return "", fmt.Errorf("the link returns to %s", location)
	}
	v.report.done("POST the link", "303 verified, to the app's page")
	return session, nil
}
