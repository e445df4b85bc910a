package samlapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/samlapi"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

// fake is a flow that accepts the response "good".
type fake struct {
	browser signin.Browser
	got     []signin.Response
	logouts []signin.LogoutMessage
	done    signin.SingleLogout // what becomes of the next logout
	refused error               // or this
	fetched []string            // which metadata were read by whom
}

func (f *fake) Logout(_ context.Context, b signin.Browser, in signin.LogoutMessage) (signin.SingleLogout, error) {
	f.browser = b
	f.logouts = append(f.logouts, in)
	return f.done, f.refused
}

func (f *fake) Respond(_ context.Context, b signin.Browser, in signin.Response) (signin.Answered, error) {
	f.browser = b
	f.got = append(f.got, in)
	if in.SAMLResponse != "good" {
		return signin.Answered{Attempt: "att_1"}, &fault.Error{Kind: fault.Denied, Code: "saml_audience", Want: "https://we.example", Got: "https://other.example", Fix: fault.IdPSide, Ref: "7F3K-22QD"}
	}
	switch in.RelayState {
	case "tile":
		return signin.Answered{Tile: &signin.Tile{Connection: "acme-okta", App: "a portal"}}, nil
	case "tile off":
		return signin.Answered{Org: "acme"}, &fault.Error{Kind: fault.Denied, Code: "saml_irt", Fix: fault.PersonSide, Ref: "7F3K-22QD"}
	}
	return signin.Answered{Attempt: "att_1", Test: in.RelayState == "test"}, nil
}

func (*fake) Metadata(_ context.Context, key string) ([]byte, error) {
	if key != "acme-okta" {
		return nil, &fault.Error{Kind: fault.NotFound, Code: "connection_unknown"}
	}
	return []byte("<EntityDescriptor/>"), nil
}

func (f *fake) NoteFetch(_ context.Context, key, by string) error {
	f.fetched = append(f.fetched, key+" "+by)
	return nil
}

func open(t *testing.T) (*fake, http.Handler) {
	t.Helper()
	pages, err := ui.New(ui.Options{})
	if err != nil {
		t.Fatal(err)
	}
	base, err := web.ParseBaseURL("https://id.example")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{}
	rt, err := web.New(web.Config{BaseURL: base, Log: slog.New(slog.DiscardHandler), Failure: pages.Failure}, (&samlapi.Handler{Flow: f, UI: pages}).Routes())
	if err != nil {
		t.Fatal(err)
	}
	return f, rt
}

