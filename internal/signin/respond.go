package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/xmldsig"
)

// Response is what a browser posted to an assertion consumer service.
type Response struct {
	ConnectionKey string // from the URL
	SAMLResponse  string // the form field, as posted
	RelayState    string // the form field, as posted
}

// Respond judges a response. It burns the pending request, whatever the
// verdict, so that each request is answered once; a good response proves the
// attempt's person. The browser that posted is not looked at: it is
// [Service.Finish], on a page of our own, that demands the browser which began.
//
// A refusal is a fault with the reference of the trace that was kept. The
// attempt is returned with it where the request was known, so that the person
// can begin again for the same app.
func (s *Service) Respond(ctx context.Context, b Browser, in Response) (sso.AttemptID, error) {
	message, err := saml.DecodePost(in.SAMLResponse)
	undecodable := refused(err)
	var attempt sso.AttemptID
	var failure *fault.Error
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		attempt, failure = "", nil
		j := judgement{Service: s, ctx: ctx, tx: tx, now: s.Now()}
		j.trace = sso.Trace{Method: sso.BySSO, At: j.now, Address: addressOf(b), UserAgent: b.UserAgent}
		err := j.judge(in, message, undecodable)
		attempt = j.trace.Attempt
		if f, ok := errors.AsType[*fault.Error](err); ok {
			failure = f
			return recordFailure(ctx, tx, &j.trace, f)
		}
		if err != nil {
			return err
		}
		return recordSuccess(ctx, tx, &j.trace)
	})
	if err != nil {
		return "", fmt.Errorf("judging a response: %w", err)
	}
	if failure != nil {
		return attempt, failure
	}
	return attempt, nil
}

// judgement is one response in the course of being judged.
type judgement struct {
	*Service
	ctx   context.Context
	tx    *store.Writer
	now   time.Time
	trace sso.Trace

	connection sso.Connection
	lineage    []sso.Organization
}

func (j *judgement) judge(in Response, message []byte, undecodable error) error {
	c, err := j.tx.ConnectionByKey(j.ctx, in.ConnectionKey)
	if errors.Is(err, store.ErrNotFound) {
		return &fault.Error{Kind: fault.NotFound, Code: "connection_unknown"}
	}
	if err != nil {
		return err
	}
	j.connection, j.trace.Connection, j.trace.Org = c, c.ID, c.Org
	if j.lineage, err = j.tx.Lineage(j.ctx, c.Org); err != nil {
		return err
	}
	waiting, asked := j.pending(in.RelayState)
	if asked != nil {
		if _, ok := errors.AsType[*fault.Error](asked); !ok {
			return asked
		}
	}
	j.trace.Attempt = waiting.Attempt
	// State is looked at now and not only when the request went out.
	last := len(j.lineage) - 1
	if err := c.Usable(&j.lineage[last], j.lineage[:last]); err != nil {
		return err
	}
	if undecodable != nil {
		return undecodable
	}
	// A response that nobody waits for is judged all the same, for the trace:
	// support sees everything that is wrong with it at once.
	assertion, err := j.verify(message, waiting)
	if asked != nil {
		return asked
	}
	if err != nil {
		return err
	}
	a, err := j.attempt(waiting)
	if err != nil {
		return err
	}
	if err := j.once(assertion); err != nil {
		return err
	}
	p, err := j.identify(assertion, &a)
	if err != nil {
		return err
	}
	if err := j.store(&p); err != nil {
		return err
	}
	return j.prove(&a, assertion, &p)
}

// pending burns the request that this answer belongs to and returns it. The
// fault says why there is none.
func (j *judgement) pending(relay string) (pending, error) {
	unsolicited := &fault.Error{Kind: fault.Denied, Code: "saml_irt", Want: "an answer to a sign-in that began here in the last 30 minutes", Got: "an answer that nobody waits for", Fix: fault.PersonSide}
	if relay == "" {
		return pending{}, unsolicited
	}
	kept, err := j.tx.Consume(j.ctx, store.KindSAMLRequest, secret.ParseToken(relay).Hash(), j.now)
	switch {
	case errors.Is(err, store.ErrUsed):
		return pending{}, &fault.Error{Kind: fault.Denied, Code: "saml_replay", Want: "the first answer to this request", Got: "a further one", Fix: fault.PersonSide}
	case errors.Is(err, store.ErrNotFound):
		return pending{}, unsolicited
	case err != nil:
		return pending{}, err
	}
	var p pending
	if err := json.Unmarshal([]byte(kept), &p); err != nil {
		return pending{}, fmt.Errorf("reading a pending request: %w", err)
	}
	if p.Connection != j.connection.ID {
		return pending{}, &fault.Error{Kind: fault.Denied, Code: "tenant_connection", Want: "an answer at the address that the request named", Got: "an answer at the address of another connection", Fix: fault.IdPSide}
	}
	return p, nil
}

