package storetest

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func (w *world) group(org sso.OrgID, name string) sso.Group {
	at := w.later()
	return sso.Group{ID: sso.NewGroupID(at), Org: org, Name: name, Description: "who is in " + name, CreatedAt: at, UpdatedAt: at}
}

func groupsAreKept(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	r := w.reader()
	g := full(w, w.group(acme.ID, "Zoo"))
	missing[sso.Group](w, "Group()")(r.Org(acme.ID).Group(ctx, g.ID))
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).InsertGroup(ctx, g) })
	same(w, "Group()", g, get[sso.Group](w, "Group()")(r.Org(acme.ID).Group(ctx, g.ID)))
	w.conflict(store.GroupName, func(tx *store.Writer) error { return tx.Org(acme.ID).InsertGroup(ctx, w.group(acme.ID, "Zoo")) })
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).InsertGroup(ctx, w.group(acme.ID, "zoo ")) })
	w.write(func(tx *store.Writer) error { return tx.Org(other.ID).InsertGroup(ctx, w.group(other.ID, "Zoo")) })
	w.refused(store.ErrReference, func(tx *store.Writer) error { return tx.Org(acme.ID).InsertGroup(ctx, w.group(other.ID, "x")) })

	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID) // of staff and ops, which come to be by that
	names := func(beginning string) string {
		w.Helper()
		var names []string
		place := store.GroupPlace{}
		for {
			page := get[[]store.GroupLine](w, "Groups()")(r.Org(acme.ID).Groups(ctx, beginning, place, 2))
			for i := range page {
				names, place = append(names, fmt.Sprintf("%s:%d", page[i].Name, page[i].Members)), page[i].Place
			}
			if len(page) < 2 {
				return fmt.Sprint(names)
			}
		}
	}
	same(w, "Groups()", "[ops:1 staff:1 Zoo:0 zoo :0]", names(""))
	same(w, "Groups() that begin so", "[Zoo:0 zoo :0]", names("z"))
}

// groupsAreRenamed renames and deletes a group that many are in, some of them in
// groups whose names look like it.
func groupsAreRenamed(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	twins := [][]string{
		{"ops"}, {"staff", "ops"}, {"ops", "staff"}, {`x"ops`, "ops"}, {`ops","staff`}, {"Ops"}, nil, {"devops", "ops", "ops2"},
	}
	var users []sso.UserID
	for i, groups := range twins {
		u := w.addUser(acme.ID, fmt.Sprintf("u%d", i))
		users = append(users, u.ID)
		for _, org := range []sso.OrgID{acme.ID, other.ID} {
			w.write(func(tx *store.Writer) error {
				return tx.Org(org).SaveMembership(ctx, sso.Membership{Org: org, User: u.ID, Role: sso.RoleMember, Groups: groups, CreatedAt: w.now, UpdatedAt: w.now})
			})
		}
	}
	r := w.reader()
	group := get[[]store.GroupLine](w, "Groups()")(r.Org(acme.ID).Groups(ctx, "ops", store.GroupPlace{}, 10))
	ops := group[0].Group
	for i := range group {
		if group[i].Name == "ops" {
			ops = group[i].Group
		}
	}
	hold := func(what string, org sso.OrgID, want [][]string) {
		w.Helper()
		for i, user := range users {
			m := get[sso.Membership](w, "Membership()")(r.Org(org).Membership(ctx, user))
			if fmt.Sprint(m.Groups) != fmt.Sprint(want[i]) {
				w.Errorf("%s: user %d is in %q, want %q", what, i, m.Groups, want[i])
			}
		}
	}
	clash := ops
	clash.Name = "staff"
	w.conflict(store.GroupName, func(tx *store.Writer) error { return tx.Org(acme.ID).SaveGroup(ctx, clash) })
	ops.Name, ops.Description, ops.UpdatedAt = "Operations", "new", w.later()
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveGroup(ctx, ops) })
	same(w, "Group()", ops, get[sso.Group](w, "Group()")(r.Org(acme.ID).Group(ctx, ops.ID)))
	hold("renamed", acme.ID, [][]string{
		{"Operations"}, {"staff", "Operations"}, {"Operations", "staff"}, {`x"ops`, "Operations"}, {`ops","staff`}, {"Ops"}, nil, {"devops", "Operations", "ops2"},
	})
	hold("in another organization", other.ID, twins)
	same(w, "CountGroup()", 5, get[int](w, "CountGroup()")(r.Org(acme.ID).CountGroup(ctx, "Operations")))
	same(w, "CountGroup() by the old name", 0, get[int](w, "CountGroup()")(r.Org(acme.ID).CountGroup(ctx, "ops")))
	if n := len(w.listed(acme.ID, store.PeopleQuery{Group: "Operations"})); n != 5 {
		w.Errorf("%d people are listed in the renamed group, want 5", n)
	}

	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.Org(other.ID).DeleteGroup(ctx, ops.ID, w.now) })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.Org(other.ID).SaveGroup(ctx, ops) })
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).DeleteGroup(ctx, ops.ID, w.later()) })
	hold("deleted", acme.ID, [][]string{nil, {"staff"}, {"staff"}, {`x"ops`}, {`ops","staff`}, {"Ops"}, nil, {"devops", "ops2"}})
	missing[sso.Group](w, "Group()")(r.Org(acme.ID).Group(ctx, ops.ID))
	same(w, "People()", store.PeoplePage{}, get[store.PeoplePage](w, "People()")(r.Org(acme.ID).People(ctx, store.PeopleQuery{Group: "Operations", Limit: 10})))
}

func suborganizationsAreListed(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	emea, apac := w.addOrg("emea", &acme), w.addOrg("apac", &acme)
	uk := w.addOrg("uk", &emea)
	w.addOrg("other-emea", &other)
	u := w.addUser(uk.ID, "alice")
	w.addMember(uk.ID, u.ID)
	w.addMember(emea.ID, u.ID)
	r := w.reader()
	var keys []string
	place := store.OrganizationPlace{}
	for {
		page := get[[]store.OrganizationLine](w, "Suborganizations()")(r.Org(acme.ID).Suborganizations(ctx, "", place, 1))
		if len(page) == 0 {
			break
		}
		keys, place = append(keys, fmt.Sprintf("%s:%d:%d", page[0].Key, page[0].Members, page[0].Below)), page[0].Place
	}
	same(w, "Suborganizations()", "[apac:0:0 emea:1:1]", fmt.Sprint(keys)) // "The apac", "The emea"
	found := get[[]store.OrganizationLine](w, "Suborganizations()")(r.Org(acme.ID).Suborganizations(ctx, "the e", store.OrganizationPlace{}, 10))
	if len(found) != 1 || found[0].ID != emea.ID {
		w.Errorf("Suborganizations() that begin so = %v", found)
	}
	same(w, "Tree()", []sso.Organization{acme, apac, emea, uk}, get[[]sso.Organization](w, "Tree()")(r.Org(acme.ID).Tree(ctx, 10)))
	same(w, "Tree() of few", 2, len(get[[]sso.Organization](w, "Tree()")(r.Org(acme.ID).Tree(ctx, 2))))
	none[sso.Organization](w, "Tree() of nothing")(r.Org("org_none").Tree(ctx, 2))
}
