package inspect

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Lengths of the reason that is given for opening a trace, in characters.
const (
	minReason = 5
	maxReason = 200
)

// act is something that a viewer does to a trace, in the transaction in which
// it is written down.
type act struct {
	tx     *store.Writer
	now    time.Time
	view   TraceView // as it is
	record func(action string, detail map[string]string) error
	by     sso.UserID
}

// change runs fn for a trace, for somebody who may look at it now. It may run
// twice. What support does about a trace stands in the audit list of the
// organization that the trace is about.
func (s *Service) change(ctx context.Context, v *Viewer, reference string, fn func(a *act) error) error {
	if v.Place != nil {
		return s.Authority.Change(ctx, &v.Who, v.Place.ID, authority.Owner, func(in *authority.Act) error {
			view, err := v.read(ctx, in.Tx.Reader, reference)
			if err != nil {
				return err
			}
			return fn(&act{tx: in.Tx, now: in.Now, view: view, by: in.By(), record: func(action string, detail map[string]string) error {
				return in.Record(action, view.Reference, detail)
			}})
		})
	}
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		now := s.Now()
		by, err := authority.Again(ctx, tx.Reader, &v.Who.By, now)
		if err != nil {
			return err
		}
		as := Viewer{Who: authority.Who{By: by}}
		if err := as.mayLook(); err != nil {
			return err
		}
		view, err := as.read(ctx, tx.Reader, reference)
		if err != nil {
			return err
		}
		return fn(&act{tx: tx, now: now, view: view, by: by.User.ID, record: func(action string, detail map[string]string) error {
			e := as.Who.By.Event(now, action, view.Reference, detail)
			e.Org = view.Org
			return tx.Record(ctx, e)
		}})
	})
}

// Open returns a trace with nothing masked, and the message as it came where it
// is kept. It is written down, with the reason.
func (s *Service) Open(ctx context.Context, v *Viewer, reference, reason string) (TraceView, error) {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < minReason || n > maxReason {
		return TraceView{}, &fault.Error{Kind: fault.Invalid, Code: "trace_reason", Want: "a reason of 5 to 200 characters", Fix: fault.PersonSide}
	}
	var out TraceView
	err := s.change(ctx, v, reference, func(a *act) error {
		out = a.view
		out.Opened = true
		var err error
		if out.Bundles, err = a.tx.Bundles(ctx, out.Reference, a.now, maxBundles); err != nil {
			return err
		}
		sealed, err := a.tx.TraceMessage(ctx, out.Reference)
		switch {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return err
		default:
			raw, err := s.Sealer.Open(store.MessagePlace(out.Reference), sealed)
			if errors.Is(err, secret.ErrUnsealing) { // its key is gone; the rest can be read
				break
			}
			if err != nil {
				return err
			}
			out.Raw = string(raw)
		}
		return a.record("trace.opened", map[string]string{"reason": reason})
	})
	return out, err
}
