package sso_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// live returns a connection that is in use, known to the identity provider by a
// name of an older system.
func live() sso.Connection {
	return sso.Connection{ID: "con_1", Org: "org_1", State: sso.ConnectionActive, Version: 7, SAML: sso.SAML{
		IdPEntityID: "https://old.example", Endpoints: []sso.Endpoint{{Binding: sso.BindingRedirect, Location: "https://old.example/sso"}}, Certificates: [][]byte{{1}},
		SPEntityID: "urn:older", SharedACS: true,
	}}
}

func TestSwapIsOneStepThereAndBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	c := live()
	before := c
	prepared := c.Aside(sso.Prepared, now)
	prepared.SAML.IdPEntityID, prepared.Attributes.Email = "https://new.example", "mail"
	prepared.SAML.SPEntityID, prepared.SAML.SharedACS = "urn:forged", false
	was, err := c.Swap(&prepared, nil, now)
	if err != nil {
		t.Fatal(err)
	}
	if c.SAML.IdPEntityID != "https://new.example" || c.Attributes.Email != "mail" || c.Turn != 1 || c.State != sso.ConnectionActive || c.Version != 7 {
		t.Errorf("after the swap: %+v", c)
	}
	if c.SAML.SPEntityID != "urn:older" || !c.SAML.SharedACS {
		t.Errorf("what we are called has changed: %+v", c.SAML)
	}
	if was.Which != sso.Former || was.Turn != 0 || was.SAML.IdPEntityID != "https://old.example" {
		t.Errorf("the way back: %+v", was)
	}
	bad, err := c.Return(&was, now)
	if err != nil {
		t.Fatal(err)
	}
	if c.Fingerprint() != before.Fingerprint() || c.Turn != 0 || bad.Turn != 1 || bad.SAML.IdPEntityID != "https://new.example" {
		t.Errorf("after the way back: %+v, and beside it %+v", c, bad)
	}
	// Settings that were live in between do not share a turn with others.
	again := c.Aside(sso.Prepared, now)
	again.Attributes.Email = "email"
	if _, err := c.Swap(&again, &bad, now); err != nil || c.Turn != 2 {
		t.Errorf("a second swap: turn %d, %v", c.Turn, err)
	}
}

func TestSwapRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(s *sso.Shadow)
		code   string
	}{
		"the same settings":              {func(*sso.Shadow) {}, "shadow_same"},
		"our own names alone":            {func(s *sso.Shadow) { s.SAML.SPEntityID = "urn:x" }, "shadow_same"},
		"settings without a certificate": {func(s *sso.Shadow) { s.SAML.Certificates = nil }, "connection_incomplete"},
	} {
		c := live()
		s := c.Aside(sso.Prepared, time.Time{})
		tc.change(&s)
		if _, err := c.Swap(&s, nil, time.Time{}); !fault.Is(err, tc.code) || c.Turn != 0 {
			t.Errorf("%s: %v, want %s", name, err, tc.code)
		}
	}
	draft := live()
	for state, code := range map[sso.ConnectionState]string{sso.ConnectionDraft: "shadow_draft", sso.ConnectionTested: "shadow_draft", sso.ConnectionActive: "", sso.ConnectionDisabled: ""} {
		draft.State = state
		if err := draft.Preparable(); code == "" && err != nil || code != "" && !fault.Is(err, code) {
			t.Errorf("preparing beside a connection that is %s: %v", state, err)
		}
	}
}
