package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// LogoutMessage is what came to the single logout service of a connection.
type LogoutMessage struct {
	ConnectionKey string // from the URL
	Binding       sso.Binding
	Query         string     // by Redirect: the query, octet for octet as it came
	Form          url.Values // by POST: the fields
	Envelope      []byte     // by SOAP: the body
}

func (in *LogoutMessage) read() (*saml.Received, error) {
	switch in.Binding {
	case sso.BindingRedirect:
		return saml.ReadRedirect(in.Query)
	case sso.BindingPOST:
		return saml.ReadPost(in.Form)
	default:
		return saml.ReadSOAP(in.Envelope)
	}
}

// SingleLogout is what is left to do once a message about logout has had its
// effect.
type SingleLogout struct {
	// Answer is the way back to the identity provider, with our answer; nil: it
	// is not told, since it has said of no place where, or since what came was an
	// answer itself.
	Answer *Departure
	// Envelope is the answer to what came by SOAP.
	Envelope []byte
	// Back is the URL of the app that asked, where its person ends who is signed
	// out everywhere; "": our own page.
	Back string
	// Doubt is why the person may still be signed in at the identity provider,
	// which we have asked to sign them out.
	Doubt *fault.Error
}

// Logout takes a message of an identity provider about logout. A request must
// be signed, fresh and new; it ends the sessions of its subject that came
// through this very connection, those that are about to begin too. An answer
// ends nothing: it must match a request of ours that is out, and is the first.
//
// A refusal is a fault with the reference of the trace that was kept. Of what
// strangers send, only so much is kept for each network.
func (s *Service) Logout(ctx context.Context, b Browser, in LogoutMessage) (SingleLogout, error) {
	l := logout{Service: s, ctx: ctx, now: s.Now(), browser: b}
	l.trace = sso.Trace{Method: sso.ByLogout, At: l.now, Address: addressOf(b), UserAgent: b.UserAgent}
	err := s.DB.Read(ctx, func(r *store.Reader) error { return l.expect(r, in.ConnectionKey) })
	if err != nil {
		return SingleLogout{}, fmt.Errorf("judging a logout: %w", err)
	}
	if l.message, err = in.read(); err != nil {
		return SingleLogout{}, l.refuse(err)
	}
	if l.message.IsRequest() {
		return l.request(in.Binding)
	}
	return l.answer()
}

// logout is one message in the course of being judged.
type logout struct {
	*Service
	ctx     context.Context
	now     time.Time
	browser Browser
	trace   sso.Trace

	connection sso.Connection
	trust      trusted
	message    *saml.Received
}

// expect reads what the message must fit: the connection that the URL names.
// Its state does not matter: also of one that is switched off the sessions can
// be ended, by its identity provider alone.
func (l *logout) expect(r *store.Reader, key string) error {
	var err error
	l.connection, err = r.ConnectionByKey(l.ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return &fault.Error{Kind: fault.NotFound, Code: "connection_unknown", Want: "the key of a connection", Got: key, Fix: fault.IdPSide}
	}
	if err != nil {
		return err
	}
	l.trace.Connection, l.trace.Org = l.connection.ID, l.connection.Org
	l.trust, err = l.trusts(l.ctx, r, &l.connection)
	return err
}

// expectation is what a message must fit, without what the switches tolerate.
func (l *logout) expectation(request string) saml.LogoutExpect {
	return saml.LogoutExpect{
		IdP: l.trust.idp, EntityID: l.entityID(&l.connection), SLO: l.slo(&l.connection), Issuers: logoutIssuers(l.connection.SAML.IdPEntityID),
		RequestID: request, Skew: saml.DefaultSkew, DecryptionKeys: l.trust.keys,
	}
}

// Names of Entra ID: it signs people in under the first and is documented to
// sign them out under the second.
const (
	entraIssuer       = "https://sts.windows.net/"
	entraLogoutIssuer = "https://login.microsoftonline.com/"
)

// logoutIssuers returns further names under which an identity provider writes
// about logout. It proves them with the same keys.
func logoutIssuers(entityID string) []string {
	if tenant, ok := strings.CutPrefix(entityID, entraIssuer); ok {
		return []string{entraLogoutIssuer + tenant}
	}
	return nil
}

