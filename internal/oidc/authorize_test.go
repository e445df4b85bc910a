package oidc_test

import (
	"errors"
	"maps"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
)

const issuer = "https://sso.example"

// The pair of [RFC 7636 Appendix B].
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

func portal() oidc.Client {
	return oidc.Client{ID: "portal", RedirectURIs: []string{"https://app.example/cb", "https://app.example/cb?tenant=a"}}
}

func native() oidc.Client {
	return oidc.Client{ID: "portal", Public: true, RedirectURIs: []string{
		"https://app.example/cb", "http://127.0.0.1/cb", "http://[::1]:7000/cb", "http://localhost:7000/cb", "com.example.app:/cb",
	}}
}

func goodRequest() url.Values {
	return url.Values{
		"client_id":             {"portal"},
		"redirect_uri":          {"https://app.example/cb"},
		"response_type":         {"code"},
		"scope":                 {"openid profile"},
		"state":                 {"s-1"},
		"nonce":                 {"n-1"},
		"code_challenge":        {challenge},
		"code_challenge_method": {"S256"},
	}
}

// with returns v with one parameter replaced, or left out for no values.
func with(v url.Values, name string, values ...string) url.Values {
	v = maps.Clone(v)
	delete(v, name)
	if len(values) > 0 {
		v[name] = values
	}
	return v
}

func TestJudgeReadsEveryParameter(t *testing.T) {
	t.Parallel()
	v := goodRequest()
	for name, value := range map[string]string{
		"prompt":        "login select_account",
		"max_age":       "300",
		"login_hint":    "alice@acme.example",
		"ui_locales":    "de-CH en",
		"acr_values":    "urn:a urn:b",
		"id_token_hint": "e30.e30.",
		"response_mode": "form_post",
		"claims":        `{"userinfo":{"email":null,"picture":{"essential":true}},"id_token":{"acr":{"essential":true,"values":["urn:sallyport:mfa"]},"sub":{"value":"usr_1"}},"more":1}`,
		"display":       "popup", // not understood: ignored
	} {
		v.Set(name, value)
	}
	r, err := oidc.Judge(v, portal())
	if err != nil {
		t.Fatal(err)
	}
	if age, ok := r.MaxAge(); !ok || age != 5*time.Minute {
		t.Errorf("MaxAge() = %v, %v, want 5m", age, ok)
	}
	if r.RedirectURI() != "https://app.example/cb" || r.Scope != oidc.OpenID|oidc.Profile || r.State != "s-1" || r.Nonce != "n-1" {
		t.Errorf("Judge() = %+v", r)
	}
	if r.Prompt != oidc.PromptLogin|oidc.PromptSelectAccount || r.LoginHint != "alice@acme.example" || r.IDTokenHint != "e30.e30." {
		t.Errorf("Judge() = %+v", r)
	}
	if !cmp.Equal(r.UILocales, []string{"de-CH", "en"}) || !cmp.Equal(r.ACRValues, []string{"urn:a", "urn:b"}) {
		t.Errorf("Judge() = %+v", r)
	}
	if r.Subject() != "usr_1" || r.Claims() != oidc.Profile.Claims()|oidc.ClaimEmail || r.Admits(oidc.OneFactor) || !r.Admits(oidc.MultiFactor) {
		t.Errorf("claims were read as %v for %q", r.Claims(), r.Subject())
	}
	again, err := oidc.Judge(r.Values(), portal())
	if err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("Judge(Values()) = %+v, %v, want the same request", again, err)
	}
}

