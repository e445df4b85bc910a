package enforce

import (
	"context"
	"encoding/csv"
	"io"
	"slices"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// How many people a dry run looks at: in one transaction, and for one page of
// those whom a filter leaves.
const (
	foreseenBatch = 500
	foreseenFar   = 10_000
	// ForeseenPage is how many lines a page of them has.
	ForeseenPage = 50
)

// Foreseen is a member, and what would become of them.
type Foreseen struct {
	store.Member
	sso.Forecast
	By string // the name of the connection; "": none
}

// Outlook counts what would become of the members of an organization if single
// sign-on were demanded of everybody.
type Outlook struct {
	All    int
	Fates  map[sso.Fate]int
	Recast int // who would have another role
}

// Outlook goes through all members of the organization of a place.
func (s *Service) Outlook(ctx context.Context, p *authority.Place) (Outlook, error) {
	out := Outlook{Fates: map[sso.Fate]int{}}
	err := s.foresee(ctx, p, store.PeopleQuery{Limit: foreseenBatch}, func(f *Foreseen) error {
		out.All++
		out.Fates[f.Fate]++
		if f.Forecast.Role != "" {
			out.Recast++
		}
		return nil
	})
	return out, err
}

// PeoplePlace is a place in a list of people.
type PeoplePlace = store.PeoplePlace

// ForeseenQuery says of whom a list is asked for.
type ForeseenQuery struct {
	Words []string // as [store.PeopleQuery] has them
	Fate  sso.Fate // "": any
	After store.PeoplePlace
}

// ForeseenList is one page of such a list.
type ForeseenList struct {
	People []Foreseen
	Next   store.PeoplePlace // where the next page begins; zero: there is none
}

// Foresee lists members with what would become of them, by their names or by the
// word that was found. A page may have fewer lines than others: it ends where as
// much was looked at as one page may cost.
func (s *Service) Foresee(ctx context.Context, p *authority.Place, q ForeseenQuery) (ForeseenList, error) {
	var out ForeseenList
	query := store.PeopleQuery{Words: q.Words, After: q.After, Limit: ForeseenPage}
	if q.Fate != "" {
		query.Limit = foreseenBatch
	}
	for looked := 0; looked < foreseenFar; looked += query.Limit {
		page, next, err := s.batch(ctx, p, query)
		if err != nil {
			return ForeseenList{}, err
		}
		for i := range page {
			if q.Fate != "" && page[i].Fate != q.Fate {
				continue
			}
			if out.People = append(out.People, page[i]); len(out.People) == ForeseenPage && (i < len(page)-1 || next.User != "") {
				out.Next = page[i].Place
				return out, nil
			}
		}
		if query.After, out.Next = next, next; next.User == "" {
			break
		}
	}
	return out, nil
}

// ForeseenColumns names the columns of the list as a file.
func ForeseenColumns() []string {
	return []string{"email", "username", "first_name", "last_name", "role", "fate", "reason", "connection", "new_role"}
}

// WriteForeseen writes the list of all members as CSV, however long it is. That
// is a line of the audit list, written before the first row.
func (s *Service) WriteForeseen(ctx context.Context, who *authority.Who, p *authority.Place, to io.Writer) error {
	err := s.Authority.Change(ctx, who, p.ID, authority.Owner, func(a *authority.Act) error {
		return a.Record("enforcement.foreseen", string(a.ID), nil)
	})
	if err != nil {
		return err
	}
	w := csv.NewWriter(to)
	if err := w.Write(ForeseenColumns()); err != nil {
		return err
	}
	err = s.foresee(ctx, p, store.PeopleQuery{Limit: foreseenBatch}, func(f *Foreseen) error {
		row := []string{f.Email.String(), f.Username, f.FirstName, f.LastName, string(f.Member.Role), string(f.Fate), f.Code, f.By, string(f.Forecast.Role)}
		for i := range row {
			row[i] = sso.PlainCell(row[i])
		}
		return w.Write(row)
	})
	w.Flush()
	if err != nil {
		return err
	}
	return w.Error()
}

// foresee goes through all members whom a query asks for.
func (s *Service) foresee(ctx context.Context, p *authority.Place, q store.PeopleQuery, do func(*Foreseen) error) error {
	for {
		page, next, err := s.batch(ctx, p, q)
		if err != nil {
			return err
		}
		for i := range page {
			if err := do(&page[i]); err != nil {
				return err
			}
		}
		if next.User == "" {
			return nil
		}
		q.After = next
	}
}

// batch says what would become of a page of members. What it asks the database
// does not grow with how many these are.
func (s *Service) batch(ctx context.Context, p *authority.Place, q store.PeopleQuery) ([]Foreseen, store.PeoplePlace, error) {
	var out []Foreseen
	var next store.PeoplePlace
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		page, err := r.Org(p.ID).People(ctx, q)
		if err != nil {
			return err
		}
		o := oracle{ctx: ctx, r: r, org: p.ID, orgs: map[sso.OrgID]sso.Organization{}, claims: map[string]*sso.Domain{}, named: map[sso.ConnectionID]sso.Connection{}}
		if err := o.learn(page.People); err != nil {
			return err
		}
		out, next = make([]Foreseen, len(page.People)), page.Next
		for i := range page.People {
			m := &page.People[i]
			prospect := o.prospect(m)
			out[i] = Foreseen{Member: *m, Forecast: prospect.Foretell(s.Now())}
			out[i].By = o.named[out[i].Connection].Name
		}
		return nil
	})
	return out, next, err
}