// refuse keeps the trace of a message that was refused, and returns the fault
// with its reference.
func (l *logout) refuse(err error) error {
	if refusal, ok := errors.AsType[*saml.Refusal](err); ok {
		l.trace.Checks = checks(refusal.Checks)
	}
	bad, ok := errors.AsType[*fault.Error](refused(err))
	if !ok {
		return err
	}
	if !l.strays.allow(strayKey(l.browser), l.now) {
		return bad
	}
	var kept *fault.Error
	err = l.DB.Write(l.ctx, func(tx *store.Writer) error {
		trace := l.trace
		var err error
		kept, err = recordFailure(l.ctx, tx, &trace, bad)
		return err
	})
	if err != nil {
		return fmt.Errorf("judging a logout: %w", err)
	}
	return kept
}

// request takes a request of the identity provider.
func (l *logout) request(by sso.Binding) (SingleLogout, error) {
	asked, err := l.verifyRequest()
	if err != nil {
		return SingleLogout{}, l.refuse(err)
	}
	var failure *fault.Error
	err = l.DB.Write(l.ctx, func(tx *store.Writer) error {
		failure = nil
		again := *l // the transaction may run twice
		err := again.end(tx, asked)
		if f, ok := errors.AsType[*fault.Error](err); ok {
			failure, err = recordFailure(l.ctx, tx, &again.trace, f)
			return err
		}
		if err != nil {
			return err
		}
		return recordSuccess(l.ctx, tx, &again.trace)
	})
	if err == nil && failure != nil {
		err = failure
	}
	if err != nil {
		return SingleLogout{}, fmt.Errorf("judging a logout: %w", err)
	}
	return l.confirm(by, asked.ID)
}

// verifyRequest has the request judged and keeps the verdict list.
func (l *logout) verifyRequest() (*saml.Logout, error) {
	on := l.connection.SAML.LegacyOn(l.now)
	expect := l.expectation("")
	var err error
	if expect.Legacy, err = tolerate(&l.connection, on); err != nil {
		return nil, err
	}
	asked, err := saml.VerifyLogoutRequest(l.message, expect, l.now)
	if refusal, ok := errors.AsType[*saml.Refusal](err); ok {
		l.trace.Checks = checks(refusal.Checks)
	}
	if err != nil {
		return nil, err
	}
	l.trace.Checks = append(checks(asked.Checks), warnings(&l.connection, on, func(without saml.Legacy) error {
		expect.Legacy = without
		_, err := saml.VerifyLogoutRequest(l.message, expect, l.now)
		return err
	})...)
	return asked, nil
}

// end ends what a good request asks to end.
func (l *logout) end(tx *store.Writer, asked *saml.Logout) error {
	c, err := tx.Connection(l.ctx, l.connection.ID)
	if err != nil {
		return err
	}
	if c.Version != l.connection.Version { // saved in this very moment
		l.connection = c
		if l.trust, err = l.trusts(l.ctx, tx.Reader, &c); err != nil {
			return err
		}
		if asked, err = l.verifyRequest(); err != nil {
			return refused(err)
		}
	}
	key := secret.HashOf([]byte(string(c.ID) + "\x00" + asked.Issuer + "\x00" + asked.ID))
	err = tx.InsertSingleUse(l.ctx, store.KindSAMLLogoutRequest, key, asked.NotOnOrAfter, "")
	if errors.Is(err, store.ErrUsed) {
		return &fault.Error{Kind: fault.Denied, Code: "saml_replay", Want: "a request that was not used before", Got: asked.ID, Fix: fault.IdPSide}
	}
	if err != nil {
		return err
	}
	subject := sso.SAMLSubject(asked.SubjectKey())
	ended, err := tx.EndSAMLSessions(l.ctx, c.ID, subject, asked.SessionIndexes, l.now)
	if err != nil {
		return err
	}
	for _, s := range ended {
		l.trace.User = s.User
		err := tx.Org(s.Org).Record(l.ctx, sso.Event{
			At: l.now, Actor: "single-logout", Address: l.trace.Address, UserAgent: sso.ClipUserAgent(l.trace.UserAgent), Action: "session.ended", Target: string(s.User),
			Detail: map[string]string{"session": string(s.ID), "connection": string(c.ID)},
		})
		if err != nil {
			return err
		}
	}
	return l.remember(tx, asked, subject)
}

// remember keeps the logout for sign-ins that are under way: one that the
// identity provider has let in before shall not end in a session after.
func (l *logout) remember(tx *store.Writer, asked *saml.Logout, subject string) error {
	// Some write their instants in whole seconds and some do not: what was made
	// in the same second was made before.
	word := sso.SAMLLogout{
		Connection: l.connection.ID, Subject: subject, IssuedAt: asked.IssueInstant.Add(time.Second), ExpiresAt: asked.NotOnOrAfter,
	}
	if under := l.now.Add(sso.AttemptLife); word.ExpiresAt.Before(under) {
		word.ExpiresAt = under
	}
	if len(asked.SessionIndexes) == 0 {
		return tx.RememberLogout(l.ctx, word)
	}
	for _, word.SessionIndex = range asked.SessionIndexes {
		if err := tx.RememberLogout(l.ctx, word); err != nil {
			return err
		}
	}
	return nil
}

