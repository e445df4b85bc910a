package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// remembered is everything that [store.Settings] remembers of one customer.
type remembered struct {
	App    sso.App
	Domain sso.Domain
	Line   []sso.Organization
	ByID   sso.Connection
	ByKey  sso.Connection
	Active []sso.Connection
}

// settings reads it all, by the way through the memory.
func (w *world) settings(r *store.Reader, client, domain string, org sso.OrgID, c *sso.Connection) remembered {
	w.Helper()
	s := r.Settings()
	return remembered{
		App:    get[sso.App](w, "AppByClientID()")(s.AppByClientID(w.ctx, client)),
		Domain: get[sso.Domain](w, "VerifiedDomain()")(s.VerifiedDomain(w.ctx, domain)),
		Line:   get[[]sso.Organization](w, "Lineage()")(s.Lineage(w.ctx, org)),
		ByID:   get[sso.Connection](w, "Connection()")(s.Connection(w.ctx, c.ID)),
		ByKey:  get[sso.Connection](w, "ConnectionByKey()")(s.ConnectionByKey(w.ctx, c.Key)),
		Active: get[[]sso.Connection](w, "ActiveConnections()")(s.ActiveConnections(w.ctx, []sso.OrgID{org})),
	}
}

// stored reads the same from the database.
func (w *world) stored(r *store.Reader, client, domain string, org sso.OrgID, c *sso.Connection) remembered {
	w.Helper()
	return remembered{
		App:    get[sso.App](w, "AppByClientID()")(r.AppByClientID(w.ctx, client)),
		Domain: get[sso.Domain](w, "VerifiedDomain()")(r.VerifiedDomain(w.ctx, domain)),
		Line:   get[[]sso.Organization](w, "Lineage()")(r.Lineage(w.ctx, org)),
		ByID:   get[sso.Connection](w, "Connection()")(r.Connection(w.ctx, c.ID)),
		ByKey:  get[sso.Connection](w, "ConnectionByKey()")(r.ConnectionByKey(w.ctx, c.Key)),
		Active: get[[]sso.Connection](w, "ActiveConnections()")(r.ActiveConnections(w.ctx, []sso.OrgID{org})),
	}
}

func settingsAreRemembered(w *world) {
	org := w.addOrg("acme", nil)
	app := w.app("portal")
	w.write(func(tx *store.Writer) error { return tx.SaveApp(w.ctx, app) })
	c := w.connection(org.ID, "acme-idp")
	c.State = sso.ConnectionActive
	d := sso.Domain{Org: org.ID, Name: "acme.example", State: sso.DomainVerified, Proof: sso.ProofDNS, CreatedAt: w.now, VerifiedAt: w.now}
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.Org(org.ID).SaveConnection(w.ctx, c), tx.Org(org.ID).SaveDomain(w.ctx, d))
	})
	read := func() (now remembered, statements int64) {
		before := w.db.Stats().Statements
		now = w.settings(w.reader(), app.ClientID, d.Name, org.ID, &c)
		return now, w.db.Stats().Statements - before
	}
	first, asked := read()
	same(w, "settings, asked for the first time", w.stored(w.reader(), app.ClientID, d.Name, org.ID, &c), first)
	if asked != 7 {
		w.Errorf("the first time takes %d statements, want the mark and six", asked)
	}
	again, asked := read()
	if same(w, "settings, asked for again", first, again); asked != 1 {
		w.Errorf("the second time takes %d statements, want the mark alone", asked)
	}

	below := func(org sso.OrgID) bool {
		w.Helper()
		return get[bool](w, "HasSuborganizations()")(w.reader().Settings().HasSuborganizations(w.ctx, org))
	}
	if below(org.ID) {
		w.Error("an organization alone has suborganizations")
	}
	sub := w.addOrg("below", &org)
	if !below(org.ID) || below(sub.ID) {
		w.Errorf("suborganizations: %v above, %v below", below(org.ID), below(sub.ID))
	}

	undone := errors.New("undone")
	for name, change := range map[string]func(tx *store.Writer) error{
		"app": func(tx *store.Writer) error {
			a, err := tx.App(w.ctx, app.ID)
			a.Name += "+"
			return errors.Join(err, tx.SaveApp(w.ctx, a))
		},
		"organization": func(tx *store.Writer) error {
			o, err := tx.Organization(w.ctx, org.ID)
			o.Name += "+"
			return errors.Join(err, tx.SaveOrganization(w.ctx, o))
		},
		"domain": func(tx *store.Writer) error {
			d, err := tx.VerifiedDomain(w.ctx, d.Name)
			d.SSOOff = !d.SSOOff
			return errors.Join(err, tx.Org(org.ID).SaveDomain(w.ctx, d))
		},
		"connection": func(tx *store.Writer) error {
			c, err := tx.Connection(w.ctx, c.ID)
			c.Name += "+"
			return errors.Join(err, tx.Org(org.ID).SaveConnection(w.ctx, c))
		},
	} {
		before, _ := read()
		w.refused(undone, func(tx *store.Writer) error {
			if err := change(tx); err != nil {
				return err
			}
			own := w.settings(tx.Reader, app.ClientID, d.Name, org.ID, &c)
			same(w, name+": what its own transaction sees", w.stored(tx.Reader, app.ClientID, d.Name, org.ID, &c), own)
			return undone
		})
		after, _ := read()
		same(w, name+": after a change that was undone", before, after)
		w.write(change)
		after, _ = read()
		same(w, name+": after a change", w.stored(w.reader(), app.ClientID, d.Name, org.ID, &c), after)
		if cmp.Equal(before, after, comparers()...) {
			w.Errorf("%s: the change is not seen", name)
		}
	}
	w.write(func(tx *store.Writer) error { return tx.Org(org.ID).DeleteDomain(w.ctx, d.Name) })
	missing[sso.Domain](w, "VerifiedDomain() of a claim that was withdrawn")(w.reader().Settings().VerifiedDomain(w.ctx, d.Name))
	w.write(func(tx *store.Writer) error {
		c, err := tx.Connection(w.ctx, c.ID)
		if err == nil {
			_, err = tx.Org(org.ID).DeleteConnection(w.ctx, c, w.now)
		}
		return err
	})
	missing[sso.Connection](w, "Connection() that was deleted")(w.reader().Settings().Connection(w.ctx, c.ID))
}

