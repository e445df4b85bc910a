package events

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Draft is what somebody wants a webhook to be.
type Draft struct {
	URL   string
	Note  string
	Types []string
	State sso.WebhookState // enabled or disabled; "": as it is, and a new one enabled
}

// state returns the state that is wanted of a webhook which is in this one.
func (d *Draft) state(is sso.WebhookState) (sso.WebhookState, error) {
	switch d.State {
	case "", is:
		return is, nil
	case sso.WebhookEnabled, sso.WebhookDisabled:
		return d.State, nil
	}
	return "", &fault.Error{Kind: fault.Invalid, Code: "choice_unknown", Want: "enabled or disabled", Got: string(d.State), Fix: fault.AdminSide}
}

// Webhooks lists the webhooks of the deployment, or of one organization.
func (s *Service) Webhooks(ctx context.Context, who *Who) ([]sso.Webhook, error) {
	if err := who.looks(); err != nil {
		return nil, err
	}
	var all []sso.Webhook
	err := s.DB.Read(ctx, func(r *store.Reader) (err error) {
		all, err = r.Org(who.Org).Webhooks(ctx)
		return err
	})
	return all, err
}

// Log is a page of what became of deliveries to a webhook.
type Log struct {
	sso.Webhook
	Maker      string // name of who made it, or changed it last
	Deliveries []sso.Delivery
	Next       string // cursor of the next page; "": there is none
}

// PageSize is how many lines of a log one page has.
const PageSize = 50

// Webhook returns a webhook with a page of its log: of deliveries in one state,
// or of all for "".
func (s *Service) Webhook(ctx context.Context, who *Who, id sso.WebhookID, state sso.DeliveryState, after string) (Log, error) {
	if err := who.looks(); err != nil {
		return Log{}, err
	}
	below, _ := strconv.ParseInt(after, 10, 64) // what is no cursor of ours is the first page
	var l Log
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		l = Log{}
		var err error
		if l.Webhook, err = r.Org(who.Org).Webhook(ctx, id); err != nil {
			return err
		}
		if l.Deliveries, err = r.Org(who.Org).Deliveries(ctx, id, state, below, PageSize+1); err != nil {
			return err
		}
		if len(l.Deliveries) > PageSize {
			l.Deliveries = l.Deliveries[:PageSize]
			l.Next = strconv.FormatInt(l.Deliveries[PageSize-1].Number, 10)
		}
		names, err := r.NamesIn(ctx, []sso.Event{{Actor: string(l.By)}})
		l.Maker = names[string(l.By)]
		return err
	})
	return l, unknown(err)
}

// CreateWebhook makes a webhook, and returns the secret by which its receiver
// knows us, which is shown this once.
func (s *Service) CreateWebhook(ctx context.Context, who *Who, d Draft) (sso.Webhook, string, error) {
	key := newSecret()
	var hook sso.Webhook
	err := s.change(ctx, who, func(c *change) error {
		others, err := c.in.Webhooks(c.ctx)
		if err != nil {
			return err
		}
		if len(others) >= sso.MaxWebhooks {
			return &fault.Error{Kind: fault.Exhausted, Code: "webhooks_many", Want: "at most " + strconv.Itoa(sso.MaxWebhooks), Fix: fault.AdminSide}
		}
		state, err := d.state(sso.WebhookEnabled)
		if err != nil {
			return err
		}
		hook = sso.Webhook{ID: sso.NewWebhookID(c.now), Org: who.Org, URL: d.URL, Note: d.Note, Types: d.Types, State: state, By: c.by, CreatedAt: c.now, UpdatedAt: c.now}
		hook.Secret = s.Sealer.Seal(store.WebhookSecretPlace(hook.ID), key)
		if err := s.checked(&hook); err != nil {
			return err
		}
		if err := c.in.SaveWebhook(c.ctx, hook); err != nil {
			return err
		}
		return c.record("webhook.created", string(hook.ID), nil, hook.Settings().Changed(nil))
	})
	return hook, SecretText(key), err
}

// checked refuses what no webhook can be.
func (s *Service) checked(hook *sso.Webhook) error {
	if err := hook.Check(); err != nil {
		return err
	}
	err := s.callerOf(hook.Org).Check(hook.URL)
	if safehttp.Forbidden(err) {
		return &fault.Error{Kind: fault.Invalid, Code: "webhook_address", Want: "a public address", Fix: fault.AdminSide, Err: err}
	}
	if err != nil {
		return &fault.Error{Kind: fault.Invalid, Code: "webhook_url", Want: "an https URL on port 443, without user name", Fix: fault.AdminSide, Err: err}
	}
	return nil
}

