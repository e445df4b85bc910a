package idp

import (
	"fmt"
	"regexp"
)

// A Strength is how much a sign is worth.
type Strength uint8

// The strengths.
const (
	None   Strength = iota // nothing is known
	Weak                   // looks like it
	Path                   // a path that this product has, on whatever host
	Strong                 // an address of the vendor's own
)

// String returns the lower-case name of s, as the data write it.
func (s Strength) String() string {
	switch s {
	case Weak:
		return "weak"
	case Path:
		return "path"
	case Strong:
		return "strong"
	default:
		return "none"
	}
}

// UnmarshalText reads what [Strength.String] writes.
func (s *Strength) UnmarshalText(text []byte) error {
	for _, known := range []Strength{Weak, Path, Strong} {
		if known.String() == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("strength %q", text)
}

// A Sign is a pattern by which a product is recognised.
type Sign struct {
	On       Where    `yaml:"on"`
	Pattern  string   `yaml:"pattern"` // RE2, without regard to case
	Strength Strength `yaml:"strength"`
	Product  string   `yaml:"product"` // of the products of [Generic]
}

// Where is what a pattern is held against.
type Where string

// What there is of an identity provider.
const (
	OnSSO         Where = "sso_url"
	OnEntityID    Where = "entity_id"
	OnCertificate Where = "certificate" // subject or issuer
)

// weight orders what hits with equal strength: an address is where people
// really go, an entity ID may be typed by anybody, and a certificate may be of
// the customer's own making.
func (w Where) weight() int {
	switch w {
	case OnSSO:
		return 4
	case OnEntityID:
		return 2
	default:
		return 1
	}
}

// A sign is one that can be used.
type sign struct {
	Sign
	vendor  *Vendor
	pattern *regexp.Regexp
}

// A source is a [Derivation] that can be used.
type source struct {
	Derivation
	pattern *regexp.Regexp
}

// compile makes the patterns usable.
func (a *all) compile() error {
	for _, v := range a.vendors {
		for _, s := range append(append([]Sign{}, v.Detect...), v.Products...) {
			pattern, err := regexp.Compile("(?i)" + s.Pattern)
			if err != nil {
				return fmt.Errorf("reading the signs of %s: %w", v.ID, err)
			}
			if s.On != OnSSO && s.On != OnEntityID && s.On != OnCertificate || s.Strength == None {
				return fmt.Errorf("reading the signs of %s: %q on %q", v.ID, s.Pattern, s.On)
			}
			a.signs = append(a.signs, sign{s, v, pattern})
		}
		for _, d := range v.Metadata.From {
			pattern, err := regexp.Compile("(?i)" + d.Pattern)
			if err != nil {
				return fmt.Errorf("reading where the metadata of %s are: %w", v.ID, err)
			}
			a.sources[v.ID] = append(a.sources[v.ID], source{d, pattern})
		}
	}
	return nil
}

// A Match is a vendor and how surely it is the one.
type Match struct {
	Vendor   *Vendor
	Strength Strength // None: Vendor is [Generic], and nothing is known

	// Product is the name of the product where it has no guide of its own, and
	// the vendor's name otherwise; empty where nothing is known.
	Product string
}

// maxSign is the length of the longest name that is looked at.
const maxSign = 2048

// Recognize returns which vendor's an identity provider seems to be, by its
// entity ID, its sign-on addresses, and the subjects and issuers of its
// certificates. It never says anything about trust.
func Recognize(entityID string, ssoURLs, certificates []string) Match {
	type score struct {
		best   Strength
		weight int
		match  Match
	}
	seen := map[Where][]string{OnEntityID: {entityID}, OnSSO: ssoURLs, OnCertificate: certificates}
	scores := map[string]*score{}
	best := &score{match: Match{Vendor: catalogue().byID[Generic]}}
	for _, s := range catalogue().signs {
		if !s.hits(seen[s.On]) {
			continue
		}
		name := s.vendor.Name
		if s.Product != "" {
			name = s.Product
		}
		sum := scores[name]
		if sum == nil {
			sum = &score{match: Match{Vendor: s.vendor, Product: name}}
			scores[name] = sum
		}
		switch {
		case s.Strength > sum.best:
			sum.best, sum.weight = s.Strength, s.On.weight()
		case s.Strength == sum.best:
			sum.weight |= s.On.weight()
		}
		sum.match.Strength = sum.best
		if sum.best > best.best || sum.best == best.best && sum.weight > best.weight {
			best = sum
		}
	}
	return best.match
}

func (s *sign) hits(names []string) bool {
	for _, n := range names {
		if n != "" && len(n) <= maxSign && s.pattern.MatchString(n) {
			return true
		}
	}
	return false
}

// MetadataAddress returns where the metadata of an identity provider of this
// vendor are likely to be, or "" where nothing that is known leads there. It is
// a suggestion: it stands in for nothing that was given.
func (v *Vendor) MetadataAddress(entityID string, ssoURLs []string) string {
	seen := map[Where][]string{OnEntityID: {entityID}, OnSSO: ssoURLs}
	for _, s := range catalogue().sources[v.ID] {
		for _, name := range seen[s.On] {
			if len(name) > maxSign {
				continue
			}
			if m := s.pattern.FindStringSubmatchIndex(name); m != nil {
				return string(s.pattern.ExpandString(nil, s.URL, name, m))
			}
		}
	}
	return ""
}
