package sso

import (
	"encoding/base32"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
)

// DomainState says how far a claim to a domain has come.
type DomainState string

// The states of a domain. Only a verified one routes, links or enforces.
const (
	DomainInReview DomainState = "in_review"
	DomainVerified DomainState = "verified"
	DomainLapsed   DomainState = "lapsed"
)

// DomainProof says why a domain is believed to be the organization's.
type DomainProof string

// The proofs.
const (
	ProofDNS     DomainProof = "dns"     // a TXT record was seen
	ProofVouched DomainProof = "vouched" // the operator vouches
)

// Domain is an e-mail domain that an organization claims. Several may claim
// one name; at most one claim in the deployment is verified.
type Domain struct {
	Org        OrgID
	Name       string // as [ParseDomainName] gives it
	State      DomainState
	Proof      DomainProof  // set once verified
	Connection ConnectionID // through which its people sign in; "": the organization's own
	// SSOOff says that nobody is sent to an identity provider for an address of
	// the domain; PasswordOff that it is their only way in.
	SSOOff      bool
	PasswordOff bool
	CreatedAt   time.Time
	VerifiedAt  time.Time
	Check       DomainCheck
}

// NewDomain returns a claim that is to be proved, and is looked for at once.
func NewDomain(org OrgID, name string, now time.Time) Domain {
	return Domain{Org: org, Name: name, State: DomainInReview, CreatedAt: now, Check: DomainCheck{NextAt: now}}
}

// ClaimDomain judges the name of a domain that an organization may claim:
// neither a public suffix nor a domain that hands out mailboxes to everybody.
func ClaimDomain(s string) (string, error) {
	name, err := ParseDomainName(s)
	if err != nil {
		return "", err
	}
	// The record has to have a name, too.
	if d := (Domain{Name: name}); len(d.ProofName()) > maxDomain {
		return "", &fault.Error{Kind: fault.Invalid, Code: "domain_form", Want: "a domain name that leaves room for " + proofLabel, Got: clip(name), Fix: fault.AdminSide}
	}
	suffix, icann := publicsuffix.PublicSuffix(name)
	if suffix == name && icann {
		return "", &fault.Error{Kind: fault.Denied, Code: "domain_public_suffix", Got: name, Fix: fault.AdminSide}
	}
	if _, found := slices.BinarySearch(publicMail(), name); found {
		return "", &fault.Error{Kind: fault.Denied, Code: "domain_public_mail", Got: name, Fix: fault.AdminSide}
	}
	if suffix == name { // a private suffix such as github.io: shared all the same
		return "", &fault.Error{Kind: fault.Denied, Code: "domain_public_suffix", Got: name, Fix: fault.AdminSide}
	}
	return name, nil
}

// publicMail lists, sorted, the domains of the largest public mail services.
func publicMail() []string {
	return []string{
		"163.com", "aol.com", "fastmail.com", "free.fr", "gmail.com", "gmx.at", "gmx.ch", "gmx.de", "gmx.net", "googlemail.com",
		"hey.com", "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.fr", "hushmail.com", "icloud.com", "laposte.net", "libero.it",
		"live.com", "mac.com", "mail.com", "mail.ru", "mailbox.org", "me.com", "msn.com", "naver.com", "orange.fr", "outlook.com",
		"outlook.de", "pm.me", "posteo.de", "proton.me", "protonmail.com", "qq.com", "rambler.ru", "rediffmail.com", "seznam.cz",
		"t-online.de", "tutanota.com", "web.de", "wp.pl", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com", "yahoo.de", "yahoo.fr", "yandex.com",
		"yandex.ru", "ymail.com", "zoho.com",
	}
}

// The record that proves a domain: a label below it, and what its value begins
// with.
const (
	proofLabel  = "_sallyport"
	proofPrefix = "sallyport-verification="
	proofLength = 26 // characters of 5 bits
)

// ProofName returns the name at which the record has to be.
func (d *Domain) ProofName() string { return proofLabel + "." + d.Name }

// ProofValue returns the value that the record has to have. It is of this claim
// alone: another organization's is another one, and so is that of a claim that
// was withdrawn and made anew. It is no secret, since everybody can read it.
func (d *Domain) ProofValue() string {
	sum := secret.HashOf([]byte("domain\x00" + string(d.Org) + "\x00" + d.Name + "\x00" + strconv.FormatInt(d.CreatedAt.UnixMicro(), 10)))
	return proofPrefix + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:proofLength]
}