func TestJudgeRefusesAndTellsTheApplication(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		parameter string
		hostile   []string
		twin      []string // the same request with this value is accepted
		code      oidc.Code
	}{
		"no response type":            {"response_type", nil, []string{"code"}, oidc.InvalidRequest},
		"two response types":          {"response_type", []string{"code", "code"}, []string{"code"}, oidc.InvalidRequest},
		"implicit":                    {"response_type", []string{"id_token"}, []string{"code"}, oidc.UnsupportedResponseType},
		"hybrid":                      {"response_type", []string{"code id_token"}, []string{"code"}, oidc.UnsupportedResponseType},
		"response type in capitals":   {"response_type", []string{"CODE"}, []string{"code"}, oidc.UnsupportedResponseType},
		"fragment":                    {"response_mode", []string{"fragment"}, []string{"query"}, oidc.InvalidRequest},
		"two response modes":          {"response_mode", []string{"query", "form_post"}, []string{"form_post"}, oidc.InvalidRequest},
		"claims that are no JSON":     {"claims", []string{`{"userinfo":`}, []string{`{"userinfo":{}}`}, oidc.InvalidRequest},
		"claims that are a list":      {"claims", []string{`[]`}, []string{`{}`}, oidc.InvalidRequest},
		"claims that are nothing":     {"claims", []string{`null`}, []string{`{"id_token":null}`}, oidc.InvalidRequest},
		"a claim that is a list":      {"claims", []string{`{"id_token":{"name":[]}}`}, []string{`{"id_token":{"name":null}}`}, oidc.InvalidRequest},
		"claims with two endings":     {"claims", []string{`{}{}`}, []string{`{}`}, oidc.InvalidRequest},
		"claims twice":                {"claims", []string{`{}`, `{}`}, []string{`{}`}, oidc.InvalidRequest},
		"claims for two people":       {"claims", []string{`{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}`}, []string{`{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"a"}}}`}, oidc.InvalidRequest},
		"claims for one of two":       {"claims", []string{`{"id_token":{"sub":{"values":["a","b"]}}}`}, []string{`{"id_token":{"sub":{"values":["a"]}}}`}, oidc.InvalidRequest},
		"endless claims":              {"claims", []string{`{}` + strings.Repeat(" ", 2047)}, []string{`{}` + strings.Repeat(" ", 2046)}, oidc.InvalidRequest},
		"endless values":              {"claims", []string{`{"id_token":{"acr":{"values":[1` + strings.Repeat(",1", 16) + `]}}}`}, []string{`{"id_token":{"acr":{"values":[1` + strings.Repeat(",1", 15) + `]}}}`}, oidc.InvalidRequest},
		"web_message":                 {"response_mode", []string{"web_message"}, []string{""}, oidc.InvalidRequest},
		"request object":              {"request", []string{"eyJhbGciOiJub25lIn0.e30."}, nil, oidc.RequestNotSupported},
		"request object behind empty": {"request", []string{"", "x"}, []string{""}, oidc.RequestNotSupported},
		"request URI":                 {"request_uri", []string{"http://169.254.169.254/"}, nil, oidc.RequestURINotSupported},
		"registration":                {"registration", []string{"{}"}, nil, oidc.RegistrationNotSupported},
		"no scope":                    {"scope", nil, []string{"openid"}, oidc.InvalidScope},
		"no openid":                   {"scope", []string{"profile email"}, []string{"profile email openid"}, oidc.InvalidScope},
		"openid in capitals":          {"scope", []string{"OpenID"}, []string{"openid"}, oidc.InvalidScope},
		"two scopes":                  {"scope", []string{"openid", "openid"}, []string{"openid email"}, oidc.InvalidRequest},
		"endless scope":               {"scope", []string{"openid " + strings.Repeat("x", 1018)}, []string{"openid " + strings.Repeat("x", 1017)}, oidc.InvalidRequest},
		"two states":                  {"state", []string{"s-1", "s-2"}, []string{"s-1"}, oidc.InvalidRequest},
		"endless state":               {"state", []string{strings.Repeat("s", 2049)}, []string{strings.Repeat("s", 2048)}, oidc.InvalidRequest},
		"state with a line end":       {"state", []string{"a\r\nSet-Cookie: b"}, []string{"a  Set-Cookie: b"}, oidc.InvalidRequest},
		"state that is no text":       {"state", []string{"\xff"}, []string{"ÿ"}, oidc.InvalidRequest},
		"two nonces":                  {"nonce", []string{"n-1", "n-1"}, []string{"n-1"}, oidc.InvalidRequest},
		"endless nonce":               {"nonce", []string{strings.Repeat("n", 1025)}, []string{strings.Repeat("n", 1024)}, oidc.InvalidRequest},
		"nonce with a zero":           {"nonce", []string{"n\x00"}, []string{"n0"}, oidc.InvalidRequest},
		"no challenge":                {"code_challenge", nil, []string{challenge}, oidc.InvalidRequest},
		"empty challenge":             {"code_challenge", []string{""}, []string{challenge}, oidc.InvalidRequest},
		"two challenges":              {"code_challenge", []string{challenge, challenge}, []string{challenge}, oidc.InvalidRequest},
		"padded challenge":            {"code_challenge", []string{challenge + "="}, []string{challenge}, oidc.InvalidRequest},
		"challenge in base64":         {"code_challenge", []string{strings.ReplaceAll(challenge, "-", "+")}, []string{challenge}, oidc.InvalidRequest},
		"challenge with stray bits":   {"code_challenge", []string{challenge[:42] + "N"}, []string{challenge}, oidc.InvalidRequest},
		"challenge with a line end":   {"code_challenge", []string{challenge + "\n"}, []string{challenge}, oidc.InvalidRequest},
		"short challenge":             {"code_challenge", []string{challenge[:42]}, []string{challenge}, oidc.InvalidRequest},
		"two keys":                    {"dpop_jkt", []string{challenge, challenge}, []string{challenge}, oidc.InvalidRequest},
		"a key that is none":          {"dpop_jkt", []string{challenge + "="}, []string{challenge}, oidc.InvalidRequest},
		"plain challenge":             {"code_challenge_method", []string{"plain"}, []string{"S256"}, oidc.InvalidRequest},
		"challenge method left out":   {"code_challenge_method", nil, []string{"S256"}, oidc.InvalidRequest},
		"two challenge methods":       {"code_challenge_method", []string{"S256", "plain"}, []string{"S256"}, oidc.InvalidRequest},
		"challenge method in small":   {"code_challenge_method", []string{"s256"}, []string{"S256"}, oidc.InvalidRequest},
		"none and login":              {"prompt", []string{"none login"}, []string{"consent login"}, oidc.InvalidRequest},
		"unknown prompt":              {"prompt", []string{"create"}, []string{"login"}, oidc.InvalidRequest},
		"two prompts":                 {"prompt", []string{"login", "login"}, []string{"login consent"}, oidc.InvalidRequest},
		"negative age":                {"max_age", []string{"-1"}, []string{"1"}, oidc.InvalidRequest},
		"age with a sign":             {"max_age", []string{"+1"}, []string{"1"}, oidc.InvalidRequest},
		"age in words":                {"max_age", []string{"one hour"}, []string{"3600"}, oidc.InvalidRequest},
		"age beyond numbers":          {"max_age", []string{"99999999999999999999"}, []string{"999999999999999999"}, oidc.InvalidRequest},
		"two ages":                    {"max_age", []string{"1", "0"}, []string{"0"}, oidc.InvalidRequest},
		"two hints":                   {"login_hint", []string{"a@x.example", "b@x.example"}, []string{"a@x.example"}, oidc.InvalidRequest},
		"endless hint":                {"login_hint", []string{strings.Repeat("a", 513)}, []string{strings.Repeat("a", 512)}, oidc.InvalidRequest},
		"hint with an escape":         {"login_hint", []string{"\x1b[31m"}, []string{"[31m"}, oidc.InvalidRequest},
		"two locales":                 {"ui_locales", []string{"de", "en"}, []string{"de en"}, oidc.InvalidRequest},
		"endless locales":             {"ui_locales", []string{strings.Repeat("d", 257)}, []string{strings.Repeat("d", 256)}, oidc.InvalidRequest},
		"endless classes":             {"acr_values", []string{strings.Repeat("d", 513)}, []string{strings.Repeat("d", 512)}, oidc.InvalidRequest},
		"endless id token":            {"id_token_hint", []string{strings.Repeat("e", 4097)}, []string{strings.Repeat("e", 4096)}, oidc.InvalidRequest},
		"two id tokens":               {"id_token_hint", []string{"a", "b"}, []string{"a"}, oidc.InvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := oidc.Judge(with(goodRequest(), tc.parameter, tc.twin...), portal()); err != nil {
				t.Fatalf("twin %q: Judge() = %v, want it accepted", tc.twin, err)
			}
			_, err := oidc.Judge(with(goodRequest(), tc.parameter, tc.hostile...), portal())
			refusal, ok := errors.AsType[*oidc.AuthorizeError](err)
			if !ok || refusal.Code != tc.code {
				t.Fatalf("Judge() = %v, want %s for the application", err, tc.code)
			}
			u, err := url.Parse(refusal.Answer(issuer).URL())
			if err != nil {
				t.Fatal(err)
			}
			if u.Host != "app.example" || u.Query().Get("iss") != issuer || u.Query().Get("error") != string(tc.code) {
				t.Fatalf("URL() = %s", u)
			}
			wantState := "s-1"
			if tc.parameter == "state" {
				wantState = "" // one that cannot be trusted is not repeated
			}
			if got := u.Query().Get("state"); got != wantState {
				t.Fatalf("state = %q, want %q", got, wantState)
			}
			checkDescription(t, refusal.Description)
		})
	}
}

