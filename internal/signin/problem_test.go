package signin_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// A symptom is how a problem shows to an administrator: by the code of a
// refusal with what was got, or by what the identity provider shows.
type symptom struct{ code, got, shows string }

// explanations are what is told about it at a vendor.
func (s symptom) explanations(at idp.ID) []idp.Explanation {
	var all []idp.Explanation
	if e, ok := idp.ForCode(at, s.code); ok {
		all = append(all, e)
	}
	all = append(all, idp.Explain(s.shows, at)...)
	if s.code == "saml_status" {
		all = append(all, idp.Explain(s.got, at)...)
	}
	return all
}

// failing tests acme's connection, and wants the test to fail.
func (w *world) failing(forge ...func(*samltest.Response)) symptom {
	w.Helper()
	t := w.tested(w.trial("acme-okta"), append([]func(*samltest.Response){about("bob@acme.example")}, forge...)...)
	if t.State != sso.TestFailed || t.Reference == "" {
		w.Fatalf("the test %+v", t)
	}
	return symptom{code: t.Result.Code, got: t.Result.Got}
}

// refusedBy wants an error to be a refusal.
func (w *world) refusedBy(err error) symptom {
	w.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		w.Fatalf("got %v, want a refusal", err)
	}
	return symptom{code: f.Code, got: f.Got}
}

// report has the identity provider answer with a failure of its own.
func report(status ...string) func(*samltest.Response) {
	return func(r *samltest.Response) {
		for i := range status {
			status[i] = "urn:oasis:names:tc:SAML:2.0:status:" + strings.TrimPrefix(status[i], "urn:oasis:names:tc:SAML:2.0:status:")
		}
		r.Status, r.Assertions, r.Base = status, nil, samltest.NothingSigned
	}
}