// ProofZone returns the domain that is registered, which is the zone in which
// most consoles add the record, and the name of the record within it.
func (d *Domain) ProofZone() (zone, name string) {
	zone, err := publicsuffix.EffectiveTLDPlusOne(d.Name)
	if err != nil {
		zone = d.Name // below no suffix that we know
	}
	return zone, strings.TrimSuffix(d.ProofName(), "."+zone)
}

// ProofElsewhere returns where the record is found when a console was told
// another name than it wanted: at the domain itself, with the domain added to
// the name a second time, or at the domain that is registered.
func (d *Domain) ProofElsewhere() []string {
	zone, _ := d.ProofZone()
	names := []string{d.Name, d.ProofName() + "." + d.Name}
	if zone != d.Name {
		names = append(names, d.ProofName()+"."+zone, proofLabel+"."+zone)
	}
	return names
}

// Spelled returns the name in the letters of its language; it is the name
// itself where that has none but those of ASCII.
func (d *Domain) Spelled() string {
	name, err := domainProfile().ToUnicode(d.Name)
	if err != nil {
		return d.Name
	}
	return name
}

// Demand returns what the domain demands of its people's sign-ins, beside the
// policies of organizations. owner is the organization that has proved it,
// whose exempt people are exempt here too, and whose pause is one of the domain;
// where it uses no connections, the domain demands none.
func (d *Domain) Demand(owner *Organization) Policy {
	if d.State != DomainVerified || !d.PasswordOff || !owner.Policy.SSOOn() {
		return Policy{}
	}
	return Policy{Of: owner.ID, SSO: SSORequired, Exempt: owner.Policy.Exempt, Pause: owner.Policy.Pause}
}

// Vouch verifies the domain on the operator's word. It needs no record, and
// none is looked for.
func (d *Domain) Vouch(now time.Time) {
	d.State, d.Proof, d.VerifiedAt = DomainVerified, ProofVouched, now
	d.Check.NextAt, d.Check.GoneAt, d.Check.WarnedAt = time.Time{}, time.Time{}, time.Time{}
}

// Unvouch takes the operator's word back: trust ends at once. A proof by DNS
// stands by itself.
func (d *Domain) Unvouch(now time.Time) {
	if d.Proof == ProofVouched {
		d.State, d.Proof, d.Check.NextAt = DomainInReview, "", now
	}
}

// DomainWays says how the people of a domain sign in.
type DomainWays struct {
	SSO, Password bool
	Connection    ConnectionID // through which; "": the organization's own
}

// Ways returns how the people of the domain sign in.
func (d *Domain) Ways() DomainWays {
	return DomainWays{SSO: !d.SSOOff, Password: !d.PasswordOff, Connection: d.Connection}
}

// WaysIn is what is known of an organization where the ways of a domain are
// chosen.
type WaysIn struct {
	Line   []Organization // from the root down to the organization
	Usable bool           // a connection that may be used now is there
	Beside bool           // an owner gets in beside the connection
}

// SetWays chooses how the people of the domain sign in. What would shut
// everybody out, or is demanded otherwise, is refused.
func (d *Domain) SetWays(to DomainWays, in WaysIn) error {
	demanded := slices.ContainsFunc(in.Line, func(o Organization) bool { return o.Policy.Demanding() })
	refuse := func(f fault.Error) error {
		f.Kind, f.Got, f.Fix = fault.Conflict, d.Name, fault.AdminSide
		return &f
	}
	switch {
	case d.State != DomainVerified:
		return refuse(fault.Error{Code: "domain_unverified", Want: "a domain that is verified"})
	case !to.SSO && !to.Password:
		return refuse(fault.Error{Code: "domain_no_way", Want: "single sign-on, a password, or both"})
	case !to.SSO && demanded:
		return refuse(fault.Error{Code: "domain_sso_demanded", Want: "an organization that does not demand single sign-on"})
	case to == d.Ways(): // stays as it is
	case !to.Password && !in.Usable:
		return refuse(fault.Error{Code: "domain_no_connection", Want: "a connection that is active"})
	case !to.Password && !d.PasswordOff && !in.Beside:
		return refuse(fault.Error{Code: "domain_no_owner", Want: "an owner with a password who is outside the domain or exempt"})
	}
	d.SSOOff, d.PasswordOff, d.Connection = !to.SSO, !to.Password, to.Connection
	return nil
}
