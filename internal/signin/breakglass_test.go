package signin_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// glass gives an organization break-glass codes.
func (w *world) glass(key string, n int) []string {
	w.Helper()
	var codes []string
	var hashes []secret.Hash
	for range n {
		code := otp.NewRecoveryCode()
		hash, err := otp.BreakGlassHash(code)
		if err != nil {
			w.Fatal(err)
		}
		codes, hashes = append(codes, code), append(hashes, hash)
	}
	w.changes(func(tx *store.Writer) error {
		o, err := tx.OrganizationByKey(w.Context(), key)
		if err != nil {
			return err
		}
		return tx.Org(o.ID).ReplaceBreakGlassCodes(w.Context(), hashes, w.now)
	})
	return codes
}

// locked has Acme's people come by single sign-on alone, with an owner of its
// own domain beside Bob.
const locked = `
organizations:
  - key: acme
    policy: {sso: required}
    users: [{username: olga, email: olga@acme.example, role: owner, password_hash: "HASH"}]
`

func (w *world) breakIn(b signin.Browser, address, code string) (signin.Finished, error) {
	a, err := w.BreakGlass(w.Context(), b, "", address, code)
	if err != nil {
		return signin.Finished{}, err
	}
	return w.Finish(w.Context(), b, a.ID, signin.AskFirst)
}

func TestAnOwnerBreaksTheGlass(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(strings.ReplaceAll(locked, "HASH", w.hash))
		codes, others := w.glass("acme", 5), w.glass("globex", 1)
		a, err := w.Identify(t.Context(), w.browser, "", "olga@acme.example", sso.ByPassword)
		if err != nil || a.Next() != sso.StepSSO {
			t.Fatalf("her password leads to %s, %v", a.Next(), err)
		}
		for who, tc := range map[string]struct{ address, code string }{
			"somebody who is no owner":         {"bob@acme.example", codes[0]},
			"nobody":                           {"nobody@acme.example", codes[0]},
			"an owner with another's code":     {"olga@acme.example", others[0]},
			"an owner with a code of nobody's": {"olga@acme.example", otp.NewRecoveryCode()},
			"an owner without a code":          {"olga@acme.example", ""},
		} {
			if _, err := w.BreakGlass(t.Context(), w.browser, "", tc.address, tc.code); !fault.Is(err, "break_glass_wrong") {
				t.Errorf("%s: %v", who, err)
			}
		}
		if _, err := w.BreakGlass(t.Context(), w.browser, "", "olga", codes[0]); !fault.Is(err, "ident_email") {
			t.Errorf("a username: %v", err)
		}
		done, err := w.breakIn(w.browser, " Olga@ACME.example ", strings.ToLower(strings.ReplaceAll(codes[0], "-", " ")))
		if err != nil || !done.Session.BreakGlass() || done.Session.Connection != "" {
			t.Fatalf("her code: %+v, %v", done.Session, err)
		}
		if p, err := w.Person(t.Context(), done.Token); err != nil || p.Membership.Role != sso.RoleOwner {
			t.Errorf("the session is %s's, %v", p.User.Username, err)
		}
		if _, err := w.breakIn(newBrowser(), "olga@acme.example", codes[0]); !fault.Is(err, "break_glass_wrong") {
			t.Errorf("the same code again: %v", err)
		}

		// It is written down, and every owner reads of it.
		var told []string
		w.changes(func(tx *store.Writer) error {
			told = nil
			o, err := tx.OrganizationByKey(t.Context(), "acme")
			if err != nil {
				return err
			}
			events, err := tx.Org(o.ID).Events(t.Context(), 100)
			used := slices.DeleteFunc(events, func(e sso.Event) bool { return e.Action != "break_glass.used" })
			if err != nil || len(used) != 1 || used[0].Address != "192.0.2.7" {
				t.Errorf("the audit list says %+v, %v", used, err)
			}
			mails, err := tx.Messages(t.Context(), store.MessageWaiting, store.MessageCursor{}, 100)
			for _, m := range mails {
				if m.Kind == "break_glass_used" {
					told = append(told, m.To)
				}
			}
			return err
		})
		slices.Sort(told)
		if !slices.Equal(told, []string{"olga@acme.example", "root@outside.example"}) {
			t.Errorf("those are told: %v", told)
		}
	})
}

