package grant_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// other adds an organization in which the person is a member too.
func (h *house) other() sso.Organization {
	h.Helper()
	o := sso.Organization{ID: sso.NewOrgID(h.Now()), Key: "globex", Name: "Globex", State: sso.OrgActive, CreatedAt: h.Now(), UpdatedAt: h.Now()}
	if err := o.Place(nil); err != nil {
		h.Fatal(err)
	}
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return errors.Join(tx.SaveOrganization(ctx, o), tx.Org(o.ID).SaveMembership(ctx, sso.Membership{Org: o.ID, User: h.user.ID, Role: sso.RoleMember, CreatedAt: h.Now(), UpdatedAt: h.Now()}))
	})
	return o
}

func TestASessionOfAnotherOrganizationIsNoGood(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	other := h.other()
	h.wait(time.Hour)
	for name, tc := range map[string]struct {
		more    []string
		refused oidc.Code
		org     sso.OrgID // of the sign-in that is begun; "": there is none
		offer   bool
	}{
		"its key":               {[]string{"organization", "acme"}, "", "", false},
		"its ID":                {[]string{"organization", string(h.org.ID)}, "", "", false},
		"another's key":         {[]string{"organization", "globex"}, "", other.ID, true},
		"another's ID":          {[]string{"organization", string(other.ID)}, "", other.ID, true},
		"another's, none":       {[]string{"organization", "globex", "prompt", "none"}, oidc.LoginRequired, "", false},
		"another's, login":      {[]string{"organization", "globex", "prompt", "login"}, "", other.ID, false},
		"its own, to be chosen": {[]string{"organization", "acme", "prompt", "select_account"}, "", h.org.ID, true},
		"a name that is no key": {[]string{"organization", "Acme Ltd"}, "", sso.Nowhere, true},
		"too long":              {[]string{"organization", string(make([]byte, 129))}, oidc.InvalidRequest, "", false},
		"left out":              {[]string{"organization", ""}, "", "", false},
	} {
		out, err := h.Authorize(t.Context(), request(&h.portal, tc.more...), h.person())
		if err != nil || out.Refused != tc.refused {
			t.Errorf("%s: Authorize() = %+v, %v", name, out, err)
			continue
		}
		if tc.org == "" {
			if out.SignIn != nil {
				t.Errorf("%s: Authorize() begins a sign-in: %+v", name, *out.SignIn)
			}
			continue
		}
		if out.SignIn == nil || out.SignIn.Org != tc.org || out.SignIn.Offer != tc.offer {
			t.Errorf("%s: Authorize() = %+v", name, out.SignIn)
			continue
		}
		session := h.person().Session
		if tc.org == sso.Nowhere {
			continue // nobody is signed in there
		}
		there := session
		there.ID, there.Org = sso.NewSessionID(h.Now()), tc.org
		h.write(func(ctx context.Context, tx *store.Writer) error {
			return tx.InsertSession(ctx, there, secret.NewToken().Hash())
		})
		if done, err := h.resume(out.SignIn.Request, there); err != nil || query(t, done.URL).Get("code") == "" {
			t.Errorf("%s: Resume() = %+v, %v, want a code", name, done, err)
		}
		if tc.org == other.ID {
			if done, err := h.resume(out.SignIn.Request, session); err != nil || done.Refused != oidc.AccessDenied {
				t.Errorf("%s: Resume() elsewhere = %+v, %v, want access_denied", name, done, err)
			}
		}
	}
	if out, err := h.Authorize(t.Context(), request(&h.portal, "organization", "globex"), nil); err != nil || out.SignIn == nil || out.SignIn.Org != other.ID || out.SignIn.Offer {
		t.Errorf("where nobody is there: Authorize() = %+v, %v", out, err)
	}
}

// Who asks for an organization that there is not gets the answer of who asks for
// one in which they have no business, signed in or not, and after the sign-in as
// well: nobody finds out by an app which customers the vendor has.
func TestNobodyLearnsWhichOrganizationsThereAre(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	other := h.other()
	h.wait(time.Hour)
	for _, person := range []*sso.Person{nil, h.person()} {
		for _, prompt := range []string{"", "none", "login", "select_account"} {
			ask := func(organization string) grant.Outcome {
				t.Helper()
				out, err := h.Authorize(t.Context(), request(&h.portal, "organization", organization, "prompt", prompt), person)
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			theirs := ask("globex")
			for _, name := range []string{"nobody", "org_01nobody", "' or 1=1", "Acme Ltd", "org_nowhere"} {
				got := ask(name)
				if got.Refused != theirs.Refused || (got.SignIn == nil) != (theirs.SignIn == nil) {
					t.Errorf("%q, prompt %q: Authorize() = %+v, and for one that there is %+v", name, prompt, got, theirs)
					continue
				}
				if got.SignIn == nil {
					continue
				}
				same := *got.SignIn
				if same.Org != sso.Nowhere {
					t.Errorf("%q leads to %s", name, same.Org)
				}
				same.Org, same.Request = other.ID, theirs.SignIn.Request
				if same.App != theirs.SignIn.App || same.Offer != theirs.SignIn.Offer || same.Fresh != theirs.SignIn.Fresh || same.Raise != theirs.SignIn.Raise || same.LoginHint != theirs.SignIn.LoginHint {
					t.Errorf("%q, prompt %q: the sign-in is %+v, and for one that there is %+v", name, prompt, same, *theirs.SignIn)
				}
				if done, err := h.resume(got.SignIn.Request, h.person().Session); err != nil || done.Refused != oidc.AccessDenied {
					t.Errorf("%q: Resume() = %+v, %v, want access_denied", name, done, err)
				}
			}
			if out := ask("acme"); person != nil && prompt == "" && query(t, out.URL).Get("code") == "" {
				t.Errorf("twin: in their own organization Authorize() = %+v", out)
			}
		}
	}
}

// The app learns of an organization by claims that nothing has to be looked up for.
func TestTheOrganizationIsAClaim(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	tokens, err := h.exchange(&h.portal, h.code(&h.portal))
	if err != nil {
		t.Fatal(err)
	}
	if got := payload(t, tokens.IDToken); got["org_id"] != string(h.org.ID) || got["org_key"] != "acme" {
		t.Errorf("the claims are %v", got)
	}
}
