package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// devCmd is for those who work on the program.
type devCmd struct {
	Fill fillCmd `cmd:"" help:"Fill an empty database with organizations and people, to measure lists with."`
}

// fillCmd fills a database. What comes out depends on the numbers alone, but
// for identifiers.
type fillCmd struct {
	database
	Organizations int `default:"1000" help:"How many organizations."`
	Users         int `default:"10000" help:"How many people: a twentieth in each of the first five organizations, the others spread over all."`
	Events        int `default:"5000" help:"How many lines of the audit list, and half as many traces, over the last 30 days."`
}

// fillBatch is how many things are stored in one transaction.
const fillBatch = 4000

// Run fills the database.
func (c *fillCmd) Run(ctx context.Context, io streams) (err error) {
	if c.Organizations < 10 || c.Users < 0 || c.Events < 0 {
		return errors.New("--organizations: at least 10, and no number below 0")
	}
	db, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	f := filler{fillCmd: c, db: db, out: io.Out, now: now().Truncate(time.Microsecond)}
	if err := f.organizations(ctx); err != nil {
		return err
	}
	if err := f.users(ctx); err != nil {
		return err
	}
	return f.events(ctx)
}

// filler fills one database.
type filler struct {
	*fillCmd
	db   *store.DB
	out  io.Writer
	now  time.Time
	orgs []sso.OrgID
	some []sso.UserID // a few people, for events
}

// inBatches runs fn for each range of n things, in a transaction of its own.
func (f *filler) inBatches(ctx context.Context, what string, n int, fn func(tx *store.Writer, from, to int) error) error {
	for from := 0; from < n; from += fillBatch {
		to := min(n, from+fillBatch)
		if err := f.db.Write(ctx, func(tx *store.Writer) error { return fn(tx, from, to) }); err != nil {
			return fmt.Errorf("filling in %s: %w", what, err)
		}
	}
	_, err := fmt.Fprintf(f.out, "%d %s\n", n, what)
	return err
}

// organizations makes a tree of three levels, and many that stand alone.
func (f *filler) organizations(ctx context.Context) error {
	var above []sso.Organization // those that others stand below
	return f.inBatches(ctx, "organizations", f.Organizations, func(tx *store.Writer, from, to int) error {
		f.orgs, above = f.orgs[:from], above[:min(len(above), 1+10)]
		if from == 0 {
			above = nil
		}
		var all []sso.Organization
		for i := from; i < to; i++ {
			at := f.past(i, 2000)
			o := sso.Organization{
				ID: sso.NewOrgID(at), Key: fmt.Sprintf("org-%d", i), Name: fmt.Sprintf("%s %s %d", pick(adjectives, i), pick(nouns, i/7), i), State: sso.OrgActive, CreatedAt: at, UpdatedAt: at,
			}
			if i%3 == 0 {
				o.Entitlements = []sso.Entitlement{sso.EntitledSSO}
			}
			if i%50 == 7 {
				o.State = sso.OrgSuspended
			}
			// The first is the root of a tree: ten below it, and a hundred below those.
			var parent *sso.Organization
			switch {
			case i > 0 && i <= 10:
				parent = &above[0]
			case i > 10 && i <= 110 && i < f.Organizations/2:
				parent = &above[1+i%10]
			}
			if err := o.Place(parent); err != nil {
				return err
			}
			if i <= 10 {
				above = append(above, o)
			}
			f.orgs = append(f.orgs, o.ID)
			all = append(all, o)
		}
		return tx.InsertOrganizations(ctx, all)
	})
}

