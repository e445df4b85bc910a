// Package events is what becomes of the audit list: it is sealed into one
// chain, exported, and told to others, by webhooks and by streams.
//
// A line is written by whoever makes the change, in the transaction of the
// change; a change whose line cannot be written does not happen. Everything
// here comes after that, and nobody who signs in waits for it.
//
// # Trust
//
// URLs of webhooks and streams are chosen by customers. They are called by a
// client that judges the address when it connects, follows no redirect and
// bounds what it reads; what comes back is shown to nobody but who may see the
// webhook. The networks of its own that an operator opens are open to webhooks
// and streams of the deployment alone.
package events

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Caller calls URLs.
type Caller interface {
	// Check refuses a URL that is never called.
	Check(address string) error
	// Call sends a request and returns the answer, whatever its status.
	Call(ctx context.Context, out safehttp.Request) (safehttp.Answer, error)
}

// Service keeps the audit list and tells others of it. Its fields are set once,
// before it is used; it is safe for concurrent use.
type Service struct {
	DB        *store.DB
	Authority *authority.Service
	Outbox    *notify.Outbox
	Limits    backoff.Limiter
	Sealer    *secret.Sealer
	SignIns   SignIns // which of them the audit list tells of
	// Keep is for how long the audit list is kept; 0: for ever.
	Keep time.Duration
	// Outside calls what customers have chosen, and Inside what operators have.
	Outside, Inside Caller
	Dialer          *net.Dialer // connects streams; it judges addresses
	Host            string      // what this deployment is called in syslog
	Now             func() time.Time
	Log             *slog.Logger
}

// Who is somebody who looks after webhooks and streams: those of the
// deployment, as an operator, or those of one organization, as its owner.
type Who struct {
	By  sso.By
	Org sso.OrgID // "" for the deployment
}

// callerOf returns who calls what belongs to an organization, or to the
// deployment.
func (s *Service) callerOf(org sso.OrgID) Caller {
	if org == "" {
		return s.Inside
	}
	return s.Outside
}

// looks refuses who may not see what belongs to the deployment. Who enters the
// console of an organization was asked there.
func (w *Who) looks() error {
	if w.Org == "" && !w.By.Support() {
		return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Fix: fault.PersonSide}
	}
	return nil
}

// change is one change by somebody, in one transaction.
type change struct {
	ctx  context.Context
	tx   *store.Writer
	in   *store.OrgWriter
	now  time.Time
	base sso.Event // without what is done
	by   sso.UserID
}

// change runs fn in a transaction, for somebody who may make changes now. It may
// run twice.
func (s *Service) change(ctx context.Context, who *Who, fn func(c *change) error) error {
	if who.Org != "" {
		return s.Authority.Change(ctx, &authority.Who{By: who.By, Address: who.By.Address}, who.Org, authority.Owner, func(a *authority.Act) error {
			return fn(&change{ctx: ctx, tx: a.Tx, in: a.In, now: a.Now, base: a.Event(), by: a.By()})
		})
	}
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		now := s.Now()
		by, err := authority.Again(ctx, tx.Reader, &who.By, now)
		if err != nil {
			return err
		}
		if !by.Operator() {
			return &fault.Error{Kind: fault.Denied, Code: "operator_role", Want: "owner or admin of the operators' organization", Got: string(by.Membership.Role), Fix: fault.OperatorSide}
		}
		base := by.Event(now, "", "", nil)
		base.Org = ""
		return fn(&change{ctx: ctx, tx: tx, in: tx.Org(""), now: now, base: base, by: by.User.ID})
	})
}

// record writes the line of the audit list for what is done.
func (c *change) record(action, target string, detail map[string]string, changes []sso.Change) error {
	e := c.base
	e.Action, e.Target, e.Detail, e.Changes = action, target, detail, changes
	return c.tx.Record(c.ctx, e)
}

// unknown says that there is no such thing here, whether there is one elsewhere
// or not.
func unknown(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Fix: fault.PersonSide}
	}
	return err
}
