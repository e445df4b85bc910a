package grant

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// How long keys count that an app publishes. One that signs with a key we do not
// know is asked for its keys again, but not at every try.
const (
	publishedLife  = 10 * time.Minute
	publishedAgain = 30 * time.Second // after the last time
	publishedStale = time.Hour        // as long as they cannot be read
)

// authenticated returns the app that has proved to be who it says, or an
// [*oidc.TokenError].
func (s *Service) authenticated(ctx context.Context, by oidc.Credentials) (sso.App, error) {
	app, _, err := s.recognized(ctx, &caller{by: by})
	return app, err
}

// caller is who asks for something, and what they show. What counts once is used up
// once, also where it is judged again because the settings have changed meanwhile.
type caller struct {
	by       oidc.Credentials
	proof    oidc.DPoP
	asserted bool             // what the app has signed is used up
	held     *oidc.Possession // what the proof shows, which is used up; nil: not yet
}

// recognized is authenticated, with the mark of the settings under which that is so.
func (s *Service) recognized(ctx context.Context, c *caller) (app sso.App, mark store.Mark, err error) {
	err = s.DB.Read(ctx, func(r *store.Reader) error {
		if mark, err = r.Mark(ctx); err == nil {
			app, err = r.Settings().AppByClientID(ctx, c.by.ClientID)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return sso.App{}, "", oidc.UnknownTokenClient()
	}
	if err != nil {
		return sso.App{}, "", err
	}
	by := c.by
	if app.AuthMethod == sso.AuthPrivateKeyJWT && by.Method == oidc.PrivateKeyJWT {
		if by, err = s.prove(ctx, &app, c); err != nil {
			return sso.App{}, "", err
		}
	}
	if err := client(&app).Authenticate(by); err != nil {
		return sso.App{}, "", err
	}
	if app.Disabled {
		return sso.App{}, "", oidc.DisabledClient()
	}
	return app, mark, nil
}

// prove verifies the signature of an app, and uses it up.
func (s *Service) prove(ctx context.Context, app *sso.App, c *caller) (oidc.Credentials, error) {
	keys, err := s.keysOf(ctx, app, c.by)
	if err != nil {
		return oidc.Credentials{}, err
	}
	proved, assertion, err := c.by.Prove(keys, s.Issuer, s.Now())
	if err != nil || c.asserted {
		return proved, err
	}
	// What one app calls its assertion is no other's business.
	name := secret.HashOf([]byte(string(app.ID) + "\x00" + assertion.ID))
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		return tx.InsertSingleUse(ctx, store.KindClientAssertion, name, assertion.Until, "")
	})
	if errors.Is(err, store.ErrUsed) {
		return oidc.Credentials{}, oidc.UsedAssertion()
	}
	if err != nil {
		return oidc.Credentials{}, fmt.Errorf("using an assertion up: %w", err)
	}
	c.asserted = true
	return proved, nil
}

// keysOf returns the keys of an app: as they were registered, or as it publishes
// them.
func (s *Service) keysOf(ctx context.Context, app *sso.App, by oidc.Credentials) (oidc.ClientKeys, error) {
	if app.JWKSURI == "" {
		keys, err := oidc.ParseClientKeys([]byte(app.JWKS))
		if err != nil {
			return oidc.ClientKeys{}, err
		}
		return keys, nil
	}
	return s.published.get(ctx, s, app, by)
}

// publishedKeys are the keys that apps publish, as they were read. There are no
// more of them than apps.
type publishedKeys struct {
	mu  sync.Mutex
	all map[sso.AppID]*publication
}

// publication is what one app publishes.
type publication struct {
	uri     string
	reading sync.Mutex // held while it is read: nobody reads it twice at once
	tried   time.Time  // under reading

	mu     sync.Mutex
	keys   oidc.ClientKeys
	readAt time.Time // zero: not yet
}

// known returns the keys as they were read, and how long ago.
func (p *publication) known(now time.Time) (oidc.ClientKeys, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys, now.Sub(p.readAt)
}

func (p *publication) keep(keys oidc.ClientKeys, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys, p.readAt = keys, now
}

func (p *publishedKeys) of(app *sso.App) *publication {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[sso.AppID]*publication{}
	}
	known := p.all[app.ID]
	if known == nil || known.uri != app.JWKSURI {
		known = &publication{uri: app.JWKSURI}
		p.all[app.ID] = known
	}
	return known
}

// get returns the keys that an app publishes. Who signs with one that is known
// does not wait: anybody can send what has them read again.
func (p *publishedKeys) get(ctx context.Context, s *Service, app *sso.App, by oidc.Credentials) (oidc.ClientKeys, error) {
	published := p.of(app)
	if keys, age := published.known(s.Now()); age < publishedLife && keys.Knows(by) {
		return keys, nil
	}
	published.reading.Lock()
	defer published.reading.Unlock()
	now := s.Now()
	keys, age := published.known(now)
	if (age >= publishedLife || !keys.Knows(by)) && now.Sub(published.tried) >= publishedAgain {
		published.tried = now
		// To the end, also where who asked does not wait for it: a stranger who
		// hangs up each time must not keep the keys from everybody.
		document, err := s.Fetch(context.WithoutCancel(ctx), published.uri)
		if err == nil {
			var fresh oidc.ClientKeys
			if fresh, err = oidc.ParseClientKeys(document); err == nil {
				published.keep(fresh, now)
				keys, age = fresh, 0
			}
		}
	}
	if age >= publishedStale {
		return oidc.ClientKeys{}, oidc.NoClientKeys()
	}
	return keys, nil
}