// checkDescription insists on the alphabet of [RFC 6749 4.1.2.1].
func checkDescription(t *testing.T, s string) {
	t.Helper()
	for _, b := range []byte(s) {
		if b < ' ' || b > '~' || b == '"' || b == '\\' {
			t.Errorf("description %q has an octet that error_description must not have", s)
		}
	}
}

func TestJudgeNeverRedirectsToAnUnregisteredURI(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		client  oidc.Client
		hostile []string
		twin    string
	}{
		"none":                        {portal(), nil, "https://app.example/cb"},
		"empty":                       {portal(), []string{""}, "https://app.example/cb"},
		"repeated":                    {portal(), []string{"https://app.example/cb", "https://evil.example/"}, "https://app.example/cb"},
		"repeated, evil first":        {portal(), []string{"https://evil.example/", "https://app.example/cb"}, "https://app.example/cb"},
		"longer path":                 {portal(), []string{"https://app.example/cb/x"}, "https://app.example/cb"},
		"slash at the end":            {portal(), []string{"https://app.example/cb/"}, "https://app.example/cb"},
		"shorter path":                {portal(), []string{"https://app.example/c"}, "https://app.example/cb"},
		"path in capitals":            {portal(), []string{"https://app.example/CB"}, "https://app.example/cb"},
		"host in capitals":            {portal(), []string{"https://APP.example/cb"}, "https://app.example/cb"},
		"scheme in capitals":          {portal(), []string{"HTTPS://app.example/cb"}, "https://app.example/cb"},
		"plain http":                  {portal(), []string{"http://app.example/cb"}, "https://app.example/cb"},
		"default port":                {portal(), []string{"https://app.example:443/cb"}, "https://app.example/cb"},
		"path up":                     {portal(), []string{"https://app.example/cb/../evil"}, "https://app.example/cb"},
		"path up with parameter":      {portal(), []string{"https://app.example/cb/..;/evil"}, "https://app.example/cb"},
		"encoded path":                {portal(), []string{"https://app.example/%63b"}, "https://app.example/cb"},
		"user information":            {portal(), []string{"https://app.example@evil.example/cb"}, "https://app.example/cb"},
		"two at signs":                {portal(), []string{"https://app.example@a@evil.example/cb"}, "https://app.example/cb"},
		"backslash":                   {portal(), []string{`https://evil.example\@app.example/cb`}, "https://app.example/cb"},
		"fragment":                    {portal(), []string{"https://app.example/cb#x"}, "https://app.example/cb"},
		"encoded fragment":            {portal(), []string{"https://app.example/cb%23x"}, "https://app.example/cb"},
		"another query":               {portal(), []string{"https://app.example/cb?tenant=b"}, "https://app.example/cb?tenant=a"},
		"longer query":                {portal(), []string{"https://app.example/cb?tenant=a&x=y"}, "https://app.example/cb?tenant=a"},
		"subdomain":                   {portal(), []string{"https://x.app.example/cb"}, "https://app.example/cb"},
		"longer host":                 {portal(), []string{"https://app.example.evil.example/cb"}, "https://app.example/cb"},
		"script":                      {portal(), []string{"javascript:alert(1)"}, "https://app.example/cb"},
		"space before":                {portal(), []string{" https://app.example/cb"}, "https://app.example/cb"},
		"line end after":              {portal(), []string{"https://app.example/cb\n"}, "https://app.example/cb"},
		"loopback, other path":        {native(), []string{"http://127.0.0.1:5000/evil"}, "http://127.0.0.1:5000/cb"},
		"loopback, other address":     {native(), []string{"http://127.0.0.2:5000/cb"}, "http://127.0.0.1:5000/cb"},
		"loopback, user":              {native(), []string{"http://127.0.0.1:5000@evil.example/cb"}, "http://127.0.0.1:5000/cb"},
		"loopback, longer host":       {native(), []string{"http://127.0.0.1.evil.example/cb"}, "http://127.0.0.1/cb"},
		"loopback, empty port":        {native(), []string{"http://127.0.0.1:/cb"}, "http://127.0.0.1:1/cb"},
		"loopback, port in letters":   {native(), []string{"http://127.0.0.1:5a/cb"}, "http://127.0.0.1:5/cb"},
		"loopback, port too long":     {native(), []string{"http://127.0.0.1:500000/cb"}, "http://127.0.0.1:50000/cb"},
		"loopback, https":             {native(), []string{"https://127.0.0.1:5000/cb"}, "http://127.0.0.1:5000/cb"},
		"loopback, no port":           {native(), []string{"http://[::1]/evil"}, "http://[::1]/cb"},
		"loopback v6, other path":     {native(), []string{"http://[::1]:5000/evil"}, "http://[::1]:5000/cb"},
		"localhost, other port":       {native(), []string{"http://localhost:7001/cb"}, "http://localhost:7000/cb"},
		"own scheme, other path":      {native(), []string{"com.example.app:/evil"}, "com.example.app:/cb"},
		"loopback never registered":   {portal(), []string{"http://127.0.0.1:5000/cb"}, "https://app.example/cb"},
		"loopback port of a web site": {oidc.Client{ID: "portal", RedirectURIs: []string{"http://127.0.0.1:18092/cb"}}, []string{"http://127.0.0.1:1/cb"}, "http://127.0.0.1:18092/cb"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := oidc.Judge(with(goodRequest(), "redirect_uri", tc.twin), tc.client)
			if err != nil || r.RedirectURI() != tc.twin {
				t.Fatalf("twin %q: Judge() = %v, want it accepted", tc.twin, err)
			}
			_, err = oidc.Judge(with(goodRequest(), "redirect_uri", tc.hostile...), tc.client)
			if !fault.Is(err, "oidc_redirect_uri") {
				t.Fatalf("Judge() = %v, want oidc_redirect_uri on a page", err)
			}
			if _, ok := errors.AsType[*oidc.AuthorizeError](err); ok {
				t.Fatalf("Judge() = %v, an error that redirects", err)
			}
		})
	}
}

