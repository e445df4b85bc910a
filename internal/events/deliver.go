package events

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// How webhooks are called.
const (
	workers      = 8                // webhooks that a node calls at the same time
	lookAgain    = time.Second      // after which it looks who else is due, while some are called
	callsAtOnce  = 16               // deliveries of one webhook, one after the other
	webhookLease = 5 * time.Minute  // longer than these may take
	turnTime     = 20 * time.Second // after which a webhook waits for its next turn
	callMargin   = 30 * time.Second // of the lease, that must be left to begin another one
	longestWait  = 10 * time.Hour   // that a receiver may ask for
	maxExcerpt   = 500              // octets kept of an answer
)

// Deliver tells webhooks what is on its way to them, and returns how many
// webhooks that were: while that is not 0 there may be more. Each is told in the
// order of the events, one after the other; one that does not answer rests, and
// keeps nobody waiting but itself. Any number of nodes may call it at once.
func (s *Service) Deliver(ctx context.Context) (int64, error) {
	return s.inParallel(ctx, func(r *store.Reader) (bool, error) { return r.WebhookDue(ctx, s.Now()) }, s.deliverNext)
}

// inParallel has several workers serve what is due, each one thing after the
// other, and returns how many things that were. While one of them takes its time,
// the others serve what is due meanwhile.
func (s *Service) inParallel(ctx context.Context, isDue func(*store.Reader) (bool, error), next func(context.Context) (bool, error)) (int64, error) {
	var n atomic.Int64
	work := func() error {
		for ctx.Err() == nil {
			done, err := next(ctx)
			if err != nil || !done {
				return err
			}
			n.Add(1)
		}
		return nil
	}
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	ended, working := make(chan error, workers), 0
	var failed error
	for {
		due := false
		if failed == nil && ctx.Err() == nil {
			failed = s.DB.Read(ctx, func(r *store.Reader) (err error) {
				due, err = isDue(r)
				return err
			})
		}
		for ; failed == nil && due && working < workers; working++ {
			go func() { ended <- fault.Guard(work) }()
		}
		for again := false; !again; {
			if working == 0 {
				return n.Load(), failed
			}
			select {
			case err := <-ended:
				working, failed = working-1, errors.Join(failed, err)
			case <-look.C:
				again = true
			}
		}
	}
}

