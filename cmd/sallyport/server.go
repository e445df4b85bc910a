package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/account"
	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/dnsproof"
	"github.com/sallyport/sallyport/internal/doctor"
	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/grant"
	inspection "github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/jobs"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/passkey"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/programs"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/web"
	accountpages "github.com/sallyport/sallyport/internal/web/account"
	"github.com/sallyport/sallyport/internal/web/apikeys"
	connectpages "github.com/sallyport/sallyport/internal/web/connect"
	"github.com/sallyport/sallyport/internal/web/console"
	eventpages "github.com/sallyport/sallyport/internal/web/events"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/login"
	"github.com/sallyport/sallyport/internal/web/manage"
	"github.com/sallyport/sallyport/internal/web/mirror"
	"github.com/sallyport/sallyport/internal/web/oidcapi"
	"github.com/sallyport/sallyport/internal/web/operator"
	"github.com/sallyport/sallyport/internal/web/ops"
	"github.com/sallyport/sallyport/internal/web/samlapi"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// serverConfig is what a server is made of.
type serverConfig struct {
	database
	baseURL string
	name    string // of the deployment
	proxies []netip.Prefix
	inside  []netip.Prefix    // from which metadata are read
	apps    []netip.Prefix    // in which apps are called
	dns     dnsproof.Resolver // of the records that prove domains
	plan    string            // that has single sign-on, as customers know it; may be empty
	pace    federation.Pace   // of our keys; zero: the usual one
	sales   string            // whom customers ask for it; may be empty
	log     *slog.Logger
	traces  tracesConfig
	audit   auditConfig
	// eventNetworks may be reached by webhooks and streams of the deployment.
	eventNetworks []netip.Prefix
	// carriers send messages; a channel without one has them wait.
	carriers map[notify.Channel]notify.Carrier
	sms      notify.Budgets
}

// server is the whole program: handlers over flows over one database.
type server struct {
	keep       store.Retention
	db         *store.DB
	sealer     *secret.Sealer
	log        *slog.Logger
	public     *web.Router
	ops        *web.Router
	outbox     *notify.Outbox
	desk       *notify.Desk
	operations *operate.Service
	accounts   *account.Service
	signIns    *signin.Service
	grants     *grant.Service
	people     *provision.Service
	connecting *connect.Service
	enforcing  *enforce.Service
	programs   *programs.Service
	events     *events.Service
	stop       context.CancelFunc
	idle       chan struct{} // closed when nothing is done in the background any more
}

// newServer opens the database, composes everything and begins with what is
// done in the background. What is wrong with the configuration is said here, in
// one line, before anything is served.
func newServer(ctx context.Context, cfg serverConfig) (*server, error) {
	s, err := idleServer(ctx, cfg)
	if err != nil {
		return nil, err
	}
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop, s.idle = stop, make(chan struct{})
	go func() {
		defer close(s.idle)
		(&jobs.Runner{DB: s.db, Now: now, Log: cfg.log}).Run(working, s.background(s.desk.Courier)...)
	}()
	return s, nil
}

