// Package deskree is the wire of accounts with an e-mail address and a password:
// confirmed, invited and given a new password by mailed links, and signed in with an
// identity token and a refresh token. Section numbers are those of docs/wires.md's
// page on it.
package deskree
