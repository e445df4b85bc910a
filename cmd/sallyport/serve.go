package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/dnsproof"
	"github.com/sallyport/sallyport/internal/federation"
)

// Limits of the listeners.
const (
	headerTimeout  = 10 * time.Second
	requestTimeout = 30 * time.Second // to read a request with its body
	answerTimeout  = 60 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeader      = 64 << 10
	drainTimeout   = 15 * time.Second // for what is under way when the server stops
)

// serveCmd runs the server.
type serveCmd struct{ serverOptions }

// serverOptions are the configuration of the server.
type serverOptions struct {
	database
	BaseURL    string        `name:"base-url" required:"" placeholder:"URL" help:"Where people reach this deployment; the only source of links. Plain http only on loopback."`
	Name       string        `default:"Sallyport" placeholder:"NAME" help:"What this deployment is called, on its pages and at identity providers."`
	Listen     string        `default:"127.0.0.1:8080" placeholder:"ADDRESS" help:"Address of the public listener."`
	OpsListen  string        `default:"127.0.0.1:9090" placeholder:"ADDRESS" help:"Address of the listener for health checks."`
	Proxies    []string      `placeholder:"CIDR" help:"Networks of reverse proxies whose X-Forwarded-For is believed."`
	Inside     []string      `name:"metadata-networks" placeholder:"CIDR" help:"Private networks from which metadata of identity providers may be read, by plain http too."`
	AppNets    []string      `name:"app-networks" placeholder:"CIDR" help:"Private networks in which apps are called, by plain http too."`
	DNSServer  string        `name:"dns-server" placeholder:"ADDRESS" help:"DNS resolver that is asked for the records which prove domains; the system's if empty."`
	Plan       string        `name:"sso-plan" placeholder:"NAME" help:"What the plan is called that has single sign-on, for customers who do not have it."`
	Sales      string        `name:"sales-contact" placeholder:"TEXT" help:"Whom customers ask for what their plan does not include: an e-mail address, a URL or a sentence."`
	KeyLife    time.Duration `default:"17520h" placeholder:"DURATION" help:"How long a key of ours signs requests, or is encrypted for, before the next one takes its place by itself."`
	KeyNotice  time.Duration `default:"720h" placeholder:"DURATION" help:"How long the next key is published before that."`
	KeyOverlap time.Duration `default:"720h" placeholder:"DURATION" help:"How long the one before is kept after that."`
	LogFormat  string        `default:"text" enum:"text,json" help:"Format of the log: text or json."`
	tracesConfig
	messagesConfig
}

// Run serves until it is told to stop, and then lets finish what is under way.
func (c *serveCmd) Run(ctx context.Context, out streams) error {
	proxies, err := networks("--proxies", c.Proxies)
	if err != nil {
		return err
	}
	inside, err := networks("--metadata-networks", c.Inside)
	if err != nil {
		return err
	}
	apps, err := networks("--app-networks", c.AppNets)
	if err != nil {
		return err
	}
	cfg := serverConfig{database: c.database, inside: inside, apps: apps, baseURL: c.BaseURL, name: c.Name, proxies: proxies, plan: c.Plan, sales: c.Sales, traces: c.tracesConfig, log: logger(out.Err, c.LogFormat)}
	cfg.pace = federation.Pace{Life: c.KeyLife, Notice: c.KeyNotice, Overlap: c.KeyOverlap}
	if err := cfg.pace.Check(); err != nil {
		return fmt.Errorf("--key-life, --key-notice, --key-overlap: %w", err)
	}
	if c.DNSServer != "" {
		if cfg.dns.Server, err = dnsproof.ParseServer(c.DNSServer); err != nil {
			return fmt.Errorf("--dns-server: %w", err)
		}
	}
	if cfg.carriers, err = c.carriers(c.BaseURL); err != nil {
		return err
	}
	if cfg.sms, err = c.SMS.budgets(); err != nil {
		return err
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
	return serveAll(ctx, listener{public, s.public}, listener{ops, s.ops})
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
func serveAll(ctx context.Context, listeners ...listener) error {
	failed := make(chan error, len(listeners))
	var servers []*http.Server
	for _, l := range listeners {
		s := &http.Server{
			Handler: l.handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout, WriteTimeout: answerTimeout,
			IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		}
		servers = append(servers, s)
		go func() { failed <- s.Serve(l.Listener) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
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
