package saml_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
)

// What is refused for what it says is still heard; what nobody vouches for, or
// is encrypted, is not.
func TestListenHearsWhatIsSignedAlone(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	for name, tc := range map[string]struct {
		forge func(*samltest.Response)
		heard bool
	}{
		"for another application": {func(r *samltest.Response) { r.Audience = "https://other.example" }, true},
		"for another address":     {func(r *samltest.Response) { r.Recipient = "https://other.example/acs" }, true},
		"a transient NameID":      {func(r *samltest.Response) { r.NameIDFormat = saml.FormatTransient }, true},
		"too late":                {func(r *samltest.Response) { r.ConfirmedUntil = "2001-01-01T00:00:00Z" }, true},
		"nothing signed":          {samltest.Unsigned, false},
		"signed by a stranger":    {samltest.SignByStranger, false},
		"changed after signing": {func(r *samltest.Response) {
			r.Audience = "https://other.example"
			r.AfterSigning(samltest.Replace("alice", "mallory"))
		}, false},
		"a signature that is moved (XSW #3)": {samltest.WrapSignature, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			message := idp.Respond(tc.forge)
			if _, err := saml.Verify(message, idp.Expect(), idp.Now); err == nil {
				t.Fatal("the message is accepted, which is not what is shown here")
			}
			said, ok := saml.Listen(message, idp.Expect())
			if ok != tc.heard || ok && (said.NameID.Value == "" || len(said.Attributes) == 0) {
				t.Errorf("Listen() = %+v, %v, want %v", said, ok, tc.heard)
			}
		})
	}
}
