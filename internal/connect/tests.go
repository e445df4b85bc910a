package connect

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Limits of what is shown and kept of tests.
const (
	testPage     = 20
	maxTestLinks = 20 // of one connection that can be used at the same time
)

// Trials are the tests of a connection, and what the one that is looked at says.
type Trials struct {
	sso.Connection
	Which   sso.Which   // settings of it that are tried
	Guide   *idp.Vendor // whose console is spoken of
	Ours    idp.Values  // what the identity provider has to know
	Tests   []sso.Test  // the latest first
	Next    Place       // where the next page begins; zero: there is none
	Shown   *sso.Test   // that is looked at; nil: there is none yet
	Before  *sso.Test   // the one that was answered before it; nil: it is the first
	Changes []sso.TestChange
	Offers  []sso.Offer
	Links   []sso.TestLink
}

// Place is where a page of tests begins.
type Place = store.Place

// Stale reports whether a test was one of other settings than those of now.
func (t *Trials) Stale(of *sso.Test) bool { return of.Fingerprint != t.Fingerprint() }

// Trials returns the tests of a connection of the organization of a place, by
// its key, with these settings: those behind a place in the list, and what the one with this ID says,
// or else the latest.
func (s *Service) Trials(ctx context.Context, p *authority.Place, key string, which sso.Which, shown sso.TestID, after Place) (Trials, error) {
	var out Trials
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		out = Trials{Which: which}
		var err error
		if out.Connection, err = configured(ctx, r, p.ID, key, which); err != nil {
			return err
		}
		org := r.Org(p.ID)
		if out.Tests, err = org.Tests(ctx, out.ID, which, after, testPage+1); err != nil {
			return err
		}
		if len(out.Tests) > testPage {
			out.Tests = out.Tests[:testPage]
			last := &out.Tests[testPage-1]
			out.Next = Place{At: last.CreatedAt, ID: string(last.ID)}
		}
		if err := out.look(ctx, org, shown); err != nil {
			return err
		}
		if out.Links, err = org.TestLinks(ctx, out.ID, s.Now(), maxTestLinks); err != nil || out.Shown == nil {
			return err
		}
		domains, err := trusted(ctx, r, p.Lineage)
		out.Offers = out.Connection.Offers(out.Shown, domains)
		return err
	})
	if err != nil {
		return Trials{}, err
	}
	out.Guide, _ = idp.ByID(idp.ID(out.SAML.Vendor))
	out.Ours = s.values(&out.Connection, &p.Organization)
	return out, nil
}

// look finds the test that is looked at, and the one before it.
func (t *Trials) look(ctx context.Context, org *store.OrgReader, shown sso.TestID) error {
	if shown == "" {
		if len(t.Tests) == 0 {
			return nil
		}
		t.Shown = &t.Tests[0]
	} else {
		x, err := testOf(ctx, org, &t.Connection, t.Which, shown)
		if err != nil {
			return err
		}
		t.Shown = &x
	}
	if t.Shown.State == sso.TestWaiting {
		return nil
	}
	earlier, err := org.Tests(ctx, t.ID, t.Which, Place{At: t.Shown.CreatedAt, ID: string(t.Shown.ID)}, testPage)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(earlier, func(x sso.Test) bool { return x.State != sso.TestWaiting }); i >= 0 {
		t.Before = &earlier[i]
		t.Changes = t.Shown.Since(t.Before)
	}
	return nil
}

func testOf(ctx context.Context, org *store.OrgReader, c *sso.Connection, which sso.Which, id sso.TestID) (sso.Test, error) {
	t, err := org.Test(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && (t.Connection != c.ID || t.Which() != which) {
		return sso.Test{}, &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Got: clip(string(id)), Fix: fault.PersonSide}
	}
	return t, err
}

// trusted returns the domains of the organizations of a line whose people may
// come.
func trusted(ctx context.Context, r *store.Reader, line []sso.Organization) ([]string, error) {
	var names []string
	for i := range line {
		domains, err := r.Org(line[i].ID).Domains(ctx)
		if err != nil {
			return nil, err
		}
		for j := range domains {
			if domains[j].State == sso.DomainVerified {
				names = append(names, domains[j].Name)
			}
		}
	}
	return names, nil
}

// Accept changes the settings that a test has offered to change, of those that
// were chosen. What it does not offer, of the settings as they are now, is not
// changed.
func (s *Service) Accept(ctx context.Context, e *Edit, test sso.TestID, chosen []sso.OfferOf) error {
	_, err := s.change(ctx, e, func(a *authority.Act, c *sso.Connection) error {
		t, err := testOf(ctx, a.In.OrgReader, c, e.Which, test)
		if err != nil {
			return err
		}
		domains, err := trusted(ctx, a.Tx.Reader, a.Lineage)
		if err != nil {
			return err
		}
		if t.Fingerprint != c.Fingerprint() {
			return &fault.Error{Kind: fault.Conflict, Code: "test_stale", Want: "a test with the settings as they are", Got: "one with settings from before", Fix: fault.AdminSide}
		}
		changed := 0
		for _, o := range c.Offers(&t, domains) {
			if slices.Contains(chosen, o.Of) {
				c.Accept(o)
				changed++
			}
		}
		if changed < len(chosen) || changed == 0 {
			return unknownSetting("a change that the test does not offer")
		}
		return nil
	})
	return err
}

