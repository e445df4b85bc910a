package sso_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/sso"
)

func TestChangesSayWhatWasAndWhatIs(t *testing.T) {
	t.Parallel()
	before := sso.Connection{Name: "Okta", State: sso.ConnectionTested, SAML: sso.SAML{IdPEntityID: "urn:a", Certificates: [][]byte{{1}}}}
	after := before
	after.State, after.SAML.IdPEntityID, after.SAML.IdPInitiated = sso.ConnectionActive, "urn:b", true
	want := []sso.Change{
		{Field: "saml.idp_entity_id", From: "urn:a", To: "urn:b"}, {Field: "saml.idp_initiated", To: "true"}, {Field: "state", From: "tested", To: "active"},
	}
	if diff := cmp.Diff(want, after.Settings().Changed(before.Settings())); diff != "" {
		t.Errorf("Changed() (-want +got):\n%s", diff)
	}
	if got := after.Settings().Changed(after.Settings()); len(got) != 0 {
		t.Errorf("nothing has changed, and Changed() = %v", got)
	}
	gone := sso.Settings{}.Changed(sso.Settings{{Name: "name", Value: "Okta"}, {Name: "note", Value: ""}})
	if diff := cmp.Diff([]sso.Change{{Field: "name", From: "Okta"}}, gone); diff != "" {
		t.Errorf("what is deleted (-want +got):\n%s", diff)
	}
}

// The audit list goes to logs, files and other people's programs.
func TestChangesHoldNoSecret(t *testing.T) {
	t.Parallel()
	u := sso.User{Username: "alice", PasswordHash: "$argon2id$s3cret"}
	w := sso.Webhook{URL: "https://hooks.example/", Secret: []byte("s3cret"), Previous: []byte("s3cret")}
	for _, s := range []sso.Settings{u.Settings(), w.Settings()} {
		for _, setting := range s {
			if strings.Contains(setting.Value, "s3cret") {
				t.Errorf("%s holds a secret", setting.Name)
			}
		}
	}
}