// recurring reproduces the problems that come up again and again.
func recurring() map[idp.ProblemID]func(w *world) symptom {
	return map[idp.ProblemID]func(w *world) symptom{
		"meaningless_error": func(w *world) symptom { return w.failing(report("Responder")) },
		"nameid": func(w *world) symptom {
			missing := w.failing(func(r *samltest.Response) { r.NameID = "" })
			transient := w.failing(func(r *samltest.Response) { r.NameIDFormat = saml.FormatTransient })
			if missing.code != transient.code {
				w.Errorf("a missing NameID is %s, a transient one %s", missing.code, transient.code)
			}
			return transient
		},
		"upn_for_mail": func(w *world) symptom {
			return w.failing(func(r *samltest.Response) { subject(r, "id of bob", "bob@acme.onmicrosoft.com") })
		},
		"certificate_changed": func(w *world) symptom { return w.failing(samltest.SignByStranger) },
		"several_certificates": func(w *world) symptom {
			// Two are published, and the one that signs is not here.
			c := w.connection("acme-okta")
			other, err := saml.NewKeyPair(saml.ForSigning, "the other", w.now)
			if err != nil {
				w.Fatal(err)
			}
			w.alterConnection("acme-okta", func(c *sso.Connection) { c.SAML.Certificates = [][]byte{other.Certificate} })
			s := w.failing()
			w.alterConnection("acme-okta", func(to *sso.Connection) { to.SAML.Certificates = append(to.SAML.Certificates, c.SAML.Certificates...) })
			if t := w.tested(w.trial("acme-okta"), about("bob@acme.example")); !t.Passed() {
				w.Errorf("with both of them: %s", t.Result.Code)
			}
			return s
		},
		"entity_id_twice": func(w *world) symptom {
			// Another application there has our entity ID: its answers come here.
			f := w.depart(w.identify("bob@acme.example", sso.StepSSO), "acme-okta")
			response := w.answer(f, about("bob@acme.example"))
			f.key = "initech-a"
			return w.refusedBy(w.respond(f, response))
		},
		"spn_prefix": func(w *world) symptom {
			return w.failing(func(r *samltest.Response) { r.Audience = "spn:" + r.Audience })
		},
		"request_refused": func(*world) symptom {
			return symptom{shows: "AADSTS76021: The request sent by client is not signed while the application requires signed requests. Earlier: AADSTS750054"}
		},
		"authn_context_forced": func(w *world) symptom { return w.contextForced() },
		"acs_differs": func(w *world) symptom {
			var last symptom
			for _, change := range []func(acs string) string{
				func(acs string) string { return acs + "/" }, strings.ToUpper, func(acs string) string { return strings.Replace(acs, ".example/", ".example:443/", 1) },
			} {
				s := w.failing(func(r *samltest.Response) { r.Destination, r.Recipient = change(r.Destination), change(r.Recipient) })
				if last.code != "" && s.code != last.code {
					w.Errorf("one is %s, another %s", last.code, s.code)
				}
				last = s
			}
			return last
		},
		"audience_mismatch": func(w *world) symptom {
			return w.failing(func(r *samltest.Response) { r.Audience = "https://other.example" })
		},
		"not_assigned": func(w *world) symptom { return w.failing(report("Responder", "RequestDenied")) },
		"session_too_old": func(w *world) symptom {
			return w.failing(func(r *samltest.Response) { r.AuthnInstant = w.now.Add(-26 * time.Hour).Format("2006-01-02T15:04:05Z") })
		},
		"tile_click": func(w *world) symptom {
			f := w.trial("acme-okta")
			f.relay = ""
			return w.refusedBy(w.respond(f, w.answer(f, about("bob@acme.example"), func(r *samltest.Response) { r.InResponseTo, r.Answers = "", "" })))
		},
		"white_space":        func(w *world) symptom { return w.failing(func(r *samltest.Response) { r.Recipient += " " }) },
		"sp_metadata_pasted": func(w *world) symptom { return w.pastedOurs() },
		"encryption_one_side": func(w *world) symptom {
			w.encrypt("acme-okta", sso.EncryptionRequired)
			if s := w.failing(); s.code != "enc_missing" {
				w.Errorf("what is not encrypted is %s", s.code)
			}
			to := w.to("acme-okta", store.KeyCurrent)
			w.encrypt("acme-okta", sso.EncryptionOff)
			return w.failing(sealedAs(samltest.EncryptedAssertionSigned), to)
		},
		"second_account": func(w *world) symptom {
			w.session("alice@acme.example", "acme-okta", "1")
			_, err := w.signInBySSO("alice@acme.example", "acme-okta", func(r *samltest.Response) { r.NameID = "alice-baker" })
			return w.refusedBy(err)
		},
		"method_hidden": func(w *world) symptom {
			// A domain that goes to the identity provider asks for no password.
			w.identify("carol@globex.example", sso.StepSSO)
			return w.bypassed()
		},
		"locked_out":           func(w *world) symptom { return w.bypassed() },
		"loop_without_account": func(w *world) symptom { w.firstSignIn(sso.FirstMatch, ""); return w.failing(about("new@acme.example")) },
		"logout_leaves_session": func(w *world) symptom {
			w.withLogout()
			w.apply(tellsLogout)
			done, err := w.reply(w.farewell(), "acme-okta", func(r *saml.LogoutResponse) {
				r.Status = saml.StatusReport{Code: saml.StatusResponder, Nested: []string{saml.StatusPartialLogout}}
			}, w.idp.SigningKey())
			if err != nil || done.Doubt == nil {
				w.Fatalf("signing out there = %+v, %v", done, err)
			}
			return w.refusedBy(done.Doubt)
		},
		"person_recreated": func(w *world) symptom {
			w.session("alice@acme.example", "acme-okta", "1")
			gone := w.people("alice@acme.example")[0].User
			w.changes(func(tx *store.Writer) error {
				now, err := tx.User(w.Context(), gone.ID)
				now.State = sso.UserDeleted
				return errors.Join(err, tx.Org(gone.Home).SaveUser(w.Context(), now))
			})
			return w.failing(about("alice@acme.example"))
		},
		"domain_proof": func(w *world) symptom {
			// In a test a domain that waits for its proof is no failure; a sign-in needs it.
			if t := w.tested(w.trial("acme-okta"), about("ann@claimed.example")); !t.Passed() || verdict(&t, "ident.domain") != "warn" {
				w.Errorf("a test before the proof: %s", t.Result.Code)
			}
			f := w.depart(w.begun("acme"), "acme-okta")
			return w.refusedBy(w.respond(f, w.answer(f, about("ann@claimed.example"))))
		},
		"waiting_for_vendor": func(w *world) symptom {
			w.apply(`organizations: [{key: acme, entitlements: []}]`)
			c := w.connection("acme-okta")
			_, err := w.BeginTest(w.Context(), w.browser, signin.TestStart{Org: c.Org, Connection: c.ID, By: "usr_x"})
			return w.refusedBy(err)
		},
	}
}

