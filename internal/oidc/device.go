package oidc

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
)

// userAlphabet has neither vowels, so that no code is a word, nor digits, so that
// nothing is taken for something else [RFC 8628 6.1].
const userAlphabet = "BCDFGHJKLMNPQRSTVWXZ"

// userCodeLength gives 34 bits: guesses are bounded, and a code lives for minutes.
const userCodeLength = 8

// UserCode is what somebody types who signs in on a device that has no browser.
type UserCode struct{ letters string }

// NewUserCode returns a random code.
func NewUserCode() UserCode {
	letters := make([]byte, 0, userCodeLength)
	var b [16]byte
	for len(letters) < userCodeLength {
		_, _ = rand.Read(b[:]) // never fails
		for _, c := range b {
			// Above the last multiple of the length some letters would come more often.
			if n := len(userAlphabet); int(c) < 256/n*n && len(letters) < userCodeLength {
				letters = append(letters, userAlphabet[int(c)%n])
			}
		}
	}
	return UserCode{string(letters)}
}

// ParseUserCode reads a code as people type it: in small letters, with or without
// the hyphen.
func ParseUserCode(typed string) (UserCode, bool) {
	if len(typed) > 4*userCodeLength {
		return UserCode{}, false
	}
	letters := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(typed))
	if len(letters) != userCodeLength || strings.Trim(letters, userAlphabet) != "" {
		return UserCode{}, false
	}
	return UserCode{letters}, true
}

// String returns the code as it is shown; the zero value is no code, and shown as
// none.
func (c UserCode) String() string {
	if c.letters == "" {
		return ""
	}
	return c.letters[:userCodeLength/2] + "-" + c.letters[userCodeLength/2:]
}

// Hash returns the form in which it is looked up. It lives too short for the few
// bits to matter.
func (c UserCode) Hash() secret.Hash { return secret.HashOf([]byte("user code\x00" + c.letters)) }

// DeviceRequest is a well-formed request of a device for codes
// [RFC 8628 3.1]. Nothing in it has been proved.
type DeviceRequest struct {
	Client Credentials
	Scope  Scope
}

// ReadDevice reads a device authorization request: the values of its
// Authorization header, its query and its form body. The error is a
// [*TokenError].
func ReadDevice(authorization []string, query, body string) (DeviceRequest, error) {
	client, form, err := readClientForm(authorization, query, body, "scope")
	if err != nil {
		return DeviceRequest{}, err
	}
	if len(form.Get("scope")) > maxScope {
		return DeviceRequest{}, badToken(InvalidScope, "scope is too long")
	}
	r := DeviceRequest{Client: client, Scope: ParseScope(form.Get("scope"))}
	if !r.Scope.Has(OpenID) {
		return DeviceRequest{}, badToken(InvalidScope, "scope must contain openid")
	}
	return r, nil
}

// DeviceResponse is what a device shows, and asks with [RFC 8628 3.2].
type DeviceResponse struct {
	Device    secret.Token
	User      UserCode
	URL       string // of the page where the code is typed
	ExpiresIn time.Duration
	Interval  time.Duration // between two questions
}

// JSON returns the body. It must not be cached.
func (r DeviceResponse) JSON() []byte {
	b, err := json.Marshal(struct {
		DeviceCode string `json:"device_code"`
		UserCode   string `json:"user_code"`
		URL        string `json:"verification_uri"`
		Complete   string `json:"verification_uri_complete"`
		ExpiresIn  int64  `json:"expires_in"`
		Interval   int64  `json:"interval"`
	}{r.Device.Reveal(), r.User.String(), r.URL, r.URL + "?user_code=" + r.User.String(), int64(r.ExpiresIn / time.Second), int64(r.Interval / time.Second)})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return b
}

// The answers to a device that asks whether somebody has agreed
// [RFC 8628 3.5].

// DevicePending says that nobody has decided yet.
func DevicePending() error { return badToken(AuthorizationPending, "nobody has decided yet") }

// DeviceSlowDown says that, and that the device asks too often.
func DeviceSlowDown() error { return badToken(SlowDown, "ask five seconds less often from now on") }

// DeviceExpired says that the time for it is over.
func DeviceExpired() error { return badToken(ExpiredToken, "the device code has expired") }

// DeviceRefused says that the person does not want it.
func DeviceRefused() error { return badToken(AccessDenied, "the person has refused") }

// InvalidDevice returns the one error for a device code that is unknown, used or
// another client's.
func InvalidDevice() error {
	return badToken(InvalidGrant, "the device code is unknown, used or another client's")
}
