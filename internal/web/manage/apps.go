package manage

import (
	"net/http"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// App is a client of the OpenID provider.
type App struct {
	ID            string      `json:"id"`
	Key           string      `json:"key" example:"portal"`
	Name          string      `json:"name" example:"Portal"`
	ClientID      string      `json:"client_id"`
	Kind          string      `json:"kind" enum:"web,spa,native,machine"`
	Disabled      bool        `json:"disabled"`
	AuthMethod    string      `json:"auth_method" enum:"client_secret,none,private_key_jwt"`
	Secrets       []AppSecret `json:"secrets" doc:"Two at most"`
	JWKS          string      `json:"jwks,omitempty" doc:"Public keys of the app"`
	JWKSURI       string      `json:"jwks_uri,omitempty"`
	GrantTypes    []string    `json:"grant_types"`
	RedirectURIs  []string    `json:"redirect_uris"`
	LogoutURIs    []string    `json:"post_logout_redirect_uris"`
	Backchannel   string      `json:"backchannel_logout_uri,omitempty"`
	LoginURL      string      `json:"login_url,omitempty" doc:"Where it begins to sign somebody in who came from elsewhere"`
	IDTokenAlg    string      `json:"id_token_alg" enum:"ES256,RS256"`
	Scopes        []string    `json:"scopes" doc:"What it may do for itself, with client_credentials"`
	RequirePAR    bool        `json:"require_par"`
	DPoP          bool        `json:"dpop"`
	PKCEOptional  bool        `json:"pkce_optional" doc:"Its authorize requests may lack PKCE, for old libraries; never of a public app"`
	Organizations []string    `json:"organizations" doc:"IDs of those whose people may enter, and of those below; empty: all"`
	Entitlement   string      `json:"entitlement,omitempty" doc:"That an organization must have for its people to enter"`
	Roles         []string    `json:"roles" doc:"Of who may enter; empty: all"`
	Brand         AppBrand    `json:"brand"`
	Claims        AppClaims   `json:"claims"`
	CreatedAt     time.Time   `json:"created_at"`
	UpdatedAt     time.Time   `json:"updated_at"`
}

// AppBrand is how the pages look on which people sign in to an app; what is
// empty is as the organization has it.
type AppBrand struct {
	Name   string `json:"name,omitempty" maxLength:"200" doc:"Of the product" example:"Portal"`
	Accent string `json:"accent,omitempty" maxLength:"7" doc:"Colour, as #rrggbb" example:"#0a6b5e"`
	Logo   string `json:"logo,omitempty" readOnly:"true" doc:"Where its logo is, in this deployment"`
}

// AppClaims says what an app is told of people, in id tokens and userinfo alike.
type AppClaims struct {
	Role        string `json:"role,omitempty" enum:",always,never" doc:"In the organization; empty: without any scope"`
	Groups      string `json:"groups,omitempty" enum:",always,never" doc:"In the organization; empty: where the app asks for the scope"`
	Names       string `json:"names,omitempty" enum:",always,never" doc:"Of the person; empty: where the app asks for the scope"`
	RoleClaim   string `json:"role_claim,omitempty" maxLength:"200" doc:"A claim that says the role once more"`
	GroupsClaim string `json:"groups_claim,omitempty" maxLength:"200" doc:"A claim that says the groups once more"`
}

// AppSecret is a secret of an app, without what it is.
type AppSecret struct {
	ID        string     `json:"id"`
	Hint      string     `json:"hint" doc:"How it ends"`
	CreatedBy string     `json:"created_by,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at,omitempty" doc:"The last time, to about an hour"`
}

// MadeApp is an app that was made.
type MadeApp struct {
	App
	Secret string `json:"client_secret,omitempty" doc:"Its secret, which is shown this once"`
}

// MadeAppSecret is a secret that was made.
type MadeAppSecret struct {
	Secret string `json:"client_secret" doc:"The secret, which is shown this once"`
}

// NewApp is an app to be made.
type NewApp struct {
	Key          string   `json:"key" minLength:"1" maxLength:"63" doc:"Its client ID, too" example:"portal"`
	Name         string   `json:"name" minLength:"1" maxLength:"200" example:"Portal"`
	Kind         string   `json:"kind" enum:"web,spa,native,machine" example:"web"`
	RedirectURIs []string `json:"redirect_uris,omitempty" maxItems:"100"`
}

// AppChange is what an app is to be; what is left out stays.
type AppChange struct {
	Name          *string   `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Disabled      *bool     `json:"disabled,omitempty"`
	AuthMethod    *string   `json:"auth_method,omitempty" enum:"client_secret,none,private_key_jwt"`
	JWKS          *string   `json:"jwks,omitempty" maxLength:"65536"`
	JWKSURI       *string   `json:"jwks_uri,omitempty" maxLength:"2000"`
	GrantTypes    *[]string `json:"grant_types,omitempty" maxItems:"10"`
	RedirectURIs  *[]string `json:"redirect_uris,omitempty" maxItems:"100"`
	LogoutURIs    *[]string `json:"post_logout_redirect_uris,omitempty" maxItems:"100"`
	Backchannel   *string   `json:"backchannel_logout_uri,omitempty" maxLength:"2000"`
	LoginURL      *string   `json:"login_url,omitempty" maxLength:"2000"`
	IDTokenAlg    *string   `json:"id_token_alg,omitempty" enum:"ES256,RS256"`
	Scopes        *[]string `json:"scopes,omitempty" maxItems:"100"`
	RequirePAR    *bool     `json:"require_par,omitempty"`
	DPoP          *bool     `json:"dpop,omitempty"`
	PKCEOptional  *bool     `json:"pkce_optional,omitempty"`
	Organizations *[]string `json:"organizations,omitempty" maxItems:"1000" doc:"Keys"`
	Entitlement   *string   `json:"entitlement,omitempty" enum:",sso,scim"`
	Roles         *[]string `json:"roles,omitempty" maxItems:"100"`

	Brand  *AppBrand  `json:"brand,omitempty" doc:"As a whole, but for the logo"`
	Claims *AppClaims `json:"claims,omitempty" doc:"As a whole"`
}

// secretMethod is how the API calls the way that has no name in an app.
const secretMethod = "client_secret"

func app(a *sso.App) App {
	method := string(a.AuthMethod)
	if method == "" {
		method = secretMethod
	}
	return App{
		ID: string(a.ID), Key: a.Key, Name: a.Name, ClientID: a.ClientID, Kind: string(a.Kind), Disabled: a.Disabled, AuthMethod: method,
		Secrets: each(a.Secrets, func(s *sso.AppSecret) AppSecret {
			return AppSecret{ID: string(s.ID), Hint: s.Hint, CreatedBy: s.CreatedBy, CreatedAt: s.CreatedAt.UTC(), UsedAt: instant(s.UsedAt)}
		}),
		JWKS: a.JWKS, JWKSURI: a.JWKSURI, GrantTypes: texts(a.GrantTypes), RedirectURIs: texts(a.RedirectURIs), LogoutURIs: texts(a.PostLogoutRedirectURIs),
		Backchannel: a.BackchannelLogoutURI, LoginURL: a.LoginURL, IDTokenAlg: string(a.SignedBy()), Scopes: texts(a.Scopes), RequirePAR: a.RequirePAR, DPoP: a.DPoP, PKCEOptional: a.PKCEOptional,
		Organizations: texts(a.AllowedOrgs), Entitlement: string(a.RequiredEntitlement), Roles: texts(a.AllowedRoles),
		Brand:  AppBrand{Name: a.Brand.Name, Accent: a.Brand.Accent, Logo: logoAt(a.Brand.Logo)},
		Claims: AppClaims{string(a.Claims.Role), string(a.Claims.Groups), string(a.Claims.Names), a.Claims.RoleClaim, a.Claims.GroupsClaim}, CreatedAt: a.CreatedAt.UTC(), UpdatedAt: a.UpdatedAt.UTC(),
	}
}

// InApp names an app.
type InApp struct {
	App string `path:"app" doc:"Key of the app" example:"portal" maxLength:"64"`
}

func (h *Handler) apps(a *api) {
	const tag, all, one = "Apps", "/apps", "/apps/{app}"
	read, write := sso.ScopeAppsRead, sso.ScopeAppsWrite
	register(a, op{ID: "listApps", Method: http.MethodGet, Path: all, Scope: read, Tag: tag, Summary: "List apps", About: "By key."}, h.listApps)
	register(a, op{ID: "createApp", Method: http.MethodPost, Path: all, Scope: write, Tag: tag, Summary: "Create an app", About: "As most of its kind are; what is else is changed afterwards.", Status: http.StatusCreated}, h.createApp)
	register(a, op{ID: "getApp", Method: http.MethodGet, Path: one, Scope: read, Tag: tag, Summary: "Read an app"}, h.getApp)
	register(a, op{ID: "updateApp", Method: http.MethodPatch, Path: one, Scope: write, Tag: tag, Summary: "Change an app", About: "One that keeps no secret from now on loses those that it has."}, h.updateApp)
	register(a, op{ID: "setAppLogo", Method: http.MethodPut, Path: one + "/logo", Scope: write, Tag: tag, Summary: "Give an app a logo", MaxBody: maxLogo}, h.setAppLogo)
	register(a, op{ID: "removeAppLogo", Method: http.MethodDelete, Path: one + "/logo", Scope: write, Tag: tag, Summary: "Take the logo of an app away"}, h.removeAppLogo)
	register(a, op{ID: "deleteApp", Method: http.MethodDelete, Path: one, Scope: write, Tag: tag, Summary: "Delete an app", About: "With all that it was given."}, h.deleteApp)
	register(a, op{ID: "addAppSecret", Method: http.MethodPost, Path: one + "/secrets", Scope: write, Tag: tag, Summary: "Create a secret beside the one that there is", Status: http.StatusCreated}, h.addAppSecret)
	register(a, op{ID: "retireAppSecret", Method: http.MethodDelete, Path: one + "/secrets/{secret}", Scope: write, Tag: tag, Summary: "Have a secret be good for nothing from now on"}, h.retireAppSecret)
}

func (h *Handler) listApps(c *call, in *struct {
	Paging
	Q string `query:"q" maxLength:"200" doc:"Beginnings of words of key or name"`
}) (*listed[App], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	after, err := place[string](in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := h.Operate.Apps(c.ctx(), by, in.Q, after)
	if err != nil {
		return nil, err
	}
	lines, next := cut(list.Apps, in.Paging, further(list.Next), func(a *sso.App) string { return a.Key })
	return &listed[App]{page[App]{each(lines, app), cursor(next)}}, nil
}

// theApp returns an app as it is told of.
func (h *Handler) theApp(c *call, by *sso.By, key string) (*told[App], error) {
	v, err := h.Operate.App(c.ctx(), by, key)
	if err != nil {
		return nil, err
	}
	return &told[App]{ETag: etag(v.Version), Body: app(&v.App)}, nil
}

func (h *Handler) createApp(c *call, in *struct{ Body NewApp }) (*created[MadeApp], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	made, text, err := h.Operate.CreateApp(c.ctx(), by, operate.NewApp{Key: in.Body.Key, Name: in.Body.Name, Kind: sso.AppKind(in.Body.Kind), RedirectURIs: in.Body.RedirectURIs})
	if err != nil {
		return nil, err
	}
	return &created[MadeApp]{Location: Path + "/apps/" + made.Key, ETag: etag(made.Version), Body: MadeApp{app(&made), shown(text)}}, nil
}

// shown returns the text of a secret; "" where there is none.
func shown(t secret.Token) string {
	if t.IsZero() {
		return ""
	}
	return t.Reveal()
}

func (h *Handler) getApp(c *call, in *struct{ InApp }) (*told[App], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	return h.theApp(c, by, in.App)
}

func (h *Handler) updateApp(c *call, in *struct {
	InApp
	Matching
	Body AppChange
}) (*told[App], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	is, err := h.Operate.App(c.ctx(), by, in.App)
	if err != nil {
		return nil, err
	}
	version, err := in.version(is.Version)
	if err != nil {
		return nil, err
	}
	orgs := is.AllowedOrgs
	if in.Body.Organizations != nil {
		if orgs, err = h.Operate.OrganizationsOf(c.ctx(), by, *in.Body.Organizations); err != nil {
			return nil, err
		}
	}
	err = h.Operate.ChangeApp(c.ctx(), by, is.Key, version, func(a *sso.App) error {
		in.Body.give(a)
		a.AllowedOrgs = orgs
		return nil
	})
	if err != nil {
		return nil, err
	}
	return h.theApp(c, by, is.Key)
}

// give gives an app what a change says.
func (b *AppChange) give(a *sso.App) {
	a.Name, a.Disabled, a.JWKS, a.JWKSURI = or(b.Name, a.Name), or(b.Disabled, a.Disabled), or(b.JWKS, a.JWKS), or(b.JWKSURI, a.JWKSURI)
	a.RedirectURIs, a.PostLogoutRedirectURIs = or(b.RedirectURIs, a.RedirectURIs), or(b.LogoutURIs, a.PostLogoutRedirectURIs)
	a.BackchannelLogoutURI, a.LoginURL, a.Scopes = or(b.Backchannel, a.BackchannelLogoutURI), or(b.LoginURL, a.LoginURL), or(b.Scopes, a.Scopes)
	a.RequirePAR, a.DPoP, a.PKCEOptional = or(b.RequirePAR, a.RequirePAR), or(b.DPoP, a.DPoP), or(b.PKCEOptional, a.PKCEOptional)
	a.IDTokenAlg, a.RequiredEntitlement = sso.TokenAlg(or(b.IDTokenAlg, string(a.IDTokenAlg))), sso.Entitlement(or(b.Entitlement, string(a.RequiredEntitlement)))
	if b.Brand != nil {
		a.Brand.Name, a.Brand.Accent = sso.CleanName(b.Brand.Name), strings.ToLower(b.Brand.Accent)
	}
	if c := b.Claims; c != nil {
		a.Claims = sso.AppClaims{Role: sso.ClaimWhen(c.Role), Groups: sso.ClaimWhen(c.Groups), Names: sso.ClaimWhen(c.Names), RoleClaim: c.RoleClaim, GroupsClaim: c.GroupsClaim}
	}
	if b.AuthMethod != nil {
		a.AuthMethod = sso.AppAuth(*b.AuthMethod)
		if *b.AuthMethod == secretMethod {
			a.AuthMethod = sso.AuthSecret
		}
	}
	if b.GrantTypes != nil {
		a.GrantTypes = each(*b.GrantTypes, func(s *string) sso.GrantType { return sso.GrantType(*s) })
	}
	if b.Roles != nil {
		a.AllowedRoles = each(*b.Roles, func(s *string) sso.Role { return sso.Role(*s) })
	}
}

func (h *Handler) deleteApp(c *call, in *struct{ InApp }) (*done, error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	return nil, h.Operate.DeleteApp(c.ctx(), by, in.App)
}

func (h *Handler) addAppSecret(c *call, in *struct{ InApp }) (*created[MadeAppSecret], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	text, err := h.Operate.AddAppSecret(c.ctx(), by, in.App)
	if err != nil {
		return nil, err
	}
	return &created[MadeAppSecret]{Location: Path + "/apps/" + in.App, Body: MadeAppSecret{text.Reveal()}}, nil
}

func (h *Handler) retireAppSecret(c *call, in *struct {
	InApp
	Secret string `path:"secret" doc:"ID of the secret" maxLength:"64"`
}) (*done, error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	return nil, h.Operate.RetireAppSecret(c.ctx(), by, in.App, sso.AppSecretID(in.Secret))
}

func (h *Handler) setAppLogo(c *call, in *struct {
	InApp
	Matching
	Body Logo
}) (*told[App], error) {
	return h.appLogo(c, in.InApp, in.Matching, sso.NewLogo{Picture: in.Body.Picture})
}

func (h *Handler) removeAppLogo(c *call, in *struct {
	InApp
	Matching
}) (*done, error) {
	_, err := h.appLogo(c, in.InApp, in.Matching, sso.NewLogo{Gone: true})
	return nil, err
}

func (h *Handler) appLogo(c *call, in InApp, m Matching, logo sso.NewLogo) (*told[App], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	is, err := h.Operate.App(c.ctx(), by, in.App)
	if err != nil {
		return nil, err
	}
	version, err := m.version(is.Version)
	if err != nil {
		return nil, err
	}
	to := operate.AppBrand{Name: is.Brand.Name, Accent: is.Brand.Accent, Logo: logo}
	if err := h.Operate.SaveAppBrand(c.ctx(), by, is.Key, version, to); err != nil {
		return nil, err
	}
	return h.theApp(c, by, is.Key)
}
