package sso

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
)

// GroupRoles says what groups at the identity provider are here. While it is
// on, roles and groups follow at every sign-in; else no sign-in touches them.
type GroupRoles struct {
	On   bool       `json:"on,omitempty"`
	Rows []GroupRow `json:"rows,omitempty"` // the first one that fits says the role
}

// GroupRow says what one group at the identity provider is here.
type GroupRow struct {
	Group  string   `json:"group"`            // as it is sent: a name, or an object ID
	Label  string   `json:"label,omitempty"`  // what people call it, where it is sent as an ID
	Role   Role     `json:"role,omitempty"`   // "": the row says nothing about the role
	Groups []string `json:"groups,omitempty"` // ours, of which its people are
}

// Name returns what to call the group of the row.
func (r *GroupRow) Name() string {
	if r.Label != "" {
		return r.Label
	}
	return r.Group
}

// MaxGroupRows bounds how many rows a mapping has.
const MaxGroupRows = 500

// Valid refuses a mapping that means nothing or two things.
func (m *GroupRoles) Valid() error {
	refuse := func(want, got string) error {
		return &fault.Error{Kind: fault.Invalid, Code: "mapping_row", Want: want, Got: clip(got), Fix: fault.PersonSide}
	}
	if len(m.Rows) > MaxGroupRows {
		return refuse("at most 500 rows", strconv.Itoa(len(m.Rows)))
	}
	seen := map[string]bool{}
	for i := range m.Rows {
		r := &m.Rows[i]
		switch {
		case r.Group == "" || cleanText(r.Group, maxGroupName) != r.Group:
			return refuse("a group of the identity provider", r.Group)
		case seen[groupKey(r.Group)]:
			return refuse("each group once", r.Group)
		case r.Role == "" && len(r.Groups) == 0:
			return refuse("a role or groups", r.Group)
		case cleanText(r.Label, maxGroupName) != r.Label:
			return refuse("a label of at most 256 characters", r.Label)
		}
		for _, g := range r.Groups {
			if name, err := ParseGroupName(g); err != nil || name != g {
				return refuse("names of groups", g)
			}
		}
		seen[groupKey(r.Group)] = true
	}
	return nil
}

// String returns the mapping in one line, for the audit list.
func (m GroupRoles) String() string {
	var rows []string
	for i := range m.Rows {
		r := &m.Rows[i]
		rows = append(rows, r.Name()+" → "+strings.Join(append([]string{string(r.Role)}, r.Groups...), " "))
	}
	return strings.Join(rows, "; ")
}

