package connect

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// How many connections one batch looks at, and how many at the same time.
const (
	watchBatch  = 32
	watchAtOnce = 8
)

// watchActor stands in the audit list for what nobody has asked for.
const watchActor = "watch"

// watched has a connection watched whose metadata somebody has brought.
func watched(ctx context.Context, a *authority.Act, c *sso.Connection, certificates [][]byte) error {
	w, err := a.In.Watch(ctx, c.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // it is not stored yet
	}
	if err != nil {
		return err
	}
	w.Begin(c.SAML.MetadataURL, certificates, a.Now)
	w.DueAt = a.Now
	return a.In.SaveWatch(ctx, w)
}

// WatchConnections looks at connections whose time has come: at what their
// identity providers publish, and at how long their certificates last. It
// returns how many those were.
func (s *Service) WatchConnections(ctx context.Context) (int64, error) {
	var due []sso.Watch
	err := s.DB.Read(ctx, func(r *store.Reader) (err error) {
		due, err = r.WatchesDue(ctx, s.Now(), watchBatch)
		return err
	})
	if err != nil {
		return 0, err
	}
	errs := make([]error, len(due))
	room := make(chan struct{}, watchAtOnce)
	var all sync.WaitGroup
	for i := range due {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			errs[i] = fault.Guard(func() error { return s.watch(ctx, &due[i]) })
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return int64(len(due)), nil
}

// published is what was found at an address, outside any transaction.
type published struct {
	at      string // "": the connection has no address
	said    sso.Published
	failure *fault.Error
}

// watch looks at one connection.
func (s *Service) watch(ctx context.Context, due *sso.Watch) error {
	var c sso.Connection
	err := s.DB.Read(ctx, func(r *store.Reader) (err error) {
		c, err = r.Org(due.Org).Connection(ctx, due.Connection)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	saw, err := s.publishedOf(ctx, &c)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		in := tx.Org(due.Org)
		c, err := in.Connection(ctx, due.Connection)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		w, err := in.Watch(ctx, c.ID)
		if err != nil || w.DueAt.After(s.Now()) { // another node was quicker
			return err
		}
		l := looking{ctx: ctx, service: s, tx: tx, in: in, now: s.Now(), connection: c, watch: w}
		return l.note(&saw)
	})
}

// publishedOf reads what the identity provider of a connection publishes.
func (s *Service) publishedOf(ctx context.Context, c *sso.Connection) (published, error) {
	saw := published{at: c.SAML.MetadataURL}
	if saw.at == "" || c.State == sso.ConnectionDisabled {
		return saw, nil
	}
	src, err := s.fetch(ctx, saw.at)
	var d federation.Description
	if err == nil {
		d, err = s.judge(src, "")
	}
	if len(Several(err)) > 0 {
		d, err = s.judge(src, c.SAML.IdPEntityID)
	}
	if f, refused := errors.AsType[*fault.Error](err); refused && ctx.Err() == nil {
		saw.failure = f
		return saw, nil
	}
	saw.said = sso.Published{EntityID: d.EntityID, Endpoints: d.Endpoints, LogoutTo: d.LogoutTo, Certificates: d.Certificates, WantsSigned: d.WantsSigned}
	return saw, err
}

// looking writes down what was seen of one connection, within one transaction.
type looking struct {
	ctx        context.Context
	service    *Service
	tx         *store.Writer
	in         *store.OrgWriter
	now        time.Time
	connection sso.Connection
	watch      sso.Watch
}

// note lets what was seen change the connection and its watch.
func (l *looking) note(saw *published) error {
	c, w := &l.connection, &l.watch
	line, err := l.tx.Lineage(l.ctx, c.Org)
	if err != nil {
		return err
	}
	w.DueAt = l.now.Add(sso.WatchEvery)
	switch {
	case saw.at != c.SAML.MetadataURL: // somebody has saved another one meanwhile
		w.DueAt = l.now
	case saw.at == "" || c.State == sso.ConnectionDisabled:
		w.DueAt = l.now.Add(sso.WatchEvery)
	case saw.failure != nil:
		w.DueAt = l.now.Add(sso.WatchAgain)
		if w.Fail(c, saw.failure, l.now) && c.State == sso.ConnectionActive {
			if err := l.tell(line, unreachable); err != nil {
				return err
			}
		}
	default:
		if err := l.learn(&saw.said, line); err != nil {
			return err
		}
	}
	if c.State == sso.ConnectionActive {
		if days := w.Expires(c, l.now); days > 0 {
			if err := l.tellExpiry(line); err != nil {
				return err
			}
		}
		if err := l.tellKeys(line); err != nil {
			return err
		}
	}
	return l.in.SaveWatch(l.ctx, *w)
}

// learn lets metadata that could be read change the connection.
func (l *looking) learn(said *sso.Published, line []sso.Organization) error {
	c := &l.connection
	signed, before := c.SAML.WantsSigned, c.Settings()
	learned := l.watch.Learn(c, said, saml.MaxKeys, l.now)
	if len(learned.Added) > 0 || c.SAML.WantsSigned != signed {
		c.UpdatedAt = l.now
		if err := l.in.SaveConnection(l.ctx, *c); err != nil {
			return err
		}
	}
	changes := c.Settings().Changed(before)
	for _, der := range learned.Added {
		if err := l.record("connection.key_added", map[string]string{"certificate": Fingerprint(der)}, changes...); err != nil {
			return err
		}
	}
	if !learned.Held {
		return nil
	}
	d, _ := l.watch.Compare(c, said, saml.MaxKeys)
	if err := l.record("connection.change_held", map[string]string{"changed": words(&d)}); err != nil {
		return err
	}
	if c.State != sso.ConnectionActive {
		return nil
	}
	return l.tell(line, held)
}

func (l *looking) record(action string, detail map[string]string, changes ...sso.Change) error {
	return l.in.Record(l.ctx, sso.Event{At: l.now, Actor: watchActor, Action: action, Target: string(l.connection.ID), Detail: detail, Changes: changes})
}
