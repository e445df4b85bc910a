package oidcapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Cache times of the public documents. A new key is published a week before it
// signs, so an hour is little.
const (
	cacheDocuments = "public, max-age=3600"
	cachePreflight = "600" // seconds
)

// formType is the media type of every body that is read here.
const formType = "application/x-www-form-urlencoded"

// SignIn begins a sign-in for an authorize request: it answers r with the first
// page, or by sending the browser on to an identity provider. When the person
// is known, it calls [grant.Service.Resume] and sends the browser there.
type SignIn interface {
	Begin(w http.ResponseWriter, r *http.Request, asked grant.SignIn) error
}

// Handler serves the OpenID provider.
type Handler struct {
	Grants *grant.Service
	SignIn SignIn
	// SignOut answers requests to sign somebody out.
	SignOut SignOut
	UI      *ui.UI
	// Person returns who a session token stands for, judged now, in a browser at
	// this address.
	Person func(context.Context, secret.Token, netip.Addr) (sso.Person, error)
}

// Routes returns what is served.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: oidc.DiscoveryPath, Access: web.Client, Handler: h.discovery},
		{Method: http.MethodGet, Path: oidc.MetadataPath, Access: web.Client, Handler: h.discovery},
		{Method: http.MethodGet, Path: oidc.JWKSPath, Access: web.Client, Handler: h.jwks},
		{Method: http.MethodGet, Path: oidc.AuthorizePath, Access: web.Browser, Handler: h.authorize},
		{Method: http.MethodGet, Path: oidc.LogoutPath, Access: web.Browser, Handler: h.logout},
		{Method: http.MethodPost, Path: oidc.LogoutPath, Access: web.CrossSitePost, MaxBody: oidc.MaxForm, Handler: h.logoutPosted},
		{Method: http.MethodPost, Path: confirmPath, Access: web.Browser, MaxBody: oidc.MaxForm, Handler: h.confirmLogout},
		{Method: http.MethodGet, Path: startPath, Access: web.Public, Handler: h.start},
		{Method: http.MethodPost, Path: oidc.AuthorizePath, Access: web.CrossSitePost, MaxBody: oidc.MaxForm, Handler: h.authorizePosted},
		{Method: http.MethodPost, Path: oidc.TokenPath, Access: web.Client, MaxBody: oidc.MaxForm, Handler: h.token},
		{Method: http.MethodOptions, Path: oidc.TokenPath, Access: web.Client, Handler: preflight},
		{Method: http.MethodPost, Path: oidc.RevokePath, Access: web.Client, MaxBody: oidc.MaxForm, Handler: h.revoke},
		{Method: http.MethodOptions, Path: oidc.RevokePath, Access: web.Client, Handler: preflight},
		{Method: http.MethodPost, Path: oidc.IntrospectPath, Access: web.Client, MaxBody: oidc.MaxForm, Handler: h.introspect},
		{Method: http.MethodPost, Path: oidc.PushPath, Access: web.Client, MaxBody: oidc.MaxForm, Handler: h.push},
		{Method: http.MethodOptions, Path: oidc.PushPath, Access: web.Client, Handler: preflight},
		{Method: http.MethodPost, Path: oidc.DevicePath, Access: web.Client, MaxBody: oidc.MaxForm, Handler: h.askDevice},
		{Method: http.MethodGet, Path: grant.DevicePath, Access: web.SignedIn, Own: true, Handler: h.typeCode},
		{Method: http.MethodPost, Path: grant.DevicePath, Access: web.SignedIn, Own: true, Handler: h.findDevice},
		{Method: http.MethodPost, Path: agreePath, Access: web.SignedIn, Own: true, Handler: h.confirmDevice},
		{Method: http.MethodGet, Path: oidc.UserinfoPath, Access: web.Client, Handler: h.userinfo},
		{Method: http.MethodPost, Path: oidc.UserinfoPath, Access: web.Client, MaxBody: oidc.MaxForm, Handler: h.userinfo},
		{Method: http.MethodOptions, Path: oidc.UserinfoPath, Access: web.Client, Handler: preflight},
	}
}

// startPath is where an app is told to begin a sign-in.
const startPath = "/oauth2/start"

// start serves GET /oauth2/start: it sends the browser to the login URL of an
// app, which begins a sign-in of its own [OIDC 4]. It leads nowhere else.
func (h *Handler) start(w http.ResponseWriter, r *http.Request) error {
	to, err := h.Grants.LoginURL(r.Context(), r.URL.Query().Get("client_id"))
	if err != nil {
		return err
	}
	return web.SeeOtherApp(w, to)
}

