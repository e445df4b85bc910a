package storetest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// crowd fills an organization with people of all kinds and returns them as
// they are listed.
func (w *world) crowd(org *sso.Organization, c sso.Connection, n int) []store.Member {
	w.Helper()
	firsts, lasts := []string{"Änne", "Bob", "anna", "Zoë", "Bo"}, []string{"Müller", "O'Neil", "Ibáñez", "Strauß"}
	var all []store.Member
	w.write(func(tx *store.Writer) error {
		all = nil
		for i := range n {
			at := w.later()
			u := sso.User{
				ID: sso.NewUserID(at), Home: org.ID, Username: fmt.Sprintf("u%d", i), Email: w.email(fmt.Sprintf("p.%d@acme.example", i)),
				FirstName: firsts[i%len(firsts)], LastName: lasts[i%len(lasts)], State: sso.UserActive, CreatedAt: at, UpdatedAt: at, Version: 1,
			}
			m := store.Member{User: u, Role: sso.RoleMember, Since: at.Add(time.Duration(i%3) * time.Hour), Way: store.WayNone}
			if i%4 == 1 {
				m.State = sso.UserSuspended
			}
			if i%3 == 0 {
				m.PasswordHash, m.Way = "$argon2id$x", store.WayPassword
			}
			if i%6 == 5 {
				m.Role = sso.RoleAdmin
			}
			if i%5 == 2 {
				m.Groups = []string{"Staff", "ops"}
			}
			u = m.User
			u.Version = 0
			ms := sso.Membership{Org: org.ID, User: u.ID, Role: m.Role, Groups: m.Groups, CreatedAt: m.Since, UpdatedAt: m.Since}
			if err := tx.Org(org.ID).SaveUser(w.ctx, u); err != nil {
				return err
			}
			if err := tx.Org(org.ID).SaveMembership(w.ctx, ms); err != nil {
				return err
			}
			if i%7 == 0 {
				m.Way = store.WaySSO
				if err := tx.Org(c.Org).InsertLink(w.ctx, w.link(c, u.ID, string(u.ID))); err != nil {
					return err
				}
			}
			if i%2 == 0 {
				m.SeenAt = at.Add(time.Duration(i%5) * time.Minute)
				m.LastSignInAt = m.SeenAt
				if err := tx.NoteSignIns(w.ctx, store.SignedIn{User: u.ID, Org: org.ID, At: m.SeenAt}); err != nil {
					return err
				}
			}
			all = append(all, m)
		}
		return nil
	})
	return all
}

// expected picks and sorts the people whom a query is for, in the plainest way.
func expected(all []store.Member, q store.PeopleQuery) []store.Member {
	found := map[sso.UserID]string{} // by which word
	var list []store.Member
	for _, m := range all {
		if q.Role != "" && m.Role != q.Role || q.State != "" && m.State != q.State || q.Way != "" && m.Way != q.Way ||
			q.Group != "" && !slices.Contains(m.Groups, q.Group) {
			continue
		}
		every := true
		for i, word := range q.Words {
			at := slices.IndexFunc(m.Words(), func(s string) bool { return strings.HasPrefix(s, word) })
			if every = every && at >= 0; every && i == 0 {
				found[m.ID] = m.Words()[at] // words are sorted
			}
		}
		if every {
			list = append(list, m)
		}
	}
	slices.SortFunc(list, func(a, b store.Member) int {
		switch {
		case len(q.Words) > 0:
			return cmp.Or(strings.Compare(found[a.ID], found[b.ID]), cmp.Compare(a.ID, b.ID))
		case q.Sort == store.SortNewest:
			return -cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
		case q.Sort == store.SortSeen:
			return -cmp.Or(a.SeenAt.Compare(b.SeenAt), cmp.Compare(a.ID, b.ID))
		default:
			return cmp.Or(bytes.Compare(a.SortKey(), b.SortKey()), cmp.Compare(a.ID, b.ID))
		}
	})
	return list
}

// listed pages through a list of people, and holds every page to its size.
func (w *world) listed(org sso.OrgID, q store.PeopleQuery) []store.Member {
	w.Helper()
	q.Limit = 7
	var all []store.Member
	for {
		page := get[store.PeoplePage](w, "People()")(w.reader().Org(org).People(w.ctx, q))
		if len(page.People) > q.Limit {
			w.Errorf("People() gives %d people, want at most %d", len(page.People), q.Limit)
		}
		for i := range page.People {
			page.People[i].Place = store.PeoplePlace{}
		}
		all = append(all, page.People...)
		if q.After = page.Next; q.After.User == "" {
			return all
		}
	}
}

