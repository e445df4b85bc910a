package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/sallyport/sallyport/cmd/sallyport/demoapp"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/setup"
)

// Where the three parties of the demo stand. Each has a loopback address of
// its own where the system has them, since browsers keep cookies apart by host
// and not by port: what works here works between real hosts.
var demoHosts = [...]string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}

// demoPassword is the password of the demo's administrator.
const demoPassword = "open sesame"

// demoCmd runs everything on this machine.
type demoCmd struct {
	Port int  `default:"8080" help:"Port of the server; a free one is taken if it is in use. 0: any."`
	Log  bool `help:"Show the server's log."`
}

// demo is the running demo.
type demo struct {
	dir       string
	out       io.Writer    // where messages to people are shown
	public    net.Listener // of the server
	idp       net.Listener
	app       net.Listener
	sallyport *server
	listeners []listener
}

// Run starts the three parties, says where to click, and serves until it is
// told to stop. Nothing of it stays.
func (c *demoCmd) Run(ctx context.Context, out streams) error {
	dir, err := os.MkdirTemp("", "sallyport-demo-")
	if err != nil {
		return fmt.Errorf("making a folder for the demo: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	log := slog.New(slog.DiscardHandler)
	if c.Log {
		log = logger(out.Err, "text")
	}
	d := &demo{dir: dir, out: out.Out}
	if err := d.start(ctx, c.Port, log); err != nil {
		return errors.Join(err, d.close())
	}
	defer d.sallyport.close()
	if _, err := fmt.Fprintf(out.Out, "Click:  %s\nType:   alice@acme.example   (or, with the password %q: root@vendor.example)\nStop:   Ctrl+C\nMail and SMS are shown here.\n",
		urlOf(d.app), demoPassword); err != nil {
		return err
	}
	return serveAll(ctx, defaultLimits(), d.listeners...)
}

func (d *demo) start(ctx context.Context, port int, log *slog.Logger) error {
	public, err := listenNear(ctx, demoHosts[0], port)
	if err != nil {
		return err
	}
	d.public = named{public} // passkeys belong to a name
	if d.idp, err = listenApart(ctx, demoHosts[1]); err != nil {
		return err
	}
	if d.app, err = listenApart(ctx, demoHosts[2]); err != nil {
		return err
	}
	store := database{Database: "sqlite:" + filepath.Join(d.dir, "demo.db")}
	idp, err := d.identityProvider()
	if err != nil {
		return err
	}
	secret := rand.Text() + rand.Text()
	if err := d.configure(ctx, store, idp, secret); err != nil {
		return err
	}
	if d.sallyport, err = newServer(ctx, serverConfig{database: store, baseURL: urlOf(d.public), name: "Sallyport", log: log, carriers: d.messages(), apps: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}); err != nil {
		return err
	}
	app, err := demoapp.New(demoapp.Config{Issuer: urlOf(d.public), ClientID: "demo-app", ClientSecret: secret, BaseURL: urlOf(d.app)})
	if err != nil {
		d.sallyport.close()
		return err
	}
	d.listeners = []listener{{d.public, d.sallyport.public}, {d.idp, d.demoUsers(idp)}, {d.app, app.Handler()}}
	return nil
}

// messages shows mail and SMS on the terminal: the demo reaches nobody.
func (d *demo) messages() map[notify.Channel]notify.Carrier {
	p := &notify.Printer{Out: d.out}
	return map[notify.Channel]notify.Carrier{notify.Mail: p, notify.SMS: p}
}

// identityProvider makes the key and the names of the demo's identity provider.
func (d *demo) identityProvider() (*samltest.IdP, error) {
	key, err := samltest.NewKey()
	if err != nil {
		return nil, err
	}
	return samltest.NewIdP(urlOf(d.idp)+"/metadata", urlOf(d.idp)+"/sso", key)
}

// demoUsers is the demo's identity provider with its people.
func (d *demo) demoUsers(idp *samltest.IdP) http.Handler {
	sp := urlOf(d.public) + "/saml/acme-idp"
	return samltest.NewServer(idp, []samltest.User{
		{Name: "Alice Archer", Email: "alice@acme.example", GivenName: "Alice", Surname: "Archer", UID: "alice", Groups: []string{"engineering"}},
		{Name: "Bob Baker", Email: "bob@acme.example", GivenName: "Bob", Surname: "Baker", UID: "bob", Groups: []string{"sales"}},
		{Name: "Mallory Moe", Email: "ceo@globex.example", GivenName: "Mallory", Surname: "Moe", UID: "mallory"},
	}, samltest.SP{EntityID: sp + "/metadata", ACS: sp + "/acs"})
}

// demoFile is the demo's configuration, applied as an operator would.
const demoFile = `
organizations:
  - key: acme
    name: Acme Ltd
    entitlements: [sso]
    domains: [{name: acme.example, vouched: true}]
    connections:
      - key: acme-idp
        name: Acme sign-in
        protocol: saml
        metadata_file: idp.xml
        state: active
        first_sign_in: create
        defaults: {role: member}
  - key: vendor
    name: The vendor
    users: [{username: root, email: root@vendor.example, first_name: Robin, last_name: Root, role: owner, password_hash: "%[1]s"}]
apps:
  - {key: demo-app, name: Demo app, client_id: demo-app, client_secret_file: app.secret, redirect_uris: ["%[2]s/callback"], post_logout_redirect_uris: ["%[2]s/"], backchannel_logout_uri: "%[2]s/backchannel"}
`

func (d *demo) configure(ctx context.Context, db database, idp *samltest.IdP, secret string) error {
	metadata, err := idp.Metadata()
	if err != nil {
		return err
	}
	hash, err := password.NewHasher().Hash(ctx, demoPassword)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"idp.xml": metadata, "app.secret": []byte(secret)} {
		if err := os.WriteFile(filepath.Join(d.dir, name), content, 0o600); err != nil {
			return fmt.Errorf("configuring the demo: %w", err)
		}
	}
	f, err := setup.ParseFile(fmt.Appendf(nil, demoFile, hash, urlOf(d.app)))
	if err != nil {
		return err
	}
	open, err := db.open(ctx)
	if err != nil {
		return err
	}
	_, err = db.setup(open).Apply(ctx, f, setup.Files(d.dir), setup.Options{})
	return errors.Join(err, open.Close())
}

// close frees what a start that failed has taken.
func (d *demo) close() error {
	var err error
	for _, l := range []net.Listener{d.public, d.idp, d.app} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return err
}

// listenNear listens on the port, or on a free one where it is taken.
func listenNear(ctx context.Context, host string, port int) (net.Listener, error) {
	l, err := listen(ctx, net.JoinHostPort(host, fmt.Sprint(port)))
	if err == nil {
		return l, nil
	}
	return listen(ctx, net.JoinHostPort(host, "0"))
}

// listenApart listens on a host that is another site than the server's. Where
// the system has only one IPv4 loopback address, the names localhost and
// 127.0.0.1 are told apart by browsers all the same.
func listenApart(ctx context.Context, host string) (net.Listener, error) {
	l, err := listen(ctx, net.JoinHostPort(host, "0"))
	if err == nil {
		return l, nil
	}
	return listen(ctx, "127.0.0.1:0")
}

// named is a listener that is called localhost.
type named struct{ net.Listener }

// urlOf returns where a listener is reached.
func urlOf(l net.Listener) string {
	address := l.Addr().String()
	if _, ok := l.(named); ok {
		address = strings.Replace(address, "127.0.0.1:", "localhost:", 1)
	}
	return "http://" + address
}
