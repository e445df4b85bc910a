package enforce_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// mailing gives the service what it mails with.
func (f *firm) mailing() {
	f.Helper()
	sealer, err := secret.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		f.Fatal(err)
	}
	f.Service.Recovery = &recovery.Service{Outbox: &notify.Outbox{Sealer: sealer, Now: f.now}, Now: f.now}
	f.Service.Limits = backoff.Limiter{DB: f.DB, Now: f.now}
}

// written returns to whom mails wait to be sent, in order.
func (f *firm) written() []string {
	f.Helper()
	var to []string
	f.write(func(tx *store.Writer) error {
		to = nil
		messages, err := tx.Messages(f.Context(), store.MessageWaiting, store.MessageCursor{}, 500)
		for _, m := range messages {
			to = append(to, strings.TrimSuffix(m.To, "@acme.example"))
		}
		return err
	})
	slices.Sort(to)
	return to
}

// works until there is nothing to do.
func (f *firm) works() {
	f.Helper()
	for range 50 {
		more, err := f.Work(f.Context())
		must(f, "Work()", err)
		if !more {
			return
		}
	}
	f.Fatal("there is always more to do")
}

func (f *firm) retreat() enforce.Retreat {
	f.Helper()
	got, err := f.Retreat(f.Context(), f.place())
	must(f, "Retreat()", err)
	return got
}

// crowd adds people without a way in beside single sign-on, and some who have
// one or are beyond reach.
func (f *firm) crowd(n int) {
	f.Helper()
	f.saves(&f.olga, func(u *sso.User) { u.SetPassword("$argon2id$x", f.now()) })
	for i := range n {
		f.add(&f.acme, fmt.Sprintf("p%02d", i), sso.RoleMember)
	}
	keyed, nameless, gone := f.add(&f.acme, "keyed", sso.RoleMember), f.add(&f.acme, "nameless", sso.RoleMember), f.add(&f.acme, "gone", sso.RoleMember)
	f.write(func(tx *store.Writer) error {
		now := f.now()
		return tx.InsertFactor(f.Context(), sso.Factor{ID: sso.NewFactorID(now), User: keyed.User.ID, Kind: sso.FactorPasskey, Name: "Key", Passkey: &sso.Passkey{Credential: []byte("k")}, CreatedAt: now})
	})
	f.saves(&nameless, func(u *sso.User) { u.Email = sso.Email{} })
	f.saves(&gone, func(u *sso.User) { u.State = sso.UserSuspended })
	f.joins(&f.rita, sso.RoleMember) // a guest
}

// Before single sign-on is turned off it is seen who would have no way in; each
// of them is written to once, however the work is cut up, and nobody else is.
func TestWhoHasNoOtherWayInIsWrittenTo(t *testing.T) {
	t.Parallel()
	eachFirm(t, func(f *firm) {
		f.mailing()
		f.crowd(60) // more than one transaction takes
		owner := signedIn(&f.olga)
		if got := f.retreat(); got.Stranded != 61 || got.Resets != nil {
			f.Errorf("%d would have no way in, want 61", got.Stranded)
		}
		list, err := f.Stranded(f.Context(), f.place(), store.PeoplePlace{})
		if err != nil || len(list.People) != enforce.StrandedPage || list.Next.User == "" {
			f.Errorf("Stranded() = %d people, %v", len(list.People), err)
		}
		rest, err := f.Stranded(f.Context(), f.place(), list.Next)
		if err != nil || len(rest.People) != 61-enforce.StrandedPage || rest.Next.User != "" {
			f.Errorf("the next page has %d people, %v", len(rest.People), err)
		}
		adam := f.add(&f.acme, "adam", sso.RoleAdmin)
		f.saves(&adam, func(u *sso.User) { u.SetPassword("$argon2id$x", f.now()) })
		refused(f, "beginning by an administrator", f.ResetStranded(f.Context(), signedIn(&adam), f.acme.ID), "rights_owner")
		refused(f, "beginning by a setup link", f.ResetStranded(f.Context(), holding(f.link), f.acme.ID), "setup_link_scope")
		must(f, "beginning", f.ResetStranded(f.Context(), owner, f.acme.ID))
		refused(f, "beginning again", f.ResetStranded(f.Context(), owner, f.acme.ID), "retreat_running")
		more, err := f.Work(f.Context())
		must(f, "the first part", err)
		if got := f.retreat().Resets; !more || got.State != sso.RetreatRunning || got.Sent == 0 || got.Sent >= 60 {
			f.Errorf("after the first part: %+v", got)
		}
		if got := f.retreat().Stranded; got != 61 {
			f.Errorf("while it is worked on, it is about %d", got)
		}
		f.works()
		got := f.retreat().Resets
		if got.State != sso.RetreatDone || got.Sent != 60 || got.Skipped != 1 || got.Total != 61 {
			f.Errorf("at the end: %+v", got)
		}
		to := f.written()
		if len(to) != 60 || len(slices.Compact(slices.Clone(to))) != 60 || !strings.HasPrefix(to[0], "p") || !strings.HasPrefix(to[59], "p") {
			f.Errorf("%d were written to: %v", len(to), to)
		}
		if audit := f.audit(); audit[0] != "accounts.reset_begun" || !slices.Contains(audit, "accounts.reset_done") || len(audit) != 62 {
			f.Errorf("%d lines of the audit list", len(audit))
		}
	})
}

