package login_test

import (
	"context"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/login"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

// fake is a flow in memory. Addresses of sso.example go to one identity
// provider, those of two.example to a choice of two, those of post.example to
// one that wants its request posted; everybody's password is "right".
type fake struct {
	mu        sync.Mutex
	attempts  map[sso.AttemptID]sso.Attempt
	sessions  map[string]sso.Person
	departed  signin.Departure // overrides where to go, when set
	signedOut signin.SignedOut // what is left to do after signing out
	asked     []signin.Browser
	sent      *signin.SentCode
	back      string // what the last signing out was told
	spent     bool   // when set, so is what may be asked of sign-on URLs
	broken    error  // when set, what becomes of every question for a person
}

// passwordRef is the reference of every wrong password.
const passwordRef = "7F3K-22QD"

func (f *fake) load(b signin.Browser, id sso.AttemptID) (sso.Attempt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, b)
	a, ok := f.attempts[id]
	if !ok {
		return sso.Attempt{}, &fault.Error{Kind: fault.NotFound, Code: "attempt_unknown", Fix: fault.PersonSide}
	}
	if err := a.Usable(b.Binding, a.CreatedAt); err != nil {
		return sso.Attempt{}, err
	}
	return a, nil
}

func (f *fake) keep(a sso.Attempt) sso.Attempt {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attempts[a.ID] = a
	return a
}

func (*fake) fresh(b signin.Browser) sso.Attempt {
	now := time.Now()
	return sso.Attempt{ID: sso.NewAttemptID(now), Browser: b.Binding, CreatedAt: now, ExpiresAt: now.Add(sso.AttemptLife)}
}

func (f *fake) Begin(ctx context.Context, b signin.Browser, s signin.Start) (sso.Attempt, error) {
	if s.OrgKey != "" && s.OrgKey != "acme" {
		return sso.Attempt{}, &fault.Error{Kind: fault.NotFound, Code: "organization_unknown", Fix: fault.PersonSide}
	}
	a := f.fresh(b)
	a.App, a.Request, a.Back = s.App, s.Request, []byte(s.Back)
	if s.LoginHint != "" {
		f.keep(a)
		return f.Identify(ctx, b, a.ID, s.LoginHint, "")
	}
	return f.keep(a), nil
}

func (f *fake) SetOut(ctx context.Context, b signin.Browser, s signin.Start) (sso.Attempt, *signin.Departure, error) {
	a, err := f.Begin(ctx, b, s)
	if err != nil || a.Next() != sso.StepSSO || a.Typed.Domain() == "broken.example" {
		return a, nil, err
	}
	d, err := f.Depart(ctx, b, a.ID)
	return a, &d, err
}

func (f *fake) SignOn(ctx context.Context, b signin.Browser, key string) (sso.Attempt, *signin.Departure, error) {
	if f.spent {
		return sso.Attempt{}, nil, &fault.Error{Kind: fault.Exhausted, Code: "try_later", Fix: fault.PersonSide}
	}
	return f.SetOut(ctx, b, signin.Start{OrgKey: key})
}

func (f *fake) GoOn(ctx context.Context, b signin.Browser, key string) (sso.Attempt, error) {
	return f.Begin(ctx, b, signin.Start{OrgKey: key, Offer: true})
}

func (f *fake) BreakGlass(_ context.Context, b signin.Browser, id sso.AttemptID, address, code string) (sso.Attempt, error) {
	if address != "owner@acme.example" || code != "0123-4567-89AB-CDEF" {
		return sso.Attempt{}, &fault.Error{Kind: fault.Unauthenticated, Code: "break_glass_wrong"}
	}
	a := f.fresh(b)
	if id != "" {
		a.ID = id
	}
	a.Method, a.Proof = sso.ByBreakGlass, sso.Proof{User: "usr_o", Org: "org_a"}
	return f.keep(a), nil
}

func (f *fake) BeginTile(_ context.Context, b signin.Browser, t signin.Tile) (sso.Attempt, error) {
	if t.Connection != "acme-okta" {
		return sso.Attempt{}, &fault.Error{Kind: fault.NotFound, Code: "connection_unknown", Fix: fault.PersonSide}
	}
	a := f.fresh(b)
	a.Connection, a.Method, a.Back = "con_1", sso.BySSO, []byte(t.App)
	return f.keep(a), nil
}

func (f *fake) Attempt(_ context.Context, b signin.Browser, id sso.AttemptID) (sso.Attempt, error) {
	return f.load(b, id)
}

func (f *fake) Begun(_ context.Context, b signin.Browser, id sso.AttemptID) (signin.Start, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.attempts[id]
	if err := a.OwnedBy(b.Binding); err != nil {
		return signin.Start{}, err
	}
	return signin.Start{Request: a.Request, Back: string(a.Back)}, nil
}

