package saml_test

import (
	"errors"
	"hash/crc32"
	"slices"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// on returns a forge that has the base signed.
func on(base samltest.Base) func(*samltest.Response) {
	return func(r *samltest.Response) { r.Base = base }
}

func apply(e saml.Expect, changes ...func(*saml.Expect)) saml.Expect {
	for _, change := range changes {
		if change != nil {
			change(&e)
		}
	}
	return e
}

// refusedBy notes in the output of a test by which rules it wants a message
// refused: tools/mutants switches checks off and looks which cases they held.
func refusedBy(t *testing.T, rules ...saml.Rule) {
	t.Helper()
	for _, rule := range rules {
		if rule != "" {
			t.Attr("refused-by", string(rule))
		}
	}
}

// TestAttacks holds Verify against every attack: it is refused by the rule
// that it breaks, and its twin is accepted. Every attack is made on each of its
// bases, and then once more on the responses of every product.
func TestAttacks(t *testing.T) {
	t.Parallel()
	tried := newTally(t)
	accepted := newTwins()
	for _, attack := range samltest.Attacks() {
		for _, base := range attack.On() {
			t.Run(attack.String()+"/"+string(base), func(t *testing.T) {
				t.Parallel()
				refusedBy(t, attack.Rule, attack.Behind)
				accepted.mount(t, tried, attack, string(base), on(base))
			})
		}
		if testing.Short() {
			continue
		}
		t.Run(attack.String()+"/on products", func(t *testing.T) {
			t.Parallel()
			refusedBy(t, attack.Rule, attack.Behind)
			for _, product := range productsFor(attack) {
				accepted.mount(t, tried, attack, product.Name+" "+string(product.Base), product.As)
			}
		})
	}
}

// productsFor returns the products on whose responses an attack is made: all
// that have one of its bases. How a product writes does not matter to what a
// response says, nor to its size; there some products are enough, others for
// each attack.
func productsFor(attack samltest.Attack) []samltest.Product {
	var products []samltest.Product
	for _, p := range slices.Concat(samltest.Products(), samltest.EncryptingProducts()) {
		if slices.Contains(attack.On(), p.Base) {
			products = append(products, p)
		}
	}
	some := len(products)
	switch {
	case attack.No == 42:
		some = min(some, 1)
	case attack.No.Family() == samltest.Semantics:
		some = min(some, 3)
	}
	first := int(crc32.ChecksumIEEE([]byte(attack.Name)))
	var turn []samltest.Product
	for i := range some {
		turn = append(turn, products[(first+i)%len(products)])
	}
	return turn
}

// twins remembers which responses without a forge were accepted: they are the
// twins of many attacks.
type twins struct {
	mu       sync.Mutex
	accepted map[string]bool
}

func newTwins() *twins { return &twins{accepted: map[string]bool{}} }

// mount makes an attack on responses of one kind.
func (w *twins) mount(t *testing.T, tried *tally, attack samltest.Attack, kind string, as func(*samltest.Response)) {
	t.Helper()
	idp := samltest.New(t)
	tried.made(attack.No.Family())
	message := idp.Respond(as, sameIDs, attack.Forge)
	_, err := saml.Verify(message, apply(idp.Expect(), attack.Expect, attack.ForgeExpect), idp.Now)
	refusal, ok := errors.AsType[*saml.Refusal](err)
	if !ok || refusal.Rule != attack.Rule {
		t.Fatalf("%s: Verify() = %v, want a refusal by rule %v", kind, err, attack.Rule)
	}
	if attack.Behind != "" && !slices.ContainsFunc(refusal.Checks, func(c saml.Check) bool { return c.Rule == attack.Behind && c.Verdict == saml.Fail }) {
		t.Errorf("%s: %v is not reported to have failed", kind, attack.Behind)
	}
	for _, check := range refusal.Checks {
		if attack.Alone && check.Verdict == saml.Fail && check.Rule != attack.Rule {
			t.Errorf("%s: also refused by %v (%s): want %s, got %s", kind, check.Rule, check.About, check.Want, check.Got)
		}
	}
	tried.refused(attack.No.Family())
	if w.accept(t, idp, attack, kind, as) {
		tried.accepted(attack.No.Family())
	}
}

// sameIDs has what is signed for one attack be signed for another too, so that
// it need not be signed again.
func sameIDs(r *samltest.Response) { r.ID, r.AssertionID = "id-of-the-response", "id-of-the-assertion" }

// accept reports whether the twin of an attack is accepted.
func (w *twins) accept(t *testing.T, idp *samltest.IdP, attack samltest.Attack, kind string, as func(*samltest.Response)) bool {
	t.Helper()
	plain := attack.Twin == nil && attack.Expect == nil && attack.TwinExpect == nil
	if plain && w.known(kind) {
		return true
	}
	forges := []func(*samltest.Response){as, sameIDs}
	if attack.Twin != nil {
		forges = append(forges, attack.Twin)
	}
	message := idp.Respond(forges...)
	a, err := saml.Verify(message, apply(idp.Expect(), attack.Expect, attack.TwinExpect), idp.Now)
	switch {
	case err != nil:
		t.Errorf("%s: twin: %v", kind, err)
		return false
	case a.NameID.Value == samltest.EvilNameID:
		t.Errorf("%s: twin: got %+v", kind, a)
		return false
	case plain:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.accepted[kind] = true
	}
	return true
}

func (w *twins) known(kind string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.accepted[kind]
}

func TestAttacksCoverTheRules(t *testing.T) {
	t.Parallel()
	attacked := map[saml.Rule]bool{}
	for _, attack := range samltest.Attacks() {
		attacked[attack.Rule] = true
	}
	idp := samltest.New(t)
	a, err := saml.Verify(idp.Respond(), idp.Expect(), idp.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range a.Checks {
		if !attacked[check.Rule] {
			t.Errorf("no attack for rule %v", check.Rule)
		}
	}
}

func TestVerifyReportsTheSameChecksAlways(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	a, err := saml.Verify(idp.Respond(), idp.Expect(), idp.Now)
	if err != nil {
		t.Fatal(err)
	}
	names := func(checks []saml.Check) []string {
		var names []string
		for _, c := range checks {
			names = append(names, string(c.Rule)+" "+c.About)
		}
		return names
	}
	want := names(a.Checks)
	for _, attack := range samltest.Attacks() {
		message := idp.Respond(on(attack.On()[0]), attack.Forge)
		_, err := saml.Verify(message, apply(idp.Expect(), attack.Expect, attack.ForgeExpect), idp.Now)
		refusal, ok := errors.AsType[*saml.Refusal](err)
		if !ok {
			t.Fatalf("%s: %v", attack, err)
		}
		if got := names(refusal.Checks); !slices.Equal(got, want) {
			t.Errorf("%s: got checks %q, want %q", attack, got, want)
		}
		first := slices.IndexFunc(refusal.Checks, func(c saml.Check) bool { return c.Verdict == saml.Fail })
		if refusal.Checks[first].Rule != refusal.Rule {
			t.Errorf("%s: refused by %v, but the first failure is %v", attack, refusal.Rule, refusal.Checks[first])
		}
	}
}

// TestVerifyJudgesResponsesThatLackAnything leaves out each element of a
// response, signed so: it is judged like any other.
func TestVerifyJudgesResponsesThatLackAnything(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	whole, err := xmltree.Parse(idp.Respond(samltest.Unsigned), xmltree.Message)
	if err != nil {
		t.Fatal(err)
	}
	for e := range whole.Root().Descendants() {
		if e == whole.Root() || e.Local() == "Assertion" {
			continue
		}
		for _, base := range samltest.Bases {
			message := idp.Respond(on(base), func(r *samltest.Response) {
				r.BeforeSigning(func(string) string {
					return whole.Slice(0, e.Offset()) + whole.Slice(e.End(), whole.Len())
				})
			})
			expect := idp.Expect()
			a, err := saml.Verify(message, expect, idp.Now)
			if _, ok := errors.AsType[*saml.Refusal](err); err != nil && !ok {
				t.Errorf("without %s: error %T", e.Path(), err)
			}
			if err == nil && (a.NameID.Value == "" || a.Issuer == "") {
				t.Errorf("without %s: accepted %+v", e.Path(), a)
			}
		}
	}
}
