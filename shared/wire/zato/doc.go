// Package zato is the wire of sign-ups into applications: a caller's front end signs
// people up, a token confirms the sign-up, a super-user may have to approve of it, and
// every attempt is recorded. Section numbers are those of docs/wires.md's page on it.
package zato
