package setup

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/registration"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// app reads the files that an app names.
func (g *gathered) app(from *App, files Files) error {
	logo, err := pictureOf(from.Brand.Logo, from.Brand.LogoFile, files)
	if err != nil {
		return err
	}
	g.logos[from] = logo
	key, names := "client_secret_files", from.ClientSecretFiles
	if from.ClientSecretFile != nil {
		if names != nil {
			return in(key, refused("either client_secret_file or client_secret_files", "both"))
		}
		key, names = "client_secret_file", []string{*from.ClientSecretFile}
	}
	if len(names) > sso.MaxAppSecrets {
		return in(key, refused("client_secret_files: at most 2", "more"))
	}
	for _, name := range names {
		b, err := files.Read(name)
		if err != nil {
			return in(key, err)
		}
		text, err := registration.ParseSecret(string(b))
		if err != nil {
			return in(key, err)
		}
		g.secrets[from] = append(g.secrets[from], text)
	}
	if from.JWKSFile == nil {
		return nil
	}
	if from.JWKS != nil {
		return in("jwks_file", refused("either jwks or jwks_file", "both"))
	}
	b, err := files.Read(*from.JWKSFile)
	g.jwks[from] = string(b)
	return in("jwks_file", err)
}

func (a *applier) app(from *App) error {
	if _, err := sso.ParseKey(from.Key); err != nil {
		return in("key", err)
	}
	old, found, err := a.findApp(from)
	if err != nil {
		return err
	}
	app := old
	var before *App
	if found {
		said, err := a.say.app(&old)
		if err != nil {
			return err
		}
		before = &said
	} else {
		app = sso.App{ID: sso.NewAppID(a.now), Key: from.Key, Name: from.Key, ClientID: from.Key, CreatedAt: a.now}
	}
	a.kept[app.ID] = true
	if err := a.mergeApp(&app, from); err != nil {
		return err
	}
	if found && same(old, app) {
		return nil
	}
	app.UpdatedAt = a.now
	if err := a.saveApp(&old, &app, from); err != nil {
		return err
	}
	did, action := Created, "app.created"
	if found {
		did, action = Changed, "app.changed"
	}
	after, err := a.say.app(&app)
	if err != nil {
		return err
	}
	fields := difference(before, after)
	a.did("app", from.Key, did, fields)
	return a.record("", action, string(app.ID), fields)
}

