package notify

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// Channel is a way to reach a person.
type Channel string

// The channels.
const (
	Mail Channel = "mail"
	SMS  Channel = "sms"
)

// Kind is what a message says.
type Kind string

// The kinds, each with the gaps that its text has.
const (
	Invitation      Kind = "invitation"        // Organization, Inviter, Link, Until
	ResetPassword   Kind = "reset_password"    // Link, Until
	Registration    Kind = "registration"      // Organization, Link, Until: an account was reset, or is to be set up
	SSOInstead      Kind = "sso_instead"       // Organization, Link: a reset was asked for by who signs in elsewhere
	InactiveWarning Kind = "inactive_warning"  // Organization, Link, Until: when the person is shut out
	PasswordChanged Kind = "password_changed"  // At, Device, Place
	AddressChanged  Kind = "address_changed"   // Organization, At: to the address that was the person's
	AddressGiven    Kind = "address_given"     // Organization, At: to the one that is from now on
	FactorAdded     Kind = "factor_added"      // Factor, At, Device, Place
	FactorRemoved   Kind = "factor_removed"    // Factor, At, Device, Place
	RecoveryUsed    Kind = "recovery_used"     // Left, At, Device, Place
	SignInNewDevice Kind = "signin_new_device" // At, Device, Place
	IdentityMoved   Kind = "identity_moved"    // Organization, At: another account elsewhere opens theirs from now on
	BreakGlassUsed  Kind = "break_glass_used"  // Organization, Owner, At, Device, Place: somebody came in past single sign-on
	SetupLink       Kind = "setup_link"        // Organization, Inviter, Link, Until
	DomainVerified  Kind = "domain_verified"   // Domain, Organization, Link
	DomainContested Kind = "domain_contested"  // Domain, Organization, Link: another one's record is there
	DomainGone      Kind = "domain_gone"       // Domain, Organization, Link, Until: when it lapses
	DomainLapsed    Kind = "domain_lapsed"     // Domain, Organization, Link
	DomainTaken     Kind = "domain_taken"      // Domain, Organization, Link: it is another one's now
	ConflictWaits   Kind = "conflict_waits"    // Organization, Link: somebody cannot sign in until it is decided
	// Of a connection: Organization, Connection, Link, and for certificates
	// Left and Until. The one says it to operators.
	ConnectionHeld        Kind = "connection_held"
	ConnectionUnreachable Kind = "connection_unreachable"
	CertificateEnds       Kind = "certificate_ends"
	CertificateEndsThere  Kind = "certificate_ends_there"
	KeyChanges            Kind = "key_changes" // with Until: a key of ours is another one from then on

	WebhookDisabled Kind = "webhook_disabled" // Domain, Link: nothing has got through to it for days

	SMSCode Kind = "sms_code" // Code
	Test    Kind = "test"     // nothing
)

// Gap is the name of a value that a text is filled with.
type Gap = string

// The gaps.
const (
	Organization Gap = "organization" // name of the organization
	Inviter      Gap = "inviter"      // name of who invites
	Owner        Gap = "owner"        // name of an owner
	Domain       Gap = "domain"       // name of a domain
	Connection   Gap = "connection"   // name of a connection
	Link         Gap = "link"         // path below the base URL, with its leading slash and its token
	Until        Gap = "until"        // instant, by [Instant]
	At           Gap = "at"           // instant, by [Instant]
	Device       Gap = "device"       // what the person did it with, such as "Firefox, Linux"; may be empty
	Place        Gap = "place"        // network address from where; may be empty
	Factor       Gap = "factor"       // one of [Factors]
	Left         Gap = "left"         // how many recovery codes are left, in digits
	Code         Gap = "code"         // the code
)

// Factors lists what the gap Factor may hold.
func Factors() []string { return []string{"totp", "sms", "passkey", "security_key", "recovery_codes"} }

// Message is what is to be told to whom.
type Message struct {
	Channel  Channel
	Kind     Kind
	Org      sso.OrgID  // on whose behalf; "": the deployment's
	User     sso.UserID // to whom; "": somebody who is no user yet
	To       string     // e-mail address or telephone number
	Language string     // of the person, as a language tag; "": English
	Data     map[Gap]string
	// Until is when the message loses its worth; zero: after the time that its
	// kind has.
	Until time.Time
	// Address is that of the browser that asked for an SMS. It is counted, and
	// not kept.
	Address netip.Addr
}

// Instant writes an instant for a gap. It is shown in UTC, in the words of the
// recipient's language.
func Instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// shape is what a kind of message consists of.
type shape struct {
	by    []Channel
	gaps  []Gap
	worth time.Duration // how long it is tried
}

// How long messages are tried. What a person waits for is of no use later.
const (
	worthCode = 10 * time.Minute
	worthNow  = time.Hour
	worthMail = 3 * 24 * time.Hour
)

