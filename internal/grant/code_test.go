package grant_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// A code is what we have sealed, octet for octet, and says nothing to who carries
// it.
func TestACodeIsOursOrNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	code := h.code(&h.portal)
	token, text, _ := strings.Cut(code, ".")
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{string(h.session), string(h.user.ID), string(h.portal.ID), "openid"} {
		if bytes.Contains(sealed, []byte(secret)) || strings.Contains(code, secret) {
			t.Errorf("the code shows %s", secret)
		}
	}
	other, err := secret.NewSealer(bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := func(s *secret.Sealer, at secret.Place, plain string) string {
		at.Row = token
		return token + "." + base64.RawURLEncoding.EncodeToString(s.Seal(at, []byte(plain)))
	}
	plain := `{"a":"` + string(h.portal.ID) + `","s":"` + string(h.session) + `","o":"openid","r":"` + h.portal.RedirectURIs[0] + `","p":"` + base64.StdEncoding.EncodeToString(make([]byte, 32)) + `","u":99999999999999}`
	flipped := bytes.Clone(sealed)
	flipped[len(flipped)-1] ^= 1
	for name, forged := range map[string]string{
		"with an octet changed":         token + "." + base64.RawURLEncoding.EncodeToString(flipped),
		"without its token":             text,
		"with another token":            secret.NewToken().Reveal() + "." + text,
		"with an empty token":           "." + text,
		"of a token alone":              token + ".",
		"cut":                           code[:len(code)-4],
		"longer":                        code + "AAAA",
		"padded":                        code + "=",
		"in the other alphabet":         strings.NewReplacer("-", "+", "_", "/").Replace(code) + "+",
		"twice":                         code + "." + code,
		"of another deployment":         elsewhere(other, secret.Place{Table: "grants", Column: "named_code"}, plain),
		"that was sealed for elsewhere": elsewhere(h.Sealer, secret.Place{Table: "tokens", Column: "successor"}, plain),
		"that is no object":             elsewhere(h.Sealer, secret.Place{Table: "grants", Column: "named_code"}, `[]`),
		"very long":                     strings.Repeat("A", oidc.MaxCode),
		"a token":                       secret.NewToken().Reveal(),
	} {
		if _, err := h.exchange(&h.portal, forged); !refusedWith(err, oidc.InvalidGrant) {
			t.Errorf("a code %s: Exchange() = %v, want invalid_grant", name, err)
		}
	}
	if _, err := h.exchange(&h.portal, code); err != nil {
		t.Errorf("twin: Exchange() = %v", err)
	}
	if one, other := h.code(&h.portal), h.code(&h.portal); one == other {
		t.Error("two codes are the same")
	}
}

// The longest code that a request can ask for can be exchanged.
func TestALongCodeCanBeExchanged(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	uri := "https://app.example/" + strings.Repeat("&", oidc.MaxRedirectURI-len("https://app.example/"))
	h.portal.RedirectURIs = append(h.portal.RedirectURIs, uri)
	h.write(func(ctx context.Context, tx *store.Writer) error {
		app, err := tx.App(ctx, h.portal.ID)
		app.RedirectURIs = h.portal.RedirectURIs
		return errors.Join(err, tx.SaveApp(ctx, app))
	})
	nonce := strings.Repeat(`"`, 1024)
	code := h.code(&h.portal, "redirect_uri", uri, "nonce", nonce, "claims", `{"userinfo":{"name":null,"email":null,"groups":null}}`)
	if len(code) > oidc.MaxCode*15/16 {
		t.Errorf("the code has %d octets", len(code))
	}
	tokens, err := h.exchange(&h.portal, code, "redirect_uri", uri)
	if err != nil || payload(t, tokens.IDToken)["nonce"] != nonce {
		t.Errorf("Exchange() = %v", err)
	}
}

// Nothing is stored for a code before it is exchanged: who asks for codes fills
// nothing.
func TestACodeTakesNoRoom(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	h.code(&h.portal)
	before := h.DB.Stats().Statements
	h.code(&h.portal)
	reads := h.DB.Stats().Statements - before
	h.wait(2 * grant.CodeLife)
	h.write(func(ctx context.Context, tx *store.Writer) error {
		n, err := tx.DeleteExpired(ctx, h.Now(), store.Retention{})
		if n != 0 {
			t.Errorf("%d rows of codes that nobody has exchanged", n)
		}
		return err
	})
	if reads > 2 {
		t.Errorf("a code takes %d statements", reads)
	}
}

// A code that was exchanged before codes were sealed revokes what it gave, too.
func TestAnOldCodeUsedAgainRevokesWhatItGave(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		old, access := secret.NewToken(), secret.NewToken()
		h.write(func(ctx context.Context, tx *store.Writer) error {
			return tx.InsertGrant(ctx, store.Grant{
				ID: sso.NewGrantID(h.Now()), App: h.portal.ID, User: h.user.ID, Org: h.org.ID, Session: h.session, SID: h.session, Code: old.Hash(), Scope: "openid", CreatedAt: h.Now(),
			}, store.Token{Hash: access.Hash(), ExpiresAt: h.Now().Add(grant.TokenLife)})
		})
		if _, err := h.Userinfo(h.Context(), access); err != nil {
			h.Fatal(err)
		}
		if _, err := h.exchange(&h.portal, old.Reveal()); !refusedWith(err, oidc.InvalidGrant) {
			h.Errorf("Exchange() = %v, want invalid_grant", err)
		}
		if _, err := h.Userinfo(h.Context(), access); !refused(err) {
			h.Errorf("Userinfo() = %v, want the token revoked", err)
		}
	})
}