func TestJudgeKnowsItsClient(t *testing.T) {
	t.Parallel()
	for name, ids := range map[string][]string{
		"none":     nil,
		"another":  {"other"},
		"repeated": {"portal", "portal"},
		"longer":   {"portal2"},
		"capitals": {"Portal"},
		"endless":  {strings.Repeat("p", 256)},
		"escape":   {"portal\x1b"},
	} {
		if _, err := oidc.Judge(with(goodRequest(), "client_id", ids...), portal()); !fault.Is(err, "oidc_client_unknown") {
			t.Errorf("%s: Judge() = %v, want oidc_client_unknown on a page", name, err)
		}
	}
}

func TestAnswersKeepTheRegisteredQuery(t *testing.T) {
	t.Parallel()
	r, err := oidc.Judge(with(with(goodRequest(), "state", "a&b=c d"), "redirect_uri", "https://app.example/cb?tenant=a"), portal())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.Answer(issuer, "c0de").URL(), "https://app.example/cb?tenant=a&code=c0de&state=a%26b%3Dc+d&iss=https%3A%2F%2Fsso.example"; got != want {
		t.Errorf("Answer().URL() = %s, want %s", got, want)
	}
	got := r.Refuse(oidc.AccessDenied, "no").Answer(issuer).URL()
	if want := "https://app.example/cb?tenant=a&error=access_denied&error_description=no&state=a%26b%3Dc+d&iss=https%3A%2F%2Fsso.example"; got != want {
		t.Errorf("URL() = %s, want %s", got, want)
	}
}