// oracle is what has to be known of the members of a page.
type oracle struct {
	ctx    context.Context
	r      *store.Reader
	org    sso.OrgID                           // whose members they are
	orgs   map[sso.OrgID]sso.Organization      // with all above them; org as it would be
	claims map[string]*sso.Domain              // by domain; none: nobody has proved it
	named  map[sso.ConnectionID]sso.Connection // that are active, or that a domain names
	active []sso.Connection                    // of any of the organizations
	same   map[string][]store.UserAt           // by the key of the address
	links  map[sso.UserID][]sso.Link
}

// learn reads it, in a number of statements that is the same for any page.
func (o *oracle) learn(people []store.Member) error {
	var homes []sso.OrgID
	var emails []sso.Email
	var domains []string
	users := make([]sso.UserID, len(people))
	for i := range people {
		users[i], homes = people[i].ID, append(homes, people[i].Home)
		if e := people[i].Email; !e.IsZero() {
			emails, domains = append(emails, e), append(domains, e.Domain())
		}
	}
	claims, err := o.r.VerifiedDomains(o.ctx, distinct(domains))
	if err != nil {
		return err
	}
	var names []sso.ConnectionID
	for i := range claims {
		o.claims[claims[i].Name] = &claims[i]
		homes = append(homes, claims[i].Org)
		if claims[i].Connection != "" {
			names = append(names, claims[i].Connection)
		}
	}
	named, err := o.r.ConnectionsByID(o.ctx, distinct(names))
	if err != nil {
		return err
	}
	for i := range named {
		o.named[named[i].ID] = named[i]
		homes = append(homes, named[i].Org)
	}
	if err := o.organizations(append(homes, o.org)); err != nil {
		return err
	}
	all := make([]sso.OrgID, 0, len(o.orgs))
	for id := range o.orgs {
		all = append(all, id)
	}
	slices.Sort(all)
	if o.active, err = o.r.ActiveConnections(o.ctx, all); err != nil {
		return err
	}
	for i := range o.active {
		o.named[o.active[i].ID] = o.active[i]
	}
	return o.people(users, emails)
}

