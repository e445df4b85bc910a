package connect_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// connected adds a connection of Acme's, through which these people came with
// these groups; nil: it is not known with which.
func (h *house) connected(groups map[sso.UserID][]string) sso.Connection {
	h.Helper()
	now := h.now()
	c := sso.Connection{ID: sso.NewConnectionID(now), Org: h.acme.ID, Key: "acme-okta", Name: "Okta", Protocol: sso.ProtocolSAML, State: sso.ConnectionDraft, FirstSignIn: sso.FirstCreate, CreatedAt: now, UpdatedAt: now}
	h.write(func(tx *store.Writer) error {
		err := tx.Org(h.acme.ID).SaveConnection(h.Context(), c)
		for user, sent := range groups {
			err = errors.Join(err, tx.Org(h.acme.ID).InsertLink(h.Context(), sso.Link{Connection: c.ID, Org: h.acme.ID, Subject: string(user), User: user, Issuer: "i", Groups: sent, CreatedAt: now, SeenAt: now}))
		}
		return err
	})
	c.Version = 1
	return c
}

func staff(role sso.Role) connect.NewDefaults {
	return connect.NewDefaults{Version: 1, FirstSignIn: sso.FirstAsk, Defaults: sso.Defaults{
		Role: sso.RoleRestricted, Groups: []string{" new "}, KeepProfile: true, Mapping: sso.GroupRoles{On: true, Rows: []sso.GroupRow{{Group: "Staff", Role: role, Groups: []string{"staff"}}}},
	}}
}

func TestDefaultsAreSaved(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.connected(nil)
		place, err := h.Authority.Enter(ctx, signedIn(&h.owner), "", authority.Setup)
		must(h.T, "entering", err)
		token, _ := h.link(&h.acme, sso.SetupSSO)
		domains, _ := h.link(&h.acme, sso.SetupDomains)
		n := staff(sso.RoleMember)
		must(h.T, "saving", h.SaveDefaults(ctx, signedIn(&h.owner), h.acme.ID, "acme-okta", n))
		page, err := h.Defaults(ctx, &place, "acme-okta")
		must(h.T, "reading", err)
		c := page.Connection
		if c.FirstSignIn != sso.FirstAsk || c.Defaults.Role != sso.RoleRestricted || !slices.Equal(c.Defaults.Groups, []string{"new"}) || !c.Defaults.KeepProfile || len(c.Defaults.Mapping.Rows) != 1 || len(page.Tree) != 1 {
			h.Fatalf("saved %+v", c)
		}
		refused(h.T, "an older version", h.SaveDefaults(ctx, signedIn(&h.owner), h.acme.ID, "acme-okta", n), "conflict")
		n.Version, n.Defaults.Groups = 2, []string{"newer"}
		must(h.T, "saving by a link", h.SaveDefaults(ctx, holding(token), h.acme.ID, "acme-okta", n))
		n.Version = 3
		for what, tc := range map[string]struct {
			who    *authority.Who
			org    sso.OrgID
			change func(n *connect.NewDefaults)
			code   string
		}{
			"a mode that does not exist":    {signedIn(&h.owner), h.acme.ID, func(n *connect.NewDefaults) { n.FirstSignIn = "guess" }, "choice_unknown"},
			"a role that does not exist":    {signedIn(&h.owner), h.acme.ID, func(n *connect.NewDefaults) { n.Defaults.Role = "king" }, "role_unknown"},
			"a role in a row that does not": {signedIn(&h.owner), h.acme.ID, func(n *connect.NewDefaults) { n.Defaults.Mapping.Rows[0].Role = "king" }, "role_unknown"},
			"a row that says nothing":       {signedIn(&h.owner), h.acme.ID, func(n *connect.NewDefaults) { n.Defaults.Mapping.Rows[0] = sso.GroupRow{Group: "x"} }, "mapping_row"},
			"a group without a name":        {signedIn(&h.owner), h.acme.ID, func(n *connect.NewDefaults) { n.Defaults.Groups = []string{""} }, "group_name"},
			"more groups than anybody may be in": {signedIn(&h.owner), h.acme.ID, func(n *connect.NewDefaults) {
				for i := range sso.MaxGroups {
					n.Defaults.Mapping.Rows[0].Groups = append(n.Defaults.Mapping.Rows[0].Groups, "g"+strconv.Itoa(i))
				}
			}, "group_many"},
			"another customer's organization":   {signedIn(&h.owner), h.acme.ID, func(n *connect.NewDefaults) { n.Defaults.Organizations = []sso.OrgID{h.rival.ID} }, "defaults_tree"},
			"a link that makes owners":          {holding(token), h.acme.ID, func(n *connect.NewDefaults) { n.Defaults.Mapping.Rows[0].Role = sso.RoleOwner }, "rights_owner"},
			"a link that makes administrators":  {holding(token), h.acme.ID, func(n *connect.NewDefaults) { n.Defaults.Role = sso.RoleAdmin }, "rights_owner"},
			"a link for the domains":            {holding(domains), h.acme.ID, func(*connect.NewDefaults) {}, "setup_link_scope"},
			"another customer's owner":          {signedIn(&h.other), h.acme.ID, func(*connect.NewDefaults) {}, "not_found"},
			"another customer's owner, at home": {signedIn(&h.other), h.rival.ID, func(*connect.NewDefaults) {}, "page_not_found"},
		} {
			n := n
			n.Defaults.Mapping.Rows = slices.Clone(n.Defaults.Mapping.Rows)
			tc.change(&n)
			refused(h.T, what, h.SaveDefaults(ctx, tc.who, tc.org, "acme-okta", n), tc.code)
		}
		n.Defaults.Mapping.Rows[0].Role, n.Defaults.Organizations = sso.RoleOwner, []sso.OrgID{h.acme.ID, h.acme.ID}
		must(h.T, "an owner who makes owners", h.SaveDefaults(ctx, signedIn(&h.owner), h.acme.ID, "acme-okta", n))
		if page, err = h.Defaults(ctx, &place, "acme-okta"); err != nil || len(page.Connection.Defaults.Organizations) != 1 {
			h.Errorf("an organization twice: %v, %v", page.Connection.Defaults.Organizations, err)
		}
		if got := h.audit(h.acme.ID); !slices.Equal(got, []string{"connection.defaults_changed", "connection.defaults_changed", "connection.defaults_changed"}) {
			h.Errorf("audit: %v", got)
		}
	})
}