// users spreads people over the organizations.
func (f *filler) users(ctx context.Context) error {
	return f.inBatches(ctx, "people", f.Users, func(tx *store.Writer, from, to int) error {
		if from == 0 {
			f.some = nil
		}
		var all []store.NewMember
		for i := from; i < to; i++ {
			n, at := mix(i), f.past(i, 1000)
			org := n % len(f.orgs)
			if i%20 < 5 {
				org = i % 20 // one of the five large ones
			}
			first, last := pick(firstNames, n), pick(lastNames, n/31)
			email, err := sso.ParseEmail(fmt.Sprintf("%s.%s.%d@org-%d.example", first, last, i, org))
			if err != nil {
				return err
			}
			m := store.NewMember{Role: sso.RoleMember, User: sso.User{
				ID: sso.NewUserID(at), Home: f.orgs[org], Username: fmt.Sprintf("u%d", i), Email: email, FirstName: first, LastName: last, State: sso.UserActive, CreatedAt: at, UpdatedAt: at,
			}}
			switch {
			case i%200 == 3:
				m.Role = sso.RoleOwner
			case i%90 == 4:
				m.Role = sso.RoleAdmin
			}
			if i%40 == 9 {
				m.User.State = sso.UserSuspended
			}
			if i%4 == 1 {
				m.Groups = []string{pick(groupNames, n)}
			}
			if len(f.some) < 1000 && i%37 == 0 {
				f.some = append(f.some, m.User.ID)
			}
			all = append(all, m)
		}
		return tx.InsertMembers(ctx, all)
	})
}

// events writes what has happened in the last month.
func (f *filler) events(ctx context.Context) error {
	if len(f.some) == 0 {
		return nil
	}
	if err := f.inBatches(ctx, "lines of the audit list", f.Events, func(tx *store.Writer, from, to int) error {
		var all []sso.Event
		for i := from; i < to; i++ {
			by, to := pick(f.some, mix(i)), pick(f.some, mix(i+1))
			all = append(all, sso.Event{Org: f.someOrg(i), At: f.past(i, 30), Actor: string(by), Action: pick(actions, i), Target: string(to), Address: "192.0.2.1"})
		}
		return tx.RecordAll(ctx, all)
	}); err != nil {
		return err
	}
	return f.inBatches(ctx, "traces", f.Events/2, func(tx *store.Writer, from, to int) error {
		var all []sso.Trace
		for i := from; i < to; i++ {
			t := sso.Trace{Reference: secret.NewReference(), Attempt: sso.NewAttemptID(f.now), Org: f.someOrg(i), User: pick(f.some, mix(i)), Method: sso.BySSO, At: f.past(i, 30)}
			if i%9 == 0 {
				t.Code, t.User = "saml_audience", ""
			}
			all = append(all, t)
		}
		return tx.InsertTraces(ctx, all)
	})
}

// someOrg returns one of the large organizations more often than another.
func (f *filler) someOrg(i int) sso.OrgID {
	if i%2 == 0 {
		return f.orgs[i/2%5]
	}
	return pick(f.orgs, mix(i))
}

// past returns an instant within so many days before now.
func (f *filler) past(i, days int) time.Time {
	return f.now.Add(-time.Duration(mix(i)%(days*24*60)) * time.Minute)
}

// mix scatters numbers: neighbours become strangers.
func mix(i int) int { return int(uint32(i)*2654435761>>1) & 0x7FFFFFFF }

func pick[T any](from []T, i int) T { return from[i%len(from)] }

// Words of which names are made.
var (
	adjectives = []string{"Northern", "Blue", "United", "Silver", "Modern", "Alpine", "Pacific", "Royal", "Prime", "Global", "Grüne", "Central", "First", "Golden"}
	nouns      = []string{"Works", "Foods", "Logistics", "Bank", "Energy", "Media", "Software", "Steel", "Health", "Textiles", "Motors", "Insurance", "Farms"}
	firstNames = []string{"Ada", "Ben", "Chloe", "David", "Emma", "Finn", "Grace", "Henry", "Iris", "Jonas", "Klara", "Liam", "Mia", "Noah", "Olga", "Paul", "Quinn", "Rosa", "Samir", "Tara", "Ugo", "Vera", "Walter", "Xenia", "Yusuf", "Zoe", "Anouk", "Bela", "Carla", "Dario"}
	lastNames  = []string{"Abel", "Baker", "Castro", "Dupont", "Eriksen", "Fischer", "Garcia", "Haas", "Ivanova", "Jansen", "Kowalski", "Lindberg", "Moreau", "Nowak", "Okafor", "Peters", "Quist", "Rossi", "Schmidt", "Tanaka", "Ueda", "Vogel", "Weber", "Xu", "Yilmaz", "Zimmer", "Archer", "Brandt", "Cohen"}
	groupNames = []string{"engineering", "sales", "support", "finance", "everyone"}
	actions    = []string{"user.created", "user.suspended", "membership.changed", "invitation.sent", "group.created", "policy.changed", "session.ended"}
)
