package signin_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// orgOf returns the organization with this key.
func (w *world) orgOf(key string) sso.OrgID {
	w.Helper()
	var o sso.Organization
	err := w.DB.Read(w.Context(), func(r *store.Reader) error {
		var err error
		o, err = r.OrganizationByKey(w.Context(), key)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return o.ID
}

// joins makes somebody a member of further organizations.
func (w *world) joins(username string, keys ...string) {
	w.Helper()
	u := w.someone(username)
	for _, key := range keys {
		org := w.orgOf(key)
		w.changes(func(tx *store.Writer) error {
			return tx.Org(org).SaveMembership(w.Context(), sso.Membership{Org: org, User: u.ID, Role: sso.RoleMember, CreatedAt: w.now, UpdatedAt: w.now})
		})
	}
}

// begins has an app begin a sign-in in the world's browser.
func (w *world) begins(start signin.Start) sso.Attempt {
	w.Helper()
	start.App, start.Request = "app_1", "client_id=portal"
	a, err := w.Begin(w.Context(), w.browser, start)
	if err != nil {
		w.Fatalf("Begin() = %v", err)
	}
	return a
}

// offered returns the keys of the organizations among which an attempt lets
// choose.
func (w *world) offered(a sso.Attempt) []string {
	w.Helper()
	where, err := w.Whereabouts(w.Context(), a)
	if err != nil {
		w.Fatalf("Whereabouts() = %v", err)
	}
	var keys []string
	for _, o := range where.Orgs {
		keys = append(keys, o.Key)
	}
	return keys
}

func (w *world) chooses(a sso.Attempt, key string) sso.Attempt {
	w.Helper()
	a, err := w.Choose(w.Context(), w.browser, a.ID, string(w.orgOf(key)))
	if err != nil {
		w.Fatalf("Choose(%s) = %v", key, err)
	}
	return a
}

func TestWhoIsInSeveralOrganizationsChooses(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.joins("paul", "acme", "initech")
		a := w.proven("paul", sso.StepOrg)
		if got := w.offered(a); !slices.Equal(got, []string{"acme", "initech", "plain"}) {
			t.Errorf("who was never there may choose among %v", got)
		}
		if _, err := w.Choose(t.Context(), w.browser, a.ID, string(w.orgOf("globex"))); !fault.Is(err, "choice_unknown") {
			t.Errorf("an organization of somebody else's: %v", err)
		}
		a = w.chooses(a, "initech")
		if done := w.mustFinish(a); done.Session.Org != w.orgOf("initech") {
			t.Errorf("the session is in %s", done.Session.Org)
		}
		w.browser = newBrowser()
		a = w.proven("paul", sso.StepOrg)
		if got := w.offered(a); !slices.Equal(got, []string{"initech", "acme", "plain"}) {
			t.Errorf("the one used last does not come first: %v", got)
		}
	})
}

// The sign-in is held to the organization that an app asks for.
func TestAnAppAsksForAnOrganization(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.joins("paul", "acme")
		password := func(org, typed string) (signin.Finished, error) {
			a := w.begins(signin.Start{Org: w.orgOf(org)})
			if _, err := w.Identify(t.Context(), w.browser, a.ID, typed, sso.ByPassword); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Password(t.Context(), w.browser, a.ID, "correct horse"); err != nil {
				return signin.Finished{}, err
			}
			return w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst)
		}
		for _, org := range []string{"acme", "plain"} {
			if done, err := password(org, "paul@plain.example"); err != nil || done.Session.Org != w.orgOf(org) {
				t.Errorf("in %s: %+v, %v", org, done.Session, err)
			}
		}
		if _, err := password("initech", "paul@plain.example"); !fault.Is(err, "password_wrong") {
			t.Errorf("where they are no member: %v", err)
		}

		sso1 := func(org string) error {
			a := w.begins(signin.Start{Org: w.orgOf(org), LoginHint: "alice@acme.example"})
			f := w.depart(a, "acme-okta")
			if err := w.respond(f, w.answer(f, about("alice@acme.example"))); err != nil {
				return err
			}
			_, err := w.finish(a.ID)
			return err
		}
		if err := sso1("acme"); err != nil {
			t.Errorf("through the connection of that organization: %v", err)
		}
		w.mustRefuse(sso1("acme-emea"), "membership_missing")
	})
}

