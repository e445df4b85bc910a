package samltest

import (
	"bytes"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/saml"
)

// A User is somebody to sign in as.
type User struct {
	Name      string // shown, and sent as displayName
	Email     string // sent as mail
	GivenName string
	Surname   string   // sent as sn
	UID       string   // sent as uid and as the NameID; empty: the NameID is Email
	Groups    []string // sent as memberOf
}

// Initials returns the letters that stand for the user where a picture would.
func (u User) Initials() string {
	var initials strings.Builder
	for _, name := range []string{u.GivenName, u.Surname} {
		if first, size := utf8.DecodeRuneInString(name); size > 0 && first != utf8.RuneError {
			initials.WriteRune(first)
		}
	}
	return strings.ToUpper(initials.String())
}

// A Server is an identity provider over HTTP: its metadata at /metadata, its
// sign-in address at /sso. It asks for no password; whoever comes chooses who
// to be.
type Server struct {
	idp   *IdP
	users []User
	mux   *http.ServeMux

	// Now is the clock. Forge, if set, is done to every response. Neither may
	// change while the server is in use.
	Now   func() time.Time
	Forge func(*Response)

	mu  sync.Mutex
	sps map[string]SP
}

//go:embed pages
var pages embed.FS

var templates = template.Must(template.ParseFS(pages, "pages/*.html"))

// NewServer returns a server for an identity provider whose SSO ends in /sso.
func NewServer(idp *IdP, users []User, sps ...SP) *Server {
	s := &Server{idp: idp, users: users, Now: time.Now, sps: map[string]SP{}, mux: http.NewServeMux()}
	for _, sp := range sps {
		s.Register(sp)
	}
	s.mux.HandleFunc("GET /{$}", s.front)
	s.mux.HandleFunc("GET /metadata", s.metadata)
	s.mux.HandleFunc("GET /sso", s.choose)
	s.mux.HandleFunc("POST /sso", s.choose)
	s.mux.HandleFunc("GET /pages/style.css", s.asset("pages/style.css", "text/css; charset=utf-8"))
	s.mux.HandleFunc("GET /pages/submit.js", s.asset("pages/submit.js", "text/javascript; charset=utf-8"))
	return s
}

// Register makes a service provider known, or replaces what is known of it.
func (s *Server) Register(sp SP) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sps[sp.EntityID] = sp
}

func (s *Server) lookup(entityID string) (SP, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sp, ok := s.sps[entityID]
	return sp, ok
}

// policy allows what the pages need and nothing else. It says nothing about
// form-action: browsers apply it to the redirects that follow the post, which
// go to wherever the application wants.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'"

// ServeHTTP serves the pages and the protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	s.mux.ServeHTTP(w, r)
}

// A page is what every template gets.
type page struct {
	Title string

	// The choice.
	Application string
	Users       []User
	Action      string // with the request in its query, by Redirect
	SAMLRequest string // by POST
	RelayState  string

	// The answer.
	ACS          string
	SAMLResponse string

	// The failure.
	Problem string
}

func render(w http.ResponseWriter, status int, name string, p page) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, p); err != nil {
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	// A browser that went away is nobody to tell.
	_, _ = b.WriteTo(w)
}

func (s *Server) front(w http.ResponseWriter, _ *http.Request) {
	render(w, http.StatusOK, "front.html", page{Title: "Demo identity provider", Users: s.users})
}

func (s *Server) metadata(w http.ResponseWriter, _ *http.Request) {
	doc, err := s.idp.Metadata()
	if err != nil {
		http.Error(w, "The metadata could not be written.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	_, _ = w.Write(doc)
}

func (s *Server) asset(name, contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		b, err := pages.ReadFile(name)
		if err != nil {
			http.Error(w, "There is no such file.", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(b)
	}
}

// choose serves /sso: the page to choose a user on, and, when one was chosen,
// the response for them. The page carries the request; nothing is stored.
func (s *Server) choose(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	if err := r.ParseForm(); err != nil {
		s.refuse(w, "The form could not be read.")
		return
	}
	q, err := s.readRequest(r)
	if err != nil {
		s.refuse(w, err.Error())
		return
	}
	choice := r.PostForm.Get("user")
	if choice == "" {
		p := page{
			Title: "Choose who to be", Application: q.sp.EntityID, Users: s.users,
			Action: "/sso", SAMLRequest: r.PostForm.Get("SAMLRequest"), RelayState: r.PostForm.Get("RelayState"),
		}
		if r.URL.RawQuery != "" {
			p.Action += "?" + r.URL.RawQuery
		}
		render(w, http.StatusOK, "choose.html", p)
		return
	}
	message, err := s.respond(q, choice)
	if err != nil {
		s.refuse(w, err.Error())
		return
	}
	render(w, http.StatusOK, "answer.html", page{
		Title: "Signing you in", ACS: q.sp.ACS,
		SAMLResponse: base64.StdEncoding.EncodeToString(message), RelayState: q.relayState,
	})
}

func (s *Server) refuse(w http.ResponseWriter, problem string) {
	render(w, http.StatusBadRequest, "problem.html", page{Title: "This request cannot be answered", Problem: problem})
}

// Nobody is the choice that has the sign-in fail.
const Nobody = "nobody"

// respond returns the signed response for a choice, which is the e-mail
// address of a user, or [Nobody].
func (s *Server) respond(q request, choice string) ([]byte, error) {
	idp := *s.idp
	idp.Now, idp.SPEntityID, idp.ACS, idp.RequestID = s.Now(), q.sp.EntityID, q.sp.ACS, q.id
	response := idp.Response()
	response.Base = BothSigned
	if choice == Nobody {
		response.Status = []string{
			"urn:oasis:names:tc:SAML:2.0:status:Responder", "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed",
		}
		response.StatusMessage = "The user declined to sign in."
		response.Assertions, response.Base = nil, ResponseSigned
	}
	for _, u := range s.users {
		if u.Email == choice {
			describe(response.Assertion, u)
		}
	}
	if s.Forge != nil {
		s.Forge(response)
	}
	return response.XML()
}

// describe has an assertion speak of a user.
func describe(a *Assertion, u User) {
	a.NameID, a.NameIDFormat = u.UID, saml.FormatPersistent
	if u.UID == "" {
		a.NameID, a.NameIDFormat = u.Email, saml.FormatEmail
	}
	a.SessionIndex = saml.NewID()
	a.Attributes = nil
	for _, v := range []saml.Attribute{
		{Name: "mail", Values: []string{u.Email}},
		{Name: "givenName", Values: []string{u.GivenName}},
		{Name: "sn", Values: []string{u.Surname}},
		{Name: "displayName", Values: []string{u.Name}},
		{Name: "uid", Values: []string{u.UID}},
		{Name: "memberOf", Values: u.Groups},
	} {
		if len(v.Values) > 0 && v.Values[0] != "" {
			a.Attributes = append(a.Attributes, v)
		}
	}
}
