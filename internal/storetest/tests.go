package storetest

import (
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func testsAreKept(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	c := w.connection(acme.ID, "acme-okta")
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveConnection(ctx, c) })
	begin := func(at time.Time) sso.Test {
		t := sso.Test{ID: sso.NewTestID(w.now), Org: acme.ID, Connection: c.ID, By: "usr_a", Link: "tsl_1", Fingerprint: "old", State: sso.TestWaiting, CreatedAt: at}
		w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).InsertTest(ctx, t) })
		return t
	}
	t, later := begin(w.now), begin(w.now.Add(time.Second))
	r := w.reader()
	same(w, "Test()", t, get[sso.Test](w, "Test()")(r.Test(ctx, t.ID)))
	missing[sso.Test](w, "Test() of another organization")(r.Org(other.ID).Test(ctx, t.ID))
	same(w, "Tests()", []sso.Test{later, t}, get[[]sso.Test](w, "Tests()")(r.Org(acme.ID).Tests(ctx, c.ID, sso.Live, store.Place{}, 10)))
	same(w, "Tests() behind a place", []sso.Test{t}, get[[]sso.Test](w, "Tests()")(r.Org(acme.ID).Tests(ctx, c.ID, sso.Live, store.Place{At: later.CreatedAt, ID: string(later.ID)}, 10)))

	t.State, t.Subject, t.Fingerprint, t.Reference, t.AnsweredAt = sso.TestPassed, "named:alice", "new", "7F3K-22QD", w.now.Add(time.Minute)
	t.Result = sso.TestResult{Email: "alice@acme.example", Act: sso.ActCreate, Checks: []sso.Check{{Rule: "ident.email", Verdict: "pass"}}, Attributes: []sso.Attribute{{Name: "mail", Values: []string{"x"}}}}
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).AnswerTest(ctx, t) })
	w.refused(store.ErrUsed, func(tx *store.Writer) error { return tx.Org(acme.ID).AnswerTest(ctx, t) })
	w.refused(store.ErrUsed, func(tx *store.Writer) error { return tx.Org(other.ID).AnswerTest(ctx, later) })
	same(w, "Test() that was answered", t, get[sso.Test](w, "Test()")(r.Org(acme.ID).Test(ctx, t.ID)))
	same(w, "TestSubjects()", []string{"named:alice"}, get[[]string](w, "TestSubjects()")(r.Org(acme.ID).TestSubjects(ctx, c.ID, "new", 10)))
	same(w, "TestSubjects() of other settings", nil, get[[]string](w, "TestSubjects()")(r.Org(acme.ID).TestSubjects(ctx, c.ID, "old", 10)))

	draft := func() sso.Connection {
		return get[sso.Connection](w, "Connection()")(r.Org(acme.ID).Connection(ctx, c.ID))
	}
	c.Version, c.State = 1, sso.ConnectionDraft
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveConnection(ctx, c) })
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).NoteTested(ctx, c) }) // an older version
	c.Version = 2
	w.write(func(tx *store.Writer) error { return tx.Org(other.ID).NoteTested(ctx, c) })
	same(w, "a draft", c, draft())
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).NoteTested(ctx, c) })
	c.State = sso.ConnectionTested
	same(w, "a connection that was tested", c, draft())
	c.State = sso.ConnectionActive
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveConnection(ctx, c) })
	c.Version = 3
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).NoteTested(ctx, c) })
	same(w, "an active connection", c, draft())

	token := secret.NewToken().Hash()
	l := sso.TestLink{ID: sso.NewTestLinkID(w.now), Org: acme.ID, Connection: c.ID, Shadow: true, By: "usr_a", CreatedAt: w.now, ExpiresAt: w.now.Add(sso.TestLinkLife)}
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).InsertTestLink(ctx, l, token) })
	same(w, "TestLink()", l, get[sso.TestLink](w, "TestLink()")(r.TestLink(ctx, token)))
	missing[sso.TestLink](w, "TestLink()")(r.TestLink(ctx, secret.NewToken().Hash()))
	same(w, "TestLinks()", []sso.TestLink{l}, get[[]sso.TestLink](w, "TestLinks()")(r.Org(acme.ID).TestLinks(ctx, c.ID, w.now, 10)))
	same(w, "TestLinks() that have expired", nil, get[[]sso.TestLink](w, "TestLinks()")(r.Org(acme.ID).TestLinks(ctx, c.ID, l.ExpiresAt, 10)))
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.Org(other.ID).RevokeTestLink(ctx, c.ID, l.ID, w.now) })
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).RevokeTestLink(ctx, c.ID, l.ID, w.now) })
	l.RevokedAt = w.now
	same(w, "TestLink() that was revoked", l, get[sso.TestLink](w, "TestLink()")(r.TestLink(ctx, token)))
}