// shapeOf returns what a kind consists of.
func shapeOf(k Kind) (shape, bool) {
	s, ok := map[Kind]shape{
		Invitation:            {[]Channel{Mail}, []Gap{Organization, Inviter, Link, Until}, worthMail},
		ResetPassword:         {[]Channel{Mail}, []Gap{Link, Until}, worthNow},
		Registration:          {[]Channel{Mail}, []Gap{Organization, Link, Until}, worthMail},
		SSOInstead:            {[]Channel{Mail}, []Gap{Organization, Link}, worthNow},
		InactiveWarning:       {[]Channel{Mail}, []Gap{Organization, Link, Until}, worthMail},
		PasswordChanged:       {[]Channel{Mail}, []Gap{At, Device, Place}, worthMail},
		AddressChanged:        {[]Channel{Mail}, []Gap{Organization, At}, worthMail},
		AddressGiven:          {[]Channel{Mail}, []Gap{Organization, At}, worthMail},
		FactorAdded:           {[]Channel{Mail}, []Gap{Factor, At, Device, Place}, worthMail},
		FactorRemoved:         {[]Channel{Mail}, []Gap{Factor, At, Device, Place}, worthMail},
		RecoveryUsed:          {[]Channel{Mail}, []Gap{Left, At, Device, Place}, worthMail},
		SignInNewDevice:       {[]Channel{Mail}, []Gap{At, Device, Place}, worthMail},
		BreakGlassUsed:        {[]Channel{Mail}, []Gap{Organization, Owner, At, Device, Place}, worthMail},
		IdentityMoved:         {[]Channel{Mail}, []Gap{Organization, At}, worthMail},
		SetupLink:             {[]Channel{Mail}, []Gap{Organization, Inviter, Link, Until}, worthMail},
		DomainVerified:        {[]Channel{Mail}, []Gap{Domain, Organization, Link}, worthMail},
		DomainContested:       {[]Channel{Mail}, []Gap{Domain, Organization, Link}, worthMail},
		DomainGone:            {[]Channel{Mail}, []Gap{Domain, Organization, Link, Until}, worthMail},
		DomainLapsed:          {[]Channel{Mail}, []Gap{Domain, Organization, Link}, worthMail},
		DomainTaken:           {[]Channel{Mail}, []Gap{Domain, Organization, Link}, worthMail},
		ConflictWaits:         {[]Channel{Mail}, []Gap{Organization, Link}, worthMail},
		ConnectionHeld:        {[]Channel{Mail}, []Gap{Organization, Connection, Link}, worthMail},
		ConnectionUnreachable: {[]Channel{Mail}, []Gap{Organization, Connection, Link}, worthMail},
		CertificateEnds:       {[]Channel{Mail}, []Gap{Organization, Connection, Link, Left, Until}, worthMail},
		CertificateEndsThere:  {[]Channel{Mail}, []Gap{Organization, Connection, Link, Left, Until}, worthMail},
		KeyChanges:            {[]Channel{Mail}, []Gap{Organization, Connection, Link, Until}, worthMail},
		WebhookDisabled:       {[]Channel{Mail}, []Gap{Domain, Link}, worthMail},
		SMSCode:               {[]Channel{SMS}, []Gap{Code}, worthCode},
		Test:                  {[]Channel{Mail, SMS}, nil, worthNow},
	}[k]
	return s, ok
}

// kinds lists the kinds.
func kinds() []Kind {
	return []Kind{
		Invitation, ResetPassword, Registration, SSOInstead, InactiveWarning, PasswordChanged, AddressChanged, AddressGiven, FactorAdded, FactorRemoved, RecoveryUsed,
		SignInNewDevice, IdentityMoved, BreakGlassUsed, ConnectionHeld, ConnectionUnreachable, CertificateEnds, CertificateEndsThere, KeyChanges, WebhookDisabled, SMSCode, Test,
	}
}

// check refuses a message that its caller has not put together right.
func (m *Message) check() error {
	s, ok := shapeOf(m.Kind)
	if !ok {
		return fmt.Errorf("no message is called %q", m.Kind)
	}
	if !slices.Contains(s.by, m.Channel) {
		return fmt.Errorf("%s does not go by %q", m.Kind, m.Channel)
	}
	for _, gap := range s.gaps {
		if _, ok := m.Data[gap]; !ok {
			return fmt.Errorf("%s has nothing for its gap %s", m.Kind, gap)
		}
	}
	if len(m.Data) != len(s.gaps) {
		return fmt.Errorf("%s has more than its gaps", m.Kind)
	}
	if path, ok := m.Data[Link]; ok && (!strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\ \t\r\n\x00")) {
		return errors.New("a link is no path below the base URL") // it holds a token: not shown
	}
	if f, ok := m.Data[Factor]; ok && !slices.Contains(Factors(), f) {
		return fmt.Errorf("no factor is called %q", f)
	}
	for _, gap := range []Gap{Until, At} {
		if v, ok := m.Data[gap]; ok {
			if _, err := time.Parse(time.RFC3339, v); err != nil {
				return fmt.Errorf("gap %s: %w", gap, err)
			}
		}
	}
	return nil
}