// discovery serves the discovery document, for OpenID and plain OAuth clients.
func (h *Handler) discovery(w http.ResponseWriter, _ *http.Request) error {
	b, err := h.Grants.Discovery()
	if err != nil {
		return err
	}
	return public(w, b)
}

// jwks serves the key set.
func (h *Handler) jwks(w http.ResponseWriter, r *http.Request) error {
	b, err := h.Grants.JWKS(r.Context())
	if err != nil {
		return err
	}
	return public(w, b)
}

// public sends a document that is no secret to anybody.
func public(w http.ResponseWriter, body []byte) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", cacheDocuments)
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	_, _ = w.Write(body) // a caller that is gone is not our failure
	return nil
}

// authorize answers an authorize request.
func (h *Handler) authorize(w http.ResponseWriter, r *http.Request) error {
	parameters, err := oidc.ParseAuthorize(r.URL.RawQuery)
	if err != nil {
		return err
	}
	person, err := h.person(w, r)
	if err != nil {
		return err
	}
	if person != nil && person.Retired {
		// A code is worth what the person is by now, which this token is not.
		// The new one is on its way into the browser.
		return web.SeeOther(w, r, oidc.AuthorizePath+"?"+parameters.Encode())
	}
	out, err := h.Grants.Authorize(r.Context(), parameters, person)
	if err != nil {
		return err
	}
	if out.SignIn != nil {
		web.Note(r, "app", string(out.SignIn.App))
		h.UI.Speak(w, r, out.SignIn.UILocales)
		return h.SignIn.Begin(w, r, *out.SignIn)
	}
	if out.Refused != "" {
		web.Note(r, "refused", string(out.Refused))
	}
	if form, ok := posted(&out); ok {
		return h.UI.Post(w, r, form)
	}
	// A registered URI may have a scheme of a native application's own, so it
	// is not held to what we demand of other sites.
	w.Header().Set("Location", out.URL)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// posted returns an answer that the browser posts to the app, if it does.
func posted(out *grant.Outcome) (ui.Form, bool) {
	f := ui.Form{Action: out.URL}
	for _, p := range out.Form {
		f.Fields = append(f.Fields, ui.FormField(p))
	}
	return f, len(f.Fields) > 0
}

// person returns who this browser is signed in as, or nil. A session that is
// over, or whose person may not come in any more, is none: the sign-in that
// follows says why.
func (h *Handler) person(w http.ResponseWriter, r *http.Request) (*sso.Person, error) {
	token := web.SessionToken(r)
	if token.IsZero() {
		return nil, nil
	}
	p, err := web.Present(w, r, token, h.Person)
	if grant.SignedOut(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// authorizePosted sends a posted authorize request on to GET, with which the
// browser brings its cookies. 303, so that it does not post again.
func (h *Handler) authorizePosted(w http.ResponseWriter, r *http.Request) error {
	body, err := form(r)
	if err != nil {
		return err
	}
	parameters, err := oidc.ParseAuthorize(body)
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, oidc.AuthorizePath+"?"+parameters.Encode())
}

// token serves the token endpoint.
func (h *Handler) token(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Pragma", "no-cache") // [RFC 6749 5.1]; Cache-Control is no-store everywhere
	body, err := clientForm(r)
	if err != nil {
		return err
	}
	request, err := oidc.ReadToken(r.Header.Values("Authorization"), r.URL.RawQuery, body)
	if err == nil {
		err = h.allowOwn(w, r, request.Client.ClientID)
	}
	if err != nil {
		return err
	}
	request.Proof = proofOf(r, oidc.TokenPath)
	from(r, &request.Client)
	tokens, err := h.Grants.Exchange(r.Context(), request)
	if err != nil {
		return err
	}
	return program(w, tokens.JSON())
}

// revoke serves the revocation endpoint [RFC 7009].
func (h *Handler) revoke(w http.ResponseWriter, r *http.Request) error {
	question, err := readQuestion(r)
	if err == nil {
		err = h.allowOwn(w, r, question.Client.ClientID)
	}
	if err == nil {
		err = h.Grants.Revoke(r.Context(), question)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// introspect serves the introspection endpoint [RFC 7662]. It is for programs
// that keep a secret, so no page may read the answer.
func (h *Handler) introspect(w http.ResponseWriter, r *http.Request) error {
	question, err := readQuestion(r)
	if err != nil {
		return err
	}
	answer, err := h.Grants.Introspect(r.Context(), question)
	if err != nil {
		return err
	}
	return program(w, answer.JSON())
}

// push serves the endpoint for requests that are pushed [RFC 9126]. An app that runs
// in browsers may have to push its requests as well.
func (h *Handler) push(w http.ResponseWriter, r *http.Request) error {
	body, err := clientForm(r)
	if err != nil {
		return err
	}
	request, err := oidc.ReadPushed(r.Header.Values("Authorization"), r.URL.RawQuery, body)
	if err == nil {
		err = h.allowOwn(w, r, request.Client.ClientID)
	}
	if err != nil {
		return err
	}
	request.Proof = proofOf(r, oidc.PushPath)
	answer, err := h.Grants.Push(r.Context(), request, web.Address(r))
	if err != nil {
		return err
	}
	return send(w, http.StatusCreated, answer.JSON())
}

func readQuestion(r *http.Request) (oidc.TokenQuestion, error) {
	body, err := clientForm(r)
	if err != nil {
		return oidc.TokenQuestion{}, err
	}
	q, err := oidc.ReadTokenQuestion(r.Header.Values("Authorization"), r.URL.RawQuery, body)
	from(r, &q.Client)
	return q, err
}

// from notes who shows credentials.
func from(r *http.Request, shown *oidc.Credentials) {
	shown.UserAgent = web.UserAgent(r)
	if a := web.Address(r); a.IsValid() {
		shown.Address = a.String()
	}
}

// clientForm is [form] of a client, which is told what is wrong in its own
// words.
func clientForm(r *http.Request) (string, error) {
	if kind := r.Header.Get("Content-Type"); kind != "" && !isForm(kind) {
		return "", &oidc.TokenError{Code: oidc.InvalidRequest, Description: "the body is no form: Content-Type must be " + formType}
	}
	body, err := form(r)
	if tooLarge(err) {
		return "", &oidc.TokenError{Code: oidc.InvalidRequest, Description: "the body is too large"}
	}
	return body, err
}

// allowOwn lets a page of the client's own read the answer.
func (h *Handler) allowOwn(w http.ResponseWriter, r *http.Request, clientID string) error {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	allowed, err := h.Grants.AllowsOrigin(r.Context(), clientID, origin)
	if err == nil && allowed {
		allow(w, origin)
	}
	return err
}

// userinfo serves the userinfo endpoint.
func (h *Handler) userinfo(w http.ResponseWriter, r *http.Request) error {
	body := ""
	if r.Method == http.MethodPost {
		var err error
		body, err = form(r)
		if tooLarge(err) {
			return &oidc.BearerError{Code: oidc.InvalidRequest, Description: "the body is too large"}
		}
		if err != nil {
			return err
		}
	}
	shown, err := oidc.ReadPresented(r.Header.Values("Authorization"), proofOf(r, oidc.UserinfoPath), r.URL.RawQuery, body)
	var info grant.Userinfo
	if err == nil {
		info, err = h.Grants.UserinfoBy(r.Context(), shown)
	}
	origin := r.Header.Get("Origin")
	if err != nil {
		if _, refused := errors.AsType[*oidc.BearerError](err); refused && origin != "" {
			// That a token is no good may be read by anybody: a page must
			// learn that it is time to sign in again.
			allow(w, "*")
			w.Header().Set("Access-Control-Expose-Headers", "WWW-Authenticate")
		}
		return err
	}
	if info.Client.AllowsOrigin(origin) {
		allow(w, origin)
	}
	return program(w, info.Claims.JSON())
}

// proofOf returns the proof of possession that came with a request, as it came.
func proofOf(r *http.Request, path string) oidc.DPoP {
	return oidc.DPoP{Header: r.Header.Values("DPoP"), Method: r.Method, Path: path}
}

// preflight answers what a browser asks before a page's request goes out. It
// says what may be sent; whether the answer may be read is said with it.
func preflight(w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("Origin") != "" {
		allow(w, "*")
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
		w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
		w.Header().Set("Access-Control-Max-Age", cachePreflight)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// allow lets pages of an origin read the answer. No cookie is ever seen on
// these routes, so credentials are never allowed.
func allow(w http.ResponseWriter, origin string) {
	w.Header().Set("Access-Control-Allow-Origin", origin)
	w.Header().Add("Vary", "Origin")
}

// program sends a JSON body to a program.
func program(w http.ResponseWriter, body []byte) error { return send(w, http.StatusOK, body) }

func send(w http.ResponseWriter, status int, body []byte) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.Copy(w, bytes.NewReader(body)) // a caller that is gone is not our failure
	return nil
}

// tooLarge reports whether a body is larger than its route takes.
func tooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}

// form returns the body of a form as it came; package oidc reads it. A body of
// another type is read as none.
func form(r *http.Request) (string, error) {
	if !isForm(r.Header.Get("Content-Type")) {
		return "", nil
	}
	return web.Body(r)
}

func isForm(contentType string) bool {
	kind, _, _ := mime.ParseMediaType(contentType)
	return kind == formType
}