// on changes a webhook as it stands now.
func (s *Service) on(ctx context.Context, who *Who, id sso.WebhookID, fn func(c *change, hook *sso.Webhook) error) error {
	return unknown(s.change(ctx, who, func(c *change) error {
		hook, err := c.in.Webhook(c.ctx, id)
		if err != nil {
			return err
		}
		return fn(c, &hook)
	}))
}

// save stores a webhook that somebody has changed.
func (c *change) save(hook *sso.Webhook) error {
	hook.By, hook.UpdatedAt = c.by, c.now
	return c.in.SaveWebhook(c.ctx, *hook)
}

// ChangeWebhook has edit change what a webhook is, as it is now; edit may run
// twice. Where version is not 0, somebody else's change since it is a conflict.
// What happens while a webhook is off it is not told by itself; see
// [Service.Replay].
func (s *Service) ChangeWebhook(ctx context.Context, who *Who, id sso.WebhookID, version int64, edit func(d *Draft)) error {
	return s.on(ctx, who, id, func(c *change, hook *sso.Webhook) error {
		if version != 0 && hook.Version != version {
			return store.ErrConflict
		}
		before := hook.Settings()
		d := Draft{URL: hook.URL, Note: hook.Note, Types: slices.Clone(hook.Types)}
		edit(&d)
		to, err := d.state(hook.State)
		if err != nil {
			return err
		}
		// Who only switches it is not held to where it leads.
		if d.URL != hook.URL || d.Note != hook.Note || !slices.Equal(d.Types, hook.Types) {
			hook.URL, hook.Note, hook.Types = d.URL, d.Note, d.Types
			if err := s.checked(hook); err != nil {
				return err
			}
		}
		if err := c.turn(hook, to); err != nil {
			return err
		}
		changes := hook.Settings().Changed(before)
		if len(changes) == 0 {
			return nil
		}
		if err := c.save(hook); err != nil {
			return err
		}
		return c.record("webhook.changed", string(id), nil, changes)
	})
}

// turn switches a webhook on, from when on it has not failed yet, or off, by
// which all is given up that waits for it.
func (c *change) turn(hook *sso.Webhook, to sso.WebhookState) error {
	if hook.State == to {
		return nil
	}
	hook.State, hook.Failures, hook.FailingSince = to, 0, time.Time{}
	if to == sso.WebhookEnabled {
		return nil
	}
	if err := c.tx.StopWebhook(c.ctx, hook.ID, "webhook_off", c.now); err != nil {
		return err
	}
	hook.Version++
	return nil
}

// TurnSecret gives a webhook another secret, which is shown this once. For
// [sso.SecretOverlap] both sign.
func (s *Service) TurnSecret(ctx context.Context, who *Who, id sso.WebhookID) (string, error) {
	key := newSecret()
	err := s.on(ctx, who, id, func(c *change, hook *sso.Webhook) error {
		hook.Previous, hook.PreviousUntil = hook.Secret, c.now.Add(sso.SecretOverlap)
		hook.Secret = s.Sealer.Seal(store.WebhookSecretPlace(id), key)
		if err := c.save(hook); err != nil {
			return err
		}
		return c.record("webhook.secret_made", string(id), map[string]string{"both_until": hook.PreviousUntil.Format(time.RFC3339)}, nil)
	})
	return SecretText(key), err
}

// DeleteWebhook deletes a webhook with its log.
func (s *Service) DeleteWebhook(ctx context.Context, who *Who, id sso.WebhookID) error {
	return s.on(ctx, who, id, func(c *change, hook *sso.Webhook) error {
		if err := c.in.DeleteWebhook(c.ctx, id); err != nil {
			return err
		}
		return c.record("webhook.deleted", string(id), nil, sso.Settings{}.Changed(hook.Settings()))
	})
}

// TestWebhook has a webhook told of an event that says no more than that
// somebody tries it.
func (s *Service) TestWebhook(ctx context.Context, who *Who, id sso.WebhookID) error {
	return s.on(ctx, who, id, func(c *change, hook *sso.Webhook) error {
		if err := running(hook); err != nil {
			return err
		}
		return c.record(sso.WebhookTested, string(id), nil, nil)
	})
}

func running(hook *sso.Webhook) error {
	if hook.State != sso.WebhookEnabled {
		return &fault.Error{Kind: fault.Conflict, Code: "webhook_off", Want: string(sso.WebhookEnabled), Got: string(hook.State), Fix: fault.AdminSide}
	}
	return nil
}

// Replayed is what somebody wants a webhook told again.
type Replayed struct {
	Event sso.EventID // this one; "": all since Since that it wants
	Since time.Time
}

// Bounds of a replay of many.
const (
	maxReplay  = 10_000 // events that it is told at most
	maxLooked  = 200_000
	maxLooking = 10 * time.Second
	replayStep = 1000
)

// Again is what a webhook is told again.
type Again struct {
	Events int
	Until  time.Time // what came later was not looked at; zero: that was all
}

