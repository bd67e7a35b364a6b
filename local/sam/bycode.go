package main

import (
	"context"
	"fmt"
	"net/http"
)

const password = "correct horse battery staple"

// byCode is a sign-up as the README shows it: with an address, a password in between, and the code of the mail; with one wrong code before.
func byCode(ctx context.Context, v *visitor) error {
	if _, err := v.send(ctx, http.MethodGet, "/v1/environment", http.StatusOK); err != nil {
		return err
	}
	begun, err := v.send(ctx, http.MethodPost, "/v1/client/sign_ups", http.StatusOK, "email_address", v.address)
	if err != nil {
		return err
	}
	signUp := "/v1/client/sign_ups/" + begun.Response.ID
	if _, err := v.send(ctx, http.MethodPost, signUp+"/prepare_verification", http.StatusOK, "strategy", "email_code"); err != nil {
		return err
	}
	if _, err := v.send(ctx, http.MethodPatch, signUp, http.StatusOK, "password", password); err != nil {
		return err
	}
	mail, err := v.mail(ctx, 0)
	if err != nil {
		return err
	}
	code := mail.Code()
	if _, err := v.send(ctx, http.MethodPost, signUp+"/attempt_verification", http.StatusUnprocessableEntity,
		"strategy", "email_code", "code", otherThan(code)); err != nil {
		return err
	}
	done, err := v.send(ctx, http.MethodPost, signUp+"/attempt_verification", http.StatusOK, "strategy", "email_code", "code", code)
	if err != nil {
		return err
	}
	if r := done.Response; r.Status != "complete" || r.CreatedUserID == "" || r.CreatedSessionID == "" {
		return fmt.Errorf("the sign-up isn't complete: %+v", r)
	}
	return v.isSignedIn(ctx, done.Response.CreatedSessionID)
}

// otherThan is a code that isn't code.
func otherThan(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// isSignedIn wants the visitor's client to have the session, and an unknown address to have nothing.
func (v *visitor) isSignedIn(ctx context.Context, session string) error {
	client, err := v.send(ctx, http.MethodGet, "/v1/client", http.StatusOK)
	if err != nil {
		return err
	}
	if s := client.Response.Sessions; len(s) != 1 || s[0].ID != session {
		return fmt.Errorf("the client hasn't the session %s: %+v", session, s)
	}
	_, err = v.send(ctx, http.MethodGet, "/v1/client/sign_ups/none", http.StatusNotFound)
	return err
}
