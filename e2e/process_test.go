//go:build e2e

package e2e

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	// startPatience bounds the wait for a server to answer, on a machine that does much else.
	startPatience = 3 * time.Minute
	// stopPatience is how long a server may take to end before it is killed: ours waits for what is under way, and for jobs
	// some seconds more.
	stopPatience = 90 * time.Second
	// runPatience bounds a command that ends by itself, a browser's journey among them.
	runPatience = 10 * time.Minute
	// logTail is how much of a server's log is shown when its test fails.
	logTail = 6000
)

// binary builds the server once, with the race detector in it, and returns its path. How is said by env.sh.
var binary = sync.OnceValues(func() (string, error) {
	path, err := filepath.Abs("../bin/sallyport-e2e")
	if err != nil {
		return "", err
	}
	race := strings.Fields(cmp.Or(os.Getenv("SALLYPORT_RACE"), "-race"))
	cmd := exec.Command("go", slices.Concat([]string{"build"}, race, []string{"-o", path, "../cmd/sallyport"})...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the server: %w\n%s", err, out)
	}
	return path, nil
})

// sallyport returns the path of the binary under test.
func sallyport(t *testing.T) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// A log collects what a process prints.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// tail returns the end of a log.
func tail(s string) string {
	if len(s) > logTail {
		s = "…" + s[len(s)-logTail:]
	}
	return s
}

// A process is a server that runs until its test ends, or dies with it.
type process struct {
	name  string
	cmd   *exec.Cmd
	stdin io.Closer
	log   *log
	ended chan struct{} // closed when the process has ended
	err   error         // how, after that
}

// start runs a server and stops it when the test ends. When the test has failed, the end of its log is shown.
func start(t *testing.T, name string, argv ...string) *process {
	t.Helper()
	p := &process{name: name, log: new(log), ended: make(chan struct{})}
	p.cmd = exec.Command(argv[0], argv[1:]...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.stop(t)
		if t.Failed() {
			t.Logf("log of %s:\n%s", name, tail(p.log.String()))
		}
		if strings.Contains(p.log.String(), "WARNING: DATA RACE") {
			t.Errorf("%s has a data race:\n%s", name, p.log.String())
		}
	})
	return p
}

// stop ends the process as an operator would, and waits for it.
func (p *process) stop(t *testing.T) {
	t.Helper()
	_ = p.stdin.Close()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return
	case <-time.After(stopPatience):
	}
	t.Errorf("%s did not stop within %v", p.name, stopPatience)
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

// waitFor waits until done, or fails the test when the process ends first.
func (p *process) waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(startPatience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-p.ended:
			t.Fatalf("%s ended (%v) before %s:\n%s", p.name, p.err, what, tail(p.log.String()))
		case <-deadline:
			t.Fatalf("%s: no %s within %v:\n%s", p.name, what, startPatience, tail(p.log.String()))
		}
	}
}

// waitLine waits for a line of output that begins with prefix, and returns the rest of it.
func (p *process) waitLine(t *testing.T, prefix string) string {
	t.Helper()
	var rest string
	p.waitFor(t, "line "+prefix, func() bool {
		whole := p.log.String()
		for line := range strings.Lines(whole) {
			if after, ok := strings.CutPrefix(line, prefix); ok && strings.HasSuffix(line, "\n") {
				rest = strings.TrimSpace(after)
				return true
			}
		}
		return false
	})
	return rest
}

// waitOK waits until url answers 200.
func (p *process) waitOK(t *testing.T, url string) {
	t.Helper()
	p.waitFor(t, "answer from "+url, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// run runs a command that ends by itself and returns what it printed and its exit status.
func run(t *testing.T, argv ...string) (output string, status int) {
	t.Helper()
	return runFor(t, runPatience, argv...)
}

// runFor is [run] for a command that may take longer or less long than others.
func runFor(t *testing.T, patience time.Duration, argv ...string) (output string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = stopPatience
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || ctx.Err() != nil {
		t.Fatalf("running %s: %v\n%s", strings.Join(argv, " "), err, out)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// mustRun is [run] for a command that has to succeed.
func mustRun(t *testing.T, argv ...string) string {
	t.Helper()
	out, status := run(t, argv...)
	if status != 0 {
		t.Fatalf("%s: exit status %d\n%s", strings.Join(argv, " "), status, out)
	}
	return out
}

// The ports that freeAddr gives out lie below those that whoever names none is given: nobody takes one of them before the
// server does for which it was chosen. Browsers refuse some lower ones.
const (
	lowestPort  = 10_100
	highestPort = 32_000
)

var lastPort atomic.Int64

// freeAddr returns a free port on a loopback host, as host:port, and none of them twice.
func freeAddr(t *testing.T, host string) string {
	t.Helper()
	lastPort.CompareAndSwap(0, lowestPort+int64(os.Getpid())%(highestPort-lowestPort)/2) // another process may do the same
	for {
		port := lastPort.Add(1)
		if port > highestPort {
			t.Fatalf("no free port on %s", host)
		}
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.FormatInt(port, 10)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return l.Addr().String()
	}
}

// publicDir returns a new folder into which other users of the machine can look, unlike t.TempDir's: servers that
// give up being root run in it.
func publicDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sallyport-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
