package events

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Line is a stream as it is listed.
type Line struct {
	sso.Stream
	Key    string // of the organization whose events it carries; "": all
	Behind int64  // how many events it has not carried yet
}

// Streams lists the streams of the deployment, with how far each is behind.
func (s *Service) Streams(ctx context.Context, who *Who) ([]Line, error) {
	if err := who.looks(); err != nil {
		return nil, err
	}
	var lines []Line
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		all, err := r.Streams(ctx)
		if err != nil {
			return err
		}
		_, end, err := r.ChainEnds(ctx)
		if err != nil {
			return err
		}
		var ids []sso.OrgID
		for i := range all {
			if all[i].Org != "" {
				ids = append(ids, all[i].Org)
			}
		}
		keys := map[sso.OrgID]string{}
		if len(ids) > 0 {
			orgs, err := r.OrganizationsByID(ctx, ids)
			if err != nil {
				return err
			}
			for i := range orgs {
				keys[orgs[i].ID] = orgs[i].Key
			}
		}
		lines = nil
		for i := range all {
			lines = append(lines, Line{all[i], keys[all[i].Org], max(0, end.Number-all[i].Sent)})
		}
		return nil
	})
	return lines, err
}

// Stream returns one stream, with how far it is behind.
func (s *Service) Stream(ctx context.Context, who *Who, id sso.StreamID) (Line, error) {
	all, err := s.Streams(ctx, who)
	for i := range all {
		if all[i].ID == id {
			return all[i], nil
		}
	}
	if err == nil {
		err = unknown(store.ErrNotFound)
	}
	return Line{}, err
}

// StreamDraft is what an operator wants a stream to be.
type StreamDraft struct {
	Target string
	Note   string
	CA     string
	State  sso.WebhookState // enabled or disabled; "": as it is, and a new one enabled
}

// NewStream is a stream to be made.
type NewStream struct {
	Kind   sso.StreamKind
	Target string
	Note   string
	CA     string
	Key    string // of an organization; "": all
	State  sso.WebhookState
}

// judge refuses what no stream can be, and gives it the state that is wanted.
func (d *StreamDraft) judge(s *Service, x *sso.Stream) error {
	state, err := (&Draft{State: d.State}).state(x.State)
	if err != nil {
		return err
	}
	x.State = state
	if d.Target == x.Target && d.Note == x.Note && d.CA == x.CA && x.Version > 0 {
		return nil // who only switches it is not held to where it leads
	}
	x.Target, x.Note, x.CA = d.Target, d.Note, d.CA
	if err := x.Check(); err != nil || x.Kind != sso.StreamHTTP {
		return err
	}
	err = s.Inside.Check(x.Target)
	if safehttp.Forbidden(err) {
		return &fault.Error{Kind: fault.Invalid, Code: "webhook_address", Want: "an address that is public, or of --event-networks", Fix: fault.OperatorSide, Err: err}
	}
	if err != nil {
		return &fault.Error{Kind: fault.Invalid, Code: "stream_target", Want: "an https URL on port 443, without user name", Fix: fault.OperatorSide, Err: err}
	}
	return nil
}

// CreateStream makes a stream, which begins with what happens from now on. One
// by HTTP has a secret, which is shown this once; others have none.
func (s *Service) CreateStream(ctx context.Context, who *Who, n NewStream) (sso.Stream, string, error) {
	key := newSecret()
	var x sso.Stream
	err := s.change(ctx, who, func(c *change) error {
		if who.Org != "" {
			return store.ErrNotFound
		}
		others, err := c.tx.Streams(c.ctx)
		if err != nil {
			return err
		}
		if len(others) >= sso.MaxStreams {
			return &fault.Error{Kind: fault.Exhausted, Code: "streams_many", Want: "at most " + strconv.Itoa(sso.MaxStreams), Fix: fault.OperatorSide}
		}
		_, end, err := c.tx.ChainEnds(c.ctx)
		if err != nil {
			return err
		}
		x = sso.Stream{ID: sso.NewStreamID(c.now), Kind: n.Kind, State: sso.WebhookEnabled, By: c.by, Sent: end.Number, CreatedAt: c.now, UpdatedAt: c.now}
		if n.Key != "" {
			o, err := c.tx.OrganizationByKey(c.ctx, n.Key)
			if errors.Is(err, store.ErrNotFound) {
				return &fault.Error{Kind: fault.NotFound, Code: "organization_unknown", Got: n.Key, Fix: fault.OperatorSide}
			}
			if err != nil {
				return err
			}
			x.Org = o.ID
		}
		d := StreamDraft{Target: n.Target, Note: n.Note, CA: n.CA, State: n.State}
		if err := d.judge(s, &x); err != nil {
			return err
		}
		if x.Kind == sso.StreamHTTP {
			x.Secret = s.Sealer.Seal(store.StreamSecretPlace(x.ID), key)
		}
		if err := c.tx.SaveStream(c.ctx, x); err != nil {
			return err
		}
		return c.record("stream.created", string(x.ID), nil, x.Settings().Changed(nil))
	})
	if err != nil || x.Kind != sso.StreamHTTP {
		return x, "", err
	}
	return x, SecretText(key), nil
}

// onStream changes a stream as it stands now.
func (s *Service) onStream(ctx context.Context, who *Who, id sso.StreamID, fn func(c *change, x *sso.Stream) error) error {
	return unknown(s.change(ctx, who, func(c *change) error {
		if who.Org != "" {
			return store.ErrNotFound
		}
		x, err := c.tx.Stream(c.ctx, id)
		if err != nil {
			return err
		}
		return fn(c, &x)
	}))
}

