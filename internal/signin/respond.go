package signin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Response is what a browser posted to an assertion consumer service.
type Response struct {
	ConnectionKey string // from the URL; "": it came to the address that connections share
	SAMLResponse  string // the form field, as posted
	RelayState    string // the form field, as posted
}

// Respond judges a response. It burns the pending request, whatever the
// verdict, so that each request is answered once; a good response proves the
// attempt's person. The browser that posted is not looked at: it is
// [Service.Finish], on a page of our own, that demands the browser which began.
//
// A refusal is a fault with the reference of the trace that was kept. Of
// responses that nobody waits for, only so many are kept for each network. The
// attempt is returned with it where the request was known, so that the person
// can begin again for the same app. An answer to a test is no sign-in, and
// never refused: what it was worth stands in the test.
func (s *Service) Respond(ctx context.Context, b Browser, in Response) (Answered, error) {
	j := judgement{Service: s, ctx: ctx, browser: b, look: glance}
	for range maxAnew {
		answered, err := s.respond(j, in)
		switch {
		case errors.Is(err, errUsed):
			j.used = true
		case !errors.Is(err, errMeanwhile):
			return answered, err
		}
		j.look = read
	}
	return Answered{}, &fault.Error{Kind: fault.Conflict, Code: "attempt_changed", Fix: fault.PersonSide}
}

// maxAnew is how often a response is judged where each time the attempt is
// another one when the verdict is to be written down.
const maxAnew = 3

// Why all is done anew.
var (
	errMeanwhile = errors.New("the attempt was changed meanwhile")
	errUsed      = errors.New("the assertion was used before")
)

func (s *Service) respond(j judgement, in Response) (Answered, error) {
	ctx, b := j.ctx, j.browser
	j.now = s.Now()
	j.trace = sso.Trace{Method: sso.BySSO, At: j.now, Address: addressOf(b), UserAgent: b.UserAgent}
	message, err := saml.DecodePost(in.SAMLResponse)
	j.message, j.undecodable = message, refused(err)
	var unwaited *fault.Error
	if !j.glance(in) {
		err := s.DB.Read(ctx, func(r *store.Reader) error {
			var err error
			unwaited, err = j.expect(r, in)
			return err
		})
		if err != nil {
			return Answered{}, fmt.Errorf("judging a response: %w", err)
		}
	}
	tiled := j.unsolicited && j.connection.OffersTiles()
	if unwaited != nil && !tiled && !s.strays.allow(strayKey(b), j.now) {
		return Answered{}, unwaited // the log has it; a flood costs no work and fills no database
	}
	// The cryptography is done before the transaction: on SQLite nobody else
	// writes while that is open. A response that nobody waits for is judged
	// all the same, so that support sees everything that is wrong with it.
	j.verify()
	if err := j.noteRetired(); err != nil {
		return Answered{}, fmt.Errorf("judging a response: %w", err)
	}
	if tiled && (j.undecodable != nil || j.refused != nil) && !s.strays.allow(strayKey(b), j.now) {
		return Answered{}, unwaited
	}
	var answered Answered
	var failure *fault.Error
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		again := j // the transaction may run twice
		again.tx, answered, failure = tx, Answered{}, nil
		var err error = unwaited
		switch {
		case tiled:
			answered.Tile, err = again.tile(in.RelayState, unwaited)
		case unwaited != nil:
		case j.attempt.Test != "":
			answered.Test = true
			err = again.tryOut()
		default:
			err = again.judge()
		}
		answered.Attempt = again.trace.Attempt
		if answered.Org, err = again.begins(err); answered.Tile != nil {
			return err
		}
		if f, ok := errors.AsType[*fault.Error](err); ok {
			failure, err = again.refuse(f)
			if err == nil && (unwaited == nil || tiled) {
				err = again.unknownKey(f)
			}
			return err
		}
		return err
	})
	if err != nil {
		return Answered{}, fmt.Errorf("judging a response: %w", err)
	}
	if failure != nil {
		return answered, failure
	}
	return answered, nil
}

// unknownKey has the metadata of the identity provider read soon, where it has
// signed with a key that we do not know. Nobody waits for that here.
func (j *judgement) unknownKey(f *fault.Error) error {
	known := f.Code != "sig_value" && f.Code != "sig_alg" && f.Code != "sig_key"
	if known || j.connection.SAML.MetadataURL == "" {
		return nil
	}
	return j.tx.Org(j.connection.Org).AskWatch(j.ctx, j.connection.ID, j.now, j.now.Add(-sso.WatchAsked))
}

