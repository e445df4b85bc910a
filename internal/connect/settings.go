package connect

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Settings are those of our side of a connection.
type Settings struct {
	SignRequests   sso.RequestSign
	RequestBinding sso.Binding
	NameIDFormat   string
	ForceAuthn     bool
	Encryption     sso.Encryption
	SPEntityID     string // "": our own for the connection
	SharedACS      bool
	Logout         bool
	IdPInitiated   bool
	// Legacy are old practices that are let pass, with the last day of each, as
	// 2027-01-31.
	Legacy map[sso.LegacySwitch]string
}

// NameIDFormat is one that can be asked for.
type NameIDFormat struct {
	Name string // short
	URI  string // "": none is asked for
}

// NameIDFormats are the formats that can be asked for. The first asks for none.
func NameIDFormats() []NameIDFormat {
	return []NameIDFormat{{"auto", ""}, {"email", saml.FormatEmail}, {"persistent", saml.FormatPersistent}, {"unspecified", saml.FormatUnspecified}}
}

// MaxLegacy is how far ahead an old practice may be let pass.
const MaxLegacy = 366 * 24 * time.Hour

// SaveSettings changes our side of a connection. Who wants to be encrypted for
// gets a key.
func (s *Service) SaveSettings(ctx context.Context, e *Edit, to Settings) error {
	entity, err := sso.ParseSPEntityID(to.SPEntityID)
	if err != nil {
		return err
	}
	legacy, err := s.legacy(to.Legacy)
	if err != nil {
		return err
	}
	switch {
	case !slices.Contains([]sso.RequestSign{sso.SignAuto, sso.SignAlways, sso.SignNever}, to.SignRequests):
		return unknownSetting(string(to.SignRequests))
	case !slices.Contains([]sso.Binding{"", sso.BindingRedirect, sso.BindingPOST}, to.RequestBinding):
		return unknownSetting(string(to.RequestBinding))
	case !slices.Contains([]sso.Encryption{sso.EncryptionOff, sso.EncryptionAccepted, sso.EncryptionRequired}, to.Encryption):
		return unknownSetting(string(to.Encryption))
	}
	key, err := s.keyFor(ctx, e, to.Encryption)
	if err != nil {
		return err
	}
	_, err = s.change(ctx, e, func(a *authority.Act, c *sso.Connection) error {
		if to.NameIDFormat != c.SAML.NameIDFormat && !slices.ContainsFunc(NameIDFormats(), func(f NameIDFormat) bool { return f.URI == to.NameIDFormat }) {
			return unknownSetting(to.NameIDFormat)
		}
		if entity != c.SAML.SPEntityID && federation.NamesAnother(s.BaseURL, c, entity) {
			return &fault.Error{Kind: fault.Invalid, Code: "entity_id_other", Want: "a name that no other connection has", Got: clip(entity), Fix: fault.AdminSide}
		}
		x := &c.SAML
		x.SignRequests, x.RequestBinding, x.NameIDFormat, x.ForceAuthn = to.SignRequests, to.RequestBinding, to.NameIDFormat, to.ForceAuthn
		x.Encryption, x.SPEntityID, x.SharedACS, x.Logout, x.IdPInitiated = to.Encryption, entity, to.SharedACS, to.Logout, to.IdPInitiated
		if err := x.CheckTiles(); err != nil {
			return err
		}
		if !sameLegacy(x.Legacy, legacy) {
			x.Legacy = legacy
		}
		if _, there := x.LogoutEndpoint(); x.Logout && !there {
			return unknownSetting("logout at an identity provider without a logout URL")
		}
		if len(x.Endpoints) > 0 {
			if _, err := c.RequestEndpoint(); err != nil {
				return err
			}
		}
		return s.giveKey(ctx, a, c, key)
	})
	return err
}

// sameLegacy reports whether the same practices are let pass until the same
// day: none is the same as an empty list.
func sameLegacy(a, b []sso.Legacy) bool {
	return slices.EqualFunc(a, b, func(a, b sso.Legacy) bool { return a.Switch == b.Switch && a.Until.Equal(b.Until) })
}

// legacy reads the switches, in the order in which they are listed.
func (s *Service) legacy(days map[sso.LegacySwitch]string) ([]sso.Legacy, error) {
	var on []sso.Legacy
	for _, sw := range sso.LegacySwitches() {
		text := strings.TrimSpace(days[sw])
		if text == "" {
			continue
		}
		day, err := time.Parse(time.DateOnly, text)
		if err != nil || day.After(s.Now().Add(MaxLegacy)) {
			return nil, &fault.Error{Kind: fault.Invalid, Code: "legacy_until", Want: "a day such as 2027-01-31, within a year", Got: clip(text), Fix: fault.AdminSide}
		}
		on = append(on, sso.Legacy{Switch: sw, Until: day.AddDate(0, 0, 1)})
	}
	return on, nil
}

// keyFor makes a decryption key, if the connection is to have one and has none.
// It is made before the transaction, which nobody should have to wait for.
func (s *Service) keyFor(ctx context.Context, e *Edit, to sso.Encryption) (*store.DecryptionKey, error) {
	if to == sso.EncryptionOff {
		return nil, nil
	}
	has := false
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		c, err := connectionOf(ctx, r, e.Org, e.Key)
		if err != nil {
			return err
		}
		keys, err := r.Org(c.Org).DecryptionKeys(ctx, c.ID)
		has = federation.Current(keys)
		return err
	})
	if err != nil || has {
		return nil, err
	}
	key, err := federation.NewDecryptionKey(s.Sealer, store.KeyCurrent, s.Now())
	return &key, err
}

// giveKey stores the key that was made, unless somebody was quicker.
func (s *Service) giveKey(ctx context.Context, a *authority.Act, c *sso.Connection, key *store.DecryptionKey) error {
	if key == nil {
		return nil
	}
	keys, err := a.In.DecryptionKeys(ctx, c.ID)
	if err != nil || federation.Current(keys) {
		return err
	}
	made := *key
	made.Connection = c.ID
	if err := a.In.InsertDecryptionKey(ctx, made); err != nil {
		return err
	}
	return a.Record("connection.key_made", string(c.ID), nil, sso.Change{Field: "key", To: made.ID})
}

// SaveAttributes says which attributes of the identity provider carry what. An
// empty name means those that are recognised.
func (s *Service) SaveAttributes(ctx context.Context, e *Edit, m sso.AttributeMap) error {
	for _, name := range []*string{&m.Subject, &m.Email, &m.FirstName, &m.LastName, &m.Username, &m.Groups} {
		*name = strings.TrimSpace(*name)
		hidden := func(r rune) bool {
			return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Noncharacter_Code_Point) // what no XML can carry is among these
		}
		if len(*name) > maxAttribute || !utf8.ValidString(*name) || strings.ContainsFunc(*name, hidden) {
			return &fault.Error{Kind: fault.Invalid, Code: "attribute_form", Want: "a name of printable characters, at most 1024 octets", Got: clip(*name), Fix: fault.AdminSide}
		}
	}
	_, err := s.change(ctx, e, func(_ *authority.Act, c *sso.Connection) error {
		c.Attributes = m
		return nil
	})
	return err
}

// maxAttribute is the length of the longest name of an attribute, in octets.
const maxAttribute = 1024
