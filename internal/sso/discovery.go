package sso

import "slices"

// Route is where an address leads before anything is proven.
type Route struct {
	Method Method
	// Connections to sign in through; one: go there; several: let the person
	// choose. Empty for [ByPassword].
	Connections []ConnectionID
	Rule        RouteRule // why
	Org         OrgID     // whose domain or connections they are; "": nobody's
}

// RouteRule names why an address leads where it does.
type RouteRule string

// The rules, in the order in which they are asked.
const (
	RouteWish   RouteRule = "wish"   // the person asked for the password, and may
	RouteNobody RouteRule = "nobody" // no organization has proved the domain
	RouteOff    RouteRule = "off"    // the organization does not use single sign-on
	RouteClosed RouteRule = "closed" // it is off for the domain
	RouteDomain RouteRule = "domain" // the domain names the connection
	RouteOwn    RouteRule = "own"    // connections of the organization, or of the nearest above it that has any
	RouteNone   RouteRule = "none"   // none of the connections can be used
)

// Named is the connection that a domain names, with its organization's lineage
// from the root.
type Named struct {
	Connection Connection
	Lineage    []Organization
}

// usable reports whether people of the domain can be sent there: the
// connection may be used now, and its organization is at or below the one that
// has proved the domain.
func (n *Named) usable(claim *Domain) bool {
	if n == nil || claim == nil || len(n.Lineage) == 0 || n.Connection.ID != claim.Connection {
		return false
	}
	last := len(n.Lineage) - 1
	return n.Lineage[last].Within(claim.Org) && n.Connection.Usable(&n.Lineage[last], n.Lineage[:last]) == nil
}

// FindRoute decides how a person signs in. lineage is the organization that
// the address or the sign-on URL leads to, after its ancestors from the root;
// active are the active connections of any of them; claim is the verified
// claim to the address's domain, and named the connection that it names, or nil.
//
// An organization uses its own connections where it has any, else those of
// the nearest ancestor that has. For the organization that has proved the
// domain, a connection that the domain names wins, and a domain with single
// sign-on off is sent nowhere unless it is demanded. Where nothing can be used,
// the password is asked for: whether a user or an organization exists cannot
// be told from the answer.
func FindRoute(lineage []Organization, active []Connection, claim *Domain, named *Named) Route {
	if len(lineage) == 0 {
		return Route{Method: ByPassword, Rule: RouteNobody}
	}
	demanded := slices.ContainsFunc(lineage, func(o Organization) bool { return o.Policy.Demanding() })
	if !lineage[len(lineage)-1].Policy.SSOOn() && !demanded {
		return Route{Method: ByPassword, Rule: RouteOff}
	}
	ofClaimant := claim != nil && slices.ContainsFunc(lineage, func(o Organization) bool { return o.ID == claim.Org })
	if ofClaimant && claim.SSOOff && !demanded {
		return Route{Method: ByPassword, Rule: RouteClosed, Org: claim.Org}
	}
	for i := len(lineage) - 1; i >= 0; i-- {
		if claim != nil && claim.Org == lineage[i].ID && named.usable(claim) {
			return Route{Method: BySSO, Connections: []ConnectionID{named.Connection.ID}, Rule: RouteDomain, Org: claim.Org}
		}
		var usable []ConnectionID
		for j := range active {
			c := &active[j]
			if c.Org == lineage[i].ID && c.Usable(&lineage[i], lineage[:i]) == nil {
				usable = append(usable, c.ID)
			}
		}
		if len(usable) > 0 {
			return Route{Method: BySSO, Connections: usable, Rule: RouteOwn, Org: lineage[i].ID}
		}
	}
	return Route{Method: ByPassword, Rule: RouteNone}
}

// PickOrg says as a member of which organization a person is signed in: the
// one asked for, else the preferred one, else the only one. "" means that the
// person must choose; ok is false where there is none to sign in to.
func PickOrg(candidates []OrgID, asked, preferred OrgID) (org OrgID, ok bool) {
	has := func(id OrgID) bool { return slices.Contains(candidates, id) }
	switch {
	case len(candidates) == 0:
		return "", false
	case asked != "":
		if has(asked) {
			return asked, true
		}
		return "", false
	case has(preferred):
		return preferred, true
	case len(candidates) == 1:
		return candidates[0], true
	default:
		return "", true
	}
}