// Answered says which attempt a response was for.
type Answered struct {
	Attempt sso.AttemptID // "": not known
	Test    bool          // it was a test
	Tile    *Tile         // it was no answer, and begins a sign-in; nil: otherwise
	Org     string        // key of the organization at whose sign-on URL who came by a tile begins; "": not known
}

// begins returns where somebody begins whose identity provider has sent them
// without our asking, and that is refused for err.
func (j *judgement) begins(err error) (string, error) {
	if err == nil || !j.unsolicited || j.connection.ID == "" {
		return "", err
	}
	o, failed := j.tx.Organization(j.ctx, j.connection.Org)
	if failed != nil {
		return "", failed
	}
	return o.Key, err
}

// judgement is one response in the course of being judged.
type judgement struct {
	*Service
	ctx     context.Context
	tx      *store.Writer
	now     time.Time
	trace   sso.Trace
	browser Browser
	look    lookup // how the attempt is found
	used    bool   // the assertion was met before

	message     string // what was decoded of it
	undecodable error
	attempt     sso.Attempt // that it answers, with the request used up; zero: none
	waiting     sso.Wait    // the request
	unsolicited bool        // no request is out under its RelayState
	shared      bool        // it came to the address that connections share
	connection  sso.Connection
	which       sso.Which    // of its settings the response is judged by
	gone        *fault.Error // they are not there any more; nil: they are
	trust       trusted
	lineage     []sso.Organization
	assertion   *saml.Assertion
	clings      bool  // it was encrypted for a retired key
	refused     error // by package saml
	expected    saml.Expect
	meeting     *meeting // with what is stored; nil: it has not come to that
}

func replayed() *fault.Error {
	return &fault.Error{Kind: fault.Denied, Code: "saml_replay", Want: "the first answer to this request", Got: "a further one", Fix: fault.PersonSide}
}

// judge decides within the transaction.
func (j *judgement) judge() error {
	before, err := j.reread()
	if err != nil {
		return err
	}
	if err := j.addressed(); err != nil {
		return err
	}
	if j.gone != nil {
		return j.gone
	}
	last := len(j.lineage) - 1
	if err := j.connection.Usable(&j.lineage[last], j.lineage[:last]); err != nil {
		return err
	}
	if err := j.again(before); err != nil {
		return err
	}
	switch {
	case j.undecodable != nil:
		return j.undecodable
	case j.refused != nil:
		return j.refused
	}
	if err := j.usable(); err != nil {
		return err
	}
	if j.used {
		return usedBefore(j.assertion)
	}
	a := j.attempt
	return j.identify(&a)
}

// meets decides who is spoken of. It writes nothing.
func (j *judgement) meets(a *sso.Attempt, asserted sso.Asserted) (*meeting, error) {
	m := &meeting{ctx: j.ctx, tx: j.tx, outbox: j.Factors.Outbox, now: j.now, connection: j.connection, attempt: a, address: j.trace.Address, userAgent: j.trace.UserAgent}
	if err := m.meet(j.lineage[len(j.lineage)-1], asserted); err != nil {
		return m, err
	}
	err := m.decided(m.in.Decide(j.now))
	return m, err
}

// identify decides who the assertion is about, and writes it down.
func (j *judgement) identify(a *sso.Attempt) error {
	asserted, err := j.connection.Attributes.Map(j.assertion.SubjectKey(), j.assertion.NameID.Value, attributes(j.assertion.Attributes))
	if err != nil {
		return err
	}
	if j.meeting, err = j.meets(a, asserted); err != nil {
		return err
	}
	m := j.meeting
	switch {
	case m.decision.Act == sso.ActAsk && a.Session != "": // who is signed in is not new
		return &fault.Error{Kind: fault.Denied, Code: "confirm_person", Want: "the person who is signed in", Got: "somebody who comes for the first time", Fix: fault.PersonSide}
	case m.decision.Act == sso.ActAsk:
		j.ask(a, m)
	default:
		if err := m.store(); err != nil {
			return err
		}
		j.prove(a, m)
	}
	j.trace.Checks = append(j.trace.Checks, m.checks...)
	j.came(a, "")
	if err := j.keepMessage(KeepAll); err != nil {
		return err
	}
	a.Hops = j.trace.Hops
	err = j.tx.AnswerAttempt(j.ctx, *a, store.Answer{Assertion: named(&j.connection, j.assertion), Until: lapses(j.assertion), Trace: j.trace, Member: m.known()})
	if errors.Is(err, store.ErrUsed) {
		return errUsed
	}
	return anew(err)
}

