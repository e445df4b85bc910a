package recovery_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// house is a deployment with one person.
type house struct {
	testing.TB
	*recovery.Service
	db    *store.DB
	now   time.Time
	alice sso.User
}

func eachEngine(t *testing.T, test func(h *house)) {
	t.Helper()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			h := &house{TB: t, db: e.Open(t), now: time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)}
			sealer, err := secret.NewSealer(bytes.Repeat([]byte{7}, 32))
			if err != nil {
				t.Fatal(err)
			}
			clock := func() time.Time { return h.now }
			h.Service = &recovery.Service{Outbox: &notify.Outbox{Sealer: sealer, Now: clock}, Now: clock}
			address, err := sso.ParseEmail("alice@acme.example")
			if err != nil {
				t.Fatal(err)
			}
			org := sso.Organization{ID: "org_acme", Key: "acme", Name: "Acme", Path: []sso.OrgID{"org_acme"}, State: sso.OrgActive, CreatedAt: h.now, UpdatedAt: h.now}
			h.alice = sso.User{ID: "usr_alice", Home: org.ID, Username: "alice", Email: address, State: sso.UserActive, PasswordHash: "$argon2id$old", CreatedAt: h.now, UpdatedAt: h.now, CredentialsAt: h.now}
			h.must(func(tx *store.Writer) error {
				return errors.Join(tx.SaveOrganization(t.Context(), org), tx.Org(org.ID).SaveUser(t.Context(), h.alice),
					tx.Org(org.ID).SaveMembership(t.Context(), sso.Membership{Org: org.ID, User: h.alice.ID, Role: sso.RoleMember, CreatedAt: h.now, UpdatedAt: h.now}))
			})
			h.reload()
			test(h)
		})
	}
}

func (h *house) must(do func(tx *store.Writer) error) {
	h.Helper()
	if err := h.db.Write(h.Context(), do); err != nil {
		h.Fatal(err)
	}
}

func (h *house) save(change func(u *sso.User)) {
	h.Helper()
	u := h.reload()
	change(&u)
	h.must(func(tx *store.Writer) error { return tx.Org(u.Home).SaveUser(h.Context(), u) })
	h.reload()
}

func (h *house) reload() sso.User {
	h.Helper()
	h.must(func(tx *store.Writer) error {
		var err error
		h.alice, err = tx.User(h.Context(), h.alice.ID)
		return err
	})
	return h.alice
}

// link makes a link and returns its token.
func (h *house) link() secret.Token {
	h.Helper()
	var path string
	h.must(func(tx *store.Writer) error {
		var err error
		path, _, err = h.Register(h.Context(), tx, &h.alice)
		return err
	})
	token, ok := strings.CutPrefix(path, recovery.RegistrationPath)
	if !ok {
		h.Fatalf("a link leads to %q", path)
	}
	return secret.ParseToken(token)
}

func (h *house) redeem(kind recovery.Kind, token secret.Token) (u sso.User, err error) {
	err = h.db.Write(h.Context(), func(tx *store.Writer) error {
		u, err = h.Redeem(h.Context(), tx, kind, token)
		return err
	})
	return u, err
}

func (h *house) holder(token secret.Token) (u sso.User, err error) {
	err = h.db.Read(h.Context(), func(r *store.Reader) error {
		u, err = h.Holder(h.Context(), r, recovery.Registration, token)
		return err
	})
	return u, err
}

func TestALinkWorksOnceForItsPerson(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		token := h.link()
		for range 2 { // looking consumes nothing
			if u, err := h.holder(token); err != nil || u.ID != h.alice.ID {
				h.Fatalf("Holder() = %v, %v", u.ID, err)
			}
		}
		if _, err := h.redeem(recovery.Reset, token); !fault.Is(err, "link_over") {
			h.Errorf("a registration taken for a reset: %v, want link_over", err)
		}
		if u, err := h.redeem(recovery.Registration, token); err != nil || u.ID != h.alice.ID {
			h.Fatalf("Redeem() = %v, %v", u.ID, err)
		}
		if _, err := h.redeem(recovery.Registration, token); !fault.Is(err, "link_over") {
			h.Errorf("the second time: %v, want link_over", err)
		}
		if _, err := h.holder(token); !fault.Is(err, "link_over") {
			h.Errorf("looking at a used one: %v, want link_over", err)
		}
		if _, err := h.redeem(recovery.Registration, secret.NewToken()); !fault.Is(err, "link_over") {
			h.Errorf("one that never was: %v, want link_over", err)
		}
	})
}

