package signin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Keep says which messages of identity providers are kept as they came, sealed,
// for whoever has to find out what was wrong with them. Tests count as what
// they came to.
type Keep string

// What is kept. The zero value keeps what was refused.
const (
	KeepRefused Keep = ""
	KeepAll     Keep = "all"
	KeepNone    Keep = "none"
)

// recordFailure keeps the trace of a refused sign-in and returns the fault
// with its reference. It is called in the transaction that burns the request,
// which must be committed although the sign-in is refused. The fault is copied:
// it may be one that others hold too.
func recordFailure(ctx context.Context, tx *store.Writer, t *sso.Trace, f *fault.Error) (*fault.Error, error) {
	known := *f
	known.Ref = secret.NewReference()
	if t.Reference == "" {
		t.Reference = known.Ref
	}
	known.Ref = t.Reference
	t.Code, t.Want, t.Got, t.Fix = f.Code, f.Want, f.Got, f.Fix.String()
	return &known, tx.InsertTrace(ctx, *t)
}

// recordSuccess keeps the trace of what worked and has no attempt that could hold it.
func recordSuccess(ctx context.Context, tx *store.Writer, t *sso.Trace) error {
	if t.Reference == "" {
		t.Reference = secret.NewReference()
	}
	return tx.InsertTrace(ctx, *t)
}

// tell fills in what the attempt says: the way that the browser has gone, up to
// this hop, and who was typed.
func (s *Service) tell(t *sso.Trace, a *sso.Attempt, hop sso.Hop) {
	t.Hops = sso.AddHop(a.Hops, hop)
	t.Detail.App, t.Detail.Typed, t.Detail.Second = a.App, a.Typed.String(), a.Proof.Second
	if a.Typed.IsZero() {
		t.Detail.Typed = a.Username
	}
	if t.Who == "" {
		t.Who = sso.WhoKey(t.Detail.Typed)
	}
	if t.Org == "" && a.Org != sso.Nowhere {
		t.Org = a.Org
	}
}

// tell fills in what was decided about somebody who was asserted.
func (m *meeting) tell(t *sso.Trace) {
	t.Detail.Mode, t.Detail.Act, t.Detail.Why = m.connection.FirstSignIn, m.decision.Act, m.why
}

// end begins the trace of an attempt that comes to its end.
func (s *Service) end(a *sso.Attempt, b Browser, hop sso.Hop) sso.Trace {
	t := sso.Trace{
		Reference: a.Reference, Attempt: a.ID, Org: a.Proof.Org, Connection: a.Connection, User: a.Proof.User, Method: a.Method,
		At: hop.At, Address: addressOf(b), UserAgent: b.UserAgent,
	}
	s.tell(&t, a, hop)
	return t
}

// refuseEnd keeps that an attempt is refused at its end. Where the identity
// provider has answered, the attempt has a trace, and one reference.
func (s *Service) refuseEnd(ctx context.Context, tx *store.Writer, b Browser, t *sso.Trace, f *fault.Error) (*fault.Error, error) {
	t.Hops[len(t.Hops)-1].Code = f.Code
	if t.Reference == "" {
		if !s.strays.allow(strayKey(b), t.At) {
			return f, nil // the same page again and again
		}
		return recordFailure(ctx, tx, t, f)
	}
	known := *f
	known.Ref = t.Reference
	t.Code, t.Want, t.Got, t.Fix = f.Code, f.Want, f.Got, f.Fix.String()
	if err := tx.WriteTraces(ctx, t.Attempt); err != nil {
		return nil, err
	}
	return &known, tx.EndTrace(ctx, *t)
}

// came fills in the trace of an answer: which way the browser went, what the
// identity provider has said, and what was made of it.
func (j *judgement) came(a *sso.Attempt, code string) {
	t := &j.trace
	if t.Reference == "" {
		t.Reference = secret.NewReference()
	}
	host := ""
	if to, err := j.connection.RequestEndpoint(); err == nil {
		if u, err := url.Parse(to.Location); err == nil {
			host = u.Host
		}
	}
	before := *a
	if !j.waiting.Left.IsZero() {
		before.Hops = sso.AddHop(before.Hops, sso.Hop{Step: sso.HopDepart, At: j.waiting.Left, Host: host})
	}
	j.hear()
	if m := j.meeting; m != nil {
		m.tell(t)
	}
	j.tell(t, &before, sso.Hop{Step: sso.HopAnswer, At: j.now, Host: host, Code: code})
}

// hear fills in what the identity provider has said and signed. Of what is not
// signed nothing is kept but the message itself.
func (j *judgement) hear() {
	if j.trace.Detail.Message != nil {
		return
	}
	var said saml.Said
	issuer := ""
	switch {
	case j.assertion != nil:
		said, issuer = j.assertion.Said(), j.assertion.Issuer
	case j.undecodable == nil && j.refused != nil && j.expected.EntityID != "":
		var heard bool
		if said, heard = saml.Listen(j.message, j.expected); !heard {
			return
		}
	default:
		return
	}
	m := &sso.Message{
		Issuer: issuer, NameID: said.NameID.Value, Format: said.NameID.Format, SessionIndex: said.SessionIndex, AuthnContext: said.AuthnContext,
		IssuedAt: said.IssueInstant, Attributes: attributes(said.Attributes),
	}
	if said.Signed.Response {
		m.Signed = append(m.Signed, "response")
	}
	if said.Signed.Assertion {
		m.Signed = append(m.Signed, "assertion")
	}
	asserted, err := j.connection.Attributes.Map("", m.NameID, m.Attributes)
	if err == nil {
		j.trace.Who = sso.WhoKey(asserted.Email.String())
	}
	m.Clip()
	j.trace.Detail.Message = m
}

