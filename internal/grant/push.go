package grant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// PushedLife is how long a request that was pushed waits for its browser.
const PushedLife = 90 * time.Second

// pushed is a request that was pushed, as it is kept under the hash of its name.
type pushed struct {
	App     sso.AppID `json:"app"`
	Request string    `json:"request"`
}

// Push keeps an authorize request that an app sends past the browser, and gives
// it a name for the browser to bring [RFC 9126]. A refusal is an
// [*oidc.TokenError], or the fault try_later where an app that proves itself by
// nothing has pushed too many from this network.
func (s *Service) Push(ctx context.Context, r oidc.PushedRequest, from netip.Addr) (oidc.PushedResponse, error) {
	app, err := s.authenticated(ctx, r.Client)
	if err != nil {
		return oidc.PushedResponse{}, err
	}
	if !app.Grants(sso.GrantCode) {
		return oidc.PushedResponse{}, oidc.GrantNotAllowed()
	}
	request, err := oidc.JudgePushed(r.Parameters, client(&app))
	if err != nil {
		return oidc.PushedResponse{}, err
	}
	held, err := r.Proof.Verify(s.Issuer, secret.Token{}, s.Now())
	if err == nil {
		err = request.Bind(held)
	}
	if err == nil && app.Public() {
		err = s.Limits.Allow(ctx, backoff.Pushes(app.ID, from))
	}
	if err == nil {
		err = s.useUp(ctx, held)
	}
	if err != nil {
		return oidc.PushedResponse{}, err
	}
	token, err := s.push(ctx, &app, &request)
	return oidc.PushedResponse{Token: token, ExpiresIn: PushedLife}, err
}

func (s *Service) push(ctx context.Context, app *sso.App, request *oidc.AuthorizeRequest) (secret.Token, error) {
	kept, err := json.Marshal(pushed{app.ID, request.Values().Encode()})
	if err != nil {
		return secret.Token{}, fmt.Errorf("keeping a request: %w", err)
	}
	token := secret.NewToken()
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		return tx.InsertSingleUse(ctx, store.KindPushedRequest, token.Hash(), s.Now().Add(PushedLife), string(kept))
	})
	if err != nil {
		return secret.Token{}, fmt.Errorf("keeping a request: %w", err)
	}
	return token, nil
}

// pull returns the request that was pushed under this name, and uses it up. Who
// brings it for another app leaves it as it is.
func (s *Service) pull(ctx context.Context, parameters url.Values, token secret.Token) (url.Values, error) {
	id, err := oidc.ClientIDOf(parameters)
	if err != nil {
		return nil, err
	}
	var kept pushed
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		app, err := tx.AppByClientID(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return oidc.UnknownClient(id)
		}
		if err != nil {
			return err
		}
		payload, err := tx.Consume(ctx, store.KindPushedRequest, token.Hash(), s.Now())
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrUsed) {
			return oidc.UnknownPushed()
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(payload), &kept); err != nil {
			return fmt.Errorf("reading a request that was pushed: %w", err)
		}
		if kept.App != app.ID {
			return oidc.UnknownPushed() // and undo
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("taking a request that was pushed: %w", err)
	}
	return oidc.ParseForm(kept.Request)
}

// Again returns the query of an authorize request with which a sign-in begins
// anew that was begun for this one. Where the app must push its requests, this
// one is pushed in its place: it came so before.
func (s *Service) Again(ctx context.Context, request string) (string, error) {
	parameters, err := oidc.ParseForm(request)
	if err != nil {
		return "", fmt.Errorf("beginning an authorize request anew: %w", err)
	}
	app, judged, err := s.outside().judge(ctx, parameters, "")
	if err == nil && app.RequirePAR {
		token, err := s.push(ctx, &app, &judged)
		return oidc.PushedQuery(app.ClientID, token).Encode(), err
	}
	return request, nil // what is wrong with it, authorize tells
}
