package programs

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Keys are API keys, and what to call who has made them.
type Keys struct {
	Keys  []sso.APIKey
	Names map[string]string
}

// keysListed bounds how many keys are listed: all that are good, of which there are
// [sso.MaxAPIKeys] at most, and behind them those that ended.
const keysListed = 500

// Keys returns the API keys of the organization of a place: those that are good, the
// latest first, and then the others.
func (s *Service) Keys(ctx context.Context, p *authority.Place) (Keys, error) {
	return s.list(ctx, func(r *store.Reader) ([]sso.APIKey, error) { return r.Org(p.ID).APIKeys(ctx, s.Now(), keysListed) })
}

// DeploymentKeys is [Service.Keys] for those of the deployment.
func (s *Service) DeploymentKeys(ctx context.Context, by *sso.By) (Keys, error) {
	if !by.Support() {
		return Keys{}, authority.Unseen("")
	}
	return s.list(ctx, func(r *store.Reader) ([]sso.APIKey, error) { return r.DeploymentAPIKeys(ctx, s.Now(), keysListed) })
}

func (s *Service) list(ctx context.Context, read func(r *store.Reader) ([]sso.APIKey, error)) (Keys, error) {
	var k Keys
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if k.Keys, err = read(r); err != nil {
			return err
		}
		makers := make([]sso.Event, len(k.Keys))
		for i := range k.Keys {
			makers[i].Actor = string(k.Keys[i].By)
		}
		k.Names, err = r.NamesIn(ctx, makers)
		return err
	})
	return k, err
}

// CreateKey makes an API key of an organization, and returns its text, of which
// there is no other copy. Only owners do.
func (s *Service) CreateKey(ctx context.Context, who *authority.Who, org sso.OrgID, n sso.NewAPIKey) (k sso.APIKey, text secret.Token, err error) {
	err = s.Authority.Change(ctx, who, org, authority.Owner, func(a *authority.Act) error {
		if err := a.Proved(); err != nil {
			return err
		}
		if a.OfOperators() { // a program of it would be one of the vendor's people
			return &fault.Error{Kind: fault.Denied, Code: "operators_organization", Got: a.Key, Fix: fault.OperatorSide}
		}
		var err error
		k, text, err = s.make(ctx, a.Tx, n, org, a.Program(), a.Event())
		return err
	})
	return k, text, err
}

// CreateDeploymentKey makes an API key of the deployment. Only operators do.
func (s *Service) CreateDeploymentKey(ctx context.Context, by *sso.By, n sso.NewAPIKey) (k sso.APIKey, text secret.Token, err error) {
	err = s.change(ctx, by, func(tx *store.Writer, by *sso.By, now time.Time) error {
		if err := by.Session.Own(); err != nil {
			return err
		}
		if err := by.Session.Proved(now); err != nil {
			return err
		}
		var err error
		k, text, err = s.make(ctx, tx, n, "", by.Program, by.Event(now, "", "", nil))
		return err
	})
	return k, text, err
}

// FirstKey makes an API key of the deployment for whoever has the database and
// the keys to it at hand.
func (s *Service) FirstKey(ctx context.Context, n sso.NewAPIKey) (text secret.Token, err error) {
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		var err error
		_, text, err = s.make(ctx, tx, n, "", nil, sso.Event{At: s.Now(), Actor: "operator"})
		return err
	})
	return text, err
}

// make stores a key beside the others of the same owner. maker is the program
// that makes it; nil for people.
func (s *Service) make(ctx context.Context, tx *store.Writer, n sso.NewAPIKey, org sso.OrgID, maker *sso.Program, event sso.Event) (sso.APIKey, secret.Token, error) {
	live, err := tx.CountAPIKeys(ctx, org, event.At)
	if err != nil {
		return sso.APIKey{}, secret.Token{}, err
	}
	if live >= sso.MaxAPIKeys {
		return sso.APIKey{}, secret.Token{}, &fault.Error{Kind: fault.Exhausted, Code: "api_key_many", Want: strconv.Itoa(sso.MaxAPIKeys) + " keys at most", Got: strconv.Itoa(live), Fix: fault.AdminSide}
	}
	k, text, err := n.Make(org, sso.UserID(event.Actor), maker, event.At)
	if err != nil {
		return sso.APIKey{}, secret.Token{}, err
	}
	token := secret.ParseToken(text)
	if err := tx.InsertAPIKey(ctx, k, token.Hash()); err != nil {
		return sso.APIKey{}, secret.Token{}, err
	}
	event.Action, event.Target = "api_key.created", string(k.ID)
	event.Detail = map[string]string{"name": k.Name, "key": k.Hint}
	event.Changes = k.Settings().Changed(nil)
	return k, token, tx.Record(ctx, event)
}

// RevokeKey ends an API key of an organization for good.
func (s *Service) RevokeKey(ctx context.Context, who *authority.Who, org sso.OrgID, id sso.APIKeyID) error {
	return s.Authority.Change(ctx, who, org, authority.Owner, func(a *authority.Act) error {
		return s.revoke(ctx, a.Tx, org, id, a.Event())
	})
}

// RevokeDeploymentKey ends an API key of the deployment for good.
func (s *Service) RevokeDeploymentKey(ctx context.Context, by *sso.By, id sso.APIKeyID) error {
	return s.change(ctx, by, func(tx *store.Writer, by *sso.By, now time.Time) error {
		return s.revoke(ctx, tx, "", id, by.Event(now, "", "", nil))
	})
}

// revoke ends a key of this owner, and is done where it has ended before.
func (s *Service) revoke(ctx context.Context, tx *store.Writer, org sso.OrgID, id sso.APIKeyID, event sso.Event) error {
	k, err := tx.APIKey(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && k.Org != org {
		return authority.Unseen(string(id))
	}
	if err != nil || !k.RevokedAt.IsZero() {
		return err
	}
	if err := tx.RevokeAPIKey(ctx, id, event.At); err != nil {
		return err
	}
	event.Action, event.Target, event.Detail = "api_key.revoked", string(id), map[string]string{"name": k.Name, "key": k.Hint}
	event.Changes = sso.Settings{}.Changed(k.Settings())
	return tx.Record(ctx, event)
}

// change runs fn for somebody who may change the deployment now.
func (s *Service) change(ctx context.Context, by *sso.By, fn func(tx *store.Writer, by *sso.By, now time.Time) error) error {
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		now := s.Now()
		current, err := authority.Again(ctx, tx.Reader, by, now)
		if err != nil {
			return err
		}
		if !current.Operator() {
			return &fault.Error{Kind: fault.Denied, Code: "operator_role", Want: "owner or admin of the operators' organization", Got: string(current.Membership.Role), Fix: fault.OperatorSide}
		}
		return fn(tx, &current, now)
	})
}