// IsObjectID reports whether a group is sent as an identifier that says nothing
// to people, such as an object ID of Microsoft Entra.
func IsObjectID(group string) bool {
	if len(group) != 36 {
		return false
	}
	for i := range len(group) {
		switch c := group[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return true
}

// groupKey is the form in which groups are compared: names to the letter,
// object IDs without case.
func groupKey(group string) string {
	if IsObjectID(group) {
		return strings.ToLower(group)
	}
	return group
}

// RoleRule names why somebody has a role.
type RoleRule string

// The reasons.
const (
	RoleByDefault    RoleRule = "default"    // new people have it
	RoleByInvitation RoleRule = "invitation" // they were invited to it
	RoleByGroup      RoleRule = "group"      // a row of the mapping gives it
	RoleByNoGroup    RoleRule = "no_group"   // no row fits; it is what new people have
	RoleRestrictedBy RoleRule = "restricted" // no row fits, and nothing but a row lifts the restriction
	RoleUnknown      RoleRule = "unknown"    // the groups were not sent: it stays what it was
	RoleLastOwner    RoleRule = "last_owner" // somebody has to own the organization
	RoleByHand       RoleRule = "by_hand"    // the mapping is off: it was given here
)

// RoleRules lists the reasons.
func RoleRules() []RoleRule {
	return []RoleRule{RoleByDefault, RoleByInvitation, RoleByGroup, RoleByNoGroup, RoleRestrictedBy, RoleUnknown, RoleLastOwner, RoleByHand}
}

// RoleReason answers "why this role?".
type RoleReason struct {
	Role  Role
	Rule  RoleRule
	Row   int    // of the mapping, from 1; 0: none
	Group string // as [GroupRow.Name]
}

// Check returns the line of a trace that says so.
func (r *RoleReason) Check() Check {
	got := string(r.Role) + ": " + string(r.Rule)
	if r.Row > 0 {
		got += " " + strconv.Itoa(r.Row) + ", " + r.Group
	}
	return Check{Rule: "ident.role", Verdict: "pass", Got: got}
}

// ParseRoleReason reads a reason as [RoleReason.Check] writes it down.
func ParseRoleReason(got string) (RoleReason, bool) {
	role, rest, _ := strings.Cut(got, ": ")
	rule, rest, byRow := strings.Cut(rest, " ")
	r := RoleReason{Role: Role(role), Rule: RoleRule(rule)}
	if byRow {
		row, group, ok := strings.Cut(rest, ", ")
		n, err := strconv.Atoi(row)
		if !ok || err != nil {
			return RoleReason{}, false
		}
		r.Row, r.Group = n, group
	}
	return r, slices.Contains(RoleRules(), r.Rule)
}

// match returns the rows that fit, in their order.
func (m *GroupRoles) match(groups []string) []int {
	if !m.On {
		return nil
	}
	has := make(map[string]bool, len(groups))
	for _, g := range groups {
		has[groupKey(g)] = true
	}
	var fit []int
	for i := range m.Rows {
		if has[groupKey(m.Rows[i].Group)] {
			fit = append(fit, i)
		}
	}
	return fit
}

// role returns what the rows that fit say of the role.
func (m *GroupRoles) role(fit []int) (RoleReason, bool) {
	for _, i := range fit {
		if r := &m.Rows[i]; r.Role != "" {
			return RoleReason{Role: r.Role, Rule: RoleByGroup, Row: i + 1, Group: r.Name()}, true
		}
	}
	return RoleReason{}, false
}

// AllGroups returns the groups that somebody can come to be in by a sign-in: those
// of new people, and those of all rows of the mapping.
func (d *Defaults) AllGroups() []string {
	seen := map[string]bool{}
	var all []string
	add := func(names []string) {
		for _, name := range names {
			if !seen[name] {
				seen[name], all = true, append(all, name)
			}
		}
	}
	add(d.Groups)
	for i := range d.Mapping.Rows {
		add(d.Mapping.Rows[i].Groups)
	}
	return all
}

// first returns the role and the groups of somebody new.
func (m *GroupRoles) first(a *Asserted, role Role, groups []string) (Role, []string, RoleReason) {
	why := RoleReason{Role: role, Rule: RoleByDefault}
	fit := m.match(a.Groups)
	if by, ok := m.role(fit); ok {
		why = by
	}
	for _, i := range fit {
		groups = union(groups, m.Rows[i].Groups)
	}
	return why.Role, groups, why
}

// Following is what a sign-in makes of a membership.
type Following struct {
	Membership
	Was    Membership
	Reason RoleReason
}

// Changed reports whether it makes anything of it.
func (f *Following) Changed() bool { return f.Role != f.Was.Role || !sameSet(f.Groups, f.Was.Groups) }

// Drops reports whether an owner would be none any more.
func (f *Following) Drops() bool { return f.Was.Role == RoleOwner && f.Role != RoleOwner }

// Spare leaves the last owner of an organization an owner.
func (f *Following) Spare(p *Position) {
	if f.Drops() && p.dispensable() != nil {
		f.Role, f.Reason = RoleOwner, RoleReason{Role: RoleOwner, Rule: RoleLastOwner}
	}
}

// Follow returns what a sign-in with these groups makes of a membership. The
// groups that any row gives follow; all others were given here, and stay. Where
// the groups are unknown, nil as in [Link], everything stays.
func (d *Defaults) Follow(m Membership, groups []string) Following {
	f := Following{Membership: m, Was: m, Reason: RoleReason{Role: m.Role, Rule: RoleByHand}}
	if !d.Mapping.On {
		return f
	}
	if groups == nil {
		f.Reason.Rule = RoleUnknown
		return f
	}
	fit := d.Mapping.match(groups)
	by, ok := d.Mapping.role(fit)
	switch {
	case ok:
		f.Reason = by
	case m.Role == RoleRestricted:
		f.Reason.Rule = RoleRestrictedBy
	default:
		f.Reason = RoleReason{Role: d.NewRole(), Rule: RoleByNoGroup}
	}
	f.Role = f.Reason.Role
	var given, managed []string
	for i := range d.Mapping.Rows {
		managed = union(managed, d.Mapping.Rows[i].Groups)
		if slices.Contains(fit, i) {
			given = union(given, d.Mapping.Rows[i].Groups)
		}
	}
	f.Groups = union(slices.DeleteFunc(slices.Clone(m.Groups), func(g string) bool {
		return slices.Contains(managed, g) && !slices.Contains(given, g)
	}), given)
	return f
}

// Governs reports whether the mapping has a say in an organization of the
// connection's tree: in those that the defaults name, else in all.
func (d *Defaults) Governs(org OrgID) bool {
	return d.Mapping.On && (len(d.Organizations) == 0 || slices.Contains(d.Organizations, org))
}

func sameSet(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}
