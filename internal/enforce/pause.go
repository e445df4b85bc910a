package enforce

import (
	"context"
	"strconv"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/sso"
)

// Pause has single sign-on not be demanded for some hours: people whose
// identity provider fails come in by their passwords.
func (s *Service) Pause(ctx context.Context, e *Edit, hours int, reason string) error {
	return s.change(ctx, e, func(a *authority.Act, o *sso.Organization) error {
		pause, err := sso.NewPause(hours, reason, a.Now)
		if err != nil {
			return err
		}
		pause.By = a.By()
		before := o.Settings()
		domains, err := a.In.Domains(ctx)
		if err != nil {
			return err
		}
		if err := o.PauseSSO(pause, domains); err != nil {
			return err
		}
		return a.Record("enforcement.paused", string(o.ID), map[string]string{"hours": strconv.Itoa(hours), "reason": pause.Reason}, o.Settings().Changed(before)...)
	})
}

// Resume ends a pause before its time.
func (s *Service) Resume(ctx context.Context, e *Edit) error {
	return s.change(ctx, e, func(a *authority.Act, o *sso.Organization) error {
		if !o.Policy.Pause.Running(a.Now) {
			return nil
		}
		before := o.Settings()
		o.Policy.Pause = sso.Pause{}
		return a.Record("enforcement.resumed", string(o.ID), nil, o.Settings().Changed(before)...)
	})
}