// RunBeside holds two databases, opened at the same place as two nodes do, to
// what one promises of changes by the other.
func RunBeside(t *testing.T, one, other *store.DB) {
	t.Helper()
	here, there := newWorld(t, one), newWorld(t, other)
	attemptsBeside(here, there)
	org := here.addOrg("acme", nil)
	for i := range 3 {
		seen := get[[]sso.Organization](there, "Lineage()")(there.reader().Settings().Lineage(there.ctx, org.ID))
		if seen[0].Name != org.Name {
			t.Errorf("change %d by another node: the name is still %q, want %q", i, seen[0].Name, org.Name)
		}
		org = get[sso.Organization](here, "Organization()")(here.reader().Organization(here.ctx, org.ID))
		org.Name += "+"
		here.write(func(tx *store.Writer) error { return tx.SaveOrganization(here.ctx, org) })
	}
	get[[]sso.Organization](there, "Lineage()")(there.reader().Settings().Lineage(there.ctx, org.ID))

	// At a glance, the settings are as they were seen last, and a transaction knows
	// whether they are.
	glance := func() (name string, mark store.Mark) {
		mark, err := there.db.Glance(func(r *store.Reader) error {
			line, err := r.Settings().Lineage(there.ctx, org.ID)
			name = line[0].Name
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return name, mark
	}
	for _, changes := range []bool{false, true} {
		get[[]sso.Organization](there, "Lineage()")(there.reader().Settings().Lineage(there.ctx, org.ID))
		seen, mark := glance()
		if changes {
			org = get[sso.Organization](here, "Organization()")(here.reader().Organization(here.ctx, org.ID))
			org.Name += "+"
			here.write(func(tx *store.Writer) error { return tx.SaveOrganization(here.ctx, org) })
		}
		if again, _ := glance(); again != seen {
			t.Errorf("at a glance the name is %q, and was %q", again, seen)
		}
		var under bool
		err := there.db.Write(there.ctx, func(tx *store.Writer) (err error) {
			under, err = tx.Under(there.ctx, mark)
			return err
		})
		if err != nil || under == changes {
			t.Errorf("after a change, %v: under the mark that was seen: %v, %v", changes, under, err)
		}
	}

	// Who asks which mark it is, is told that of now.
	org = get[sso.Organization](here, "Organization()")(here.reader().Organization(here.ctx, org.ID))
	org.Name += "+"
	here.write(func(tx *store.Writer) error { return tx.SaveOrganization(here.ctx, org) })
	now := get[store.Mark](there, "Mark()")(there.reader().Mark(there.ctx))
	var under bool
	there.write(func(tx *store.Writer) (err error) {
		under, err = tx.Under(there.ctx, now)
		return err
	})
	if !under {
		t.Error("it is not under the mark that was asked for")
	}

	// A transaction begins by what was seen last, and counts only by what is.
	refusal := errors.New("refused")
	for _, does := range []struct {
		what string
		with func(tx *store.Writer) error
		want error
	}{
		{"nothing but look", func(*store.Writer) error { return nil }, nil},
		{"refuse", func(*store.Writer) error { return refusal }, refusal},
		{"write what brings the mark along", func(tx *store.Writer) error {
			return tx.InsertAttempt(there.ctx, sso.Attempt{ID: sso.NewAttemptID(there.now), CreatedAt: there.now, ExpiresAt: there.now})
		}, nil},
		{"change settings", func(tx *store.Writer) error {
			o, err := tx.Organization(there.ctx, org.ID)
			if err == nil {
				err = tx.SaveOrganization(there.ctx, o)
			}
			return err
		}, nil},
	} {
		org = get[sso.Organization](here, "Organization()")(here.reader().Organization(here.ctx, org.ID))
		org.Name += "+"
		here.write(func(tx *store.Writer) error { return tx.SaveOrganization(here.ctx, org) })
		var seen []string
		err := there.db.Write(there.ctx, func(tx *store.Writer) error {
			line, err := tx.Settings().Lineage(there.ctx, org.ID)
			if err != nil {
				return err
			}
			seen = append(seen, line[0].Name)
			return does.with(tx)
		})
		if !errors.Is(err, does.want) || len(seen) == 0 || seen[len(seen)-1] != org.Name {
			t.Errorf("who is to %s goes by %q at last, and comes to %v; want %q, %v", does.what, seen, err, org.Name, does.want)
		}
	}
}
