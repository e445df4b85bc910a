package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Finished is a sign-in that has become a session.
type Finished struct {
	Token   secret.Token // for the browser's session cookie
	Session sso.Session
	App     sso.AppID // that asked; "": none
	Request string    // the app's authorize request, as it came
}

// Consent says whether the person has agreed to be somebody else from now on.
type Consent uint8

// The consents.
const (
	AskFirst Consent = iota
	Switch
)

// OtherPerson says that the browser is signed in as somebody else, who would
// be signed out. A link can lead through an identity provider that answers by
// itself; nobody must become another person by following one.
type OtherPerson struct{ Now, Next string } // names to show

// Error says so without the names.
func (*OtherPerson) Error() string { return "the browser is signed in as another person" }

// Finish makes a session of a proven attempt, at [sso.StepFinish]. It is here
// that the browser which began the attempt must come itself, with its cookie:
// a response that was posted into another browser ends here. The attempt is
// used up; a session that the browser had before ends. Where that is another
// person's, the answer is an [*OtherPerson] until the person consents.
func (s *Service) Finish(ctx context.Context, b Browser, id sso.AttemptID, consent Consent) (Finished, error) {
	token := secret.NewToken()
	var out Finished
	var failure *fault.Error
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		failure = nil
		now := s.Now()
		a, err := s.load(ctx, tx.Reader, b, id)
		if err != nil {
			return err
		}
		if err := at(&a, sso.StepFinish); err != nil {
			return err
		}
		next, rules, err := s.admit(ctx, tx, b, &a, now)
		if err == nil && consent == AskFirst {
			err = s.replaces(ctx, tx, b, &next, now)
		}
		trace := &sso.Trace{
			Attempt: a.ID, Org: a.Proof.Org, Connection: a.Connection, User: a.Proof.User, Method: a.Method,
			At: now, Address: addressOf(b), UserAgent: b.UserAgent,
		}
		if err != nil {
			f, ok := errors.AsType[*fault.Error](err)
			if !ok {
				return err
			}
			if !s.strays.allow(strayKey(b), now) {
				failure = f // the same page again and again
				return nil
			}
			failure, err = recordFailure(ctx, tx, trace, f)
			return err
		}
		out = Finished{Token: token, Session: session(&a, b, rules, now), App: a.App, Request: a.Request}
		a.DoneAt = now
		if err := saveAttempt(ctx, tx, &a); err != nil {
			return err
		}
		err = tx.InsertSession(ctx, out.Session, token.Hash())
		if errors.Is(err, store.ErrSignedOut) { // meanwhile, at the identity provider
			failure, err = recordFailure(ctx, tx, trace, fault.From(err))
			return err
		}
		if err != nil {
			return err
		}
		if !b.Session.IsZero() {
			if err := tx.EndSessionOf(ctx, b.Session.Hash(), now); err != nil {
				return err
			}
		}
		return tx.NoteSignIn(ctx, a.Proof.User, out.Session.Org, now)
	})
	if err != nil {
		return Finished{}, fmt.Errorf("finishing a sign-in: %w", err)
	}
	if failure != nil {
		return Finished{}, failure
	}
	return out, nil
}

// admit asks once more, now that everything is known, whether this person may
// come in here, this way.
func (s *Service) admit(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt, now time.Time) (sso.Person, sso.Rules, error) {
	p, err := tx.Member(ctx, a.Proof.User, a.Proof.Org)
	if errors.Is(err, store.ErrNotFound) {
		return p, nil, &fault.Error{Kind: fault.Denied, Code: "membership_missing", Fix: fault.AdminSide}
	}
	if err != nil {
		return p, nil, err
	}
	if err := p.Admissible(); err != nil {
		return p, nil, err
	}
	if a.Method == sso.BySSO {
		if _, err := connection(ctx, tx.Reader, a.Connection); err != nil {
			return p, nil, err
		}
	}
	rules, proved, err := rulesFor(ctx, tx, &p)
	if err != nil {
		return p, nil, err
	}
	entry := sso.Entry{
		Method: a.Method, Email: p.User.Email, Address: b.Address,
		Outside: p.Membership.Role == sso.RoleOwner && !proved,
	}
	if err := rules.Admit(entry); err != nil {
		return p, nil, err
	}
	return p, rules, rules.AdmitAs(a.Method, p.Membership.Role, &p.User, now)
}

