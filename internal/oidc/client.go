package oidc

import (
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
)

// Limits of what a client may register.
const (
	MaxRedirectURI = 2048 // octets of one redirect URI
	MaxClientID    = 255  // octets
)

// Client describes an application as far as the protocol asks. Public clients
// (browser and native applications) have no secret and prove themselves by PKCE
// alone.
type Client struct {
	ID           string
	RedirectURIs []string
	Public       bool
	SecretHashes []secret.Hash // of a confidential client, all that are good; ignored for a public one
	PKCEOptional bool          // a request may lack PKCE; ignored for a public one
	Signs        bool          // it proves itself by a signature: see [Credentials.Prove]
}

// registered reports whether uri is one that c registered: the same string,
// octet for octet [RFC 9700 2.1]. The one exception is the port of a public
// client on a loopback address, which a native application learns only when it
// starts [RFC 8252 7.3].
func (c Client) registered(uri string) bool {
	if slices.Contains(c.RedirectURIs, uri) {
		return true
	}
	if !c.Public {
		return false
	}
	asked, ok := withoutLoopbackPort(uri)
	if !ok {
		return false
	}
	return slices.ContainsFunc(c.RedirectURIs, func(r string) bool {
		known, ok := withoutLoopbackPort(r)
		return ok && known == asked
	})
}

// withoutLoopbackPort cuts the port out of an http URI on a loopback address
// literal. It works on the text alone: what a URL parser would make of the rest
// does not matter where the rest must be equal.
func withoutLoopbackPort(uri string) (string, bool) {
	for _, origin := range []string{"http://127.0.0.1", "http://[::1]"} {
		rest, ok := strings.CutPrefix(uri, origin)
		if !ok {
			continue
		}
		if port, ok := strings.CutPrefix(rest, ":"); ok {
			digits := len(port) - len(strings.TrimLeft(port, "0123456789"))
			if digits == 0 || digits > len("65535") {
				return "", false
			}
			rest = port[digits:]
		}
		if rest != "" && rest[0] != '/' && rest[0] != '?' {
			return "", false // "http://127.0.0.1.evil.example", "http://127.0.0.1@evil"
		}
		return origin + rest, true
	}
	return "", false
}

// Authenticate reports whether the credentials of a token request are those of
// c. The answer never says what was wrong with them.
func (c Client) Authenticate(by Credentials) error {
	if by.ClientID != c.ID {
		return invalidClient("the client is not the one that was asked about")
	}
	if c.Public {
		if by.Method != NoSecret {
			return invalidClient("a public client has no secret")
		}
		return nil
	}
	switch {
	case by.Method == NoSecret:
		return invalidClient("this client must authenticate")
	case c.Signs != (by.Method == PrivateKeyJWT):
		return invalidClient("this client authenticates in another way")
	case c.Signs && !by.proved:
		return invalidClient("the signature was not verified")
	case c.Signs:
		return nil
	}
	got := by.Secret.Sum()
	if !slices.ContainsFunc(c.SecretHashes, got.Equal) {
		return invalidClient("the secret is wrong")
	}
	return nil
}

// AllowsOrigin reports whether a page of this origin is one of c's own: c runs
// in browsers, and the origin is that of a redirect URI. On a loopback address any
// port is, as for the redirect URI itself.
func (c Client) AllowsOrigin(origin string) bool {
	if !c.Public || origin == "" {
		return false
	}
	here, local := withoutLoopbackPort(origin)
	return slices.ContainsFunc(c.RedirectURIs, func(uri string) bool {
		own := originOf(uri)
		if own == origin {
			return true
		}
		there, ok := withoutLoopbackPort(own)
		return ok && local && there == here
	})
}

// defaultPorts are those that browsers leave out.
var defaultPorts = map[string]string{"https": ":443", "http": ":80"}

