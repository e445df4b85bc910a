package sso

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// Scope is a part of what programs may do.
type Scope string

// The scopes. Those of an organization reach it and all below it.
const (
	ScopeOrganizationsRead  Scope = "organizations:read"
	ScopeOrganizationsWrite Scope = "organizations:write" // name, security, organizations below
	ScopeUsersRead          Scope = "users:read"
	ScopeUsersWrite         Scope = "users:write"  // people, groups, invitations, sessions
	ScopeOwnersWrite        Scope = "owners:write" // the same for owners, and to make some
	ScopeSSORead            Scope = "sso:read"
	ScopeSSOWrite           Scope = "sso:write" // domains, connections, enforcement, setup links
	ScopeTracesRead         Scope = "traces:read"
	ScopeAuditRead          Scope = "audit:read"
	ScopeWebhooksRead       Scope = "webhooks:read"
	ScopeWebhooksWrite      Scope = "webhooks:write" // which hand on what the audit list says
	ScopeKeysRead           Scope = "keys:read"
	ScopeKeysWrite          Scope = "keys:write"
	ScopeDeploymentRead     Scope = "deployment:read"
	ScopeDeploymentWrite    Scope = "deployment:write" // customers, what is granted to them, roles
	ScopeAppsRead           Scope = "apps:read"
	ScopeAppsWrite          Scope = "apps:write"
)

// OrganizationScopes lists the scopes that a program of one organization may
// have.
func OrganizationScopes() []Scope {
	return []Scope{
		ScopeOrganizationsRead, ScopeOrganizationsWrite, ScopeUsersRead, ScopeUsersWrite, ScopeOwnersWrite, ScopeSSORead, ScopeSSOWrite,
		ScopeTracesRead, ScopeAuditRead, ScopeWebhooksRead, ScopeWebhooksWrite, ScopeKeysRead, ScopeKeysWrite,
	}
}

// Scopes lists all scopes: those of an organization, and those that are for
// programs of the deployment alone.
func Scopes() []Scope {
	return append(OrganizationScopes(), ScopeDeploymentRead, ScopeDeploymentWrite, ScopeAppsRead, ScopeAppsWrite)
}

// scopesFor lists the scopes that a program may have which is of this
// organization, or of the deployment for "".
func scopesFor(org OrgID) []Scope {
	if org == "" {
		return Scopes()
	}
	return OrganizationScopes()
}

// ParseScopes judges the scopes of a program that is of this organization, or
// of the deployment for "". Each counts once; the order is that of [Scopes].
func ParseScopes(list []string, org OrgID) ([]Scope, error) {
	known := scopesFor(org)
	for _, s := range list {
		if !slices.Contains(known, Scope(s)) {
			return nil, &fault.Error{Kind: fault.Invalid, Code: "scope_unknown", Want: "one of " + words(known), Got: clip(s), Fix: fault.PersonSide}
		}
	}
	var all []Scope
	for _, s := range known {
		if slices.Contains(list, string(s)) {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "scope_none", Want: "at least one scope", Fix: fault.PersonSide}
	}
	return all, nil
}

// Program is a caller that is no person: it acts by an API key, or by a token
// that a machine's app has got by its own credentials. The zero value is none.
type Program struct {
	// ID is that of the key or of the app. It stands where the ID of a user
	// stands in what is written down, and is never one.
	ID     string
	Name   string
	Org    OrgID // beyond which it does not reach, and what is below; "": it is of the deployment
	Scopes []Scope
	Until  time.Time // when it ends; zero: it does not
	// Scope is that under which it acts now.
	Scope Scope
}

// IsZero reports whether there is no program.
func (p *Program) IsZero() bool { return p.ID == "" }

// Holds reports whether the program has a scope.
func (p *Program) Holds(s Scope) bool { return slices.Contains(p.Scopes, s) }

// Under returns the program as it acts under a scope, or refuses one that it
// does not have.
func (p *Program) Under(s Scope) (Program, error) {
	if !p.Holds(s) {
		return Program{}, &fault.Error{Kind: fault.Denied, Code: "scope_missing", Want: string(s), Fix: fault.AppSide}
	}
	under := *p
	under.Scope = s
	return under, nil
}

// Within returns the program with those of its scopes that are among these: a
// token may be for less than its app could ask for.
func (p *Program) Within(scopes []Scope) Program {
	less := *p
	less.Scopes = slices.DeleteFunc(slices.Clone(p.Scopes), func(s Scope) bool { return !slices.Contains(scopes, s) })
	return less
}

// Program returns who acts by a token that a machine's app has got for itself:
// of the organization that alone may enter the app, or else of the deployment.
// An app that several may enter, and not all, is nobody: there is no saying in
// which of them it would stand.
func (a *App) Program() (Program, error) {
	if err := a.On(); err != nil {
		return Program{}, err
	}
	if !a.Grants(GrantClientCredentials) || len(a.AllowedOrgs) > 1 || a.DPoP {
		return Program{}, &fault.Error{Kind: fault.Unauthenticated, Code: "api_app", Want: "an app for client_credentials, without DPoP, that one organization may enter or all", Got: a.Key, Fix: fault.AppSide}
	}
	p := Program{ID: string(a.ID), Name: a.Name}
	if len(a.AllowedOrgs) == 1 {
		p.Org = a.AllowedOrgs[0]
	}
	for _, s := range scopesFor(p.Org) {
		if slices.Contains(a.Scopes, string(s)) {
			p.Scopes = append(p.Scopes, s)
		}
	}
	return p, nil
}

// Become refuses a program that makes itself an app which may do more than it:
// whoever gives an app its secrets and keys can act as it. It is nil for people.
func (p *Program) Become(a *App) error {
	for _, s := range Scopes() {
		if p != nil && slices.Contains(a.Scopes, string(s)) && !p.Holds(s) {
			return &fault.Error{Kind: fault.Denied, Code: "scope_missing", Want: string(s), Fix: fault.AppSide}
		}
	}
	return nil
}

