package saml_test

import (
	"errors"
	"slices"
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
// that it breaks, and its twin is accepted.
func TestAttacks(t *testing.T) {
	t.Parallel()
	for _, attack := range samltest.Attacks() {
		for _, base := range attack.On() {
			t.Run(attack.Name+"/"+string(base), func(t *testing.T) {
				t.Parallel()
				refusedBy(t, attack.Rule, attack.Behind)
				idp := samltest.New(t)
				message := idp.Respond(on(base), attack.Forge)
				_, err := saml.Verify(message, apply(idp.Expect(), attack.Expect, attack.ForgeExpect), idp.Now)
				refusal, ok := errors.AsType[*saml.Refusal](err)
				if !ok || refusal.Rule != attack.Rule {
					t.Fatalf("Verify() = %v, want a refusal by rule %v", err, attack.Rule)
				}
				if attack.Behind != "" && !slices.ContainsFunc(refusal.Checks, func(c saml.Check) bool { return c.Rule == attack.Behind && c.Verdict == saml.Fail }) {
					t.Errorf("%v is not reported to have failed", attack.Behind)
				}
				for _, check := range refusal.Checks {
					if attack.Alone && check.Verdict == saml.Fail && check.Rule != attack.Rule {
						t.Errorf("also refused by %v (%s): want %s, got %s", check.Rule, check.About, check.Want, check.Got)
					}
				}

				twin := attack.Twin
				if twin == nil {
					twin = func(*samltest.Response) {}
				}
				accepted := idp.Respond(on(base), twin)
				a, err := saml.Verify(accepted, apply(idp.Expect(), attack.Expect, attack.TwinExpect), idp.Now)
				if err != nil {
					t.Fatalf("twin: %v", err)
				}
				if a.Issuer != idp.EntityID || a.NameID.Value == samltest.EvilNameID {
					t.Errorf("twin: got %+v", a)
				}
			})
		}
	}
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
			t.Fatalf("%s: %v", attack.Name, err)
		}
		if got := names(refusal.Checks); !slices.Equal(got, want) {
			t.Errorf("%s: got checks %q, want %q", attack.Name, got, want)
		}
		first := slices.IndexFunc(refusal.Checks, func(c saml.Check) bool { return c.Verdict == saml.Fail })
		if refusal.Checks[first].Rule != refusal.Rule {
			t.Errorf("%s: refused by %v, but the first failure is %v", attack.Name, refusal.Rule, refusal.Checks[first])
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