func peopleAreListed(w *world) {
	acme, rival := w.addOrg("acme", nil), w.addOrg("rival", nil)
	all := w.crowd(&acme, w.addConnection(acme.ID, "acme-okta"), 60)
	w.crowd(&rival, w.addConnection(rival.ID, "rival-okta"), 20)
	for name, q := range map[string]store.PeopleQuery{
		"all":                          {},
		"the newest first":             {Sort: store.SortNewest},
		"the latest sign-in first":     {Sort: store.SortSeen},
		"administrators":               {Role: sso.RoleAdmin},
		"members":                      {Role: sso.RoleMember},
		"suspended":                    {State: sso.UserSuspended},
		"by connection":                {Way: store.WaySSO},
		"without credentials":          {Way: store.WayNone},
		"of a group":                   {Group: "Staff"},
		"of a group in other letters":  {Group: "staff"},
		"several filters":              {Role: sso.RoleMember, State: sso.UserSuspended, Way: store.WayPassword},
		"a group and a filter":         {Group: "ops", State: sso.UserActive},
		"newest of a group":            {Group: "ops", Sort: store.SortNewest},
		"newest suspended":             {State: sso.UserSuspended, Sort: store.SortNewest},
		"a word":                       {Words: sso.SearchWords("ann")},
		"a word with its accent":       {Words: sso.SearchWords("MÜLLER")},
		"a word that begins two names": {Words: sso.SearchWords("bo")},
		"a part of a name":             {Words: sso.SearchWords("neil")},
		"two words":                    {Words: sso.SearchWords("bob mull")},
		"words and filters":            {Words: sso.SearchWords("strauss"), Role: sso.RoleMember, State: sso.UserActive, Group: "Staff"},
		"an address":                   {Words: sso.SearchWords("P.1@acme.example")},
		"the beginning of an address":  {Words: sso.SearchWords("p.1")},
		"a word that nobody has":       {Words: sso.SearchWords("nobody")},
		"a domain":                     {Words: sso.SearchWords("acme")},
	} {
		want := expected(all, q)
		if len(want) == 0 && !strings.Contains(name, "nobody") && name != "a domain" && name != "of a group in other letters" {
			w.Errorf("%s: the test looks for nobody", name)
		}
		same(w, name, want, w.listed(acme.ID, q))
	}
	w.refusedPlace(acme.ID)
}

// refusedPlace lists behind places that nobody stands at.
func (w *world) refusedPlace(org sso.OrgID) {
	w.Helper()
	for _, p := range []store.PeoplePlace{{User: "usr_x", Key: []byte{0xFF}}, {User: "\x00", Key: []byte("a")}} {
		same(w, "People() behind all", store.PeoplePage{}, get[store.PeoplePage](w, "People() behind all")(w.reader().Org(org).People(w.ctx, store.PeopleQuery{After: p, Limit: 5})))
	}
}

// listsKeepUp changes what lists go by in every way there is.
func listsKeepUp(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	c := w.addConnection(acme.ID, "acme-okta")
	alice := w.addUser(acme.ID, "alice")
	own, guest := w.addMember(acme.ID, alice.ID), w.addMember(other.ID, alice.ID)
	find := func(org sso.OrgID, q store.PeopleQuery) bool { return len(w.listed(org, q)) == 1 }
	expect := func(what string, want bool, q store.PeopleQuery) {
		w.Helper()
		for _, org := range []sso.OrgID{acme.ID, other.ID} {
			if got := find(org, q); got != want {
				w.Errorf("%s in %s: found %v, want %v", what, org, got, want)
			}
		}
	}
	expect("a guest by the old name", true, store.PeopleQuery{Words: []string{"zoe"}})
	alice.FirstName, alice.State, alice.PasswordHash = "Ada", sso.UserSuspended, ""
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveUser(ctx, alice) })
	alice.Version++
	expect("the old name", false, store.PeopleQuery{Words: []string{"zoe"}})
	expect("the new name", true, store.PeopleQuery{Words: []string{"ada"}})
	expect("the old state", false, store.PeopleQuery{State: sso.UserActive})
	expect("the new state", true, store.PeopleQuery{State: sso.UserSuspended})
	expect("no credentials", true, store.PeopleQuery{Way: store.WayNone})
	key := sso.Factor{ID: sso.NewFactorID(w.now), User: alice.ID, Kind: sso.FactorPasskey, Name: "Key", Passkey: &sso.Passkey{Credential: []byte("c")}, CreatedAt: w.now}
	w.write(func(tx *store.Writer) error { return tx.InsertFactor(ctx, key) })
	expect("a passkey", true, store.PeopleQuery{Way: store.WayPassword})
	w.write(func(tx *store.Writer) error { return tx.DeleteFactor(ctx, alice.ID, key.ID) })
	expect("no passkey any more", true, store.PeopleQuery{Way: store.WayNone})
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).InsertLink(ctx, w.link(c, alice.ID, "alice")) })
	expect("a link", true, store.PeopleQuery{Way: store.WaySSO})

	expect("a group", true, store.PeopleQuery{Group: "ops"})
	for _, m := range []sso.Membership{own, guest} {
		m.Groups, m.Role = []string{"ops", "new"}, sso.RoleOwner
		w.write(func(tx *store.Writer) error { return tx.Org(m.Org).SaveMembership(ctx, m) })
	}
	expect("a group that stayed", true, store.PeopleQuery{Group: "ops"})
	expect("a group that went", false, store.PeopleQuery{Group: "staff"})
	expect("a group that came", true, store.PeopleQuery{Group: "new"})
	expect("a role", true, store.PeopleQuery{Role: sso.RoleOwner})
	for _, m := range []sso.Membership{own, guest} {
		m.Groups = nil
		w.write(func(tx *store.Writer) error { return tx.Org(m.Org).SaveMembership(ctx, m) })
	}
	expect("no group any more", false, store.PeopleQuery{Group: "new"})
	w.write(func(tx *store.Writer) error {
		n, err := tx.IndexOld(ctx)
		if n != 0 {
			w.Errorf("IndexOld() finds %d rows without an index", n)
		}
		return err
	})
	stale := alice
	stale.Version--
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.Org(acme.ID).SaveUser(ctx, stale) })
}
