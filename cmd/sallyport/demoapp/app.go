// Package demoapp is an ordinary application that signs people in with OpenID
// Connect: the other side of the demo.
//
// It is written as a developer would write it who has our discovery URL and
// nothing else of ours: with coreos/go-oidc and x/oauth2, and without any
// package of this repository. It keeps its sessions in memory.
package demoapp

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

//go:embed page.html style.css
var files embed.FS

// maxKept bounds how many sign-ins and sessions are remembered.
const maxKept = 1000

// maxBody bounds what the provider posts, in octets.
const maxBody = 64 << 10

// pendingLife is how long a sign-in may take.
const pendingLife = 30 * time.Minute

// Config says who the app is.
type Config struct {
	Issuer       string // of the OpenID provider
	ClientID     string
	ClientSecret string
	BaseURL      string // of this app, without a slash at the end
}

// App is the application.
type App struct {
	cfg  Config
	page *template.Template

	mu       sync.Mutex
	provider *oidc.Provider
	pending  map[string]pending // by state
	sessions map[string]session // by cookie
}

// session is that of somebody who is signed in here.
type session struct {
	person  Person
	idToken string // by which the provider knows who wants to sign out
	sid     string // as the provider calls the session there
	ended   bool   // the provider has said so, and the person has not seen it yet
}

type pending struct {
	nonce, verifier, cookie string
	began                   time.Time
}

// Person is what the app learned about who is signed in.
type Person struct {
	Subject string `json:"sub"`
	Name    string `json:"name"`
	Email   string `json:"email"`
	Org     struct {
		Key  string `json:"key"`
		Name string `json:"name"`
		Role string `json:"role"`
	} `json:"org"`
	AMR []string `json:"amr"`
}

// New returns the app. The provider is asked for its configuration at the
// first sign-in, so that either may start first.
func New(cfg Config) (*App, error) {
	page, err := template.ParseFS(files, "page.html")
	if err != nil {
		return nil, fmt.Errorf("reading the page: %w", err)
	}
	return &App{cfg: cfg, page: page, pending: map[string]pending{}, sessions: map[string]session{}}, nil
}

const cookieName = "demo-app"

// Handler returns the app's pages.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "style.css") })
	mux.HandleFunc("GET /login", a.login)
	mux.HandleFunc("GET /callback", a.callback)
	mux.HandleFunc("POST /logout", a.logout)
	mux.HandleFunc("POST /backchannel", a.backChannel)
	return mux
}

type view struct {
	Person *Person
	Ended  bool // the provider has ended the session
	Error  string
}

func (a *App) show(w http.ResponseWriter, status int, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self' "+a.cfg.Issuer+"; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_ = a.page.Execute(w, v) // the browser has gone away
}

func (a *App) home(w http.ResponseWriter, r *http.Request) {
	var v view
	if c, err := r.Cookie(cookieName); err == nil {
		a.mu.Lock()
		s, ok := a.sessions[c.Value]
		switch {
		case s.ended:
			v.Ended = true
			delete(a.sessions, c.Value)
		case ok:
			v.Person = &s.person
		}
		a.mu.Unlock()
	}
	a.show(w, http.StatusOK, v)
}

// oauth returns the client of the provider, asking for its configuration once.
func (a *App) oauth(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.provider == nil {
		p, err := oidc.NewProvider(ctx, a.cfg.Issuer)
		if err != nil {
			return nil, nil, fmt.Errorf("asking the provider for its configuration: %w", err)
		}
		a.provider = p
	}
	return a.provider, &oauth2.Config{
		ClientID: a.cfg.ClientID, ClientSecret: a.cfg.ClientSecret, Endpoint: a.provider.Endpoint(),
		RedirectURL: a.cfg.BaseURL + "/callback", Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}, nil
}

func (a *App) login(w http.ResponseWriter, r *http.Request) {
	// Its keys are fetched later with the context given here.
	_, client, err := a.oauth(context.WithoutCancel(r.Context()))
	if err != nil {
		a.show(w, http.StatusBadGateway, view{Error: err.Error()})
		return
	}
	state := rand.Text()
	p := pending{nonce: rand.Text(), verifier: oauth2.GenerateVerifier(), cookie: rand.Text(), began: time.Now()}
	a.mu.Lock()
	if len(a.pending) >= maxKept {
		clear(a.pending)
	}
	a.pending[state] = p
	a.mu.Unlock()
	setCookie(w, p.cookie)
	http.Redirect(w, r, client.AuthCodeURL(state, oidc.Nonce(p.nonce), oauth2.S256ChallengeOption(p.verifier)), http.StatusSeeOther)
}

