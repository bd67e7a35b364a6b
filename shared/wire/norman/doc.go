// Package norman is the wire of accounts in one call: an anonymous one, one with an
// API key, with a password, or with an e-mail address, and what makes them usable.
// Section numbers are those of docs/wires.md's page on it.
package norman
