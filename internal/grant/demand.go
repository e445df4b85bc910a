package grant

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// demandOf returns what a request asks of a sign-in beyond one factor.
func demandOf(request *oidc.AuthorizeRequest) sso.AppDemand {
	least, insists := request.Asks()
	switch {
	case least == oidc.MultiFactor && insists:
		return sso.DemandFactor
	case least == oidc.MultiFactor:
		return sso.LikeFactor
	case least == oidc.PhishingResistant && insists:
		return sso.DemandKey
	case least == oidc.PhishingResistant:
		return sso.LikeKey
	default:
		return ""
	}
}

// raises reports whether who is signed in need not begin anew: nothing is wrong
// with their session but that it is not of the sort that the app asks for.
func raises(request *oidc.AuthorizeRequest, login oidc.Login, hint string) bool {
	least, _ := request.Asks()
	return login.Subject != "" && login.Level != oidc.NoLevel && login.Level < least && (hint == "" || hint == login.Subject) &&
		!request.DemandsFreshness() && !request.Prompt.Has(oidc.PromptSelectAccount)
}

// better decides whether a wish of the app is worth a page: where the person has
// nothing by which they could fulfil it, they go on as they are.
func (s *Service) better(ctx context.Context, request *oidc.AuthorizeRequest, user sso.UserID) (oidc.Step, error) {
	var have []sso.Factor
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		have, err = r.Factors(ctx, user)
		return err
	})
	demand := demandOf(request)
	if slices.ContainsFunc(have, func(f sso.Factor) bool { return demand.Fits(f.Kind) }) {
		return oidc.SignIn, err
	}
	return oidc.IssueCode, err
}
