package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// long is how much processor time tests may take without a word before they
// stand still, in hundredths of a second, as the kernel counts. Without some
// checks a reader does. It is not the time of the day, so that a busy machine
// changes nothing.
const long = 400

// output is what tests say, which can be watched while they do.
type output struct {
	mu   sync.Mutex
	said bytes.Buffer
}

// Write implements [io.Writer].
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.Write(p)
}

func (o *output) bytes() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Clone(o.said.Bytes())
}

func (o *output) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.Len()
}

// watch waits for a process to end, and ends it once it stands still.
func (o *output) watch(p *os.Process, ended <-chan error) error {
	said, since := 0, 0
	for {
		select {
		case err := <-ended:
			return err
		case <-time.After(200 * time.Millisecond):
		}
		used, err := processorTime(p.Pid)
		if err != nil {
			continue // it ends in this moment
		}
		if n := o.len(); n != said {
			said, since = n, used
		}
		if used-since > long {
			if err := p.Kill(); err != nil {
				return fmt.Errorf("ending tests that stand still: %w", err)
			}
			return <-ended
		}
	}
}

// processorTime returns how much a process has used, in hundredths of a second
// [proc(5)].
func processorTime(pid int) (int, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // behind the name, which may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return user + system, err
}
