package storetest

import (
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// tracesAreFound lists traces by each thing that they are found by, page by
// page, and those of an organization to nobody else.
func tracesAreFound(w *world) {
	ctx, r := w.ctx, w.reader()
	begin := w.later()
	insert := func(org sso.OrgID, change func(*sso.Trace)) sso.Trace {
		w.Helper()
		t := w.trace(org)
		change(&t)
		w.write(func(tx *store.Writer) error { return tx.InsertTrace(ctx, t) })
		return t
	}
	worked := func(t *sso.Trace) { t.Code = "" }
	a := insert("org_a", worked)
	b := insert("org_a", func(t *sso.Trace) { t.Who, t.User, t.Connection = "bob@acme.example", "usr_b", "con_b" })
	c := insert("org_b", func(t *sso.Trace) { t.Who = "bob@acme.example" })
	middle := w.later()
	d := insert("org_a", func(t *sso.Trace) { t.Who, t.User, t.Connection, t.Code = "", "", "", "" })
	nobody := insert("", func(t *sso.Trace) { t.Who = "x" })

	all := func(q store.TraceQuery) []sso.Trace {
		w.Helper()
		q.Limit = 10
		return get[store.TracePage](w, "ListTraces()")(r.ListTraces(ctx, q)).Traces
	}
	own := func(org sso.OrgID, q store.TraceQuery) []sso.Trace {
		w.Helper()
		q.Limit = 10
		return get[store.TracePage](w, "Org().ListTraces()")(r.Org(org).ListTraces(ctx, q)).Traces
	}
	for _, x := range []struct {
		name string
		q    store.TraceQuery
		all  []sso.Trace
		own  []sso.Trace // of org_a
	}{
		{"any", store.TraceQuery{}, []sso.Trace{nobody, d, c, b, a}, []sso.Trace{d, b, a}},
		{"refused", store.TraceQuery{Result: store.Refused}, []sso.Trace{nobody, c, b}, []sso.Trace{b}},
		{"worked", store.TraceQuery{Result: store.Worked}, []sso.Trace{d, a}, []sso.Trace{d, a}},
		{"of a name", store.TraceQuery{Who: "bob@acme.example"}, []sso.Trace{c, b}, []sso.Trace{b}},
		{"of a name that nobody has", store.TraceQuery{Who: "carol"}, nil, nil},
		{"of a user", store.TraceQuery{User: "usr_b"}, []sso.Trace{b}, []sso.Trace{b}},
		{"of a user and a name", store.TraceQuery{User: "usr_x", Who: "bob@acme.example"}, []sso.Trace{c}, nil},
		{"of a connection", store.TraceQuery{Connection: "con_x"}, []sso.Trace{nobody, c, a}, []sso.Trace{a}},
		{"of a connection, refused", store.TraceQuery{Connection: "con_x", Result: store.Refused}, []sso.Trace{nobody, c}, nil},
		{"of a name at a connection", store.TraceQuery{Connection: "con_b", Who: "bob@acme.example"}, []sso.Trace{b}, []sso.Trace{b}},
		{"of late", store.TraceQuery{From: middle}, []sso.Trace{nobody, d}, []sso.Trace{d}},
		{"of before", store.TraceQuery{To: middle}, []sso.Trace{c, b, a}, []sso.Trace{b, a}},
		{"of a name that no engine can hold", store.TraceQuery{Who: "a\x00"}, nil, nil},
	} {
		same(w, "traces "+x.name, x.all, all(x.q))
		same(w, "traces of the organization "+x.name, x.own, own("org_a", x.q))
		same(w, "traces of an organization without any "+x.name, nil, own("org_c", x.q))
	}

	var paged []sso.Trace
	q := store.TraceQuery{Limit: 2}
	for range 5 {
		p := get[store.TracePage](w, "ListTraces()")(r.ListTraces(ctx, q))
		paged = append(paged, p.Traces...)
		if p.Next.ID == "" {
			break
		}
		q.After = p.Next
	}
	same(w, "traces page by page", []sso.Trace{nobody, d, c, b, a}, paged)
	if !begin.Before(a.At) {
		w.Errorf("the clock of the test stands still")
	}
}

// tracesEnd stores how an attempt went on after its trace was kept, and what was
// sent, sealed, for as long as that is kept.
func tracesEnd(w *world) {
	ctx, r := w.ctx, w.reader()
	first, other := w.trace("org_a"), w.trace("org_a")
	w.write(func(tx *store.Writer) error { return tx.InsertTrace(ctx, first) })
	w.write(func(tx *store.Writer) error { return tx.InsertTrace(ctx, other) })
	ended := first
	ended.Hops = sso.AddHop(first.Hops, sso.Hop{Step: sso.HopFinish, At: w.later()})
	ended.Code, ended.Want, ended.Got, ended.Fix, ended.User = "", "", "", "", "usr_z"
	w.write(func(tx *store.Writer) error { return tx.EndTrace(ctx, ended) })
	same(w, "Trace() of one that has ended", ended, get[sso.Trace](w, "Trace()")(r.Trace(ctx, first.Reference)))
	same(w, "Trace() of another", other, get[sso.Trace](w, "Trace()")(r.Trace(ctx, other.Reference)))
	gone := ended
	gone.Reference = "0000-0000"
	w.write(func(tx *store.Writer) error { return tx.EndTrace(ctx, gone) })

	missing[[]byte](w, "TraceMessage()")(r.TraceMessage(ctx, first.Reference))
	at := w.later()
	w.write(func(tx *store.Writer) error {
		return tx.KeepMessage(ctx, first.Reference, []byte{1, 0, 255}, at)
	})
	same(w, "TraceMessage()", []byte{1, 0, 255}, get[[]byte](w, "TraceMessage()")(r.TraceMessage(ctx, first.Reference)))
	w.conflict("trace_messages_reference", func(tx *store.Writer) error {
		return tx.KeepMessage(ctx, first.Reference, []byte{2}, at)
	})
	sweep := func(now time.Time) {
		w.Helper()
		w.write(func(tx *store.Writer) error { _, err := tx.DeleteExpired(ctx, now, store.Retention{}); return err })
	}
	sweep(at.Add(store.MessageLife - time.Second))
	same(w, "TraceMessage() before its time", []byte{1, 0, 255}, get[[]byte](w, "TraceMessage()")(r.TraceMessage(ctx, first.Reference)))
	w.write(func(tx *store.Writer) error { // where they are kept for longer
		_, err := tx.DeleteExpired(ctx, at.Add(store.MessageLife), store.Retention{Messages: 2 * store.MessageLife})
		return err
	})
	same(w, "TraceMessage() that is kept for longer", []byte{1, 0, 255}, get[[]byte](w, "TraceMessage()")(r.TraceMessage(ctx, first.Reference)))
	sweep(at.Add(store.MessageLife))
	missing[[]byte](w, "TraceMessage() after its time")(r.TraceMessage(ctx, first.Reference))
	same(w, "Trace() of which the message is gone", ended, get[sso.Trace](w, "Trace()")(r.Trace(ctx, first.Reference)))
	w.write(func(tx *store.Writer) error { // where they are kept for shorter
		_, err := tx.DeleteExpired(ctx, first.At.Add(time.Hour), store.Retention{Traces: time.Hour})
		return err
	})
	missing[sso.Trace](w, "Trace() after its time")(r.Trace(ctx, first.Reference))
}

// bundlesAreKept stores support bundles, opens them by their tokens, and closes
// them for good.
func bundlesAreKept(w *world) {
	ctx, r := w.ctx, w.reader()
	missing[sso.Bundle](w, "Bundle()")(r.Bundle(ctx, secret.NewToken().Hash()))
	none[sso.Bundle](w, "Bundles()")(r.Bundles(ctx, "7F3K-22QD", w.now, 10))
	bundle := func(reference string) (sso.Bundle, secret.Token) {
		w.Helper()
		at, token := w.later(), secret.NewToken()
		b := sso.Bundle{
			ID: sso.NewBundleID(at), Reference: reference, Org: "org_a", By: "usr_x", CreatedAt: at, ExpiresAt: at.Add(sso.BundleLife),
			Content: sso.BundleContent{Reference: reference, At: at, Checks: []sso.Check{{Rule: "saml.audience", Verdict: "fail"}}},
		}
		w.write(func(tx *store.Writer) error { return tx.InsertBundle(ctx, b, token.Hash()) })
		return b, token
	}
	first, opens := bundle("7F3K-22QD")
	second, _ := bundle("7F3K-22QD")
	bundle("7F3K-22QE")
	same(w, "Bundle()", first, get[sso.Bundle](w, "Bundle()")(r.Bundle(ctx, opens.Hash())))
	same(w, "Bundles()", []sso.Bundle{second, first}, get[[]sso.Bundle](w, "Bundles()")(r.Bundles(ctx, "7F3K-22QD", w.now, 10)))
	same(w, "Bundles() few", []sso.Bundle{second}, get[[]sso.Bundle](w, "Bundles()")(r.Bundles(ctx, "7F3K-22QD", w.now, 1)))
	w.conflict("trace_bundles_token_hash", func(tx *store.Writer) error {
		again := first
		again.ID = sso.NewBundleID(w.later())
		return tx.InsertBundle(ctx, again, opens.Hash())
	})
	missed := func(reference string, id sso.BundleID) {
		w.Helper()
		err := w.db.Write(ctx, func(tx *store.Writer) error { return tx.RevokeBundle(ctx, reference, id, w.later()) })
		if !errors.Is(err, store.ErrNotFound) {
			w.Errorf("RevokeBundle(%s, %s) = %v, want not found", reference, id, err)
		}
	}
	missed("7F3K-22QE", first.ID)
	missed("7F3K-22QD", "bdl_none")
	revoked := w.later()
	for _, at := range []time.Time{revoked, w.later()} {
		w.write(func(tx *store.Writer) error { return tx.RevokeBundle(ctx, "7F3K-22QD", first.ID, at) })
	}
	first.RevokedAt = revoked
	same(w, "Bundle() that was revoked", first, get[sso.Bundle](w, "Bundle()")(r.Bundle(ctx, opens.Hash())))
	same(w, "Bundles() without it", []sso.Bundle{second}, get[[]sso.Bundle](w, "Bundles()")(r.Bundles(ctx, "7F3K-22QD", w.now, 10)))
	none[sso.Bundle](w, "Bundles() after their end")(r.Bundles(ctx, "7F3K-22QD", second.ExpiresAt, 10))
	w.write(func(tx *store.Writer) error {
		_, err := tx.DeleteExpired(ctx, second.ExpiresAt, store.Retention{})
		return err
	})
	missing[sso.Bundle](w, "Bundle() that was swept")(r.Bundle(ctx, opens.Hash()))
}
