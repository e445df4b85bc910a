package setup_test

import (
	"context"
	"testing"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/setup"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// A file is no way around what a change of a role means for who is signed in.
func TestSessionsFollowARoleThatTheFileGives(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, e)
			file := func(role string) string {
				return "organizations: [{key: acme, name: Acme, users: [{username: alice, role: " + role + "}]}]\n"
			}
			h.must(file("restricted"))
			u, _ := h.person("acme", "alice")
			now := h.Now()
			s := sso.Session{ID: "ses_1", User: u.ID, Org: u.Home, AuthTime: now, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sso.SessionLife)}
			if err := h.DB.Write(t.Context(), func(tx *store.Writer) error { return tx.InsertSession(t.Context(), s, secret.NewToken().Hash()) }); err != nil {
				t.Fatal(err)
			}
			person := func() (p sso.Person) {
				h.read(func(ctx context.Context, r *store.Reader) error {
					var err error
					p, err = r.PersonBySession(ctx, s.ID)
					return err
				})
				return p
			}
			h.must(file("restricted")) // as before
			if p := person(); p.Waits() || !p.Session.EndedAt.IsZero() {
				t.Errorf("the same file: waiting %v, ended %v", p.Waits(), p.Session.EndedAt)
			}
			if _, err := h.apply(file("member"), setup.DryRun); err != nil {
				t.Fatal(err)
			}
			if p := person(); p.Waits() {
				t.Error("a dry run has the session renewed")
			}
			h.must(file("member"))
			if p := person(); !p.Waits() || !p.Session.EndedAt.IsZero() {
				t.Errorf("a member: waiting %v, ended %v; want it to wait", p.Waits(), p.Session.EndedAt)
			}
			h.must(file("owner"))
			if p := person(); p.Session.EndedAt.IsZero() {
				t.Error("an owner by the file goes on in the session of a member")
			}
		})
	}
}
