package web

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/sso"
)

// ByFrom returns who asks, for what is written down about it. It is zero where
// [PersonFrom] is.
func ByFrom(r *http.Request) sso.By {
	by := sso.By{Person: PersonFrom(r), UserAgent: r.UserAgent()}
	if a := Address(r); a.IsValid() {
		by.Address = a.String()
	}
	return by
}
