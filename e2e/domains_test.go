//go:build e2e

package e2e

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sallyport/sallyport/internal/dnstest"
)

// TestDomainsPages goes the way of a domain: claimed by an owner, published in a DNS server by whoever administers it, who
// comes by a setup link, verified by the button and by itself, and lost to nobody.
func TestDomainsPages(t *testing.T) {
	t.Parallel()
	zone := dnstest.Start(t)
	// The journey changes the zone by HTTP.
	console := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		name := q.Get("name")
		zone.Clear(name)
		switch q.Get("what") {
		case "txt":
			for _, value := range q["value"] {
				zone.TXT(name, value)
			}
		case "servfail":
			zone.Fail(name, dnstest.ServFail)
		case "silence":
			zone.Fail(name, dnstest.Silence)
		case "truncated":
			zone.Fail(name, dnstest.Truncated)
			for _, value := range q["value"] {
				zone.TXT(name, value)
			}
		}
	}))
	t.Cleanup(console.Close)
	h := newHouse(t, `organizations:
  - key: acme
    name: Acme Ltd
    entitlements: [sso]
    users: [{username: alice, email: alice@acme.test, first_name: Alice, last_name: Archer, role: owner, password_hash: "`+alicesHash+`"}]
  - key: rival
    name: Rival Inc
    entitlements: [sso]
    users: [{username: rita, email: rita@rival.test, first_name: Rita, last_name: Roe, role: owner, password_hash: "`+alicesHash+`"}]
  - key: poor
    name: Poor Co
    users: [{username: paul, email: paul@poor.test, first_name: Paul, last_name: Poe, role: owner, password_hash: "`+alicesHash+`"}]
`, "--dns-server", zone.Address, "--sso-plan", "Enterprise", "--sales-contact", "sales@vendor.test")
	h.journey(t, "domains", map[string]string{"password": alicesPassword, "dns": console.URL})
}
