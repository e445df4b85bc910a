package signin

import (
	"context"
	"fmt"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// trusted is what a connection trusts and opens, parsed once per saved version.
type trusted struct {
	version int64
	idp     saml.IdP
	keys    []xmlenc.Key // ours, where assertions are encrypted
}

func (s *Service) trusts(ctx context.Context, r *store.Reader, c *sso.Connection) (trusted, error) {
	if t, ok := s.trusted.Load(c.ID); ok && t.(trusted).version == c.Version {
		return t.(trusted), nil
	}
	t, err := s.readTrust(ctx, r, c)
	if err == nil {
		s.trusted.Store(c.ID, t)
	}
	return t, err
}

func (s *Service) readTrust(ctx context.Context, r *store.Reader, c *sso.Connection) (trusted, error) {
	t := trusted{version: c.Version, idp: saml.IdP{EntityID: c.SAML.IdPEntityID}}
	for _, der := range c.SAML.Certificates {
		key, err := xmldsig.KeyFromCertificate(der)
		if err != nil {
			return trusted{}, fmt.Errorf("reading a certificate of connection %s: %w", c.ID, err)
		}
		t.idp.Keys = append(t.idp.Keys, key)
	}
	if c.SAML.Decrypts() {
		stored, err := r.Org(c.Org).DecryptionKeys(ctx, c.ID)
		if err != nil {
			return trusted{}, err
		}
		if t.keys, err = s.decryptionKeys(stored); err != nil {
			return trusted{}, err
		}
	}
	return t, nil
}