func TestRouteTable(t *testing.T) {
	t.Parallel()
	const file = "testdata/routes.txt"
	got := web.Table((&samlapi.Handler{}).Routes())
	if webtest.Update() {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

const acs = "/saml/acme-okta/acs"

// post is a response as a page of the identity provider posts it.
func post(t *testing.T, target, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://idp.example")
	return r
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAGoodResponseGoesOnAtAPageOfOurs(t *testing.T) {
	t.Parallel()
	f, h := open(t)
	r := post(t, acs, "SAMLResponse=good&RelayState=r%2B1")
	r.Header.Set("Cookie", "__Host-sallyport-session=s; __Host-sallyport-browser=b")
	w := serve(h, r)
	if w.Code != 303 || w.Header().Get("Location") != "https://id.example/login/continue?attempt=att_1" {
		t.Errorf("%d to %q, want 303 to the page that checks the cookie", w.Code, w.Header().Get("Location"))
	}
	if w.Header().Get("Set-Cookie") != "" {
		t.Errorf("the post set a cookie: %q", w.Header().Get("Set-Cookie"))
	}
	if diff := cmp.Diff([]signin.Response{{ConnectionKey: "acme-okta", SAMLResponse: "good", RelayState: "r+1"}}, f.got); diff != "" {
		t.Errorf("passed on (-want +got):\n%s", diff)
	}
	if !f.browser.Session.IsZero() || f.browser.Binding != (signin.Browser{}).Binding {
		t.Error("the flow saw the cookies of a cross-site post")
	}
}

func TestAnAnswerToATestGoesOnAtItsOwnPage(t *testing.T) {
	t.Parallel()
	_, h := open(t)
	w := serve(h, post(t, acs, "SAMLResponse=good&RelayState=test"))
	if w.Code != 303 || w.Header().Get("Location") != "https://id.example/test/done?attempt=att_1" {
		t.Errorf("%d to %q, want 303 to the page of the test", w.Code, w.Header().Get("Location"))
	}
}

func TestATileBeginsASignInOfOurs(t *testing.T) {
	t.Parallel()
	_, h := open(t)
	w := serve(h, post(t, acs, "SAMLResponse=good&RelayState=tile"))
	if w.Code != 303 || w.Header().Get("Location") != "https://id.example/login/tile?app=a+portal&connection=acme-okta" || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("%d to %q, want 303 to the page that begins a sign-in, without a cookie", w.Code, w.Header().Get("Location"))
	}
	w = serve(h, post(t, acs, "SAMLResponse=good&RelayState=tile+off"))
	if body := w.Body.String(); w.Code != 403 || !strings.Contains(body, `href="/login/acme"`) || !strings.Contains(body, "7F3K-22QD") {
		t.Errorf("%d, want the failure page, from which the sign-on URL is reached\n%s", w.Code, body)
	}
}

func TestARefusalIsAPageWithItsReference(t *testing.T) {
	t.Parallel()
	_, h := open(t)
	w := serve(h, post(t, acs, "SAMLResponse=bad"))
	body := w.Body.String()
	if w.Code != 403 || !strings.Contains(body, `data-code="saml_audience"`) || !strings.Contains(body, "7F3K-22QD") {
		t.Errorf("%d, want the failure page\n%s", w.Code, body)
	}
	if strings.Contains(body, "other.example") || strings.Contains(body, "SAML") {
		t.Errorf("the page tells the person what is the administrator's:\n%s", body)
	}
	if !strings.Contains(body, `href="/login/again?attempt=att_1"`) {
		t.Errorf("the page does not offer to begin this sign-in anew:\n%s", body)
	}
}

func TestOnlyAFormWithEachFieldOnceIsRead(t *testing.T) {
	t.Parallel()
	mime := func(kind string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Content-Type", kind) }
	}
	for name, tc := range map[string]struct {
		target, body string
		change       func(*http.Request)
		status       int
		code         string
	}{
		"as it must be":              {acs, "SAMLResponse=good&RelayState=r", nil, 303, ""},
		"no RelayState":              {acs, "SAMLResponse=good", nil, 303, ""},
		"a foreign field":            {acs, "SAMLResponse=good&submit=Continue", nil, 303, ""},
		"query does not matter":      {acs + "?SAMLResponse=bad", "SAMLResponse=good", nil, 303, ""},
		"response in the query":      {acs + "?SAMLResponse=good", "", nil, 400, "bind_param"},
		"two responses":              {acs, "SAMLResponse=good&SAMLResponse=good", nil, 400, "bind_param"},
		"two relay states":           {acs, "SAMLResponse=good&RelayState=a&RelayState=b", nil, 400, "bind_param"},
		"a request beside it":        {acs, "SAMLResponse=good&SAMLRequest=x", nil, 400, "bind_param"},
		"none":                       {acs, "RelayState=r", nil, 400, "bind_param"},
		"broken escapes":             {acs, "SAMLResponse=%zz", nil, 400, "bind_method"},
		"multipart":                  {acs, "SAMLResponse=good", mime("multipart/form-data; boundary=x"), 400, "bind_method"},
		"JSON":                       {acs, `{"SAMLResponse":"good"}`, mime("application/json"), 400, "bind_method"},
		"an artifact":                {acs, "SAMLart=AAQAAA&RelayState=r", nil, 400, "bind_param"},
		"a SOAP envelope":            {acs, "<Envelope/>", mime("text/xml"), 400, "bind_method"},
		"compressed":                 {acs, "SAMLResponse=good", func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 400, "request_encoding"},
		"GET":                        {acs + "?SAMLResponse=good", "", func(r *http.Request) { r.Method = http.MethodGet }, 400, "bind_method"},
		"PUT":                        {acs, "SAMLResponse=good", func(r *http.Request) { r.Method = http.MethodPut }, 405, "method_not_allowed"},
		"as large as may be":         {acs, "RelayState=" + strings.Repeat("x", web.MaxSAMLBody-40) + "&SAMLResponse=good", nil, 303, ""},
		"larger":                     {acs, "RelayState=" + strings.Repeat("x", web.MaxSAMLBody) + "&SAMLResponse=good", nil, 413, "request_too_large"},
		"a key that cannot be":       {"/saml/ACME_OKTA/acs", "SAMLResponse=good", nil, 404, "connection_unknown"},
		"a key with a path in it":    {"/saml/" + url.PathEscape("../acme-okta") + "/acs", "SAMLResponse=good", nil, 404, "connection_unknown"},
		"a key with a line break it": {"/saml/" + url.PathEscape("acme\r\nX: y") + "/acs", "SAMLResponse=good", nil, 404, "connection_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, h := open(t)
			r := post(t, tc.target, tc.body)
			if tc.change != nil {
				tc.change(r)
			}
			w := serve(h, r)
			if w.Code != tc.status || tc.code != "" && !strings.Contains(w.Body.String(), `data-code="`+tc.code+`"`) {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, tc.status, tc.code)
			}
			if tc.status != 303 && len(f.got) != 0 {
				t.Errorf("the flow got %v", f.got)
			}
		})
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	_, h := open(t)
	w := serve(h, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/saml/acme-okta/metadata", nil))
	if w.Code != 200 || w.Body.String() != "<EntityDescriptor/>" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"Content-Type":        "application/samlmetadata+xml",
		"Content-Disposition": `inline; filename="acme-okta-metadata.xml"`,
		"Cache-Control":       "public, max-age=300",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	for _, key := range []string{"nobody", "No_Key"} {
		if w := serve(h, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/saml/"+key+"/metadata", nil)); w.Code != 404 {
			t.Errorf("metadata of %s: %d, want 404", key, w.Code)
		}
	}
}

// At the shared address the flow is told of no connection: the request that is
// answered says which it is.
func TestASharedAddress(t *testing.T) {
	t.Parallel()
	f, h := open(t)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/saml/acs", strings.NewReader(url.Values{"SAMLResponse": {"good"}, "RelayState": {"r"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if want := (signin.Response{SAMLResponse: "good", RelayState: "r"}); w.Code != http.StatusSeeOther || len(f.got) != 1 || f.got[0] != want {
		t.Errorf("POST /saml/acs: %d, the flow got %+v", w.Code, f.got)
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/saml/acs", http.NoBody))
	if w.Code != http.StatusBadRequest || len(f.got) != 1 {
		t.Errorf("GET /saml/acs: %d", w.Code)
	}
}
