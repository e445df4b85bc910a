package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	keys    []xmlenc.Key // ours, where assertions are encrypted, the retired one last
	retired string       // ID of the last key, where it is retired
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

// open verifies the message. Our retired key is asked after the others, so that it
// is known whether the identity provider encrypts for it.
func (j *judgement) open(expect saml.Expect) (*saml.Assertion, error) {
	j.clings = false
	all := expect.DecryptionKeys
	if j.trust.retired == "" || len(all) == 0 {
		return saml.Verify(j.message, expect, j.now)
	}
	expect.DecryptionKeys = all[:len(all)-1]
	a, err := saml.Verify(j.message, expect, j.now)
	if !neverOpened(err) {
		return a, err
	}
	// It alone: what the others do not open costs no more than before.
	expect.DecryptionKeys = all[len(all)-1:]
	opened, again := saml.Verify(j.message, expect, j.now)
	if neverOpened(again) {
		return a, err
	}
	j.clings = again == nil
	return opened, again
}

// neverOpened reports whether a message was refused because no key of ours opens
// it.
func neverOpened(err error) bool {
	refusal, ok := errors.AsType[*saml.Refusal](err)
	return ok && (refusal.Rule == saml.EncFailed || refusal.Rule == saml.EncKey)
}

// clingEvery is how often it is written down at most that it is encrypted for a
// retired key.
const clingEvery = 24 * time.Hour

// noteRetired writes down that the identity provider encrypts for our retired key,
// which is kept while it does. It has signed what says so, whatever becomes of it.
func (j *judgement) noteRetired() error {
	if !j.clings || !j.clinging.allow(throttleID{pace: pace{1, clingEvery}, what: j.trust.retired}, j.now) {
		return nil
	}
	return j.DB.Write(j.ctx, func(tx *store.Writer) error {
		return tx.Org(j.connection.Org).NoteDecryptionKeyUse(j.ctx, j.trust.retired, j.now)
	})
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
		if n := len(stored); n > 0 && stored[n-1].State == store.KeyRetired {
			t.retired = stored[n-1].ID
		}
	}
	return t, nil
}
