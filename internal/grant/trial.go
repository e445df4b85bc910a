package grant

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// TrialPath is where the answer to a trial comes back, to whoever began it and
// to nobody else.
const TrialPath = "/operator/try"

// trialLife is how long a trial may take. No page of ours stands between.
const trialLife = 5 * time.Minute

// A trial is a code flow that an operator runs with an app in their own browser,
// to see what the app would be given. It must not be a door beside the redirect
// URIs that the app has registered, so:
//
//   - our address is good for one request, by its state, in the very session that
//     asked for it; for anybody else, and for any other request, it is not
//     registered and leads to the page that says so;
//   - the code of a trial is of a kind of its own: no app can exchange it, also
//     where it knows the verifier, which never leaves us;
//   - what the code gives is made, looked at and undone in one transaction: no
//     token was ever good for anything.
type trial struct {
	App      sso.AppID     `json:"app"`
	Session  sso.SessionID `json:"session"`
	Verifier []byte        `json:"verifier"` // sealed
	Nonce    string        `json:"nonce"`
}

func (s *Service) trialURI() string { return s.Issuer + TrialPath }

// trialPlace is where the verifier of a trial is sealed.
func trialPlace(hash secret.Hash) secret.Place {
	return secret.Place{Table: "single_use", Column: "payload", Row: string(hash[:])}
}

// issueTrial answers the request of a trial by a code that is kept where no app
// looks.
func (s place) issueTrial(ctx context.Context, request *oidc.AuthorizeRequest, p *promise) (Outcome, error) {
	code := secret.NewToken()
	kept, err := json.Marshal(p)
	if err == nil {
		err = s.write(ctx, func(tx *store.Writer) error {
			return tx.InsertSingleUse(ctx, store.KindTrialCode, code.Hash(), p.until(), string(kept))
		})
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("keeping the code of a trial: %w", err)
	}
	return outcome(request.Answer(s.Issuer, code.Reveal())), nil
}

// BeginTrial returns the authorize request by which an operator tries an app.
func (s *Service) BeginTrial(ctx context.Context, by *sso.By, key string) (string, error) {
	if err := mayTry(by); err != nil {
		return "", err
	}
	now := s.Now()
	state, verifier, nonce := secret.NewToken(), secret.NewToken(), secret.NewToken()
	challenge := sha256.Sum256([]byte(verifier.Reveal()))
	var clientID string
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		app, err := tx.AppByKey(ctx, key)
		if errors.Is(err, store.ErrNotFound) {
			return &fault.Error{Kind: fault.NotFound, Code: "app_unknown", Got: key, Fix: fault.OperatorSide}
		}
		if err != nil {
			return err
		}
		if err := app.On(); err != nil {
			return err
		}
		if !app.Grants(sso.GrantCode) {
			return &fault.Error{Kind: fault.Conflict, Code: "trial_grant", Want: string(sso.GrantCode), Got: key, Fix: fault.OperatorSide}
		}
		kept, err := json.Marshal(trial{
			App: app.ID, Session: by.Session.ID, Verifier: s.Sealer.Seal(trialPlace(state.Hash()), []byte(verifier.Reveal())), Nonce: nonce.Reveal(),
		})
		if err != nil {
			return fmt.Errorf("keeping a trial: %w", err)
		}
		if err := tx.InsertSingleUse(ctx, store.KindTrial, state.Hash(), now.Add(trialLife), string(kept)); err != nil {
			return err
		}
		clientID = app.ClientID
		e := by.Event(now, "app.tried", string(app.ID), map[string]string{"key": app.Key})
		e.Org = ""
		return tx.Record(ctx, e)
	})
	if err != nil {
		return "", err
	}
	return oidc.AuthorizePath + "?" + url.Values{
		"client_id": {clientID}, "redirect_uri": {s.trialURI()}, "response_type": {"code"}, "scope": {"openid profile email groups"},
		"state": {state.Reveal()}, "nonce": {nonce.Reveal()},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode(), nil
}

// mayTry refuses whoever is no operator, as who they are.
func mayTry(by *sso.By) error {
	if !by.Operator() || by.Session.ActedAs() {
		return &fault.Error{Kind: fault.Denied, Code: "operator_role", Want: "owner or admin of the operators' organization", Got: string(by.Membership.Role), Fix: fault.OperatorSide}
	}
	return nil
}

// tried returns our address for trials where an authorize request is the one of
// a trial that this session has begun; else "", and the address is as unknown as
// any other.
func (s place) tried(ctx context.Context, parameters url.Values, person *sso.Person, now time.Time) (string, error) {
	if parameters.Get("redirect_uri") != s.trialURI() || person == nil {
		return "", nil
	}
	var t trial
	var app sso.App
	err := s.read(ctx, func(r *store.Reader) error {
		payload, err := r.SingleUse(ctx, store.KindTrial, secret.ParseToken(parameters.Get("state")).Hash(), now)
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(payload), &t); err != nil {
			return fmt.Errorf("reading a trial: %w", err)
		}
		app, err = r.App(ctx, t.App)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrUsed):
		return "", nil
	case err != nil:
		return "", err
	case t.Session != person.Session.ID, app.ClientID != parameters.Get("client_id"):
		return "", nil
	}
	return s.trialURI(), nil
}

