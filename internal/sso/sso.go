// Package sso holds the nouns and the rules of the house: who an organization
// is, what it demands, and whom a sign-in may let in as whom.
//
// It promises that every decision about identity is made here, by functions
// of their arguments alone: nothing is read, written, sent or timed. A flow
// gathers the facts, asks, and stores the answer.
//
// # Trust
//
// The asserted values that reach this package have been verified by a
// protocol package; what they claim has not. [SignIn.Decide] is the one guard
// between "the identity provider says" and "this person is".
package sso

import (
	"time"

	"github.com/sallyport/sallyport/internal/secret"
)

// Identifiers. Each is a prefix and 26 characters made by [secret.NewID];
// none is ever reused, and none is a secret.
type (
	OrgID        string // org_…
	ConnectionID string // con_…
	UserID       string // usr_…
	SessionID    string // ses_…
	AttemptID    string // att_…
	AppID        string // app_…
	AppSecretID  string // sec_…
	GrantID      string // gra_…
	MessageID    string // msg_…
	FactorID     string // fac_…
	DeviceID     string // dev_…
	GroupID      string // grp_…
	InvitationID string // inv_…
	ImportID     string // imp_…
	SetupLinkID  string // set_…
	ConflictID   string // cfl_…
	TestID       string // tst_…
	TestLinkID   string // tsl_…
	APIKeyID     string // key_…
)

// NewOrgID returns a fresh identifier.
func NewOrgID(now time.Time) OrgID { return OrgID(secret.NewID("org", now)) }

// Nowhere is where somebody wants to sign in who asks for an organization that
// there is not. It goes like at one that has no connection and whose member they
// are not, so that nobody learns which organizations there are.
const Nowhere OrgID = "org_nowhere"

// NewConnectionID returns a fresh identifier.
func NewConnectionID(now time.Time) ConnectionID { return ConnectionID(secret.NewID("con", now)) }

// NewUserID returns a fresh identifier.
func NewUserID(now time.Time) UserID { return UserID(secret.NewID("usr", now)) }

// NewSessionID returns a fresh identifier.
func NewSessionID(now time.Time) SessionID { return SessionID(secret.NewID("ses", now)) }

// NewAttemptID returns a fresh identifier.
func NewAttemptID(now time.Time) AttemptID { return AttemptID(secret.NewID("att", now)) }

// NewAppID returns a fresh identifier.
func NewAppID(now time.Time) AppID { return AppID(secret.NewID("app", now)) }

// NewAppSecretID returns a fresh identifier.
func NewAppSecretID(now time.Time) AppSecretID { return AppSecretID(secret.NewID("sec", now)) }

// NewGrantID returns a fresh identifier.
func NewGrantID(now time.Time) GrantID { return GrantID(secret.NewID("gra", now)) }

// NewMessageID returns a fresh identifier.
func NewMessageID(now time.Time) MessageID { return MessageID(secret.NewID("msg", now)) }

// NewFactorID returns a fresh identifier.
func NewFactorID(now time.Time) FactorID { return FactorID(secret.NewID("fac", now)) }

// NewDeviceID returns a fresh identifier.
func NewDeviceID(now time.Time) DeviceID { return DeviceID(secret.NewID("dev", now)) }

// NewGroupID returns a fresh identifier.
func NewGroupID(now time.Time) GroupID { return GroupID(secret.NewID("grp", now)) }

// NewInvitationID returns a fresh identifier.
func NewInvitationID(now time.Time) InvitationID { return InvitationID(secret.NewID("inv", now)) }

// NewImportID returns a fresh identifier.
func NewImportID(now time.Time) ImportID { return ImportID(secret.NewID("imp", now)) }

// NewSetupLinkID returns a fresh identifier.
func NewSetupLinkID(now time.Time) SetupLinkID { return SetupLinkID(secret.NewID("set", now)) }

// NewConflictID returns a fresh identifier.
func NewConflictID(now time.Time) ConflictID { return ConflictID(secret.NewID("cfl", now)) }

// NewTestID returns a fresh identifier.
func NewTestID(now time.Time) TestID { return TestID(secret.NewID("tst", now)) }

// NewBundleID returns a fresh identifier.
func NewBundleID(now time.Time) BundleID { return BundleID(secret.NewID("bdl", now)) }

// NewTestLinkID returns a fresh identifier.
func NewTestLinkID(now time.Time) TestLinkID { return TestLinkID(secret.NewID("tsl", now)) }

// NewAPIKeyID returns a fresh identifier.
func NewAPIKeyID(now time.Time) APIKeyID { return APIKeyID(secret.NewID("key", now)) }

// newKeyText returns the random part of an API key.
func newKeyText() string { return secret.NewToken().Reveal() }
