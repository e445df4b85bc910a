package sso

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/jpeg"
	"image/png"
	"regexp"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
)

// Brand is how an organization wants the pages to look that its people see, or
// an app those by which they come to it. The zero value leaves them as the
// deployment has them.
type Brand struct {
	Name   string `json:"name,omitempty"`   // of the product, in place of the deployment's
	Accent string `json:"accent,omitempty"` // colour, as #rrggbb
	Logo   string `json:"logo,omitempty"`   // hash of the picture
}

// Over returns b with what other has where b says nothing.
func (b Brand) Over(other Brand) Brand {
	return Brand{Name: cmp.Or(b.Name, other.Name), Accent: cmp.Or(b.Accent, other.Accent), Logo: cmp.Or(b.Logo, other.Logo)}
}

// IsZero reports whether nothing is wanted.
func (b Brand) IsZero() bool { return b == Brand{} }

var accentForm = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// ParseAccent judges a colour: #rrggbb, or nothing.
func ParseAccent(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if s != "" && !accentForm.MatchString(s) {
		return "", &fault.Error{Kind: fault.Invalid, Code: "brand_accent", Want: "a colour such as #0a6b5e", Got: clip(s), Fix: fault.PersonSide}
	}
	return s, nil
}

// Limits of a logo.
const (
	MaxLogo = 512 << 10 // octets
	maxSide = 1024      // pixels
)

// LogoHash returns the name of the picture of an organization, or an app. It is
// of its owner too, so that no two ever share one.
func LogoHash[ID OrgID | AppID](owner ID, picture []byte) string {
	sum := sha256.Sum256(append([]byte(string(owner)+"\x00"), picture...))
	return hex.EncodeToString(sum[:16])
}

// NewLogo says what becomes of a logo. The zero value leaves it as it is.
type NewLogo struct {
	Picture []byte // PNG or JPEG; nil: no new one
	Gone    bool   // there is to be none
}

// Drawn returns l with its picture as we keep it, or refuses that.
func (l NewLogo) Drawn() (NewLogo, error) {
	if l.Picture == nil {
		return l, nil
	}
	picture, err := DrawLogo(l.Picture)
	return NewLogo{Picture: picture}, err
}

// LogoAfter returns the name of the logo of an owner that had one of the name
// was, after l, which is [NewLogo.Drawn].
func LogoAfter[ID OrgID | AppID](owner ID, was string, l NewLogo) string {
	switch {
	case l.Picture != nil:
		return LogoHash(owner, l.Picture)
	case l.Gone:
		return ""
	default:
		return was
	}
}

// DrawLogo decodes a picture, PNG or JPEG, and draws it anew as PNG: what leaves
// us is an image and nothing else, whatever came in.
func DrawLogo(picture []byte) ([]byte, error) {
	refuse := func(err error) error {
		return &fault.Error{Kind: fault.Invalid, Code: "brand_logo", Want: "PNG or JPEG, at most 512 KB and 1024 pixels a side", Fix: fault.PersonSide, Err: err}
	}
	if len(picture) > MaxLogo {
		return nil, refuse(nil)
	}
	config, decode := png.DecodeConfig, png.Decode
	if bytes.HasPrefix(picture, []byte{0xFF, 0xD8}) {
		config, decode = jpeg.DecodeConfig, jpeg.Decode
	}
	about, err := config(bytes.NewReader(picture))
	if err != nil || about.Width < 1 || about.Height < 1 || about.Width > maxSide || about.Height > maxSide {
		return nil, refuse(err)
	}
	var drawn image.Image
	if drawn, err = decode(bytes.NewReader(picture)); err != nil {
		return nil, refuse(err)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, drawn); err != nil {
		return nil, refuse(err)
	}
	return out.Bytes(), nil
}