// rulesFor returns the policies that hold for this member: of the organization
// and all above it, and, where the domain of the address is proved by another
// organization of the same tree, of that one and all above it. proved reports
// whether anybody in the tree has proved the domain.
func rulesFor(ctx context.Context, tx *store.Writer, p *sso.Person) (rules sso.Rules, proved bool, err error) {
	line := []sso.Organization{p.Org}
	if len(p.Org.Path) > 1 {
		if line, err = tx.Lineage(ctx, p.Org.ID); err != nil {
			return nil, false, err
		}
	}
	claim, err := tx.VerifiedDomain(ctx, p.User.Email.Domain())
	if errors.Is(err, store.ErrNotFound) {
		return sso.RulesOf(line), false, nil
	}
	if err != nil || p.Org.Within(claim.Org) {
		return sso.RulesOf(line), true, err
	}
	claimant, err := tx.Lineage(ctx, claim.Org)
	if err != nil || claimant[0].ID != line[0].ID {
		return sso.RulesOf(line), false, err // of a guest, another tree's own affair
	}
	return sso.RulesOf(line, claimant), true, nil
}

// replaces refuses, for now, to put out another person who is signed in here.
func (s *Service) replaces(ctx context.Context, tx *store.Writer, b Browser, next *sso.Person, now time.Time) error {
	if b.Session.IsZero() {
		return nil
	}
	present, err := tx.Person(ctx, b.Session.Hash())
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if present.User.ID == next.User.ID || present.Valid(now) != nil {
		return nil
	}
	return &OtherPerson{Now: present.User.Name(), Next: next.User.Name()}
}

func session(a *sso.Attempt, b Browser, rules sso.Rules, now time.Time) sso.Session {
	idle, life := rules.SessionLives()
	v := sso.Session{
		ID: sso.NewSessionID(now), User: a.Proof.User, Org: a.Proof.Org, Connection: a.Connection,
		AMR: a.Proof.AMR, AuthTime: a.Proof.At, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(life), Idle: sso.DurationOf(idle),
		UserAgent: clipText(b.UserAgent, maxUserAgent), Address: addressOf(b),
		SAML: a.Proof.SAML,
	}
	if t := a.Proof.NotAfter; t.After(now) && t.Before(v.ExpiresAt) {
		v.ExpiresAt = t
	}
	return v
}

// Person returns who a session token stands for, and refuses one that may not
// be used any more. It keeps the session from growing idle.
func (s *Service) Person(ctx context.Context, token secret.Token) (sso.Person, error) {
	nobody := &fault.Error{Kind: fault.Unauthenticated, Code: "session_over", Fix: fault.PersonSide}
	if token.IsZero() {
		return sso.Person{}, nobody
	}
	var p sso.Person
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		p, err = r.Person(ctx, token.Hash())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return sso.Person{}, nobody
	}
	if err != nil {
		return sso.Person{}, err
	}
	now := s.Now()
	if err := p.Valid(now); err != nil {
		return sso.Person{}, err
	}
	if p.Session.ActedAs() {
		if err := s.stillActing(ctx, &p, now); err != nil {
			return sso.Person{}, err
		}
	}
	if now.Sub(p.Session.SeenAt) >= sso.SessionTouchEvery {
		err := s.DB.Write(ctx, func(tx *store.Writer) error { return tx.TouchSession(ctx, p.Session.ID, now) })
		if err != nil {
			return sso.Person{}, err
		}
		p.Session.SeenAt = now
	}
	return p, nil
}

// stillActing refuses a session in which somebody acts as the person once they
// themselves are signed out or may not help any more.
func (s *Service) stillActing(ctx context.Context, p *sso.Person, now time.Time) error {
	over := &fault.Error{Kind: fault.Unauthenticated, Code: "session_over", Fix: fault.PersonSide}
	var actor sso.Person
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		actor, err = r.PersonBySession(ctx, p.Session.ActorSession)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return over
	}
	if err != nil {
		return err
	}
	actor.Session.SeenAt = now // who acts is not idle
	if actor.User.ID != p.Session.Actor || actor.Valid(now) != nil || !actor.Support() {
		return over
	}
	return nil
}

// maxUserAgent bounds what is kept of a browser's name, in octets.
const maxUserAgent = 300

func clipText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return s[:limit]
}