func (f *fake) Identify(_ context.Context, b signin.Browser, id sso.AttemptID, typed string, by sso.Method) (sso.Attempt, error) {
	email, err := sso.ParseEmail(typed)
	if err != nil {
		return sso.Attempt{}, err
	}
	a := f.fresh(b)
	if id != "" {
		if a, err = f.load(b, id); err != nil {
			return sso.Attempt{}, err
		}
	}
	a.Typed, a.Connection, a.Choices, a.Method = email, "", nil, sso.BySSO
	switch {
	case by == sso.ByPassword:
		a.Method = sso.ByPassword
	case email.Domain() == "sso.example" || email.Domain() == "post.example":
		a.Connection = "con_1"
	case email.Domain() == "two.example":
		a.Choices, a.Method = []sso.ConnectionID{"con_1", "con_2"}, ""
	default:
		a.Method = sso.ByPassword
	}
	return f.keep(a), nil
}

// Whereabouts knows two organizations; of who typed "very", twelve.
func (*fake) Whereabouts(_ context.Context, a sso.Attempt) (signin.Whereabouts, error) {
	w := signin.Whereabouts{Name: "Ada Lovelace", Who: "ada@acme.example", SignedIn: a.Proof.Session != "", Orgs: []signin.Place{{ID: "org_1", Key: "acme", Name: "Acme"}, {ID: "org_2", Key: "emea", Name: "Acme EMEA"}}}
	for i := range 10 {
		if strings.HasPrefix(a.Typed.String(), "very") {
			w.Orgs = append(w.Orgs, signin.Place{ID: sso.OrgID(fmt.Sprintf("org_%d", 3+i)), Key: fmt.Sprintf("site-%d", i), Name: fmt.Sprintf("Site %d", i)})
		}
	}
	return w, nil
}

func (*fake) Choices(_ context.Context, _ sso.Attempt) ([]signin.Choice, error) {
	return []signin.Choice{{ID: "con_1", Name: "Acme Okta"}, {ID: "con_2", Name: "Acme <Entra>"}}, nil
}

func (f *fake) Choose(_ context.Context, b signin.Browser, id sso.AttemptID, choice string) (sso.Attempt, error) {
	a, err := f.load(b, id)
	if err != nil {
		return sso.Attempt{}, err
	}
	switch {
	case a.Next() == sso.StepChoose && slices.Contains(a.Choices, sso.ConnectionID(choice)):
		a.Connection, a.Method = sso.ConnectionID(choice), sso.BySSO
	case a.Next() == sso.StepOrg && slices.Contains(a.Proof.Orgs, sso.OrgID(choice)):
		a.Proof.Org = sso.OrgID(choice)
	default:
		return sso.Attempt{}, &fault.Error{Kind: fault.Invalid, Code: "choice_unknown", Fix: fault.PersonSide}
	}
	return f.keep(a), nil
}

func (f *fake) Password(_ context.Context, b signin.Browser, id sso.AttemptID, password string) (sso.Attempt, error) {
	a, err := f.load(b, id)
	if err != nil {
		return sso.Attempt{}, err
	}
	switch {
	case a.Next() != sso.StepPassword:
		return sso.Attempt{}, &fault.Error{Kind: fault.Conflict, Code: "attempt_step", Fix: fault.PersonSide}
	case password == "":
		return sso.Attempt{}, &fault.Error{Kind: fault.Invalid, Code: "password_length", Fix: fault.PersonSide}
	case password != "right":
		return sso.Attempt{}, &fault.Error{Kind: fault.Unauthenticated, Code: "password_wrong", Fix: fault.PersonSide, Ref: passwordRef}
	}
	a.Proof = sso.Proof{User: "usr_1", Org: "org_1", At: a.CreatedAt}
	switch name, _, _ := strings.Cut(a.Typed.String(), "@"); name {
	case "many", "very":
		a.Proof.Org, a.Proof.Orgs = "", []sso.OrgID{"org_1", "org_2"}
	case "two":
		a.Proof.Needs = sso.NeedFactor
	case "new":
		a.Proof.Needs = sso.NeedEnrol
	}
	return f.keep(a), nil
}

func (f *fake) Depart(_ context.Context, b signin.Browser, id sso.AttemptID) (signin.Departure, error) {
	a, err := f.load(b, id)
	switch {
	case err != nil:
		return signin.Departure{}, err
	case f.departed.Name != "":
		return f.departed, nil
	case a.Typed.Domain() == "post.example":
		return signin.Departure{Name: "Acme ADFS", Form: &signin.Form{
			Action: "https://idp.example/post", Fields: []signin.Field{{Name: "SAMLRequest", Value: "PHg+"}, {Name: "RelayState", Value: `"<r>`}},
		}}, nil
	}
	return signin.Departure{Name: "Acme Okta", URL: "https://idp.example/sso?SAMLRequest=x&RelayState=y"}, nil
}

