package operate

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// PageSize is how many lines of a list one page has.
const PageSize = 50

// OrganizationList is a page of organizations.
type OrganizationList struct {
	Organizations []sso.Organization
	Next          *store.OrganizationPlace // where the next page begins; nil: there is none
}

// Organizations lists organizations: those that are found by what was typed,
// or all, by name.
func (s *Service) Organizations(ctx context.Context, by *sso.By, typed string, state sso.OrgState, after store.OrganizationPlace) (OrganizationList, error) {
	return s.organizations(ctx, by, store.OrganizationQuery{Words: sso.SearchWords(typed), State: state, After: after})
}

// OrganizationFilter says which organizations are listed.
type OrganizationFilter struct {
	Typed string
	State sso.OrgState // "": any
	After store.OrganizationPlace
	Limit int // at most [PageSize]
}

// OrganizationPage is [Service.Organizations] for who says how many at a time.
func (s *Service) OrganizationPage(ctx context.Context, by *sso.By, f OrganizationFilter) (OrganizationList, error) {
	return s.organizations(ctx, by, store.OrganizationQuery{Words: sso.SearchWords(f.Typed), State: f.State, After: f.After, Limit: min(f.Limit, PageSize)})
}

// Below lists the organizations right below one.
func (s *Service) Below(ctx context.Context, by *sso.By, parent sso.OrgID, after store.OrganizationPlace) (OrganizationList, error) {
	return s.organizations(ctx, by, store.OrganizationQuery{Parent: parent, After: after})
}

func (s *Service) organizations(ctx context.Context, by *sso.By, q store.OrganizationQuery) (OrganizationList, error) {
	if err := mayHelp(by); err != nil {
		return OrganizationList{}, err
	}
	if q.Limit <= 0 {
		q.Limit = PageSize
	}
	var l OrganizationList
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		page, err := r.ListOrganizations(ctx, q)
		l = OrganizationList{Organizations: page.Organizations}
		if page.Next.Org != "" {
			l.Next = &page.Next
		}
		return err
	})
	return l, err
}

// Overview is an organization with what operators ask about first.
type Overview struct {
	sso.Organization
	Above       []sso.Organization // from the root, without the organization itself
	Grants      []sso.EntitlementGrant
	Domains     []sso.Domain
	Connections []sso.Connection
	Links       []sso.SetupLink // the latest
	// How many organizations stand below, at most [MaxOrganizations], and how
	// many memberships there are in it and in these, at most [MaxCounted].
	Below, People int
	Counts        []store.SignInCount // of the last [CountedFor]
	Events        []sso.Event         // the latest
	Names         map[string]string   // of those who stand in them
}

// Bounds of an overview.
const (
	CountedFor   = 14 * 24 * time.Hour
	latestEvents = 10
)

// AtLeast reports whether there are more people than were counted, or may be.
func (v *Overview) AtLeast() bool { return v.People >= MaxCounted || v.Below >= MaxOrganizations }

// Suspended reports whether the organization, or one above it, is suspended.
func (v *Overview) Suspended() bool {
	for i := range v.Above {
		if v.Above[i].State == sso.OrgSuspended {
			return true
		}
	}
	return v.State == sso.OrgSuspended
}

// Organization returns the overview of an organization.
func (s *Service) Organization(ctx context.Context, by *sso.By, key string) (Overview, error) {
	if err := mayHelp(by); err != nil {
		return Overview{}, err
	}
	var v Overview
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		o, err := organization(ctx, r, key)
		if err != nil {
			return err
		}
		v = Overview{Organization: o}
		line, err := r.Lineage(ctx, o.ID)
		if err != nil {
			return err
		}
		v.Above = line[:len(line)-1]
		if v.Below, v.People, err = r.CountBelow(ctx, o.ID, MaxOrganizations, MaxCounted); err != nil {
			return err
		}
		org := r.Org(o.ID)
		if v.Grants, err = org.Entitlements(ctx); err != nil {
			return err
		}
		if v.Domains, err = org.Domains(ctx); err != nil {
			return err
		}
		if v.Connections, err = org.Connections(ctx); err != nil {
			return err
		}
		if v.Counts, err = org.SignInCounts(ctx, s.Now().Add(-CountedFor)); err != nil {
			return err
		}
		latest, err := org.ListEvents(ctx, store.EventQuery{Limit: latestEvents})
		if err != nil {
			return err
		}
		v.Events = latest.Events
		if v.Links, err = org.SetupLinks(ctx, store.Place{}, latestEvents); err != nil {
			return err
		}
		v.Names, err = r.NamesIn(ctx, v.Events)
		return err
	})
	return v, err
}

// Customer is [Service.Organization] for a page that asks how the organization
// is to be changed: it refuses what the change would be refused for.
func (s *Service) Customer(ctx context.Context, by *sso.By, key string) (Overview, error) {
	if err := mayChange(by); err != nil {
		return Overview{}, err
	}
	v, err := s.Organization(ctx, by, key)
	if err == nil && v.OfOperators() {
		err = operatorsOwn(key)
	}
	return v, err
}

// Deployment is what the operators' first page shows.
type Deployment struct {
	Counts []store.SignInCount // of the last [CountedFor]
	Outbox []store.OutboxCount
	Events []sso.Event       // the latest
	Names  map[string]string // of those who stand in them
	Ending []store.Ending    // certificates of identity providers, the first to end first
}

// mostEnding is how many certificates that end are shown.
const mostEnding = 10

// Deployment returns how the deployment does.
func (s *Service) Deployment(ctx context.Context, by *sso.By) (Deployment, error) {
	if err := mayHelp(by); err != nil {
		return Deployment{}, err
	}
	var d Deployment
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if d.Counts, err = r.SignInCounts(ctx, s.Now().Add(-CountedFor)); err != nil {
			return err
		}
		if d.Outbox, err = r.OutboxCounts(ctx); err != nil {
			return err
		}
		latest, err := r.ListEvents(ctx, store.EventQuery{Limit: latestEvents})
		if err != nil {
			return err
		}
		d.Events = latest.Events
		if d.Names, err = r.NamesIn(ctx, d.Events); err != nil {
			return err
		}
		d.Ending, err = r.Ending(ctx, "", s.Now().Add(sso.ExpirySoon), mostEnding)
		return err
	})
	return d, err
}

// Audit is a page of the audit list.
type Audit struct {
	store.EventPage
	Names map[string]string // of those who stand in it
}

// Events returns a page of the audit list of the whole deployment, or of one
// organization where key is not "".
func (s *Service) Events(ctx context.Context, by *sso.By, key string, q store.EventQuery) (Audit, error) {
	if err := mayHelp(by); err != nil {
		return Audit{}, err
	}
	if q.Limit <= 0 || q.Limit > PageSize {
		q.Limit = PageSize
	}
	var p Audit
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		p = Audit{}
		var err error
		if key == "" {
			p.EventPage, err = r.ListEvents(ctx, q)
		} else {
			var o sso.Organization
			if o, err = organization(ctx, r, key); err != nil {
				return err
			}
			p.EventPage, err = r.Org(o.ID).ListEvents(ctx, q)
		}
		if err != nil {
			return err
		}
		p.Names, err = r.NamesIn(ctx, p.Events)
		return err
	})
	return p, err
}
