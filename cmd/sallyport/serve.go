package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/dnsproof"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/web"
)

// serveCmd runs the server.
type serveCmd struct{ serverOptions }

// serverOptions are the configuration of the server. docs/configuration.md is
// made of them, in their groups and order.
type serverOptions struct {
	database  `group:"Database"`
	BaseURL   string   `name:"base-url" required:"" group:"Addresses" placeholder:"URL" help:"Where people reach this deployment; the only source of links. https, or http on loopback."`
	Name      string   `default:"Sallyport" group:"Addresses" placeholder:"NAME" help:"What this deployment is called, on its pages and in the metadata that identity providers read."`
	Listen    string   `default:"127.0.0.1:8080" group:"Addresses" placeholder:"ADDRESS" help:"Address of the public listener, plain http; put TLS in front."`
	OpsListen string   `default:"127.0.0.1:9090" group:"Addresses" placeholder:"ADDRESS" help:"Address of the listener for operations: /healthz (the process answers) and /readyz (the database does, with our schema, and can be written to)."`
	Proxies   []string `group:"Addresses" placeholder:"CIDR,…" help:"Networks of reverse proxies whose X-Forwarded-For is believed."`

	AppNets []string `name:"app-networks" group:"Apps" placeholder:"CIDR,…" help:"Private networks in which apps are called, on any port and by plain http too: at their backchannel_logout_uri and jwks_uri. Elsewhere only https on port 443 of public addresses is."`

	Plan  string `name:"sso-plan" group:"Customers" placeholder:"NAME" help:"What the plan is called that has single sign-on, for customers who do not have it."`
	Sales string `name:"sales-contact" group:"Customers" placeholder:"TEXT" help:"Whom customers ask for what their plan does not include: an e-mail address, a URL or a sentence."`

	Inside     []string      `name:"metadata-networks" group:"Identity providers" placeholder:"CIDR,…" help:"Private networks from which metadata of identity providers may be read, on any port and by plain http too. Whoever sets up a connection can have an address in them asked for. Elsewhere only https on port 443 of public addresses is."`
	DNSServer  string        `name:"dns-server" group:"Identity providers" placeholder:"ADDRESS" help:"Recursive DNS resolver that is asked for the records by which customers prove their domains: 192.0.2.53 or [2001:db8::53]:53; without it, the system's."`
	KeyLife    time.Duration `default:"17520h" group:"Identity providers" placeholder:"DURATION" help:"How long a key of ours signs requests, or is encrypted for, before the next one takes its place by itself."`
	KeyNotice  time.Duration `default:"720h" group:"Identity providers" placeholder:"DURATION" help:"How long the next key is published before that."`
	KeyOverlap time.Duration `default:"720h" group:"Identity providers" placeholder:"DURATION" help:"How long the one before is kept after that."`

	messagesConfig
	tracesConfig `group:"What is kept"`
	auditConfig  `group:"Audit list, webhooks and streams"`
	limits       `group:"Limits"`

	LogFormat string `default:"text" enum:"text,json" group:"Log" help:"Format of the log: text or json."`
}

// Validate refuses what cannot be, before anything is opened.
func (c *serverOptions) Validate() error {
	for _, s := range []struct{ flag, text, file string }{
		{"--smtp-password", c.Mail.Password, c.Mail.PasswordFile}, {"--sms-secret", c.SMS.Secret, c.SMS.SecretFile},
	} {
		if s.text != "" && s.file != "" {
			return fmt.Errorf("%s and %s-file: want one of them", s.flag, s.flag)
		}
	}
	for _, s := range []struct{ flag, address string }{{"--listen", c.Listen}, {"--ops-listen", c.OpsListen}} {
		if s.address == "" { // it would be any port of all networks
			return fmt.Errorf("%s: want an address such as 127.0.0.1:8080", s.flag)
		}
		if _, port, err := net.SplitHostPort(s.address); err != nil || !isPort(port) {
			return fmt.Errorf("%s: want an address such as 127.0.0.1:8080, got %q", s.flag, s.address)
		}
	}
	if _, port, _ := net.SplitHostPort(c.Listen); c.Listen == c.OpsListen && port != anyPort {
		return fmt.Errorf("--ops-listen: want another address than %s, at which --listen serves people", c.OpsListen)
	}
	if strings.TrimSpace(c.Name) == "" {
		return errors.New("--name: want what this deployment is called, got nothing")
	}
	if err := c.limits.check(); err != nil {
		return err
	}
	return cmp.Or(c.database.Validate(), c.tracesConfig.Validate(), c.auditConfig.Validate())
}