// What the table would change is shown before it does.
func TestPreviewSaysWhoChanges(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		ann, ben, cat := h.add(&h.acme, "ann", sso.RoleAdmin), h.add(&h.acme, "ben", sso.RoleMember), h.add(&h.acme, "cat", sso.RoleMember)
		h.connected(map[sso.UserID][]string{ann.User.ID: {"Other"}, ben.User.ID: {"Staff"}, cat.User.ID: nil, h.owner.User.ID: {"Staff"}})
		place, err := h.Authority.Enter(ctx, signedIn(&h.owner), "", authority.Setup)
		must(h.T, "entering", err)
		n := staff(sso.RoleMember)
		p, err := h.PreviewDefaults(ctx, &place, "acme-okta", n)
		must(h.T, "previewing", err)
		got := map[sso.UserID]sso.RoleReason{}
		for _, c := range p.Changes {
			got[c.User.ID] = c.Reason
		}
		want := map[sso.UserID]sso.RoleReason{
			ann.User.ID:     {Role: sso.RoleRestricted, Rule: sso.RoleByNoGroup},
			ben.User.ID:     {Role: sso.RoleMember, Rule: sso.RoleByGroup, Row: 1, Group: "Staff"}, // a group more
			h.owner.User.ID: {Role: sso.RoleOwner, Rule: sso.RoleLastOwner},                        // and the group
		}
		if p.Looked != 4 || p.Unknown != 1 || p.Total != 3 || len(got) != 3 {
			h.Fatalf("Preview = %+v", p)
		}
		for user, reason := range want {
			if got[user] != reason {
				h.Errorf("%s: %+v, want %+v", user, got[user], reason)
			}
		}
		// Nothing has happened, and the holder of a link hears no names.
		h.write(func(tx *store.Writer) error {
			m, err := tx.Org(h.acme.ID).Membership(ctx, ann.User.ID)
			if m.Role != sso.RoleAdmin {
				h.Errorf("ann is %s", m.Role)
			}
			return err
		})
		token, _ := h.link(&h.acme, sso.SetupSSO)
		byLink, err := h.Authority.Enter(ctx, holding(token), "", authority.Setup)
		must(h.T, "entering by a link", err)
		if p, err = h.PreviewDefaults(ctx, &byLink, "acme-okta", n); err != nil || p.Total != 3 || len(p.Changes) != 0 {
			h.Errorf("by a link: %+v, %v", p, err)
		}
		n.Defaults.Mapping.On = false
		if p, err = h.PreviewDefaults(ctx, &place, "acme-okta", n); err != nil || p.Total != 0 || p.Looked != 0 {
			h.Errorf("switched off: %+v, %v", p, err)
		}
	})
}
