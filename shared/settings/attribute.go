package settings

// The strategies that prove an e-mail address: by a mailed code, by a mailed link.
const (
	EmailCode = "email_code"
	EmailLink = "email_link"
)

// AttributeNames lists the attributes of a sign-up as documents and wires spell
// them, in the order in which requirements are listed.
func AttributeNames() []string {
	return []string{
		"email_address", "phone_number", "username", "web3_wallet", "password",
		"first_name", "last_name", "birthday", "gender",
	}
}

// Attribute returns the requirement of the attribute called name, false if there is none.
func (s *Settings) Attribute(name string) (Requirement, bool) {
	a := &s.Attributes
	switch name {
	case "email_address":
		return a.EmailAddress.Requirement, true
	case "phone_number":
		return a.PhoneNumber.Requirement, true
	case "username":
		return a.Username.Requirement, true
	case "web3_wallet":
		return a.Web3Wallet.Requirement, true
	case "password":
		return a.Password.Requirement, true
	case "first_name":
		return a.FirstName.Requirement, true
	case "last_name":
		return a.LastName.Requirement, true
	case "birthday":
		return a.Birthday.Requirement, true
	case "gender":
		return a.Gender.Requirement, true
	}
	return "", false
}