// TestLinkLives are for how many days a test link may be good.
func TestLinkLives() []int { return []int{1, 7, 30} }

// CreateTestLink returns the token of a link by which whoever has it tries a
// connection, without an account. It is told once.
func (s *Service) CreateTestLink(ctx context.Context, who *authority.Who, org sso.OrgID, key string, which sso.Which, days int) (secret.Token, error) {
	if !slices.Contains(TestLinkLives(), days) {
		return secret.Token{}, unknownSetting(strconv.Itoa(days))
	}
	token := secret.NewToken()
	err := s.Authority.Change(ctx, who, org, authority.Setup, func(a *authority.Act) error {
		if err := a.Granted(); err != nil {
			return err
		}
		c, err := configured(ctx, a.Tx.Reader, a.ID, key, which)
		if err != nil {
			return err
		}
		links, err := a.In.TestLinks(ctx, c.ID, a.Now, maxTestLinks)
		if err != nil {
			return err
		}
		if len(links) >= maxTestLinks {
			return &fault.Error{Kind: fault.Exhausted, Code: "test_link_many", Want: strconv.Itoa(maxTestLinks) + " test links at most", Got: strconv.Itoa(len(links)), Fix: fault.AdminSide}
		}
		l := sso.TestLink{
			ID: sso.NewTestLinkID(a.Now), Org: a.ID, Connection: c.ID, Shadow: which == sso.Prepared, By: actor(a), CreatedAt: a.Now, ExpiresAt: a.Now.Add(time.Duration(days) * 24 * time.Hour),
		}
		if err := a.In.InsertTestLink(ctx, l, token.Hash()); err != nil {
			return err
		}
		return a.Record("test_link.created", string(l.ID), map[string]string{"connection": c.Key, "until": l.ExpiresAt.UTC().Format(time.RFC3339)})
	})
	if err != nil {
		return secret.Token{}, err
	}
	return token, nil
}

// actor returns who does something: a user, or the holder of a setup link.
func actor(a *authority.Act) string {
	if a.Link != nil {
		return string(a.Link.ID)
	}
	return string(a.By())
}

// RevokeTestLink has a test link open nothing any more.
func (s *Service) RevokeTestLink(ctx context.Context, who *authority.Who, org sso.OrgID, key string, id sso.TestLinkID) error {
	return s.Authority.Change(ctx, who, org, authority.Setup, func(a *authority.Act) error {
		c, err := connectionOf(ctx, a.Tx.Reader, a.ID, key)
		if err != nil {
			return err
		}
		err = a.In.RevokeTestLink(ctx, c.ID, id, a.Now)
		if errors.Is(err, store.ErrNotFound) {
			return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Got: clip(string(id)), Fix: fault.PersonSide}
		}
		if err != nil {
			return err
		}
		return a.Record("test_link.revoked", string(id), map[string]string{"connection": c.Key})
	})
}

// Tested is a test link as whoever has it sees it before they begin.
type Tested struct {
	Link         sso.TestLink
	Organization sso.Organization
	Connection   string // its name
}

// TestLink returns the test link with this token, or the fault test_link_over.
// Looking at it changes nothing.
func (s *Service) TestLink(ctx context.Context, token secret.Token) (Tested, error) {
	var t Tested
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if t.Link, err = r.TestLink(ctx, token.Hash()); err != nil {
			return err
		}
		if t.Organization, err = r.Organization(ctx, t.Link.Org); err != nil {
			return err
		}
		c, err := r.Org(t.Link.Org).Connection(ctx, t.Link.Connection)
		t.Connection = c.Name
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return Tested{}, sso.NoTestLink()
	}
	if err != nil {
		return Tested{}, err
	}
	return t, t.Link.Usable(s.Now())
}

// Where names a connection and whose it is, by their keys.
type Where struct{ Organization, Connection string }

// WhereTested returns which connection a test was of.
func (s *Service) WhereTested(ctx context.Context, t *sso.Test) (Where, error) {
	var w Where
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		o, err := r.Organization(ctx, t.Org)
		if err != nil {
			return err
		}
		c, err := r.Org(t.Org).Connection(ctx, t.Connection)
		w = Where{o.Key, c.Key}
		return err
	})
	if errors.Is(err, store.ErrNotFound) { // the connection was deleted meanwhile
		return Where{}, &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Fix: fault.PersonSide}
	}
	return w, err
}