// Where as many mails have left as may, the work waits and goes on where it was;
// who stands behind it must be somebody who may do it, all the time.
func TestTheWorkWaitsAndStops(t *testing.T) {
	t.Parallel()
	eachFirm(t, func(f *firm) {
		f.mailing()
		f.crowd(5)
		owner := signedIn(&f.olga)
		f.write(func(tx *store.Writer) error { // as many as there are have left today
			what := secret.HashOf([]byte("try\x00recoveries\x00" + string(f.acme.ID)))
			_, err := tx.Try(f.Context(), what, "", 1, 24*time.Hour, f.now())
			return err
		})
		must(f, "beginning", f.ResetStranded(f.Context(), owner, f.acme.ID))
		f.works()
		if got := f.retreat().Resets; got.State != sso.RetreatRunning || got.Sent != 0 || !got.NextAt.After(f.now()) {
			f.Errorf("without mails: %+v", got)
		}
		f.at.Add(time.Hour.Microseconds())
		f.works()
		if got := f.retreat().Resets; got.State != sso.RetreatDone || got.Sent != 5 || len(f.written()) != 5 {
			f.Errorf("with mails again: %+v", got)
		}
		must(f, "beginning once more", f.ResetStranded(f.Context(), owner, f.acme.ID))
		must(f, "stopping", f.StopResets(f.Context(), owner, f.acme.ID))
		f.works()
		if got := f.retreat().Resets; got.State != sso.RetreatStopped || got.Sent != 0 || len(f.written()) != 5 {
			f.Errorf("after it was stopped: %+v", got)
		}
		must(f, "beginning once more", f.ResetStranded(f.Context(), owner, f.acme.ID))
		f.write(func(tx *store.Writer) error {
			m, err := tx.Org(f.acme.ID).Membership(f.Context(), f.olga.User.ID)
			if err != nil {
				return err
			}
			m.Role = sso.RoleMember
			return tx.Org(f.acme.ID).SaveMembership(f.Context(), m)
		})
		f.works()
		if got := f.retreat().Resets; got.State != sso.RetreatStopped || got.Code != "rights_owner" || len(f.written()) != 5 {
			f.Errorf("by who is no owner any more: %+v", got)
		}
	})
}

// Any number of nodes work at the same time, and nobody is written to twice.
func TestNobodyIsWrittenToTwice(t *testing.T) {
	t.Parallel()
	eachFirm(t, func(f *firm) {
		f.mailing()
		f.crowd(8)
		must(f, "beginning", f.ResetStranded(f.Context(), signedIn(&f.olga), f.acme.ID))
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, err := f.Work(f.Context()); err != nil && !strings.Contains(err.Error(), "conflict") {
					f.Errorf("Work() = %v", err)
				}
			})
		}
		all.Wait()
		f.works()
		if to := f.written(); len(to) != 8 || len(slices.Compact(slices.Clone(to))) != 8 {
			f.Errorf("written to: %v", to)
		}
	})
}

