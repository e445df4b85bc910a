package enforce

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Sizes of the work on a retreat.
const (
	strandedBatch = 500 // people who are looked through for one page of the list
	resetBatch    = 50  // people who are looked at in one transaction of the work
	resetPause    = 10 * time.Minute
	// StrandedPage is how many lines a page of the list has.
	StrandedPage = 50
)

// Retreat is what is known before single sign-on is turned off.
type Retreat struct {
	Organization sso.Organization
	Stranded     int          // who would have no way in; while accounts are reset, whom that is to reach
	Resets       *sso.Retreat // of their accounts; nil: nobody has begun
	Above        bool         // an organization above demands single sign-on, whatever is chosen here
}

// Retreat returns what is known of the organization of a place.
func (s *Service) Retreat(ctx context.Context, p *authority.Place) (Retreat, error) {
	var out Retreat
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		line, err := r.Lineage(ctx, p.ID)
		if err != nil {
			return err
		}
		out = Retreat{Organization: line[len(line)-1]}
		out.Above = demandedAbove(line)
		t, err := r.Org(p.ID).Retreat(ctx)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		out.Resets = &t
		return err
	})
	if err != nil {
		return Retreat{}, err
	}
	if t := out.Resets; t != nil && t.State == sso.RetreatRunning { // who watches asks every few seconds
		out.Stranded = t.Total
		return out, nil
	}
	out.Stranded, err = s.countStranded(ctx, p.ID)
	return out, err
}

func (s *Service) countStranded(ctx context.Context, org sso.OrgID) (n int, err error) {
	q := store.PeopleQuery{Limit: strandedBatch}
	for {
		some, next, err := s.stranded(ctx, org, q)
		if err != nil {
			return 0, err
		}
		n += len(some)
		if q.After = next; next.User == "" {
			return n, nil
		}
	}
}

// stranded returns those of a page of members who would have no way in.
func (s *Service) stranded(ctx context.Context, org sso.OrgID, q store.PeopleQuery) (some []store.Member, next store.PeoplePlace, err error) {
	err = s.DB.Read(ctx, func(r *store.Reader) error {
		some, next, err = strandedOf(ctx, r, org, q)
		return err
	})
	return some, next, err
}

// strandedOf takes two statements more than a list of people does. Who is a
// guest has credentials elsewhere, or is reset there.
func strandedOf(ctx context.Context, r *store.Reader, org sso.OrgID, q store.PeopleQuery) ([]store.Member, store.PeoplePlace, error) {
	page, err := r.Org(org).People(ctx, q)
	if err != nil {
		return nil, store.PeoplePlace{}, err
	}
	var users []sso.UserID
	var homes []sso.OrgID
	for i := range page.People {
		users, homes = append(users, page.People[i].ID), append(homes, page.People[i].Home)
	}
	keyed, err := r.WithPasskeys(ctx, users)
	if err != nil {
		return nil, store.PeoplePlace{}, err
	}
	organizations, err := r.OrganizationsByID(ctx, distinct(homes))
	if err != nil {
		return nil, store.PeoplePlace{}, err
	}
	within := map[sso.OrgID]bool{}
	for i := range organizations {
		within[organizations[i].ID] = organizations[i].Within(org)
	}
	some := slices.DeleteFunc(page.People, func(m store.Member) bool {
		return !within[m.Home] || !m.Stranded(slices.Contains(keyed, m.ID))
	})
	return some, page.Next, nil
}

// Stranded is somebody who would have no way in.
type Stranded = store.Member

// StrandedList is one page of those who would have no way in.
type StrandedList struct {
	People []Stranded
	Next   PeoplePlace // where the next page begins; zero: there is none
}