// Nowhere is like an organization whose member somebody is not: whoever they say
// they are, by the pages they cannot tell which of the two it is.
func TestASignInNowhereGoesLikeOneAtAStrangersOrganization(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(`organizations: [{key: shop, name: Shop, users: [{username: sue, email: sue@shop.example, password_hash: "` + w.hash + `"}]}]`)
		types := func(org sso.OrgID, typed string) (sso.Attempt, error) {
			t.Helper()
			w.browser = newBrowser()
			a := w.begins(signin.Start{Org: org})
			if a.Next() != sso.StepIdentify {
				t.Fatalf("%s begins with %s", org, a.Next())
			}
			a, err := w.Identify(t.Context(), w.browser, a.ID, typed, "")
			if err != nil {
				t.Fatal(err)
			}
			if a.Next() != sso.StepPassword {
				t.Fatalf("%s: %q leads to %s by %s", org, typed, a.Next(), a.Connection)
			}
			return w.Password(t.Context(), w.browser, a.ID, "correct horse")
		}
		for _, org := range []sso.OrgID{sso.Nowhere, w.orgOf("shop"), "org_deleted_meanwhile"} {
			for _, typed := range []string{"paul", "paul@plain.example", "alice@acme.example", "carol@globex.example", "nobody@shop.example", "nobody"} {
				if _, err := types(org, typed); !fault.Is(err, "password_wrong") {
					t.Errorf("%s: %q gets %v, want password_wrong", org, typed, err)
				}
			}
		}
		if a, err := types(w.orgOf("shop"), "sue@shop.example"); err != nil || a.Next() != sso.StepFinish {
			t.Errorf("twin: its member gets %s, %v", a.Next(), err)
		}
		// A passkey says who somebody is without a name: neither one lets them in.
		key := w.key("paul")
		for _, org := range []sso.OrgID{sso.Nowhere, w.orgOf("shop"), w.orgOf("plain")} {
			w.browser = newBrowser()
			a := w.begins(signin.Start{Org: org})
			options, err := w.AskPasskey(w.browser)
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Passkey(t.Context(), w.browser, a.ID, key.Get(options, baseURL))
			if member := org == w.orgOf("plain"); member && err != nil || !member && !fault.Is(err, "membership_missing") {
				t.Errorf("%s: by a passkey: %v", org, err)
			}
		}
	})
}

func TestWhoIsSignedInGoesOnInAnotherOrganization(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.joins("paul", "acme", "initech")
		first := w.mustFinish(w.chooses(w.proven("paul", sso.StepOrg), "plain"))
		w.browser.Session = first.Token
		w.now = w.now.Add(time.Hour)

		a := w.begins(signin.Start{Offer: true, Org: w.orgOf("acme")})
		if got := w.offered(a); a.Next() != sso.StepOrg || !slices.Equal(got, []string{"acme"}) {
			t.Fatalf("the app's choice leads to %s with %v", a.Next(), got)
		}
		done := w.mustFinish(w.chooses(a, "acme"))
		s := done.Session
		if s.Org != w.orgOf("acme") || s.ID == first.Session.ID || !s.AuthTime.Equal(first.Session.AuthTime) || s.ExpiresAt.After(first.Session.ExpiresAt) || !slices.Equal(s.AMR, first.Session.AMR) {
			t.Errorf("the session there is %+v, of %+v", s, first.Session)
		}
		if done.Request != "client_id=portal" || w.lives(first.Token) {
			t.Errorf("the app's request is %q; the session before lives: %v", done.Request, w.lives(first.Token))
		}

		w.browser.Session = done.Token
		a = w.begins(signin.Start{Offer: true})
		if got := w.offered(a); !slices.Equal(got, []string{"acme", "plain", "initech"}) {
			t.Errorf("who is asked may go on in %v", got)
		}
		same := w.mustFinish(w.chooses(a, "acme"))
		if same.Session.ID != s.ID || !same.Session.AuthTime.Equal(s.AuthTime) || same.Request != "client_id=portal" || w.lives(done.Token) || !w.lives(same.Token) {
			t.Errorf("in the same organization the session does not go on: %+v", same)
		}
	})
}

