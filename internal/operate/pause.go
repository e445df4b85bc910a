package operate

import (
	"context"
	"strconv"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// PauseSSO has a customer's organization not demand single sign-on for some
// hours: support lets the people of a customer in whose identity provider
// fails. Its owners read by whom and why.
func (s *Service) PauseSSO(ctx context.Context, by *sso.By, key string, hours int, reason string) error {
	return s.changePolicy(ctx, by, key, "enforcement.paused", func(tx *store.Writer, o *sso.Organization) (map[string]string, error) {
		pause, err := sso.NewPause(hours, reason, s.Now())
		if err != nil {
			return nil, err
		}
		pause.By, pause.Vendor = by.User.ID, true
		domains, err := tx.Org(o.ID).Domains(ctx)
		if err != nil {
			return nil, err
		}
		return map[string]string{"hours": strconv.Itoa(hours), "reason": pause.Reason}, o.PauseSSO(pause, domains)
	})
}

// ResumeSSO ends a pause before its time, whoever has begun it.
func (s *Service) ResumeSSO(ctx context.Context, by *sso.By, key string) error {
	return s.changePolicy(ctx, by, key, "enforcement.resumed", func(_ *store.Writer, o *sso.Organization) (map[string]string, error) {
		if !o.Policy.Pause.Running(s.Now()) {
			return nil, errSame
		}
		o.Policy.Pause = sso.Pause{}
		return nil, nil
	})
}

// changePolicy runs one change of a customer's policy by whoever may help, with
// its audit line.
func (s *Service) changePolicy(ctx context.Context, by *sso.By, key, action string, do func(*store.Writer, *sso.Organization) (map[string]string, error)) error {
	if err := mayHelp(by); err != nil {
		return err
	}
	err := s.write(ctx, by, mayHelp, func(tx *store.Writer, by *sso.By) error {
		o, err := customer(ctx, tx.Reader, key)
		if err != nil {
			return err
		}
		before := o.Settings()
		detail, err := do(tx, &o)
		if err != nil {
			return err
		}
		o.UpdatedAt = s.Now()
		if err := tx.SaveOrganization(ctx, o); err != nil {
			return err
		}
		return record(ctx, tx, by, s.Now(), o.ID, action, string(o.ID), detail, o.Settings().Changed(before)...)
	})
	if fault.Is(err, errSame.Code) {
		return nil
	}
	return err
}
