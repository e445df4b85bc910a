package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// apiDocument is what the tests read of the document of the API.
type apiDocument struct {
	Paths      map[string]map[string]apiOperation `json:"paths"`
	Components struct {
		Schemas map[string]apiSchema `json:"schemas"`
	} `json:"components"`
}

type apiOperation struct {
	ID      string                `json:"operationId"`
	Scope   string                `json:"x-scope"`
	Body    apiContent            `json:"requestBody"`
	Answers map[string]apiContent `json:"responses"`
	Asks    []struct {
		Name string `json:"name"`
	} `json:"parameters"`
}

// paged reports whether the operation answers with a list by pages.
func (o *apiOperation) paged() bool {
	for _, p := range o.Asks {
		if p.Name == "cursor" {
			return true
		}
	}
	return false
}

type apiContent struct {
	Content map[string]struct {
		Schema apiSchema `json:"schema"`
	} `json:"content"`
}

type apiSchema struct {
	Ref        string               `json:"$ref"`
	Type       string               `json:"type"`
	Enum       []any                `json:"enum"`
	Examples   []any                `json:"examples"`
	Properties map[string]apiSchema `json:"properties"`
	Required   []string             `json:"required"`
	Items      *apiSchema           `json:"items"`
	MinItems   int                  `json:"minItems"`
	Values     any                  `json:"additionalProperties"`
}

func readAPIDocument(t *testing.T) apiDocument {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	var doc apiDocument
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// sample returns a value that a schema accepts: what it must hold, and no more.
func (d *apiDocument) sample(s apiSchema) any {
	if s.Ref != "" {
		return d.sample(d.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]])
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case "object":
		out := map[string]any{}
		for _, name := range s.Required {
			out[name] = d.sample(s.Properties[name])
		}
		return out
	case "array":
		if s.MinItems > 0 {
			return []any{d.sample(*s.Items)}
		}
		return []any{}
	case "integer", "number":
		return 1
	case "boolean":
		return true
	default:
		return "sample"
	}
}

// wrong says what of a value is not as a schema says, by its place; "": nothing.
func (d *apiDocument) wrong(s apiSchema, v any, at string) string {
	if s.Ref != "" {
		return d.wrong(d.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]], v, at)
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		return fmt.Sprintf("%s is %v, want one of %v", at, v, s.Enum)
	}
	kind := map[string]bool{}
	switch v := v.(type) {
	case map[string]any:
		kind["object"] = true
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				return at + " has no " + name
			}
		}
		for name, value := range v {
			if p, ok := s.Properties[name]; ok {
				if w := d.wrong(p, value, at+"."+name); w != "" {
					return w
				}
			} else if s.Values == nil {
				return at + " has " + name + ", of which the document says nothing"
			}
		}
	case []any:
		kind["array"] = true
		for i := range v {
			if w := d.wrong(*s.Items, v[i], at+"[]"); w != "" {
				return w
			}
		}
	case string:
		kind["string"] = true
	case bool:
		kind["boolean"] = true
	case float64:
		kind["number"], kind["integer"] = true, true
	}
	if s.Type != "" && !kind[s.Type] {
		return fmt.Sprintf("%s is %T, want %s", at, v, s.Type)
	}
	return ""
}