// idleServer is a server that does nothing unless it is asked.
func idleServer(ctx context.Context, cfg serverConfig) (*server, error) {
	base, err := web.ParseBaseURL(cfg.baseURL)
	if err != nil {
		return nil, fmt.Errorf("--base-url: %w", err)
	}
	db, err := cfg.open(ctx)
	if err != nil {
		return nil, err
	}
	s := &server{db: db, log: cfg.log, stop: func() {}, idle: make(chan struct{})}
	close(s.idle)
	if s.sealer, err = cfg.keys(ctx, db); err == nil {
		err = s.compose(ctx, base, cfg)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// pageSets returns the pages of every transport.
func pageSets() []ui.Set {
	return []ui.Set{login.Pages(), accountpages.Pages(), operator.Pages(), console.Pages(), connectpages.Pages(), oidcapi.Pages(), eventpages.Pages(), apikeys.Pages()}
}

// compose wires flows and transports together.
func (s *server) compose(ctx context.Context, base web.BaseURL, cfg serverConfig) error {
	writer, err := notify.NewWriter(cfg.name, base.String())
	if err != nil {
		return err
	}
	s.outbox = &notify.Outbox{Sealer: s.sealer, SMS: cfg.sms, Now: now}
	s.desk = &notify.Desk{DB: s.db, Outbox: s.outbox, Courier: &notify.Courier{
		DB: s.db, Sealer: s.sealer, Writer: writer, Carriers: cfg.carriers, Now: now, Log: s.log,
	}}
	party, err := passkey.NewParty(base.String(), cfg.name)
	if err != nil {
		return err
	}
	limiter := backoff.Limiter{DB: s.db, Now: now}
	factors := &factor.Service{
		DB: s.db, Sealer: s.sealer, Party: party, Outbox: s.outbox, Product: cfg.name, SMS: cfg.carriers[notify.SMS] != nil, Now: now,
	}
	passwords := password.NewHasher()
	signIn := &signin.Service{
		DB: s.db, BaseURL: base.String(), Name: cfg.name, Passwords: passwords, Factors: factors, Limiter: limiter, Sealer: s.sealer, Now: now, Keep: cfg.traces.kept(),
	}
	s.keep, s.signIns = cfg.traces.retention(), signIn
	if err := signIn.Prepare(ctx); err != nil {
		return err
	}
	grants := &grant.Service{
		DB: s.db, Issuer: base.String(), Locales: ui.Languages(), Sealer: s.sealer, Now: now, Limits: limiter,
		Fetch: safehttp.New(cfg.apps...).Get, Call: safehttp.NewCaller(safehttp.Public, cfg.apps...).Call,
	}
	s.grants, signIn.Reply = grants, replyOf(grants)
	if err := grants.Prepare(ctx); err != nil {
		return err
	}
	links := &recovery.Service{Outbox: s.outbox, Now: now}
	if cfg.pace == (federation.Pace{}) {
		cfg.pace = federation.DefaultPace()
	}
	s.operations = &operate.Service{DB: s.db, Sealer: s.sealer, Pace: cfg.pace, Recovery: links, Links: authority.Links{Outbox: s.outbox}, Now: now}
	s.people = &provision.Service{DB: s.db, Outbox: s.outbox, Recovery: links, Limits: limiter, Now: now}
	s.accounts = &account.Service{DB: s.db, Passwords: passwords, Factors: factors, Recovery: links, Outbox: s.outbox, Limits: limiter, Now: now}
	pages, err := ui.New(ui.Options{Brand: ui.Brand{Product: cfg.name}, BrandOf: s.brandOf}, pageSets()...)
	if err != nil {
		return err
	}
	loginPages := &login.Handler{Flow: signIn, UI: pages, Person: signIn.Person, Forgot: accountpages.ForgotPath, Again: grants.Again}
	ownPages := &accountpages.Handler{Flow: s.accounts, UI: pages, Person: signIn.Person, GoOn: loginPages.GoOn, SignIn: func(w http.ResponseWriter, r *http.Request, who accountpages.SignIn) error {
		return loginPages.Begin(w, r, signin.Start{OrgKey: who.Org, LoginHint: who.Address, Back: who.Back})
	}}
	authorities := &authority.Service{DB: s.db, Now: now}
	offer := frame.Offer{Plan: cfg.plan, Contact: cfg.sales}
	s.connecting = &connect.Service{
		DB: s.db, Authority: authorities, BaseURL: base.String(), Name: cfg.name, Sealer: s.sealer, Fetch: safehttp.New(cfg.inside...).Get,
		Outbox: s.outbox, Pace: cfg.pace, Limits: limiter, DNS: cfg.dns.Look, Now: now,
	}
	looks := &inspection.Service{DB: s.db, Authority: authorities, Outbox: s.outbox, Sealer: s.sealer, BaseURL: base.String(), Now: now}
	s.enforcing = &enforce.Service{DB: s.db, Authority: authorities, BaseURL: base.String(), Recovery: links, Limits: limiter, Now: now}
	s.events = &events.Service{
		DB: s.db, Authority: authorities, Outbox: s.outbox, Limits: limiter, Sealer: s.sealer, SignIns: cfg.audit.signIns(), Keep: cfg.audit.keep(),
		Outside: safehttp.NewCaller(safehttp.Public), Inside: safehttp.NewCaller(safehttp.Public, cfg.eventNetworks...), Dialer: safehttp.NewDialer(cfg.eventNetworks...), Host: base.Host(), Now: now, Log: s.log,
	}
	setup := &connectpages.Handler{
		Authority: authorities, UI: pages, Flow: s.connecting, Offer: offer,
		Inspect: looks, SignIn: signIn,
		Enforce: s.enforcing,
	}
	s.programs = &programs.Service{DB: s.db, Authority: authorities, Sealer: s.sealer, Now: now}
	management := &manage.Handler{
		Programs: s.programs, Authority: authorities, Operate: s.operations, People: s.people, Connect: s.connecting, Enforce: s.enforcing, Inspect: looks, Events: s.events, Desk: s.desk,
		BaseURL: base.String(), Sentence: pages.Sentence,
	}
	provider := &oidcapi.Handler{Grants: grants, SignIn: beginner{loginPages}, SignOut: loginPages, UI: pages, Person: signIn.Person}
	s.public, err = web.New(
		web.Config{BaseURL: base, Proxies: cfg.proxies, Log: s.log, Person: signIn.Person, Renew: signIn.Renew, Program: s.programs.Know, Sentence: pages.Sentence, Failure: pages.Failure},
		pages.Routes(), loginPages.Routes(), ownPages.Routes(), (&operator.Handler{Flow: s.operations, Grants: grants, Inspect: looks, Desk: s.desk, UI: pages, BaseURL: base.String(), AuditKept: cfg.audit.keep()}).Routes(),
		(&console.Handler{Flow: s.people, UI: pages, Offer: offer, AuditKept: cfg.audit.keep()}).Routes(), setup.Routes(), management.Routes(), (&eventpages.Handler{Flow: s.events, Authority: authorities, UI: pages}).Routes(),
		(&apikeys.Handler{Authority: authorities, Flow: s.programs, UI: pages, BaseURL: base.String()}).Routes(),
		(&samlapi.Handler{Flow: signIn, UI: pages}).Routes(), provider.Routes(), (&mirror.Handler{Flow: &doctor.Mirror{DB: s.db, Now: now}}).Routes())
	if err != nil {
		return err
	}
	checks := &ops.Handler{Checks: []ops.Check{{Name: "database", Probe: s.db.Ready}, {Name: "database_writes", Probe: s.db.Writable}}}
	s.ops, err = web.New(web.Config{Log: s.log}, checks.Routes())
	return err
}

// brandOf returns how the pages are to look for whoever asks: as their
// organization wants them, or the one at which they begin to sign in. A brand
// that cannot be read is none: a page must not fail for its colours.
func (s *server) brandOf(r *http.Request) ui.Brand {
	var org sso.OrgID
	if who, ok := web.Somebody(r); ok {
		if !who.Org.Brand.IsZero() || len(who.Org.Path) < 2 {
			return shownBrand(who.Org.Brand)
		}
		org = who.Org.ID
	} else {
		org = s.setupOf(r)
	}
	b, err := s.people.Brand(r.Context(), org, sso.AttemptID(r.URL.Query().Get("attempt")))
	if err != nil {
		return ui.Brand{}
	}
	return shownBrand(b)
}

// setupOf returns the organization whose set-up a page belongs to, by the setup
// link of who asks; "" for none.
func (s *server) setupOf(r *http.Request) sso.OrgID {
	if !strings.HasPrefix(r.URL.Path, authority.SetupLinkPath) {
		return ""
	}
	token := secret.ParseToken(r.PathValue("token"))
	if token.IsZero() {
		token = web.SetupToken(r)
	}
	if token.IsZero() {
		return ""
	}
	o, err := s.connecting.SetupLink(r.Context(), token)
	if err != nil {
		return ""
	}
	return o.Organization.ID
}

func shownBrand(b sso.Brand) ui.Brand {
	return ui.Brand{Product: b.Name, Accent: b.Accent, Logo: web.LogoPath(b.Logo)}
}

// replyOf has a sign-in that an app asked for end with the answer to its
// request.
func replyOf(grants *grant.Service) func(context.Context, *store.Writer, string, sso.Session) (signin.Reply, error) {
	return func(ctx context.Context, tx *store.Writer, request string, session sso.Session) (signin.Reply, error) {
		out, err := grants.Resume(ctx, tx, request, session)
		if err != nil {
			return signin.Reply{}, err
		}
		if out.SignIn != nil {
			return signin.Reply{}, errors.New("resuming an authorize request: a fresh session is not fresh enough")
		}
		reply := signin.Reply{URL: out.URL}
		for _, p := range out.Form {
			reply.Fields = append(reply.Fields, signin.Field(p))
		}
		return reply, nil
	}
}

// beginner begins sign-ins for apps. The OpenID provider and the pages do not
// know each other.
type beginner struct{ pages *login.Handler }

// Begin implements [oidcapi.SignIn].
func (b beginner) Begin(w http.ResponseWriter, r *http.Request, asked grant.SignIn) error {
	return b.pages.Begin(w, r, signin.Start{
		App: asked.App, Request: asked.Request, Org: asked.Org, LoginHint: asked.LoginHint, Fresh: asked.Fresh, Offer: asked.Offer,
		Demand: asked.Demand, Raise: asked.Raise,
	})
}

// close ends the background work and the database. What is said here is said
// to nobody but the log: the program is ending.
func (s *server) close() {
	s.stop()
	<-s.idle
	if err := s.db.Close(); err != nil {
		s.log.Error("closing the database", "err", err)
	}
}

func now() time.Time { return time.Now().UTC() }
