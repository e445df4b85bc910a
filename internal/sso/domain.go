package sso

import (
	"slices"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/sallyport/sallyport/internal/fault"
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
	CreatedAt  time.Time
	VerifiedAt time.Time
}

// ClaimDomain judges the name of a domain that an organization may claim:
// neither a public suffix nor a domain that hands out mailboxes to everybody.
func ClaimDomain(s string) (string, error) {
	name, err := ParseDomainName(s)
	if err != nil {
		return "", err
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
