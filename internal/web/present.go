package web

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// Present returns who holds a session token, as person tells. A token that waits
// to be replaced is, and the browser gets the new one: what the person may do by
// now, they may with that. Where another request of the browser was quicker, its
// answer brings the new one, and this request goes on as what they were.
func Present(w http.ResponseWriter, r *http.Request, token secret.Token, person func(context.Context, secret.Token, netip.Addr) (sso.Person, error)) (sso.Person, error) {
	x := exchangeOf(r)
	p, err := person(r.Context(), token, x.address)
	if err != nil || !p.Waits() || x.renew == nil {
		return p, err
	}
	next, err := x.renew(r.Context(), token)
	if err != nil {
		return sso.Person{}, err
	}
	if next.IsZero() {
		return person(r.Context(), token, x.address)
	}
	p, err = person(r.Context(), next, x.address)
	if err == nil {
		x.jar.write(w, sessionCookie, next)
	}
	return p, err
}
