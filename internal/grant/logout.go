package grant

import (
	"context"
	"errors"
	"net/url"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Leave is what is to be done about an app's request to sign its person out.
type Leave struct {
	App sso.App // that asks; zero: nobody knows
	// To is the URL at which the app wants the person in the end, registered for
	// that; "": our own page.
	To string
	// Sure says that the person need not be asked: the app has shown an id token
	// of this very session, or nobody is signed in. Any page on the internet can
	// lead a browser here.
	Sure bool
	// UILocales are the languages in which the app wants its person asked.
	UILocales []string
}

// Logout judges an app's request to sign its person out [RPLogout 2], in a
// browser with this session, or none. It ends nothing. An error is for a page:
// the browser must not be sent anywhere.
func (s *Service) Logout(ctx context.Context, parameters url.Values, session sso.SessionID) (Leave, error) {
	request, err := oidc.ReadLogout(parameters)
	if err != nil {
		return Leave{}, err
	}
	hint, err := s.farewellHint(ctx, &request)
	if err != nil {
		return Leave{}, err
	}
	out := Leave{UILocales: request.UILocales, Sure: session == "" || hint.SessionID == string(session)}
	id := request.ClientID
	if hint.ClientID != "" {
		if id != "" && id != hint.ClientID {
			return Leave{}, &fault.Error{
				Kind: fault.Invalid, Code: "oidc_logout_request", Want: "the client to which the id_token_hint was given", Got: id, Fix: fault.AppSide,
			}
		}
		id = hint.ClientID
	}
	if id == "" {
		return out, nil // without knowing whose it is, no URI is followed
	}
	out.App, err = s.app(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		if hint.ClientID != "" { // an app that there was
			out.App = sso.App{}
			return out, nil
		}
		return Leave{}, oidc.UnknownClient(id)
	}
	if err != nil {
		return Leave{}, err
	}
	if out.To, err = request.Return(out.App.PostLogoutRedirectURIs); err != nil {
		return Leave{}, err
	}
	return out, nil
}

// farewellHint reads the id token that a logout request shows. One that cannot
// be read is none: whoever has kept it for longer than we keep its key must
// still be able to sign out, and is asked.
func (s *Service) farewellHint(ctx context.Context, request *oidc.LogoutRequest) (oidc.Hint, error) {
	if request.IDTokenHint == "" {
		return oidc.Hint{}, nil
	}
	keys, err := s.keys(ctx)
	if err != nil {
		return oidc.Hint{}, err
	}
	hint, err := oidc.ReadHint(request.IDTokenHint, s.Issuer, keys.public...)
	if err != nil {
		return oidc.Hint{}, nil
	}
	return hint, nil
}
