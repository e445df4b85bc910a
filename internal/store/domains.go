package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

const domainColumns = `d.org_id, d.name, d.state, d.proof, d.connection_id, d.sso_off, d.password_off, d.created_at, d.verified_at, d.next_check_at, d.checked`

func domainFields(d *sso.Domain) []any {
	return []any{&d.Org, &d.Name, &d.State, opt(&d.Proof), opt(&d.Connection), &d.SSOOff, &d.PasswordOff, utc(&d.CreatedAt), utc(&d.VerifiedAt), utc(&d.Check.NextAt), fromJSON(&d.Check)}
}

// VerifiedDomain returns the one verified claim to a domain in the whole
// deployment, or [ErrNotFound].
func (r *Reader) VerifiedDomain(ctx context.Context, name string) (sso.Domain, error) {
	d, err := one(ctx, r.q, domainFields, `
		select `+domainColumns+`
		from domains d
		where d.name = $1 and d.state = 'verified'`,
		name)
	return d, doing(err, "reading verified domain %q", name)
}

// VerifiedDomains returns the claims to those of these domains that are
// verified.
func (r *Reader) VerifiedDomains(ctx context.Context, names []string) ([]sso.Domain, error) {
	if len(names) == 0 {
		return nil, nil
	}
	in, args := anyOf(1, names)
	all, err := list(ctx, r.q, domainFields, `
		select `+domainColumns+`
		from domains d
		where d.name in (`+in+`) and d.state = 'verified'
		order by d.name`,
		args...)
	return all, doing(err, "listing verified domains")
}

// DomainsDue returns claims that are to be looked at by now, at most limit of
// them, those that wait longest first.
func (r *Reader) DomainsDue(ctx context.Context, now time.Time, limit int) ([]sso.Domain, error) {
	all, err := list(ctx, r.q, domainFields, `
		select `+domainColumns+`
		from domains d
		where d.next_check_at <= $1
		order by d.next_check_at
		limit $2`,
		at(now), limit)
	return all, doing(err, "listing domains to be looked at")
}

// Domains returns the organization's claims, by name.
func (r *OrgReader) Domains(ctx context.Context) ([]sso.Domain, error) {
	all, err := list(ctx, r.q, domainFields, `
		select `+domainColumns+`
		from domains d
		where d.org_id = $1
		order by d.name`,
		r.org)
	return all, doing(err, "listing domains of %s", r.org)
}

// Domain returns the organization's claim to this name, or [ErrNotFound].
func (r *OrgReader) Domain(ctx context.Context, name string) (sso.Domain, error) {
	d, err := one(ctx, r.q, domainFields, `
		select `+domainColumns+`
		from domains d
		where d.org_id = $1 and d.name = $2`,
		r.org, name)
	return d, doing(err, "reading domain %q of %s", name, r.org)
}

// SaveDomain inserts the claim or replaces it. Where another organization's
// claim is verified, a verified one is a conflict on [VerifiedDomainName].
func (w *OrgWriter) SaveDomain(ctx context.Context, d sso.Domain) error {
	if err := w.own(d.Org); err != nil {
		return doing(err, "saving domain %q", d.Name)
	}
	_, err := w.q.exec(ctx, `
		insert into domains (org_id, name, word, state, proof, connection_id, sso_off, password_off, created_at, verified_at, next_check_at, checked)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (org_id, name) do update
		set word = excluded.word, state = excluded.state, proof = excluded.proof, connection_id = excluded.connection_id,
			sso_off = excluded.sso_off, password_off = excluded.password_off, verified_at = excluded.verified_at,
			next_check_at = excluded.next_check_at, checked = excluded.checked`,
		w.org, d.Name, []byte(d.Name), d.State, null(d.Proof), null(d.Connection), d.SSOOff, d.PasswordOff, at(d.CreatedAt), at(d.VerifiedAt), at(d.Check.NextAt), toJSON(d.Check))
	return doing(err, "saving domain %q of %s", d.Name, w.org)
}

// DeleteDomain withdraws the organization's claim to a name; one that is not
// there is no error.
func (w *OrgWriter) DeleteDomain(ctx context.Context, name string) error {
	_, err := w.q.exec(ctx, `
		delete from domains
		where org_id = $1 and name = $2`,
		w.org, name)
	return doing(err, "deleting domain %q of %s", name, w.org)
}

// DomainPeople says how many people have an address of a domain.
type DomainPeople struct {
	All     int
	Without int // a password or passkey of their own
}

// CountDomainPeople counts people at home in an organization or below it who
// have an address of this domain, among the first limit of all of them.
func (r *Reader) CountDomainPeople(ctx context.Context, org sso.OrgID, name string, limit int) (DomainPeople, error) {
	n, err := one(ctx, r.q, func(n *DomainPeople) []any { return []any{&n.All, &n.Without} }, `
		with recursive below (id) as (
			select o.id from organizations o where o.id = $1
			union -- ends even in a circle
			select c.id from below join organizations c on c.parent_id = below.id
		)
		select count(*), coalesce(sum(case
			when few.password_hash is not null or exists (select 1 from factors f where f.user_id = few.id and f.kind = 'passkey') then 0
			else 1 end), 0)
		from (
			select x.id, x.password_hash, x.email_key
			from below cross join users x -- never from the side of the users
			where x.org_id = below.id and x.state = 'active'
			limit $3
		) as few
		where few.email_key like $2`,
		org, "%@"+name, limit)
	return n, doing(err, "counting people of domain %q", name)
}
