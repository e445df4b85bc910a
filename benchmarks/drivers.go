package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
)

// errMissing says that a peer is not installed.
var errMissing = errors.New("not installed")

// A driver is a contender in a process of its own, which tells how much CPU time
// it takes. See drivers/driver.h.
type driver struct {
	dir     string
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
	files   map[string]string // by the form field in them
}

// start starts a driver in a new folder with all that it needs to know.
func (w *world) start(scratch, command string, args ...string) (contender, error) {
	dir, err := w.save(scratch)
	if err != nil {
		return nil, err
	}
	d := &driver{dir: dir, command: exec.Command(command, args...), files: make(map[string]string)}
	d.command.Dir, d.command.Stderr = dir, os.Stderr
	if d.in, err = d.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := d.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	d.out = bufio.NewScanner(out)
	if err := d.command.Start(); err != nil {
		return nil, err
	}
	return d, nil
}

// Close ends the process.
func (d *driver) Close() error {
	return errors.Join(d.in.Close(), d.command.Wait())
}

// verify implements [contender].
func (d *driver) verify(m *message, form string, times int) (time.Duration, error) {
	name, ok := d.files[form]
	if !ok {
		name = strconv.Itoa(len(d.files))
		if m.base.Encrypts() {
			name += ".encrypted"
		}
		if err := os.WriteFile(filepath.Join(d.dir, name), []byte(form), 0o600); err != nil {
			return 0, err
		}
		d.files[form] = name
	}
	if _, err := fmt.Fprintln(d.in, name, times); err != nil {
		return 0, fmt.Errorf("asking %s: %w", d.command.Path, err)
	}
	if !d.out.Scan() {
		return 0, fmt.Errorf("%s has ended without an answer: %w", d.command.Path, errors.Join(d.out.Err(), io.ErrUnexpectedEOF))
	}
	nanos, err := strconv.ParseInt(d.out.Text(), 10, 64)
	if why, refused := strings.CutPrefix(d.out.Text(), "refused: "); refused {
		return 0, errRefused(why)
	}
	if err != nil {
		return 0, fmt.Errorf("%s answers %q", d.command.Path, d.out.Text())
	}
	return time.Duration(nanos), nil
}

// errRefused is what a driver says about a message that it did not accept.
type errRefused string

func (e errRefused) Error() string { return string(e) }

// save writes what drivers need to know into a new folder below one.
func (w *world) save(parent string) (string, error) {
	dir, err := os.MkdirTemp(parent, "driver")
	if err != nil {
		return "", err
	}
	idp, err := w.idp.Metadata()
	if err != nil {
		return "", err
	}
	sp, err := saml.SPMetadata{EntityID: w.idp.SPEntityID, ACS: []string{w.idp.ACS}}.XML()
	if err != nil {
		return "", err
	}
	key, err := x509.MarshalPKCS8PrivateKey(w.private)
	if err != nil {
		return "", err
	}
	settings, err := json.Marshal(map[string]string{"entityID": w.idp.SPEntityID, "acs": w.idp.ACS, "idpEntityID": w.idp.EntityID})
	if err != nil {
		return "", err
	}
	for name, content := range map[string][]byte{
		"idp.xml": idp, "sp.xml": sp, "world.json": settings,
		"idp.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.idp.Certificate()}),
		"sp.key":  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// compiled returns a starter of a driver in C that needs some packages of
// pkg-config.
func compiled(name string, packages ...string) func(w *world, scratch string) (contender, string, error) {
	return func(w *world, scratch string) (contender, string, error) {
		version, err := exec.Command("pkg-config", "--modversion", packages[0]).Output()
		if err != nil {
			return nil, "", errMissing
		}
		flags, err := exec.Command("pkg-config", append([]string{"--cflags", "--libs"}, packages...)...).Output()
		if err != nil {
			return nil, "", errMissing
		}
		binary := filepath.Join(scratch, name)
		args := append([]string{"-O2", "-Wall", "-Wextra", "-Werror", "-o", binary, filepath.Join("drivers", name+".c")}, strings.Fields(string(flags))...)
		if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
			return nil, "", fmt.Errorf("compiling drivers/%s.c: %w\n%s", name, err, out)
		}
		d, err := w.start(scratch, binary)
		return d, strings.TrimSpace(string(version)), err
	}
}

// scripted returns a starter of a driver that node runs, for a package of npm.
func scripted(script, pkg string) func(w *world, scratch string) (contender, string, error) {
	return func(w *world, scratch string) (contender, string, error) {
		node, err := exec.LookPath("node")
		if err != nil {
			return nil, "", errMissing
		}
		description, err := os.ReadFile(filepath.Join("node", "node_modules", filepath.FromSlash(pkg), "package.json"))
		if err != nil {
			return nil, "", errMissing
		}
		var installed struct{ Version string }
		if err := json.Unmarshal(description, &installed); err != nil {
			return nil, "", err
		}
		path, err := filepath.Abs(filepath.Join("node", script))
		if err != nil {
			return nil, "", err
		}
		d, err := w.start(scratch, node, path)
		return d, installed.Version, err
	}
}
