package setup

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// describer says of stored things what a file would have to say to make them
// so: all of it.
type describer struct {
	ctx  context.Context
	r    *store.Reader
	orgs map[sso.OrgID]string // keys
	// Hashes says whether hashes of passwords and secrets are told.
	hashes Hashes
}

// Hashes says whether an export holds hashes of passwords and secrets.
type Hashes uint8

// What becomes of hashes.
const (
	WithoutHashes Hashes = iota
	WithHashes
)

func to[T any](v T) *T { return &v }

// wordOr is a word of a setting, or the one that stands for its zero value.
func wordOr[T ~string](v T, zero string) *string {
	if v == "" {
		return to(zero)
	}
	return to(string(v))
}

// org returns the key of an organization; "" for none.
func (d *describer) org(id sso.OrgID) (string, error) {
	if key, known := d.orgs[id]; known || id == "" {
		return key, nil
	}
	o, err := d.r.Organization(d.ctx, id)
	if err == nil {
		d.orgs[id] = o.Key
	}
	return o.Key, err
}

func describeRole(r *sso.RoleDefinition) Role {
	return Role{Key: string(r.Key), Name: to(r.Name), Description: to(r.Description)}
}

// organization describes an organization without what belongs to it.
func (d *describer) organization(o *sso.Organization) (Organization, error) {
	out := Organization{Key: o.Key, Name: to(o.Name), State: to(string(o.State))}
	parent, err := d.org(o.Parent())
	if err != nil {
		return out, err
	}
	out.Parent = to(parent)
	if out.Entitlements, err = d.entitlements(o); err != nil {
		return out, err
	}
	if out.Policy, err = d.policy(o); err != nil {
		return out, err
	}
	logo, err := d.logo(o.Brand.Logo)
	out.Brand = Brand{Accent: to(o.Brand.Accent), Logo: logo}
	return out, err
}

// logo describes the picture of this name; "" is none.
func (d *describer) logo(hash string) (*string, error) {
	if hash == "" {
		return to(""), nil
	}
	picture, err := d.r.Logo(d.ctx, hash)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	return to(base64.StdEncoding.EncodeToString(picture)), nil
}

