package operate_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// Who was signed out, or is an operator no more, does nothing any more, although
// the page that they have open was let in as what they were.
func TestAnOperatorIsJudgedInTheTransactionOfTheAct(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		loses func(tx *store.Writer, h *house) error
		code  string
	}{
		"still there": {func(*store.Writer, *house) error { return nil }, ""},
		"signed out": {func(tx *store.Writer, h *house) error {
			return tx.EndSession(h.Context(), h.operator.Session.ID, h.now)
		}, "session_over"},
		"demoted": {func(tx *store.Writer, h *house) error {
			m := h.operator.Membership
			m.Role = sso.RoleMember
			return tx.Org(m.Org).SaveMembership(h.Context(), m)
		}, "operator_role"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, storetest.SQLite(t))
			by := h.operator
			h.write(func(tx *store.Writer) error { return tc.loses(tx, h) })
			acts := map[string]func() error{
				"makes an app": func() error {
					_, _, err := h.CreateApp(h.Context(), &by, operate.NewApp{Name: "Portal", Key: "portal", Kind: sso.AppWeb, RedirectURIs: []string{"https://app.example/callback"}})
					return err
				},
				"suspends a customer": func() error { return h.SuspendOrganization(h.Context(), &by, "acme") },
				"defines a role":      func() error { return h.DefineRole(h.Context(), &by, "auditor", "Auditor", "") },
				"signs somebody out": func() error {
					_, err := h.EndSessions(h.Context(), &by, h.alice.User.ID)
					return err
				},
			}
			for what, act := range acts {
				want := tc.code
				if want == "operator_role" && what == "signs somebody out" {
					want = "" // support may
				}
				if err := act(); want == "" && err != nil || want != "" && !fault.Is(err, want) {
					t.Errorf("%s: %v, want %q", what, err, want)
				}
			}
		})
	}
}
