package provision_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// A script that signs in again and again makes more sessions than a page shows.
// Whoever ends all of somebody's sessions has ended all.
func TestAllSessionsAreEndedHoweverMany(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		const many = 620
		h.write(func(tx *store.Writer) error {
			s := h.member.Session
			for range many {
				s.ID = sso.NewSessionID(h.now())
				if err := tx.InsertSession(ctx, s, secret.NewToken().Hash()); err != nil {
					return err
				}
			}
			return nil
		})
		below := h.join(h.emea, h.member.User, sso.RoleMember)
		elsewhere := h.join(h.rival.Org, h.member.User, sso.RoleMember)
		n, err := h.EndSessions(ctx, &h.admin, h.acme.ID, h.member.User.ID)
		if err != nil || n != many+2 {
			t.Errorf("EndSessions() = %d, %v, want %d", n, err, many+2)
		}
		h.write(func(tx *store.Writer) error {
			left, err := tx.SessionsOf(ctx, h.member.User.ID, h.now(), 10)
			if len(left) != 1 || left[0].ID != elsewhere.Session.ID {
				t.Errorf("%d sessions are left, want the one at the rival's", len(left))
			}
			return err
		})
		refused(t, "ending one that is over", h.EndSession(ctx, &h.admin, h.acme.ID, h.member.User.ID, below.Session.ID), "not_found")
	})
}
