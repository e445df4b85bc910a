// Package registration judges what an app may be registered as, alike for a
// configuration file, the operators' console and whatever else saves one.
//
// It promises that an app which [Check] lets pass can be kept and used: its
// settings go together, and each of its addresses is one to which we may send a
// browser, or a message of ours. It reads and writes nothing.
package registration

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// Limits of what somebody gives an app.
const (
	// A shorter secret could be guessed, and its stored hash is not stretched.
	minSecret = 32 // octets
	maxSecret = 256

	maxClientID = 200
)

// Mistake is what is wrong with one setting of an app.
type Mistake struct {
	Setting string // as a configuration file calls it: redirect_uris.2
	Err     error
}

// Error returns the text for the log.
func (m *Mistake) Error() string { return m.Setting + ": " + m.Err.Error() }

// Unwrap returns the fault.
func (m *Mistake) Unwrap() error { return m.Err }

// Flaw says what is wrong with an address, as [oidc.URIFlaw] has it, and in which
// place of its list it stands, from 0; where it is about no address, or about
// the whole list, it says so by "".
func (m *Mistake) Flaw() (place int, flaw string) {
	f, ok := errors.AsType[oidc.URIFlaw](m.Err)
	if !ok {
		return 0, ""
	}
	if _, in, ok := strings.Cut(m.Setting, "."); ok {
		place, _ = strconv.Atoi(in) // as Check wrote it
	}
	return place, string(f)
}

// Mistakes returns what is wrong, one by one, where err says that an app cannot
// be kept as it is.
func Mistakes(err error) []*Mistake {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return nil
	}
	var all []*Mistake
	for _, e := range joined.Unwrap() {
		if m, ok := errors.AsType[*Mistake](e); ok {
			all = append(all, m)
		}
	}
	return all
}

// Check refuses an app that cannot be kept as it is, by [Mistakes].
func Check(a *sso.App) error {
	var wrong []error
	is := func(setting string, err error) {
		if err != nil {
			wrong = append(wrong, &Mistake{Setting: setting, Err: err})
		}
	}
	_, err := sso.ParseKey(a.Key)
	is("key", err)
	is("client_id", checkClientID(a.ClientID))
	if wrong, ok := errors.AsType[*sso.WrongSetting](a.Check()); ok {
		is(wrong.Setting, wrong.Err)
	}
	for _, list := range []struct {
		setting string
		uris    []string
	}{{"redirect_uris", a.RedirectURIs}, {"post_logout_redirect_uris", a.PostLogoutRedirectURIs}} {
		for i, u := range list.uris {
			is(list.setting+"."+strconv.Itoa(i), oidc.CheckRedirectURI(u))
		}
	}
	// Where a browser is sent to begin, or we send a message: never a scheme of
	// an app's own.
	for _, one := range []struct{ setting, uri string }{{"login_url", a.LoginURL}, {"backchannel_logout_uri", a.BackchannelLogoutURI}, {"jwks_uri", a.JWKSURI}} {
		if one.uri != "" {
			is(one.setting, oidc.CheckLoginURL(one.uri))
		}
	}
	if a.JWKS != "" {
		is("jwks", oidc.CheckClientKeys(a.JWKS))
	}
	is("brand.name", checkName(a.Brand.Name))
	is("brand.accent", checkAccent(a.Brand.Accent))
	return errors.Join(wrong...)
}

func checkClientID(id string) error {
	if id == "" || len(id) > maxClientID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r == ':' || r >= utf8.RuneSelf-1 }) {
		return &fault.Error{Kind: fault.Invalid, Code: "app_client_id", Want: "printable characters without white space and colon, 1 to 200", Got: id, Fix: fault.OperatorSide}
	}
	return nil
}

func checkName(name string) error {
	if name != sso.CleanName(name) {
		return &fault.Error{Kind: fault.Invalid, Code: "app_settings", Want: "a name without control characters and surrounding spaces", Got: name, Fix: fault.OperatorSide}
	}
	return nil
}

func checkAccent(accent string) error {
	clean, err := sso.ParseAccent(accent)
	if err == nil && clean != accent {
		return &fault.Error{Kind: fault.Invalid, Code: "brand_accent", Want: clean, Got: accent, Fix: fault.OperatorSide}
	}
	return err
}

// ParseSecret judges a secret that somebody has chosen: one line of printable
// ASCII, with white space around it that belongs to its file.
func ParseSecret(text string) (secret.Token, error) {
	s := strings.TrimSpace(text)
	bad := len(s) < minSecret || len(s) > maxSecret
	for i := 0; i < len(s) && !bad; i++ {
		bad = s[i] <= ' ' || s[i] >= 0x7F
	}
	if bad {
		return secret.Token{}, &fault.Error{Kind: fault.Invalid, Code: "app_secret", Want: "32 to 256 printable characters without white space", Got: "a text of " + strconv.Itoa(len(s)) + " octets", Fix: fault.OperatorSide}
	}
	return secret.ParseToken(s), nil
}