// A code is tried by another app and exchanged by its own at the same time: whoever
// comes first, no token is good for anything that was given beside a theft.
func TestATheftBesideTheExchange(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		for range 8 {
			code := h.code(&h.portal)
			stolen := make(chan error)
			go func() {
				_, err := h.exchange(&h.native, code)
				stolen <- err
			}()
			tokens, err := h.exchange(&h.portal, code)
			if err := <-stolen; !refusedWith(err, oidc.InvalidGrant) {
				h.Errorf("the thief: Exchange() = %v, want invalid_grant", err)
			}
			if err != nil {
				if !refusedWith(err, oidc.InvalidGrant) {
					h.Errorf("Exchange() = %v", err)
				}
				continue
			}
			if _, err := h.Userinfo(h.Context(), tokens.AccessToken); !refused(err) {
				h.Errorf("Userinfo() = %v, want the token revoked", err)
			}
		}
	})
}

// Whatever is shown as a code gives nothing that was not sealed here.
func FuzzCode(f *testing.F) {
	h := &house{}
	f.Add("")
	f.Add("AQ")
	f.Add(strings.Repeat("A", 80))
	sealer, err := secret.NewSealer(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	h.Sealer = sealer
	f.Add(base64.RawURLEncoding.EncodeToString(sealer.Seal(secret.Place{Table: "grants", Column: "code"}, []byte(`{}`))))
	f.Add("token." + base64.RawURLEncoding.EncodeToString(sealer.Seal(secret.Place{Table: "grants", Column: "named_code", Row: "token"}, []byte(`{}`))))
	f.Fuzz(func(t *testing.T, code string) {
		if grant.IsCode(&h.Service, code) {
			text := code
			if _, behind, ok := strings.Cut(code, "."); ok {
				text = behind
			}
			sealed, err := base64.RawURLEncoding.DecodeString(text)
			if err != nil || base64.RawURLEncoding.EncodeToString(sealed) != text {
				t.Errorf("a code in a form that we do not write: %q", code)
			}
		}
	})
}

// A code was in wrong hands and is withdrawn. The node that deletes what has
// expired has a clock that is a few seconds ahead of the one that is asked: the
// code is good for nothing all the same.
func TestAWithdrawnCodeStaysSoWhereClocksDiffer(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		code := h.code(&h.portal)
		if _, err := h.exchange(&h.native, code); !refusedWith(err, oidc.InvalidGrant) {
			h.Fatalf("the thief: Exchange() = %v", err)
		}
		h.wait(grant.CodeLife - 2*time.Second)
		h.write(func(ctx context.Context, tx *store.Writer) error {
			_, err := tx.DeleteExpired(ctx, h.Now().Add(5*time.Second), store.Retention{})
			return err
		})
		if _, err := h.exchange(&h.portal, code); !refusedWith(err, oidc.InvalidGrant) {
			h.Errorf("Exchange() of a withdrawn code = %v, want invalid_grant", err)
		}
	})
}

// A code that was sealed before codes had a token before them is good once, too.
func TestACodeWithoutATokenIsGoodOnce(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		token, text, _ := strings.Cut(h.code(&h.portal), ".")
		sealed, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			h.Fatal(err)
		}
		plain, err := h.Sealer.Open(secret.Place{Table: "grants", Column: "named_code", Row: token}, sealed)
		if err != nil {
			h.Fatal(err)
		}
		old := base64.RawURLEncoding.EncodeToString(h.Sealer.Seal(secret.Place{Table: "grants", Column: "code"}, plain))
		tokens, err := h.exchange(&h.portal, old)
		if err != nil {
			h.Fatal(err)
		}
		for _, code := range []string{"." + old, token + "." + old, old} {
			if _, err := h.exchange(&h.portal, code); !refusedWith(err, oidc.InvalidGrant) {
				h.Errorf("again: Exchange() = %v, want invalid_grant", err)
			}
		}
		if _, err := h.Userinfo(h.Context(), tokens.AccessToken); !refused(err) {
			h.Errorf("Userinfo() = %v, want the token revoked", err)
		}
	})
}

// A code that comes again revokes what it gave also where the key is gone that has
// sealed it.
func TestACodeIsKnownWithoutItsKey(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		code := h.code(&h.portal)
		tokens, err := h.exchange(&h.portal, code)
		if err != nil {
			h.Fatal(err)
		}
		if h.Sealer, err = secret.NewSealer(bytes.Repeat([]byte{8}, 32)); err != nil {
			h.Fatal(err)
		}
		if _, err := h.exchange(&h.portal, code); !refusedWith(err, oidc.InvalidGrant) {
			h.Errorf("again: Exchange() = %v, want invalid_grant", err)
		}
		if _, err := h.Userinfo(h.Context(), tokens.AccessToken); !refused(err) {
			h.Errorf("Userinfo() = %v, want the token revoked", err)
		}
	})
}