func TestALinkIsOvertaken(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(h *house)
		code   string // "": still good
	}{
		"nothing":              {func(*house) {}, ""},
		"another name":         {func(h *house) { h.save(func(u *sso.User) { u.FirstName = "Al" }) }, ""},
		"the last moment":      {func(h *house) { h.now = h.now.Add(recovery.RegistrationLife - time.Second) }, ""},
		"its time":             {func(h *house) { h.now = h.now.Add(recovery.RegistrationLife) }, "link_over"},
		"another password":     {func(h *house) { h.save(func(u *sso.User) { u.PasswordHash = "$argon2id$new" }) }, "link_over"},
		"another address":      {func(h *house) { h.save(func(u *sso.User) { u.Email, _ = sso.ParseEmail("eve@acme.example") }) }, "link_over"},
		"the end of the user":  {func(h *house) { h.save(func(u *sso.User) { u.State = sso.UserDeleted }) }, "link_over"},
		"a user who is locked": {func(h *house) { h.save(func(u *sso.User) { u.State = sso.UserSuspended }) }, "user_suspended"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachEngine(t, func(h *house) {
				token := h.link()
				tc.change(h)
				_, looked := h.holder(token)
				_, err := h.redeem(recovery.Registration, token)
				if tc.code == "" && (err != nil || looked != nil) || tc.code != "" && (!fault.Is(err, tc.code) || !fault.Is(looked, tc.code)) {
					h.Errorf("Holder() = %v, Redeem() = %v, want %q", looked, err, tc.code)
				}
			})
		})
	}
}

func TestOfManyWhoRedeemOneSucceeds(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		token := h.link()
		var all sync.WaitGroup
		won := make(chan error, 8)
		for range cap(won) {
			all.Go(func() {
				_, err := h.redeem(recovery.Registration, token)
				won <- err
			})
		}
		all.Wait()
		close(won)
		n := 0
		for err := range won {
			switch {
			case err == nil:
				n++
			case !fault.Is(err, "link_over"):
				h.Errorf("a loser got %v, want link_over", err)
			}
		}
		if n != 1 {
			h.Errorf("%d redeemed one link", n)
		}
	})
}

func TestWhoNeverHadAPasswordHasNoneToReset(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		reset := func() error {
			return h.db.Write(h.Context(), func(tx *store.Writer) error { return h.ResetPassword(h.Context(), tx, &h.alice) })
		}
		if err := reset(); err != nil || h.queued() != "reset_password" {
			h.Fatalf("ResetPassword() = %v, queued %s", err, h.queued())
		}
		h.save(func(u *sso.User) { u.PasswordHash, u.CredentialsAt = "", time.Time{} })
		if err := reset(); !fault.Is(err, "reset_no_credentials") || h.queued() != "reset_password" {
			h.Errorf("ResetPassword() = %v, queued %s; want reset_no_credentials and nothing more", err, h.queued())
		}
		h.save(func(u *sso.User) { u.PasswordHash, u.Email = "$argon2id$x", sso.Email{} })
		if err := reset(); !fault.Is(err, "reset_no_address") {
			h.Errorf("ResetPassword() = %v, want reset_no_address", err)
		}
	})
}

// queued says what waits in the outbox.
func (h *house) queued() string {
	h.Helper()
	var kinds []string
	h.must(func(tx *store.Writer) error {
		kinds = nil
		all, err := tx.Messages(h.Context(), store.MessageWaiting, store.MessageCursor{}, 10)
		for _, m := range all {
			kinds = append(kinds, m.Kind)
		}
		return err
	})
	return strings.Join(kinds, ",")
}

func TestResettingAnAccountLeavesNothingToSignInWith(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx, old := h.Context(), h.link()
		session := sso.Session{ID: "ses_1", User: h.alice.ID, Org: h.alice.Home, AuthTime: h.now, CreatedAt: h.now, SeenAt: h.now, ExpiresAt: h.now.Add(time.Hour)}
		token := secret.NewToken()
		h.must(func(tx *store.Writer) error {
			return errors.Join(tx.InsertSession(ctx, session, token.Hash()),
				tx.InsertFactor(ctx, sso.Factor{ID: "fac_1", User: h.alice.ID, Kind: sso.FactorSMS, Phone: "+4915112345678", CreatedAt: h.now}))
		})
		h.must(func(tx *store.Writer) error { return h.ResetAccount(ctx, tx, h.alice, "Acme") })
		if u := h.reload(); u.PasswordHash != "" {
			h.Error("the password is still there")
		}
		h.must(func(tx *store.Writer) error {
			p, err := tx.Person(ctx, token.Hash())
			if err == nil && p.Session.EndedAt.IsZero() {
				h.Error("the session goes on")
			}
			factors, ferr := tx.Factors(ctx, h.alice.ID)
			if len(factors) != 0 {
				h.Errorf("%d factors are still there", len(factors))
			}
			return errors.Join(err, ferr)
		})
		if _, err := h.redeem(recovery.Registration, old); !fault.Is(err, "link_over") {
			h.Errorf("a link from before: %v, want link_over", err)
		}
	})
}
