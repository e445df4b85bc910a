package signin

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Metadata returns our metadata for one connection: what an identity provider
// has to know of us, and what spares its administrator typing.
func (s *Service) Metadata(ctx context.Context, key string) ([]byte, error) {
	var c sso.Connection
	var stored []store.DecryptionKey
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if c, err = r.ConnectionByKey(ctx, key); err == nil && c.SAML.Decrypts() {
			stored, err = r.Org(c.Org).DecryptionKeys(ctx, c.ID)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, &fault.Error{Kind: fault.NotFound, Code: "connection_unknown"}
	}
	if err != nil {
		return nil, err
	}
	keys, err := s.requestKeys(ctx)
	if err != nil {
		return nil, err
	}
	m := saml.SPMetadata{
		EntityID: s.entityID(&c), ACS: []string{s.acs(&c)}, SLO: s.sloEndpoints(&c), SigningCertificates: keys.certificates,
		WantAssertionsSigned: true, AuthnRequestsSigned: c.SignsRequests(),
		DisplayName: s.Name, Attributes: requested(&c.Attributes),
	}
	for i := range stored {
		// A key that is on its way out opens what still comes, and draws nothing new.
		if stored[i].State != store.KeyRetired {
			m.EncryptionCertificates = append(m.EncryptionCertificates, stored[i].Certificate)
		}
	}
	return m.XML()
}

// fetchEvery is how often it is written down at most that somebody has read our
// metadata for a connection.
const fetchEvery = time.Hour

// NoteFetch writes down that a program has read our metadata for a connection:
// an identity provider that reads them by itself learns of our next key. It is
// what the reader says of itself, and decides nothing.
func (s *Service) NoteFetch(ctx context.Context, key, by string) error {
	now := s.Now()
	if !s.fetched.allow(throttleID{pace: pace{1, fetchEvery}, what: key}, now) {
		return nil
	}
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		c, err := tx.ConnectionByKey(ctx, key)
		if err != nil {
			return err
		}
		return tx.Org(c.Org).NoteFetch(ctx, c.ID, by, now)
	})
}

// sloEndpoints are where an identity provider ends sessions, as we would have
// it: what needs no page in between first, what needs no browser last, since
// few can reach us without one.
func (s *Service) sloEndpoints(c *sso.Connection) []saml.Endpoint {
	var all []saml.Endpoint
	for _, binding := range []string{saml.BindingRedirect, saml.BindingPost, saml.BindingSOAP} {
		all = append(all, saml.Endpoint{Binding: binding, Location: s.slo(c)})
	}
	return all
}

// requested returns the attributes that we ask for: those that the connection
// names, and for the others those that most identity providers have.
func requested(m *sso.AttributeMap) []saml.RequestedAttribute {
	var all []saml.RequestedAttribute
	for _, a := range []struct {
		chosen, usual, friendly string
		required                bool
	}{
		{m.Subject, "", "subject", true}, {m.Email, "email", "email", true},
		{m.FirstName, "firstName", "firstName", false}, {m.LastName, "lastName", "lastName", false},
		{m.Username, "", "username", false}, {m.Groups, "", "groups", false},
	} {
		name := a.chosen
		if name == "" {
			name = a.usual
		}
		if name == "" {
			continue
		}
		format := saml.NameFormatBasic
		if strings.Contains(name, ":") {
			format = saml.NameFormatURI
		}
		all = append(all, saml.RequestedAttribute{Name: name, NameFormat: format, FriendlyName: a.friendly, Required: a.required})
	}
	return all
}
