package web

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// Names of the cookies. On https they carry the prefix with which a browser
// accepts them only from this very host over https, so that no neighbouring
// sub-domain can plant one [RFC 6265bis 4.1.3.2].
const (
	browserCookie = "sallyport-browser"
	sessionCookie = "sallyport-session"
	deviceCookie  = "sallyport-device"
	knownCookie   = "sallyport-known"
	setupCookie   = "sallyport-setup"
	speechCookie  = "sallyport-language"
	hostPrefix    = "__Host-"
)

// knownLife is how long a browser that somebody has signed in with is told from
// others.
const knownLife = 365 * 24 * time.Hour

// maxCookie bounds a cookie that is worth looking at; ours have 47 octets at most.
const maxCookie = 128

// jar reads and writes our cookies as the base URL demands.
type jar struct{ secure bool }

func (j jar) name(n string) string {
	if j.secure {
		return hostPrefix + n
	}
	return n
}

// read returns the token in a cookie, or an empty one.
func (j jar) read(r *http.Request, name string) secret.Token {
	c, err := r.Cookie(j.name(name))
	if err != nil || len(c.Value) > maxCookie {
		return secret.Token{}
	}
	return secret.ParseToken(c.Value)
}

// write sets a cookie that lives as long as the browser is open.
func (j jar) write(w http.ResponseWriter, name string, t secret.Token) {
	http.SetCookie(w, j.cookie(name, t.Reveal(), 0))
}

// drop makes the browser forget a cookie.
func (j jar) drop(w http.ResponseWriter, name string) {
	http.SetCookie(w, j.cookie(name, "", -1))
}

func (j jar) cookie(name, value string, age int) *http.Cookie {
	c := &http.Cookie{Name: j.name(name), Value: value, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	c.Secure = j.secure // false on plain http, which is loopback only
	return c
}

// DeviceToken returns the token by which the browser is remembered, or an empty
// one. It is empty on routes that see no cookies.
func DeviceToken(r *http.Request) secret.Token { return tokenOf(r, deviceCookie) }

// KnownToken returns the token by which the browser is told from others, or an
// empty one. It is empty on routes that see no cookies.
func KnownToken(r *http.Request) secret.Token { return tokenOf(r, knownCookie) }

func tokenOf(r *http.Request, name string) secret.Token {
	x := exchangeOf(r)
	if !x.route.Access.cookies() {
		return secret.Token{}
	}
	return x.jar.read(r, name)
}

// SetKnown has the browser keep the token by which it is told from others. It
// opens nothing.
func SetKnown(w http.ResponseWriter, r *http.Request, t secret.Token) {
	j := exchangeOf(r).jar
	http.SetCookie(w, j.cookie(knownCookie, t.Reveal(), int(knownLife.Seconds())))
}

// SetDevice has the browser keep the token by which it is remembered, as long
// as it is.
func SetDevice(w http.ResponseWriter, r *http.Request, t secret.Token) {
	j := exchangeOf(r).jar
	http.SetCookie(w, j.cookie(deviceCookie, t.Reveal(), int(sso.DeviceLife.Seconds())))
}

// SessionToken returns the token of the session cookie, or an empty one. It is
// empty on routes that see no cookies.
func SessionToken(r *http.Request) secret.Token { return tokenOf(r, sessionCookie) }

// SetSession gives the browser its session.
func SetSession(w http.ResponseWriter, r *http.Request, t secret.Token) {
	exchangeOf(r).jar.write(w, sessionCookie, t)
}

// DropSession makes the browser forget its session.
func DropSession(w http.ResponseWriter, r *http.Request) {
	exchangeOf(r).jar.drop(w, sessionCookie)
}

// SetupToken returns the token of the setup link that the browser was opened
// with, or an empty one. It is empty on routes that see no cookies.
func SetupToken(r *http.Request) secret.Token { return tokenOf(r, setupCookie) }

// SetSetup gives the browser the token of a setup link.
func SetSetup(w http.ResponseWriter, r *http.Request, t secret.Token) {
	exchangeOf(r).jar.write(w, setupCookie, t)
}

// Language returns the tag of the language that the app asked for with which the
// person signs in, or "". It comes from outside, and is empty on routes that see
// no cookies.
func Language(r *http.Request) string {
	x, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok || !x.route.Access.cookies() {
		return ""
	}
	c, err := r.Cookie(x.jar.name(speechCookie))
	if err != nil || len(c.Value) > maxCookie {
		return ""
	}
	return c.Value
}

// SetLanguage has the pages speak a language to this browser from now on; "" has
// them speak the browser's own again.
func SetLanguage(w http.ResponseWriter, r *http.Request, tag string) {
	j := exchangeOf(r).jar
	switch {
	case tag == Language(r):
	case tag == "":
		j.drop(w, speechCookie)
	default:
		http.SetCookie(w, j.cookie(speechCookie, tag, 0))
	}
}