// deliverNext serves the webhook that has waited for longest, and reports
// whether there was one.
func (s *Service) deliverNext(ctx context.Context) (bool, error) {
	// As it is stored: the lease is known again by it.
	lease := s.Now().Add(webhookLease).Truncate(time.Microsecond)
	var hook sso.Webhook
	err := s.DB.Write(ctx, func(tx *store.Writer) (err error) {
		hook, err = tx.ClaimWebhook(ctx, s.Now(), lease)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	rest, err := s.serve(ctx, &hook, lease)
	// What was sent must be noted even where the server is about to stop.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callMargin)
	defer cancel()
	released := s.DB.Write(ctx, func(tx *store.Writer) error { return tx.ReleaseWebhook(ctx, hook, lease, rest) })
	if errors.Is(released, store.ErrNotFound) {
		released = nil // deleted, or taken over
	}
	return true, errors.Join(err, released)
}

// serve sends what is due to a webhook, until one delivery fails, and returns
// until when it rests.
func (s *Service) serve(ctx context.Context, hook *sso.Webhook, lease time.Time) (rest time.Time, err error) {
	keys, err := s.keysOf(hook)
	if err != nil {
		s.Log.Error("opening the secret of a webhook", "webhook", hook.ID, "err", err)
		return s.Now().Add(sso.DeliveryWait(3)), nil
	}
	var due []sso.Delivery
	err = s.DB.Read(ctx, func(r *store.Reader) (err error) {
		due, err = r.DueDeliveries(ctx, hook.ID, s.Now(), callsAtOnce)
		return err
	})
	if err != nil {
		return s.Now(), err
	}
	began := s.Now()
	for i := range due {
		if now := s.Now(); ctx.Err() != nil || !now.Add(callMargin).Before(lease) || now.Sub(began) >= turnTime {
			break
		}
		refused, err := s.send(ctx, hook, &due[i], keys)
		if err != nil {
			return s.Now(), err
		}
		if refused != nil {
			return s.Now().Add(hook.Rest()), nil
		}
	}
	return s.Now(), nil
}

// keysOf returns the secrets that sign for a webhook now, the current one first.
func (s *Service) keysOf(hook *sso.Webhook) ([][]byte, error) {
	place := store.WebhookSecretPlace(hook.ID)
	key, err := s.Sealer.Open(place, hook.Secret)
	if err != nil {
		return nil, err
	}
	keys := [][]byte{key}
	if len(hook.Previous) > 0 && s.Now().Before(hook.PreviousUntil) {
		if key, err = s.Sealer.Open(place, hook.Previous); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// send tries one delivery and writes down how that has ended. The fault says why
// the receiver did not take it; the error is ours.
func (s *Service) send(ctx context.Context, hook *sso.Webhook, d *sso.Delivery, keys [][]byte) (*fault.Error, error) {
	var body []byte
	var refused *fault.Error
	err := s.DB.Read(ctx, func(r *store.Reader) (err error) {
		if refused, err = s.closed(ctx, r, hook); err != nil || refused != nil {
			return err
		}
		e, err := r.Recorded(ctx, d.Event)
		if err == nil {
			body, err = describe(ctx, r, hook.Org, &e)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err, refused = nil, &fault.Error{Kind: fault.NotFound, Code: "webhook_event_gone", Fix: fault.OperatorSide}
	}
	if err != nil {
		return nil, err
	}
	began := s.Now()
	var answer safehttp.Answer
	unsent := refused != nil
	if !unsent {
		answer, err = s.callerOf(hook.Org).Call(ctx, safehttp.Request{Method: safehttp.Post, URL: hook.URL, Header: signed(string(d.Event), began, body, keys...), Body: body})
		if ctx.Err() != nil {
			return nil, nil // we are stopping: that says nothing of the receiver
		}
		refused = judge(&answer, err)
	}
	now := s.Now()
	d.Tries++
	d.TriedAt, d.Took, d.Status = now, now.Sub(began), int64(answer.Status)
	d.Code, d.Detail = "", excerpt(answer.Body)
	switch {
	case refused == nil:
		d.State, d.DoneAt = sso.DeliveryDelivered, now
		hook.Failures, hook.FailingSince = 0, time.Time{}
		return nil, s.settle(ctx, hook, d, "")
	case unsent:
		d.Code, d.State, d.DoneAt = refused.Code, sso.DeliveryFailed, now
		return nil, s.settle(ctx, hook, d, "")
	}
	d.Code = refused.Code
	if err != nil {
		d.Detail = excerpt([]byte(err.Error()))
	}
	d.DueAt = now.Add(max(sso.DeliveryWait(d.Tries), min(answer.RetryAfter, longestWait)))
	if !d.DueAt.Before(d.CreatedAt.Add(sso.WebhookPatience)) {
		d.State, d.DoneAt = sso.DeliveryFailed, now
	}
	hook.Failures++
	if hook.FailingSince.IsZero() {
		hook.FailingSince = now
	}
	over := ""
	switch {
	case answer.Over():
		over = (&fault.Error{Code: "webhook_gone"}).Code
	case hook.GaveUp(now):
		over = (&fault.Error{Code: "webhook_patience"}).Code
	}
	return refused, s.settle(ctx, hook, d, over)
}

// closed says why nothing is sent by a webhook any more, as things stand now:
// somebody has switched it off or deleted it since its turn began, or the vendor
// has shut its organization out. It takes over where the webhook leads now.
func (s *Service) closed(ctx context.Context, r *store.Reader, hook *sso.Webhook) (*fault.Error, error) {
	now, err := r.Org(hook.Org).Webhook(ctx, hook.ID)
	if errors.Is(err, store.ErrNotFound) {
		now, err = sso.Webhook{State: sso.WebhookDisabled}, nil
	}
	if err != nil {
		return nil, err
	}
	if off, ok := errors.AsType[*fault.Error](running(&now)); ok {
		return off, nil
	}
	hook.URL = now.URL
	if hook.Org == "" {
		return nil, nil
	}
	line, err := r.Settings().Lineage(ctx, hook.Org)
	for i := range line {
		if line[i].State != sso.OrgActive {
			return &fault.Error{Kind: fault.Denied, Code: "organization_suspended", Got: line[i].Key, Fix: fault.OperatorSide}, nil
		}
	}
	return nil, err
}

// settle writes down how a delivery has fared, and switches its webhook off where
// that is over.
func (s *Service) settle(ctx context.Context, hook *sso.Webhook, d *sso.Delivery, over string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callMargin)
	defer cancel()
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		if err := tx.SettleDelivery(ctx, *d); err != nil || over == "" {
			return err
		}
		if err := tx.StopWebhook(ctx, hook.ID, over, s.Now()); err != nil {
			return err
		}
		e := sso.Event{Org: hook.Org, At: s.Now(), Actor: "webhooks", Action: "webhook.disabled", Target: string(hook.ID), Detail: map[string]string{"code": over, "failures": strconv.FormatInt(hook.Failures, 10)}, Changes: []sso.Change{{Field: "state", From: string(hook.State), To: string(sso.WebhookFailed)}}}
		if err := tx.Record(ctx, e); err != nil {
			return err
		}
		return s.complain(ctx, tx, hook)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil // deleted, or tried by somebody else
	}
	if err == nil && over != "" {
		hook.Version++ // as it was stopped: what has failed counts
	}
	return err
}

// complain tells who made a webhook that it is off.
func (s *Service) complain(ctx context.Context, tx *store.Writer, hook *sso.Webhook) error {
	u, err := tx.User(ctx, hook.By)
	if errors.Is(err, store.ErrNotFound) || err == nil && (u.Email.IsZero() || u.State != sso.UserActive) {
		return nil
	}
	if err != nil {
		return err
	}
	path := "/operator/webhooks/" + string(hook.ID)
	if hook.Org != "" {
		o, err := tx.Organization(ctx, hook.Org)
		if err != nil {
			return err
		}
		path = "/console/webhooks/" + string(hook.ID) + "?org=" + o.Key
	}
	return s.Outbox.Enqueue(ctx, tx, notify.Message{
		Channel: notify.Mail, Kind: notify.WebhookDisabled, Org: hook.Org, User: u.ID, To: u.Email.String(), Language: u.Language,
		Data: map[notify.Gap]string{notify.Domain: hook.Host(), notify.Link: path},
	})
}

// judge says why a receiver did not take what it was sent; nil: it did.
func judge(answer *safehttp.Answer, err error) *fault.Error {
	switch {
	case err != nil && safehttp.Forbidden(err):
		return &fault.Error{Kind: fault.Denied, Code: "webhook_address", Want: "a public address", Fix: fault.AdminSide, Err: err}
	case err != nil:
		return &fault.Error{Kind: fault.Unavailable, Code: "webhook_unreachable", Fix: fault.AdminSide, Err: err}
	case !answer.OK():
		return &fault.Error{Kind: fault.Unavailable, Code: "webhook_status", Want: "2xx", Got: strconv.Itoa(answer.Status), Fix: fault.AdminSide}
	}
	return nil
}

// excerpt keeps the beginning of what a receiver has answered, as text.
func excerpt(b []byte) string {
	b = b[:min(len(b), maxExcerpt)]
	for len(b) > 0 && !utf8.Valid(b) {
		b = b[:len(b)-1]
	}
	return string(b)
}
