package ui

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"math"
	"net/http"
	"strings"
)

// Brand is how a deployment, or an organization in it, wants its pages to
// look. What is empty stays as it is.
type Brand struct {
	Product string // name
	Logo    string // path of ours at which the picture is served
	Accent  string // colour, as #rrggbb
}

// over returns b with what other has in place of its own. A logo from
// elsewhere, which the content policy forbids, and a colour that is none count
// for nothing.
func (b Brand) over(other Brand) Brand {
	if !ourPath(other.Logo) {
		other.Logo = ""
	}
	if CheckAccent(other.Accent) != nil {
		other.Accent = ""
	}
	return Brand{Product: cmp.Or(other.Product, b.Product), Logo: cmp.Or(other.Logo, b.Logo), Accent: cmp.Or(other.Accent, b.Accent)}
}

// brandOf returns the brand of a request.
func (u *UI) brandOf(r *http.Request) Brand {
	b := Brand{Product: "Sallyport"}.over(u.options.Brand)
	if u.options.BrandOf != nil {
		b = b.over(u.options.BrandOf(r))
	}
	return b
}

// CheckAccent refuses what is no colour for a [Brand].
func CheckAccent(s string) error {
	_, err := parseColour(s)
	return err
}

// colour is one of sRGB, its parts from 0 to 1.
type colour [3]float64

// black and white are the ends of the range.
func black() colour { return colour{} }
func white() colour { return colour{1, 1, 1} }

func parseColour(s string) (colour, error) {
	digits, ok := strings.CutPrefix(s, "#")
	b, err := hex.DecodeString(digits)
	if !ok || err != nil || len(b) != 3 {
		return colour{}, fmt.Errorf("reading colour %q: want #rrggbb", s)
	}
	return colour{float64(b[0]) / 255, float64(b[1]) / 255, float64(b[2]) / 255}, nil
}

// String returns c as #rrggbb.
func (c colour) String() string {
	b := make([]byte, 3)
	for i, part := range c {
		b[i] = byte(math.Round(part * 255))
	}
	return "#" + hex.EncodeToString(b)
}

// mix returns c with a share of another colour, rounded as it will be shown.
func (c colour) mix(other colour, share float64) colour {
	var mixed colour
	for i := range c {
		mixed[i] = math.Round((c[i]+(other[i]-c[i])*share)*255) / 255
	}
	return mixed
}

// contrast returns the ratio of WCAG 2.2.
func (c colour) contrast(other colour) float64 {
	a, b := c.luminance(), other.luminance()
	return (max(a, b) + 0.05) / (min(a, b) + 0.05)
}

// luminance returns the relative luminance of WCAG 2.2.
func (c colour) luminance() float64 {
	var sum float64
	for i, weight := range [3]float64{0.2126, 0.7152, 0.0722} {
		v := c[i]
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}

// palette is what an accent becomes in one scheme.
type palette struct{ accent, strong, on, wash colour }

// scheme is what a palette has to be readable on: the backgrounds on which the
// accent is text, of which the one nearest to it in lightness decides.
type scheme struct {
	surface, nearest colour
	towards          colour // in which direction there is more contrast
	wash             float64
}

// Schemes returns light and dark. Their colours are those of tokens.css, as a
// test sees to.
func schemes() (light, dark scheme) {
	return scheme{surface: white(), nearest: colour{0xea / 255.0, 0xef / 255.0, 0xf7 / 255.0}, towards: black(), wash: 0.08},
		scheme{surface: colour{0x16 / 255.0, 0x1e / 255.0, 0x1d / 255.0}, nearest: colour{0x14 / 255.0, 0x30 / 255.0, 0x1f / 255.0}, towards: white(), wash: 0.14}
}

// readable is the contrast of text [WCAG 2.2 1.4.3].
const readable = 4.5

// palette corrects an accent for a scheme: it goes darker, or lighter, until it
// can be read as text on every background, and text on it can be read too.
func (s scheme) palette(accent colour) palette {
	p := palette{accent: accent}
	for share := 0.0; share <= 1; share += 0.02 {
		p.accent = accent.mix(s.towards, share)
		p.strong = p.accent.mix(s.towards, 0.22)
		p.wash = s.surface.mix(p.accent, s.wash)
		p.on = white()
		if s.towards == white() {
			p.on = colour{0.02, 0.07, 0.06}.mix(p.accent, 0.06)
		}
		if p.accent.contrast(s.nearest) >= readable && p.strong.contrast(p.wash) >= readable &&
			p.on.contrast(p.accent) >= readable && p.on.contrast(p.strong) >= readable {
			break
		}
	}
	return p
}

// accentStyle returns the style sheet for an accent.
func accentStyle(accent colour) []byte {
	light, dark := schemes()
	rules := func(p palette) string {
		return fmt.Sprintf(":root{--accent:%v;--accent-strong:%v;--on-accent:%v;--accent-wash:%v;--series-1:%v}", p.accent, p.strong, p.on, p.wash, p.accent)
	}
	return []byte(rules(light.palette(accent)) + "@media(prefers-color-scheme:dark){" + rules(dark.palette(accent)) + "}\n")
}
