package enforce_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// joins makes somebody who is at home elsewhere a member of Acme.
func (f *firm) joins(by *sso.By, role sso.Role) {
	f.Helper()
	now := f.now()
	f.write(func(tx *store.Writer) error {
		return tx.Org(f.acme.ID).SaveMembership(f.Context(), sso.Membership{Org: f.acme.ID, User: by.User.ID, Role: role, CreatedAt: now, UpdatedAt: now})
	})
}

// saves changes a user as it is stored.
func (f *firm) saves(by *sso.By, change func(u *sso.User)) {
	f.Helper()
	f.write(func(tx *store.Writer) error {
		u, err := tx.User(f.Context(), by.User.ID)
		if err != nil {
			return err
		}
		change(&u)
		return tx.Org(u.Home).SaveUser(f.Context(), u)
	})
}

// settles changes the policy and the connection of Acme.
func (f *firm) settles(policy func(p *sso.Policy), connection func(c *sso.Connection)) {
	f.Helper()
	f.write(func(tx *store.Writer) error {
		o, err := tx.Organization(f.Context(), f.acme.ID)
		if err != nil {
			return err
		}
		c, err := tx.Connection(f.Context(), f.conn.ID)
		if err != nil {
			return err
		}
		policy(&o.Policy)
		connection(&c)
		if err := tx.SaveOrganization(f.Context(), o); err != nil {
			return err
		}
		return tx.Org(o.ID).SaveConnection(f.Context(), c)
	})
}

func (f *firm) proves(domain string) {
	f.Helper()
	f.write(func(tx *store.Writer) error {
		return tx.Org(f.acme.ID).SaveDomain(f.Context(), sso.Domain{Org: f.acme.ID, Name: domain, State: sso.DomainVerified, Proof: sso.ProofDNS, CreatedAt: f.now(), VerifiedAt: f.now()})
	})
}

func (f *firm) place() *authority.Place { return &authority.Place{Organization: f.acme} }

// foreseen writes what would become of everybody.
func (f *firm) foreseen() map[string]string {
	f.Helper()
	list, err := f.Foresee(f.Context(), f.place(), enforce.ForeseenQuery{})
	must(f, "Foresee()", err)
	all := map[string]string{}
	for _, x := range list.People {
		all[x.Username] = strings.TrimSpace(strings.Join([]string{string(x.Fate), x.Code, string(x.Forecast.Role)}, " "))
	}
	return all
}

// Everybody is told apart whom the rules of a sign-in tell apart, before it is
// demanded of anybody.
func TestADryRunSaysWhatWouldBecomeOfEverybody(t *testing.T) {
	t.Parallel()
	eachFirm(t, func(f *firm) {
		f.proves("acme.example")
		linked, exempt, nameless := f.add(&f.acme, "linked", sso.RoleMember), f.add(&f.acme, "exempt", sso.RoleMember), f.add(&f.acme, "nameless", sso.RoleMember)
		f.add(&f.acme, "found", sso.RoleMember)
		outside, boss, gone := f.add(&f.acme, "outside", sso.RoleMember), f.add(&f.acme, "boss", sso.RoleOwner), f.add(&f.acme, "gone", sso.RoleMember)
		one, two := f.add(&f.acme, "one", sso.RoleMember), f.add(&f.acme, "two", sso.RoleMember)
		f.links(&linked)
		f.joins(&f.rita, sso.RoleMember)
		f.saves(&nameless, func(u *sso.User) { u.Email = sso.Email{} })
		for _, by := range []*sso.By{&outside, &boss} {
			f.saves(by, func(u *sso.User) { u.Email = sso.StoredEmail(u.Username + "@free.example") })
		}
		f.saves(&gone, func(u *sso.User) { u.State = sso.UserSuspended })
		for _, by := range []*sso.By{&one, &two} {
			f.saves(by, func(u *sso.User) { u.Email = sso.StoredEmail("both@acme.example") })
		}
		f.settles(func(p *sso.Policy) { p.Exempt = []string{exempt.User.Email.Key()} }, func(*sso.Connection) {})
		want := map[string]string{
			"linked": "comes", "found": "first", "olga": "first", "exempt": "beside", "boss": "beside", "nameless": "doubled ident_email_missing",
			"outside": "locked ident_domain", "one": "locked ident_conflict", "two": "locked ident_conflict", "gone": "suspended user_suspended", "rita": "guest",
		}
		expect := func(when string) {
			f.Helper()
			got := f.foreseen()
			for name, fate := range want {
				if got[name] != fate {
					f.Errorf("%s: %s would be %q, want %q", when, name, got[name], fate)
				}
			}
			if len(got) != len(want) {
				f.Errorf("%s: %d people, want %d: %v", when, len(got), len(want), got)
			}
		}
		expect("by creation")
		out, err := f.Outlook(f.Context(), f.place())
		if err != nil || out.All != len(want) || out.Fates[sso.FateLocked] != 3 || out.Fates[sso.FateFirst] != 2 || out.Fates[sso.FateComes] != 1 {
			f.Errorf("Outlook() = %+v, %v", out, err)
		}
		locked, err := f.Foresee(f.Context(), f.place(), enforce.ForeseenQuery{Fate: sso.FateLocked})
		if err != nil || len(locked.People) != 3 || locked.Next.User != "" {
			f.Errorf("those who would be locked out: %d, %v", len(locked.People), err)
		}
		some, err := f.Foresee(f.Context(), f.place(), enforce.ForeseenQuery{Words: sso.SearchWords("nameless")})
		if err != nil || len(some.People) != 1 || some.People[0].ID != nameless.User.ID {
			f.Errorf("those who are searched for: %d, %v", len(some.People), err)
		}

		f.settles(func(*sso.Policy) {}, func(c *sso.Connection) { c.FirstSignIn = sso.FirstAsk })
		for _, name := range []string{"found", "olga", "one", "two"} {
			want[name] = "asked"
		}
		want["nameless"] = "locked ident_email_missing"
		expect("by asking")
		f.settles(func(*sso.Policy) {}, func(c *sso.Connection) {
			c.Defaults.Mapping = sso.GroupRoles{On: true, Rows: []sso.GroupRow{{Group: "admins", Role: sso.RoleAdmin}}}
		})
		f.write(func(tx *store.Writer) error {
			return tx.Org(f.acme.ID).SaveLink(f.Context(), sso.Link{Org: f.acme.ID, Connection: f.conn.ID, Subject: "named:linked", User: linked.User.ID, SeenAt: f.now(), Groups: []string{"admins"}})
		})
		want["linked"] = "comes  admin"
		expect("with groups")
		f.settles(func(*sso.Policy) {}, func(c *sso.Connection) { c.State = sso.ConnectionDisabled })
		for name, fate := range want {
			if strings.HasPrefix(fate, "comes") || strings.HasPrefix(fate, "asked") || strings.HasPrefix(fate, "locked") {
				want[name] = "locked connection_inactive"
			}
		}
		expect("without a connection")
	})
}

