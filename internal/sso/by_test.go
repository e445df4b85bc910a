package sso_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

func TestWhoeverActsAsAUserIsNamed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	by := sso.By{Person: sso.Person{User: sso.User{ID: "usr_alice"}, Org: sso.Organization{ID: "org_acme"}}, Address: "192.0.2.1"}
	own := by.Event(now, "user.suspended", "usr_bob", nil)
	if own.Actor != "usr_alice" || own.OnBehalf != "" || own.Org != "org_acme" || own.Address != "192.0.2.1" || !own.At.Equal(now) {
		t.Errorf("as themselves: %+v", own)
	}
	by.Session.Actor = "usr_operator"
	if acted := by.Event(now, "user.suspended", "usr_bob", nil); acted.Actor != "usr_operator" || acted.OnBehalf != "usr_alice" {
		t.Errorf("acting as alice: %+v, want the operator on behalf of alice", acted)
	}
}
