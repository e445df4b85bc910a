package grant

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
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
}

// between stands between the token of a code and what is sealed for it.
const between = "."

// named returns the token by whose hash a code is known, and what is sealed for it. The
// token can be read without the key, so that a code that comes again is known when
// the key is gone: who shows the token alone gets nothing, and revokes what the code
// gave. A code of before there was one is known by its own hash.
func named(code secret.Token) (token secret.Token, sealed string) {
	name, sealed, ok := strings.Cut(code.Reveal(), between)
	if !ok {
		return code, name
	}
	return secret.ParseToken(name), sealed
}

// codeHash is what a code is known by.
func codeHash(code secret.Token) secret.Hash {
	token, _ := named(code)
	return token.Hash()
}

// sealedFor is where what a token stands for is sealed.
func sealedFor(token string) secret.Place {
	return secret.Place{Table: "grants", Column: "named_code", Row: token}
}

// sealedBefore is where codes are sealed that have no token.
var sealedBefore = secret.Place{Table: "grants", Column: "code"}

// promised returns what a code stands for that answers a request.
func promised(app *sso.App, request *oidc.AuthorizeRequest, session sso.SessionID, level oidc.Level, now time.Time) promise {
	return promise{
		App: app.ID, Session: session, Scope: request.Scope.String(), Claims: (request.Claims() &^ request.Scope.Claims()).String(),
		RedirectURI: request.RedirectURI(), Challenge: kept(request.Challenge), Nonce: request.Nonce, ACR: request.ACR(level), Key: request.Key(),
		Until: now.Add(CodeLife).UnixMilli(),
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
	token := s.DB.NewToken(s.Now()).Reveal()
	return secret.ParseToken(token + between + base64.RawURLEncoding.EncodeToString(s.Sealer.Seal(sealedFor(token), plain.Bytes()))), nil
}

// promise returns what a code stands for, and reports whether it is one of ours, in
// the one form in which we have written it.
func (s *Service) promise(code secret.Token) (p promise, ours bool) {
	token, text := named(code)
	place := sealedBefore
	if token != code {
		place = sealedFor(token.Reveal())
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return promise{}, false
	}
	plain, err := s.Sealer.Open(place, sealed)
	if err != nil || json.Unmarshal(plain, &p) != nil {
		return promise{}, false
	}
	return p, base64.RawURLEncoding.EncodeToString(sealed) == text // line breaks are passed over
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
		ID: sso.NewGrantID(now), App: app.ID, User: person.User.ID, Org: person.Org.ID, SID: p.Session, Code: codeHash(r.Code), Claims: p.Claims,
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

// withdraw has a code be good for nothing any more, and revokes what it gave, if it
// gave anything.
func (p *promise) withdraw(ctx context.Context, tx *store.Writer, app *sso.App, r *asking, now time.Time) error {
	if err := revokeByCode(ctx, tx, app, r, now); err != nil || !now.Before(p.until()) {
		return err
	}
	err := tx.InsertSingleUse(ctx, store.KindCode, codeHash(r.Code), p.until(), "")
	if errors.Is(err, store.ErrUsed) {
		return nil
	}
	return err
}

// mistaken refuses a code that is good for nothing, and revokes what it gave, if it
// gave anything: also before codes were sealed.
func (s *Service) mistaken(ctx context.Context, tx *store.Writer, app *sso.App, r *asking, now time.Time) error {
	if err := revokeByCode(ctx, tx, app, r, now); err != nil {
		return err
	}
	return oidc.InvalidCode()
}

// usedBefore refuses a code that was used before, and revokes what it gave: either
// the app has a fault or the code was stolen.
func (s *Service) usedBefore(ctx context.Context, app *sso.App, r *asking, now time.Time) (given, error) {
	return s.inReturn(ctx, app, func(tx *store.Writer) (given, error) { return given{}, s.mistaken(ctx, tx, app, r, now) })
}
