package connect_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// answered notes a test with a result.
func (h *house) answered(c *sso.Connection, result sso.TestResult) sso.Test {
	h.Helper()
	now := h.now()
	t := sso.Test{ID: sso.NewTestID(now), Org: c.Org, Connection: c.ID, State: sso.TestWaiting, Fingerprint: c.Fingerprint(), CreatedAt: now}
	done := t
	done.State, done.Result, done.AnsweredAt = sso.TestFailed, result, now
	h.write(func(tx *store.Writer) error {
		in := tx.Org(c.Org)
		return errors.Join(in.InsertTest(h.Context(), t), in.AnswerTest(h.Context(), done))
	})
	return done
}

// nameless is what a test says where a first name comes under a name of the
// customer's own.
func nameless() sso.TestResult {
	return sso.TestResult{
		Email: "a@acme.example", LastName: "B", Groups: []string{"g"}, Attributes: []sso.Attribute{{Name: "acme/Vorname", Values: []string{"Ada"}}},
	}
}

func TestWhatATestHasSeenIsAcceptedByOneClick(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.complete()
		seen := h.answered(&c, nameless())
		page, err := h.Trials(h.Context(), h.place(signedIn(&h.owner)), c.Key, sso.Live, "", connect.Place{})
		must(h.T, "looking at the tests", err)
		want := []sso.Offer{{Of: sso.OfferFirstName, To: "acme/Vorname", Seen: "Ada"}}
		if !slices.Equal(page.Offers, want) || page.Shown == nil || page.Shown.ID != seen.ID || page.Stale(page.Shown) {
			h.Fatalf("offers %+v, shown %+v", page.Offers, page.Shown)
		}
		first := []sso.OfferOf{sso.OfferFirstName}
		refused(h.T, "what is not offered", h.Accept(h.Context(), h.edit(&c), seen.ID, []sso.OfferOf{sso.OfferFirstName, sso.OfferSubject}), "setting_unknown")
		refused(h.T, "nothing", h.Accept(h.Context(), h.edit(&c), seen.ID, nil), "setting_unknown")
		refused(h.T, "a test that is none", h.Accept(h.Context(), h.edit(&c), "tst_none", first), "page_not_found")
		if got := h.stored(c.Key); got.Version != c.Version {
			h.Fatal("a refused acceptance has changed the connection")
		}
		must(h.T, "accepting", h.Accept(h.Context(), h.edit(&c), seen.ID, first))
		got := h.stored(c.Key)
		if got.Attributes.FirstName != "acme/Vorname" || got.Attributes.Subject != "" {
			h.Errorf("attributes %+v", got.Attributes)
		}
		page, err = h.Trials(h.Context(), h.place(signedIn(&h.owner)), c.Key, sso.Live, seen.ID, connect.Place{})
		must(h.T, "looking again", err)
		if len(page.Offers) > 0 || !page.Stale(page.Shown) {
			h.Errorf("a test of older settings offers %+v", page.Offers)
		}
		refused(h.T, "what an older test has seen", h.Accept(h.Context(), h.edit(&got), seen.ID, first), "test_stale")
	})
}

func TestATestOfAnotherConnectionIsNotShown(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c, other := h.complete(), h.complete()
		mine, foreign := h.answered(&c, nameless()), h.answered(&other, nameless())
		_, err := h.Trials(h.Context(), h.place(signedIn(&h.owner)), c.Key, sso.Live, foreign.ID, connect.Place{})
		refused(h.T, "the test of another connection", err, "page_not_found")
		refused(h.T, "accepting it", h.Accept(h.Context(), h.edit(&c), foreign.ID, []sso.OfferOf{sso.OfferFirstName}), "page_not_found")
		_, err = h.Trials(h.Context(), h.place(signedIn(&h.other)), c.Key, sso.Live, mine.ID, connect.Place{})
		refused(h.T, "by another organization", err, "page_not_found")
		stranger := h.edit(&c)
		stranger.Who, stranger.Org = signedIn(&h.other), h.rival.ID
		refused(h.T, "accepted by another organization", h.Accept(h.Context(), stranger, mine.ID, []sso.OfferOf{sso.OfferFirstName}), "page_not_found")
	})
}