func (f *fake) Finish(ctx context.Context, b signin.Browser, id sso.AttemptID, consent signin.Consent) (signin.Finished, error) {
	a, err := f.load(b, id)
	if err != nil {
		return signin.Finished{}, err
	}
	if a.Next() != sso.StepFinish {
		return signin.Finished{}, &fault.Error{Kind: fault.Conflict, Code: "attempt_step", Fix: fault.PersonSide}
	}
	if now, err := f.Person(ctx, b.Session, b.Address); err == nil && now.User.ID != a.Proof.User {
		if consent == signin.AskFirst {
			return signin.Finished{}, &signin.OtherPerson{Now: now.User.Name(), Next: "Mallory <b>Moe</b>"}
		}
		if _, err := f.SignOut(ctx, b.Session, ""); err != nil {
			return signin.Finished{}, err
		}
	}
	a.DoneAt = a.CreatedAt
	f.keep(a)
	token, device := secret.NewToken(), secret.Token{}
	if a.Proof.Remember {
		device = secret.NewToken()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessions[token.Reveal()] = sso.Person{
		User:       sso.User{ID: a.Proof.User, FirstName: "Ada", LastName: "Lovelace", Email: a.Typed},
		Org:        sso.Organization{ID: a.Proof.Org, Name: "Acme"},
		Membership: sso.Membership{Role: sso.RoleOwner},
	}
	return signin.Finished{Token: token, Session: sso.Session{ID: sso.NewSessionID(a.CreatedAt), User: a.Proof.User}, App: a.App, Request: a.Request, Back: string(a.Back), Device: device, Reply: reply(a.Request)}, nil
}

func (f *fake) Person(_ context.Context, token secret.Token, _ netip.Addr) (sso.Person, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return sso.Person{}, f.broken
	}
	p, ok := f.sessions[token.Reveal()]
	if !ok {
		return sso.Person{}, &fault.Error{Kind: fault.Unauthenticated, Code: "session_over", Fix: fault.PersonSide}
	}
	return p, nil
}

func (f *fake) SignOut(_ context.Context, token secret.Token, back string) (signin.SignedOut, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.back = back
	delete(f.sessions, token.Reveal())
	return f.signedOut, nil
}

// prove makes an attempt look as it does after a good response.
func (f *fake) prove(t *testing.T, id sso.AttemptID) {
	t.Helper()
	f.proveAs(t, id, "usr_1")
}

func (f *fake) proveAs(t *testing.T, id sso.AttemptID, user sso.UserID) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	a, ok := f.attempts[id]
	if !ok {
		t.Fatalf("no attempt %q", id)
	}
	a.Proof = sso.Proof{User: user, Org: "org_1", At: a.CreatedAt}
	f.attempts[id] = a
}

// house is the pages on a fake, served on loopback.
type house struct {
	*fake
	base string
	log  *lines
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

var _ io.Writer = (*lines)(nil)

func open(t *testing.T) house {
	t.Helper()
	pages, err := ui.New(ui.Options{}, login.Pages())
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{attempts: map[sso.AttemptID]sso.Attempt{}, sessions: map[string]sso.Person{}}
	again := func(_ context.Context, request string) (string, error) { return request, nil }
	h := &login.Handler{Flow: f, UI: pages, Person: f.Person, Again: again}
	log := &lines{}
	base := webtest.Serve(t, func(baseURL string) http.Handler {
		base, err := web.ParseBaseURL(baseURL)
		if err != nil {
			t.Fatal(err)
		}
		authorize := web.Route{Method: http.MethodGet, Path: "/oauth2/authorize", Access: web.Browser, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return h.Begin(w, r, signin.Start{App: "app_1", Request: r.URL.RawQuery, LoginHint: r.URL.Query().Get("login_hint")})
		}}
		// An invitation is accepted by a form of another transport's.
		accept := web.Route{Method: http.MethodPost, Path: "/invited", Access: web.Browser, Handler: func(w http.ResponseWriter, r *http.Request) error {
			form, err := web.Form(r)
			if err != nil {
				return err
			}
			return h.Begin(w, r, signin.Start{LoginHint: form.Get("email")})
		}}
		// So are requests of apps to sign somebody out.
		leaves := web.Route{Method: http.MethodGet, Path: "/leaves", Access: web.Browser, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return h.SignOut(w, r, r.URL.Query().Get("to"))
		}}
		asks := web.Route{Method: http.MethodGet, Path: "/asks", Access: web.Browser, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return h.AskToSignOut(w, r, "/asked", r.URL.Query().Get("to"), "Portal <b>")
		}}
		asked := web.Route{Method: http.MethodPost, Path: "/asked", Access: web.Browser, Handler: func(w http.ResponseWriter, r *http.Request) error {
			form, err := web.Form(r)
			if err != nil {
				return err
			}
			return h.SignOut(w, r, form.Get("request"))
		}}
		// The account is another transport's: a name, and the way out.
		account := web.Route{Method: http.MethodGet, Path: "/account", Access: web.SignedIn, Handler: func(w http.ResponseWriter, r *http.Request) error {
			p := web.PersonFrom(r)
			_, err := fmt.Fprintf(w, `<h1>%s</h1><form method="post" action="/logout"><button>Sign out</button></form>`, html.EscapeString(p.User.Name()))
			return err
		}}
		rt, err := web.New(web.Config{BaseURL: base, Log: slog.New(slog.NewTextHandler(log, nil)), Person: f.Person, Failure: pages.Failure},
			h.Routes(), []web.Route{authorize, account, accept, leaves, asks, asked, {Method: http.MethodGet, Path: "/account/{page}", Access: web.SignedIn, Handler: account.Handler}})
		if err != nil {
			t.Fatal(err)
		}
		return rt
	})
	return house{f, base, log}
}

