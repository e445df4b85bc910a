package web

import "net/http"

// ContentPolicy is the content security policy of every page: nothing but our
// own files, nothing inline, no frames, forms to ourselves.
const ContentPolicy = contentBase + "; form-action 'self'"

// PostingPolicy is that of the one page whose form goes to an identity
// provider, or to an application. It leaves form-action out: Chromium applies it
// to every redirect that follows, and they redirect on to hosts that nobody can
// list beforehand. The form's target is checked by [CheckTarget] instead.
const PostingPolicy = contentBase

const contentBase = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"

// transportSecurity makes a browser use https only, for a year. Sub-domains
// are not ours to decide about.
const transportSecurity = "max-age=31536000"

// secureHeaders returns what every answer carries. A handler may only relax it in
// its own sight: an asset may be cached, a posting page takes [PostingPolicy].
func secureHeaders(base BaseURL) http.Header {
	h := http.Header{}
	h.Set("Content-Security-Policy", ContentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Other sites learn nothing. Not no-referrer: that makes browsers send
	// "Origin: null" with our own forms, and the check for cross-origin posts
	// would have nothing to look at where Sec-Fetch-Site is missing.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if base.secure {
		h.Set("Strict-Transport-Security", transportSecurity)
	}
	return h
}

// isolate cuts the page off from the window that opened it. The pages of a
// sign-in are left out: an application may run it in a window of its own and
// wait there for the answer.
func isolate(h http.Header, a Access) {
	if a != Browser {
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
}
