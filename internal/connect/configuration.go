package connect

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Configuration is a connection with all that is shown where it is configured.
type Configuration struct {
	sso.Connection
	Guide        *idp.Vendor   // whose console is spoken of
	Looks        idp.Match     // whose product it seems to be, by its metadata
	Ours         idp.Values    // what the identity provider has to know
	Certificates []Certificate // of the identity provider
	Encrypts     []Certificate // ours, for which it may encrypt
	Linked       int           // users who were signed in by it
	Watching     Watching
	Changes      []KeyChange // of our keys that its identity provider has to know
	Which        sso.Which   // settings it is shown with
	Prepared     bool        // others are prepared beside those that are live
	Sent         *sso.Test   // the last test in which a person came, with what was sent of them; nil: none yet
}

// KeyChange is a key of ours that takes the place of another.
type KeyChange struct {
	Certificate Certificate // of the next key
	At          time.Time   // by itself
	Read        bool        // the identity provider has read our metadata since it stands there
}

// keyChanges returns what the identity provider of a connection has to know of
// our next keys.
func (s *Service) keyChanges(ctx context.Context, r *store.Reader, c *sso.Connection) ([]KeyChange, error) {
	w, err := r.Org(c.Org).Watch(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	var rings []federation.Ring
	if c.SignsRequests() {
		rings = append(rings, federation.Ring{})
	}
	if c.SAML.Decrypts() {
		rings = append(rings, federation.Ring{Connection: c})
	}
	var all []KeyChange
	for _, ring := range rings {
		keys, err := ring.Keys(ctx, r)
		if err != nil {
			return nil, err
		}
		if next := federation.In(keys, store.KeyNext); next != nil {
			all = append(all, KeyChange{Certificate: certificateOf(next.Certificate), At: s.Pace.Change(keys), Read: w.FetchedAt.After(next.Since)})
		}
	}
	return all, nil
}

// lastTests is among how many tests one is looked for in which a person came.
const lastTests = 20

// Certificate is one that carries a key for signatures or encryption.
type Certificate struct {
	Fingerprint string // SHA-256, in hexadecimal
	Subject     string
	NotBefore   time.Time // zero: it cannot be read but for its key
	NotAfter    time.Time
}

// Fingerprint returns the SHA-256 of a certificate, in hexadecimal.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

func certificateOf(der []byte) Certificate {
	c := Certificate{Fingerprint: Fingerprint(der)}
	if cert, err := x509.ParseCertificate(der); err == nil {
		c.Subject, c.NotBefore, c.NotAfter = cert.Subject.String(), cert.NotBefore, cert.NotAfter
	}
	return c
}

// Days returns how many whole days are left of the certificate; less than 0
// where it is over.
func (c *Certificate) Days(now time.Time) int {
	const day = 24 * time.Hour
	left := c.NotAfter.Sub(now)
	if left < 0 {
		return -1
	}
	return int(left / day)
}

// Configuration returns a connection of the organization of a place, by its
// key, with these settings of it and what is shown where it is configured.
func (s *Service) Configuration(ctx context.Context, p *authority.Place, key string, which sso.Which) (Configuration, error) {
	c := Configuration{Which: which}
	var keys []store.DecryptionKey
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if c.Connection, err = configured(ctx, r, p.ID, key, which); err != nil {
			return err
		}
		if c.Prepared, err = prepares(ctx, r.Org(p.ID), c.ID); err != nil {
			return err
		}
		if c.Linked, err = r.Org(p.ID).LinkedUsers(ctx, c.ID); err != nil {
			return err
		}
		if which == sso.Live {
			if c.Watching, err = watching(ctx, r.Org(p.ID), &c.Connection); err != nil {
				return err
			}
		}
		if c.Changes, err = s.keyChanges(ctx, r, &c.Connection); err != nil {
			return err
		}
		if c.Sent, err = lastSent(ctx, r.Org(p.ID), c.ID, which); err != nil {
			return err
		}
		if c.SAML.Decrypts() {
			keys, err = r.Org(p.ID).DecryptionKeys(ctx, c.ID)
		}
		return err
	})
	if err != nil {
		return Configuration{}, err
	}
	c.Guide, _ = idp.ByID(idp.ID(c.SAML.Vendor))
	c.Ours = s.values(&c.Connection, &p.Organization)
	c.Looks = federation.Recognize(c.SAML.IdPEntityID, c.SAML.Endpoints, c.SAML.Certificates)
	for _, der := range c.SAML.Certificates {
		c.Certificates = append(c.Certificates, certificateOf(der))
	}
	for i := range keys {
		if keys[i].State != store.KeyRetired {
			c.Encrypts = append(c.Encrypts, certificateOf(keys[i].Certificate))
		}
	}
	return c, nil
}

// lastSent returns the last test of a connection in which a person came, or nil.
func lastSent(ctx context.Context, r *store.OrgReader, c sso.ConnectionID, which sso.Which) (*sso.Test, error) {
	tests, err := r.Tests(ctx, c, which, store.Place{}, lastTests)
	for i := range tests {
		if t := &tests[i]; !t.AnsweredAt.IsZero() && (len(t.Result.Attributes) > 0 || t.Result.NameID != "") {
			return t, nil
		}
	}
	return nil, err
}

// SigningCertificate returns the certificate of the key that signs our
// messages, in PEM.
func (s *Service) SigningCertificate(ctx context.Context) ([]byte, error) {
	var out []byte
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		keys, err := r.SigningKeys(ctx, store.KeyForSAML)
		for i := range keys {
			if keys[i].State == store.KeyCurrent {
				out = inPEM(keys[i].Public)
			}
		}
		return err
	})
	if err == nil && out == nil {
		err = unknownCertificate("of our signatures")
	}
	return out, err
}

// EncryptionCertificate returns the certificate of the key for which a
// connection's identity provider encrypts, in PEM.
func (s *Service) EncryptionCertificate(ctx context.Context, p *authority.Place, key string, which sso.Which) ([]byte, error) {
	var out []byte
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		c, err := configured(ctx, r, p.ID, key, which)
		if err != nil || !c.SAML.Decrypts() {
			return err
		}
		keys, err := r.Org(p.ID).DecryptionKeys(ctx, c.ID)
		for i := range keys {
			if keys[i].State == store.KeyCurrent {
				out = inPEM(keys[i].Certificate)
			}
		}
		return err
	})
	if err == nil && out == nil {
		err = unknownCertificate("for encryption")
	}
	return out, err
}

func inPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
