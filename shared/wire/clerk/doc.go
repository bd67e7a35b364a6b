// Package clerk speaks the wire of Clerk's front-end API, so that its SDKs work
// unmodified: requests to the domain, the domain to resource JSON, and the error
// envelope. Section numbers in comments are those of the protocol page that the
// project keeps of that wire (docs/wires.md says what is and isn't served).
package clerk