// A proof that made a session is worth what the session is, in the browser that
// has it, and the chosen organization judges it as one at its door.
func TestGoingOnIsJudgedAtTheDoor(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(`organizations:
  - {key: plain, domains: [{name: plain.example, vouched: true}]}
  - {key: locked, name: Locked, policy: {sso: required}, entitlements: [sso], connections: [{key: locked-idp, state: active, metadata: METADATA}]}
  - {key: inside, name: Inside, policy: {ip_allow: [198.51.100.0/24]}}
  - {key: strict, name: Strict, policy: {mfa: required}}
  - {key: off, name: Off, state: suspended}
`)
		w.joins("paul", "locked", "inside", "strict", "off", "acme")
		signedIn := func() signin.Finished {
			w.browser = newBrowser()
			done := w.mustFinish(w.chooses(w.proven("paul", sso.StepOrg), "plain"))
			w.browser.Session = done.Token
			return done
		}
		onward := func(key string) sso.Attempt {
			signedIn()
			return w.chooses(w.begins(signin.Start{Offer: true}), key)
		}
		signedIn()
		if got := w.offered(w.begins(signin.Start{Offer: true})); slices.Contains(got, "off") || len(got) != 5 {
			t.Errorf("offered are %v, a suspended one among them", got)
		}
		if a := onward("locked"); a.Next() != sso.StepSSO || a.Proof.User != "" {
			t.Errorf("where single sign-on is demanded it goes on with %s", a.Next())
		}
		signedIn()
		if a := w.begins(signin.Start{Offer: true, Org: w.orgOf("locked")}); a.Next() != sso.StepSSO {
			t.Errorf("where an app asks for that one, it goes on with %s", a.Next())
		}
		if a := onward("strict"); a.Next() != sso.StepEnrol {
			t.Errorf("where a second factor is demanded it goes on with %s", a.Next())
		}
		_, err := w.finish(onward("inside").ID)
		w.mustRefuse(err, "policy_address")

		done := signedIn()
		a := w.chooses(w.begins(signin.Start{Offer: true}), "acme")
		if _, err := w.SignOut(t.Context(), done.Token, ""); err != nil {
			t.Fatal(err)
		}
		_, err = w.finish(a.ID)
		w.mustRefuse(err, "session_over")

		signedIn()
		a = w.begins(signin.Start{Offer: true})
		thief := w.browser
		thief.Session = secret.Token{}
		if _, err := w.Choose(t.Context(), thief, a.ID, string(w.orgOf("acme"))); !fault.Is(err, "session_over") {
			t.Errorf("without the session: %v", err)
		}
		thief = newBrowser()
		thief.Session = w.browser.Session
		if _, err := w.Choose(t.Context(), thief, a.ID, string(w.orgOf("acme"))); !fault.Is(err, "bind_cookie") {
			t.Errorf("in another browser: %v", err)
		}
	})
}

func TestGoingOnIsNotOfferedToEverybody(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.joins("paul", "acme")
		done := w.mustFinish(w.chooses(w.proven("paul", sso.StepOrg), "plain"))
		w.browser.Session = done.Token
		for name, start := range map[string]signin.Start{
			"who must prove themselves anew":              {Offer: true, Fresh: true},
			"where nobody asks":                           {Org: w.orgOf("acme")},
			"where the app hints at somebody else":        {Offer: true, LoginHint: "bob@plain.example"},
			"in an organization of which they are not of": {Offer: true, Org: w.orgOf("initech")},
		} {
			if a := w.begins(start); a.Proof.User != "" || a.Next() == sso.StepOrg {
				t.Errorf("%s: it goes on with %s", name, a.Next())
			}
		}
		if a := w.begins(signin.Start{Offer: true, LoginHint: "Paul@Plain.example"}); a.Next() != sso.StepOrg {
			t.Errorf("twin: it goes on with %s", a.Next())
		}
		a := w.begins(signin.Start{Offer: true})
		if a, err := w.Identify(t.Context(), w.browser, a.ID, "exempt@globex.example", sso.ByPassword); err != nil || a.Next() != sso.StepPassword || a.Proof.User != "" {
			t.Errorf("somebody else: %s, %v", a.Next(), err)
		}

		// What an identity provider has said, it has said to one tree.
		w.browser = newBrowser()
		alice, err := w.signInBySSO("alice@acme.example", "acme-okta")
		if err != nil {
			t.Fatal(err)
		}
		w.changes(func(tx *store.Writer) error {
			for _, key := range []string{"acme-emea", "plain"} {
				o, err := tx.OrganizationByKey(t.Context(), key)
				if err != nil {
					return err
				}
				if err := tx.Org(o.ID).SaveMembership(t.Context(), sso.Membership{Org: o.ID, User: alice.User.ID, Role: sso.RoleMember, CreatedAt: w.now, UpdatedAt: w.now}); err != nil {
					return err
				}
			}
			return nil
		})
		w.browser.Session = w.session("alice@acme.example", "acme-okta", "1")
		if got := w.offered(w.begins(signin.Start{Offer: true})); !slices.Equal(got, []string{"acme", "acme-emea"}) {
			t.Errorf("who came through Acme's connection may go on in %v", got)
		}
	})
}