// anyPort has the system choose.
const anyPort = "0"

// isPort reports whether something can listen at a port, by its number or its name.
func isPort(port string) bool {
	if port == "" {
		return false
	}
	_, err := net.DefaultResolver.LookupPort(context.Background(), "tcp", port) // asks nobody
	return err == nil
}

// config reads the configuration. What cannot be right is said in one line.
func (c *serverOptions) config(log *slog.Logger) (serverConfig, error) {
	cfg := serverConfig{database: c.database, baseURL: c.BaseURL, name: c.Name, plan: c.Plan, sales: c.Sales, traces: c.tracesConfig, audit: c.auditConfig, log: log}
	if _, err := web.ParseBaseURL(c.BaseURL); err != nil {
		return cfg, fmt.Errorf("--base-url: %w", err)
	}
	for _, n := range []struct {
		flag string
		list []string
		to   *[]netip.Prefix
	}{
		{"--proxies", c.Proxies, &cfg.proxies}, {"--metadata-networks", c.Inside, &cfg.inside},
		{"--app-networks", c.AppNets, &cfg.apps}, {"--event-networks", c.EventNetworks, &cfg.eventNetworks},
	} {
		all, err := networks(n.flag, n.list)
		if err != nil {
			return cfg, err
		}
		*n.to = all
	}
	cfg.pace = federation.Pace{Life: c.KeyLife, Notice: c.KeyNotice, Overlap: c.KeyOverlap}
	err := cfg.pace.Check()
	if err != nil {
		return cfg, fmt.Errorf("--key-life, --key-notice, --key-overlap: %w", err)
	}
	if c.DNSServer != "" {
		if cfg.dns.Server, err = dnsproof.ParseServer(c.DNSServer); err != nil {
			return cfg, fmt.Errorf("--dns-server: %w", err)
		}
	}
	if cfg.carriers, err = c.carriers(c.BaseURL); err != nil {
		return cfg, err
	}
	cfg.sms, err = c.SMS.budgets()
	return cfg, err
}

// limits bound what one request or connection may take. More than is usual is
// rarely of use, and less may be where a proxy bounds it already.
type limits struct {
	HeaderTimeout  time.Duration `default:"10s" placeholder:"DURATION" help:"How long the header of a request may take to come."`
	RequestTimeout time.Duration `default:"30s" placeholder:"DURATION" help:"How long a request with its body may take to come."`
	AnswerTimeout  time.Duration `default:"60s" placeholder:"DURATION" help:"How long an answer may take, from the end of the header on; lists of very many people are written in it."`
	IdleTimeout    time.Duration `default:"2m" placeholder:"DURATION" help:"How long a connection without a request is kept; a little longer than the proxy in front keeps it."`
	DrainTimeout   time.Duration `default:"15s" placeholder:"DURATION" help:"How long what is under way may take to end when the server is told to stop."`
	MaxHeader      int           `name:"max-header" default:"64" placeholder:"KIB" help:"How long the header of a request may be, in KiB: responses of identity providers by redirect stand in it."`
}

// defaultLimits are what the flags say where nobody says anything.
func defaultLimits() limits {
	return limits{HeaderTimeout: 10 * time.Second, RequestTimeout: 30 * time.Second, AnswerTimeout: time.Minute, IdleTimeout: 2 * time.Minute, DrainTimeout: 15 * time.Second, MaxHeader: 64}
}