// begun begins a sign-in at the sign-on URL of an organization.
func (w *world) begun(org string) sso.Attempt {
	w.Helper()
	a, err := w.Begin(w.Context(), w.browser, signin.Start{OrgKey: org})
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// contextForced shows that we demand no method, which is what Entra would
// complain of.
func (w *world) contextForced() symptom {
	w.Helper()
	if f := w.trial("acme-okta"); strings.Contains(f.request, "RequestedAuthnContext") {
		w.Errorf("a method is demanded: %s", f.request)
	}
	return symptom{shows: "AADSTS75011: Authentication method 'WindowsIntegrated' by which the user authenticated with the service doesn't match requested authentication method"}
}

// pastedOurs gives us our own metadata for those of the identity provider.
func (w *world) pastedOurs() symptom {
	w.Helper()
	ours, err := w.Metadata(w.Context(), "acme-okta")
	if err != nil {
		w.Fatal(err)
	}
	_, err = federation.Read(ours, "", baseURL)
	return w.refusedBy(err)
}

// bypassed tries a password where single sign-on is the only way in.
func (w *world) bypassed() symptom {
	w.Helper()
	a, err := w.Identify(w.Context(), w.browser, "", "carol", "")
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.Password(w.Context(), w.browser, a.ID, "correct horse"); err != nil {
		w.Fatal(err)
	}
	_, err = w.Finish(w.Context(), w.browser, a.ID, signin.AskFirst)
	return w.refusedBy(err)
}

// Each of the recurring problems is reproduced, and what an administrator is
// told of it names the problem, whose it is to mend, and the way there in the
// console of their identity provider.
func TestRecurringProblemsAreNamed(t *testing.T) {
	t.Parallel()
	engine := storetest.Engines(t)[0] // what is stored is no part of it
	all := recurring()
	for _, problem := range idp.Problems("entra-id") {
		id := idp.ProblemID(problem.ID)
		reproduce, ok := all[id]
		if !ok {
			t.Errorf("%s is not reproduced", id)
			continue
		}
		delete(all, id)
		t.Run(string(id), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, engine)
			if test := w.tested(w.trial("acme-okta"), about("bob@acme.example")); !test.Passed() {
				t.Fatalf("before it, a test fails by %s", test.Result.Code)
			}
			s := reproduce(w)
			for _, vendor := range []idp.ID{"entra-id", "okta", "adfs", idp.Generic} {
				found := s.explanations(vendor)
				i := slices.IndexFunc(found, func(e idp.Explanation) bool { return slices.Contains(e.Problems, id) })
				if i < 0 {
					t.Errorf("%s: %+v is explained by %+v, and not as this", vendor, s, found)
					continue
				}
				e := found[i]
				if e.Title.IsZero() || e.Remedy.IsZero() || e.Side == fault.Nobody {
					t.Errorf("%s: it is explained by %+v", vendor, e)
				}
				known := e.Vendor != nil && e.Vendor.ID != idp.Generic
				if e.Side == fault.IdPSide && known && len(e.Path) == 0 {
					t.Errorf("%s: it is mended there, and no way leads there: %+v", vendor, e)
				}
				if p, ok := idp.ForProblem(vendor, id); !ok || p.Side != problem.Side {
					t.Errorf("%s: the problem is %s's, want %s's", vendor, p.Side, problem.Side)
				}
			}
		})
	}
	for id := range all {
		t.Errorf("%s is no recurring problem", id)
	}
}
