package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// organizations makes a tree of three levels, one organization with very many
// right below it, and many that stand alone. Each has a domain and a connection.
func (f *filler) organizations(ctx context.Context) error {
	var above []sso.Organization // those that others stand below
	var seller sso.Organization
	return f.inBatches(ctx, "organizations", f.Organizations, func(tx *store.Writer, from, to int) error {
		f.orgs, f.connections = f.orgs[:from], f.connections[:from]
		if from == 0 {
			above = nil
		}
		var all []sso.Organization
		var domains []sso.Domain
		var connections []sso.Connection
		for i := from; i < to; i++ {
			at := f.since(i, f.Organizations, 2000)
			o := sso.Organization{
				ID: sso.NewOrgID(at), Key: fmt.Sprintf("org-%d", i), Name: fmt.Sprintf("%s %s %d", pick(adjectives, i), pick(nouns, i/7), i), State: sso.OrgActive, CreatedAt: at, UpdatedAt: at,
			}
			state := sso.ConnectionDraft
			if i%3 == 0 {
				o.Entitlements, state = []sso.Entitlement{sso.EntitledSSO}, sso.ConnectionActive
			}
			if i%50 == 17 {
				o.State = sso.OrgSuspended
			}
			var parent *sso.Organization
			switch {
			case i > 0 && i <= 10:
				parent = &above[0]
			case i > 10 && i < treeOrgs:
				parent = &above[1+i%10]
			case i > sellerOrg && i%10 == 2:
				parent = &seller
			}
			if err := o.Place(parent); err != nil {
				return err
			}
			if i <= 10 {
				above = append(above, o)
			}
			if i == sellerOrg {
				seller = o
			}
			c := f.connection(&o, state)
			f.orgs, f.connections = append(f.orgs, o.ID), append(f.connections, c.ID)
			all, connections = append(all, o), append(connections, c)
			domains = append(domains, sso.Domain{Org: o.ID, Name: o.Key + ".example", State: sso.DomainVerified, Proof: sso.ProofVouched, CreatedAt: at, VerifiedAt: at})
		}
		if err := tx.InsertOrganizations(ctx, all); err != nil {
			return err
		}
		if err := tx.InsertConnections(ctx, connections); err != nil {
			return err
		}
		return tx.InsertDomains(ctx, domains)
	})
}

func (f *filler) connection(o *sso.Organization, state sso.ConnectionState) sso.Connection {
	return sso.Connection{
		ID: sso.NewConnectionID(o.CreatedAt), Org: o.ID, Key: o.Key + "-idp", Name: "Directory of " + o.Name, Protocol: sso.ProtocolSAML, State: state, FirstSignIn: sso.FirstCreate,
		SAML: sso.SAML{
			IdPEntityID: "https://idp.example/" + o.Key, Certificates: [][]byte{f.certificate},
			Endpoints: []sso.Endpoint{{Binding: sso.BindingRedirect, Location: "https://idp.example/" + o.Key + "/sso"}},
		},
		CreatedAt: o.CreatedAt, UpdatedAt: o.CreatedAt,
	}
}

// home returns the organization of the person i.
func (f *filler) home(i int) int {
	switch {
	case i%20 < largeOrgs:
		return i % 20
	case i%1000 >= 500 && i%1000 < 500+midOrgs:
		return largeOrgs + i%1000 - 500
	default:
		return mix(i) % f.Organizations
	}
}

// users spreads people over the organizations.
func (f *filler) users(ctx context.Context) error {
	return f.inBatches(ctx, "people", f.Users, func(tx *store.Writer, from, to int) error {
		if from == 0 {
			f.some = nil
		}
		var all []store.NewMember
		for i := from; i < to; i++ {
			m, err := f.member(i)
			if err != nil {
				return err
			}
			if len(f.some) < 1000 && i%37 == 0 {
				f.some = append(f.some, m.User)
			}
			all = append(all, m)
		}
		return tx.InsertMembers(ctx, all)
	})
}

