package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// logoutPatience is how long an identity provider may take to answer that it
// has signed somebody out, with all its pages in between.
const logoutPatience = 15 * time.Minute

// logoutLife is until when an identity provider shall honour our request.
const logoutLife = 5 * time.Minute

// SignedOut is what is left to do once a session has ended.
type SignedOut struct {
	// To is the way to the identity provider, to be told; nil: nobody is told.
	To *Departure
	// Untold is why the identity provider cannot be told that should be.
	Untold error
}

// farewell is what is kept of a logout request that is out, under the hash of
// its ID.
type farewell struct {
	Connection sso.ConnectionID `json:"connection"`
	Request    string           `json:"request"`
	Back       string           `json:"back,omitempty"` // URL of the app that asked; it is registered
}

// SignOut ends the session of this token. A token that is no session's any
// more is no error. Where the session came through a connection whose identity
// provider is to be told, the way there is returned: the session is over by
// then, whatever becomes of that. back
// is the URL, registered for that, at which the app wants the person that asked
// for it; "": none.
func (s *Service) SignOut(ctx context.Context, token secret.Token, back string) (SignedOut, error) {
	request := saml.NewID()
	var session sso.Session
	var c sso.Connection
	var tell bool
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		tell = false
		now := s.Now()
		p, err := holder(ctx, tx.Reader, token, now)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		lived := err == nil && p.Session.Live(now) == nil
		if err := tx.EndSessionOf(ctx, token.Hash(), now); err != nil {
			return err
		}
		if session = p.Session; !lived || session.SAML.Subject == "" {
			return nil
		}
		if c, err = tx.Connection(ctx, session.Connection); err != nil {
			return err
		}
		if _, reachable := c.SAML.LogoutEndpoint(); !reachable || !c.SAML.Logout || c.State != sso.ConnectionActive {
			return nil
		}
		kept, err := json.Marshal(farewell{Connection: c.ID, Request: request, Back: back})
		if err != nil {
			return fmt.Errorf("keeping a logout request: %w", err)
		}
		tell = true
		return tx.InsertSingleUse(ctx, store.KindSAMLLogout, secret.HashOf([]byte(request)), now.Add(logoutPatience), string(kept))
	})
	if err != nil || !tell {
		return SignedOut{}, err
	}
	d, err := s.bid(ctx, &c, &session, request)
	if err != nil {
		return SignedOut{Untold: err}, nil
	}
	return SignedOut{To: &d}, nil
}

// bid writes the request to sign the person out.
func (s *Service) bid(ctx context.Context, c *sso.Connection, session *sso.Session, id string) (Departure, error) {
	to, _ := c.SAML.LogoutEndpoint()
	now := s.Now()
	request := saml.LogoutRequest{
		ID: id, Destination: to.Location, Issuer: s.entityID(c), IssueInstant: now, NotOnOrAfter: now.Add(logoutLife),
		NameID: saml.NameID{
			Value: session.SAML.NameID, Format: session.SAML.Format,
			NameQualifier: session.SAML.NameQualifier, SPNameQualifier: session.SAML.SPNameQualifier,
		},
		Reason: saml.ReasonUser,
	}
	if session.SAML.SessionIndex != "" {
		request.SessionIndexes = []string{session.SAML.SessionIndex}
	}
	return s.dispatch(ctx, c, to.Binding, "", request)
}

// signable is a message about logout. All of ours are signed: products refuse
// those that are not.
type signable interface {
	SignedRedirectURL(relayState string, key saml.SigningKey) (string, error)
	SignedPostForm(relayState string, key saml.SigningKey) (saml.PostForm, error)
}

// dispatch signs a message and makes it ready for the browser to carry.
func (s *Service) dispatch(ctx context.Context, c *sso.Connection, by sso.Binding, relay string, message signable) (Departure, error) {
	keys, err := s.requestKeys(ctx)
	if err != nil {
		return Departure{}, err
	}
	d := Departure{Name: c.Name}
	if by == sso.BindingRedirect {
		d.URL, err = message.SignedRedirectURL(relay, keys.signing)
	} else {
		var form saml.PostForm
		form, err = message.SignedPostForm(relay, keys.signing)
		d.Form = &Form{Action: form.Action}
		for _, f := range []Field{{"SAMLRequest", form.SAMLRequest}, {"SAMLResponse", form.SAMLResponse}, {"RelayState", form.RelayState}} {
			if f.Value != "" {
				d.Form.Fields = append(d.Form.Fields, f)
			}
		}
	}
	if err != nil {
		return Departure{}, fmt.Errorf("writing a message about logout: %w", err)
	}
	return d, nil
}
