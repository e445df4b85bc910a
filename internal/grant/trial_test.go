package grant_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// addOperator adds somebody of the operators' organization, signed in.
func (h *house) addOperator(name string, role sso.Role) *sso.By {
	h.Helper()
	now := h.Now()
	var org sso.Organization
	h.write(func(ctx context.Context, tx *store.Writer) error {
		var err error
		org, err = tx.OrganizationByKey(ctx, sso.OperatorsKey)
		if errors.Is(err, store.ErrNotFound) {
			org = sso.Organization{ID: sso.NewOrgID(now), Key: sso.OperatorsKey, Name: "Operators", State: sso.OrgActive, CreatedAt: now, UpdatedAt: now}
			if err := org.Place(nil); err != nil {
				return err
			}
			return tx.SaveOrganization(ctx, org)
		}
		return err
	})
	u := sso.User{ID: sso.NewUserID(now), Home: org.ID, Username: name, State: sso.UserActive, CreatedAt: now, UpdatedAt: now}
	m := sso.Membership{Org: org.ID, User: u.ID, Role: role, CreatedAt: now, UpdatedAt: now}
	s := sso.Session{ID: sso.NewSessionID(now), User: u.ID, Org: org.ID, AMR: []string{"pwd"}, AuthTime: now, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sso.SessionLife), Address: "192.0.2.1"}
	token := secret.NewToken()
	var p sso.Person
	h.write(func(ctx context.Context, tx *store.Writer) error {
		if err := errors.Join(tx.Org(org.ID).SaveUser(ctx, u), tx.Org(org.ID).SaveMembership(ctx, m), tx.InsertSession(ctx, s, token.Hash())); err != nil {
			return err
		}
		var err error
		p, err = tx.Person(ctx, token.Hash())
		return err
	})
	return &sso.By{Person: p, Address: "192.0.2.1"}
}

// begin begins a trial and returns the parameters of its authorize request.
func (h *house) begin(by *sso.By, key string) url.Values {
	h.Helper()
	at, err := h.BeginTrial(h.Context(), by, key)
	if err != nil {
		h.Fatal(err)
	}
	return query(h.T, at)
}

// answered sends the browser there and returns what comes back to us.
func (h *house) answered(by *sso.By, request url.Values) url.Values {
	h.Helper()
	out, err := h.Authorize(h.Context(), request, &by.Person)
	if err != nil || out.SignIn != nil {
		h.Fatalf("Authorize() = %+v, %v, want an answer", out, err)
	}
	if at := issuer + grant.TrialPath + "?"; out.URL[:len(at)] != at {
		h.Fatalf("the browser is sent to %s", out.URL)
	}
	return query(h.T, out.URL)
}

func TestAnOperatorSeesWhatAnAppWouldSee(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		olga := h.addOperator("olga", sso.RoleAdmin)
		for name, change := range map[string]func(*sso.App){
			"as it is":               func(*sso.App) {},
			"that pushes":            func(a *sso.App) { a.RequirePAR = true },
			"for who is told little": func(a *sso.App) { a.Claims = sso.AppClaims{RoleClaim: "role"} },
		} {
			back := h.changed(&h.portal, change)
			got, err := h.FinishTrial(h.Context(), olga, h.answered(olga, h.begin(olga, "portal")))
			if err != nil || got.Refused != "" {
				h.Fatalf("%s: FinishTrial() = %+v, %v", name, got, err)
			}
			var header, claims, info map[string]any
			for _, doc := range []struct {
				text []byte
				to   *map[string]any
			}{{got.Header, &header}, {got.Claims, &claims}, {got.Userinfo, &info}} {
				if err := json.Unmarshal(doc.text, doc.to); err != nil {
					h.Fatal(err)
				}
			}
			if header["alg"] != "ES256" || claims["sub"] != string(olga.User.ID) || claims["aud"] != "portal" || claims["iss"] != issuer || info["sub"] != claims["sub"] || got.App.Key != "portal" || got.Scope != "openid profile email groups" {
				h.Errorf("%s: header %v, claims %v, userinfo %v", name, header, claims, info)
			}
			if name == "for who is told little" && (claims["role"] != "admin" || info["role"] != "admin") {
				h.Errorf("%s: claims %v, userinfo %v", name, claims, info)
			}
			back()
		}
	})
}

