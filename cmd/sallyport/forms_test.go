package main

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
)

// Whatever stands in a form, by whoever may send it, nothing of ours breaks: it is
// refused, or done.
func TestNoFormBreaksAPage(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme, operators := h.newTenant("acme"), h.newTenant(sso.OperatorsKey)
	table, err := os.ReadFile(filepath.Join("testdata", "routes", "public.txt"))
	if err != nil {
		t.Fatal(err)
	}
	generic := []string{
		"accent", "address", "answer", "beside", "by", "ca", "change", "channel", "choice", "code", "confirm", "connection", "credential", "days", "description", "domain", "email", "entitlement",
		"entity_id", "event", "factor", "format", "grant_types", "group", "groups", "hours", "id", "ip_allow", "jwks_uri", "key", "language", "last_name", "logout_uris", "mail", "mode", "name", "new", "note",
		"noun", "number", "organization", "organizations", "parent", "password", "pause", "pile", "reason", "redirect_uris", "request", "ring", "role", "roles", "scopes", "sessions", "sso", "target", "test", "to", "turn",
		"types", "url", "vendor", "version", "way", "who",
	}
	values := []string{"\x00\xff\ufeff", "9223372036854775808", strings.Repeat("[{\"'", 1<<6)}
	changed := false // what the paths name may be gone
	sent, answers := 0, map[int]int{}
	for _, m := range regexp.MustCompile(`(?m)^(\S+)\s+POST\s+(\S+)`).FindAllStringSubmatch(string(table), -1) {
		access, path := m[1], m[2]
		by := &acme
		switch access {
		case "console", "setup-link", "signed-in", "browser":
		case "operator", "support":
			by = &operators
		default:
			continue // a program's: its own tests send what is none
		}
		if slices.Contains(uploads(), "POST "+path) || strings.Contains(path, "{token}") {
			continue
		}
		if changed {
			*by, changed = h.refill(*by), false
		}
		forms := typed(by)
		for _, v := range values {
			form := maps.Clone(forms[path])
			if form == nil {
				form = map[string][]string{}
			}
			good := maps.Clone(form)
			for _, name := range generic {
				form[name] = []string{v, v}
			}
			mutants := []map[string][]string{form}
			for name := range good { // and each field for itself
				one := maps.Clone(good)
				one[name] = []string{v}
				mutants = append(mutants, one)
			}
			for _, f := range mutants {
				from := by.its
				if access == "signed-in" {
					from = by.own
				}
				sent++
				got := h.askBy(by, http.MethodPost, by.target(path, from), f)
				answers[got.Code]++
				changed = changed || got.Code < http.StatusBadRequest
				if got.Code >= http.StatusInternalServerError {
					t.Errorf("%s with %.40q (%d fields): %d %s", path, v, len(f), got.Code, got.Body)
				}
			}
			if h.send(sessionCookie(by.token), http.MethodGet, "/account/sessions", nil).Code != http.StatusOK {
				*by = h.newTenant(by.by.Org.Key + "x") // it was signed out
			}
		}
	}
	// The twin: not everything is turned away at the door.
	if refused := answers[http.StatusBadRequest] + answers[http.StatusUnprocessableEntity]; sent < 300 || refused < sent/5 {
		t.Errorf("of %d forms %v were answered so", sent, answers)
	}
}