// member returns the person i: nearly all sign in through their organization's
// directory where it is switched on, and most others with a password.
func (f *filler) member(i int) (store.NewMember, error) {
	n, home, at := mix(i+f.Users), f.home(i), f.since(i, f.Users, 1000)
	first, last := pick(firstNames, n), pick(lastNames, n/30)
	if n/1000%10000 == 0 {
		first = rareName
	}
	email, err := sso.ParseEmail(fmt.Sprintf("%s.%s.%d@org-%d.example", first, last, i, home))
	if err != nil {
		return store.NewMember{}, err
	}
	m := store.NewMember{Role: sso.RoleMember, User: sso.User{
		ID: sso.NewUserID(at), Home: f.orgs[home], Username: "u" + strconv.Itoa(i), Email: email, FirstName: first, LastName: last, State: sso.UserActive, CreatedAt: at, UpdatedAt: at,
	}}
	switch {
	case n%200 == 3:
		m.Role = sso.RoleOwner
	case n%90 == 4:
		m.Role = sso.RoleAdmin
	}
	if n%40 == 9 {
		m.User.State = sso.UserSuspended
	}
	switch {
	case home%3 == 0 && n%10 > 0:
		m.Link = sso.Link{Connection: f.connections[home], Org: m.User.Home, Subject: email.String(), Issuer: fmt.Sprintf("https://idp.example/org-%d", home), CreatedAt: at, SeenAt: at}
	case n%10 < 7:
		m.User.PasswordHash, m.User.CredentialsAt = f.password, at
	}
	if n%5 > 0 { // the others never came
		m.SeenAt = f.past(i, 300)
		m.User.LastSignInAt = m.SeenAt
	}
	switch {
	case home < largeOrgs:
		m.Groups = []string{everybody, fmt.Sprintf("team-%03d", n/7%teams)}
	case n%4 == 1:
		m.Groups = []string{pick(groupNames, n/4)}
	}
	return m, nil
}

// someOrg returns one of the large organizations more often than another.
func (f *filler) someOrg(i int) int {
	if i%2 == 0 {
		return i / 2 % largeOrgs
	}
	return mix(i) % len(f.orgs)
}

// events writes what has happened in the last month.
func (f *filler) events(ctx context.Context) error {
	if len(f.some) == 0 {
		return nil
	}
	return f.inBatches(ctx, "lines of the audit list", f.Events, func(tx *store.Writer, from, to int) error {
		var all []sso.Event
		for i := from; i < to; i++ {
			by, who := pick(f.some, mix(i)), pick(f.some, mix(i+1))
			e := sso.Event{Org: f.orgs[f.someOrg(i)], At: f.since(i, f.Events, 30), Actor: string(by.ID), Action: pick(actions, mix(i)), Target: string(who.ID), Address: "192.0.2.1"}
			if mix(i)/1000%10000 == 0 {
				e.Action = rareAction
			}
			all = append(all, e)
		}
		return tx.RecordAll(ctx, all)
	})
}

// traces writes how people signed in.
func (f *filler) traces(ctx context.Context) error {
	if len(f.some) == 0 {
		return nil
	}
	n := f.Events / 2
	return f.inBatches(ctx, "traces", n, func(tx *store.Writer, from, to int) error {
		var all []sso.Trace
		for i := from; i < to; i++ {
			org := f.someOrg(i)
			t := sso.Trace{
				Reference: secret.NewReference(), Attempt: sso.NewAttemptID(f.now), Org: f.orgs[org], Connection: f.connections[org], User: pick(f.some, mix(i)).ID, Method: sso.BySSO, At: f.since(i, n, 30),
				Address: "192.0.2.1", UserAgent: "Mozilla/5.0", Checks: []sso.Check{{Rule: "saml.issuer", Verdict: "pass"}, {Rule: "saml.audience", Verdict: "pass"}, {Rule: "sig.value", Verdict: "pass"}},
			}
			t.Who = sso.WhoKey(pick(f.some, mix(i)).Email.String())
			t.Hops = []sso.Hop{{Step: sso.HopBegin, At: t.At}, {Step: sso.HopIdentify, At: t.At}, {Step: sso.HopDepart, At: t.At, Host: "idp.example"}, {Step: sso.HopAnswer, At: t.At, Host: "idp.example"}, {Step: sso.HopFinish, At: t.At}}
			if mix(i)%9 == 0 {
				t.Code, t.User, t.Checks[1].Verdict = pick(refusals, mix(i)/9), "", "fail"
			}
			if mix(i)%4 == 1 {
				t.Method, t.Connection, t.Checks = sso.ByPassword, "", nil
			}
			all = append(all, t)
		}
		return tx.InsertTraces(ctx, all)
	})
}