func TestOneOfManyUsesACode(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(strings.ReplaceAll(locked, "HASH", w.hash))
		code := w.glass("acme", 1)[0]
		results := make(chan error, 6)
		var wait sync.WaitGroup
		for range cap(results) {
			wait.Go(func() {
				_, err := w.BreakGlass(t.Context(), newBrowser(), "", "olga@acme.example", code)
				results <- err
			})
		}
		wait.Wait()
		close(results)
		in := 0
		for err := range results {
			if err == nil {
				in++
			} else if !fault.Is(err, "break_glass_wrong") {
				t.Error(err)
			}
		}
		if in != 1 {
			t.Errorf("%d came in by one code", in)
		}
	})
}

func TestACodeStandsForTheFirstFactorAlone(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(strings.ReplaceAll(locked, "HASH", w.hash))
		codes := w.glass("acme", 2)
		key := w.has("olga")
		a, err := w.BreakGlass(t.Context(), w.browser, "", "olga@acme.example", codes[0])
		if err != nil || a.Next() != sso.StepFactor {
			t.Fatalf("it leads to %s, %v", a.Next(), err)
		}
		if _, err := w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst); !fault.Is(err, "attempt_step") {
			t.Errorf("without the second factor: %v", err)
		}
		if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: w.code(key)}); err != nil {
			t.Fatal(err)
		}
		done := w.mustFinish(a)
		if want := []string{"break_glass", "otp", "mfa"}; !slices.Equal(done.Session.AMR, want) {
			t.Errorf("the session says %v, want %v", done.Session.AMR, want)
		}
	})
}

// What is demanded above is not the sub-organization's to open.
func TestACodeOpensNothingAbove(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		const below = `
organizations:
  - key: acme
    policy: {sso: ABOVE}
  - key: acme-emea
    parent: acme
    policy: {sso: required}
    users: [{username: erik, email: erik@elsewhere.example, role: owner}, {username: eva, email: eva@acme.example, role: owner}]
`
		w.apply(strings.ReplaceAll(below, "ABOVE", "optional"))
		codes := w.glass("acme-emea", 3)
		if _, err := w.breakIn(w.browser, "eva@acme.example", codes[0]); err != nil {
			t.Errorf("where nothing is demanded above: %v", err)
		}
		w.apply(strings.ReplaceAll(below, "ABOVE", "required"))
		if _, err := w.breakIn(newBrowser(), "eva@acme.example", codes[1]); !fault.Is(err, "policy_sso_required") {
			t.Errorf("where it is: %v", err)
		}
		if _, err := w.breakIn(newBrowser(), "erik@elsewhere.example", codes[2]); err != nil {
			t.Errorf("an owner outside, whom it does not mean: %v", err)
		}
	})
}

// Whoever is in by a code can prove themselves anew by their password, and the
// session stays one that began by a code.
func TestABrokenGlassSessionIsConfirmed(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(strings.ReplaceAll(locked, "HASH", w.hash))
		done, err := w.breakIn(w.browser, "olga@acme.example", w.glass("acme", 1)[0])
		if err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Hour)
		b := w.browser
		b.Session = done.Token
		a, err := w.Confirm(t.Context(), b, "/console")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Password(t.Context(), b, a.ID, "correct horse"); err != nil {
			t.Fatal(err)
		}
		again, err := w.Finish(t.Context(), b, a.ID, signin.AskFirst)
		if err != nil || !again.Session.BreakGlass() || !again.Session.Fresh(w.now) {
			t.Fatalf("confirmed: %+v, %v", again.Session, err)
		}
		if _, err := w.Person(t.Context(), again.Token); err != nil {
			t.Errorf("it goes on: %v", err)
		}
	})
}

