package storetest

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func (w *world) clash(c sso.Connection, subject string, kind sso.ClashKind, candidates ...sso.UserID) sso.Conflict {
	at := w.later()
	return sso.Conflict{
		ID: sso.NewConflictID(at), Org: c.Org, Connection: c.ID, Subject: subject, Clash: sso.Clash{Kind: kind, Candidates: candidates},
		Asserted:  sso.Asserted{Subject: subject, Email: w.email("Alice@acme.example"), FirstName: "Alice", LastName: "Archer", Username: "alice", Groups: []string{"Staff"}, Unsent: true},
		Reference: "7F3K-22QD", Count: 1, State: sso.ConflictOpen, CreatedAt: at, SeenAt: at,
	}
}

func (w *world) note(c sso.Conflict) {
	w.Helper()
	w.write(func(tx *store.Writer) error { return tx.Org(c.Org).NoteConflict(w.ctx, c) })
}

func conflictsAreKept(w *world) {
	ctx, r := w.ctx, w.reader()
	acme, rival := w.addOrg("acme", nil), w.addOrg("rival", nil)
	c := w.addConnection(acme.ID, "acme-okta")
	list := func(org sso.OrgID, after store.Place, limit int) []sso.Conflict {
		w.Helper()
		return get[[]sso.Conflict](w, "Conflicts()")(r.Org(org).Conflicts(ctx, sso.ConflictOpen, after, limit))
	}
	missing[sso.Conflict](w, "Conflict()")(r.Org(acme.ID).Conflict(ctx, "cfl_none"))
	same(w, "Conflicts() of nobody", nil, list(acme.ID, store.Place{}, 10))

	first, second := w.clash(c, "alice", sso.ClashCandidates, "usr_1", "usr_2"), w.clash(c, "bob", sso.ClashDeleted, "usr_1")
	w.note(first)
	w.note(second)
	same(w, "Conflict()", first, get[sso.Conflict](w, "Conflict()")(r.Org(acme.ID).Conflict(ctx, first.ID)))
	missing[sso.Conflict](w, "Conflict() of another")(r.Org(rival.ID).Conflict(ctx, first.ID))
	same(w, "Conflicts()", []sso.Conflict{second, first}, list(acme.ID, store.Place{}, 10))
	same(w, "Conflicts() of another", nil, list(rival.ID, store.Place{}, 10))
	same(w, "the first page", []sso.Conflict{second}, list(acme.ID, store.Place{}, 1))
	same(w, "the next page", []sso.Conflict{first}, list(acme.ID, store.Place{At: second.SeenAt, ID: string(second.ID)}, 1))
	elsewhere := w.clash(c, "carol", sso.ClashDomain)
	w.refused(store.ErrReference, func(tx *store.Writer) error { return tx.Org(rival.ID).NoteConflict(ctx, elsewhere) })
	elsewhere.Org = rival.ID // the connection is not theirs
	w.refused(store.ErrReference, func(tx *store.Writer) error { return tx.Org(rival.ID).NoteConflict(ctx, elsewhere) })

	missing[sso.Conflict](w, "AllowedConflict() of an open one")(r.Org(acme.ID).AllowedConflict(ctx, c.ID, "bob"))
	if err := second.Decide(sso.RemedyAllow, "usr_o", w.later()); err != nil {
		w.Fatal(err)
	}
	decide := func(org sso.OrgID) func(tx *store.Writer) error {
		return func(tx *store.Writer) error { return tx.Org(org).DecideConflict(ctx, second, sso.ConflictOpen) }
	}
	w.conflict(store.StaleVersion, decide(rival.ID))
	w.write(decide(acme.ID))
	full(w, second)
	w.conflict(store.StaleVersion, decide(acme.ID))
	same(w, "AllowedConflict()", second, get[sso.Conflict](w, "AllowedConflict()")(r.Org(acme.ID).AllowedConflict(ctx, c.ID, "bob")))
	missing[sso.Conflict](w, "AllowedConflict() of another subject")(r.Org(acme.ID).AllowedConflict(ctx, c.ID, "alice"))
	missing[sso.Conflict](w, "AllowedConflict() of another")(r.Org(rival.ID).AllowedConflict(ctx, c.ID, "bob"))

	w.write(func(tx *store.Writer) error {
		n, err := tx.DeleteExpired(ctx, second.SeenAt.Add(store.ConflictLife), store.Retention{})
		if n != 2 {
			w.Errorf("DeleteExpired() deletes %d, want both", n)
		}
		return err
	})
	missing[sso.Conflict](w, "Conflict() past its life")(r.Org(acme.ID).Conflict(ctx, first.ID))
}

func conflictsAreSeenAgain(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	c := w.addConnection(acme.ID, "acme-okta")
	read := func(id sso.ConflictID) sso.Conflict {
		w.Helper()
		return get[sso.Conflict](w, "Conflict()")(w.reader().Org(acme.ID).Conflict(ctx, id))
	}
	first := w.clash(c, "alice", sso.ClashCandidates, "usr_1", "usr_2")
	w.note(first)
	w.note(w.clash(c, "alice", sso.ClashDomain)) // another kind is another conflict
	decide := func(do sso.Remedy, was sso.ConflictState) {
		w.Helper()
		now := read(first.ID)
		if err := now.Decide(do, "usr_o", w.later()); err != nil {
			w.Fatal(err)
		}
		w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).DecideConflict(ctx, now, was) })
	}
	again := func(candidates ...sso.UserID) sso.Conflict {
		w.Helper()
		next := w.clash(c, "alice", sso.ClashCandidates, candidates...)
		next.Reference = "22QD-7F3K"
		w.note(next)
		got := read(first.ID)
		if got.Reference != next.Reference || !got.SeenAt.Equal(next.SeenAt) || !got.CreatedAt.Equal(first.CreatedAt) {
			w.Errorf("seen again: %+v", got)
		}
		return got
	}
	if got := again("usr_1", "usr_2"); got.Count != 2 || got.State != sso.ConflictOpen {
		w.Errorf("seen twice: %d times, %s", got.Count, got.State)
	}
	decide(sso.RemedyRefuse, sso.ConflictOpen)
	if got := again("usr_1", "usr_2"); got.Count != 3 || got.State != sso.ConflictRefused {
		w.Errorf("seen again after it was refused: %d times, %s", got.Count, got.State)
	}
	if got := again("usr_1", "usr_3"); got.State != sso.ConflictOpen {
		w.Errorf("seen again between others: %s, want open", got.State)
	}
	decide(sso.RemedyRelink, sso.ConflictOpen)
	anew := w.clash(c, "alice", sso.ClashCandidates, "usr_1", "usr_3")
	w.note(anew)
	if got := read(anew.ID); got.State != sso.ConflictOpen || got.Count != 1 {
		w.Errorf("after the first was solved: %+v", got)
	}
	if got := read(first.ID); got.State != sso.ConflictSolved {
		w.Errorf("the solved one is %s", got.State)
	}
}

func oneOfManyDecides(w *world) {
	acme := w.addOrg("acme", nil)
	c := w.clash(w.addConnection(acme.ID, "acme-okta"), "alice", sso.ClashCandidates, "usr_1", "usr_2")
	w.note(c)
	if err := c.Decide(sso.RemedyRelink, "usr_o", w.later()); err != nil {
		w.Fatal(err)
	}
	var won atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			err := w.db.Write(w.ctx, func(tx *store.Writer) error { return tx.Org(acme.ID).DecideConflict(w.ctx, c, sso.ConflictOpen) })
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, store.ErrConflict):
				w.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		w.Errorf("%d have decided, want one", won.Load())
	}
}