// What an app would not let in is not offered on the way to it.
func TestOnlyOrganizationsThatTheAppLetsInAreOffered(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.joins("paul", "acme", "acme-emea", "initech")
		for name, tc := range map[string]struct {
			restrict func(app *sso.App)
			want     []string
		}{
			"all":                    {func(*sso.App) {}, []string{"acme-emea", "acme", "initech", "plain"}},
			"of one tree":            {func(app *sso.App) { app.AllowedOrgs = []sso.OrgID{w.orgOf("acme")} }, []string{"acme-emea", "acme"}},
			"with an entitlement":    {func(app *sso.App) { app.RequiredEntitlement = sso.EntitledSSO }, []string{"acme-emea", "acme", "initech"}},
			"none, which is told so": {func(app *sso.App) { app.AllowedRoles = []sso.Role{sso.RoleAdmin} }, []string{"acme-emea", "acme", "initech", "plain"}},
		} {
			app := sso.App{
				ID: sso.NewAppID(w.now), Key: secret.NewID("a", w.now)[2:], Name: name, Kind: sso.AppWeb, RedirectURIs: []string{"https://app.example/cb"}, CreatedAt: w.now, UpdatedAt: w.now,
			}
			app.ClientID = app.Key
			tc.restrict(&app)
			w.changes(func(tx *store.Writer) error { return tx.SaveApp(t.Context(), app) })
			w.browser = newBrowser()
			a, err := w.Begin(t.Context(), w.browser, signin.Start{App: app.ID, Request: "client_id=" + app.ClientID})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Identify(t.Context(), w.browser, a.ID, "paul", sso.ByPassword); err != nil {
				t.Fatal(err)
			}
			if a, err = w.Password(t.Context(), w.browser, a.ID, "correct horse"); err != nil {
				t.Fatal(err)
			}
			if got := w.offered(a); !slices.Equal(got, tc.want) {
				t.Errorf("%s: offered are %v, want %v", name, got, tc.want)
			}
		}
	})
}

// Who is let in without a second factor where nobody asks for one has given
// none: they have no more guesses for it where one is demanded.
func TestGuessesAtASecondFactorRunOutWhereverSomebodyComesIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(`organizations:
  - {key: plain, policy: {mfa: off}, domains: [{name: plain.example, vouched: true}]}
  - {key: strict, name: Strict, policy: {mfa: required}}
`)
		app := w.has("paul")
		w.joins("paul", "strict")
		comesIn := map[string]func(){
			"by the password": func() { w.browser = newBrowser(); w.mustFinish(w.chooses(w.proven("paul", sso.StepOrg), "plain")) },
			"from the session that is there": func() {
				w.mustFinish(w.chooses(w.begins(signin.Start{Offer: true}), "plain"))
			},
		}
		for name, comesIn := range comesIn {
			w.now = w.now.Add(48 * time.Hour)
			wrong := 0
			for n := range 30 {
				w.browser = newBrowser()
				done := w.mustFinish(w.chooses(w.proven("paul", sso.StepOrg), "plain"))
				w.browser.Session = done.Token
				comesIn()
				w.browser.Session = done.Token
				w.browser.Address = netip.AddrFrom4([4]byte{198, 51, byte(n), 1})
				a := w.chooses(w.proven("paul", sso.StepOrg), "strict")
				switch err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: another(w.code(app))}); {
				case fault.Is(err, "code_wrong"):
					wrong++
				case !fault.Is(err, "try_later"):
					t.Fatal(err)
				}
			}
			if wrong != 20 {
				t.Errorf("%s: %d guesses were answered, want 20", name, wrong)
			}
		}
	})
}

// A session lives as long as its organization says from when its person proved
// who they are, not from when they last went to and fro.
func TestGoingOnDoesNotMakeASignInYounger(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(`organizations:
  - {key: plain, policy: {session_life: 12h}, domains: [{name: plain.example, vouched: true}]}
  - {key: brief, name: Brief, policy: {session_life: 1h}}
`)
		w.joins("paul", "brief")
		done := w.mustFinish(w.chooses(w.proven("paul", sso.StepOrg), "plain"))
		w.browser.Session = done.Token
		w.now = w.now.Add(40 * time.Minute)
		there := w.mustFinish(w.chooses(w.begins(signin.Start{Offer: true}), "brief"))
		if want := done.Session.AuthTime.Add(time.Hour); !there.Session.ExpiresAt.Equal(want) {
			t.Errorf("the session there ends at %s, want %s", there.Session.ExpiresAt, want)
		}
		w.browser = newBrowser()
		done = w.mustFinish(w.chooses(w.proven("paul", sso.StepOrg), "plain"))
		w.browser.Session = done.Token
		w.now = w.now.Add(2 * time.Hour)
		a := w.chooses(w.begins(signin.Start{Offer: true}), "brief")
		if a.Proof.User != "" || a.Next() != sso.StepPassword {
			t.Errorf("by a proof that is too old it goes on with %s", a.Next())
		}
	})
}