func (d *describer) entitlements(o *sso.Organization) ([]Entitlement, error) {
	all := make([]Entitlement, 0, len(o.Entitlements))
	grants, err := d.r.Org(o.ID).Entitlements(d.ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range o.Entitlements {
		said := Entitlement{Name: string(e)}
		for i := range grants {
			if grants[i].Entitlement == e && grants[i].Plan != "" {
				said.Plan = to(grants[i].Plan)
			}
		}
		all = append(all, said)
	}
	slices.SortFunc(all, func(a, b Entitlement) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func (d *describer) policy(o *sso.Organization) (Policy, error) {
	p := &o.Policy
	out := Policy{
		SSO: to(string(p.SSO)), MFA: to(string(p.MFA)), MFAAfterSSO: to(string(p.MFAAfterSSO)), Exempt: append([]string{}, p.Exempt...), IPAllow: []string{},
		InactiveAfter: to(durationText(p.InactiveAfter)), SessionIdle: to(durationText(p.SessionIdle)), SessionLife: to(durationText(p.SessionLife)), Managed: to(p.Managed),
	}
	for _, n := range p.IPAllow {
		out.IPAllow = append(out.IPAllow, n.String())
	}
	if p.SSO != sso.SSOPilot {
		return out, nil
	}
	out.Pilot = []string{}
	for _, id := range p.Pilot {
		g, err := d.r.Org(o.ID).Group(d.ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			continue // nobody is in it
		}
		if err != nil {
			return out, err
		}
		out.Pilot = append(out.Pilot, g.Name)
	}
	slices.Sort(out.Pilot)
	return out, nil
}

// durationText writes a length of time as [parseDuration] reads it.
func durationText(d sso.Duration) string {
	const day = 24 * 60 * 60
	switch {
	case d == 0:
		return ""
	case d%day == 0:
		return strconv.Itoa(int(d/day)) + "d"
	}
	text := d.Std().String()
	for _, zero := range []struct{ end, short string }{{"m0s", "m"}, {"h0m", "h"}} {
		if strings.HasSuffix(text, zero.end) {
			text = strings.TrimSuffix(text, zero.end) + zero.short
		}
	}
	return text
}

func (d *describer) domain(x *sso.Domain) (Domain, error) {
	out := Domain{Name: x.Name, Vouched: to(x.Proof == sso.ProofVouched), Connection: to(""), SSO: to(!x.SSOOff), Password: to(!x.PasswordOff)}
	if x.Connection != "" {
		c, err := d.r.Connection(d.ctx, x.Connection)
		if err != nil {
			return out, err
		}
		out.Connection = to(c.Key)
	}
	return out, nil
}

func (d *describer) connection(c *sso.Connection) (Connection, error) {
	s := &c.SAML
	out := Connection{
		Key: c.Key, Name: to(c.Name), Protocol: to(string(c.Protocol)), State: to(string(c.State)), Vendor: to(s.Vendor), FirstSignIn: to(string(c.FirstSignIn)),
		IdP: IdP{
			EntityID: to(s.IdPEntityID), SignOn: describeEndpoints(s.Endpoints), Logout: describeEndpoints(s.LogoutTo), Certificates: []string{},
			WantsSigned: to(s.WantsSigned), MetadataURL: to(s.MetadataURL),
		},
		SPEntityID: to(s.SPEntityID), SharedACS: to(s.SharedACS), IdPInitiated: to(s.IdPInitiated), SignRequests: wordOr(s.SignRequests, "auto"), RequestBinding: wordOr(s.RequestBinding, "auto"),
		NameIDFormat: to(s.NameIDFormat), ForceAuthn: to(s.ForceAuthn), Encryption: wordOr(s.Encryption, "off"), Logout: to(s.Logout), Legacy: []LegacyGrant{},
		Attributes: AttributeMap{
			Subject: to(c.Attributes.Subject), Email: to(c.Attributes.Email), FirstName: to(c.Attributes.FirstName),
			LastName: to(c.Attributes.LastName), Username: to(c.Attributes.Username), Groups: to(c.Attributes.Groups),
		},
	}
	for _, der := range s.Certificates {
		out.IdP.Certificates = append(out.IdP.Certificates, base64.StdEncoding.EncodeToString(der))
	}
	for _, l := range s.Legacy {
		out.Legacy = append(out.Legacy, LegacyGrant{Switch: string(l.Switch), Until: l.Until.UTC().Add(-time.Second).Format(time.DateOnly)})
	}
	var err error
	out.Defaults, err = d.defaults(&c.Defaults)
	return out, err
}

func describeEndpoints(all []sso.Endpoint) []Endpoint {
	out := make([]Endpoint, 0, len(all))
	for _, e := range all {
		said := Endpoint{Binding: string(e.Binding), URL: e.Location}
		if e.Answers != "" {
			said.Answers = to(e.Answers)
		}
		out = append(out, said)
	}
	return out
}

func (d *describer) defaults(x *sso.Defaults) (Defaults, error) {
	out := Defaults{
		Role: to(string(x.NewRole())), Groups: append([]string{}, x.Groups...), Organizations: []string{}, KeepProfile: to(x.KeepProfile),
		Mapping: Mapping{On: to(x.Mapping.On), Rows: []MappingRow{}},
	}
	for _, id := range x.Organizations {
		key, err := d.org(id)
		if err != nil {
			return out, err
		}
		out.Organizations = append(out.Organizations, key)
	}
	for i := range x.Mapping.Rows {
		r := &x.Mapping.Rows[i]
		out.Mapping.Rows = append(out.Mapping.Rows, MappingRow{Group: r.Group, Label: r.Label, Role: string(r.Role), Groups: append([]string{}, r.Groups...)})
	}
	return out, nil
}

func describeGroup(g *sso.Group) Group { return Group{Name: g.Name, Description: to(g.Description)} }

// user describes a person as who they are; [describer.member] says what.
func (d *describer) user(u *sso.User) User {
	out := User{
		Username: to(u.Username), Email: to(u.Email.String()), FirstName: to(u.FirstName), LastName: to(u.LastName),
		State: to(string(u.State)), Language: to(u.Language),
	}
	if d.hashes == WithHashes {
		out.PasswordHash = to(u.PasswordHash)
	}
	return out
}

// app describes an app. What its secrets are only hashes say.
func (d *describer) app(a *sso.App) (App, error) {
	logo, err := d.logo(a.Brand.Logo)
	if err != nil {
		return App{}, err
	}
	out := App{
		Key: a.Key, Name: to(a.Name), ClientID: to(a.ClientID), Kind: to(string(a.Kind)), Disabled: to(a.Disabled), AuthMethod: wordOr(a.AuthMethod, "secret"),
		JWKS: to(a.JWKS), JWKSURI: to(a.JWKSURI), GrantTypes: texts(a.GrantTypes), RedirectURIs: texts(a.RedirectURIs), PostLogoutRedirectURIs: texts(a.PostLogoutRedirectURIs),
		BackchannelLogoutURI: to(a.BackchannelLogoutURI), LoginURL: to(a.LoginURL), IDTokenAlg: to(string(a.SignedBy())), Scopes: texts(a.Scopes), RequirePAR: to(a.RequirePAR), DPoP: to(a.DPoP), PKCEOptional: to(a.PKCEOptional),
		AllowedOrganizations: []string{}, RequiredEntitlement: to(string(a.RequiredEntitlement)), AllowedRoles: texts(a.AllowedRoles),
		Brand: AppBrand{Name: to(a.Brand.Name), Accent: to(a.Brand.Accent), Logo: logo},
		Claims: AppClaims{
			Role: wordOr(a.Claims.Role, "always"), Groups: wordOr(a.Claims.Groups, "scope"), Names: wordOr(a.Claims.Names, "scope"),
			RoleClaim: to(a.Claims.RoleClaim), GroupsClaim: to(a.Claims.GroupsClaim),
		},
	}
	for _, id := range a.AllowedOrgs {
		key, err := d.org(id)
		if err != nil {
			return out, err
		}
		out.AllowedOrganizations = append(out.AllowedOrganizations, key)
	}
	if a.AuthMethod == sso.AuthSecret {
		d.secrets(&out, a)
	}
	return out, nil
}

// secrets says which secrets are good: by their hashes, or by files to be put
// beside the export.
func (d *describer) secrets(out *App, a *sso.App) {
	if d.hashes == WithHashes {
		out.ClientSecretHashes = []string{}
		for i := range a.Secrets {
			out.ClientSecretHashes = append(out.ClientSecretHashes, secretHashPrefix+hex.EncodeToString(a.Secrets[i].Hash[:]))
		}
		return
	}
	switch len(a.Secrets) {
	case 0:
		out.ClientSecretFiles = []string{}
	case 1:
		out.ClientSecretFile = to(a.Key + ".secret")
	default:
		out.ClientSecretFiles = []string{a.Key + ".secret", a.Key + "-2.secret"}
	}
}

func texts[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = string(s)
	}
	return out
}

// secretHashPrefix stands before the hash of a secret.
const secretHashPrefix = "sha256:"