// role returns what the program is in an organization that it reaches. Under
// the scope for people it is an administrator, so that it makes no owner and
// leaves owners alone, unless it has the scope for that; under none it is nobody.
func (p *Program) role() Role {
	if p.Scope == "" {
		return RoleRestricted
	}
	if (p.Scope == ScopeUsersWrite || p.Scope == ScopeUsersRead) && !p.Holds(ScopeOwnersWrite) {
		return RoleAdmin
	}
	return RoleOwner
}

// In returns the program as somebody in an organization, to whom the rules
// apply that apply to people: of an organization's program it is always its
// own, from where its rights reach down. A program of the deployment stands in
// whatever customer's organization it is asked to. The operators' own belongs
// to people alone: whoever is of it may act as anybody.
func (p *Program) In(o *Organization, now time.Time) (Person, error) {
	if p.Org != "" && o.ID != p.Org {
		return Person{}, &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Got: o.Key, Fix: fault.PersonSide}
	}
	if o.OfOperators() {
		return Person{}, &fault.Error{Kind: fault.Denied, Code: "operators_organization", Got: o.Key, Fix: fault.OperatorSide}
	}
	return p.as(o, p.role(), now), nil
}

// OfDeployment returns the program as somebody of the vendor's: who may look
// under the scopes for reading, and change under the others.
func (p *Program) OfDeployment(operators *Organization, now time.Time) (Person, error) {
	if p.Org != "" {
		return Person{}, &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Fix: fault.PersonSide}
	}
	role := RoleMember
	switch p.Scope {
	case ScopeDeploymentWrite, ScopeAppsWrite, ScopeKeysWrite:
		role = RoleAdmin
	}
	return p.as(operators, role, now), nil
}

// as returns the program with a role in an organization. It has proved itself
// by the request that it makes.
func (p *Program) as(o *Organization, role Role, now time.Time) Person {
	who := *p
	return Person{
		Program: &who, Org: *o, Membership: Membership{Org: o.ID, User: UserID(p.ID), Role: role},
		User:    User{ID: UserID(p.ID), FirstName: p.Name, State: UserActive},
		Session: Session{User: UserID(p.ID), Org: o.ID, AuthTime: now, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(time.Minute)},
	}
}

// APIKey is what a program of the vendor's or of a customer's proves itself by.
type APIKey struct {
	ID        APIKeyID
	Org       OrgID // whose it is; "": the deployment's
	Name      string
	Hint      string // how it begins and ends, to be told from others
	Scopes    []Scope
	By        UserID // who has made it
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	RevokedAt time.Time // zero: not
	UsedAt    time.Time // zero: never; as exact as [APIKeyTouchEvery]
}

// Limits of API keys.
const (
	MaxAPIKeys       = 100 // of one organization, or of the deployment
	APIKeyTouchEvery = 5 * time.Minute
	maxAPIKeyLife    = 5 * 366 * 24 * time.Hour
)

// apiKeyPrefix begins every key, so that whoever finds one knows what it is.
const apiKeyPrefix = "sallyport_"

// NewAPIKey says which key is to be made.
type NewAPIKey struct {
	Name   string
	Scopes []string
	Days   int // until it ends; 0: it does not
}

// Make returns the key of an organization, or of the deployment for "", made by
// whoever has this ID, and its text, of which there is no other copy. A program
// that makes one hands on no more than it has, and for no longer; program is nil
// for people.
func (n NewAPIKey) Make(org OrgID, by UserID, program *Program, now time.Time) (APIKey, string, error) {
	k := APIKey{ID: NewAPIKeyID(now), Org: org, Name: CleanName(n.Name), By: by, CreatedAt: now}
	if k.Name == "" {
		return APIKey{}, "", &fault.Error{Kind: fault.Invalid, Code: "name_empty", Fix: fault.PersonSide}
	}
	if life := time.Duration(n.Days) * 24 * time.Hour; n.Days < 0 || n.Days > int(maxAPIKeyLife/(24*time.Hour)) {
		return APIKey{}, "", &fault.Error{Kind: fault.Invalid, Code: "api_key_life", Want: "at most 5 years", Fix: fault.PersonSide}
	} else if n.Days > 0 {
		k.ExpiresAt = now.Add(life)
	}
	if program != nil && !program.Until.IsZero() && (k.ExpiresAt.IsZero() || program.Until.Before(k.ExpiresAt)) {
		k.ExpiresAt = program.Until
	}
	var err error
	if k.Scopes, err = ParseScopes(n.Scopes, org); err != nil {
		return APIKey{}, "", err
	}
	for _, s := range k.Scopes {
		if program != nil && !program.Holds(s) {
			return APIKey{}, "", &fault.Error{Kind: fault.Denied, Code: "scope_missing", Want: string(s), Fix: fault.AppSide}
		}
	}
	text := apiKeyPrefix + newKeyText()
	k.Hint = text[:len(apiKeyPrefix)+4] + "…" + text[len(text)-4:]
	return k, text, nil
}

// Usable refuses a key that is over.
func (k *APIKey) Usable(now time.Time) error {
	if !k.RevokedAt.IsZero() || !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt) {
		return &fault.Error{Kind: fault.Unauthenticated, Code: "api_key_over", Want: "a key that is neither revoked nor expired", Got: k.Hint, Fix: fault.AppSide}
	}
	return nil
}

// Program returns who acts by the key.
func (k *APIKey) Program() Program {
	return Program{ID: string(k.ID), Name: k.Name, Org: k.Org, Scopes: k.Scopes, Until: k.ExpiresAt}
}