// save stores the attempt as the verdict leaves it, and with it that the request
// was answered: of any number of responses to one, one is.
func (j *judgement) save(a *sso.Attempt) error {
	return anew(j.tx.SaveAttempt(j.ctx, *a))
}

// anew says so where an attempt was another one by the time it was stored.
func anew(err error) error {
	if store.ConflictOn(err, store.StaleVersion) {
		return errMeanwhile
	}
	return err
}

// addressed refuses an answer that came to the address of another connection
// than the request named.
func (j *judgement) addressed() error {
	if j.waiting.Connection != j.connection.ID || j.shared != j.connection.SAML.SharedACS {
		return &fault.Error{Kind: fault.Denied, Code: "tenant_connection", Want: "an answer at the address that the request named", Got: "an answer at the address of another connection", Fix: fault.IdPSide}
	}
	return nil
}

// reread reads the connection and the organizations above it as they are in
// the transaction: state is looked at now, and not only when the request went
// out. It returns by which settings the message was judged.
func (j *judgement) reread() (before settings, err error) {
	before = j.judgedBy()
	if j.connection, err = j.tx.Settings().Connection(j.ctx, j.connection.ID); err != nil {
		return before, err
	}
	if err := j.meant(j.tx.Reader); err != nil {
		return before, err
	}
	j.lineage, err = j.tx.Settings().Lineage(j.ctx, j.connection.Org)
	return before, err
}

// again judges the message anew where the connection was saved in this very
// moment.
func (j *judgement) again(before settings) error {
	if j.gone != nil || j.judgedBy() == before {
		return nil
	}
	if err := j.trusting(j.tx.Reader); err != nil {
		return err
	}
	j.verify()
	return nil
}

// verify has the message judged and keeps the verdict list.
func (j *judgement) verify() {
	if j.undecodable != nil || j.gone != nil || j.connection.ID == "" { // whose it was is not known
		return
	}
	on := j.connection.SAML.LegacyOn(j.now)
	expect := saml.Expect{
		IdP: j.trust.idp, EntityID: j.entityID(&j.connection), ACS: j.acs(&j.connection),
		RequestID: j.waiting.Request, Skew: saml.DefaultSkew, AuthnAfter: j.waiting.Fresh,
		DecryptionKeys: j.trust.keys, RequireEncryption: j.connection.SAML.Encryption == sso.EncryptionRequired,
	}
	if expect.Legacy, j.refused = tolerate(&j.connection, on); j.refused != nil {
		return
	}
	// Each message that does not open is a question to our key.
	questions := unopenedKey(j.connection.ID, j.browser)
	throttled := j.unopened.full(questions, j.now)
	if throttled {
		expect.DecryptionKeys = nil
	}
	j.expected = expect
	var err error
	j.assertion, err = j.open(expect)
	if refusal, ok := errors.AsType[*saml.Refusal](err); ok {
		j.trace.Checks = checks(refusal.Checks)
		switch {
		case refusal.Rule == saml.EncFailed:
			j.unopened.allow(questions, j.now)
		case refusal.Rule == saml.EncKey && throttled:
			j.refused = &fault.Error{Kind: fault.Exhausted, Code: "enc_throttled", Want: "answers that we can open", Got: "many from this network that we could not", Fix: fault.IdPSide}
			return
		}
	} else if j.assertion != nil {
		j.trace.Checks = append(checks(j.assertion.Checks), warnings(&j.connection, on, func(without saml.Legacy) error {
			expect.Legacy = without
			_, err := saml.Verify(j.message, expect, j.now)
			return err
		})...)
	}
	j.refused = refused(err)
}

// usable refuses an attempt that does not wait for this connection any more.
// Whether the browser is the right one is asked later, where its cookie comes
// along.
func (j *judgement) usable() error {
	a := &j.attempt
	if err := a.Usable(a.Browser, j.now); err != nil {
		return err
	}
	if a.Next() != sso.StepSSO || a.Connection != j.connection.ID {
		return &fault.Error{Kind: fault.Conflict, Code: "attempt_step", Want: string(sso.StepSSO), Got: string(a.Next()), Fix: fault.PersonSide}
	}
	return nil
}