// only returns the one attempt that there is.
func (f *fake) only(t *testing.T) sso.Attempt {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.attempts) != 1 {
		t.Fatalf("%d attempts, want one", len(f.attempts))
	}
	for _, a := range f.attempts {
		return a
	}
	return sso.Attempt{}
}

func (f *fake) Newcomer(_ context.Context, b signin.Browser, id sso.AttemptID) (signin.Newcomer, error) {
	a, err := f.newcomer(b, id)
	return signin.Newcomer{Name: "Ada Lovelace", Email: a.Typed, Connection: "Acme Okta"}, err
}

func (f *fake) newcomer(b signin.Browser, id sso.AttemptID) (sso.Attempt, error) {
	a, err := f.load(b, id)
	if err == nil && a.Next() != sso.StepFirst {
		err = &fault.Error{Kind: fault.Conflict, Code: "attempt_step", Fix: fault.PersonSide}
	}
	return a, err
}

// Connect knows one account, whose password is "right"; that of "other" is not
// the newcomer's to have.
func (f *fake) Connect(_ context.Context, b signin.Browser, id sso.AttemptID, name, password string) (sso.Attempt, error) {
	a, err := f.newcomer(b, id)
	switch {
	case err != nil:
		return a, err
	case name == "":
		return a, &fault.Error{Kind: fault.Invalid, Code: "ident_name", Fix: fault.PersonSide}
	case name == "other" && password == "right":
		return a, &fault.Error{Kind: fault.Conflict, Code: "ident_conflict", Fix: fault.AdminSide, Ref: passwordRef}
	case password != "right":
		return a, &fault.Error{Kind: fault.Unauthenticated, Code: "password_wrong", Fix: fault.PersonSide, Ref: passwordRef}
	}
	a.Proof.User, a.Proof.Org = "usr_1", "org_1"
	return f.keep(a), nil
}

func (f *fake) ConnectPasskey(_ context.Context, b signin.Browser, id sso.AttemptID, response []byte) (sso.Attempt, error) {
	a, err := f.newcomer(b, id)
	if err != nil {
		return a, err
	}
	if string(response) != "right" {
		return a, &fault.Error{Kind: fault.Unauthenticated, Code: "passkey_unknown", Fix: fault.PersonSide}
	}
	a.Proof.User, a.Proof.Org = "usr_1", "org_1"
	return f.keep(a), nil
}

func (f *fake) Register(_ context.Context, b signin.Browser, id sso.AttemptID) (sso.Attempt, error) {
	a, err := f.newcomer(b, id)
	if err != nil {
		return a, err
	}
	a.Proof.User, a.Proof.Org, a.Proof.First = "usr_1", "org_1", nil
	return f.keep(a), nil
}

// reply is how an app's request is answered: the way that it is in shows in it.
func reply(request string) signin.Reply {
	switch {
	case strings.Contains(request, "native"):
		return signin.Reply{URL: atNative}
	case strings.Contains(request, "form_post"):
		return signin.Reply{URL: "https://app.example/cb", Fields: []signin.Field{{Name: "code", Value: "1"}, {Name: "state", Value: request}}}
	}
	return signin.Reply{URL: "https://app.example/cb?code=1&for=" + url.QueryEscape(request)}
}
