package grant

import (
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
)

// names are the claims that say what somebody is called.
const names = oidc.ClaimName | oidc.ClaimGivenName | oidc.ClaimFamilyName | oidc.ClaimPreferredUsername

// within returns the claims that an app is told of those that its request gives,
// by what the operators have settled for it.
func within(c *sso.AppClaims, asked oidc.ClaimSet) oidc.ClaimSet {
	for _, rule := range [...]struct {
		when sso.ClaimWhen
		what oidc.ClaimSet
	}{{c.Groups, oidc.ClaimGroups}, {c.Names, names}} {
		switch rule.when {
		case sso.ClaimAlways:
			asked |= rule.what
		case sso.ClaimNever:
			asked &^= rule.what
		}
	}
	return asked
}

// shape leaves out the role where an app is not to know it, and says role and
// groups once more where the app looks for them. What it is not told under the
// usual name it is not told under its own.
func shape(out *oidc.Claims, c *sso.AppClaims, p *sso.Person) {
	if c.Role == sso.ClaimNever {
		out.Roles = nil
		if out.Org != nil {
			org := *out.Org
			org.Role = ""
			out.Org = &org
		}
	} else if c.RoleClaim != "" {
		out.More = append(out.More, oidc.NamedClaim{Name: c.RoleClaim, Value: string(p.Membership.Role)})
	}
	if c.GroupsClaim != "" && out.Groups != nil {
		out.More = append(out.More, oidc.NamedClaim{Name: c.GroupsClaim, Value: out.Groups})
	}
}
