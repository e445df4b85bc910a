package grant

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// DevicePath is the page where somebody types the code that a device shows.
const DevicePath = "/device"

// From is where a request came from.
type From struct {
	Address   netip.Addr
	UserAgent string
}

// Device gives a device the codes with which somebody signs it in
// [RFC 8628 3.2]. A refusal is an [*oidc.TokenError].
func (s *Service) Device(ctx context.Context, r oidc.DeviceRequest, from From) (oidc.DeviceResponse, error) {
	app, err := s.authenticated(ctx, r.Client)
	if err != nil {
		return oidc.DeviceResponse{}, err
	}
	if !app.Grants(sso.GrantDevice) {
		return oidc.DeviceResponse{}, oidc.GrantNotAllowed()
	}
	if err := s.Limits.Allow(ctx, backoff.DeviceCodes(app.ID, from.Address)); err != nil {
		if fault.Is(err, "try_later") {
			err = &oidc.TokenError{Code: oidc.SlowDown, Description: "too many device codes were asked for from this network"}
		}
		return oidc.DeviceResponse{}, err
	}
	now := s.Now()
	out := oidc.DeviceResponse{Device: secret.NewToken(), URL: s.Issuer + DevicePath, ExpiresIn: sso.DeviceCodeLife, Interval: sso.DeviceCodeInterval}
	c := sso.DeviceCode{
		Device: out.Device.Hash(), App: app.ID, Scope: r.Scope.String(), UserAgent: from.UserAgent, State: sso.DevicePending,
		Interval: sso.DurationOf(sso.DeviceCodeInterval), CreatedAt: now, ExpiresAt: now.Add(sso.DeviceCodeLife),
	}
	if from.Address.IsValid() {
		c.Address = from.Address.String()
	}
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		for {
			out.User = oidc.NewUserCode()
			c.User = out.User.Hash()
			if err := tx.InsertDeviceCode(ctx, c); !errors.Is(err, store.ErrUsed) {
				return err
			}
		}
	})
	if err != nil {
		return oidc.DeviceResponse{}, fmt.Errorf("giving a device its codes: %w", err)
	}
	return out, nil
}

// Waiting is a device that waits for somebody to agree.
type Waiting struct {
	Code      oidc.UserCode
	App       string // its name
	Scope     oidc.Scope
	Address   string
	UserAgent string
	Since     time.Time
}

// Waiting returns what the code stands for that somebody has typed. How often
// they may type a wrong one is bounded.
func (s *Service) Waiting(ctx context.Context, by *sso.By, typed string) (Waiting, error) {
	address, _ := netip.ParseAddr(by.Address)
	keys := []backoff.Key{backoff.DeviceGuesses(by.User.ID), backoff.Network(address)}
	if err := s.Limits.Allow(ctx, keys...); err != nil {
		return Waiting{}, err
	}
	unknown := &fault.Error{Kind: fault.NotFound, Code: "device_code_unknown", Want: "a code that a device shows now", Fix: fault.PersonSide}
	code, ok := oidc.ParseUserCode(typed)
	if !ok {
		return Waiting{}, unknown
	}
	var w Waiting
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		c, err := tx.DeviceCodeByUser(ctx, code.Hash())
		if errors.Is(err, store.ErrNotFound) {
			return unknown
		}
		if err == nil {
			err = c.Open(s.Now())
		}
		if err != nil {
			return err
		}
		app, err := tx.App(ctx, c.App)
		if err != nil {
			return err
		}
		w = Waiting{Code: code, App: app.Name, Scope: oidc.ParseScope(c.Scope), Address: c.Address, UserAgent: c.UserAgent, Since: c.CreatedAt}
		return s.Limits.GiveBack(ctx, tx, keys...) // a right one is no guess
	})
	return w, err
}

// Approve has a device be signed in as the person, who is asked about now and
// again when the device takes its tokens. It returns the name of the app.
func (s *Service) Approve(ctx context.Context, by *sso.By, typed string) (string, error) {
	return s.decide(ctx, by, typed, sso.DeviceApproved)
}

// Refuse has a device not be signed in.
func (s *Service) Refuse(ctx context.Context, by *sso.By, typed string) (string, error) {
	return s.decide(ctx, by, typed, sso.DeviceRefused)
}

func (s *Service) decide(ctx context.Context, by *sso.By, typed string, state sso.DeviceCodeState) (string, error) {
	w, err := s.Waiting(ctx, by, typed)
	if err != nil {
		return "", err
	}
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		now := s.Now()
		c, err := tx.DeviceCodeByUser(ctx, w.Code.Hash())
		if err != nil {
			return err
		}
		app, err := tx.App(ctx, c.App)
		if err != nil {
			return err
		}
		session, action := sso.SessionID(""), "device.refused"
		if state == sso.DeviceApproved {
			if _, err := standsFor(ctx, tx.Reader, &app, by.Session.ID, now); err != nil {
				return err
			}
			session, action = by.Session.ID, "device.approved"
		}
		err = tx.DecideDeviceCode(ctx, c.User, state, session, now)
		if errors.Is(err, store.ErrNotFound) { // meanwhile, by somebody else
			return &fault.Error{Kind: fault.NotFound, Code: "device_code_unknown", Want: "a code that a device shows now", Fix: fault.PersonSide}
		}
		if err != nil {
			return err
		}
		return tx.Record(ctx, by.Event(now, action, string(app.ID), map[string]string{"address": c.Address, "user_agent": c.UserAgent, "scope": c.Scope}))
	})
	if err != nil {
		return "", fmt.Errorf("deciding about a device: %w", err)
	}
	return w.App, nil
}

// device gives a device its tokens, once, where somebody has agreed.
func (s *Service) device(ctx context.Context, tx *store.Writer, app *sso.App, r asking, now time.Time) (given, error) {
	c, err := tx.DeviceCode(ctx, r.Device.Hash())
	if errors.Is(err, store.ErrNotFound) || err == nil && c.App != app.ID {
		return given{}, oidc.InvalidDevice()
	}
	if err != nil {
		return given{}, err
	}
	switch {
	case c.State == sso.DeviceUsed:
		return given{}, oidc.InvalidDevice()
	case !now.Before(c.ExpiresAt):
		return given{}, oidc.DeviceExpired()
	case c.State == sso.DeviceRefused:
		return given{}, oidc.DeviceRefused()
	}
	tooOften := c.Asked(now)
	if err := tx.AskDeviceCode(ctx, c); err != nil {
		return given{}, err
	}
	switch {
	case tooOften:
		return given{}, oidc.DeviceSlowDown()
	case c.State == sso.DevicePending:
		return given{}, oidc.DevicePending()
	}
	err = tx.UseDeviceCode(ctx, c.Device)
	if errors.Is(err, store.ErrNotFound) {
		return given{}, oidc.InvalidDevice()
	}
	if err != nil {
		return given{}, err
	}
	person, err := standsFor(ctx, tx.Reader, app, c.Session, now)
	if err != nil {
		return given{}, inPlaceOf(err, oidc.InvalidDevice())
	}
	out := given{
		person: person, key: r.key, sid: person.Session.ID, scope: oidc.ParseScope(c.Scope), acr: oidc.LevelOf(person.Session.AMR).String(),
	}
	err = out.give(ctx, tx, app, store.Grant{
		ID: sso.NewGrantID(now), App: app.ID, User: person.User.ID, Org: person.Org.ID, SID: out.sid, Code: c.Device, Claims: out.extra.String(),
	}, now)
	return out, err
}
