package mail

// ExistingAccount is the mail that the owner of an address gets instead of a code
// or link when somebody signs up with it. It has nothing to press: whoever asked
// for it may be a stranger, and there is nothing to undo.
type ExistingAccount struct {
	AppName string
	// Answerable says that a reply reaches the application's people.
	Answerable bool
}

func (ExistingAccount) kind() string { return "existing_account" }

func (m ExistingAccount) values(words) map[string]string {
	return map[string]string{"app_name": m.AppName}
}
