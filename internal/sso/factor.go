package sso

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
)

// FactorKind is a kind of thing that a person has beside a password.
type FactorKind string

// The kinds.
const (
	FactorTOTP    FactorKind = "totp"    // an authenticator app
	FactorSMS     FactorKind = "sms"     // a telephone number
	FactorPasskey FactorKind = "passkey" // a security key or passkey
)

// Bounds of what one person may have.
const (
	MaxFactors    = 20 // of all kinds together
	RecoveryCodes = 10 // of one set
)

// DeviceLife is how long a browser is remembered, from the sign-in at which
// the person asked for it.
const DeviceLife = 30 * 24 * time.Hour

// FreshFor is how long a proof of who somebody is counts as fresh: acts that
// matter most ask for a new one after that.
const FreshFor = 10 * time.Minute

// Factor is something by which a person proves who they are beside a password;
// a passkey does so in place of one, too.
type Factor struct {
	ID        FactorID
	User      UserID
	Kind      FactorKind
	Name      string   // what the person calls it; "": nothing but what it is
	Secret    []byte   // of an authenticator app, sealed for [FactorPlace]
	Step      int64    // of an authenticator app: the last time step whose code was used
	Phone     string   // in E.164
	Passkey   *Passkey // of a passkey
	CreatedAt time.Time
	UsedAt    time.Time // zero: never since it was added
}

// Passkey is what is kept of a security key or passkey [WebAuthn 4, Credential Record].
type Passkey struct {
	Credential []byte   `json:"-"` // its ID, unique in the deployment
	PublicKey  []byte   `json:"public_key"`
	AAGUID     []byte   `json:"aaguid,omitempty"`
	Transports []string `json:"transports,omitempty"`
	// Counter is the last signature count; authenticators that do not count say 0.
	Counter        uint32 `json:"counter,omitempty"`
	Verifies       bool   `json:"verifies,omitempty"` // asked the person for a PIN or the like when it was added
	BackupEligible bool   `json:"backup_eligible,omitempty"`
	BackedUp       bool   `json:"backed_up,omitempty"`
}

// FactorPlace is where the secret of an authenticator app is sealed for.
func FactorPlace(id FactorID) secret.Place {
	return secret.Place{Table: "factors", Column: "secret", Row: string(id)}
}

// Hint returns as much of a telephone number as may be shown to whoever has
// given the right password: the last two digits.
func (f *Factor) Hint() string {
	if f.Kind != FactorSMS || len(f.Phone) < 2 {
		return ""
	}
	return f.Phone[len(f.Phone)-2:]
}

// Device is a browser that the person asked to be remembered after a second
// factor.
type Device struct {
	ID        DeviceID
	User      UserID
	UserAgent string
	Address   string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// MayRemove refuses to remove the last factor of a person from whom one is
// demanded: at the next sign-in they would have to add another one before
// anything else, and whoever knew the password could do so too. Recovery codes
// are no factor; they stand in for one.
func MayRemove(factors []Factor, id FactorID, demand MFADemand, role Role) error {
	if !slices.ContainsFunc(factors, func(f Factor) bool { return f.ID == id }) {
		return &fault.Error{Kind: fault.NotFound, Code: "factor_unknown", Fix: fault.PersonSide}
	}
	if len(factors) == 1 && demand.Demands(role) {
		return &fault.Error{Kind: fault.Conflict, Code: "factor_last", Want: "another factor beside it", Fix: fault.PersonSide}
	}
	return nil
}

// MayAdd refuses another factor to who has [MaxFactors].
func MayAdd(factors []Factor) error {
	if len(factors) >= MaxFactors {
		return &fault.Error{Kind: fault.Exhausted, Code: "factor_many", Fix: fault.PersonSide}
	}
	return nil
}