// Turning it off takes back all that hangs on it, once, and is written down.
func TestTurningSingleSignOnOff(t *testing.T) {
	t.Parallel()
	eachFirm(t, func(f *firm) {
		edit := func(who *enforce.Edit) *enforce.Edit {
			who.Org = f.acme.ID
			f.write(func(tx *store.Writer) error {
				o, err := tx.Organization(f.Context(), f.acme.ID)
				who.Version = o.Version
				return err
			})
			return who
		}
		f.settles(func(p *sso.Policy) {
			p.SSO, p.Managed, p.LocalUntil, p.Pause = sso.SSORequired, true, f.now(), sso.Pause{Until: f.now().Add(time.Hour)}
		}, func(*sso.Connection) {})
		refused(f, "by a setup link", f.TurnOff(f.Context(), edit(&enforce.Edit{Who: holding(f.link)})), "setup_link_scope")
		stale := edit(&enforce.Edit{Who: signedIn(&f.olga)})
		stale.Version--
		refused(f, "what was changed since", f.TurnOff(f.Context(), stale), "enforce_changed")
		must(f, "turning it off", f.TurnOff(f.Context(), edit(&enforce.Edit{Who: signedIn(&f.olga)})))
		p := f.retreat().Organization.Policy
		if p.SSOOn() || p.Managed || !p.LocalUntil.IsZero() || !p.Pause.Until.IsZero() {
			f.Errorf("afterwards the policy is %+v", p)
		}
		refused(f, "turning it off again", f.TurnOff(f.Context(), edit(&enforce.Edit{Who: signedIn(&f.olga)})), "sso_off_already")
		refused(f, "beginning where nobody is stranded", func() error {
			f.saves(&f.olga, func(u *sso.User) { u.SetPassword("$argon2id$x", f.now()) })
			return f.ResetStranded(f.Context(), signedIn(&f.olga), f.acme.ID)
		}(), "retreat_nobody")
		if got := f.audit(); !slices.Equal(got, []string{"enforcement.off"}) {
			f.Errorf("audit %v", got)
		}
	})
}

// Nor does turning it off below shut out the people of a domain above that names a
// connection there.
func TestTurningItOffLeavesNobodyAboveWithoutAWayIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		root := h.addOrg("acme-group")
		acme := h.stored()
		must(h, "placing it", acme.Place(&root))
		d := sso.NewDomain(root.ID, "group.example", h.now())
		d.Vouch(h.now())
		d.PasswordOff, d.Connection = true, h.connection.ID
		h.write(func(tx *store.Writer) error {
			return errors.Join(tx.SaveOrganization(ctx, acme), tx.Org(root.ID).SaveDomain(ctx, d))
		})
		refused(h, "who comes by it", h.TurnOff(ctx, h.edit(&h.owner)), "connection_demanded_above")
		d.PasswordOff = false
		h.write(func(tx *store.Writer) error { return tx.Org(root.ID).SaveDomain(ctx, d) })
		must(h, "twin: who may come otherwise", h.TurnOff(ctx, h.edit(&h.owner)))
	})
}

// What is turned off above is not what an organization below demands that its
// people come by.
func TestTurningItOffLeavesNobodyBelowWithoutAWayIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx, now := h.Context(), h.now()
		below := sso.Organization{ID: sso.NewOrgID(now), Key: "acme-emea", Name: "EMEA", State: sso.OrgActive, CreatedAt: now, UpdatedAt: now}
		must(h, "placing it", below.Place(&h.acme))
		below.Policy.SSO = sso.SSORequired
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, below) })
		refused(h, "who comes by it", h.TurnOff(ctx, h.edit(&h.owner)), "sso_demanded_below")
		if !h.stored().Policy.SSOOn() {
			h.Error("it is off")
		}
		below.Policy.SSO, below.Version = sso.SSOOptional, 1
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, below) })
		must(h, "who may come otherwise", h.TurnOff(ctx, h.edit(&h.owner)))
	})
}