// Tried is what an app would see.
type Tried struct {
	App     sso.App
	Refused oidc.Code // what it would be told in place of a code; "": it gets one
	Why     string

	Header, Claims, Userinfo []byte // JSON
	Scope                    string
	ExpiresIn                time.Duration
}

// FinishTrial takes the answer to a trial from the browser that began it.
func (s *Service) FinishTrial(ctx context.Context, by *sso.By, answer url.Values) (Tried, error) {
	if err := mayTry(by); err != nil {
		return Tried{}, err
	}
	now := s.Now()
	state := secret.ParseToken(answer.Get("state")).Hash()
	code := secret.ParseToken(answer.Get("code"))
	var t trial
	var stands string
	var out Tried
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		payload, err := tx.SingleUse(ctx, store.KindTrial, state, now)
		if err == nil {
			err = json.Unmarshal([]byte(payload), &t)
		}
		if err == nil && t.Session != by.Session.ID {
			err = store.ErrNotFound
		}
		if err == nil {
			_, err = tx.Consume(ctx, store.KindTrial, state, now)
		}
		if err == nil {
			out.App, err = tx.App(ctx, t.App)
		}
		if err != nil || answer.Has("error") {
			return err
		}
		stands, err = tx.Consume(ctx, store.KindTrialCode, code.Hash(), now)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrUsed) {
		return Tried{}, &fault.Error{Kind: fault.NotFound, Code: "trial_unknown", Want: "the answer to a trial of this session", Fix: fault.PersonSide}
	}
	if err != nil {
		return Tried{}, fmt.Errorf("finishing a trial: %w", err)
	}
	if answer.Has("error") {
		out.Refused, out.Why = oidc.Code(answer.Get("error")), answer.Get("error_description")
		return out, nil
	}
	verifier, err := s.Sealer.Open(trialPlace(state), t.Verifier)
	if err != nil {
		return Tried{}, fmt.Errorf("opening the verifier of a trial: %w", err)
	}
	var p promise
	if err := json.Unmarshal([]byte(stands), &p); err != nil {
		return Tried{}, fmt.Errorf("reading what the code of a trial stands for: %w", err)
	}
	err = s.look(ctx, &out, &p, code, string(verifier), now)
	if refusal, ok := errors.AsType[*oidc.TokenError](err); ok {
		out.Refused, out.Why = refusal.Code, refusal.Description
		return out, nil
	}
	return out, err
}

// errLooked undoes a transaction in which we only wanted to look.
var errLooked = errors.New("looked")

// look has the code exchanged as the app would, asks userinfo with what it
// gives, and undoes it all.
func (s *Service) look(ctx context.Context, out *Tried, p *promise, code secret.Token, verifier string, now time.Time) error {
	key, err := s.signer(ctx, &out.App)
	if err != nil {
		return err
	}
	request, err := oidc.ReadToken(nil, "", url.Values{
		"grant_type": {string(oidc.AuthorizationCode)}, "code": {code.Reveal()}, "redirect_uri": {s.trialURI()}, "code_verifier": {verifier}, "client_id": {out.App.ClientID},
	}.Encode())
	if err != nil {
		return err
	}
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		g, err := p.take(ctx, tx, &out.App, asking{TokenRequest: request}, now)
		if err != nil {
			return err
		}
		if g.claims, err = claims(ctx, tx.Reader, &out.App, &g.person, g.scope.Claims()|g.extra); err != nil {
			return err
		}
		token, err := s.idToken(&out.App, &g, key, now)
		if err != nil {
			return err
		}
		info, err := s.told(ctx, tx.Reader, g.access, oidc.Possession{}, oidc.InvalidAccessToken())
		if err != nil {
			return err
		}
		out.Userinfo, out.Scope, out.ExpiresIn = info.Claims.JSON(), g.scope.String(), TokenLife
		if out.Header, out.Claims, err = decoded(token); err != nil {
			return err
		}
		return errLooked
	})
	if errors.Is(err, errLooked) {
		return nil
	}
	return err
}

// decoded returns what an id token says, without the signature that would make
// it one.
func decoded(token string) (header, claims []byte, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, nil, errors.New("reading an id token of ours: not three parts")
	}
	if header, err = base64.RawURLEncoding.DecodeString(parts[0]); err != nil {
		return nil, nil, fmt.Errorf("reading an id token of ours: %w", err)
	}
	if claims, err = base64.RawURLEncoding.DecodeString(parts[1]); err != nil {
		return nil, nil, fmt.Errorf("reading an id token of ours: %w", err)
	}
	return header, claims, nil
}
