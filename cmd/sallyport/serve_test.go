package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// halfAPost sends a request whose body never ends, and returns when its handler
// has begun to read that.
func halfAPost(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := fmt.Fprint(c, "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the server says %q, %v, want it to read on", line, err)
	}
	if _, err := fmt.Fprint(c, "half"); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatNeverEndsIsDroppedWhenThePatienceIsOver(t *testing.T) {
	t.Parallel()
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	})}
	l, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	c := halfAPost(t, l.Addr().String())
	over, cancel := context.WithCancel(t.Context())
	cancel()
	drain(over, []*http.Server{s})
	if _, err := io.ReadAll(c); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the connection: %v, want it closed", err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve() = %v, want the server closed", err)
	}
}

// start runs the program and returns it with the address of its public
// listener. The program is the one that testscript puts on the path.
func start(t *testing.T) (*exec.Cmd, string) {
	t.Helper()
	program, err := exec.LookPath("sallyport")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), program, "serve", "--database", "sqlite:"+filepath.Join(t.TempDir(), "x.db"),
		"--base-url", "http://127.0.0.1:8080", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	found := regexp.MustCompile(`listening on (\S+),`).FindStringSubmatch(line)
	if err != nil || found == nil {
		t.Fatalf("it says %q, %v", line, err)
	}
	return c, found[1]
}

func TestASignalStopsAndASecondOneEndsAtOnce(t *testing.T) {
	t.Parallel()
	idle, _ := start(t)
	if err := idle.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := idle.Wait(); err != nil {
		t.Errorf("after one signal: %v, want status 0", err)
	}

	busy, address := start(t)
	halfAPost(t, address)
	// A second signal that comes before the first was seen counts as one with
	// it, so the second is sent until the program ends.
	ended := make(chan error, 1)
	go func() { ended <- busy.Wait() }()
	var err error
	for running := true; running; {
		_ = busy.Process.Signal(syscall.SIGTERM) // fails when it has ended
		select {
		case err = <-ended:
			running = false
		case <-time.After(10 * time.Millisecond):
		}
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatalf("after two signals: %v, want it ended by the second", err)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
		t.Errorf("after two signals: %v, want it ended by the second", err)
	}
}

func TestAPathOfSQLiteTakesNoOptions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var out, complaint strings.Builder
	status := run(t.Context(), []string{"migrate", "--database", "sqlite:" + dir + "/x.db?mode=ro"}, streams{strings.NewReader(""), &out, &complaint})
	if status != exitUsage || !strings.Contains(complaint.String(), `leave out "?mode=ro"`) || strings.Count(complaint.String(), "\n") != 1 {
		t.Errorf("status %d: %s, want one line that says what to leave out", status, complaint.String())
	}
	if made, _ := filepath.Glob(dir + "/*"); len(made) != 0 {
		t.Errorf("it makes %v", made)
	}
	if status := run(t.Context(), []string{"migrate", "--database", "sqlite:" + dir + "/x.db"}, streams{strings.NewReader(""), &out, &complaint}); status != 0 {
		t.Errorf("twin: status %d: %s", status, complaint.String())
	}
}