// body returns the body of a request for an operation, by the document and what
// the tenant has.
func (d *apiDocument) body(o apiOperation, t *tenant) string {
	if b, ok := apiBodies(t)[o.ID]; ok {
		return b
	}
	s, ok := o.Body.Content["application/json"]
	if !ok {
		return ""
	}
	b, err := json.Marshal(d.sample(s.Schema))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// apiLogo is a picture of one pixel, in base64.
const apiLogo = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

// apiBodies are those that the document alone does not tell how to make so that
// they get as far as to what the path names.
func apiBodies(t *tenant) map[string]string {
	name := "new-" + t.name
	return map[string]string{
		"createUser":            `{"username":"` + name + `"}`,
		"updateUser":            `{"last_name":"Renamed"}`,
		"updateOrganization":    `{"name":"Renamed"}`,
		"createSuborganization": `{"key":"` + name + `","name":"Fresh"}`,
		"claimDomain":           `{"name":"` + name + `.example"}`,
		"updateDomain":          `{"sso":true}`,
		"createConnection":      `{"vendor":"okta"}`,
		"setMetadata":           `{"xml":"<x/>"}`,
		"setPreparedMetadata":   `{"xml":"<x/>"}`,
		"setValues":             `{"entity_id":"urn:x","sign_on_url":"https://idp.example/"}`,
		"acceptTest":            `{"of":["first_name"]}`,
		"setEnforcement":        `{"sso":"optional"}`,
		"invite":                `{"emails":["` + name + `@guest.example"]}`,
		"createImport":          `{"csv":"email\nx-` + name + `@guest.example\n"}`,
		"createKey":             `{"name":"x","scopes":["users:read"]}`,
		"decideConflict":        `{"remedy":"refuse"}`,
		"addCertificate":        `{"certificate":"none"}`,
		"createWebhook":         `{"url":"https://hooks.example/"}`,
		"updateWebhook":         `{"note":"new"}`,
		"replayWebhook":         `{"since":"2026-01-01T00:00:00Z"}`,
		"createBundle":          `{"days":7}`,
		"openTrace":             `{"reason":"Ticket 4711"}`,
		"setLogo":               `{"picture":"` + apiLogo + `"}`,
		"createGroup":           `{"name":"New ` + name + `"}`,
		"updateGroup":           `{"description":"new"}`,
		"setSecurity":           `{"mfa":"off","mfa_after_sso":"trust","session_idle":0,"session_life":0,"inactive_after":0,"ip_allow":[],"managed":false}`,
	}
}

// apiHeaders are those with which changes are made that want a version.
func apiHeaders() []string { return []string{"If-Match", "*"} }

// TestNoOperationReachesAnotherTenant asks every operation of the document for
// what is another tenant's, by the key of a program that may do all that one of
// an organization may. An operation that is not thought of here fails it.
func TestNoOperationReachesAnotherTenant(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme, rival := h.newTenant("acme"), h.newTenant("rival")
	h.furnish(&acme)
	h.furnish(&rival)
	_, key := h.apiKey(&acme, sso.OrganizationScopes()...)
	_, theirs := h.apiKey(&rival, sso.OrganizationScopes()...)
	everything := h.deploymentKey(sso.Scopes()...)
	doc := readAPIDocument(t)
	before := h.events(rival.by.Org.ID)
	type route struct{ method, path string }
	own := map[route]apiOperation{}
	for path, methods := range doc.Paths {
		for method, o := range methods {
			method = strings.ToUpper(method)
			if !slices.Contains(sso.OrganizationScopes(), sso.Scope(o.Scope)) {
				h.refused(h.call(key, method, apiTarget(path, "rival", &rival), doc.body(o, &rival), apiHeaders()...), http.StatusForbidden, "scope_missing")
				continue
			}
			for _, g := range gap.FindAllStringSubmatch(path, -1) {
				if g[1] != "organization" && g[1] != "entitlement" && g[1] != "role" && rival.its[g[1]] == "" {
					t.Errorf("%s names a %s, and the tenants of this test have none: give them one", o.ID, g[1])
				}
			}
			own[route{method, path}] = o
			for _, org := range []string{"rival", string(rival.by.Org.ID), "none"} {
				h.refusedAs(o.ID, h.call(key, method, apiTarget(path, org, &rival), doc.body(o, &rival), apiHeaders()...).Code, http.StatusNotFound)
			}
			if gap.MatchString(strings.ReplaceAll(path, "{organization}", "")) {
				for _, with := range []secret.Token{key, everything} {
					got := h.call(with, method, apiTarget(path, "acme", &rival), doc.body(o, &rival), apiHeaders()...)
					h.refusedAs(o.ID+" with the other's ID", got.Code, http.StatusNotFound)
				}
			}
		}
	}
	if after := h.events(rival.by.Org.ID); after != before {
		t.Errorf("the other tenant's audit list grew by %d", after-before)
	}
	h.holds(&rival)
	// The twin: whose it is, may; at least what is asked for is found.
	order := slices.SortedFunc(maps.Keys(own), func(a, b route) int { return strings.Compare(own[a].ID, own[b].ID) })
	for _, r := range order {
		rival = h.refill(rival)
		h.furnish(&rival)
		o := own[r]
		got := h.call(theirs, r.method, apiTarget(r.path, "rival", &rival), doc.body(o, &rival), apiHeaders()...)
		if got.Code == http.StatusNotFound || strings.Contains(got.Body.String(), `"api_request"`) || got.Code == http.StatusUnauthorized || got.Code == http.StatusPreconditionRequired || got.Code >= 500 {
			t.Errorf("%s by whose it is: %d %s", o.ID, got.Code, got.Body)
		}
		if answer := o.Answers[strconv.Itoa(got.Code)].Content["application/json"].Schema; got.Body.Len() > 0 && got.Code < 300 {
			if w := doc.wrong(answer, any(h.answered(got, got.Code)), "the answer"); w != "" {
				t.Errorf("%s: %s", o.ID, w)
			}
		}
	}
}

// furnish gives a tenant what only the API names in paths.
func (h *tenancy) furnish(t *tenant) {
	h.Helper()
	h.held(t)
	below := sso.Organization{ID: sso.NewOrgID(now()), Key: t.name + "-below", Name: "Below", State: sso.OrgActive, CreatedAt: now(), UpdatedAt: now()}
	if err := below.Place(&t.by.Org); err != nil {
		h.Fatal(err)
	}
	m := sso.Membership{Org: below.ID, User: sso.UserID(t.its["user"]), Role: sso.RoleMember, CreatedAt: now(), UpdatedAt: now()}
	h.write(func(tx *store.Writer) error {
		return errors.Join(tx.SaveOrganization(h.Context(), below), tx.Org(below.ID).SaveMembership(h.Context(), m))
	})
	t.its["below"] = below.Key
}

// refusedAs holds a status to what it must be.
func (h *tenancy) refusedAs(what string, got, want int) {
	h.Helper()
	if got != want {
		h.Errorf("%s is answered with %d, want %d", what, got, want)
	}
}

// apiTarget fills the gaps of a path with what is the tenant's.
func apiTarget(path, org string, t *tenant) string {
	path = strings.NewReplacer("{organization}", org, "{entitlement}", "sso").Replace(path)
	if strings.HasSuffix(path, "/explain") {
		path += "?email=someone@" + t.its["domain"]
	}
	return t.target(path, t.its)
}
