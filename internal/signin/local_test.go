package signin_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
)

// passwordSession signs somebody in by password and returns the session.
func (w *world) passwordSession(typed string) secret.Token {
	w.Helper()
	a, err := w.Identify(w.Context(), w.browser, "", typed, sso.ByPassword)
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.Password(w.Context(), w.browser, a.ID, "correct horse"); err != nil {
		w.Fatalf("Password() of %s = %v", typed, err)
	}
	done, err := w.Finish(w.Context(), w.browser, a.ID, signin.AskFirst)
	if err != nil {
		w.Fatal(err)
	}
	return done.Token
}

func TestAddressLeadsToItsWay(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for typed, want := range map[string]sso.Step{
			"alice@acme.example":      sso.StepSSO,
			"ALICE@Acme.Example":      sso.StepSSO,
			"nobody@acme.example":     sso.StepSSO, // whether somebody exists cannot be told
			"emma@acme.example":       sso.StepSSO, // a sub-organization uses its ancestor's connection
			"a@initech.example":       sso.StepChoose,
			"paul@plain.example":      sso.StepPassword,
			"a@claimed.example":       sso.StepPassword, // an unverified domain routes nobody
			"nobody@unknown.example":  sso.StepPassword,
			"a@sub.acme.example":      sso.StepPassword, // a parent domain does not grab what is below
			"paul":                    sso.StepPassword,
			"a@acme.example.evil.com": sso.StepPassword,
		} {
			w.identify(typed, want)
		}
		for bad, code := range map[string]string{"": "ident_name", "a b": "ident_name", "a@": "ident_email", "@acme.example": "ident_email", "a@b@acme.example": "ident_email"} {
			if _, err := w.Identify(t.Context(), w.browser, "", bad, ""); !fault.Is(err, code) {
				t.Errorf("Identify(%q) = %v, want %s", bad, err, code)
			}
		}
	})
}

func TestHintAndSignOnURLLeadThere(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for start, want := range map[signin.Start]sso.Step{
			{LoginHint: "alice@acme.example"}: sso.StepSSO,
			{LoginHint: "paul@plain.example"}: sso.StepPassword,
			{LoginHint: "not an address"}:     sso.StepIdentify,
			{}:                                sso.StepIdentify,
			{OrgKey: "acme"}:                  sso.StepSSO,
			{OrgKey: "acme-emea"}:             sso.StepSSO,
			{OrgKey: "initech"}:               sso.StepChoose,
			{OrgKey: "plain"}:                 sso.StepIdentify,
			{OrgKey: "plain", LoginHint: "paul@plain.example"}: sso.StepPassword,
		} {
			a, err := w.Begin(t.Context(), w.browser, start)
			if err != nil || a.Next() != want {
				t.Errorf("Begin(%+v) leads to %s, %v, want %s", start, a.Next(), err, want)
			}
		}
		if _, err := w.Begin(t.Context(), w.browser, signin.Start{OrgKey: "nobody"}); !fault.Is(err, "organization_unknown") {
			t.Errorf("Begin() for an unknown organization = %v", err)
		}
	})
}

func TestOnlyWhatIsOfferedCanBeChosen(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		a := w.identify("a@initech.example", sso.StepChoose)
		choices, err := w.Choices(t.Context(), a)
		if err != nil || len(choices) != 2 || choices[0].Name != "Alpha" || choices[1].Name != "Beta" {
			t.Fatalf("Choices() = %v, %v, want Alpha and Beta", choices, err)
		}
		acme := w.identify("alice@acme.example", sso.StepSSO)
		for _, choice := range []string{"", "con_nothing", string(acme.Connection)} {
			if _, err := w.Choose(t.Context(), w.browser, a.ID, choice); !fault.Is(err, "choice_unknown") {
				t.Errorf("Choose(%q) = %v, want choice_unknown", choice, err)
			}
		}
		if _, err := w.Choose(t.Context(), newBrowser(), a.ID, choices[0].ID); !fault.Is(err, "bind_cookie") {
			t.Errorf("Choose() by another browser = %v", err)
		}
		a, err = w.Choose(t.Context(), w.browser, a.ID, choices[1].ID)
		if err != nil || a.Next() != sso.StepSSO || string(a.Connection) != choices[1].ID {
			t.Fatalf("Choose() leads to %s, %v", a.Next(), err)
		}
	})
}

func TestPasswordSignsIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for typed, user := range map[string]string{
			"paul@plain.example":   "paul",
			"PAUL@plain.example":   "paul",
			"Paul":                 "paul",
			"root@outside.example": "owner",
			"bob@acme.example":     "bob", // SSO is optional at acme
		} {
			p, err := w.Person(t.Context(), w.passwordSession(typed))
			if err != nil || p.User.Username != user || p.Session.Connection != "" || len(p.Session.AMR) != 1 || p.Session.AMR[0] != "pwd" {
				t.Errorf("%s: signed in %q with %+v, %v, want %s", typed, p.User.Username, p.Session, err, user)
			}
		}
	})
}

func TestPasswordRefusesAlike(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for typed, guess := range map[string]string{
			"paul@plain.example":     "wrong horse",
			"nobody@plain.example":   "correct horse",
			"emma@nowhere.example":   "correct horse",
			"nobody-of-that-name":    "correct horse",
			"paul@plain.example.com": "correct horse",
		} {
			a, err := w.Identify(t.Context(), w.browser, "", typed, sso.ByPassword)
			if err != nil || a.Next() != sso.StepPassword {
				t.Fatalf("Identify(%q) leads to %s, %v", typed, a.Next(), err)
			}
			if _, err := w.Password(t.Context(), w.browser, a.ID, guess); !fault.Is(err, "password_wrong") {
				t.Errorf("%s: Password() = %v, want password_wrong", typed, err)
			}
			if _, err := w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst); !fault.Is(err, "attempt_step") {
				t.Errorf("%s: Finish() = %v, want attempt_step", typed, err)
			}
		}
		// Where single sign-on is required, the wish for a password leads there.
		a, err := w.Identify(t.Context(), w.browser, "", "carol@globex.example", sso.ByPassword)
		if err != nil || a.Next() != sso.StepSSO {
			t.Errorf("carol, by password: %s, %v, want sso", a.Next(), err)
		}
		// By username nothing is known before the password was right.
		b, err := w.Identify(t.Context(), w.browser, "", "carol", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Password(t.Context(), w.browser, b.ID, "correct horse"); err != nil {
			t.Fatal(err)
		}
		_, err = w.Finish(t.Context(), w.browser, b.ID, signin.AskFirst)
		w.mustRefuse(err, "policy_sso_required")
	})
}

func TestPolicyIsAskedAtTheEnd(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for policy, code := range map[string]string{
			"{mfa: off, ip_allow: []}":                "",
			"{mfa: required, ip_allow: []}":           "attempt_step", // to add a second factor first
			"{mfa: off, ip_allow: [198.51.100.0/24]}": "policy_address",
			"{mfa: off, ip_allow: [192.0.2.0/24]}":    "",
		} {
			w.apply(`organizations: [{key: plain, policy: ` + policy + `}]`)
			a, err := w.Identify(t.Context(), w.browser, "", "paul", "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Password(t.Context(), w.browser, a.ID, "correct horse"); err != nil {
				t.Fatal(err)
			}
			_, err = w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst)
			if code == "" && err != nil {
				t.Errorf("%s: Finish() = %v", policy, err)
			}
			if code != "" {
				w.mustRefuse(err, code)
			}
		}
	})
}

func TestGuessesRunOutForOneNetworkOnly(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		guess := func(password string) error {
			a, err := w.Identify(t.Context(), w.browser, "", "paul@plain.example", "")
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Password(t.Context(), w.browser, a.ID, password)
			return err
		}
		for i := range 10 {
			if err := guess("wrong"); !fault.Is(err, "password_wrong") {
				t.Fatalf("guess %d: %v", i, err)
			}
		}
		if err := guess("correct horse"); !fault.Is(err, "try_later") {
			t.Fatalf("the eleventh guess: %v, want try_later", err)
		}
		w.browser.Address = netip.MustParseAddr("2001:db8::1")
		if err := guess("correct horse"); err != nil {
			t.Fatalf("from elsewhere: %v", err)
		}
		w.browser.Address = netip.MustParseAddr("192.0.2.200") // the same network as before
		if err := guess("correct horse"); !fault.Is(err, "try_later") {
			t.Fatalf("from a neighbour: %v, want try_later", err)
		}
		w.now = w.now.Add(31e9)
		if err := guess("correct horse"); err != nil {
			t.Fatalf("later: %v", err)
		}
	})
}

