package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A server is the program in a process of its own, with an application, and an
// organization whose identity provider is played here.
type server struct {
	process *exec.Cmd
	base    string
	ready   time.Duration // from the start of the process to the first answer
}

// Names in the file of the server.
const (
	clientID   = "portal"
	callback   = "https://app.example/callback"
	connection = "acme-idp"
	domain     = "acme.example"

	metadataFile = "idp.xml"
	secretFile   = "app.secret"
)

// serverFile is what is applied before a server starts.
const serverFile = `
organizations:
  - key: acme
    name: Acme
    entitlements: [sso]
    domains: [{name: %s, vouched: true}]
    connections:
      - {key: %s, protocol: saml, metadata_file: idp.xml, state: active, first_sign_in: create, attributes: {email: mail}}
apps:
  - {key: portal, client_id: %s, client_secret_file: app.secret, redirect_uris: [%q]}
`

// startServer starts a server on a database of SQLite in a folder, which is made
// where it is missing. secret is that of the application.
func (w *world) startServer(dir, file, secret string) (*server, error) {
	binary, err := program(dir)
	if err != nil {
		return nil, err
	}
	database := "sqlite:" + filepath.Join(dir, file)
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	ops, err := freeAddress()
	if err != nil {
		return nil, err
	}
	if err := w.describe(dir, secret); err != nil {
		return nil, err
	}
	apply := exec.CommandContext(context.Background(), binary, "apply", "-f", "apply.yaml", "--database", database)
	apply.Dir, apply.Stderr = dir, os.Stderr
	if err := apply.Run(); err != nil {
		return nil, fmt.Errorf("applying: %w", err)
	}
	serve := exec.CommandContext(context.Background(), binary, "serve", "--database", database, "--base-url", "http://"+address, "--listen", address, "--ops-listen", ops)
	return start(serve, dir, address)
}

// startBare starts a bare server.
func (w *world) startBare(dir, secret string) (*server, error) {
	own, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	if err := w.describe(dir, secret); err != nil {
		return nil, err
	}
	return start(exec.CommandContext(context.Background(), own, bareArgument, address, dir), dir, address)
}

// describe writes into a folder what a server is set up with.
func (w *world) describe(dir, secret string) error {
	metadata, err := w.idp.Metadata()
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		metadataFile: metadata, secretFile: []byte(secret), "apply.yaml": fmt.Appendf(nil, serverFile, domain, connection, clientID, callback),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// start starts what serves at an address, and waits until it does. It keeps its log
// in a folder.
func start(process *exec.Cmd, dir, address string) (*server, error) {
	log, err := os.CreateTemp(dir, "*.log")
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	process.Dir, process.Stdout, process.Stderr = dir, log, log
	s := &server{process: process, base: "http://" + address}
	begun := time.Now()
	if err := process.Start(); err != nil {
		return nil, err
	}
	if err := s.answers(begun); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func freeAddress() (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// answers waits for the first answer.
func (s *server) answers(begun time.Time) error {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for time.Since(begun) < 20*time.Second {
		request, err := newRequest(http.MethodGet, s.base+"/.well-known/openid-configuration", nil)
		if err != nil {
			return err
		}
		if answer, err := client.Do(request); err == nil {
			s.ready = time.Since(begun)
			return answer.Body.Close()
		}
		time.Sleep(time.Millisecond)
	}
	return errors.New("the server does not answer")
}

func (s *server) stop() error {
	if err := s.process.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return s.process.Wait()
}

// clockTick is what /proc counts CPU time in: 100 a second, on every Linux.
const clockTick = 10 * time.Millisecond

// cpuTime returns the CPU time that the server has used.
func (s *server) cpuTime() (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold anything; 12 fields behind it are times.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick, err
}

// memory returns how much memory the server has, in MB.
func (s *server) memory() (float64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if kb, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(kb), " kB"))
			return float64(n) / 1024, err
		}
	}
	return 0, errors.New("no figure of the memory")
}

// requestID reads the ID of a request.
func requestID(message []byte) (string, error) {
	var root struct {
		ID string `xml:"ID,attr"`
	}
	err := xml.Unmarshal(message, &root)
	return root.ID, err
}
