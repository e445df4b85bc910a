// Package operate is what operators and support agents of the vendor do: with
// organizations and what is granted to them, with the deployment's roles, and
// for people anywhere in it.
//
// Every method takes who asks. An operator may do all of it; a support agent
// looks, acts as a user, and helps people back in. Each change and its line in
// the audit list are one transaction.
//
// # Trust
//
// That the caller is of the operators' organization is checked by the router
// and again here. Nothing here touches the operators' own organization as if
// it was a customer's: nobody acts as an operator.
package operate

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Service is the operators' side of the deployment. Its fields are set once,
// before it is used; it is safe for concurrent use.
type Service struct {
	DB       *store.DB
	Recovery *recovery.Service
	Links    authority.Links
	Sealer   *secret.Sealer  // of our keys
	Pace     federation.Pace // at which they follow one another
	Now      func() time.Time
}

// write runs a transaction for who asks, as they are in it: whoever was signed out
// or lost the right a moment ago does nothing any more.
func (s *Service) write(ctx context.Context, by *sso.By, may func(*sso.By) error, fn func(tx *store.Writer, by *sso.By) error) error {
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		again, err := authority.Again(ctx, tx.Reader, by, s.Now())
		if err == nil {
			err = may(&again)
		}
		if err != nil {
			return err
		}
		return fn(tx, &again)
	})
}

// mayChange refuses whoever may only look and help.
func mayChange(by *sso.By) error {
	if !by.Operator() {
		return &fault.Error{Kind: fault.Denied, Code: "operator_role", Want: "owner or admin of the operators' organization", Got: string(by.Membership.Role), Fix: fault.OperatorSide}
	}
	return nil
}

// mayHelp refuses whoever is not of the vendor's.
func mayHelp(by *sso.By) error {
	if !by.Support() {
		return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Fix: fault.PersonSide}
	}
	return nil
}

// organization reads an organization by its key.
func organization(ctx context.Context, r *store.Reader, key string) (sso.Organization, error) {
	o, err := r.OrganizationByKey(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return o, &fault.Error{Kind: fault.NotFound, Code: "organization_unknown", Got: key, Fix: fault.OperatorSide}
	}
	return o, err
}

// customer reads an organization that is not the operators' own.
func customer(ctx context.Context, r *store.Reader, key string) (sso.Organization, error) {
	o, err := organization(ctx, r, key)
	if err == nil && o.OfOperators() {
		err = operatorsOwn(key)
	}
	return o, err
}

func operatorsOwn(key string) error {
	return &fault.Error{Kind: fault.Denied, Code: "operators_organization", Got: key, Fix: fault.OperatorSide}
}

// record writes down what was done to an organization, in its own audit list.
func record(ctx context.Context, tx *store.Writer, by *sso.By, now time.Time, org sso.OrgID, action, target string, detail map[string]string, changes ...sso.Change) error {
	e := by.Event(now, action, target, detail)
	e.Org, e.Changes = org, changes
	return tx.Record(ctx, e)
}