// saveApp saves an app, with its logo, and the secrets that it has now and had
// not before.
func (a *applier) saveApp(old, app *sso.App, from *App) error {
	err := a.tx.SaveApp(a.ctx, *app)
	if errors.Is(err, store.ErrConflict) {
		return in("client_id", &fault.Error{Kind: fault.Conflict, Code: "app_client_id_taken", Want: "a client_id that no other app has", Got: app.ClientID, Fix: fault.OperatorSide, Err: err})
	}
	if err == nil && app.Brand.Logo != old.Brand.Logo {
		err = a.tx.SaveAppLogo(a.ctx, app.ID, app.Brand.Logo, a.outside.logos[from], a.now)
	}
	if err != nil || app.Version == 0 {
		return err
	}
	for _, s := range old.Secrets {
		if _, kept := app.SecretOf(s.Hash); !kept {
			if err := a.tx.DeleteAppSecret(a.ctx, app.ID, s.ID); err != nil {
				return err
			}
		}
	}
	for _, s := range app.Secrets {
		if _, had := old.SecretOf(s.Hash); !had {
			if err := a.tx.InsertAppSecret(a.ctx, app.ID, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// mergeApp gives the app what the file says of it.
func (a *applier) mergeApp(app *sso.App, from *App) error {
	setName(&app.Name, from.Name, from.Key)
	set(&app.ClientID, from.ClientID)
	set(&app.Disabled, from.Disabled)
	wrong := []error{a.mergeProof(app, from)}
	if app.Kind == "" {
		app.Kind = sso.AppWeb
		if app.Public() {
			app.Kind = sso.AppSPA
		}
	}
	if from.GrantTypes != nil {
		app.GrantTypes = chosen[sso.GrantType](from.GrantTypes)
	}
	setList(&app.RedirectURIs, from.RedirectURIs)
	setList(&app.PostLogoutRedirectURIs, from.PostLogoutRedirectURIs)
	set(&app.BackchannelLogoutURI, from.BackchannelLogoutURI)
	set(&app.LoginURL, from.LoginURL)
	alg := app.SignedBy()
	setList(&app.Scopes, from.Scopes)
	set(&app.RequirePAR, from.RequirePAR)
	set(&app.DPoP, from.DPoP)
	set(&app.PKCEOptional, from.PKCEOptional)
	setName(&app.Brand.Name, from.Brand.Name, "")
	wrong = append(wrong,
		choose(&app.Kind, from.Kind, "kind", sso.AppKinds()...),
		choose(&alg, from.IDTokenAlg, "id_token_alg", sso.AlgES256, sso.AlgRS256),
		a.mergeEntry(app, from), in("brand", look(&app.Brand, app.ID, from.Brand.Logo, a.outside.logos[from], from.Brand.Accent)), from.Claims.merge(&app.Claims),
	)
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	if alg != app.SignedBy() {
		app.IDTokenAlg = alg
	}
	return within(registration.Check(app))
}

// within says under which keys the mistakes of an app are.
func within(err error) error {
	var wrong []error
	for _, m := range registration.Mistakes(err) {
		wrong = append(wrong, in(m.Setting, m.Err))
	}
	if len(wrong) == 0 {
		return err
	}
	return errors.Join(wrong...)
}

// mergeEntry says whom the app lets in.
func (a *applier) mergeEntry(app *sso.App, from *App) error {
	wrong := []error{choose(&app.RequiredEntitlement, from.RequiredEntitlement, "required_entitlement", append(sso.Entitlements(), "")...)}
	if from.AllowedOrganizations != nil {
		app.AllowedOrgs = nil
		for i, key := range from.AllowedOrganizations {
			org, err := a.org(key)
			if err != nil {
				wrong = append(wrong, in("allowed_organizations."+strconv.Itoa(i), at("allowed_organizations", err)))
				continue
			}
			app.AllowedOrgs = append(app.AllowedOrgs, org.ID)
		}
	}
	if from.AllowedRoles != nil {
		app.AllowedRoles = nil
		for i := range from.AllowedRoles {
			var role sso.Role
			wrong = append(wrong, a.setRole(&role, &from.AllowedRoles[i], "allowed_roles."+strconv.Itoa(i)))
			app.AllowedRoles = append(app.AllowedRoles, role)
		}
	}
	return errors.Join(wrong...)
}

func (c *AppClaims) merge(to *sso.AppClaims) error {
	set(&to.RoleClaim, c.RoleClaim)
	set(&to.GroupsClaim, c.GroupsClaim)
	return errors.Join(
		setWhen(&to.Role, c.Role, "claims.role", "always"),
		setWhen(&to.Groups, c.Groups, "claims.groups", "scope"),
		setWhen(&to.Names, c.Names, "claims.names", "scope"),
	)
}

// setWhen sets when an app is told something, if the file says so. Unset is the
// word for what is usual, for which nothing is stored.
func setWhen(to *sso.ClaimWhen, from *string, where string, unset sso.ClaimWhen) error {
	when := cmp.Or(*to, unset)
	if err := choose(&when, from, where, slices.Compact([]sso.ClaimWhen{unset, sso.ClaimAlways, sso.ClaimNever})...); err != nil {
		return err
	}
	switch when {
	case cmp.Or(*to, unset): // as it is
	case unset:
		*to = sso.ClaimByScope
	default:
		*to = when
	}
	return nil
}

// mergeProof says how the app proves itself, if the file does. An app never
// becomes public because a line is missing; a new one is, where no line says
// how else.
func (a *applier) mergeProof(app *sso.App, from *App) error {
	if from.Public != nil && from.AuthMethod != nil {
		return in("public", refused("either public or auth_method", "both"))
	}
	all, err := a.secretsOf(app, from)
	if err != nil {
		return err
	}
	given := len(a.outside.secrets[from])+len(from.ClientSecretHashes) > 0
	switch {
	case from.AuthMethod != nil && *from.AuthMethod == "secret":
		app.AuthMethod = sso.AuthSecret
	case from.AuthMethod != nil:
		if err := choose(&app.AuthMethod, from.AuthMethod, "auth_method", "secret", sso.AuthNone, sso.AuthPrivateKeyJWT); err != nil {
			return err
		}
	case from.Public != nil && *from.Public:
		app.AuthMethod = sso.AuthNone
	case from.Public != nil && app.Public(), given:
		app.AuthMethod = sso.AuthSecret
	case app.Version == 0:
		app.AuthMethod = sso.AuthNone
	}
	if app.AuthMethod != sso.AuthSecret {
		if given {
			return in("public", refused("either public: true or another auth_method, or secrets", "both"))
		}
		all = []sso.AppSecret{}
	}
	if all != nil {
		app.Secrets = all
	}
	if from.Public != nil && !*from.Public && app.AuthMethod == sso.AuthSecret && len(app.Secrets) == 0 {
		return in("public", refused("client_secret_file, or public: true", "public: false without a secret"))
	}
	a.mergeKeys(app, from)
	return nil
}

// secretsOf returns the secrets that shall be good by the file, nil where it
// leaves them alone. A single line names one that is good: where the app has it
// already, the other one stays, which is on its way in or out. A list says all.
func (a *applier) secretsOf(app *sso.App, from *App) ([]sso.AppSecret, error) {
	var all []sso.AppSecret
	for _, text := range a.outside.secrets[from] {
		all = append(all, sso.NewAppSecret(text, "operator", a.now))
	}
	if from.ClientSecretHashes != nil {
		if all != nil || len(from.ClientSecretHashes) > sso.MaxAppSecrets {
			return nil, in("client_secret_hashes", refused("client_secret_hashes: at most 2, in place of client_secret_file", "more, or both"))
		}
		for i, said := range from.ClientSecretHashes {
			hash, err := parseSecretHash(said)
			if err != nil {
				return nil, in("client_secret_hashes."+strconv.Itoa(i), err)
			}
			all = append(all, sso.AppSecret{ID: sso.NewAppSecretID(a.now), Hash: hash, CreatedBy: "operator", CreatedAt: a.now})
		}
	}
	if len(all) == 0 {
		if from.ClientSecretFiles != nil || from.ClientSecretHashes != nil {
			return []sso.AppSecret{}, nil
		}
		return nil, nil
	}
	for i := range all {
		if s, has := app.SecretOf(all[i].Hash); has {
			if from.ClientSecretFile != nil {
				return nil, nil
			}
			all[i] = s
		}
	}
	slices.SortStableFunc(all, func(x, y sso.AppSecret) int { return x.CreatedAt.Compare(y.CreatedAt) })
	return all, nil
}

func parseSecretHash(said string) (secret.Hash, error) {
	digits, ok := strings.CutPrefix(said, secretHashPrefix)
	b, err := hex.DecodeString(digits)
	if !ok || err != nil || len(b) != sha256.Size {
		return secret.Hash{}, refused("client_secret_hashes: sha256: and 64 hexadecimal digits", "another text")
	}
	return secret.Hash(b), nil
}

func (a *applier) mergeKeys(app *sso.App, from *App) {
	set(&app.JWKS, from.JWKS)
	if from.JWKSFile != nil {
		app.JWKS = a.outside.jwks[from]
	}
	set(&app.JWKSURI, from.JWKSURI)
	if app.AuthMethod != sso.AuthPrivateKeyJWT && value(from.JWKS) == "" && from.JWKSFile == nil && value(from.JWKSURI) == "" {
		app.JWKS, app.JWKSURI = "", "" // it proves itself otherwise from now on
	}
}

// findApp returns the app that the file means: the one of its key, else the one
// of its client ID, which gets the key. The list is read once for a file.
func (a *applier) findApp(from *App) (sso.App, bool, error) {
	if a.apps == nil {
		apps, err := a.tx.Apps(a.ctx)
		if err != nil {
			return sso.App{}, false, err
		}
		a.apps = map[string]sso.App{}
		for i := range apps {
			a.apps[apps[i].Key] = apps[i]
		}
	}
	app, found := a.apps[from.Key]
	return app, found, nil
}
