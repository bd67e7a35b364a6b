package clerk

import (
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/doorstep-auth/doorstep/shared/identifier"
	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/signup"
)

// user is the User resource (§4.5).
type user struct {
	Object                        string          `json:"object"`
	ID                            string          `json:"id"`
	Username                      *string         `json:"username"`
	FirstName                     *string         `json:"first_name"`
	LastName                      *string         `json:"last_name"`
	Birthday                      *string         `json:"birthday"`
	Gender                        *string         `json:"gender"`
	Locale                        *string         `json:"locale"`
	ImageURL                      string          `json:"image_url"`
	HasImage                      bool            `json:"has_image"`
	PrimaryEmailAddressID         *string         `json:"primary_email_address_id"`
	PrimaryPhoneNumberID          *string         `json:"primary_phone_number_id"`
	PrimaryWeb3WalletID           *string         `json:"primary_web3_wallet_id"`
	PasswordEnabled               bool            `json:"password_enabled"`
	TwoFactorEnabled              bool            `json:"two_factor_enabled"`
	TOTPEnabled                   bool            `json:"totp_enabled"`
	BackupCodeEnabled             bool            `json:"backup_code_enabled"`
	EmailAddresses                []emailAddress  `json:"email_addresses"`
	PhoneNumbers                  []phoneNumber   `json:"phone_numbers"`
	Web3Wallets                   []web3Wallet    `json:"web3_wallets"`
	Passkeys                      []string        `json:"passkeys"`
	ExternalAccounts              []string        `json:"external_accounts"`
	SAMLAccounts                  []string        `json:"saml_accounts"`
	EnterpriseAccounts            []string        `json:"enterprise_accounts"`
	OrganizationMemberships       []string        `json:"organization_memberships"`
	PasswordLastUpdatedAt         *int64          `json:"password_last_updated_at"`
	PublicMetadata                json.RawMessage `json:"public_metadata"`
	UnsafeMetadata                json.RawMessage `json:"unsafe_metadata"`
	ExternalID                    *string         `json:"external_id"`
	LastSignInAt                  int64           `json:"last_sign_in_at"`
	Banned                        bool            `json:"banned"`
	Locked                        bool            `json:"locked"`
	LockoutExpiresInSeconds       *int            `json:"lockout_expires_in_seconds"`
	VerificationAttemptsRemaining int             `json:"verification_attempts_remaining"`
	CreatedAt                     int64           `json:"created_at"`
	UpdatedAt                     int64           `json:"updated_at"`
	DeleteSelfEnabled             bool            `json:"delete_self_enabled"`
	CreateOrganizationEnabled     bool            `json:"create_organization_enabled"`
	CreateOrganizationsLimit      *int            `json:"create_organizations_limit"`
	LastActiveAt                  int64           `json:"last_active_at"`
	MFAEnabledAt                  *int64          `json:"mfa_enabled_at"`
	MFADisabledAt                 *int64          `json:"mfa_disabled_at"`
	LegalAcceptedAt               *int64          `json:"legal_accepted_at"`
	ProfileImageURL               string          `json:"profile_image_url"`
}

// contact is what an address, number or wallet of a user has in common.
type contact struct {
	ID           string        `json:"id"`
	Object       string        `json:"object"`
	Reserved     bool          `json:"reserved"`
	Verification *verification `json:"verification"`
	LinkedTo     []string      `json:"linked_to"`
	CreatedAt    int64         `json:"created_at"`
	UpdatedAt    int64         `json:"updated_at"`
}

type emailAddress struct {
	contact
	EmailAddress         string `json:"email_address"`
	MatchesSSOConnection bool   `json:"matches_sso_connection"`
}

type phoneNumber struct {
	contact
	PhoneNumber             string `json:"phone_number"`
	ReservedForSecondFactor bool   `json:"reserved_for_second_factor"`
	DefaultSecondFactor     bool   `json:"default_second_factor"`
}

type web3Wallet struct {
	contact
	Web3Wallet string `json:"web3_wallet"`
}

// unlimitedAttempts is what SDKs are told while there is no lock-out.
const unlimitedAttempts = 100

func newUser(u *signup.User, lastActive time.Time) *user {
	r := &user{
		Object: "user", ID: userPrefix + u.ID.String(), Username: optional(u.Username.Display),
		FirstName: optional(u.FirstName), LastName: optional(u.LastName),
		Birthday: optional(u.Birthday), Gender: optional(u.Gender), Locale: optional(u.Locale),
		PasswordEnabled: u.PasswordHash != "", PasswordLastUpdatedAt: optionalTime(u.PasswordSetAt),
		EmailAddresses: []emailAddress{}, PhoneNumbers: []phoneNumber{}, Web3Wallets: []web3Wallet{},
		Passkeys: []string{}, ExternalAccounts: []string{}, SAMLAccounts: []string{}, EnterpriseAccounts: []string{},
		OrganizationMemberships: []string{}, PublicMetadata: emptyObject, UnsafeMetadata: object(u.Unsafe.JSON),
		LastSignInAt: u.CreatedAt.UnixMilli(), LastActiveAt: lastActive.UnixMilli(),
		VerificationAttemptsRemaining: unlimitedAttempts, LegalAcceptedAt: optionalTime(u.LegalAccepted),
		CreatedAt: u.CreatedAt.UnixMilli(), UpdatedAt: u.UpdatedAt.UnixMilli(),
	}
	r.addContacts(u)
	return r
}

func (r *user) addContacts(u *signup.User) {
	for _, id := range u.Identifiers() {
		common := newContact(u, id)
		switch id.Kind {
		case identifier.KindEmailAddress:
			r.PrimaryEmailAddressID = &common.ID
			r.EmailAddresses = append(r.EmailAddresses, emailAddress{contact: common, EmailAddress: id.Display})
		case identifier.KindPhoneNumber:
			r.PrimaryPhoneNumberID = &common.ID
			r.PhoneNumbers = append(r.PhoneNumbers, phoneNumber{contact: common, PhoneNumber: id.Canonical})
		case identifier.KindWeb3Wallet:
			r.PrimaryWeb3WalletID = &common.ID
			r.Web3Wallets = append(r.Web3Wallets, web3Wallet{contact: common, Web3Wallet: id.Display})
		}
	}
}

func newContact(u *signup.User, id identifier.Identifier) contact {
	c := contact{
		ID: contactID(u.ID, id), Object: string(id.Kind), LinkedTo: []string{},
		CreatedAt: u.CreatedAt.UnixMilli(), UpdatedAt: u.UpdatedAt.UnixMilli(),
	}
	if proved, ok := u.Proved[id.Kind]; ok {
		c.Verification = &verification{
			Object: verificationObject(proved.Strategy), Status: signup.Verified, Strategy: proved.Strategy,
			Attempts: proved.Attempts, ExpireAt: proved.ExpiresAt.UnixMilli(),
		}
	}
	return c
}

// contactID names a user's identifier: the same one always has the same id.
func contactID(owner signup.ID, id identifier.Identifier) string {
	sum := sha256.Sum256([]byte(string(owner[:]) + string(id.Kind) + "\x00" + id.Canonical))
	return "idn_" + signup.ID(sum[:16]).String()
}

// mailRefused is the error of a verification whose mail was refused for good.
func mailRefused(reason string) *problem.Error {
	return problem.MailRefused.New().Detailed("%s", reason)
}
