package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/sallyport/sallyport/internal/doctor"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/web"
)

// doctorCmd looks whether a deployment can do its work. It is started with the
// configuration of the server.
type doctorCmd struct {
	serverOptions
	MailTo  string `placeholder:"ADDRESS" help:"Send a letter there, in place of a conversation with the mail server that sends nothing."`
	DNSName string `name:"dns-name" default:"example.com" placeholder:"NAME" help:"Name that has TXT records, to see whether the resolver finds them."`
	JSON    bool   `name:"json" help:"Print a line of JSON for each check."`
}

// Run looks, prints what it found, and fails where something has to be done.
func (c *doctorCmd) Run(ctx context.Context, out streams, line *kong.Context) (err error) {
	cfg, err := c.config(slog.New(slog.DiscardHandler))
	if err != nil {
		return misused(err)
	}
	base, err := web.ParseBaseURL(c.BaseURL)
	if err != nil {
		return err
	}
	d := doctor.Doctor{BaseURL: base.String(), Caller: safehttp.NewCaller(safehttp.Private), Proxies: cfg.proxies, DNS: cfg.dns, MailTo: c.MailTo, DNSName: strings.TrimSuffix(c.DNSName, "."), Now: now}
	if err := c.messages(&d, cfg.carriers); err != nil {
		return err
	}
	settings := []doctor.Finding{unread(line.Model, os.Environ()), idle(c.unused())}
	db, err := c.glance(ctx)
	if err != nil {
		return c.print(out.Out, append(settings, doctor.Finding{
			Check: "database.reach", Verdict: doctor.Fail, Want: "a database that answers", Got: err.Error(), Do: "look whether --database names it as the server does",
		}))
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	d.DB, d.Sealer = db, func(ctx context.Context) (*secret.Sealer, error) { return c.present(ctx, db) }
	return c.print(out.Out, append(settings, d.Examine(ctx)...))
}

// idle says which settings have no effect.
func idle(unused []string) doctor.Finding {
	found := doctor.Finding{Check: "config.unused", Verdict: doctor.Pass}
	if unused != nil {
		found.Verdict, found.Want, found.Got = doctor.Warn, "settings that all have an effect", strings.Join(unused, ", ")
		found.Do = "set what is missing, or take these away"
	}
	return found
}

// unread looks for variables that look like ours and that nothing reads, so that
// a misspelt one does not go unnoticed.
func unread(app *kong.Application, environment []string) doctor.Finding {
	known := map[string]bool{}
	_ = kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if f, ok := node.(*kong.Flag); ok {
			for _, name := range f.Envs {
				known[name] = true
			}
		}
		return next(nil)
	})
	found := doctor.Finding{Check: "config.environment", Verdict: doctor.Pass}
	var names []string
	for _, v := range environment {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "SALLYPORT_") && !known[name] {
			names = append(names, name+meant(name, known))
		}
	}
	if names != nil {
		slices.Sort(names)
		found.Verdict, found.Want, found.Got = doctor.Warn, "variables that something reads", strings.Join(names, ", ")
		found.Do = "look in docs/configuration.md how they are called"
	}
	return found
}

// messages says how mail and SMS go.
func (c *doctorCmd) messages(d *doctor.Doctor, carriers map[notify.Channel]notify.Carrier) error {
	if s, ok := carriers[notify.Mail].(*notify.SMTP); ok {
		writer, err := notify.NewWriter(c.Name, d.BaseURL)
		if err != nil {
			return err
		}
		d.Mail, d.From = mailProbe{SMTP: s, writer: writer}, s.From.Address
	}
	if g, ok := carriers[notify.SMS].(*notify.Gateway); ok {
		d.SMS = g
	}
	return nil
}

// glance connects to a database whose schema may be of another version, and
// makes none.
func (d database) glance(ctx context.Context) (*store.DB, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if path, ok := d.sqlitePath(); ok {
		if err := ours(path); err != nil {
			return nil, err
		}
	}
	return d.connect(ctx, func(*store.DB, context.Context) error { return nil })
}

// mailProbe is a mail server with somebody who writes letters.
type mailProbe struct {
	*notify.SMTP
	writer *notify.Writer
}

// SendTest implements [doctor.Mail].
func (m mailProbe) SendTest(ctx context.Context, to string) (string, error) {
	message := notify.Message{Channel: notify.Mail, Kind: notify.Test, To: to}
	letter, err := m.writer.Write(sso.NewMessageID(now()), message)
	if err != nil {
		return "", err
	}
	var id string
	m.Carry(ctx, []notify.Letter{letter}, func(_ int, remoteID string, refusal error) { id, err = remoteID, refusal })
	return id, err
}

// print prints what was found, and returns whether it is an error.
func (c *doctorCmd) print(w io.Writer, all []doctor.Finding) error {
	if c.JSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		for _, f := range all {
			if err := e.Encode(f); err != nil {
				return err
			}
		}
	} else if err := printFindings(w, all); err != nil {
		return err
	}
	if !doctor.Healthy(all) {
		return &exitError{status: exitFailed}
	}
	return nil
}

// printFindings prints a list of checks, and below it what to do.
func printFindings(w io.Writer, all []doctor.Finding) error {
	rows := [][]string{{"", "check", "wanted", "got"}}
	counts := map[doctor.Verdict]int{}
	for _, f := range all {
		counts[f.Verdict]++
		rows = append(rows, []string{string(f.Verdict), f.Check, f.Want, f.Got})
	}
	if err := table(w, rows); err != nil {
		return err
	}
	for _, f := range all {
		if f.Do == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "\n%s %s\n    %s\n", printable(string(f.Verdict)), f.Check, printable(f.Do)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%d pass, %d warn, %d fail, %d skipped\n", counts[doctor.Pass], counts[doctor.Warn], counts[doctor.Fail], counts[doctor.Skip])
	return err
}
