package main

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/sallyport/sallyport/internal/xmlenc"
)

// A peer is another library that verifies responses.
type peer struct {
	name    string
	install string // the command that installs it
	cannot  func(m *message) bool
	start   func(w *world, scratch string) (c contender, version string, err error)

	contender contender
	version   string
}

func peers() []*peer {
	return []*peer{
		{name: "xmlsec1", install: "apt-get install gcc pkg-config libxmlsec1-dev", start: compiled("xmlsec", "xmlsec1-openssl")},
		{name: "goxmldsig", start: linked("github.com/russellhaering/goxmldsig", (*world).goxmldsig), cannot: isEncrypted},
		{name: "lasso", install: "apt-get install gcc pkg-config liblasso3-dev", start: compiled("lasso", "lasso", "gobject-2.0")},
		{name: "crewjam/saml", start: linked("github.com/crewjam/saml", (*world).crewjam), cannot: isGCM},
		{name: "node-saml", install: "cd benchmarks/node && npm ci", start: scripted("node-saml.mjs", "@node-saml/node-saml")},
		{name: "samlify", install: "cd benchmarks/node && npm ci", start: scripted("samlify.mjs", "samlify")},
	}
}

func isEncrypted(m *message) bool { return m.base.Encrypts() }
func isGCM(m *message) bool       { return m.content == xmlenc.AES256GCM }

// linked returns a starter of a peer that is part of this program.
func linked(module string, start func(*world) (contender, error)) func(w *world, scratch string) (contender, string, error) {
	return func(w *world, _ string) (contender, string, error) {
		c, err := start(w)
		return c, versionOf(module), err
	}
}

// versionOf returns the version of a module that is part of this program.
func versionOf(module string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == module {
			return m.Version
		}
	}
	return ""
}

// ready starts the peers that are installed, and returns those that are absent
// too. It makes sure that each of them verifies: what it accepts it must refuse
// with another value in it, and by another key.
func ready(w *world, cases []*message, scratch string) (started, absent []*peer, err error) {
	for _, p := range peers() {
		p.contender, p.version, err = p.start(w, scratch)
		if errors.Is(err, errMissing) {
			absent = append(absent, p)
			continue
		}
		if err != nil {
			return started, absent, fmt.Errorf("starting %s: %w", p.name, err)
		}
		started = append(started, p)
		for _, m := range cases {
			c := p.able(m)
			if c == nil {
				continue
			}
			if err := isVerifying(c, m); err != nil {
				return started, absent, fmt.Errorf("%s, %s: %w", p.name, m.name, err)
			}
		}
	}
	return started, absent, nil
}

// able returns p as a contender for a message, nil if it cannot verify that.
func (p *peer) able(m *message) contender {
	if p.cannot != nil && p.cannot(m) {
		return nil
	}
	return p.contender
}

// isVerifying reports what is wrong with the verdicts of a contender.
func isVerifying(c contender, m *message) error {
	if _, err := c.verify(m, m.form, 1); err != nil {
		return fmt.Errorf("it refuses a good message: %w", err)
	}
	if _, err := c.verify(m, m.altered, 1); err == nil {
		return errors.New("it accepts a value that was not signed")
	}
	if _, err := c.verify(m, m.stranger, 1); err == nil {
		return errors.New("it accepts the signature of a stranger")
	}
	return nil
}

// stop ends the peers that have a process.
func stop(all []*peer) error {
	var errs []error
	for _, p := range all {
		if d, ok := p.contender.(*driver); ok {
			errs = append(errs, d.Close())
		}
	}
	return errors.Join(errs...)
}