// organizations reads organizations and all above them. Of the one that is asked
// about single sign-on is demanded, as it would be.
func (o *oracle) organizations(ids []sso.OrgID) error {
	for range 2 { // they, and those above them
		found, err := o.r.OrganizationsByID(o.ctx, distinct(ids))
		if err != nil {
			return err
		}
		ids = nil
		for i := range found {
			if found[i].ID == o.org {
				found[i].Policy.SSO, found[i].Policy.Pilot, found[i].Policy.Pause = sso.SSORequired, nil, sso.Pause{}
			}
			o.orgs[found[i].ID] = found[i]
		}
		for i := range found {
			for _, id := range found[i].Path {
				if _, there := o.orgs[id]; !there {
					ids = append(ids, id)
				}
			}
		}
		if len(ids) == 0 {
			return nil
		}
	}
	return nil
}

// people reads who else has the addresses, and who is linked where.
func (o *oracle) people(users []sso.UserID, emails []sso.Email) error {
	same, err := o.r.UsersByEmails(o.ctx, emails)
	if err != nil {
		return err
	}
	o.same = map[string][]store.UserAt{}
	for i := range same {
		key := same[i].Email.Key()
		o.same[key] = append(o.same[key], same[i])
	}
	links, err := o.r.LinksOfUsers(o.ctx, users)
	o.links = map[sso.UserID][]sso.Link{}
	for i := range links {
		o.links[links[i].User] = append(o.links[links[i].User], links[i])
	}
	return err
}

func distinct[T ~string](all []T) []T {
	slices.Sort(all)
	return slices.Compact(all)
}

// line returns an organization and all above it, from the root.
func (o *oracle) line(id sso.OrgID) []sso.Organization {
	var line []sso.Organization
	for _, above := range o.orgs[id].Path {
		if found, there := o.orgs[above]; there {
			line = append(line, found)
		}
	}
	return line
}

// prospect puts together what is known of one member.
func (o *oracle) prospect(m *store.Member) sso.Prospect {
	home, here := o.line(m.Home), o.line(o.org)
	p := sso.Prospect{
		User: m.User, Membership: sso.Membership{Org: o.org, User: m.ID, Role: m.Role, Groups: m.Groups}, Links: o.links[m.ID],
		Root: here[0].ID, HomePath: o.orgs[m.Home].Path,
	}
	claim := o.claims[m.Email.Domain()]
	var claimant []sso.Organization
	if claim != nil {
		claimant = o.line(claim.Org)
	}
	var proved bool
	p.Rules, proved = sso.RulesAt(here, claim, claimant)
	p.Entry = sso.Entry{Method: sso.ByPassword, Email: m.Email, Outside: m.Role == sso.RoleOwner && !proved}
	p.Route = sso.FindRoute(home, o.active, claim, o.name(claim, p.HomePath))
	for _, id := range p.Route.Connections {
		p.Ways = append(p.Ways, o.way(id, m, claim, claimant))
	}
	return p
}

// name returns the connection that a domain names, if somebody at home here can
// be signed in by it.
func (o *oracle) name(claim *sso.Domain, home []sso.OrgID) *sso.Named {
	if claim == nil || claim.Connection == "" {
		return nil
	}
	c, there := o.named[claim.Connection]
	if !there || !slices.Contains(home, c.Org) {
		return nil
	}
	return &sso.Named{Connection: c, Lineage: o.line(c.Org)}
}

// way returns a connection as it meets a member for the first time.
func (o *oracle) way(id sso.ConnectionID, m *store.Member, claim *sso.Domain, claimant []sso.Organization) sso.SignIn {
	c := o.named[id]
	in := sso.SignIn{Connection: c, Org: o.orgs[c.Org], Asserted: sso.Asserted{Email: m.Email}, Typed: m.Email}
	if claim != nil && len(claimant) > 0 {
		in.Claim = &sso.VerifiedClaim{Domain: *claim, OrgPath: claimant[len(claimant)-1].Path}
	}
	if m.Email.IsZero() {
		return in
	}
	for _, u := range o.same[m.Email.Key()] {
		in.SameEmail = append(in.SameEmail, sso.Resident{User: u.User, HomePath: u.HomePath})
	}
	return in
}