// verify has the message judged and keeps the verdict list.
func (j *judgement) verify(message []byte, waiting pending) (*saml.Assertion, error) {
	idp, err := j.trusts(&j.connection)
	if err != nil {
		return nil, err
	}
	settings := &j.connection.SAML
	allowed := func(sw sso.LegacySwitch) bool { return settings.LegacyAllowed(sw, j.now) }
	expect := saml.Expect{
		IdP: idp, EntityID: j.entityID(&j.connection), ACS: j.acs(&j.connection), RequestID: waiting.Request, Skew: saml.DefaultSkew, AuthnAfter: waiting.Fresh,
		Legacy: saml.Legacy{
			SHA1: allowed(sso.LegacySHA1), RSA1024: allowed(sso.LegacyRSA1024),
			NoAuthnStatement: allowed(sso.LegacyNoAuthnStatement),
			// A transient NameID does no harm where an attribute is the subject.
			TransientNameID:  allowed(sso.LegacyTransientNameID) || j.connection.Attributes.Subject != "",
			MissingAudience:  allowed(sso.LegacyMissingAudience),
			MissingRecipient: allowed(sso.LegacyMissingRecipient),
		},
	}
	assertion, err := saml.Verify(message, expect, j.now)
	if refusal, ok := errors.AsType[*saml.Refusal](err); ok {
		j.trace.Checks = checks(refusal.Checks)
	} else if assertion != nil {
		j.trace.Checks = checks(assertion.Checks)
	}
	return assertion, refused(err)
}

// attempt reads the attempt that the request was made for. Whether the browser
// is the right one is asked later, where its cookie comes along.
func (j *judgement) attempt(p pending) (sso.Attempt, error) {
	a, err := j.tx.Attempt(j.ctx, p.Attempt)
	if err != nil {
		return sso.Attempt{}, err
	}
	if err := a.Usable(a.Browser, j.now); err != nil {
		return sso.Attempt{}, err
	}
	if a.Next() != sso.StepSSO || a.Connection != j.connection.ID {
		return sso.Attempt{}, &fault.Error{Kind: fault.Conflict, Code: "attempt_step", Want: string(sso.StepSSO), Got: string(a.Next()), Fix: fault.PersonSide}
	}
	return a, nil
}

// once takes an assertion's ID out of circulation. The key is the ID alone
// under its connection and issuer: a signature or its octets can be written in
// more than one way.
func (j *judgement) once(a *saml.Assertion) error {
	key := secret.HashOf([]byte(string(j.connection.ID) + "\x00" + a.Issuer + "\x00" + a.ID))
	err := j.tx.InsertSingleUse(j.ctx, store.KindSAMLAssertion, key, a.NotOnOrAfter, "")
	if errors.Is(err, store.ErrUsed) {
		return &fault.Error{Kind: fault.Denied, Code: "saml_replay", Want: "an assertion that was not used before", Got: a.ID, Fix: fault.IdPSide}
	}
	return err
}

// prove writes down who the person is.
func (j *judgement) prove(a *sso.Attempt, assertion *saml.Assertion, p *person) error {
	a.Proof = sso.Proof{
		User: p.decision.User.ID, Org: p.org, AMR: methodsOf(assertion), At: j.now,
		NameID: assertion.NameID.Value, SessionIndex: assertion.SessionIndex, NotAfter: assertion.SessionNotOnOrAfter,
	}
	// The identity provider may have asked the person hours ago.
	if t := assertion.AuthnInstant; !t.IsZero() && t.Before(j.now) {
		a.Proof.At = t
	}
	if p.org == "" {
		a.Proof.Orgs = p.orgs
	}
	j.trace.User = p.decision.User.ID
	return saveAttempt(j.ctx, j.tx, a)
}

// trusted is what a connection trusts, parsed once per saved version.
type trusted struct {
	version int64
	idp     saml.IdP
}

func (s *Service) trusts(c *sso.Connection) (saml.IdP, error) {
	if t, ok := s.trusted.Load(c.ID); ok && t.(trusted).version == c.Version {
		return t.(trusted).idp, nil
	}
	idp := saml.IdP{EntityID: c.SAML.IdPEntityID}
	for _, der := range c.SAML.Certificates {
		key, err := xmldsig.KeyFromCertificate(der)
		if err != nil {
			return saml.IdP{}, fmt.Errorf("reading a certificate of connection %s: %w", c.ID, err)
		}
		idp.Keys = append(idp.Keys, key)
	}
	s.trusted.Store(c.ID, trusted{c.Version, idp})
	return idp, nil
}

// refused makes a fault of a refusal by package saml.
func refused(err error) error {
	refusal, ok := errors.AsType[*saml.Refusal](err)
	if !ok {
		return err
	}
	side := fault.IdPSide
	if refusal.Rule == saml.InResponseTo {
		side = fault.PersonSide
	}
	return &fault.Error{Kind: fault.Denied, Code: strings.ReplaceAll(string(refusal.Rule), ".", "_"), Want: refusal.Want, Got: refusal.Got, Fix: side, Err: err}
}

func checks(from []saml.Check) []sso.Check {
	to := make([]sso.Check, len(from))
	for i, c := range from {
		to[i] = sso.Check{Rule: string(c.Rule), About: c.About, Verdict: string(c.Verdict), Want: c.Want, Got: c.Got}
	}
	return to
}