// originOf returns the origin of the page that opens at uri, as browsers write it
// [RFC 6454 6.2]; "": no page does.
func originOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" || defaultPorts[u.Scheme] == "" {
		return ""
	}
	return u.Scheme + "://" + strings.TrimSuffix(strings.ToLower(u.Host), defaultPorts[u.Scheme])
}

// UnknownClient returns the error for a client ID that is not registered. It is
// for a page, never for a redirect.
func UnknownClient(id string) error {
	return &fault.Error{Kind: fault.Invalid, Code: "oidc_client_unknown", Got: clip(id), Fix: fault.AppSide}
}

// CheckLoginURL refuses a URL at which no app begins to sign somebody in
// [OIDC 4]: it is held to what a redirect URI is held to, and opens in a browser.
func CheckLoginURL(uri string) error {
	if err := CheckRedirectURI(uri); err != nil {
		return err
	}
	if scheme, _, _ := strings.Cut(uri, ":"); scheme != "https" && scheme != "http" {
		return refusedURI(uri, FlawNoPage)
	}
	return nil
}

// URIFlaw says why an address of an app must not be registered.
type URIFlaw string

// The flaws.
const (
	FlawLength   URIFlaw = "length"
	FlawSigns    URIFlaw = "signs"
	FlawPart     URIFlaw = "part" // it is not absolute
	FlawFragment URIFlaw = "fragment"
	FlawUser     URIFlaw = "user"
	FlawWildcard URIFlaw = "wildcard"
	FlawHost     URIFlaw = "host"
	FlawPlain    URIFlaw = "plain" // http to another machine
	FlawScheme   URIFlaw = "scheme"
	FlawNoPage   URIFlaw = "no_page" // no browser opens it
)

// wants returns what there has to be, by what is wrong.
func (f URIFlaw) wants() string {
	return map[URIFlaw]string{
		FlawLength: "a URI of at most 2048 octets", FlawSigns: "a URI in ASCII without spaces", FlawPart: "an absolute URI", FlawFragment: "a URI without a fragment",
		FlawUser: "a URI without user information", FlawWildcard: "a URI without a wildcard", FlawHost: "a URI with a host", FlawPlain: "https, or http on a loopback address",
		FlawScheme: "https, or a scheme of the application's own, written as a reversed domain name", FlawNoPage: "an https URL",
	}[f]
}

// Error returns the text for the log.
func (f URIFlaw) Error() string { return "wanting " + f.wants() }

func refusedURI(uri string, f URIFlaw) error {
	return &fault.Error{Kind: fault.Invalid, Code: "app_redirect_uri", Want: f.wants(), Got: clip(uri), Fix: fault.OperatorSide, Err: f}
}

// CheckRedirectURI refuses a redirect URI that must not be registered: one that
// is not absolute, has user information or a fragment, goes over plain http to
// anything but this machine, or has a scheme that a page could run. A native
// application may own a scheme, written as a reversed domain name
// [RFC 8252 7.1]. The fault holds which [URIFlaw] it is.
func CheckRedirectURI(uri string) error {
	if uri == "" || len(uri) > MaxRedirectURI {
		return refusedURI(uri, FlawLength)
	}
	if strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>\^{|}`+"`", r) }) {
		return refusedURI(uri, FlawSigns)
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" || u.Opaque != "" {
		return refusedURI(uri, FlawPart)
	}
	switch {
	case strings.Contains(uri, "#"):
		return refusedURI(uri, FlawFragment)
	case u.User != nil:
		return refusedURI(uri, FlawUser)
	case strings.Contains(uri, "*"):
		return refusedURI(uri, FlawWildcard)
	}
	switch u.Scheme {
	case "https":
		if u.Hostname() == "" {
			return refusedURI(uri, FlawHost)
		}
	case "http":
		if !isLoopback(u.Hostname()) {
			return refusedURI(uri, FlawPlain)
		}
	default:
		if !strings.Contains(u.Scheme, ".") {
			return refusedURI(uri, FlawScheme)
		}
	}
	return nil
}
