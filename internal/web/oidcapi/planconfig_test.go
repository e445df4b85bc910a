package oidcapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/oidc"
)

// document reads a public document.
func (p *relying) document(path string) map[string]any {
	p.Helper()
	got := p.ask(http.MethodGet, path, "")
	var d map[string]any
	if err := json.Unmarshal([]byte(got.body), &d); err != nil || got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "application/json" {
		p.Fatalf("%s: %s %s", path, got.Status, got.body)
	}
	return d
}

// texts returns a list of texts in a document.
func texts(d map[string]any, name string) []string {
	var all []string
	list, _ := d[name].([]any)
	for _, v := range list {
		text, _ := v.(string)
		all = append(all, text)
	}
	return all
}

// kids returns the IDs of the keys that are published.
func (p *relying) kids(t *testing.T) []string {
	t.Helper()
	var ids []string
	list, _ := p.document(oidc.JWKSPath)["keys"].([]any)
	for _, k := range list {
		key, _ := k.(map[string]any)
		id, _ := key["kid"].(string)
		if id == "" || key["use"] != "sig" || key["alg"] == nil || key["d"] != nil {
			t.Errorf("key %v", key)
		}
		ids = append(ids, id)
	}
	return ids
}

// The modules of the certification plan oidcc-config, by their names.
func TestPlanConfig(t *testing.T) {
	t.Parallel()
	for name, module := range map[string]func(t *testing.T, p *relying){
		"oidcc-discovery-endpoint-verification": func(t *testing.T, p *relying) {
			d := p.document(oidc.DiscoveryPath)
			if d["issuer"] != p.base {
				t.Errorf("issuer %v, want %s", d["issuer"], p.base)
			}
			for name, method := range map[string]string{
				"authorization_endpoint": http.MethodGet, "token_endpoint": http.MethodPost, "userinfo_endpoint": http.MethodGet, "jwks_uri": http.MethodGet,
				"revocation_endpoint": http.MethodPost, "introspection_endpoint": http.MethodPost,
				"pushed_authorization_request_endpoint": http.MethodPost, "device_authorization_endpoint": http.MethodPost,
			} {
				endpoint, _ := d[name].(string)
				path, own := strings.CutPrefix(endpoint, p.base)
				if u, err := url.Parse(endpoint); err != nil || !own || u.Fragment != "" || u.RawQuery != "" {
					t.Errorf("%s: %q, want an address of ours", name, endpoint)
					continue
				}
				if got := p.ask(method, path, ""); got.StatusCode == http.StatusNotFound || got.StatusCode == http.StatusMethodNotAllowed {
					t.Errorf("%s: %s", name, got.Status)
				}
			}
			for name, all := range map[string][]string{
				"response_types_supported": {"code"}, "response_modes_supported": {"query", "form_post"}, "subject_types_supported": {"public"},
				"id_token_signing_alg_values_supported": {"RS256", "ES256"}, "scopes_supported": {"openid", "profile", "email"},
				"token_endpoint_auth_methods_supported": {"client_secret_basic", "client_secret_post", "private_key_jwt"},
				"claims_supported":                      {"sub", "iss", "auth_time", "acr", "name", "email", "email_verified"},
				"grant_types_supported":                 {"authorization_code", "refresh_token", "client_credentials", string(oidc.DeviceCode)},
				"code_challenge_methods_supported":      {"S256"}, "ui_locales_supported": {"en", "de"}, "acr_values_supported": {"urn:sallyport:mfa"},
			} {
				for _, one := range all {
					if !slices.Contains(texts(d, name), one) {
						t.Errorf("%s: %v, want %s among them", name, d[name], one)
					}
				}
			}
			if slices.Contains(texts(d, "id_token_signing_alg_values_supported"), "none") || slices.Contains(texts(d, "code_challenge_methods_supported"), "plain") {
				t.Error("it promises what nobody should use")
			}
			if d["claims_parameter_supported"] != true || d["request_parameter_supported"] != false || d["request_uri_parameter_supported"] != false {
				t.Errorf("parameters: %v %v %v", d["claims_parameter_supported"], d["request_parameter_supported"], d["request_uri_parameter_supported"])
			}
			if other := p.document(oidc.MetadataPath); other["issuer"] != d["issuer"] || other["token_endpoint"] != d["token_endpoint"] {
				t.Errorf("the document for OAuth clients is another one: %v", other)
			}
		},
		"oidcc-discovery-jwks-uri-keys": func(t *testing.T, p *relying) {
			ids := p.kids(t)
			slices.Sort(ids)
			if len(ids) == 0 || len(slices.Compact(ids)) != len(ids) {
				t.Errorf("keys %v", ids)
			}
		},
		"oidcc-server-rotate-keys": func(t *testing.T, p *relying) {
			before := p.kids(t)
			now := p.grants.Now
			p.grants.Now = func() time.Time { return now().Add(84 * 24 * time.Hour) }
			after := p.kids(t)
			if len(after) != len(before)+1 || !slices.Contains(after, before[0]) {
				t.Errorf("keys %v, and then %v; want the next one beside it", before, after)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			module(t, newRelying(t))
		})
	}
}