func (a *App) callback(w http.ResponseWriter, r *http.Request) {
	in, err := a.signIn(r)
	if err != nil {
		a.show(w, http.StatusBadRequest, view{Error: err.Error()})
		return
	}
	a.mu.Lock()
	if len(a.sessions) >= maxKept {
		clear(a.sessions)
	}
	cookie := rand.Text()
	a.sessions[cookie] = in
	a.mu.Unlock()
	setCookie(w, cookie)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// signIn turns the answer of the provider into a session.
func (a *App) signIn(r *http.Request) (session, error) {
	q := r.URL.Query()
	a.mu.Lock()
	p, known := a.pending[q.Get("state")]
	delete(a.pending, q.Get("state"))
	a.mu.Unlock()
	c, err := r.Cookie(cookieName)
	if !known || err != nil || c.Value != p.cookie || time.Since(p.began) > pendingLife {
		return session{}, errors.New("this sign-in did not begin in this browser, or too long ago")
	}
	if e := q.Get("error"); e != "" {
		return session{}, fmt.Errorf("the provider answered %s: %s", e, q.Get("error_description"))
	}
	if iss := q.Get("iss"); iss != a.cfg.Issuer {
		return session{}, fmt.Errorf("the answer came from %q", iss)
	}
	ctx := r.Context()
	provider, client, err := a.oauth(context.WithoutCancel(ctx))
	if err != nil {
		return session{}, err
	}
	token, err := client.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(p.verifier))
	if err != nil {
		return session{}, fmt.Errorf("exchanging the code: %w", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return session{}, errors.New("the provider sent no id token")
	}
	id, err := provider.Verifier(&oidc.Config{ClientID: a.cfg.ClientID, SupportedSigningAlgs: []string{oidc.ES256}}).Verify(ctx, raw)
	if err != nil {
		return session{}, fmt.Errorf("verifying the id token: %w", err)
	}
	if id.Nonce != p.nonce {
		return session{}, errors.New("the id token is for another sign-in")
	}
	var person Person
	var of struct {
		SID string `json:"sid"`
	}
	if err := errors.Join(id.Claims(&person), id.Claims(&of)); err != nil {
		return session{}, fmt.Errorf("reading the id token: %w", err)
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return session{}, fmt.Errorf("asking for the user's profile: %w", err)
	}
	if info.Subject != id.Subject {
		return session{}, errors.New("the profile is somebody else's")
	}
	if err := info.Claims(&person); err != nil {
		return session{}, fmt.Errorf("reading the user's profile: %w", err)
	}
	return session{person: person, idToken: raw, sid: of.SID}, nil
}

// logout ends the session here, and has the provider end the one there
// [RP-Initiated Logout 1.0]: it sends the browser back.
func (a *App) logout(w http.ResponseWriter, r *http.Request) {
	var was session
	if c, err := r.Cookie(cookieName); err == nil {
		a.mu.Lock()
		was = a.sessions[c.Value]
		delete(a.sessions, c.Value)
		a.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, a.wayOut(r.Context(), was), http.StatusSeeOther)
}

// wayOut returns where the provider signs somebody out; our own page where they
// have no session there, or it says nothing of the sort.
func (a *App) wayOut(ctx context.Context, was session) string {
	provider, _, err := a.oauth(context.WithoutCancel(ctx))
	if err != nil || was.idToken == "" {
		return "/"
	}
	var says struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&says); err != nil || says.EndSession == "" {
		return "/"
	}
	return says.EndSession + "?" + url.Values{"id_token_hint": {was.idToken}, "post_logout_redirect_uri": {a.cfg.BaseURL + "/"}}.Encode()
}

// logoutEvent is what a logout token is about [Back-Channel Logout 1.0, 2.4].
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// backChannel takes the provider's word, server to server, that a session is
// over, and ends those that stand on it.
func (a *App) backChannel(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	sid, err := a.endedBy(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for cookie, s := range a.sessions {
		if s.sid == sid {
			a.sessions[cookie] = session{ended: true}
		}
	}
}

// endedBy returns the session that a logout token says is over.
func (a *App) endedBy(r *http.Request) (string, error) {
	provider, _, err := a.oauth(context.WithoutCancel(r.Context()))
	if err != nil {
		return "", err
	}
	token, err := provider.Verifier(&oidc.Config{ClientID: a.cfg.ClientID, SupportedSigningAlgs: []string{oidc.ES256}}).Verify(r.Context(), r.PostFormValue("logout_token"))
	if err != nil {
		return "", fmt.Errorf("verifying the logout token: %w", err)
	}
	var says struct {
		SID    string              `json:"sid"`
		Nonce  *string             `json:"nonce"`
		Events map[string]struct{} `json:"events"`
	}
	if err := token.Claims(&says); err != nil {
		return "", fmt.Errorf("reading the logout token: %w", err)
	}
	if _, ok := says.Events[logoutEvent]; !ok || says.Nonce != nil || says.SID == "" {
		return "", errors.New("this is no logout token of a session")
	}
	return says.SID, nil
}

func setCookie(w http.ResponseWriter, value string) {
	// Plain http: the demo runs on loopback.
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