// What browsers call themselves is cut short, and never within a character.
func TestALongUserAgentIsCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for n := 295; n <= 300; n++ {
			w.browser = newBrowser()
			w.browser.UserAgent = strings.Repeat("x", n) + strings.Repeat("€", 40)
			p, err := w.Person(t.Context(), w.passwordSession("paul@plain.example"))
			if err != nil || !utf8.ValidString(p.Session.UserAgent) || !strings.HasPrefix(w.browser.UserAgent, p.Session.UserAgent) || len(p.Session.UserAgent) < 290 {
				t.Errorf("cut after %d: %q, %v", n, p.Session.UserAgent, err)
			}
		}
	})
}

// An organization that puts somebody else's address on a user of its own does
// not stand in the way of the person whose it is.
func TestForeignNamesakeDoesNotMatter(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(strings.ReplaceAll(`organizations: [{key: plain, users: [{username: bob2, email: bob@acme.example, password_hash: "HASH"}]}]`, "HASH", w.hash))
		p, err := w.Person(t.Context(), w.passwordSession("bob@acme.example"))
		if err != nil || p.User.Username != "bob" || p.Org.Key != "acme" {
			t.Fatalf("signed in %q of %s, %v, want bob of acme", p.User.Username, p.Org.Key, err)
		}
	})
}

// A customer can give its people any username, and any address whose domain
// nobody has proved. Nobody is locked out by that: each password opens the one
// account whose it is.
func TestANamesakeElsewhereLocksNobodyOut(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for i, org := range []string{"globex", "initech"} {
			w.now = w.now.Add(time.Second)
			w.apply(strings.ReplaceAll(`organizations: [{key: `+org+`, policy: {sso: optional}, users: [{username: paul, email: paul@plain.example, password_hash: "HASH"}]}]`, "HASH", w.hashOf("planted "+org)))
			for _, name := range []string{"paul", "paul@plain.example"} {
				for range 10 { // and not only as often as the account of the other may be guessed at
					p, err := w.Person(t.Context(), w.passwordSession(name))
					if err != nil || p.Org.Key != "plain" {
						t.Fatalf("%s with %d namesakes: signed in to %q, %v, want plain", name, i+1, p.Org.Key, err)
					}
				}
				a, err := w.Identify(t.Context(), w.browser, "", name, sso.ByPassword)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Password(t.Context(), w.browser, a.ID, "wrong"); !fault.Is(err, "password_wrong") {
					t.Errorf("%s by a wrong password: %v, want password_wrong", name, err)
				}
				if a, err = w.Password(t.Context(), w.browser, a.ID, "planted "+org); err != nil || string(a.Proof.Org) == "" {
					t.Fatalf("the namesake at %s: %+v, %v", org, a.Proof, err)
				}
				done, err := w.Finish(t.Context(), w.browser, a.ID, signin.Switch)
				if err != nil {
					t.Fatal(err)
				}
				if p, err := w.Person(t.Context(), done.Token); err != nil || p.Org.Key != org {
					t.Errorf("the namesake is signed in to %q, %v, want %s", p.Org.Key, err, org)
				}
			}
		}
	})
}

// Who mistypes and then gets it right begins anew with what may be guessed,
// whether there are namesakes or not.
func TestARightPasswordGivesTheGuessesBack(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for range 3 {
			for range 9 {
				a := w.identify("paul@plain.example", sso.StepPassword)
				if _, err := w.Password(t.Context(), w.browser, a.ID, "wrong"); !fault.Is(err, "password_wrong") {
					t.Fatal(err)
				}
			}
			w.passwordSession("paul@plain.example")
		}
	})
}

// Two names of one user cannot be told from two names of nobody.
func TestThrottleDoesNotTellNamesakes(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		guess := func(name, password string) error {
			a, err := w.Identify(t.Context(), w.browser, "", name, sso.ByPassword)
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Password(t.Context(), w.browser, a.ID, password)
			return err
		}
		for _, name := range []string{"paul", "nobody"} {
			for range 10 {
				if err := guess(name, "wrong"); !fault.Is(err, "password_wrong") {
					t.Fatalf("%s: %v", name, err)
				}
			}
			if err := guess(name, "wrong"); !fault.Is(err, "try_later") {
				t.Errorf("%s: %v, want try_later", name, err)
			}
			// The other name is answered as any name is, and its guesses are spent.
			if err := guess(name+"@plain.example", "correct horse"); !fault.Is(err, "password_wrong") {
				t.Errorf("the address of %s: %v, want password_wrong", name, err)
			}
		}
	})
}
