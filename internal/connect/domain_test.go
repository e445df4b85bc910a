package connect_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/dnsproof"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// zone is what the DNS holds.
type zone struct {
	mu     sync.Mutex
	values map[string][]string // by name
	broken bool
}

func (z *zone) look(_ context.Context, q dnsproof.Question) dnsproof.Answer {
	z.mu.Lock()
	defer z.mu.Unlock()
	switch there := z.values[q.Name]; {
	case z.broken:
		return dnsproof.Answer{Found: dnsproof.Misbehaved}
	case slices.Contains(there, q.Value):
		return dnsproof.Answer{Found: dnsproof.Proof}
	case len(there) > 0:
		return dnsproof.Answer{Found: dnsproof.Other, Values: slices.Clone(there)}
	default:
		return dnsproof.Answer{Found: dnsproof.Nothing}
	}
}

// set replaces what is at a name.
func (z *zone) set(name string, values ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.values == nil {
		z.values = map[string][]string{}
	}
	z.values[name] = values
}

const (
	acmeDomain = "acme.example"
	acmeRecord = "_sallyport.acme.example"
)

// claim claims a domain, and returns the value that proves it.
func (h *house) claim(by *sso.By, domain string) string {
	h.Helper()
	name, err := h.ClaimDomain(h.Context(), signedIn(by), by.Org.ID, domain)
	if err != nil {
		h.Fatalf("claiming %s: %v", domain, err)
	}
	d := h.domain(by.Org.ID, name)
	return d.ProofValue()
}

// prove claims a domain, puts the record into the DNS and has it checked.
func (h *house) prove(by *sso.By, domain string) string {
	h.Helper()
	value := h.claim(by, domain)
	h.dns.set("_sallyport."+domain, value)
	if d := h.check(by, domain); d.State != sso.DomainVerified {
		h.Fatalf("%s is %s", domain, d.State)
	}
	return value
}

func (h *house) domain(org sso.OrgID, name string) (d sso.Domain) {
	h.Helper()
	h.write(func(tx *store.Writer) (err error) {
		d, err = tx.Org(org).Domain(h.Context(), name)
		return err
	})
	return d
}

// connect adds a connection of an organization.
func (h *house) connect(o *sso.Organization, state sso.ConnectionState) sso.Connection {
	h.Helper()
	now := h.now()
	c := sso.Connection{ID: sso.NewConnectionID(now), Org: o.ID, Key: o.Key + "-idp", Name: "IdP", Protocol: sso.ProtocolSAML, State: state, FirstSignIn: sso.FirstCreate, CreatedAt: now, UpdatedAt: now}
	h.write(func(tx *store.Writer) error { return tx.Org(o.ID).SaveConnection(h.Context(), c) })
	c.Version = 1
	return c
}

func (h *house) place(who *authority.Who) *authority.Place {
	h.Helper()
	p, err := h.Authority.Enter(h.Context(), who, "", authority.Domains)
	if err != nil {
		h.Fatal(err)
	}
	return &p
}

func (h *house) check(by *sso.By, name string) sso.Domain {
	h.Helper()
	d, err := h.CheckDomain(h.Context(), signedIn(by), h.place(signedIn(by)), name)
	if err != nil {
		h.Fatalf("checking %s: %v", name, err)
	}
	return d
}

// run lets time pass by steps, with the looks of the background after each.
func (h *house) run(length, step time.Duration) {
	h.Helper()
	for passed := time.Duration(0); passed < length; passed += step {
		h.pass(step)
		for {
			n, err := h.CheckDomains(h.Context())
			if err != nil {
				h.Fatalf("CheckDomains() = %v", err)
			}
			if n == 0 {
				break
			}
		}
	}
}

// mails returns the kinds and recipients of mails, the earliest first.
func (h *house) mails() (all []string) {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		all = nil
		messages, err := tx.Messages(h.Context(), store.MessageWaiting, store.MessageCursor{}, 1000)
		for _, m := range messages {
			all = append(all, m.Kind+" "+m.To)
		}
		return err
	})
	slices.Sort(all)
	return all
}

func (h *house) holds(what string, got, want []string) {
	h.Helper()
	if !slices.Equal(got, want) {
		h.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestADomainIsClaimedAndProved(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		value := h.claim(&h.owner, "ACME.example ")
		if d := h.check(&h.owner, acmeDomain); d.State != sso.DomainInReview || d.Check.Finding != sso.FoundNothing {
			t.Errorf("without a record: %s, %s", d.State, d.Check.Finding)
		}
		h.dns.set(acmeRecord, "sallyport-verification=wrong")
		if d := h.check(&h.owner, acmeDomain); d.State != sso.DomainInReview || d.Check.Finding != sso.FoundOther || !slices.Equal(d.Check.Values, []string{"sallyport-verification=wrong"}) {
			t.Errorf("with another record: %s, %+v", d.State, d.Check)
		}
		h.dns.set(acmeRecord, "sallyport-verification=wrong", value)
		d := h.check(&h.owner, acmeDomain)
		if stored := h.domain(h.acme.ID, acmeDomain); d.State != sso.DomainVerified || stored.State != sso.DomainVerified || stored.Proof != sso.ProofDNS {
			t.Errorf("with the record: %s, %s by %q", d.State, stored.State, stored.Proof)
		}
		h.holds("the audit list", h.audit(h.acme.ID), []string{"domain.claimed", "domain.verified"})
		h.holds("mails to who looks on", h.mails(), nil)
	})
}

