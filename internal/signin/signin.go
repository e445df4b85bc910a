// Package signin takes a person from "who are you?" to a session.
//
// A sign-in is an [sso.Attempt] in the database. Every method here does one
// step: it reads the attempt, checks that it belongs to the browser that asks,
// decides by package sso, and stores what came out. No step calls another; the
// caller looks at [sso.Attempt.Next] and goes there.
//
// # Trust
//
// Keys, issuer, audience and addresses by which a response is judged come from
// the connection that the URL names and from the stored request; nothing is
// chosen by the message. A response that arrives proves a person; only the
// browser that began the attempt can make a session of that proof.
package signin

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Service signs people in. Its fields are set once, before it is used; it is
// safe for concurrent use.
type Service struct {
	DB        *store.DB
	BaseURL   string // without a slash at the end; the only source of our URLs
	Name      string // of the deployment, for people who read our metadata
	Passwords *password.Hasher
	Factors   *factor.Service
	Limiter   backoff.Limiter
	Sealer    *secret.Sealer // of our keys
	Now       func() time.Time
	// Reply answers the request of an app for which somebody has signed in, in the
	// transaction that makes the session; nil: no app asks.
	Reply func(ctx context.Context, tx *store.Writer, request string, session sso.Session) (Reply, error)
	Keep  Keep // which messages of identity providers are kept as they came

	loading  sync.Mutex // held by whoever reads the keys that sign our messages
	signing  atomic.Pointer[requestKeys]
	trusted  sync.Map // sso.ConnectionID → trusted: keys parsed once per version
	strays   throttle // traces of responses that nobody waits for, from one network
	refusals throttle // traces of other refusals, from one network
	kept     throttle // messages that were kept as they came, from one network
	fetched  throttle // who reads our metadata, as it is written down
	clinging throttle // retired keys for which it is still encrypted, as that is written down
	unopened throttle // encrypted responses to one connection that were not good, from one network
}

// Browser is what is known of the browser that asks.
type Browser struct {
	Binding   secret.Hash  // of its binding cookie; zero: it has none
	Session   secret.Token // of its session cookie; zero: it has none
	Device    secret.Token // by which it is remembered; zero: it is not
	Known     secret.Token // by which it is told from others; zero: nobody has signed in with it
	Address   netip.Addr
	UserAgent string
}

// Start says why a sign-in begins.
type Start struct {
	App       sso.AppID // the app that asked; "": the person came by themselves
	Request   string    // the app's authorize request, kept for the way back
	OrgKey    string    // sign-on URL of one organization
	Org       sso.OrgID // the one that the app asks for
	LoginHint string    // an address the app hints at
	Fresh     bool      // the person must prove anew who they are
	Offer     bool      // who is signed in may go on, in the organization of their choice
	Demand    sso.AppDemand
	Raise     bool   // who is signed in goes on, once they have given what the app demands besides
	Back      string // path of ours to go to afterwards, where no app asked
}

// Begin stores a new attempt and finds its way as far as it is known: an
// app's hint may lead straight to the identity provider.
func (s *Service) Begin(ctx context.Context, b Browser, start Start) (sso.Attempt, error) {
	return s.begin(ctx, b, start, func(*store.Writer, *sso.Attempt) error { return nil })
}

// SetOut is [Service.Begin] for a browser that may leave at once. Where it is
// known through which connection, and that may be used, it is told how; else the
// departure is nil, and [Service.Depart] says why.
func (s *Service) SetOut(ctx context.Context, b Browser, start Start) (sso.Attempt, *Departure, error) {
	var out *outgoing
	a, err := s.begin(ctx, b, start, func(tx *store.Writer, a *sso.Attempt) error {
		out = nil
		if a.Next() != sso.StepSSO {
			return nil
		}
		o, err := s.request(ctx, tx, a)
		if _, refused := errors.AsType[*fault.Error](err); refused {
			return nil
		}
		out = &o
		return err
	})
	if err != nil || out == nil {
		return a, nil, err
	}
	d, err := s.send(ctx, out)
	return a, &d, err
}