// confirm writes the answer to a request. What it asks for is done by then, so
// that the answer is the same whether there was a session or not.
func (l *logout) confirm(by sso.Binding, request string) (SingleLogout, error) {
	response := saml.LogoutResponse{
		ID: saml.NewID(), Issuer: l.entityID(&l.connection), IssueInstant: l.now, InResponseTo: request, Status: saml.StatusReport{Code: saml.StatusSuccess},
	}
	if by == sso.BindingSOAP {
		keys, err := l.requestKeys(l.ctx)
		if err != nil {
			return SingleLogout{}, err
		}
		envelope, err := response.SOAP(keys.signing)
		if err != nil {
			return SingleLogout{}, fmt.Errorf("writing a message about logout: %w", err)
		}
		return SingleLogout{Envelope: envelope}, nil
	}
	to, ok := l.connection.SAML.LogoutEndpoint()
	if !ok {
		return SingleLogout{}, nil
	}
	if response.Destination = to.Answers; response.Destination == "" {
		response.Destination = to.Location
	}
	d, err := l.dispatch(l.ctx, &l.connection, to.Binding, l.message.RelayState, response)
	if err != nil {
		return SingleLogout{}, err
	}
	return SingleLogout{Answer: &d}, nil
}

// answer takes the answer to a request of ours. It is found by what it says it
// answers: a request has a random ID, and what is found proves and ends nothing.
func (l *logout) answer() (SingleLogout, error) {
	request, err := l.message.Answers()
	if err != nil {
		return SingleLogout{}, l.refuse(err)
	}
	id := secret.HashOf([]byte(request))
	var out farewell
	err = l.DB.Read(l.ctx, func(r *store.Reader) error {
		kept, err := r.SingleUse(l.ctx, store.KindSAMLLogout, id, l.now)
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(kept), &out)
	})
	switch {
	case errors.Is(err, store.ErrUsed):
		return SingleLogout{}, l.refuse(replayed())
	case errors.Is(err, store.ErrNotFound):
		return SingleLogout{}, l.refuse(&fault.Error{
			Kind: fault.Denied, Code: "saml_irt", Want: "an answer to a logout that began here in the last 15 minutes", Got: "an answer that nobody waits for", Fix: fault.PersonSide,
		})
	case err != nil:
		return SingleLogout{}, fmt.Errorf("judging a logout: %w", err)
	case out.Connection != l.connection.ID:
		return SingleLogout{}, l.refuse(&fault.Error{
			Kind: fault.Denied, Code: "tenant_connection", Want: "an answer at the address that the request named", Got: "an answer at the address of another connection", Fix: fault.IdPSide,
		})
	}
	refusal := l.verifyAnswer(out.Request)
	var doubt *fault.Error
	err = l.DB.Write(l.ctx, func(tx *store.Writer) error {
		doubt = nil
		trace := l.trace
		if _, err := tx.Consume(l.ctx, store.KindSAMLLogout, id, l.now); err != nil {
			return err
		}
		if refusal == nil {
			return recordSuccess(l.ctx, tx, &trace)
		}
		var err error
		doubt, err = recordFailure(l.ctx, tx, &trace, refusal)
		return err
	})
	switch {
	case errors.Is(err, store.ErrUsed), errors.Is(err, store.ErrNotFound): // another one was quicker
		return SingleLogout{}, l.refuse(replayed())
	case err != nil:
		return SingleLogout{}, fmt.Errorf("judging a logout: %w", err)
	}
	return SingleLogout{Back: out.Back, Doubt: doubt}, nil
}

// verifyAnswer has an answer judged and keeps the verdict list.
func (l *logout) verifyAnswer(request string) *fault.Error {
	expect := l.expectation(request)
	var err error
	if expect.Legacy, err = tolerate(&l.connection, l.connection.SAML.LegacyOn(l.now)); err != nil {
		return fault.From(err)
	}
	answered, err := saml.VerifyLogoutResponse(l.message, expect, l.now)
	if err == nil {
		l.trace.Checks = checks(answered.Checks)
		return nil
	}
	if refusal, ok := errors.AsType[*saml.Refusal](err); ok {
		l.trace.Checks = checks(refusal.Checks)
	}
	return fault.From(refused(err))
}
