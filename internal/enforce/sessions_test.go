package enforce_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// live returns which of these sessions have not ended.
func (h *house) live(all map[string]sso.SessionID) []string {
	h.Helper()
	var names []string
	for name, id := range all {
		err := h.DB.Read(h.Context(), func(r *store.Reader) error {
			p, err := r.PersonBySession(h.Context(), id)
			if p.Session.EndedAt.IsZero() {
				names = append(names, name)
			}
			return err
		})
		if err != nil {
			h.Fatal(err)
		}
	}
	slices.Sort(names)
	return names
}

func (h *house) end() {
	h.Helper()
	for {
		n, err := h.EndSessions(h.Context())
		if err != nil {
			h.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// session adds a session of somebody, changed.
func (h *house) session(by *sso.By, change func(s *sso.Session)) sso.SessionID {
	h.Helper()
	s := by.Session
	s.ID = sso.NewSessionID(h.now())
	change(&s)
	h.write(func(tx *store.Writer) error { return tx.InsertSession(h.Context(), s, secret.NewToken().Hash()) })
	return s.ID
}

func TestSessionsEndAtTheirTimeForGood(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.open()
		d := sso.NewDomain(h.acme.ID, "acme.example", h.now())
		d.Vouch(h.now())
		h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveDomain(ctx, d) })
		bob := h.add(&h.acme, "bob", sso.RoleMember)
		exempt := h.add(&h.acme, "eve", sso.RoleMember)
		all := map[string]sso.SessionID{
			"local": bob.Session.ID, "exempt": exempt.Session.ID, "elsewhere": h.other.Session.ID,
			"through": h.session(&bob, func(s *sso.Session) { s.Connection = h.connection.ID }),
			"acted":   h.session(&bob, func(s *sso.Session) { s.Actor, s.ActorSession = "usr_s", "ses_s" }),
			"glass":   h.session(&h.owner, func(s *sso.Session) { s.AMR = []string{sso.AMRBreakGlass} }),
		}
		for i := range 150 { // more than are looked at together
			all[fmt.Sprintf("local %d", i)] = h.session(&bob, func(*sso.Session) {})
		}
		left := []string{"acted", "elsewhere", "exempt", "glass", "through"}
		chosen := enforce.Chosen{SSO: sso.SSORequired, Sessions: sso.SessionsAt, Hours: 1, Exempt: []string{"eve@acme.example"}}
		h.must("enforcing", h.Demand(ctx, h.edit(&h.owner), chosen))
		h.end()
		if got := h.live(all); len(got) != len(all) {
			h.Errorf("%d of %d are open before the time", len(got), len(all))
		}
		h.pass(time.Hour)
		h.end()
		if got := h.live(all); !slices.Equal(got, left) {
			h.Errorf("open after it: %v, want %v", got, left)
		}

		// Who is exempt no more is out as well; a pause brings nobody back.
		glass := h.owner
		glass.Session.ID = all["glass"]
		chosen.Exempt, chosen.Sessions = nil, sso.SessionsEnd
		h.must("nobody is exempt", h.Demand(ctx, h.edit(&glass), chosen))
		h.end()
		h.must("pausing", h.Pause(ctx, h.edit(&glass), 4, "because it is down"))
		h.end()
		left = slices.DeleteFunc(left, func(s string) bool { return s == "exempt" })
		if got := h.live(all); !slices.Equal(got, left) {
			h.Errorf("open in the end: %v, want %v", got, left)
		}
	})
}

func TestSessionsThatMayStayStay(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.open()
		bob := h.add(&h.acme, "bob", sso.RoleMember)
		h.must("enforcing", h.Demand(h.Context(), h.edit(&h.owner), everybody()))
		h.end()
		if got := h.live(map[string]sso.SessionID{"bob": bob.Session.ID}); len(got) != 1 {
			h.Error("it has ended")
		}
	})
}

// Who came in a pause is out with it, and the next pause does not bring them
// back.
func TestSessionsOfAPauseEndWithItForGood(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.open()
		chosen := everybody()
		chosen.Sessions = sso.SessionsEnd
		h.must("enforcing", h.Demand(ctx, h.edit(&h.owner), chosen))
		h.end()
		h.must("pausing", h.Pause(ctx, h.edit(&h.owner), 1, "because it is down"))
		h.end()
		bob := h.add(&h.acme, "bob", sso.RoleMember)
		came := map[string]sso.SessionID{"bob": bob.Session.ID}
		h.end()
		if got := h.live(came); len(got) != 1 {
			h.Error("it has ended within the pause")
		}
		h.pass(time.Hour)
		h.end()
		if got := h.live(came); len(got) != 0 {
			h.Error("it is open behind the pause")
		}
	})
}
