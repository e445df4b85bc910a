package sso

import (
	"crypto/x509"
	"time"
)

// Expiry returns when the first of the identity provider's certificates ends;
// ok is false where none says so. We trust keys and not dates, but by then the
// identity provider will sign with another one.
func (s *SAML) Expiry() (ends time.Time, ok bool) {
	for _, der := range s.Certificates {
		c, err := x509.ParseCertificate(der)
		if err == nil && (!ok || c.NotAfter.Before(ends)) {
			ends, ok = c.NotAfter, true
		}
	}
	return ends, ok
}
