package storetest

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

const day = 24 * time.Hour

// ruled adds an organization with a rule about inactivity; 0: none of its own.
func (w *world) ruled(key string, parent *sso.Organization, after time.Duration) sso.Organization {
	w.Helper()
	o := w.organization(key, parent)
	o.Policy.InactiveAfter = sso.DurationOf(after)
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(w.ctx, o) })
	o.Version = 1
	return o
}

// seen adds a user who was made long ago and last came so long ago.
func (w *world) seen(home sso.OrgID, name string, ago time.Duration) sso.User {
	w.Helper()
	u := w.user(home, name)
	u.CreatedAt = w.now.Add(-3000 * day)
	u.UpdatedAt, u.LastSignInAt = u.CreatedAt, w.now.Add(-ago)
	w.write(func(tx *store.Writer) error { return tx.Org(home).SaveUser(w.ctx, u) })
	u.Version = 1
	return u
}

// idle returns who the database says is idle, by their name.
func (w *world) idle(users map[string]sso.UserID) map[string]sso.Idle {
	w.Helper()
	all := get[[]sso.Idle](w, "Idle()")(w.reader().Idle(w.ctx, w.now, 1000))
	names := map[sso.UserID]string{}
	for name, id := range users {
		names[id] = name
	}
	got := map[string]sso.Idle{}
	for _, i := range all {
		if _, twice := got[names[i.User]]; twice {
			w.Errorf("%s is listed twice", names[i.User])
		}
		got[names[i.User]] = i
	}
	among := get[[]sso.Idle](w, "IdleAmong()")(w.reader().IdleAmong(w.ctx, w.now, slices.Collect(maps.Values(users))))
	if len(among) != len(all) {
		w.Errorf("IdleAmong() of all gives %d, Idle() %d", len(among), len(all))
	}
	return got
}

// idleAgrees holds the statement to the rule of package sso, on both sides of
// every limit.
func idleAgrees(w *world) {
	users, want := map[string]sso.UserID{}, map[string]sso.IdleStep{}
	for _, after := range []time.Duration{time.Hour, day, 2 * day, 7 * day, 8 * day, 90 * day} {
		org := w.ruled(fmt.Sprintf("org-%d", after/time.Hour), nil, after)
		for _, before := range []time.Duration{-100 * day, 0, time.Hour, day, 2 * day, 7 * day, 8 * day} {
			for _, off := range []time.Duration{-time.Microsecond, 0, time.Microsecond} {
				for _, warned := range []time.Duration{0, time.Hour, 3 * day, 6 * day, 7 * day, 10 * day} {
					ago := after - before + off
					if ago < 0 {
						continue
					}
					name := fmt.Sprintf("u%d", len(users))
					u := w.seen(org.ID, name, ago)
					i := sso.Idle{After: after, Last: u.LastSignInAt}
					if warned > 0 {
						i.Warned = w.now.Add(-warned + off)
						w.write(func(tx *store.Writer) error { return tx.NoteWarning(w.ctx, u.ID, i.Warned) })
					}
					users[name], want[name] = u.ID, i.Due(w.now)
				}
			}
		}
	}
	got := w.idle(users)
	counts := map[sso.IdleStep]int{}
	for name, step := range want {
		counts[step]++
		i, listed := got[name]
		switch {
		case listed != (step != sso.IdleRest):
			w.Errorf("%s: listed %v, and the rule says %q", name, listed, step)
		case listed && i.Due(w.now) != step:
			w.Errorf("%s: listed as %+v, which says %q, want %q", name, i, i.Due(w.now), step)
		}
	}
	if len(counts) != 3 {
		w.Errorf("the samples are %v, want some of each kind", counts)
	}
}