func TestADomainIsVerifiedInTheBackground(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		value := h.claim(&h.owner, acmeDomain)
		h.run(time.Hour, 10*time.Minute)
		h.dns.set(acmeRecord, value)
		h.run(time.Hour, 10*time.Minute)
		if d := h.domain(h.acme.ID, acmeDomain); d.State != sso.DomainVerified {
			t.Errorf("%s, %s", d.State, d.Check.Finding)
		}
		h.holds("the audit list", h.audit(h.acme.ID), []string{"domain.claimed", "domain.verified"})
		h.holds("mails", h.mails(), []string{"domain_verified olga@acme.example"})
	})
}

func TestWhatCannotBeClaimed(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.claim(&h.owner, acmeDomain)
		for typed, code := range map[string]string{
			"gmail.com": "domain_public_mail", "co.uk": "domain_public_suffix", "github.io": "domain_public_suffix", "no domain": "domain_form", "Acme.Example": "domain_claimed",
		} {
			_, err := h.ClaimDomain(h.Context(), signedIn(&h.owner), h.acme.ID, typed)
			refused(t, typed, err, code)
		}
		// The record that proves it has a longer name.
		long := func(octets int) string {
			start := strings.Repeat(strings.Repeat("a", 61)+".", 3)
			return start + strings.Repeat("b", octets-len(start)-len(".test")) + ".test"
		}
		_, err := h.ClaimDomain(h.Context(), signedIn(&h.other), h.rival.ID, long(243))
		refused(t, "243 octets", err, "domain_form")
		h.claim(&h.other, long(242))
		// Both spellings are one name.
		h.claim(&h.owner, "xn--mnchen-3ya.example")
		_, err = h.ClaimDomain(h.Context(), signedIn(&h.owner), h.acme.ID, "München.example")
		refused(t, "the other spelling", err, "domain_claimed")
		// Another organization may claim it as well.
		h.claim(&h.other, acmeDomain)
		h.holds("the audit list", h.audit(h.acme.ID), []string{"domain.claimed", "domain.claimed"})
	})
}

func TestOnlyTheEntitledClaim(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.prove(&h.owner, acmeDomain)
		entitle := func(e ...sso.Entitlement) {
			h.acme.Entitlements = e
			h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), h.acme) })
			h.acme.Version++
		}
		acts := func(code string) {
			_, err := h.ClaimDomain(h.Context(), signedIn(&h.owner), h.acme.ID, "acme.test")
			ways := h.SetDomainWays(h.Context(), signedIn(&h.owner), h.acme.ID, acmeDomain, sso.DomainWays{Password: true})
			_, check := h.CheckDomain(h.Context(), signedIn(&h.owner), h.place(signedIn(&h.owner)), acmeDomain)
			for what, err := range map[string]error{"claiming": err, "choosing ways": ways, "checking": check} {
				if code == "" {
					must(t, what, err)
				} else {
					refused(t, what, err, code)
				}
			}
		}
		entitle()
		acts("organization_not_entitled")
		entitle(sso.EntitledSSO)
		acts("")
		// What is there can be taken away without it.
		entitle()
		must(t, "removing", h.RemoveDomain(h.Context(), signedIn(&h.owner), h.acme.ID, "acme.test"))
	})
}

func TestTheFirstProofWins(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		value := h.prove(&h.owner, acmeDomain)
		rivals := h.claim(&h.other, acmeDomain)
		h.dns.set(acmeRecord, value)
		if d := h.check(&h.other, acmeDomain); d.State != sso.DomainInReview || d.Check.Finding != sso.FoundOther {
			t.Errorf("by the record of the first: %s, %s", d.State, d.Check.Finding)
		}
		h.dns.set(acmeRecord, value, rivals)
		if d := h.check(&h.other, acmeDomain); d.State != sso.DomainInReview || d.Check.Finding != sso.FoundRecord {
			t.Errorf("by a record beside the first: %s, %s", d.State, d.Check.Finding)
		}
		v, err := h.Domain(h.Context(), h.place(signedIn(&h.other)), acmeDomain)
		if must(t, "looking", err); !v.Elsewhere {
			t.Error("who has not got it is not told so")
		}
		if v, err = h.Domain(h.Context(), h.place(signedIn(&h.owner)), acmeDomain); err != nil || v.Elsewhere {
			t.Errorf("who has it is told that another has it: %v", err)
		}
		h.holds("mails", h.mails(), []string{"domain_contested olga@acme.example"})
		h.run(30*24*time.Hour, 6*time.Hour)
		if d := h.domain(h.acme.ID, acmeDomain); d.State != sso.DomainVerified {
			t.Errorf("a month later the first one's is %s", d.State)
		}
		h.holds("the audit list", h.audit(h.acme.ID), []string{"domain.claimed", "domain.verified", "domain.contested"})
		h.holds("the rival's", h.audit(h.rival.ID), []string{"domain.claimed", "domain.contested"})
	})
}