// The list as a file has everybody, and what a spreadsheet would calculate is
// text; only owners have it, and that is written down.
func TestTheListAsAFile(t *testing.T) {
	t.Parallel()
	eachFirm(t, func(f *firm) {
		f.proves("acme.example")
		adam := f.add(&f.acme, "adam", sso.RoleAdmin)
		f.saves(&adam, func(u *sso.User) { u.FirstName = "=1+1" })
		var b strings.Builder
		must(f, "WriteForeseen()", f.WriteForeseen(f.Context(), signedIn(&f.olga), f.place(), &b))
		const want = "email,username,first_name,last_name,role,fate,reason,connection,new_role\nadam@acme.example,adam,'=1+1,,admin,first,,IdP,\nolga@acme.example,olga,olga,,owner,first,,IdP,\n"
		if b.String() != want {
			f.Errorf("the file:\n%s, want\n%s", b.String(), want)
		}
		if got := f.audit(); len(got) != 1 || got[0] != "enforcement.foreseen" {
			f.Errorf("audit %v", got)
		}
		b.Reset()
		refused(f, "the file for an administrator", f.WriteForeseen(f.Context(), signedIn(&adam), f.place(), &b), "rights_owner")
		if b.Len() > 0 {
			f.Errorf("and yet something was written: %q", b.String())
		}
	})
}

// The people of a page are read together, however many these are.
func TestADryRunDoesNotAskForEachPerson(t *testing.T) {
	t.Parallel()
	eachFirm(t, func(f *firm) {
		f.proves("acme.example")
		asked := func() (statements int64, people int) {
			f.Helper()
			before := f.DB.Stats().Statements
			out, err := f.Outlook(f.Context(), f.place())
			must(f, "Outlook()", err)
			return f.DB.Stats().Statements - before, out.All
		}
		few, _ := asked()
		for i := range 60 {
			f.add(&f.acme, fmt.Sprintf("p%d", i), sso.RoleMember)
		}
		if many, people := asked(); many != few || many > 8 || people != 61 {
			f.Errorf("%d people take %d statements, and one takes %d", people, many, few)
		}
		page, err := f.Foresee(f.Context(), f.place(), enforce.ForeseenQuery{})
		if err != nil || len(page.People) != enforce.ForeseenPage || page.Next.User == "" {
			f.Fatalf("Foresee() = %d people, %v", len(page.People), err)
		}
		rest, err := f.Foresee(f.Context(), f.place(), enforce.ForeseenQuery{Fate: sso.FateFirst, After: page.Next})
		if err != nil || len(rest.People) != 61-enforce.ForeseenPage || rest.Next.User != "" {
			f.Errorf("the next page has %d people, %v", len(rest.People), err)
		}
	})
}
