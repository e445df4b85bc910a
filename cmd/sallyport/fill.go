package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// fillCmd fills a database. What comes out depends on the numbers alone, but
// for identifiers.
type fillCmd struct {
	database
	Organizations int `default:"1000" help:"How many organizations."`
	Users         int `default:"10000" help:"How many people: a twentieth in each of the first five organizations, a thousandth in each of the next five, the others spread over all."`
	Events        int `default:"5000" help:"How many lines of the audit list, half as many traces, and a tenth of the rest, over the last 30 days."`
}

// fillBatch is how many things are stored in one transaction.
const fillBatch = 4000

// fewestOrganizations is how many organizations there must be for each kind
// to be among them.
const fewestOrganizations = 200

// Run fills the database.
func (c *fillCmd) Run(ctx context.Context, io streams) (err error) {
	if c.Organizations < fewestOrganizations || c.Users < 0 || c.Events < 0 {
		return fmt.Errorf("--organizations: at least %d, and no number below 0", fewestOrganizations)
	}
	f := filler{fillCmd: c, out: io.Out, now: now().Truncate(time.Microsecond)}
	// Nobody knows this password.
	if f.password, err = password.NewHasher().Hash(ctx, secret.NewToken().Reveal()); err != nil {
		return err
	}
	key, err := samltest.NewKey()
	if err != nil {
		return err
	}
	idp, err := samltest.NewIdP("https://idp.example/metadata", "https://idp.example/sso", key)
	if err != nil {
		return err
	}
	f.certificate = idp.Certificate()
	if f.db, err = c.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.db.Close()) }()
	if err := f.db.Fill(ctx, f.much); err != nil {
		return err
	}
	return f.rest(ctx)
}

// filler fills one database.
type filler struct {
	*fillCmd
	db          *store.DB
	out         io.Writer
	now         time.Time
	password    string // its hash
	certificate []byte // of all identity providers
	orgs        []sso.OrgID
	connections []sso.ConnectionID // one for each organization
	some        []sso.User         // a few people, for what happens
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

// much stores what there is so much of that it is stored in bulk.
func (f *filler) much(ctx context.Context) error {
	for _, fill := range []func(context.Context) error{f.organizations, f.users, f.events, f.traces} {
		if err := fill(ctx); err != nil {
			return err
		}
	}
	return nil
}

// past returns an instant within so many days before now.
func (f *filler) past(i, days int) time.Time {
	return f.now.Add(-time.Duration(mix(i)%(days*24*60)) * time.Minute)
}

// since returns the instant at which the thing i of n was made, when all were
// made evenly over so many days. Identifiers begin with it.
func (f *filler) since(i, n, days int) time.Time {
	span := time.Duration(days) * 24 * time.Hour
	return f.now.Add(-span + span/time.Duration(n)*time.Duration(i)).Truncate(time.Microsecond)
}

// mix scatters numbers: neighbours become strangers, and so do their
// remainders. It is the finalizer of SplitMix64.
func mix(i int) int {
	x := uint64(i)*0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return int((x ^ x>>31) >> 1)
}

func pick[T any](from []T, i int) T { return from[i%len(from)] }

// Words of which names are made.
var (
	adjectives = []string{"Northern", "Blue", "United", "Silver", "Modern", "Alpine", "Pacific", "Royal", "Prime", "Global", "Grüne", "Central", "First", "Golden"}
	nouns      = []string{"Works", "Foods", "Logistics", "Bank", "Energy", "Media", "Software", "Steel", "Health", "Textiles", "Motors", "Insurance", "Farms"}
	firstNames = []string{"Ada", "Ben", "Chloe", "David", "Emma", "Finn", "Grace", "Henry", "Iris", "Jonas", "Klara", "Liam", "Mia", "Noah", "Olga", "Paul", "Quinn", "Rosa", "Samir", "Tara", "Ugo", "Vera", "Walter", "Xenia", "Yusuf", "Zoe", "Anouk", "Bela", "Carla", "Dario"}
	lastNames  = []string{"Abel", "Baker", "Castro", "Dupont", "Eriksen", "Fischer", "Garcia", "Haas", "Ivanova", "Jansen", "Kowalski", "Lindberg", "Moreau", "Nowak", "Okafor", "Peters", "Quist", "Rossi", "Schmidt", "Tanaka", "Ueda", "Vogel", "Weber", "Xu", "Yilmaz", "Zimmer", "Archer", "Brandt", "Cohen"}
	groupNames = []string{"engineering", "sales", "support", "finance", "everyone"}
	actions    = []string{"user.created", "user.suspended", "membership.changed", "invitation.sent", "group.created", "policy.changed", "session.ended"}
	refusals   = []string{"saml_audience", "sig_certificate", "password_wrong", "bind_expired", "policy_sso_required"}
)

// Who and what is where: lists are measured with these.
const (
	largeOrgs  = 5              // hold a twentieth of all people each
	midOrgs    = 5              // after these, hold a thousandth each
	treeOrgs   = 111            // the first is a root: ten below it, and a hundred below those
	sellerOrg  = treeOrgs       // has a tenth of all organizations right below it
	teams      = 500            // groups of each large organization
	everybody  = "everyone"     // a group of all people there
	rareName   = "Zebulon"      // one person in ten thousand
	rareAction = "role.deleted" // one line in ten thousand
)
