package settings

import "testing"

// TestR21PromiseThatCantBeKept: enumeration protection is refused where a sign-up
// completes without proof of the address, or has none.
func TestR21PromiseThatCantBeKept(t *testing.T) {
	for document, want := range map[string]string{
		`{"enumeration_protection": true}`: "",
		`{"enumeration_protection": true, "attributes": {"email_address": {"requirement": "optional"}, "username": {"requirement": "required"}}}`: "",
		`{"enumeration_protection": true, "attributes": {"email_address": {"verify_at_sign_up": false}}}`:                                         "settings: enumeration_protection: needs attributes.email_address.verify_at_sign_up, or completing would tell which addresses are free",
		`{"enumeration_protection": true, "attributes": {"email_address": {"requirement": "off"}, "username": {"requirement": "required"}}}`:      "settings: enumeration_protection: needs attributes.email_address: there is nothing else that it protects",
		`{"enumeration_protection": false, "attributes": {"email_address": {"verify_at_sign_up": false}}}`:                                        "",
	} {
		_, err := Parse([]byte(document))
		if (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", document, err, want)
		}
	}
	if Default().EnumerationProtection {
		t.Error("on by default")
	}
}
