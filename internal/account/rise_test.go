package account_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Who came in on the way to an invitation has a session as what the connection
// made them. It does not become an administrator's by what they accept.
func TestASessionDoesNotGrowByAnInvitation(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		offered     sso.Role
		ends, waits bool
	}{
		"an administrator": {sso.RoleAdmin, true, false},
		"another role":     {"auditor", false, true},
		"the same":         {sso.RoleMember, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachEngine(t, func(w *world) {
				ctx := w.Context()
				gina := w.addPerson(&w.globex, "gina", sso.RoleMember)
				token := w.invite(func(i *sso.Invitation) { i.Email, i.Role = gina.User.Email, tc.offered })
				w.advance(time.Hour)
				m := sso.Membership{Org: w.acme.ID, User: gina.User.ID, Role: sso.RoleMember, CreatedAt: w.now(), UpdatedAt: w.now()}
				w.write(func(tx *store.Writer) error { return tx.Org(w.acme.ID).SaveMembership(ctx, m) })
				here := gina
				here.Org = w.acme
				s := w.addSession(&here)
				_, err := w.Join(ctx, &gina, token)
				w.wants("joining", err, "")
				w.write(func(tx *store.Writer) error {
					p, err := tx.PersonBySession(ctx, s.ID)
					if ends := !p.Session.EndedAt.IsZero(); p.Membership.Role != tc.offered || ends != tc.ends || p.Waits() != tc.waits {
						w.Errorf("a %s, ended %v, waiting %v", p.Membership.Role, ends, p.Waits())
					}
					return err
				})
				if !w.live(gina.Session.ID) {
					w.Error("the session at home is over")
				}
			})
		})
	}
}
