// Package mirror tells the doctor what a server sees of its request: through
// what it came, and what became of it on its way.
//
// # Trust
//
// Who asks brings a token that was written to the database a moment ago. They
// are told what they sent, and the addresses of what stands in between; to all
// others there is nothing.
package mirror

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"

	"github.com/sallyport/sallyport/internal/doctor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/web"
)

// Handler serves the page. Its field is set before it is used.
type Handler struct {
	Flow *doctor.Mirror
}

// Routes returns the route. It is one of a sign-in, so that it sees and sets
// the cookies that these do.
func (h *Handler) Routes() []web.Route {
	return []web.Route{{Method: http.MethodGet, Path: doctor.MirrorPath + "{token}", Access: web.Browser, Handler: h.look}}
}

// look serves GET /doctor/{token}.
func (h *Handler) look(w http.ResponseWriter, r *http.Request) error {
	seen := doctor.Reflection{
		Probe: r.Header.Values(doctor.ProbeHeader), Bearer: r.Header.Values("Authorization"), Forwarded: r.Header.Values("X-Forwarded-For"),
		Address: web.Address(r).String(),
	}
	for _, c := range r.CookiesNamed(doctor.ProbeCookie) {
		seen.Cookies = append(seen.Cookies, c.Value)
	}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		seen.Peer = peer.Addr().Unmap().WithZone("").String()
	}
	seen, err := h.Flow.Look(r.Context(), secret.ParseToken(r.PathValue("token")), seen)
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.NotFound {
		return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Fix: fault.PersonSide}
	}
	if err != nil {
		return err
	}
	body, err := json.Marshal(seen)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(body)
	return err
}
