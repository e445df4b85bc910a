package events

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// StreamTest is what became of a test of a stream.
type StreamTest struct {
	Stream sso.Stream
	Status int           // what one by HTTP was answered; 0: nothing was, as syslog confirms nothing
	Answer string        // the beginning of it
	Code   string        // of what was wrong; "": nothing was
	Detail string        // what was said then
	Took   time.Duration // until then
}

// TestStream sends one line by the way of a stream, whether it is on or off, and
// returns what became of it. The line has no number and no hash: it stands
// outside the chain, moves no stream on and carries nobody's address. A receiver
// that does not take it is no error.
func (s *Service) TestStream(ctx context.Context, who *Who, id sso.StreamID) (StreamTest, error) {
	var t StreamTest
	var line sso.Recorded
	err := s.onStream(ctx, who, id, func(c *change, x *sso.Stream) error {
		if err := s.Limits.Within(c.ctx, c.tx, backoff.StreamTests(id)); err != nil {
			return err
		}
		t.Stream = *x
		line = sso.NewRecorded(sso.Event{At: c.now, Org: x.Org, Actor: c.base.Actor, Action: sso.StreamTested, Target: string(id)}, 0)
		return c.record(sso.StreamTested, string(id), nil, nil)
	})
	if err != nil {
		return StreamTest{}, err
	}
	begun := s.Now()
	answer, err := s.handOver(ctx, &t.Stream, string(id)+"."+string(line.ID), []sso.Recorded{line})
	t.Took, t.Status, t.Answer = s.Now().Sub(begun), answer.Status, excerpt(answer.Body)
	if err != nil {
		t.Code, t.Detail = said(err)
	}
	return t, nil
}

// said returns what a stream keeps of a fault of its receiver.
func said(err error) (code, detail string) {
	f := fault.From(err)
	if f.Err != nil {
		return f.Code, excerpt([]byte(f.Err.Error()))
	}
	return f.Code, excerpt([]byte(f.Got))
}