// Replay tells a webhook again, or for the first time what happened while it was
// off: at most ten thousand events at once, and twenty times in a row.
func (s *Service) Replay(ctx context.Context, who *Who, id sso.WebhookID, what Replayed) (Again, error) {
	if what.Event == "" {
		return s.replayAll(ctx, who, id, what.Since)
	}
	n := 0
	err := s.on(ctx, who, id, func(c *change, hook *sso.Webhook) error {
		if err := s.mayReplay(c, hook); err != nil {
			return err
		}
		var err error
		if n, err = s.again(c, hook, what.Event); err != nil {
			return err
		}
		return c.replayed(hook, "event", string(what.Event), n)
	})
	return Again{Events: n}, err
}

// mayReplay counts one replay.
func (s *Service) mayReplay(c *change, hook *sso.Webhook) error {
	if err := running(hook); err != nil {
		return err
	}
	return s.Limits.Within(c.ctx, c.tx, backoff.Replays(hook.ID))
}

func (c *change) replayed(hook *sso.Webhook, name, value string, n int) error {
	return c.record("webhook.replayed", string(hook.ID), map[string]string{name: value, "events": strconv.Itoa(n)}, nil)
}

// replayAll puts all events since an instant on their way that a webhook wants.
// They are looked for between two transactions: a hundred thousand of them may have
// to be passed by, and nobody could write meanwhile.
func (s *Service) replayAll(ctx context.Context, who *Who, id sso.WebhookID, since time.Time) (Again, error) {
	var wants sso.Webhook
	err := s.on(store.Aside(ctx), who, id, func(c *change, hook *sso.Webhook) error { // it has no effect yet
		wants = *hook
		return s.mayReplay(c, hook)
	})
	if err != nil {
		return Again{}, err
	}
	found, until, err := s.wanted(ctx, &wants, since)
	if err != nil {
		return Again{}, err
	}
	n := 0
	err = s.on(ctx, who, id, func(c *change, hook *sso.Webhook) error {
		if err := running(hook); err != nil {
			return err
		}
		some, to, err := tells(c.ctx, c.tx.Reader, hook, found)
		if err != nil {
			return err
		}
		if err := c.tx.Enqueue(c.ctx, c.now, some, to); err != nil {
			return err
		}
		n = len(some)
		return c.replayed(hook, "since", since.UTC().Format(time.RFC3339), n)
	})
	return Again{n, until}, err
}

// wanted looks for the events since an instant that a webhook wants, and returns
// until when it has looked; zero: to the end.
func (s *Service) wanted(ctx context.Context, hook *sso.Webhook, since time.Time) (found []sso.Recorded, until time.Time, err error) {
	began := s.Now()
	err = s.DB.Read(ctx, func(r *store.Reader) error {
		from, err := r.SealedSince(ctx, since)
		if err != nil {
			return err
		}
		for looked := 0; looked < maxLooked && len(found) <= maxReplay && s.Now().Sub(began) < maxLooking; looked += replayStep {
			all, err := r.EventsAfter(ctx, from, replayStep)
			if err != nil {
				return err
			}
			if len(all) == 0 {
				until = time.Time{}
				return nil
			}
			from, until = all[len(all)-1].Number, all[len(all)-1].At
			some, _, err := tells(ctx, r, hook, all)
			if err != nil {
				return err
			}
			found = append(found, some...)
		}
		return nil
	})
	if len(found) > maxReplay {
		found, until = found[:maxReplay], found[maxReplay].At
	}
	return found, until, err
}

// tells returns those of some events that a webhook wants and may know of.
func tells(ctx context.Context, r *store.Reader, hook *sso.Webhook, all []sso.Recorded) (some []sso.Recorded, to map[sso.EventID][]sso.WebhookID, err error) {
	paths, err := pathsOf(ctx, r, all)
	if err != nil {
		return nil, nil, err
	}
	to = map[sso.EventID][]sso.WebhookID{}
	for i := range all {
		if hook.Wants(all[i].Action) && concerns(hook, &all[i], paths) {
			some = append(some, all[i])
			to[all[i].ID] = []sso.WebhookID{hook.ID}
		}
	}
	return some, to, nil
}

// again puts one event on its way.
func (s *Service) again(c *change, hook *sso.Webhook, id sso.EventID) (int, error) {
	e, err := c.tx.Recorded(c.ctx, id)
	if err != nil {
		return 0, err
	}
	paths, err := pathsOf(c.ctx, c.tx.Reader, []sso.Recorded{e})
	if err != nil {
		return 0, err
	}
	if e.Number == 0 || !concerns(hook, &e, paths) {
		return 0, store.ErrNotFound
	}
	return 1, c.tx.Enqueue(c.ctx, c.now, []sso.Recorded{e}, map[sso.EventID][]sso.WebhookID{e.ID: {hook.ID}})
}