// begin makes a new attempt, does what comes after that, and stores it.
func (s *Service) begin(ctx context.Context, b Browser, start Start, after func(*store.Writer, *sso.Attempt) error) (sso.Attempt, error) {
	a := s.newAttempt(b)
	a.App, a.Org, a.Request, a.Fresh, a.Demand, a.Back = start.App, start.Org, start.Request, start.Fresh, start.Demand, s.sealBack(a.ID, start.Back)
	// A hint that is no address is the app's mistake, not the person's.
	a.Typed, _ = sso.ParseEmail(start.LoginHint)
	begun := a
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		a = begun // the transaction may run twice
		if start.OrgKey != "" {
			org, err := tx.OrganizationByKey(ctx, start.OrgKey)
			if errors.Is(err, store.ErrNotFound) {
				return &fault.Error{Kind: fault.NotFound, Code: "organization_unknown", Fix: fault.PersonSide}
			}
			if err != nil {
				return err
			}
			a.Org = org.ID
		}
		if start.Raise && !start.Fresh {
			if err := s.raise(ctx, tx, b, &a); err != nil {
				return err
			}
		}
		if start.Offer && !start.Fresh && a.Proof.Session == "" {
			if err := s.offer(ctx, tx, b, &a); err != nil {
				return err
			}
		}
		if a.Proof.Session != "" {
			return tx.InsertAttempt(ctx, a)
		}
		if err := s.route(ctx, tx.Reader, &a, ""); err != nil {
			return err
		}
		// Without an address there is nobody whose password could be asked for.
		if a.Method == sso.ByPassword && a.Typed.IsZero() {
			a.Method = ""
		}
		if err := after(tx, &a); err != nil {
			return err
		}
		return tx.InsertAttempt(ctx, a)
	})
	if err != nil {
		return sso.Attempt{}, fmt.Errorf("beginning a sign-in: %w", err)
	}
	return a, nil
}

// Attempt returns the browser's own attempt.
func (s *Service) Attempt(ctx context.Context, b Browser, id sso.AttemptID) (sso.Attempt, error) {
	var a sso.Attempt
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		a, err = s.load(ctx, r, b, id)
		return err
	})
	return a, err
}

// Begun returns what the browser's own attempt was begun for, also when the
// attempt is over or has expired: the app's authorize request, or the way back.
// It is what a person begins again with.
func (s *Service) Begun(ctx context.Context, b Browser, id sso.AttemptID) (Start, error) {
	var a sso.Attempt
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		a, err = r.Attempt(ctx, id)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return Start{}, &fault.Error{Kind: fault.NotFound, Code: "attempt_unknown", Fix: fault.PersonSide}
	case err != nil:
		return Start{}, err
	}
	if err := a.OwnedBy(b.Binding); err != nil {
		return Start{}, err
	}
	return Start{App: a.App, Request: a.Request, Back: s.wayBack(&a)}, nil
}

func (s *Service) newAttempt(b Browser) sso.Attempt {
	now := s.Now()
	a := sso.Attempt{ID: sso.NewAttemptID(now), Browser: b.Binding, CreatedAt: now, ExpiresAt: now.Add(sso.AttemptLife)}
	a.Hop(sso.HopBegin, now)
	return a
}

// load reads an attempt and refuses it to every other browser.
func (s *Service) load(ctx context.Context, r *store.Reader, b Browser, id sso.AttemptID) (sso.Attempt, error) {
	a, err := r.Attempt(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return sso.Attempt{}, &fault.Error{Kind: fault.NotFound, Code: "attempt_unknown", Fix: fault.PersonSide}
	}
	if err != nil {
		return sso.Attempt{}, err
	}
	if err := a.Usable(b.Binding, s.Now()); err != nil {
		return sso.Attempt{}, err
	}
	return a, nil
}

// at refuses an attempt that does not wait for this step.
func at(a *sso.Attempt, step sso.Step) error {
	if got := a.Next(); got != step {
		return &fault.Error{Kind: fault.Conflict, Code: "attempt_step", Want: string(step), Got: string(got), Fix: fault.PersonSide}
	}
	return nil
}

// change runs one step: load, judge the step, let do change the attempt, store.
func (s *Service) change(ctx context.Context, b Browser, id sso.AttemptID, do func(tx *store.Writer, a *sso.Attempt) error) (sso.Attempt, error) {
	var a sso.Attempt
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		var err error
		if a, err = s.load(ctx, tx.Reader, b, id); err != nil {
			return err
		}
		if err := do(tx, &a); err != nil {
			return err
		}
		return saveAttempt(ctx, tx, &a)
	})
	if err != nil {
		return sso.Attempt{}, err
	}
	return a, nil
}

// saveAttempt stores a changed attempt. Another tab or a second click may have
// been quicker.
func saveAttempt(ctx context.Context, tx *store.Writer, a *sso.Attempt) error {
	return meanwhile(tx.SaveAttempt(ctx, *a))
}

// meanwhile says so where an attempt was another one by the time it was stored.
func meanwhile(err error) error {
	if errors.Is(err, store.ErrConflict) {
		return &fault.Error{Kind: fault.Conflict, Code: "attempt_changed", Fix: fault.PersonSide, Err: err}
	}
	return err
}
