package signin

import (
	"context"
	"fmt"

	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Departure is how the browser leaves for the identity provider: by URL, or
// by posting Form where that is set.
type Departure struct {
	Name string // of the connection
	URL  string
	Form *Form
}

// Form is an HTML form that is to be posted.
type Form struct {
	Action string
	Fields []Field
}

// Field is a field of a [Form].
type Field struct{ Name, Value string }

// Depart makes the request to the identity provider, at [sso.StepSSO].
func (s *Service) Depart(ctx context.Context, b Browser, id sso.AttemptID) (Departure, error) {
	d, err := s.leave(ctx, b, id)
	if err != nil {
		return Departure{}, s.refused(ctx, b, id, sso.HopDepart, suspect{}, err)
	}
	return d, nil
}

// outgoing is a request that is kept, and is to be sent.
type outgoing struct {
	id         string
	relay      secret.Token
	connection sso.Connection
	fresh      bool
}

func (s *Service) leave(ctx context.Context, b Browser, id sso.AttemptID) (Departure, error) {
	var out outgoing
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		a, err := s.load(ctx, tx.Reader, b, id)
		if err != nil {
			return err
		}
		if err := at(&a, sso.StepSSO); err != nil {
			return err
		}
		if out, err = s.request(ctx, tx, &a); err != nil {
			return err
		}
		return saveAttempt(ctx, tx, &a)
	})
	if err != nil {
		return Departure{}, err
	}
	return s.send(ctx, &out)
}

// request has an attempt wait for the answer to a request by which it leaves
// through its connection. The attempt is still to be stored.
func (s *Service) request(ctx context.Context, tx *store.Writer, a *sso.Attempt) (outgoing, error) {
	out := outgoing{id: saml.NewID()}
	wait := sso.Wait{Connection: a.Connection, Request: out.id, Left: s.Now()}
	var err error
	if a.Test == "" {
		out.connection, err = connection(ctx, tx.Reader, a.Connection)
	} else {
		out.connection, wait.Which, err = triedBy(ctx, tx.Reader, a)
	}
	if err != nil {
		return outgoing{}, err
	}
	wait.Turn = out.connection.Turn
	if out.fresh = a.Fresh || out.connection.SAML.ForceAuthn; out.fresh {
		wait.Fresh = wait.Left
	}
	out.relay = a.Await(wait)
	return out, nil
}

// send writes the request as the connection wants it.
func (s *Service) send(ctx context.Context, out *outgoing) (Departure, error) {
	c, relay := &out.connection, out.relay
	to, err := c.RequestEndpoint()
	if err != nil {
		return Departure{}, err
	}
	request := saml.Request{
		ID: out.id, Destination: to.Location, Issuer: s.entityID(c), ACS: s.acs(c), IssueInstant: s.Now(),
		ForceAuthn: out.fresh, NameIDFormat: c.SAML.NameIDFormat,
	}
	var key saml.SigningKey
	if c.SignsRequests() {
		keys, err := s.requestKeys(ctx)
		if err != nil {
			return Departure{}, err
		}
		key = keys.signing
	}
	d := Departure{Name: c.Name}
	if to.Binding == sso.BindingRedirect {
		if c.SignsRequests() {
			d.URL, err = request.SignedRedirectURL(relay.Reveal(), key)
		} else {
			d.URL, err = request.RedirectURL(relay.Reveal())
		}
	} else {
		var form saml.PostForm
		if c.SignsRequests() {
			form, err = request.SignedPostForm(relay.Reveal(), key)
		} else {
			form, err = request.PostForm(relay.Reveal())
		}
		d.Form = &Form{Action: form.Action, Fields: []Field{{"SAMLRequest", form.SAMLRequest}, {"RelayState", form.RelayState}}}
	}
	if err != nil {
		return Departure{}, fmt.Errorf("writing a request: %w", err)
	}
	return d, nil
}

func (s *Service) entityID(c *sso.Connection) string { return federation.EntityID(s.BaseURL, c) }

func (s *Service) acs(c *sso.Connection) string { return federation.ACS(s.BaseURL, c) }

func (s *Service) slo(c *sso.Connection) string { return federation.SLO(s.BaseURL, c) }

// connection reads a connection, and refuses one that may not be used now.
func connection(ctx context.Context, r *store.Reader, id sso.ConnectionID) (sso.Connection, error) {
	return judged(ctx, r, id, (*sso.Connection).Usable)
}

// judged reads a connection and asks about it and the organizations above it.
func judged(ctx context.Context, r *store.Reader, id sso.ConnectionID, ask func(c *sso.Connection, org *sso.Organization, above []sso.Organization) error) (sso.Connection, error) {
	c, err := r.Settings().Connection(ctx, id)
	if err != nil {
		return sso.Connection{}, err
	}
	lineage, err := r.Settings().Lineage(ctx, c.Org)
	if err != nil {
		return sso.Connection{}, err
	}
	last := len(lineage) - 1
	if err := ask(&c, &lineage[last], lineage[:last]); err != nil {
		return sso.Connection{}, err
	}
	return c, nil
}
