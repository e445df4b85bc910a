package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Whoever accepts an invitation goes on to the sign-in of the organization, and
// maybe from there to its identity provider. Chromium follows no redirect out
// of a form, so a page leads there.
func TestAcceptingAnInvitationLeadsOnByAPage(t *testing.T) {
	t.Parallel()
	h := &tenancy{T: t, server: testServer(t)}
	acme, rival := h.newTenant("acme"), h.newTenant("rival")
	token, at := secret.NewToken(), now()
	invitation := sso.Invitation{
		ID: sso.NewInvitationID(at), Org: rival.by.Org.ID, Email: acme.by.User.Email, Role: sso.RoleMember, By: string(rival.by.User.ID),
		CreatedAt: at, SentAt: at, ExpiresAt: at.Add(sso.InvitationLife),
	}
	domain := sso.NewDomain(acme.by.Org.ID, acme.by.User.Email.Domain(), at) // by which it is known whose the account is
	domain.Vouch(at)
	h.write(func(tx *store.Writer) error {
		return errors.Join(tx.Org(acme.by.Org.ID).SaveDomain(t.Context(), domain), tx.Org(rival.by.Org.ID).InsertInvitation(t.Context(), invitation, token.Hash()))
	})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login/invitation/"+token.Reveal(), strings.NewReader(""))
	r.Header.Set("Cookie", "__Host-sallyport-session="+acme.token.Reveal()+"; __Host-sallyport-browser="+secret.NewToken().Reveal())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	h.public.ServeHTTP(w, r)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `url=/login/rival`) {
		t.Errorf("%d to %q, want a page that moves on to the organization's sign-in\n%s", w.Code, w.Header().Get("Location"), w.Body)
	}
	h.write(func(tx *store.Writer) error {
		_, err := tx.Org(rival.by.Org.ID).Membership(t.Context(), acme.by.User.ID)
		return err
	})
}

// A guest's address leads to no connection of who has invited them, and there is
// no password that they could have: they begin where that organization does.
func TestAGuestBeginsAtTheOrganizationThatDemandsSingleSignOn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		demand sso.Enforcement
		want   string
	}{
		"demanded":     {sso.SSORequired, "https://idp.example/"},
		"not demanded": {sso.SSOOptional, "first_name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &tenancy{T: t, server: testServer(t)}
			acme := h.newTenant("acme")
			token, at := secret.NewToken(), now()
			c := sso.Connection{ID: sso.NewConnectionID(at), Org: acme.by.Org.ID, Key: "acme-on", Name: "Acme", Protocol: sso.ProtocolSAML, State: sso.ConnectionActive, FirstSignIn: sso.FirstInvited, CreatedAt: at, UpdatedAt: at}
			c.SAML = sso.SAML{IdPEntityID: "urn:idp", Endpoints: []sso.Endpoint{{Binding: sso.BindingRedirect, Location: "https://idp.example/"}}, Certificates: [][]byte{[]byte("x")}}
			h.write(func(tx *store.Writer) error {
				org, err := tx.Organization(t.Context(), acme.by.Org.ID)
				if err != nil {
					return err
				}
				org.Policy.SSO = tc.demand
				return errors.Join(tx.SaveOrganization(t.Context(), org), tx.Org(org.ID).SaveConnection(t.Context(), c), tx.Org(org.ID).InsertInvitation(t.Context(), sso.Invitation{
					ID: sso.NewInvitationID(at), Org: org.ID, Email: sso.StoredEmail("gus@guest.example"), Role: sso.RoleMember, By: string(acme.by.User.ID), CreatedAt: at, SentAt: at, ExpiresAt: at.Add(sso.InvitationLife),
				}, token.Hash()))
			})
			w := h.send("__Host-sallyport-browser="+secret.NewToken().Reveal(), http.MethodPost, "/login/invitation/"+token.Reveal(), nil)
			if !strings.Contains(w.Body.String(), tc.want) {
				t.Errorf("%d to %q, want %s\n%s", w.Code, w.Header().Get("Location"), tc.want, w.Body)
			}
		})
	}
}

// Whoever invites administrators and proved themselves long ago is asked for that
// beside the form, which holds what they typed.
func TestAStaleInvitationKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	old, token := acme.by.Session, secret.NewToken()
	old.ID, old.AuthTime = sso.NewSessionID(now()), now().Add(-sso.FreshFor)
	h.write(func(tx *store.Writer) error { return tx.InsertSession(t.Context(), old, token.Hash()) })
	invite := func(role sso.Role) *httptest.ResponseRecorder {
		return h.ask(token, http.MethodPost, "/console/invite", url.Values{"addresses": {"ines@new.example"}, "role": {string(role)}})
	}
	got := invite(sso.RoleAdmin)
	page := got.Body.String()
	if got.Code != http.StatusForbidden || !strings.Contains(page, "ines@new.example</textarea>") || !strings.Contains(page, `href="/login/confirm?back=%2Faccount"`) {
		t.Errorf("an administrator: %d %s", got.Code, page)
	}
	if got := invite(sso.RoleMember); got.Code != http.StatusSeeOther {
		t.Errorf("a member: %d %s", got.Code, got.Body)
	}
}