// A domain was sold: the new record is there, and the old one is not.
func TestADomainGoesToWhoHasIt(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.prove(&h.owner, acmeDomain)
		h.dns.set(acmeRecord, h.claim(&h.other, acmeDomain))
		h.run(2*24*time.Hour, 6*time.Hour)
		if d := h.domain(h.acme.ID, acmeDomain); d.State != sso.DomainVerified {
			t.Fatalf("after two days the first one's is %s", d.State)
		}
		h.run(3*24*time.Hour, 6*time.Hour)
		old, d := h.domain(h.acme.ID, acmeDomain), h.domain(h.rival.ID, acmeDomain)
		if old.State != sso.DomainLapsed || d.State != sso.DomainVerified {
			t.Errorf("after five days they are %s and %s", old.State, d.State)
		}
		h.holds("the audit list", h.audit(h.acme.ID), []string{"domain.claimed", "domain.verified", "domain.contested", "domain.record_missing", "domain.taken"})
		h.holds("the rival's", h.audit(h.rival.ID), []string{"domain.claimed", "domain.contested", "domain.verified"})
		h.holds("mails", h.mails(), []string{
			"domain_contested olga@acme.example", "domain_gone olga@acme.example", "domain_taken olga@acme.example", "domain_verified rita@rival.example",
		})
		// It does not come back to who has lost it while the other one proves it.
		h.run(20*24*time.Hour, 6*time.Hour)
		if d := h.domain(h.rival.ID, acmeDomain); d.State != sso.DomainVerified {
			t.Errorf("three weeks later it is %s", d.State)
		}
	})
}

func TestADomainLapsesAndComesBack(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		value := h.prove(&h.owner, acmeDomain)
		h.dns.set(acmeRecord)
		h.dns.broken = true
		h.run(40*24*time.Hour, 6*time.Hour)
		if d := h.domain(h.acme.ID, acmeDomain); d.State != sso.DomainVerified || len(h.mails()) != 0 {
			t.Fatalf("while no server answers it is %s, with mails %v", d.State, h.mails())
		}
		h.dns.broken = false
		h.run(16*24*time.Hour, 6*time.Hour)
		if d := h.domain(h.acme.ID, acmeDomain); d.State != sso.DomainLapsed {
			t.Errorf("without its record it is %s", d.State)
		}
		h.holds("mails", h.mails(), []string{"domain_gone olga@acme.example", "domain_gone olga@acme.example", "domain_gone olga@acme.example", "domain_lapsed olga@acme.example"})
		h.dns.set(acmeRecord, value)
		h.run(24*time.Hour, 6*time.Hour)
		if d := h.domain(h.acme.ID, acmeDomain); d.State != sso.DomainVerified {
			t.Errorf("with its record it is %s", d.State)
		}
	})
}

// Where people could not sign in without the domain, it stays longer.
func TestWhereSSOIsDemandedADomainStaysLonger(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.prove(&h.owner, acmeDomain)
		h.acme.Policy.SSO = sso.SSORequired
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), h.acme) })
		h.dns.set(acmeRecord)
		h.run(29*24*time.Hour, 6*time.Hour)
		if d := h.domain(h.acme.ID, acmeDomain); d.State != sso.DomainVerified {
			t.Errorf("after four weeks it is %s", d.State)
		}
		h.run(5*24*time.Hour, 6*time.Hour)
		if d := h.domain(h.acme.ID, acmeDomain); d.State != sso.DomainLapsed {
			t.Errorf("after five weeks it is %s", d.State)
		}
	})
}