func idlePeopleAreFound(w *world) {
	ctx := w.ctx
	none[sso.Idle](w, "Idle()")(w.reader().Idle(ctx, w.now, 10))
	none[sso.Idle](w, "IdleAmong()")(w.reader().IdleAmong(ctx, w.now, nil))
	root := w.ruled("root", nil, 90*day)
	strict := w.ruled("strict", &root, 30*day)
	lax := w.ruled("lax", &root, 365*day)
	free := w.ruled("free", nil, 0)

	users := map[string]sso.UserID{}
	add := func(name string, org *sso.Organization, ago time.Duration) sso.User {
		u := w.seen(org.ID, name, ago)
		users[name] = u.ID
		return u
	}
	add("fresh", &root, 10*day)
	gone := add("gone", &root, 100*day)
	add("strict", &strict, 40*day) // by its own rule
	add("lax", &lax, 100*day)      // by the rule above, which it cannot loosen
	add("free", &free, 1000*day)

	cared := add("cared-for", &root, 100*day)
	cared.UpdatedAt = w.now.Add(-day)
	w.write(func(tx *store.Writer) error { return tx.Org(root.ID).SaveUser(ctx, cared) })

	suspended := add("suspended", &root, 100*day)
	suspended.State = sso.UserSuspended
	w.write(func(tx *store.Writer) error { return tx.Org(root.ID).SaveUser(ctx, suspended) })

	never := w.user(root.ID, "never") // came
	never.CreatedAt, never.UpdatedAt, never.LastSignInAt = w.now.Add(-100*day), w.now.Add(-100*day), time.Time{}
	w.write(func(tx *store.Writer) error { return tx.Org(root.ID).SaveUser(ctx, never) })
	users["never"] = never.ID

	busy := add("busy", &root, 100*day) // with a session of long ago
	w.addMember(root.ID, busy.ID)
	s, token := w.session(root.ID, busy.ID, "")
	s.SeenAt, s.Actor = w.now.Add(-day), ""
	w.write(func(tx *store.Writer) error { return tx.InsertSession(ctx, s, token) })

	regular := add("regular", &root, 100*day) // came yesterday, with a session that is gone
	w.addMember(root.ID, regular.ID)
	s, token = w.session(root.ID, regular.ID, "")
	s.SeenAt, s.ExpiresAt, s.Actor = w.now.Add(-90*day), w.now, ""
	w.write(func(tx *store.Writer) error { return tx.InsertSession(ctx, s, token) })
	w.write(func(tx *store.Writer) error { return tx.TouchSession(ctx, s.ID, w.now.Add(-day)) })
	w.write(func(tx *store.Writer) error { _, err := tx.DeleteExpired(ctx, w.now, store.Retention{}); return err })
	same(w, "Presence()", w.now.Add(-day), get[time.Time](w, "Presence()")(w.reader().Presence(ctx, regular.ID)))
	same(w, "Presence() of who never came", time.Time{}, get[time.Time](w, "Presence()")(w.reader().Presence(ctx, gone.ID)))

	acted := add("acted", &root, 100*day) // did not come: somebody acts as them
	w.addMember(root.ID, acted.ID)
	s, token = w.session(root.ID, acted.ID, "")
	s.SeenAt, s.Actor, s.ActorSession = w.now.Add(-day), regular.ID, "ses_operator"
	w.write(func(tx *store.Writer) error { return tx.InsertSession(ctx, s, token) })
	w.write(func(tx *store.Writer) error { return tx.TouchSession(ctx, s.ID, w.now) })

	own := func(name string, org *sso.Organization) {
		w.write(func(tx *store.Writer) error {
			return tx.Org(org.ID).SaveMembership(ctx, sso.Membership{Org: org.ID, User: users[name], Role: sso.RoleOwner, CreatedAt: w.now, UpdatedAt: w.now})
		})
	}
	add("last-owner", &root, 100*day)
	own("last-owner", &strict)
	add("one-of-two", &root, 100*day)
	own("one-of-two", &lax)
	own("fresh", &lax)
	add("beside-suspended", &root, 100*day)
	own("beside-suspended", &free)
	own("suspended", &free)

	got := w.idle(users)
	same(w, "who is idle", []string{"acted", "gone", "lax", "never", "one-of-two", "strict"}, slices.Sorted(maps.Keys(got)))
	same(w, "one of them", sso.Idle{User: gone.ID, Home: root.ID, After: 90 * day, Last: gone.LastSignInAt}, got["gone"])
	if got["strict"].After != 30*day || got["lax"].After != 90*day {
		w.Errorf("the rules are %v and %v, want the strictest of the line", got["strict"].After, got["lax"].After)
	}
	if some := get[[]sso.Idle](w, "Idle()")(w.reader().Idle(ctx, w.now, 2)); len(some) != 2 {
		w.Errorf("Idle() of two gives %d", len(some))
	}

	// A rule that is taken back holds nobody any more, nor one that moved away.
	root.Policy.InactiveAfter = 0
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, root) })
	same(w, "who is idle by the rules that are left", []string{"strict"}, slices.Sorted(maps.Keys(w.idle(users))))
}

func warningsAreNoted(w *world) {
	org := w.ruled("acme", nil, 90*day)
	u := w.seen(org.ID, "alice", 85*day)
	users := map[string]sso.UserID{"alice": u.ID}
	if got := w.idle(users); len(got) != 1 || !got["alice"].Warned.IsZero() {
		w.Fatalf("idle are %v, want Alice, who was never warned", got)
	}
	w.write(func(tx *store.Writer) error { return tx.NoteWarning(w.ctx, u.ID, w.now.Add(-100*day)) })
	if got := w.idle(users)["alice"]; !got.Warned.Equal(w.now.Add(-100 * day)) {
		w.Errorf("Alice is %+v, want her warned long ago", got)
	}
	w.write(func(tx *store.Writer) error { return tx.NoteWarning(w.ctx, u.ID, w.now) })
	if got := w.idle(users); len(got) != 0 {
		w.Errorf("idle are %v, want nobody: she was warned", got)
	}
	w.refused(store.ErrReference, func(tx *store.Writer) error { return tx.NoteWarning(w.ctx, "usr_none", w.now) })
}