// ChangeStream has edit change what a stream is, as it is now; edit may run
// twice. Where version is not 0, somebody else's change since it is a conflict.
// What happens while a stream is off it carries later.
func (s *Service) ChangeStream(ctx context.Context, who *Who, id sso.StreamID, version int64, edit func(d *StreamDraft)) error {
	return s.onStream(ctx, who, id, func(c *change, x *sso.Stream) error {
		if version != 0 && x.Version != version {
			return store.ErrConflict
		}
		before := x.Settings()
		d := StreamDraft{Target: x.Target, Note: x.Note, CA: x.CA}
		edit(&d)
		if err := d.judge(s, x); err != nil {
			return err
		}
		changes := x.Settings().Changed(before)
		if len(changes) == 0 {
			return nil
		}
		x.UpdatedAt = c.now
		if err := c.tx.SaveStream(c.ctx, *x); err != nil {
			return err
		}
		return c.record("stream.changed", string(id), nil, changes)
	})
}

// DeleteStream deletes a stream.
func (s *Service) DeleteStream(ctx context.Context, who *Who, id sso.StreamID) error {
	return s.onStream(ctx, who, id, func(c *change, x *sso.Stream) error {
		if err := c.tx.DeleteStream(c.ctx, id); err != nil {
			return err
		}
		return c.record("stream.deleted", string(id), nil, sso.Settings{}.Changed(x.Settings()))
	})
}

// How streams are carried.
const (
	carryBatch  = 200
	streamLease = time.Minute
)

// Carry takes events to where streams want them, and returns for how many
// streams there was something to do: while that is not 0 there may be more. Each
// is carried in the order of the chain; one that fails rests, and keeps nobody
// waiting but itself. Any number of nodes may call it at once.
func (s *Service) Carry(ctx context.Context) (int64, error) {
	return s.inParallel(ctx, func(r *store.Reader) (bool, error) { return r.StreamDue(ctx, s.Now()) }, s.carryNext)
}

// carryNext serves the stream that is farthest behind, and reports whether there
// was one.
func (s *Service) carryNext(ctx context.Context) (bool, error) {
	lease := s.Now().Add(streamLease).Truncate(time.Microsecond)
	var x sso.Stream
	err := s.DB.Write(ctx, func(tx *store.Writer) (err error) {
		x, err = tx.ClaimStream(ctx, s.Now(), lease)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	rest, err := s.carry(ctx, &x)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callMargin)
	defer cancel()
	released := s.DB.Write(ctx, func(tx *store.Writer) error { return tx.ReleaseStream(ctx, x, lease, rest) })
	if errors.Is(released, store.ErrNotFound) {
		released = nil // deleted, or taken over
	}
	return true, errors.Join(err, released)
}

// carry sends the next events of a stream, and returns until when it rests.
func (s *Service) carry(ctx context.Context, x *sso.Stream) (time.Time, error) {
	var some, wanted []sso.Recorded
	err := s.DB.Read(ctx, func(r *store.Reader) (err error) {
		if some, err = r.EventsAfter(ctx, x.Sent, carryBatch); err != nil {
			return err
		}
		paths, err := pathsOf(ctx, r, some)
		for i := range some {
			if within(x.Org, &some[i], paths) {
				wanted = append(wanted, some[i])
			}
		}
		return err
	})
	if err != nil || len(some) == 0 {
		return time.Time{}, err
	}
	if len(wanted) > 0 {
		id := string(x.ID) + "." + strconv.FormatInt(wanted[0].Number, 10) + "-" + strconv.FormatInt(wanted[len(wanted)-1].Number, 10)
		if _, err := s.handOver(ctx, x, id, wanted); err != nil {
			if ctx.Err() != nil {
				return time.Time{}, nil // we are stopping
			}
			x.Failures++
			x.Code, x.Detail = said(err)
			return s.Now().Add(x.Rest()), nil
		}
	}
	x.Sent, x.SentAt, x.Failures, x.Code, x.Detail = some[len(some)-1].Number, s.Now(), 0, "", ""
	return time.Time{}, nil
}

// handOver sends events by the way of a stream, by HTTP as the message id, and
// returns what it was answered. Every error is a fault.
func (s *Service) handOver(ctx context.Context, x *sso.Stream, id string, all []sso.Recorded) (safehttp.Answer, error) {
	if x.Kind != sso.StreamHTTP {
		if err := s.carrySyslog(ctx, x, all); err != nil {
			return safehttp.Answer{}, judge(&safehttp.Answer{}, err)
		}
		return safehttp.Answer{}, nil
	}
	key, err := s.Sealer.Open(store.StreamSecretPlace(x.ID), x.Secret)
	if err != nil {
		return safehttp.Answer{}, &fault.Error{Kind: fault.Denied, Code: "message_unreadable", Fix: fault.OperatorSide, Err: err}
	}
	now := s.Now()
	body := batchOf(now, all)
	answer, err := s.Inside.Call(ctx, safehttp.Request{Method: safehttp.Post, URL: x.Target, Header: signed(id, now, body, key), Body: body})
	if f := judge(&answer, err); f != nil {
		return answer, f
	}
	return answer, nil
}

// batchOf writes events as one message [Standard Webhooks], each as its line
// with its hash.
func batchOf(now time.Time, all []sso.Recorded) []byte {
	var b bytes.Buffer
	b.WriteString(`{"type":"events","timestamp":"` + now.UTC().Format(sso.EventInstant) + `","data":{"events":[`)
	for i := range all {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(all[i].Line())
	}
	b.WriteString(`]}}`)
	return b.Bytes()
}