// named is what an assertion is known by once it has been used: its ID alone under
// its connection and issuer, for a signature or its octets can be written in more
// than one way.
func named(c *sso.Connection, a *saml.Assertion) secret.Hash {
	return secret.HashOf([]byte(string(c.ID) + "\x00" + a.Issuer + "\x00" + a.ID))
}

// lapses returns from when on an assertion is refused for its age, wherever it
// comes from.
func lapses(a *saml.Assertion) time.Time {
	end := a.NotOnOrAfter
	if oldest := a.IssueInstant.Add(saml.MaxLifetime); oldest.Before(end) {
		end = oldest
	}
	return end.Add(saml.DefaultSkew)
}

func usedBefore(a *saml.Assertion) *fault.Error {
	return &fault.Error{Kind: fault.Denied, Code: "saml_replay", Want: "an assertion that was not used before", Got: a.ID, Fix: fault.IdPSide}
}

// once takes an assertion out of circulation that answers no sign-in.
func (j *judgement) once() error {
	key := named(&j.connection, j.assertion)
	_, err := j.tx.AnsweredBy(j.ctx, key)
	if err == nil {
		return usedBefore(j.assertion)
	}
	if errors.Is(err, store.ErrNotFound) {
		err = j.tx.InsertSingleUse(j.ctx, store.KindSAMLAssertion, key, lapses(j.assertion), "")
	}
	if errors.Is(err, store.ErrUsed) {
		return usedBefore(j.assertion)
	}
	return err
}

// prove writes down who the person is.
func (j *judgement) prove(a *sso.Attempt, m *meeting) {
	a.Proof = sso.Proof{
		User: m.decision.User.ID, Org: m.org, AMR: methodsOf(j.assertion.Attributes, j.assertion.AuthnContext), At: j.authenticated(),
		SAML: samlSession(j.assertion), NotAfter: j.assertion.SessionNotOnOrAfter,
	}
	if m.org == "" {
		a.Proof.Orgs = m.orgs
	}
	j.trace.User = m.decision.User.ID
}

// ask keeps what the identity provider said, until the person has said who they
// are here.
func (j *judgement) ask(a *sso.Attempt, m *meeting) {
	a.Proof = sso.Proof{At: j.authenticated(), First: &sso.First{
		Connection: j.connection.ID, Asserted: m.in.Asserted, Issuer: j.connection.Namespace(), AMR: methodsOf(j.assertion.Attributes, j.assertion.AuthnContext), At: j.authenticated(),
		SAML: samlSession(j.assertion), NotAfter: j.assertion.SessionNotOnOrAfter,
	}}
}

// authenticated returns when the person proved themselves: the identity
// provider may have asked them hours ago.
func (j *judgement) authenticated() time.Time {
	if t := j.assertion.AuthnInstant; !t.IsZero() && t.Before(j.now) {
		return t
	}
	return j.now
}

// samlSession returns what the identity provider calls the session, in memory of its
// own: what is a part of the message holds all of it.
func samlSession(a *saml.Assertion) sso.SAMLSession {
	return sso.SAMLSession{
		Subject: sso.SAMLSubject(a.SubjectKey()), NameID: strings.Clone(a.NameID.Value), Format: strings.Clone(a.NameID.Format),
		NameQualifier: strings.Clone(a.NameID.NameQualifier), SPNameQualifier: strings.Clone(a.NameID.SPNameQualifier),
		SessionIndex: strings.Clone(a.SessionIndex), IssuedAt: a.IssueInstant,
	}
}

// refused makes a fault of a refusal by package saml.
func refused(err error) error {
	refusal, ok := errors.AsType[*saml.Refusal](err)
	if !ok {
		return err
	}
	side := map[saml.Side]fault.Side{saml.IdPSide: fault.IdPSide, saml.AdminSide: fault.AdminSide, saml.PersonSide: fault.PersonSide}[refusal.Rule.Side()]
	return &fault.Error{Kind: fault.Denied, Code: strings.ReplaceAll(string(refusal.Rule), ".", "_"), Want: refusal.Want, Got: refusal.Got, Fix: side, Err: err}
}

// checks returns the lines of a verdict as a trace has them, with room for the
// few that follow: of who it was, and what became of them.
func checks(from []saml.Check) []sso.Check {
	const more = 8
	to := make([]sso.Check, len(from), len(from)+more)
	for i, c := range from {
		to[i] = sso.Check{Rule: string(c.Rule), About: c.About, Verdict: string(c.Verdict), Want: c.Want, Got: c.Got}
	}
	return to
}
