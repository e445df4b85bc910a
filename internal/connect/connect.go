// Package connect is what the administrator of a customer sets up for single
// sign-on: domains, connections to identity providers, and links by which
// somebody else does it for them.
//
// Who may do it is package authority's to say, each time and within the
// transaction of the change. A change and its line in the audit list are one
// transaction.
package connect

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/dnsproof"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Service sets single sign-on up. Its fields are set once, before it is used;
// it is safe for concurrent use.
type Service struct {
	DB        *store.DB
	Authority *authority.Service
	BaseURL   string // without a slash at the end
	Name      string // of the deployment, for consoles of identity providers
	Sealer    *secret.Sealer
	Fetch     func(ctx context.Context, url string) ([]byte, error) // metadata from elsewhere; its errors are faults
	Outbox    *notify.Outbox
	Pace      federation.Pace // of our keys
	Limits    backoff.Limiter
	DNS       func(ctx context.Context, q dnsproof.Question) dnsproof.Answer
	Now       func() time.Time
}

// Overview is how far an organization has come with single sign-on.
type Overview struct {
	Domains     []sso.Domain
	Connections []sso.Connection
}

// Overview returns how far the organization of a place has come.
func (s *Service) Overview(ctx context.Context, p *authority.Place) (Overview, error) {
	var o Overview
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if o.Domains, err = r.Org(p.ID).Domains(ctx); err != nil {
			return err
		}
		o.Connections, err = r.Org(p.ID).Connections(ctx)
		return err
	})
	return o, err
}
