package signin

import (
	"context"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// recordFailure keeps the trace of a refused sign-in and returns the fault
// with its reference. It is called in the transaction that burns the request,
// which must be committed although the sign-in is refused. The fault is copied:
// it may be one that others hold too.
func recordFailure(ctx context.Context, tx *store.Writer, t *sso.Trace, f *fault.Error) (*fault.Error, error) {
	known := *f
	known.Ref = secret.NewReference()
	t.Reference, t.Code, t.Want, t.Got, t.Fix = known.Ref, f.Code, f.Want, f.Got, f.Fix.String()
	return &known, tx.InsertTrace(ctx, *t)
}

// recordSuccess keeps the trace of a sign-in that worked.
func recordSuccess(ctx context.Context, tx *store.Writer, t *sso.Trace) error {
	t.Reference = secret.NewReference()
	return tx.InsertTrace(ctx, *t)
}

func addressOf(b Browser) string {
	if !b.Address.IsValid() {
		return ""
	}
	return b.Address.String()
}

// methodsOf returns the authentication methods for the id token [RFC 8176].
// "fed" says that another party vouches; "mfa" is added where it says so.
func methodsOf(attributes saml.Attributes, context string) []string {
	amr := []string{"fed"}
	if sso.MultiFactor(append(attributes.Get("http://schemas.microsoft.com/claims/authnmethodsreferences"), context)...) {
		amr = append(amr, "mfa")
	}
	return amr
}