// refuse uses the request up, and keeps the trace of a response that is refused,
// and what was sent.
func (j *judgement) refuse(f *fault.Error) (*fault.Error, error) {
	t, a := &j.trace, j.attempt
	if a.ID != "" {
		if err := j.save(&a); err != nil {
			return nil, err
		}
	}
	if a.ID != "" && !j.refusals.allow(refusalKey(j.connection.ID, j.browser), j.now) {
		return f, nil // the log has it
	}
	if m := j.meeting; m != nil {
		t.Checks = append(t.Checks, m.checks...)
	}
	j.came(&a, f.Code)
	if err := j.keepMessage(KeepRefused); err != nil {
		return nil, err
	}
	known, err := recordFailure(j.ctx, j.tx, t, f)
	if err == nil && j.meeting != nil {
		err = j.meeting.clash(known.Ref)
	}
	return known, err
}

// maxKept is how long a message may be that is kept as it came, in octets: that
// of somebody in 250 groups is shorter.
const maxKept = 128 << 10

// keepMessage keeps what was sent, as it came, where such a one is to be kept.
// Of what is refused only so much is: anybody can send it.
func (j *judgement) keepMessage(of Keep) error {
	if j.Keep != KeepAll && j.Keep != of || j.message == "" || len(j.message) > maxKept || j.connection.ID == "" {
		return nil
	}
	if of == KeepRefused && (!j.kept.allow(keptKey(j.connection.ID, j.browser), j.now) || !j.kept.allow(keptOfKey(j.connection.ID), j.now)) {
		return nil
	}
	j.trace.Detail.Kept = true
	sealed := j.Sealer.Seal(store.MessagePlace(j.trace.Reference), []byte(j.message))
	return j.tx.KeepMessage(j.ctx, j.trace.Reference, sealed, j.now)
}

// suspect is whom a refused proof was about, as far as it can be told. It is
// found by what is looked at for anybody.
type suspect struct {
	user  sso.UserID
	org   sso.OrgID
	typed string // where no attempt says so
}

// refused keeps the trace of a step that was refused, and returns the fault with
// its reference: so many for each network, since nothing has to be proved to be
// refused. What only says that another tab was quicker leaves none, and neither
// does what was typed in a wrong form.
func (s *Service) refused(ctx context.Context, b Browser, id sso.AttemptID, step sso.HopStep, whom suspect, err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	now := s.Now()
	if !ok || f.Ref != "" || !leavesTrace(f) || !s.refusals.allow(refusalKey("", b), now) {
		return err
	}
	var known *fault.Error
	failed := s.DB.Write(ctx, func(tx *store.Writer) error {
		var a sso.Attempt
		if id != "" {
			var err error
			if a, err = tx.Attempt(ctx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		if a.Reference != "" && a.Method == sso.BySSO {
			a.Reference = "" // it tells of the identity provider's answer
		}
		t := s.end(&a, b, sso.Hop{Step: step, At: now, Code: f.Code})
		t.Attempt, t.Method = id, cmp.Or(t.Method, methodAt(step))
		t.User, t.Org = cmp.Or(t.User, whom.user), cmp.Or(t.Org, whom.org)
		t.Detail.Typed, t.Who = cmp.Or(t.Detail.Typed, whom.typed), cmp.Or(t.Who, sso.WhoKey(whom.typed))
		var err error
		known, err = recordFailure(ctx, tx, &t, f)
		return err
	})
	if failed != nil {
		return fmt.Errorf("keeping the trace of a refusal: %w", failed)
	}
	return known
}

func leavesTrace(f *fault.Error) bool {
	switch f.Kind {
	case fault.Denied, fault.Unauthenticated, fault.Exhausted, fault.NotFound:
		return true
	case fault.Conflict:
		return f.Code == "attempt_expired"
	default:
		return false
	}
}

// methodAt returns by what somebody tried to sign in, where the attempt does not
// know.
func methodAt(step sso.HopStep) sso.Method {
	switch step {
	case sso.HopPassword:
		return sso.ByPassword
	case sso.HopPasskey:
		return sso.ByPasskey
	case sso.HopGlass:
		return sso.ByBreakGlass
	default:
		return ""
	}
}

func addressOf(b Browser) string {
	if !b.Address.IsValid() {
		return ""
	}
	return b.Address.String()
}

// methodsOf returns the authentication methods for the id token [RFC 8176].
// "fed" says that another party vouches; "mfa" is added where it says so.
func methodsOf(attributes saml.Attributes, context string) []string {
	amr := []string{"fed"}
	if sso.MultiFactor(append(attributes.Get("http://schemas.microsoft.com/claims/authnmethodsreferences"), context)...) {
		amr = append(amr, "mfa")
	}
	return amr
}