func TestAnAuthorizeRequestIsBoundedAsItCameAndAsItIsKept(t *testing.T) {
	t.Parallel()
	room := oidc.MaxAuthorize - len("&x=") - len(goodRequest().Encode())
	for name, tc := range map[string]struct{ hostile, twin string }{
		"as it came":    {strings.Repeat("x", room+1), strings.Repeat("x", room)},
		"as it is kept": {strings.Repeat(":", room/3+1), strings.Repeat(":", room/3)}, // each is three octets when it is written again
	} {
		if _, err := oidc.ParseAuthorize(goodRequest().Encode() + "&x=" + tc.twin); err != nil {
			t.Errorf("%s: twin: ParseAuthorize() = %v, want it accepted", name, err)
		}
		if _, err := oidc.ParseAuthorize(goodRequest().Encode() + "&x=" + tc.hostile); !fault.Is(err, "oidc_request_too_large") {
			t.Errorf("%s: ParseAuthorize() = %v, want oidc_request_too_large", name, err)
		}
	}
	if _, err := oidc.ParseAuthorize("a=%zz"); !fault.Is(err, "oidc_request_malformed") {
		t.Errorf("ParseAuthorize() = %v, want oidc_request_malformed", err)
	}
}

func TestNextDecidesFromTheSessionAtHand(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	old := oidc.Login{Subject: "usr_1", At: now.Add(-time.Hour)}
	fresh := oidc.Login{Subject: "usr_1", At: now.Add(-time.Second)} // after the request came
	for name, tc := range map[string]struct {
		prompt, maxAge, hint string
		login                oidc.Login
		want                 oidc.Step
	}{
		"nobody signed in":                     {"", "", "", oidc.Login{}, oidc.SignIn},
		"nobody signed in, none":               {"none", "", "", oidc.Login{}, oidc.GiveUp},
		"signed in":                            {"", "", "", old, oidc.IssueCode},
		"signed in, none":                      {"none", "", "", old, oidc.IssueCode},
		"consent":                              {"consent", "", "", old, oidc.IssueCode},
		"login":                                {"login", "", "", old, oidc.SignIn},
		"login, just done":                     {"login", "", "", fresh, oidc.IssueCode},
		"select_account":                       {"select_account", "", "", old, oidc.SignIn},
		"select_account, just done":            {"select_account", "", "", fresh, oidc.IssueCode},
		"young enough":                         {"", "3600", "", old, oidc.IssueCode},
		"too old":                              {"", "3599", "", old, oidc.SignIn},
		"too old, none":                        {"none", "3599", "", old, oidc.GiveUp},
		"max_age=0":                            {"", "0", "", old, oidc.SignIn},
		"max_age=0, just done":                 {"", "0", "", fresh, oidc.IssueCode},
		"hinted person":                        {"", "", "usr_1", old, oidc.IssueCode},
		"another than hinted":                  {"", "", "usr_2", old, oidc.SignIn},
		"another than hinted, none":            {"none", "", "usr_2", old, oidc.GiveUp},
		"another than hinted has just arrived": {"", "", "usr_2", fresh, oidc.GiveUp},
	} {
		v := goodRequest()
		v.Set("prompt", tc.prompt)
		v.Set("max_age", tc.maxAge)
		r, err := oidc.Judge(v, portal())
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Next(tc.login, now.Add(-time.Minute), now, tc.hint); got != tc.want {
			t.Errorf("%s: Next() = %v, want %v", name, got, tc.want)
		}
	}
}

