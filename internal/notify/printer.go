package notify

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
)

// Printer shows letters in place of sending them, for who tries Sallyport out.
// It is safe for concurrent use.
type Printer struct {
	Out io.Writer
	mu  sync.Mutex
}

// Carry implements [Carrier].
func (p *Printer) Carry(_ context.Context, letters []Letter, report func(i int, remoteID string, err error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, l := range letters {
		head := "SMS to " + l.To
		if l.Subject != "" {
			head = "Mail to " + l.To + ": " + l.Subject
		}
		text := strings.ReplaceAll(strings.TrimSpace(l.Text), "\n", "\n  ")
		_, err := fmt.Fprintf(p.Out, "\n%s\n  %s\n", head, text)
		if err != nil {
			err = fmt.Errorf("printing a letter: %w", err)
		}
		report(i, "", err)
	}
}
