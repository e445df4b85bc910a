package web

import (
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/secret"
)

// Bearer returns the token that a request brings in its Authorization header
// [RFC 6750 2.1], and whether it brings one. Of several headers none counts.
func Bearer(r *http.Request) (secret.Token, bool) {
	all := r.Header.Values("Authorization")
	if len(all) != 1 {
		return secret.Token{}, false
	}
	scheme, text, ok := strings.Cut(all[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || text == "" || len(text) > maxBearer {
		return secret.Token{}, false
	}
	return secret.ParseToken(text), true
}

// maxBearer bounds a token that is looked at, in octets.
const maxBearer = 8 << 10