// Stranded lists those who would have no way in, by their names. A page may have
// fewer lines than others: it ends where as much was looked at as one page may
// cost.
func (s *Service) Stranded(ctx context.Context, p *authority.Place, after store.PeoplePlace) (StrandedList, error) {
	var out StrandedList
	q := store.PeopleQuery{Limit: strandedBatch, After: after}
	for looked := 0; looked < foreseenFar; looked += q.Limit {
		some, next, err := s.stranded(ctx, p.ID, q)
		if err != nil {
			return StrandedList{}, err
		}
		for i := range some {
			if out.People = append(out.People, some[i]); len(out.People) == StrandedPage && (i < len(some)-1 || next.User != "") {
				out.Next = some[i].Place
				return out, nil
			}
		}
		if q.After, out.Next = next, next; next.User == "" {
			break
		}
	}
	return out, nil
}

// ResetStranded has the accounts reset of all who would have no way in: one
// after the other, in the background. It is begun once at a time.
func (s *Service) ResetStranded(ctx context.Context, who *authority.Who, org sso.OrgID) error {
	total, err := s.countStranded(ctx, org)
	if err != nil {
		return err
	}
	return s.Authority.Change(ctx, who, org, authority.Owner, func(a *authority.Act) error {
		t, err := a.In.Retreat(ctx)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if t.State == sso.RetreatRunning {
			return &fault.Error{Kind: fault.Conflict, Code: "retreat_running", Want: "one at a time", Got: "another one", Fix: fault.PersonSide}
		}
		if total == 0 {
			return &fault.Error{Kind: fault.Conflict, Code: "retreat_nobody", Want: "somebody without a way in", Got: "nobody", Fix: fault.PersonSide}
		}
		event := a.Event()
		begun := sso.Retreat{
			Org: a.ID, State: sso.RetreatRunning, By: a.By(), ByOrg: a.Line[0].ID, Address: event.Address, Total: total,
			NextAt: a.Now, CreatedAt: a.Now, UpdatedAt: a.Now, Version: t.Version,
		}
		if err := a.In.SaveRetreat(ctx, begun); err != nil {
			return err
		}
		return a.Record("accounts.reset_begun", string(a.ID), map[string]string{"people": strconv.Itoa(total)})
	})
}

// StopResets ends the work. Accounts that were reset stay so.
func (s *Service) StopResets(ctx context.Context, who *authority.Who, org sso.OrgID) error {
	return s.Authority.Change(ctx, who, org, authority.Owner, func(a *authority.Act) error {
		t, err := a.In.Retreat(ctx)
		if errors.Is(err, store.ErrNotFound) || err == nil && t.State != sso.RetreatRunning {
			return nil
		}
		if err != nil {
			return err
		}
		t.Stop("", a.Now)
		if err := a.In.SaveRetreat(ctx, t); err != nil {
			return err
		}
		return a.Record("accounts.reset_stopped", string(a.ID), map[string]string{"sent": strconv.Itoa(t.Sent)})
	})
}

