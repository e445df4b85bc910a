package main

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// ready makes of a tenant's things what a route wants of them.
func (h *tenancy) ready(t *tenant, path string) {
	h.Helper()
	if strings.HasPrefix(path, "/console/sso/{connection}") || strings.HasPrefix(path, "/setup/sso/{connection}") {
		h.beside(t, path)
		return
	}
	org := t.by.Org.ID
	if strings.HasSuffix(path, "/off/reset") { // there has to be somebody without a password
		h.write(func(tx *store.Writer) error {
			u, err := tx.User(h.Context(), sso.UserID(t.its["user"]))
			u.PasswordHash = ""
			return errors.Join(err, tx.Org(u.Home).SaveUser(h.Context(), u))
		})
	}
	if strings.HasPrefix(path, "/console/enforcement/") {
		h.write(func(tx *store.Writer) error {
			o, err := tx.Organization(h.Context(), org)
			o.Policy.SSO = sso.SSOOptional
			if strings.HasSuffix(path, "/pause") { // there has to be something to pause
				o.Policy.SSO = sso.SSORequired
			}
			return errors.Join(err, tx.SaveOrganization(h.Context(), o))
		})
	}
	if !strings.HasSuffix(path, "/{domain}/ways") {
		return
	}
	h.write(func(tx *store.Writer) error {
		d, err := tx.Org(org).Domain(h.Context(), t.its["domain"])
		d.Vouch(now())
		return errors.Join(err, tx.Org(org).SaveDomain(h.Context(), d))
	})
}

// beside has a tenant's connection be in use, with settings beside its own, for
// the routes that are about these.
func (h *tenancy) beside(t *tenant, path string) {
	h.Helper()
	last := path[strings.LastIndexByte(path, '/')+1:]
	if last == "change" || last == "refuse" {
		h.held(t)
	}
	if !slices.Contains([]string{"prepare", "discard", "swap", "return"}, last) {
		return
	}
	h.write(func(tx *store.Writer) error {
		c, err := tx.ConnectionByKey(h.Context(), t.its["connection"])
		if err != nil {
			return err
		}
		org := tx.Org(c.Org)
		c.State = sso.ConnectionActive
		prepared, former := c.Aside(sso.Prepared, time.UnixMicro(besideVersion)), c.Aside(sso.Former, time.UnixMicro(besideVersion))
		prepared.Attributes.Email = "mail"
		next := c.Beside(&prepared)
		passed := sso.Test{ID: sso.NewTestID(now()), Org: c.Org, Connection: c.ID, Shadow: true, Fingerprint: next.Fingerprint(), State: sso.TestPassed, Subject: t.name, CreatedAt: now(), AnsweredAt: now()}
		return errors.Join(org.SaveConnection(h.Context(), c), org.SaveShadow(h.Context(), prepared), org.SaveShadow(h.Context(), former), org.InsertTest(h.Context(), passed))
	})
}

// held has a change at a tenant's identity provider wait for a decision.
func (h *tenancy) held(t *tenant) {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		c, err := tx.ConnectionByKey(h.Context(), t.its["connection"])
		if err != nil {
			return err
		}
		w, err := tx.Org(c.Org).Watch(h.Context(), c.ID)
		if err != nil {
			return err
		}
		w.Seen.HeldAt, w.Seen.Held = now(), sso.Published{EntityID: c.SAML.IdPEntityID, Endpoints: c.SAML.Endpoints, Certificates: c.SAML.Certificates[:1]}
		t.its["change"] = w.Seen.Held.Digest()
		return tx.Org(c.Org).SaveWatch(h.Context(), w)
	})
}

// quiet are routes that say the same of what is ended, of what never was and of
// what is another's.
func quiet() []string {
	return []string{"POST /account/devices/{device}/forget", "POST /account/sessions/{session}/end"}
}

// holds fails where anything of the tenant's owner is gone.
func (h *tenancy) holds(t *tenant) {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		factors, err := tx.Factors(h.Context(), t.by.User.ID)
		if err != nil {
			return err
		}
		devices, err := tx.Devices(h.Context(), t.by.User.ID)
		if err != nil {
			return err
		}
		sessions, err := tx.SessionsOf(h.Context(), t.by.User.ID, now(), 100)
		if len(factors) != 1 || len(devices) != 1 || len(sessions) != 2 {
			h.Errorf("of the other tenant's owner there are %d factors, %d browsers and %d sessions left", len(factors), len(devices), len(sessions))
		}
		return err
	})
}