// What is accepted leads to a registered URI only, and judged again it is the same.
func FuzzJudge(f *testing.F) {
	f.Add(goodRequest().Encode())
	f.Add(goodRequest().Encode() + "&prompt=none&max_age=1&id_token_hint=e30.e30.&state=x")
	f.Add(goodRequest().Encode() + "&response_mode=form_post&claims=" + url.QueryEscape(`{"userinfo":{"name":null},"id_token":{"acr":{"essential":true,"value":"phr"},"sub":{"value":"a"}}}`))
	f.Add("client_id=portal&redirect_uri=http%3A%2F%2F127.0.0.1%3A7%2Fcb&response_type=code")
	f.Fuzz(func(t *testing.T, raw string) {
		v, err := oidc.ParseForm(raw)
		if err != nil {
			return
		}
		for _, c := range []oidc.Client{portal(), native()} {
			r, err := oidc.Judge(v, c)
			if err != nil {
				continue
			}
			a := r.Answer(issuer, "c")
			if a.Mode == oidc.ModeFormPost {
				if a.URL() != r.RedirectURI() || !strings.HasPrefix(a.URL(), "http") {
					t.Fatalf("a form would be posted to %s", a.URL())
				}
				a.Mode = oidc.ModeQuery
			}
			u, err := url.Parse(a.URL())
			if err != nil {
				t.Fatalf("Answer().URL() cannot be read: %v", err)
			}
			switch u.Host {
			case "app.example", "localhost:7000", "":
			default:
				if u.Hostname() != "127.0.0.1" && u.Hostname() != "::1" {
					t.Fatalf("Answer().URL() = %s", u)
				}
			}
			if u.Query().Get("code") != "c" || u.Query().Get("iss") != issuer || u.Query().Get("state") != r.State {
				t.Fatalf("Answer().URL() = %s", u)
			}
			if _, err := oidc.ParseAuthorize(raw); err == nil && len(r.Values().Encode()) > oidc.MaxAuthorize {
				t.Fatalf("%d octets would be kept", len(r.Values().Encode()))
			}
			again, err := oidc.Judge(r.Values(), c)
			if err != nil || again.Values().Encode() != r.Values().Encode() {
				t.Fatalf("Judge(Values()) = %+v, %v, want %+v", again, err, r)
			}
		}
	})
}

