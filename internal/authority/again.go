package authority

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Again returns who asks as they are now, read within the transaction of what
// they do, or refuses whoever may not do anything any more: a person whose
// session is over, a program whose key was revoked or lost the scope.
func Again(ctx context.Context, r *store.Reader, by *sso.By, now time.Time) (sso.By, error) {
	if by.Program != nil {
		again, err := programAgain(ctx, r, by, now)
		again.UserAgent = by.UserAgent
		return again, err
	}
	person, err := r.PersonBySession(ctx, by.Session.ID)
	if errors.Is(err, store.ErrNotFound) {
		return sso.By{}, &fault.Error{Kind: fault.Unauthenticated, Code: "session_over", Fix: fault.PersonSide}
	}
	if err != nil {
		return sso.By{}, err
	}
	return sso.By{Person: person, Address: by.Address, UserAgent: by.UserAgent}, person.Valid(now)
}

func programAgain(ctx context.Context, r *store.Reader, by *sso.By, now time.Time) (sso.By, error) {
	p, err := Program(ctx, r, by.Program.ID, now)
	if err != nil {
		return sso.By{}, err
	}
	p = p.Within(by.Program.Scopes)
	if p, err = p.Under(by.Program.Scope); err != nil {
		return sso.By{}, err
	}
	if by.Org.OfOperators() {
		return Vendor(ctx, r, &p, by.Address, now)
	}
	return within(ctx, r, &p, by.Org.ID, by.Address, now)
}

// Program returns the program with this ID as it is now, or refuses one that is
// over. It acts under no scope yet.
func Program(ctx context.Context, r *store.Reader, id string, now time.Time) (sso.Program, error) {
	if strings.HasPrefix(id, "app_") {
		app, err := r.App(ctx, sso.AppID(id))
		if errors.Is(err, store.ErrNotFound) {
			return sso.Program{}, NoProgram()
		}
		if err != nil {
			return sso.Program{}, err
		}
		return app.Program()
	}
	if !strings.HasPrefix(id, "key_") {
		return sso.Program{}, NoProgram()
	}
	k, err := r.APIKey(ctx, sso.APIKeyID(id))
	if errors.Is(err, store.ErrNotFound) {
		return sso.Program{}, NoProgram()
	}
	if err != nil {
		return sso.Program{}, err
	}
	return k.Program(), k.Usable(now)
}

// NoProgram refuses who has no good key.
func NoProgram() error {
	return &fault.Error{Kind: fault.Unauthenticated, Code: "api_key_unknown", Want: "Authorization: Bearer and an API key", Fix: fault.AppSide}
}

// Stand returns a program as somebody in an organization, which is named by its
// key or its ID: one of the deployment stands in that one, one of an
// organization in its own, from where it may reach the other.
func Stand(ctx context.Context, r *store.Reader, p *sso.Program, org, address string, now time.Time) (sso.By, error) {
	if p.Org != "" {
		return within(ctx, r, p, p.Org, address, now)
	}
	o, err := Organization(ctx, r, org)
	if err != nil {
		return sso.By{}, err
	}
	return within(ctx, r, p, o.ID, address, now)
}

// Organization returns the organization with this key or ID. One that is not
// there is not found.
func Organization(ctx context.Context, r *store.Reader, name string) (sso.Organization, error) {
	var o sso.Organization
	var err error
	if strings.HasPrefix(name, "org_") { // keys have no underscore
		o, err = r.Organization(ctx, sso.OrgID(name))
	} else {
		o, err = r.OrganizationByKey(ctx, name)
	}
	if errors.Is(err, store.ErrNotFound) {
		return sso.Organization{}, &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Got: name, Fix: fault.PersonSide}
	}
	return o, err
}

// within returns a program as somebody in this organization. One that is a
// customer's comes from where the customer's people may come from.
func within(ctx context.Context, r *store.Reader, p *sso.Program, org sso.OrgID, address string, now time.Time) (sso.By, error) {
	by, line, err := placed(ctx, r, p, org, address, now)
	if err != nil || p.Org == "" {
		return by, err
	}
	from, _ := netip.ParseAddr(address) // what is none is from nowhere
	for i := range line {
		if err := line[i].Policy.AdmitFrom(from); err != nil {
			return sso.By{}, err
		}
	}
	return by, nil
}

// placed returns a program as somebody in this organization, with the line of
// organizations down to it. One of a customer whom the vendor has shut out may do
// nothing either.
func placed(ctx context.Context, r *store.Reader, p *sso.Program, org sso.OrgID, address string, now time.Time) (sso.By, []sso.Organization, error) {
	line, err := r.Lineage(ctx, org)
	if err != nil {
		return sso.By{}, nil, err
	}
	for i := range line {
		if p.Org != "" && line[i].State != sso.OrgActive {
			return sso.By{}, nil, &fault.Error{Kind: fault.Denied, Code: "organization_suspended", Got: line[i].Key, Fix: fault.OperatorSide}
		}
	}
	person, err := p.In(&line[len(line)-1], now)
	return sso.By{Person: person, Address: address}, line, err
}

// Vendor returns a program of the deployment as somebody of the vendor's.
func Vendor(ctx context.Context, r *store.Reader, p *sso.Program, address string, now time.Time) (sso.By, error) {
	o, err := r.OrganizationByKey(ctx, sso.OperatorsKey)
	if errors.Is(err, store.ErrNotFound) { // nobody has become an operator yet
		o, err = sso.Organization{Key: sso.OperatorsKey}, nil
	}
	if err != nil {
		return sso.By{}, err
	}
	person, err := p.OfDeployment(&o, now)
	return sso.By{Person: person, Address: address}, err
}

// Behind returns who stands behind work that goes on without them, as they are
// now: the user with this ID as a member of the organization, or the program,
// under this scope.
func Behind(ctx context.Context, r *store.Reader, id sso.UserID, org sso.OrgID, scope sso.Scope, address string, now time.Time) (sso.By, error) {
	if strings.HasPrefix(string(id), "usr_") {
		person, err := r.Member(ctx, id, org)
		if err != nil {
			return sso.By{}, err
		}
		return sso.By{Person: person, Address: address}, person.Admissible()
	}
	p, err := Program(ctx, r, string(id), now)
	if err != nil {
		return sso.By{}, err
	}
	if p, err = p.Under(scope); err != nil {
		return sso.By{}, err
	}
	by, _, err := placed(ctx, r, &p, org, address, now)
	return by, err
}

// Unseen refuses what is not there for whoever asks, whether it is there or not.
func Unseen(name string) error {
	return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Got: name, Fix: fault.PersonSide}
}
