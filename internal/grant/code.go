package grant

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// promise is what a code stands for. The app carries it itself, sealed: nothing is
// stored before the code is exchanged, and then all at once. Who the person is, and
// whether they still are, says the session.
type promise struct {
	App         sso.AppID     `json:"a"`
	Session     sso.SessionID `json:"s"`
	Scope       string        `json:"o"`
	Claims      string        `json:"c,omitempty"` // asked for one by one, beside what the scope gives
	RedirectURI string        `json:"r"`
	Challenge   []byte        `json:"p,omitempty"` // none: the app may go without
	Nonce       string        `json:"n,omitempty"`
	ACR         string        `json:"l,omitempty"`
	Key         string        `json:"k,omitempty"` // to which it is bound
	Until       int64         `json:"u"`           // milliseconds since 1970; from then on it is worth nothing
	Token       string        `json:"t,omitempty"` // by whose hash the code is known; none: by its own, as before there was one
}

// codePlace is what codes are sealed as.
var codePlace = secret.Place{Table: "grants", Column: "code"}

// hash is what the code is known by that says so.
func (p *promise) hash(code secret.Token) secret.Hash {
	if p.Token == "" {
		return code.Hash()
	}
	return secret.ParseToken(p.Token).Hash()
}

// promised returns what a code stands for that answers a request.
func (s *Service) promised(app *sso.App, request *oidc.AuthorizeRequest, session sso.SessionID, level oidc.Level, now time.Time) promise {
	return promise{
		App: app.ID, Session: session, Scope: request.Scope.String(), Claims: (request.Claims() &^ request.Scope.Claims()).String(),
		RedirectURI: request.RedirectURI(), Challenge: kept(request.Challenge), Nonce: request.Nonce, ACR: request.ACR(level), Key: request.Key(),
		Until: now.Add(CodeLife).UnixMilli(), Token: s.DB.NewToken(now).Reveal(),
	}
}

// kept returns a challenge as it is kept.
func kept(c oidc.Challenge) []byte {
	if c.IsZero() {
		return nil
	}
	return c[:]
}

// code returns a code that stands for it.
func (s *Service) code(p *promise) (secret.Token, error) {
	var plain bytes.Buffer
	write := json.NewEncoder(&plain)
	write.SetEscapeHTML(false) // a code stands in a URL: the shorter the better
	if err := write.Encode(p); err != nil {
		return secret.Token{}, fmt.Errorf("writing a code: %w", err)
	}
	return secret.ParseToken(base64.RawURLEncoding.EncodeToString(s.Sealer.Seal(codePlace, plain.Bytes()))), nil
}

// promise returns what a code stands for, and reports whether it is one of ours, in
// the one form in which we have written it.
func (s *Service) promise(code secret.Token) (p promise, ours bool) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(code.Reveal())
	if err != nil {
		return promise{}, false
	}
	plain, err := s.Sealer.Open(codePlace, sealed)
	if err != nil || json.Unmarshal(plain, &p) != nil {
		return promise{}, false
	}
	return p, base64.RawURLEncoding.EncodeToString(sealed) == code.Reveal() // line breaks are passed over
}

// errCodeUsed says that a code was exchanged, or withdrawn, before.
var errCodeUsed = errors.New("the code was used before")

// redeem exchanges a code. It is used up by the first who presents it, also
// where that one may not have it: it has been in wrong hands. A code that was
// exchanged before revokes what it gave.
func (s *Service) redeem(ctx context.Context, tx *store.Writer, app *sso.App, r asking, now time.Time) (given, error) {
	p, ours := s.promise(r.Code)
	if !ours {
		return given{}, s.mistaken(ctx, tx, app, &r, now)
	}
	out, err := p.take(ctx, tx, app, r, now)
	if _, refused := errors.AsType[*oidc.TokenError](err); refused {
		if err := p.withdraw(ctx, tx, app, &r, now); err != nil {
			return given{}, err
		}
	}
	return out, err
}

func (p *promise) until() time.Time { return time.UnixMilli(p.Until) }

// take gives what a code stands for, to whom it was issued for.
func (p *promise) take(ctx context.Context, tx *store.Writer, app *sso.App, r asking, now time.Time) (given, error) {
	if p.App != app.ID || !now.Before(p.until()) {
		return given{}, oidc.InvalidCode()
	}
	if err := p.check(app, &r); err != nil {
		return given{}, err
	}
	person, err := standsFor(ctx, tx.Reader, app, p.Session, now)
	if err != nil {
		return given{}, inPlaceOf(err, oidc.InvalidCode())
	}
	out := given{person: person, sid: p.Session, key: r.key, scope: oidc.ParseScope(p.Scope), extra: oidc.ParseClaimSet(p.Claims), nonce: p.Nonce, acr: p.ACR}
	err = out.give(ctx, tx, app, store.Grant{
		ID: sso.NewGrantID(now), App: app.ID, User: person.User.ID, Org: person.Org.ID, SID: p.Session, Code: p.hash(r.Code), Claims: p.Claims,
	}, now)
	if errors.Is(err, store.ErrUsed) {
		err = errCodeUsed
	}
	return out, err
}

// check holds a token request to what the code was issued for.
func (p *promise) check(app *sso.App, r *asking) error {
	var challenge oidc.Challenge
	if n := copy(challenge[:], p.Challenge); n != len(challenge) && (n > 0 || !app.PKCEOptional || app.Public()) {
		return oidc.InvalidCode() // an app that must use PKCE by now, too
	}
	if p.Key != "" && p.Key != r.key {
		return oidc.ForeignKey()
	}
	return r.Redeem(oidc.Binding{ClientID: app.ClientID, RedirectURI: p.RedirectURI, Challenge: challenge})
}

// clocks is how far apart the clocks of two nodes may be, of which one forgets what
// has expired and the other is asked.
const clocks = 10 * time.Minute

// withdraw has a code be good for nothing any more, and revokes what it gave, if it
// gave anything.
func (p *promise) withdraw(ctx context.Context, tx *store.Writer, app *sso.App, r *asking, now time.Time) error {
	if err := revokeByCode(ctx, tx, app, r, p.hash(r.Code), now); err != nil || !now.Before(p.until()) {
		return err
	}
	err := tx.InsertSingleUse(ctx, store.KindCode, p.hash(r.Code), p.until().Add(clocks), "")
	if errors.Is(err, store.ErrUsed) {
		return nil
	}
	return err
}

// mistaken refuses a code that is good for nothing, and revokes what it gave, if it
// gave anything: also before codes were sealed.
func (s *Service) mistaken(ctx context.Context, tx *store.Writer, app *sso.App, r *asking, now time.Time) error {
	hash := r.Code.Hash()
	if p, ours := s.promise(r.Code); ours {
		hash = p.hash(r.Code)
	}
	if err := revokeByCode(ctx, tx, app, r, hash, now); err != nil {
		return err
	}
	return oidc.InvalidCode()
}

// usedBefore refuses a code that was used before, and revokes what it gave: either
// the app has a fault or the code was stolen.
func (s *Service) usedBefore(ctx context.Context, app *sso.App, r *asking, now time.Time) (given, error) {
	return s.inReturn(ctx, app, func(tx *store.Writer) (given, error) { return given{}, s.mistaken(ctx, tx, app, r, now) })
}