func TestTestsAreComparedAndListedByPages(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.complete()
		for i := range 25 {
			r := sso.TestResult{Checks: []sso.Check{{Rule: "saml.audience", Verdict: "fail", Got: string(rune('a' + i))}}}
			h.answered(&c, r)
		}
		page, err := h.Trials(h.Context(), h.place(signedIn(&h.owner)), c.Key, sso.Live, "", connect.Place{})
		must(h.T, "the first page", err)
		if len(page.Tests) != 20 || page.Next.At.IsZero() || len(page.Changes) != 1 || page.Changes[0].Was.Got != "x" || page.Changes[0].Check.Got != "y" {
			h.Errorf("%d tests, next %v, changes %+v", len(page.Tests), page.Next, page.Changes)
		}
		page, err = h.Trials(h.Context(), h.place(signedIn(&h.owner)), c.Key, sso.Live, "", page.Next)
		must(h.T, "the second page", err)
		if len(page.Tests) != 5 || !page.Next.At.IsZero() {
			h.Errorf("%d tests, next %v", len(page.Tests), page.Next)
		}
	})
}

func TestATestLinkIsForOneConnectionAndATime(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.complete()
		create := func(who *authority.Who, org sso.OrgID, days int) (secret.Token, error) {
			return h.CreateTestLink(h.Context(), who, org, c.Key, sso.Live, days)
		}
		_, err := create(signedIn(&h.other), h.rival.ID, 7)
		refused(h.T, "a link of another organization", err, "page_not_found")
		_, err = create(signedIn(&h.owner), h.acme.ID, 365)
		refused(h.T, "a link for a year", err, "setting_unknown")
		dns, _ := h.link(&h.acme, sso.SetupDomains)
		_, err = create(holding(dns), h.acme.ID, 7)
		refused(h.T, "by a link for the domains", err, "setup_link_scope")
		all, _ := h.link(&h.acme, sso.SetupSSO)
		_, err = create(holding(all), h.acme.ID, 7)
		must(h.T, "by a link for everything", err)
		token, err := create(signedIn(&h.owner), h.acme.ID, 7)
		must(h.T, "a link", err)
		seen, err := h.TestLink(h.Context(), token)
		must(h.T, "looking at it", err)
		if seen.Organization.ID != h.acme.ID || seen.Connection != c.Name || seen.Link.Connection != c.ID {
			h.Errorf("a link %+v", seen)
		}
		_, err = h.TestLink(h.Context(), secret.NewToken())
		refused(h.T, "a link that never was", err, "test_link_over")

		refused(h.T, "revoked by another organization", h.RevokeTestLink(h.Context(), signedIn(&h.other), h.rival.ID, c.Key, seen.Link.ID), "page_not_found")
		must(h.T, "revoking", h.RevokeTestLink(h.Context(), signedIn(&h.owner), h.acme.ID, c.Key, seen.Link.ID))
		_, err = h.TestLink(h.Context(), token)
		refused(h.T, "a revoked link", err, "test_link_over")
		token, err = create(signedIn(&h.owner), h.acme.ID, 1)
		must(h.T, "another link", err)
		h.pass(24 * time.Hour)
		_, err = h.TestLink(h.Context(), token)
		refused(h.T, "an expired link", err, "test_link_over")
		if got := h.audit(h.acme.ID); !slices.Equal(got, []string{"connection.created", "test_link.created", "test_link.created", "test_link.revoked", "test_link.created"}) {
			h.Errorf("audit %q", got)
		}
	})
}

// Of many links made at the same time there are never more than may be.
func TestTestLinksAreBounded(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		c := h.complete()
		var made, many int
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 24 {
			all.Go(func() {
				_, err := h.CreateTestLink(h.Context(), signedIn(&h.owner), h.acme.ID, c.Key, sso.Live, 7)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					made++
				case fault.Is(err, "test_link_many"):
					many++
				default:
					h.Errorf("making a link: %v", err)
				}
			})
		}
		all.Wait()
		if made != 20 || many != 4 {
			h.Errorf("%d links made, %d refused", made, many)
		}
	})
}
