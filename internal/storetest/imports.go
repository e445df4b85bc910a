package storetest

import (
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func (w *world) imported(org sso.OrgID, state sso.ImportState) sso.Import {
	at := w.later()
	return sso.Import{
		ID: sso.NewImportID(at), Org: org, State: state, Name: "people.csv", Options: sso.ImportOptions{Role: sso.RoleMember, Welcome: true},
		By: "usr_x", ByOrg: "org_x", Actor: "usr_y", Address: "192.0.2.1", Total: 5, Judged: 4, Done: 3, Failed: 2, Code: "rights_owner", Line: 3,
		CreatedAt: at, UpdatedAt: at, ExpiresAt: at.Add(sso.ImportLife),
	}
}

func importRow(line int, verdict sso.ImportVerdict) sso.ImportRow {
	return sso.ImportRow{
		Line: line, Verdict: verdict, Code: "ident_email", Detail: "x", User: "usr_a", Changes: []string{"role"}, DoneAt: time.Unix(1, 0).UTC(),
		Row: sso.PersonRow{
			Email: "a@acme.example", Username: "a", FirstName: "A", LastName: "B", Role: "member", Groups: []string{"ops"}, Organizations: []string{"emea"},
			Language: "de", PasswordHash: "$argon2id$x",
		},
	}
}

func importsAreKept(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	r := w.reader()
	i := w.imported(acme.ID, sso.ImportRunning)
	missing[sso.Import](w, "Import()")(r.Org(acme.ID).Import(ctx, i.ID))
	missing[sso.Import](w, "NextImport()")(r.NextImport(ctx))
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveImport(ctx, i) })
	i.Version = 1
	same(w, "Import()", full(w, i), get[sso.Import](w, "Import()")(r.Org(acme.ID).Import(ctx, i.ID)))
	later := w.imported(acme.ID, sso.ImportJudging)
	ready := w.imported(acme.ID, sso.ImportReady)
	for _, next := range []sso.Import{later, ready} {
		w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveImport(ctx, next) })
	}
	same(w, "NextImport()", i, get[sso.Import](w, "NextImport()")(r.NextImport(ctx)))
	same(w, "Imports()", 2, len(get[[]sso.Import](w, "Imports()")(r.Org(acme.ID).Imports(ctx, 2))))

	rows := []sso.ImportRow{importRow(2, sso.RowNew), importRow(4, sso.RowBad), importRow(3, sso.RowNew)}
	rows[2].DoneAt = time.Time{}
	full(w, rows[0])
	full(w, rows[0].Row)
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).InsertImportRows(ctx, i.ID, rows) })
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).InsertImportRows(ctx, i.ID, nil) })
	w.refused(store.ErrReference, func(tx *store.Writer) error {
		return tx.Org(other.ID).InsertImportRows(ctx, i.ID, []sso.ImportRow{importRow(9, sso.RowNew)})
	})
	list := func(verdict sso.ImportVerdict, after, limit int) []sso.ImportRow {
		w.Helper()
		return get[[]sso.ImportRow](w, "ImportRows()")(r.Org(acme.ID).ImportRows(ctx, i.ID, verdict, after, limit))
	}
	same(w, "ImportRows()", []sso.ImportRow{rows[0], rows[2], rows[1]}, list("", 0, 10))
	same(w, "ImportRows() behind a line", []sso.ImportRow{rows[2]}, list("", 2, 1))
	same(w, "ImportRows() of a verdict", []sso.ImportRow{rows[0], rows[2]}, list(sso.RowNew, 0, 10))
	same(w, "CountImportRows()", map[sso.ImportVerdict]int{sso.RowNew: 2, sso.RowBad: 1},
		get[map[sso.ImportVerdict]int](w, "CountImportRows()")(r.Org(acme.ID).CountImportRows(ctx, i.ID)))

	row := rows[2]
	row.Verdict, row.User, row.Changes, row.Code, row.Detail, row.DoneAt = sso.RowChanged, "", nil, "", "", w.later()
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.Org(other.ID).SaveImportRow(ctx, i.ID, row) })
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveImportRow(ctx, i.ID, row) })
	same(w, "a saved row", []sso.ImportRow{row}, list(sso.RowChanged, 0, 10))

	stale := i
	i.State, i.Options, i.By, i.ByOrg, i.Actor, i.Address = sso.ImportDone, sso.ImportOptions{Role: sso.RoleAdmin}, "usr_z", "org_z", "", "::1"
	i.Total, i.Judged, i.Done, i.Failed, i.Code, i.Line, i.UpdatedAt, i.ExpiresAt = 9, 8, 7, 6, "", 5, w.later(), w.later()
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveImport(ctx, i) })
	i.Version++
	same(w, "a saved import", i, get[sso.Import](w, "Import()")(r.Org(acme.ID).Import(ctx, i.ID)))
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.Org(acme.ID).SaveImport(ctx, stale) })
	w.refused(store.ErrReference, func(tx *store.Writer) error { return tx.Org(other.ID).SaveImport(ctx, i) })
	same(w, "NextImport()", later.ID, get[sso.Import](w, "NextImport()")(r.NextImport(ctx)).ID)

	w.write(func(tx *store.Writer) error {
		_, err := tx.DeleteExpired(ctx, i.ExpiresAt, store.Retention{})
		return err
	})
	missing[sso.Import](w, "Import() past its time")(r.Org(acme.ID).Import(ctx, i.ID))
	none[sso.ImportRow](w, "ImportRows() past their time")(r.Org(acme.ID).ImportRows(ctx, i.ID, "", 0, 10))
	if _, err := r.Org(acme.ID).Import(ctx, later.ID); errors.Is(err, store.ErrNotFound) {
		w.Error("an import went before its time")
	}
}