// Work resets some of the accounts that wait for it, and reports whether there
// were any. Any number of nodes may call it, at any time: what one has done the
// other finds done.
func (s *Service) Work(ctx context.Context) (bool, error) {
	var due sso.Retreat
	err := s.DB.Read(ctx, func(r *store.Reader) (err error) {
		due, err = r.NextRetreat(ctx, s.Now())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, s.DB.Write(ctx, func(tx *store.Writer) error {
		t, err := tx.Org(due.Org).Retreat(ctx)
		if err != nil || t.State != sso.RetreatRunning || t.NextAt.After(s.Now()) {
			return err
		}
		w := resetting{Service: s, ctx: ctx, tx: tx, now: s.Now(), retreat: &t}
		err = w.work()
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind != fault.Internal && f.Kind != fault.Unavailable {
			t.Stop(f.Code, w.now) // whoever stands behind it may not do it any more
			err = nil
		}
		if err != nil {
			return err
		}
		t.UpdatedAt = w.now
		return tx.Org(t.Org).SaveRetreat(ctx, t)
	})
}

// resetting is the work on a retreat within one transaction.
type resetting struct {
	*Service
	ctx     context.Context
	tx      *store.Writer
	now     time.Time
	retreat *sso.Retreat
	by      sso.By // who stands behind it, as they are now
	org     sso.Organization
	rights  sso.Rights
}

func (w *resetting) work() error {
	t := w.retreat
	by, err := authority.Behind(w.ctx, w.tx.Reader, t.By, t.ByOrg, sso.ScopeSSOWrite, t.Address, w.now)
	if errors.Is(err, store.ErrNotFound) {
		return &fault.Error{Kind: fault.Denied, Code: "rights_owner", Want: "an owner", Got: "nobody", Fix: fault.AdminSide}
	}
	if err != nil {
		return err
	}
	if w.org, err = w.tx.Organization(w.ctx, t.Org); err != nil {
		return err
	}
	w.by = by
	w.rights = w.by.RightsIn(&w.org)
	if err := w.rights.Govern(); err != nil {
		return err
	}
	some, next, err := strandedOf(w.ctx, w.tx.Reader, t.Org, store.PeopleQuery{Limit: resetBatch, After: store.PeoplePlace{Key: t.AfterKey, User: t.AfterUser}})
	if err != nil {
		return err
	}
	for i := range some {
		left, err := w.reset(&some[i])
		if err != nil {
			return err
		}
		if !left { // goes on behind the one before
			t.NextAt = w.now.Add(resetPause)
			return nil
		}
		t.AfterKey, t.AfterUser = some[i].Place.Key, some[i].ID
	}
	if t.AfterKey, t.AfterUser = next.Key, next.User; next.User == "" {
		t.State = sso.RetreatDone
		return w.record("accounts.reset_done", string(t.Org), map[string]string{"sent": strconv.Itoa(t.Sent), "skipped": strconv.Itoa(t.Skipped)})
	}
	return nil
}

// reset resets the account of one person, by the rights of who stands behind it,
// and reports false where no mail is left for now.
func (w *resetting) reset(m *store.Member) (left bool, err error) {
	them, err := w.tx.Standing(w.ctx, m.ID)
	if err != nil {
		return false, err
	}
	if m.Email.IsZero() || w.rights.Recover(&them) != nil {
		w.retreat.Skipped++
		return true, nil
	}
	if left, err = w.Limits.Take(w.ctx, w.tx, backoff.Recoveries(w.org.Path[0])); err != nil || !left {
		return false, err
	}
	if err := w.Recovery.ResetAccount(w.ctx, w.tx, them.User, w.org.Name); err != nil {
		return false, err
	}
	w.retreat.Sent++
	return true, w.record("user.account_reset", string(m.ID), map[string]string{"with": "others"})
}

func (w *resetting) record(action, target string, detail map[string]string) error {
	return w.tx.Org(w.org.ID).Record(w.ctx, w.by.Event(w.now, action, target, detail))
}

// TurnOff has single sign-on be used no more in an organization. The list of
// people is kept by hand again. An organization below that demands it, and comes
// by the connections of this one, is in the way: it would be shut out. So would the
// people of a domain above that names one of them.
func (s *Service) TurnOff(ctx context.Context, e *Edit) error {
	return s.change(ctx, e, func(a *authority.Act, o *sso.Organization) error {
		if err := leaves(ctx, a); err != nil {
			return err
		}
		before := o.Settings()
		if err := o.Policy.TurnOff(); err != nil {
			return err
		}
		return a.Record("enforcement.off", string(o.ID), nil, o.Settings().Changed(before)...)
	})
}

// leaves refuses to leave an organization below, or the people of a domain above,
// without a way in.
func leaves(ctx context.Context, a *authority.Act) error {
	all, err := a.In.Connections(ctx)
	if err != nil {
		return err
	}
	own := make([]sso.ConnectionID, len(all))
	for i := range all {
		own[i] = all[i].ID
	}
	if err := a.KeepWayAbove(a.Key, own...); err != nil {
		return err
	}
	demanded, err := a.In.DemandedBelow(ctx)
	if err != nil || !demanded {
		return err
	}
	above, err := comeBy(ctx, a.Tx.Reader, a.Lineage[:len(a.Lineage)-1])
	if err != nil || len(above) > 0 {
		return err
	}
	return &fault.Error{Kind: fault.Conflict, Code: "sso_demanded_below", Want: "organizations below that demand no single sign-on, or have connections of their own", Got: a.Key, Fix: fault.AdminSide}
}
