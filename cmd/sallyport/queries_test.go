package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// asked are the parameters that pages read from their addresses.
func asked() []string {
	return []string{
		"address", "after", "attempt", "back", "by", "client_id", "confirm", "cursor", "days", "for", "id_token_hint", "limit", "of", "org", "page", "parent", "pile", "post_logout_redirect_uri", "q",
		"redirect_uri", "ring", "role", "saved", "since", "sort", "state", "user_code",
	}
}

// Whatever stands in the address of a page, nothing of ours breaks, the browser is
// led nowhere else, and nothing of another tenant's is shown.
func TestNoAddressBreaksAPage(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme, rival := h.newTenant("acme"), h.newTenant("rival")
	h.furnish(&rival)
	operators := sso.Organization{ID: sso.NewOrgID(now()), Key: sso.OperatorsKey, Name: "Operators", State: sso.OrgActive, CreatedAt: now(), UpdatedAt: now()}
	operators.Path = []sso.OrgID{operators.ID}
	h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), operators) })
	_, operator := h.signedIn(operators, "otto", sso.RoleOwner)
	table, err := os.ReadFile(filepath.Join("testdata", "routes", "public.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var foreign []string
	for name, id := range rival.its {
		if len(id) > 10 && acme.its[name] != id {
			foreign = append(foreign, id)
		}
	}
	values := []string{
		"//evil.example/", `/\evil.example`, "javascript:alert(1)", "' or 1=1 --\x00\xff\r\nSet-Cookie: a=b", "-99999999999999999999", strings.Repeat("[", 2<<10) + "<script>alert(1)</script>",
		rival.its["user"], "e30",
	}
	for _, m := range regexp.MustCompile(`(?m)^(\S+)\s+GET\s+(\S+)`).FindAllStringSubmatch(string(table), -1) {
		access, path := m[1], m[2]
		if strings.HasSuffix(path, "/slo") {
			continue // it takes messages, and the tenants of this test have no key to sign them
		}
		for _, v := range values {
			q := url.Values{}
			for _, name := range asked() {
				q.Set(name, v)
			}
			if strings.HasPrefix(path, "/console") {
				q.Del("org") // it names the organization, and is asked for elsewhere
			}
			target := strings.ReplaceAll(acme.target(path, acme.its), "{$}", "") + "?" + q.Encode()
			got := h.askBy(&acme, http.MethodGet, target, nil)
			if slices.Contains([]string{"operator", "support"}, access) {
				got = h.ask(operator, http.MethodGet, target, nil)
			}
			if got.Code >= http.StatusInternalServerError {
				t.Errorf("%s with %.40q: %d %.300s", path, v, got.Code, got.Body)
			}
			if to, err := url.Parse(got.Header().Get("Location")); err != nil || to.Host != "" && to.Host != "sso.example" || strings.HasPrefix(to.Path, "//") || strings.Contains(to.Path, `\`) || to.Opaque != "" {
				t.Errorf("%s with %.40q leads to %q", path, v, got.Header().Get("Location"))
			}
			if got.Header().Get("Set-Cookie") == "a=b" || strings.Contains(got.Body.String(), "<script>alert") {
				t.Errorf("%s with %.40q takes it over", path, v)
			}
			for _, id := range foreign {
				if access != "operator" && access != "support" && id != v && strings.Contains(got.Body.String(), id) {
					t.Errorf("%s with %.40q shows %s of another tenant", path, v, id)
				}
			}
		}
		// The twin: without all that, whose it is sees it.
		if access == "console" && !gap.MatchString(path) && !strings.Contains(path, "/file") {
			if got := h.askBy(&acme, http.MethodGet, path, nil); got.Code != http.StatusOK && got.Code != http.StatusSeeOther {
				t.Errorf("twin: %s: %d", path, got.Code)
			}
		}
	}
}
