package saml_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
)

// Responses are judged in memory that is used again, by many at once. What one
// user proved never becomes what another one did, then or later.
func TestNobodyGetsWhatWasSomebodyElses(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	const users, rounds = 8, 20
	var work sync.WaitGroup
	for user := range users {
		name := fmt.Sprintf("user-%d@acme.example", user)
		good := base64.StdEncoding.EncodeToString(idp.Respond(func(r *samltest.Response) {
			r.NameID = name
			for i := range 1 + 20*user { // trees of very different sizes
				r.Attributes = append(r.Attributes, saml.Attribute{Name: fmt.Sprintf("a%d", i), Values: []string{name, "x"}})
			}
		}))
		bad := base64.StdEncoding.EncodeToString(idp.Respond(func(r *samltest.Response) { r.NameID, r.Audience = name, name }))
		work.Go(func() {
			var kept []*saml.Assertion
			for range rounds {
				_, err := verifyForm(bad, idp)
				if refusal, ok := errors.AsType[*saml.Refusal](err); !ok || refusal.Rule != saml.Audience || refusal.Got != name {
					t.Errorf("%s: %v", name, err)
				}
				a, err := verifyForm(good, idp)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				kept = append(kept, a)
			}
			for _, a := range kept {
				if a.NameID.Value != name {
					t.Errorf("%s has become %s", name, a.NameID.Value)
				}
				for i := range 1 + 20*user {
					if got := a.Attributes.Get(fmt.Sprintf("a%d", i)); len(got) != 2 || got[0] != name {
						t.Errorf("%s has the attribute a%d of %q", name, i, got)
					}
				}
			}
		})
	}
	work.Wait()
}

func verifyForm(form string, idp *samltest.IdP) (*saml.Assertion, error) {
	message, err := saml.DecodePost(form)
	if err != nil {
		return nil, err
	}
	return saml.Verify(message, idp.Expect(), idp.Now)
}