// A form can be posted to a web page, not to a program.
func TestNoFormIsPostedToANativeApplication(t *testing.T) {
	t.Parallel()
	v := with(goodRequest(), "redirect_uri", "com.example.app:/cb")
	if _, err := oidc.Judge(v, native()); err != nil {
		t.Fatalf("twin: %v", err)
	}
	_, err := oidc.Judge(with(v, "response_mode", "form_post"), native())
	refusal, ok := errors.AsType[*oidc.AuthorizeError](err)
	if !ok || refusal.Code != oidc.InvalidRequest || !strings.HasPrefix(refusal.Answer(issuer).URL(), "com.example.app:/cb?error=invalid_request&") {
		t.Fatalf("Judge() = %v, want the application told by the query", err)
	}
}

// A refusal goes the way that the application asked for.
func TestARefusalIsPostedWhereTheAnswerWouldBe(t *testing.T) {
	t.Parallel()
	v := with(with(goodRequest(), "response_mode", "form_post"), "scope", "profile")
	_, err := oidc.Judge(v, portal())
	refusal, ok := errors.AsType[*oidc.AuthorizeError](err)
	if !ok {
		t.Fatalf("Judge() = %v", err)
	}
	a := refusal.Answer(issuer)
	want := oidc.Answer{Mode: oidc.ModeFormPost, RedirectURI: "https://app.example/cb", Parameters: []oidc.Parameter{
		{Name: "error", Value: "invalid_scope"}, {Name: "error_description", Value: "scope must contain openid"}, {Name: "state", Value: "s-1"}, {Name: "iss", Value: issuer},
	}}
	if diff := cmp.Diff(want, a); diff != "" || a.URL() != "https://app.example/cb" {
		t.Errorf("to %s (-want +got):\n%s", a.URL(), diff)
	}
}