// check refuses limits by which nothing could be served.
func (l *limits) check() error {
	for _, d := range []struct {
		flag string
		of   time.Duration
	}{
		{"--header-timeout", l.HeaderTimeout}, {"--request-timeout", l.RequestTimeout}, {"--answer-timeout", l.AnswerTimeout},
		{"--idle-timeout", l.IdleTimeout}, {"--drain-timeout", l.DrainTimeout},
	} {
		if d.of < time.Second || d.of > time.Hour {
			return fmt.Errorf("%s: want a length of time from 1s to 1h, got %s", d.flag, d.of)
		}
	}
	const least, most = 4, 1024
	if l.MaxHeader < least || l.MaxHeader > most {
		return fmt.Errorf("--max-header: want %d to %d KiB, got %d", least, most, l.MaxHeader)
	}
	return nil
}

// collectSeldom has garbage collected a third as often as usual, unless GOGC says
// how often. A sign-in leaves much behind and the server keeps little: what is
// alive under load are 4 MB, and going through them every few sign-ins costs
// more than the memory that is waited for.
func collectSeldom() {
	const usual, ours = 100, 300 // percent of what is alive
	if was := debug.SetGCPercent(ours); was != usual {
		debug.SetGCPercent(was)
	}
}

// Run serves until it is told to stop, and then lets finish what is under way.
func (c *serveCmd) Run(ctx context.Context, out streams) error {
	cfg, err := c.config(logger(out.Err, c.LogFormat))
	if err != nil {
		return misused(err)
	}
	for _, why := range c.unused() {
		cfg.log.Warn("a setting has no effect", "why", why)
	}
	s, err := newServer(ctx, cfg)
	if err != nil {
		return err
	}
	defer s.close()
	public, err := listen(ctx, c.Listen)
	if err != nil {
		return err
	}
	ops, err := listen(ctx, c.OpsListen)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	if _, err := fmt.Fprintf(out.Out, "sallyport %s: %s, listening on %s, operations on %s\n", version(), c.BaseURL, public.Addr(), ops.Addr()); err != nil {
		return err
	}
	debug.FreeOSMemory() // what starting took and serving does not need
	collectSeldom()
	return serveAll(ctx, c.limits, listener{public, s.public}, listener{ops, s.ops})
}

// networks reads the networks of a flag.
func networks(flag string, list []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, s := range list {
		n, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not a network such as 10.0.0.0/8", flag, s)
		}
		all = append(all, n.Masked())
	}
	return all, nil
}

func logger(w io.Writer, format string) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	return l, nil
}

// listener is an open port and who answers there.
type listener struct {
	net.Listener
	handler http.Handler
}

// serveAll serves on all listeners until the context ends or one of them
// fails, and then drains them.
func serveAll(ctx context.Context, l limits, listeners ...listener) error {
	failed := make(chan error, len(listeners))
	var servers []*http.Server
	for _, at := range listeners {
		s := &http.Server{
			Handler: at.handler, ReadHeaderTimeout: l.HeaderTimeout, ReadTimeout: l.RequestTimeout, WriteTimeout: l.AnswerTimeout,
			IdleTimeout: l.IdleTimeout, MaxHeaderBytes: l.MaxHeader << 10, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		}
		servers = append(servers, s)
		go func() { failed <- s.Serve(at.Listener) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.DrainTimeout)
	defer cancel()
	drain(patience, servers)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// drain lets the servers finish what is under way, all at the same time, and
// drops what is not finished when the context ends: somebody who never ends a
// request does not make stopping a failure.
func drain(ctx context.Context, servers []*http.Server) {
	var all sync.WaitGroup
	for _, s := range servers {
		all.Go(func() {
			if s.Shutdown(ctx) != nil {
				_ = s.Close() // nothing is left to say to a connection that is dropped
			}
		})
	}
	all.Wait()
}
