package operate

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Roles returns the roles that operators have defined.
func (s *Service) Roles(ctx context.Context, by *sso.By) (all []sso.RoleDefinition, err error) {
	if err := mayHelp(by); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(r *store.Reader) error {
		all, err = r.Roles(ctx)
		return err
	})
	return all, err
}

// DefineRole makes a role.
func (s *Service) DefineRole(ctx context.Context, by *sso.By, key, name, description string) error {
	if err := mayChange(by); err != nil {
		return err
	}
	role, err := sso.ParseRoleKey(key)
	if err != nil {
		return err
	}
	if name = sso.CleanName(name); name == "" {
		return &fault.Error{Kind: fault.Invalid, Code: "name_empty", Fix: fault.PersonSide}
	}
	return s.write(ctx, by, mayChange, func(tx *store.Writer, by *sso.By) error {
		now := s.Now()
		all, err := tx.Roles(ctx)
		if err != nil {
			return err
		}
		if len(all) >= sso.MaxRoles {
			return &fault.Error{Kind: fault.Exhausted, Code: "role_many", Fix: fault.OperatorSide}
		}
		d := sso.RoleDefinition{Key: role, Name: name, Description: sso.CleanName(description), CreatedAt: now, UpdatedAt: now}
		err = tx.SaveRole(ctx, d)
		if store.ConflictOn(err, store.RoleKey) {
			return &fault.Error{Kind: fault.Conflict, Code: "role_taken", Got: key, Fix: fault.PersonSide}
		}
		if err != nil {
			return err
		}
		return record(ctx, tx, by, now, "", "role.defined", string(role), nil, d.Settings().Changed(nil)...)
	})
}

// ChangeRole gives a role that was defined another name and description. Its
// key is what apps know it by, and stays.
func (s *Service) ChangeRole(ctx context.Context, by *sso.By, role sso.Role, name, description string) error {
	if err := mayChange(by); err != nil {
		return err
	}
	if name = sso.CleanName(name); name == "" {
		return &fault.Error{Kind: fault.Invalid, Code: "name_empty", Fix: fault.PersonSide}
	}
	return s.write(ctx, by, mayChange, func(tx *store.Writer, by *sso.By) error {
		d, err := tx.Role(ctx, role)
		if errors.Is(err, store.ErrNotFound) {
			return unknownRole(role)
		}
		if err != nil {
			return err
		}
		before := d.Settings()
		d.Name, d.Description, d.UpdatedAt = name, sso.CleanName(description), s.Now()
		if err := tx.SaveRole(ctx, d); err != nil {
			return err
		}
		return record(ctx, tx, by, d.UpdatedAt, "", "role.changed", string(role), nil, d.Settings().Changed(before)...)
	})
}

func unknownRole(role sso.Role) error {
	return &fault.Error{Kind: fault.NotFound, Code: "role_unknown", Got: string(role), Fix: fault.OperatorSide}
}

// How far people and organizations are counted for a page; what is more is said
// to be more.
const (
	MaxCounted       = 10_000
	MaxOrganizations = 1_000
)

// DeleteRole deletes a role that nobody has.
func (s *Service) DeleteRole(ctx context.Context, by *sso.By, role sso.Role) error {
	if err := mayChange(by); err != nil {
		return err
	}
	return s.write(ctx, by, mayChange, func(tx *store.Writer, by *sso.By) error {
		n, err := tx.CountRole(ctx, role, 1)
		if err != nil {
			return err
		}
		if n > 0 {
			return &fault.Error{Kind: fault.Conflict, Code: "role_used", Got: string(role), Fix: fault.OperatorSide}
		}
		d, err := tx.Role(ctx, role)
		if err == nil {
			err = tx.DeleteRole(ctx, role)
		}
		if errors.Is(err, store.ErrNotFound) {
			return unknownRole(role)
		}
		if err != nil {
			return err
		}
		return record(ctx, tx, by, s.Now(), "", "role.deleted", string(role), nil, sso.Settings{}.Changed(d.Settings())...)
	})
}