// The address to which a trial comes back is no redirect URI of any app, for
// anybody but the session that has begun it, for that one request.
func TestTheAddressOfTrialsIsNobodyElses(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		olga, mallory := h.addOperator("olga", sso.RoleAdmin), h.addOperator("mallory", sso.RoleOwner)
		with := func(v url.Values, more ...string) url.Values {
			out := url.Values{}
			for name, values := range v {
				out[name] = values
			}
			for i := 0; i < len(more); i += 2 {
				out.Set(more[i], more[i+1])
			}
			return out
		}
		begun := h.begin(olga, "portal")
		refused := func(what string, request url.Values, person *sso.Person) {
			h.Helper()
			out, err := h.Authorize(h.Context(), request, person)
			if !fault.Is(err, "oidc_redirect_uri") || out.URL != "" || out.SignIn != nil {
				h.Errorf("%s: Authorize() = %+v, %v, want oidc_redirect_uri", what, out, err)
			}
		}
		refused("no trial at all", with(request(&h.portal), "redirect_uri", issuer+grant.TrialPath), &olga.Person)
		refused("a customer's browser", begun, h.person())
		refused("a browser that is not signed in", begun, nil)
		refused("another operator's browser", begun, &mallory.Person)
		refused("another app", with(begun, "client_id", "native"), &olga.Person)
		refused("another state", with(begun, "state", "x"), &olga.Person)
		refused("an address below", with(begun, "redirect_uri", issuer+grant.TrialPath+"/x"), &olga.Person)
		refused("an address with a query", with(begun, "redirect_uri", issuer+grant.TrialPath+"?x=1"), &olga.Person)
		// Who signs in anew for the request has another session.
		if out, err := h.resume(begun.Encode(), h.person().Session); !fault.Is(err, "oidc_redirect_uri") {
			h.Errorf("after a sign-in: %+v, %v, want oidc_redirect_uri", out, err)
		}
		answer := h.answered(olga, begun)
		if _, err := h.FinishTrial(h.Context(), olga, answer); err != nil {
			h.Fatal(err)
		}
		refused("a trial that is over", begun, &olga.Person)
		late := h.begin(olga, "portal")
		h.wait(5*time.Minute + 1)
		refused("a trial that took too long", late, &olga.Person)
	})
}

// The code of a trial is good for us alone, also in the hands of the app itself.
func TestTheCodeOfATrialGivesNoTokens(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		olga, mallory := h.addOperator("olga", sso.RoleAdmin), h.addOperator("mallory", sso.RoleOwner)
		answer := h.answered(olga, h.begin(olga, "portal"))
		exchange := func() {
			h.Helper()
			if _, err := h.exchange(&h.portal, answer.Get("code"), "redirect_uri", issuer+grant.TrialPath); !refusedWith(err, oidc.InvalidGrant) {
				h.Errorf("the token endpoint gives %v, want invalid_grant", err)
			}
		}
		unknown := func(what string, by *sso.By, answer url.Values) {
			h.Helper()
			if got, err := h.FinishTrial(h.Context(), by, answer); !fault.Is(err, "trial_unknown") || got.Claims != nil {
				h.Errorf("%s: FinishTrial() = %+v, %v, want trial_unknown", what, got, err)
			}
		}
		exchange()
		unknown("another operator", mallory, answer)
		other := h.begin(olga, "portal")
		unknown("an app's code in place of it", olga, url.Values{"state": other["state"], "code": {h.code(&h.portal)}})
		if got, err := h.FinishTrial(h.Context(), olga, answer); err != nil || got.Claims == nil {
			h.Fatalf("FinishTrial() = %+v, %v", got, err)
		}
		exchange()
		unknown("a second time", olga, answer)
	})
}

func TestOperatorsAloneTryApps(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		olga, sam := h.addOperator("olga", sso.RoleAdmin), h.addOperator("sam", sso.RoleMember)
		acting := *olga
		acting.Session.Actor = sam.User.ID
		for who, by := range map[string]*sso.By{"a support agent": sam, "a customer's administrator": {Person: *h.person()}, "who acts as an operator": &acting} {
			if at, err := h.BeginTrial(h.Context(), by, "portal"); !fault.Is(err, "operator_role") || at != "" {
				h.Errorf("%s: BeginTrial() = %q, %v, want operator_role", who, at, err)
			}
			if _, err := h.FinishTrial(h.Context(), by, url.Values{}); !fault.Is(err, "operator_role") {
				h.Errorf("%s: FinishTrial() = %v, want operator_role", who, err)
			}
		}
		if _, err := h.BeginTrial(h.Context(), olga, "nobody"); !fault.Is(err, "app_unknown") {
			h.Errorf("an app that is none: %v", err)
		}
		back := h.changed(&h.portal, func(a *sso.App) { a.GrantTypes = []sso.GrantType{sso.GrantClientCredentials} })
		if _, err := h.BeginTrial(h.Context(), olga, "portal"); !fault.Is(err, "trial_grant") {
			h.Errorf("a machine: %v, want trial_grant", err)
		}
		back()
		for code, bar := range h.bars() {
			begun := h.begin(olga, "portal")
			answer := h.answered(olga, begun)
			back := h.changed(&h.portal, bar)
			if out, err := h.Authorize(h.Context(), begun, &olga.Person); !fault.Is(err, code) {
				h.Errorf("%s: Authorize() = %+v, %v, want the page", code, out, err)
			}
			if got, err := h.FinishTrial(h.Context(), olga, answer); err != nil || got.Refused != oidc.InvalidGrant || got.Claims != nil {
				h.Errorf("%s: FinishTrial() = %+v, %v, want invalid_grant", code, got, err)
			}
			back()
		}
		got, err := h.FinishTrial(h.Context(), olga, url.Values{"state": h.begin(olga, "portal")["state"], "error": {"access_denied"}, "error_description": {"why"}})
		if err != nil || got.Refused != oidc.AccessDenied || got.Why != "why" || got.App.Key != "portal" {
			h.Errorf("FinishTrial() of a refusal = %+v, %v", got, err)
		}
	})
}