// A password that was typed before single sign-on was demanded opens nothing
// after.
func TestASignInThatBeganBeforeIsJudgedAtItsEnd(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		before, late := w.proven("bob", sso.StepFinish), w.proven("bob", sso.StepFinish)
		if _, err := w.Finish(t.Context(), w.browser, before.ID, signin.AskFirst); err != nil {
			t.Fatalf("while it is optional: %v", err)
		}
		w.apply(strings.ReplaceAll(locked, "HASH", w.hash))
		if _, err := w.Finish(t.Context(), w.browser, late.ID, signin.AskFirst); !fault.Is(err, "policy_sso_required") {
			t.Errorf("once it is demanded: %v", err)
		}
	})
}

func TestWhoComesInPastItIsNotedWhereTheWayStays(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		codes := w.glass("acme", 1)
		w.passwordSession("bob")   // an administrator, for whom the way will close
		w.passwordSession("owner") // outside
		if _, err := w.breakIn(newBrowser(), "root@outside.example", codes[0]); err != nil {
			t.Fatal(err)
		}
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta"); err != nil {
			t.Fatal(err)
		}
		var came []sso.Beside
		w.changes(func(tx *store.Writer) error {
			o, err := tx.OrganizationByKey(t.Context(), "acme")
			if err != nil {
				return err
			}
			came, err = tx.Org(o.ID).Beside(t.Context(), 9)
			return err
		})
		var methods []string
		for _, b := range came {
			methods = append(methods, b.Email.String()+" "+string(b.Method))
		}
		slices.Sort(methods)
		if !slices.Equal(methods, []string{"root@outside.example break_glass", "root@outside.example password"}) {
			t.Errorf("those are noted: %v", methods)
		}
	})
}

// A wrong code leaves a trace where whoever is attacked looks for it, and says to
// whoever is refused nothing of that.
func TestAWrongBreakGlassCodeLeavesATrace(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(strings.ReplaceAll(locked, "HASH", w.hash))
		w.glass("acme", 1)
		try := func(address string) sso.Trace {
			t.Helper()
			_, err := w.BreakGlass(t.Context(), w.browser, "", address, otp.NewRecoveryCode())
			w.mustRefuse(err, "break_glass_wrong")
			return w.traced(err)
		}
		olga, nobody := try("olga@acme.example"), try("nobody@acme.example")
		if olga.User == "" || olga.Org == "" || olga.Method != sso.ByBreakGlass || olga.Who != "olga@acme.example" || len(olga.Hops) != 1 || olga.Hops[0].Step != sso.HopGlass {
			t.Errorf("the trace of an owner: %+v", olga)
		}
		if nobody.User != "" || nobody.Org != "" || nobody.Who != "nobody@acme.example" {
			t.Errorf("the trace of nobody: %+v", nobody)
		}
		elsewhere, err := w.Begin(t.Context(), w.browser, signin.Start{OrgKey: "plain"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.BreakGlass(t.Context(), w.browser, elsewhere.ID, "olga@acme.example", otp.NewRecoveryCode())
		if at := w.traced(err); at.User != "" || at.Org != elsewhere.Org {
			t.Errorf("at another organization it tells that she has an account: %+v", at)
		}
		f, err := w.breakIn(w.browser, "olga@acme.example", w.glass("acme", 1)[0])
		if err != nil {
			t.Fatal(err)
		}
		err = w.DB.Read(t.Context(), func(r *store.Reader) error {
			all, err := r.Org(f.Session.Org).Traces(t.Context(), 10)
			all = slices.DeleteFunc(all, func(t sso.Trace) bool { return t.Code != "" })
			if err == nil && (len(all) != 1 || all[0].Method != sso.ByBreakGlass || !slices.Equal(steps(&all[0]), []sso.HopStep{sso.HopBegin, sso.HopGlass, sso.HopFinish})) {
				t.Errorf("the trace of a right code: %+v", all)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