func TestWhoRemovesADomain(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		link, _ := h.link(&h.acme, sso.SetupDomains)
		h.claim(&h.owner, "acme.test")
		must(t, "a link removes a claim", h.RemoveDomain(h.Context(), holding(link), h.acme.ID, "acme.test"))
		value := h.prove(&h.owner, acmeDomain)
		refused(t, "a link removes what is verified", h.RemoveDomain(h.Context(), holding(link), h.acme.ID, acmeDomain), "setup_link_scope")
		refused(t, "another organization", h.RemoveDomain(h.Context(), signedIn(&h.other), h.rival.ID, acmeDomain), "page_not_found")
		h.claim(&h.owner, "acme.test")
		h.pass(sso.FreshFor)
		must(t, "an owner's old session removes a claim", h.RemoveDomain(h.Context(), signedIn(&h.owner), h.acme.ID, "acme.test"))
		refused(t, "an owner's old session removes what is verified", h.RemoveDomain(h.Context(), signedIn(&h.owner), h.acme.ID, acmeDomain), "session_stale")
		h.proves(&h.owner)
		must(t, "an owner", h.RemoveDomain(h.Context(), signedIn(&h.owner), h.acme.ID, acmeDomain))
		refused(t, "a second time", h.RemoveDomain(h.Context(), signedIn(&h.owner), h.acme.ID, acmeDomain), "page_not_found")
		// The record that is left over proves no claim that is made later.
		if again := h.claim(&h.owner, acmeDomain); again == value {
			t.Error("a claim made anew is proved by the old record")
		}
		if d := h.check(&h.owner, acmeDomain); d.State != sso.DomainInReview {
			t.Errorf("a claim made anew is %s", d.State)
		}
	})
}

func TestALinkForTheDomains(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		link, _ := h.link(&h.acme, sso.SetupDomains)
		everything, _ := h.link(&h.acme, sso.SetupSSO)
		name, err := h.ClaimDomain(h.Context(), holding(link), h.acme.ID, acmeDomain)
		must(t, "claiming", err)
		d := h.domain(h.acme.ID, name)
		h.dns.set(d.ProofName(), d.ProofValue())
		d, err = h.CheckDomain(h.Context(), holding(link), h.place(holding(link)), name)
		if must(t, "checking", err); d.State != sso.DomainVerified {
			t.Errorf("it is %s", d.State)
		}
		ways := sso.DomainWays{SSO: false, Password: true}
		refused(t, "choosing ways", h.SetDomainWays(h.Context(), holding(link), h.acme.ID, name, ways), "setup_link_scope")
		must(t, "choosing ways by a link for everything", h.SetDomainWays(h.Context(), holding(everything), h.acme.ID, name, ways))
		refused(t, "closing the password by a link for everything", h.SetDomainWays(h.Context(), holding(everything), h.acme.ID, name, sso.DomainWays{SSO: true}), "setup_link_scope")
	})
}

func TestLooksAreBounded(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.claim(&h.owner, acmeDomain)
		place, n := h.place(signedIn(&h.owner)), 0
		var err error
		for err == nil && n < 1000 {
			_, err = h.CheckDomain(h.Context(), signedIn(&h.owner), place, acmeDomain)
			n++
		}
		refused(t, fmt.Sprintf("look %d", n), err, "try_later")
		h.claim(&h.other, acmeDomain)
		h.check(&h.other, acmeDomain)
	})
}

// Two organizations prove the same domain at the same moment.
func TestTwoProofsAtOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.dns.set(acmeRecord, h.claim(&h.owner, acmeDomain), h.claim(&h.other, acmeDomain))
		var all sync.WaitGroup
		for _, by := range []*sso.By{&h.owner, &h.other} {
			place := h.place(signedIn(by))
			for range 3 {
				all.Go(func() {
					if _, err := h.CheckDomain(h.Context(), signedIn(by), place, acmeDomain); err != nil {
						t.Errorf("checking: %v", err)
					}
				})
			}
		}
		all.Wait()
		verified := 0
		for _, org := range []sso.OrgID{h.acme.ID, h.rival.ID} {
			if h.domain(org, acmeDomain).State == sso.DomainVerified {
				verified++
			}
			if n := strings.Count(strings.Join(h.audit(org), " "), "domain.verified"); n > 1 {
				t.Errorf("it is written down %d times that it was verified", n)
			}
		}
		if verified != 1 {
			t.Errorf("%d organizations have the domain", verified)
		}
	})
}

func TestManyClaims(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.write(func(tx *store.Writer) error {
			var all []sso.Domain
			for i := range connect.MaxDomains - 1 {
				d := sso.NewDomain(h.acme.ID, fmt.Sprintf("d%d.example", i), h.now())
				all = append(all, d)
			}
			return tx.InsertDomains(h.Context(), all)
		})
		h.claim(&h.owner, acmeDomain)
		_, err := h.ClaimDomain(h.Context(), signedIn(&h.owner), h.acme.ID, "more.example")
		refused(t, "one more", err, "domain_many")
		if n, err := h.CheckDomains(h.Context()); err != nil || n == 0 || n >= connect.MaxDomains {
			t.Errorf("a batch looks at %d, %v", n, err)
		}
	})
}