func TestWhatAnAppDemandsOfTheSignIn(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, tc := range map[string]struct {
		acr, claims string
		amr         []string
		acrGot      string
		old, fresh  oidc.Step
	}{
		"nothing":                    {"", "", []string{"pwd"}, "urn:sallyport:1fa", oidc.IssueCode, oidc.IssueCode},
		"liked and met":              {"urn:x urn:sallyport:1fa", "", []string{"pwd", "otp", "mfa"}, "urn:sallyport:1fa", oidc.IssueCode, oidc.IssueCode},
		"liked and not met":          {"phr", "", []string{"pwd", "otp", "mfa"}, "urn:sallyport:mfa", oidc.Better, oidc.IssueCode},
		"liked or less":              {"phr urn:sallyport:1fa", "", []string{"pwd"}, "urn:sallyport:1fa", oidc.IssueCode, oidc.IssueCode},
		"liked of who acts":          {"urn:sallyport:mfa", "", []string{"acting"}, "", oidc.IssueCode, oidc.IssueCode},
		"liked, and unknown":         {"1 2", "", []string{"pwd"}, "urn:sallyport:1fa", oidc.IssueCode, oidc.IssueCode},
		"liked as a claim":           {"", `{"id_token":{"acr":{"value":"urn:sallyport:1fa"}}}`, []string{"pop", "user", "mfa"}, "urn:sallyport:1fa", oidc.IssueCode, oidc.IssueCode},
		"demanded and met":           {"", `{"id_token":{"acr":{"essential":true,"values":["phr","urn:sallyport:mfa"]}}}`, []string{"pwd", "otp", "mfa"}, "urn:sallyport:mfa", oidc.IssueCode, oidc.IssueCode},
		"demanded and not met":       {"", `{"id_token":{"acr":{"essential":true,"value":"urn:sallyport:mfa"}}}`, []string{"pwd"}, "urn:sallyport:1fa", oidc.SignIn, oidc.Unmet},
		"demanded, and unknown":      {"", `{"id_token":{"acr":{"essential":true,"value":"urn:mace:gold"}}}`, []string{"pop", "mfa"}, "phr", oidc.Unmet, oidc.Unmet},
		"demanded, and no text":      {"", `{"id_token":{"acr":{"essential":true,"values":[1]}}}`, []string{"pop", "mfa"}, "phr", oidc.Unmet, oidc.Unmet},
		"demanded without a value":   {"", `{"id_token":{"acr":{"essential":true}}}`, []string{"pwd"}, "urn:sallyport:1fa", oidc.IssueCode, oidc.IssueCode},
		"demanded in userinfo":       {"", `{"userinfo":{"acr":{"essential":true,"value":"phr"}}}`, []string{"pwd"}, "urn:sallyport:1fa", oidc.IssueCode, oidc.IssueCode},
		"somebody acts as the other": {"urn:sallyport:1fa", "", []string{"acting"}, "", oidc.IssueCode, oidc.IssueCode},
	} {
		r, err := oidc.Judge(with(with(goodRequest(), "acr_values", tc.acr), "claims", tc.claims), portal())
		if err != nil {
			t.Fatal(name, err)
		}
		level := oidc.LevelOf(tc.amr)
		if got := r.ACR(level); got != tc.acrGot {
			t.Errorf("%s: ACR() = %q, want %q", name, got, tc.acrGot)
		}
		if got := r.Next(oidc.Login{Subject: "usr_1", At: now.Add(-time.Hour), Level: level}, now, now, ""); got != tc.old {
			t.Errorf("%s: Next() = %v of an old session, want %v", name, got, tc.old)
		}
		if got := r.Next(oidc.Login{Subject: "usr_1", At: now, Level: level}, now, now, ""); got != tc.fresh {
			t.Errorf("%s: Next() = %v of a session for this, want %v", name, got, tc.fresh)
		}
	}
}
