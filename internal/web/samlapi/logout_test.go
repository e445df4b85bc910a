package samlapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
)

const slo = "/saml/acme-okta/slo"

func visit(t *testing.T, target string) *http.Request {
	t.Helper()
	return httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
}

// A message reaches the flow as it came: the query octet for octet, the form
// without the query, the envelope whole.
func TestALogoutArrivesAsItWasSent(t *testing.T) {
	t.Parallel()
	soap := func(kind string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Content-Type", kind) }
	}
	const envelope = `<s:Envelope xmlns:s="x"/>`
	for name, tc := range map[string]struct {
		request func(t *testing.T) *http.Request
		want    signin.LogoutMessage
	}{
		"by Redirect": {
			func(t *testing.T) *http.Request {
				t.Helper()
				return visit(t, slo+"?SAMLRequest=a%2fb%2B&RelayState=%7e&SigAlg=x&Signature=y&x=;")
			},
			signin.LogoutMessage{ConnectionKey: "acme-okta", Binding: sso.BindingRedirect, Query: "SAMLRequest=a%2fb%2B&RelayState=%7e&SigAlg=x&Signature=y&x=;"},
		},
		"by POST": {
			func(t *testing.T) *http.Request {
				t.Helper()
				return post(t, slo+"?SAMLRequest=evil", "SAMLResponse=a%2Bb&RelayState=r")
			},
			signin.LogoutMessage{ConnectionKey: "acme-okta", Binding: sso.BindingPOST, Form: url.Values{"SAMLResponse": {"a+b"}, "RelayState": {"r"}}},
		},
		"by SOAP": {
			func(t *testing.T) *http.Request {
				t.Helper()
				r := post(t, slo, envelope)
				soap("text/xml; charset=utf-8")(r)
				return r
			},
			signin.LogoutMessage{ConnectionKey: "acme-okta", Binding: sso.BindingSOAP, Envelope: []byte(envelope)},
		},
		"by SOAP 1.2's type": {
			func(t *testing.T) *http.Request {
				t.Helper()
				r := post(t, slo, envelope)
				soap("application/soap+xml")(r)
				return r
			},
			signin.LogoutMessage{ConnectionKey: "acme-okta", Binding: sso.BindingSOAP, Envelope: []byte(envelope)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, h := open(t)
			r := tc.request(t)
			r.Header.Set("Cookie", "__Host-sallyport-session=s; __Host-sallyport-browser=b")
			if w := serve(h, r); w.Code >= 400 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if diff := cmp.Diff([]signin.LogoutMessage{tc.want}, f.logouts); diff != "" {
				t.Errorf("passed on (-want +got):\n%s", diff)
			}
			if !f.browser.Session.IsZero() || f.browser.Binding != (signin.Browser{}).Binding {
				t.Error("the flow saw the cookies of whoever carried the message")
			}
		})
	}
}

func TestALogoutIsAnsweredByItsWay(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		done     signin.SingleLogout
		status   int
		location string
		body     string
	}{
		"to the identity provider": {signin.SingleLogout{Answer: &signin.Departure{URL: "https://idp.example/slo?SAMLResponse=x"}}, 303, "https://idp.example/slo?SAMLResponse=x", ""},
		"by a form":                {signin.SingleLogout{Answer: &signin.Departure{Name: "Okta", Form: &signin.Form{Action: "https://idp.example/slo", Fields: []signin.Field{{Name: "SAMLResponse", Value: "PHg+"}}}}}, 200, "", `name="SAMLResponse" value="PHg&#43;"`},
		"to an unsafe address":     {signin.SingleLogout{Answer: &signin.Departure{URL: "javascript:alert(1)"}}, 403, "", `data-code="redirect_target"`},
		"with an envelope":         {signin.SingleLogout{Envelope: []byte("<answer/>")}, 200, "", "<answer/>"},
		"not at all":               {signin.SingleLogout{}, 303, "https://id.example/signed-out", ""},
		"in doubt":                 {signin.SingleLogout{Doubt: &fault.Error{Kind: fault.Denied, Code: "saml_status"}}, 303, "https://id.example/signed-out/here", ""},
	} {
		for way, r := range map[string]*http.Request{"GET": visit(t, slo+"?SAMLRequest=x"), "POST": post(t, slo, "SAMLRequest=x")} {
			f, h := open(t)
			f.done = tc.done
			w := serve(h, r)
			if w.Code != tc.status || w.Header().Get("Location") != tc.location || !strings.Contains(w.Body.String(), tc.body) {
				t.Errorf("%s, %s: %d to %q\n%s", name, way, w.Code, w.Header().Get("Location"), w.Body)
			}
			if w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s, %s: a cookie was set", name, way)
			}
			if tc.done.Envelope != nil && w.Header().Get("Content-Type") != "text/xml; charset=utf-8" {
				t.Errorf("%s: as %s", name, w.Header().Get("Content-Type"))
			}
		}
	}
}

func TestALogoutThatIsRefusedSpeaksOfSigningOut(t *testing.T) {
	t.Parallel()
	f, h := open(t)
	f.refused = &fault.Error{Kind: fault.Denied, Code: "sig_missing", Want: "a signature", Got: "<none>", Fix: fault.IdPSide, Ref: "7F3K-22QD"}
	w := serve(h, visit(t, slo+"?SAMLRequest=x"))
	body := w.Body.String()
	for _, part := range []string{"We could not sign you out", `data-code="sig_missing"`, "7F3K-22QD", `href="/account"`} {
		if !strings.Contains(body, part) {
			t.Errorf("the page lacks %q\n%s", part, body)
		}
	}
	if w.Code != 403 || strings.Contains(body, "none&gt;") || strings.Contains(body, "sign you in") {
		t.Errorf("%d\n%s", w.Code, body)
	}
}

func TestALogoutComesInOneOfThreeWays(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		request *http.Request
		kind    string
		status  int
		code    string
	}{
		"JSON":                {post(t, slo, "{}"), "application/json", 400, "bind_method"},
		"multipart":           {post(t, slo, "x"), "multipart/form-data; boundary=x", 400, "bind_method"},
		"a key of nobody":     {post(t, "/saml/NO_KEY/slo", "SAMLRequest=x"), "", 404, "connection_unknown"},
		"a large envelope":    {post(t, slo, strings.Repeat("x", 2<<20)), "text/xml", 413, "request_too_large"},
		"a compressed one":    {post(t, slo, "x"), "text/xml", 400, "request_encoding"},
		"by another method":   {httptest.NewRequestWithContext(t.Context(), http.MethodPut, slo, nil), "", 405, "method_not_allowed"},
		"a good one, by form": {post(t, slo, "SAMLRequest=x"), "", 303, ""},
	} {
		f, h := open(t)
		if tc.kind != "" {
			tc.request.Header.Set("Content-Type", tc.kind)
		}
		if tc.code == "request_encoding" {
			tc.request.Header.Set("Content-Encoding", "gzip")
		}
		w := serve(h, tc.request)
		if w.Code != tc.status || tc.code != "" && !strings.Contains(w.Body.String(), `data-code="`+tc.code+`"`) {
			t.Errorf("%s: %d, want %d %s\n%s", name, w.Code, tc.status, tc.code, w.Body)
		}
		if (tc.code == "") != (len(f.logouts) == 1) {
			t.Errorf("%s: the flow got %d messages", name, len(f.logouts))
		}
	}
}
