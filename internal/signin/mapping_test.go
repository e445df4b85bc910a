package signin_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// groupsAre says which groups the identity provider sends.
func groupsAre(groups ...string) func(*samltest.Response) {
	return func(r *samltest.Response) {
		if len(groups) > 0 {
			r.Attributes = append(r.Attributes, attribute("groups", groups...))
		}
	}
}

const mappingOn = `role: member, mapping: {on: true, rows: [{group: Admins, role: admin, groups: [ops]}, {group: Owners, role: owner}, {group: Staff, groups: [staff]}]}`

func TestRoleFollowsAtEverySignIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.firstSignIn(sso.FirstCreate, mappingOn)
		for _, step := range []struct {
			groups []string
			role   sso.Role
			has    []string
		}{
			{[]string{"Admins"}, sso.RoleAdmin, []string{"new", "ops"}}, // groups: [new] of before
			{[]string{"Staff"}, sso.RoleMember, []string{"new", "staff"}},
			{[]string{"Staff", "Admins"}, sso.RoleAdmin, []string{"new", "ops", "staff"}},
			{nil, sso.RoleMember, []string{"new"}},
		} {
			p, err := w.signInBySSO("alice@acme.example", "acme-okta", groupsAre(step.groups...))
			if err != nil {
				t.Fatal(err)
			}
			if slices.Sort(p.Membership.Groups); p.Membership.Role != step.role || !slices.Equal(p.Membership.Groups, step.has) {
				t.Errorf("with %v: %s in %v, want %s in %v", step.groups, p.Membership.Role, p.Membership.Groups, step.role, step.has)
			}
		}
		// Entra leaves them out where there are too many: nothing is known.
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta", groupsAre("Admins")); err != nil {
			t.Fatal(err)
		}
		p, err := w.signInBySSO("alice@acme.example", "acme-okta", func(r *samltest.Response) {
			r.Attributes = append(r.Attributes, attribute("http://schemas.microsoft.com/claims/groups.link", "https://graph.example/x"))
		})
		if err != nil || p.Membership.Role != sso.RoleAdmin {
			t.Errorf("with groups left out: %s, %v, want admin as before", p.Membership.Role, err)
		}
		// Switched off, no sign-in touches anything.
		w.firstSignIn(sso.FirstCreate, "mapping: {on: false}")
		if p, err = w.signInBySSO("alice@acme.example", "acme-okta", groupsAre("Staff")); err != nil || p.Membership.Role != sso.RoleAdmin {
			t.Errorf("switched off: %s, %v", p.Membership.Role, err)
		}
	})
}

func TestRoleThatRisesEndsOtherSessions(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.firstSignIn(sso.FirstCreate, mappingOn)
		before := w.session("alice@acme.example", "acme-okta", "_1")
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta"); err != nil {
			t.Fatal(err)
		}
		if !w.lives(before) {
			t.Fatal("a session ends though nothing rises")
		}
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta", groupsAre("Admins")); err != nil {
			t.Fatal(err)
		}
		if w.lives(before) {
			t.Error("a session grows with its person")
		}
	})
}

// Whatever groups are sent, and to how many at once: somebody owns the
// organization.
func TestTheLastOwnerIsNotDropped(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.firstSignIn(sso.FirstCreate, mappingOn)
		for _, who := range []string{"ann", "ben"} {
			if p, err := w.signInBySSO(who+"@acme.example", "acme-okta", groupsAre("Owners")); err != nil || p.Membership.Role != sso.RoleOwner {
				t.Fatalf("%s is %s, %v", who, p.Membership.Role, err)
			}
		}
		// The one from before steps down, so that two are left.
		w.apply(`organizations: [{key: acme, users: [{username: owner, email: root@outside.example, role: member}]}]`)
		var flights []flight
		var answers []string
		for _, who := range []string{"ann", "ben"} {
			f := w.depart(w.identify(who+"@acme.example", sso.StepSSO), "acme-okta")
			flights, answers = append(flights, f), append(answers, w.answer(f, about(who+"@acme.example"), groupsAre("Staff")))
		}
		var all sync.WaitGroup
		for i := range flights {
			all.Go(func() {
				if _, err := w.Respond(t.Context(), w.browser, signin.Response{ConnectionKey: "acme-okta", SAMLResponse: answers[i], RelayState: flights[i].relay}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		owners := 0
		err := w.DB.Read(t.Context(), func(r *store.Reader) error {
			org, err := r.OrganizationByKey(t.Context(), "acme")
			if err != nil {
				return err
			}
			counts, err := r.Org(org.ID).CountPeople(t.Context())
			owners = counts.Owners
			return err
		})
		if err != nil || owners != 1 {
			t.Errorf("%d own it, %v, want one", owners, err)
		}
	})
}

func TestTraceSaysWhyTheRole(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.firstSignIn(sso.FirstCreate, mappingOn)
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		trace, err := w.respondTraced(f, w.answer(f, about("alice@acme.example"), groupsAre("Staff", "Admins")))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"ident.person": "create", "ident.role": "admin: group 1, Admins"}
		for _, c := range trace.Checks {
			if v, ok := want[c.Rule]; ok && v == c.About+c.Got {
				delete(want, c.Rule)
			}
		}
		if len(want) != 0 {
			t.Errorf("the trace does not say %v: %+v", want, trace.Checks)
		}
	})
}

// The groups that were sent are kept, to show what a table would change.
func TestGroupsAreRemembered(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		sent := func() []string {
			t.Helper()
			var l []store.LinkAt
			err := w.DB.Read(t.Context(), func(r *store.Reader) error {
				var err error
				l, err = r.AllLinksOf(t.Context(), w.people("alice@acme.example")[0].User.ID)
				return err
			})
			if err != nil || len(l) != 1 {
				t.Fatal(l, err)
			}
			return l[0].Groups
		}
		for _, groups := range [][]string{{"a", "b"}, {"c"}, nil} {
			if _, err := w.signInBySSO("alice@acme.example", "acme-okta", groupsAre(groups...)); err != nil {
				t.Fatal(err)
			}
			if got := sent(); got == nil || !slices.Equal(got, groups) {
				t.Errorf("kept %v, want %v", got, groups)
			}
		}
		w.now = w.now.Add(time.Minute)
		before := w.DB.Stats().Statements
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta"); err != nil {
			t.Fatal(err)
		}
		with := w.DB.Stats().Statements - before
		before = w.DB.Stats().Statements
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta", groupsAre("new")); err != nil {
			t.Fatal(err)
		}
		if more := w.DB.Stats().Statements - before; more != with+1 {
			t.Errorf("%d statements where the groups have changed, %d where not, want one more", more, with)
		}
	})
}

func attribute(name string, values ...string) saml.Attribute {
	return saml.Attribute{Name: name, Values: values}
}
