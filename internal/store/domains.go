package store

import (
	"context"

	"github.com/sallyport/sallyport/internal/sso"
)

const domainColumns = `d.org_id, d.name, d.state, d.proof, d.connection_id, d.created_at, d.verified_at`

func domainFields(d *sso.Domain) []any {
	return []any{&d.Org, &d.Name, &d.State, opt(&d.Proof), opt(&d.Connection), utc(&d.CreatedAt), utc(&d.VerifiedAt)}
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
		insert into domains (org_id, name, word, state, proof, connection_id, created_at, verified_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (org_id, name) do update
		set word = excluded.word, state = excluded.state, proof = excluded.proof, connection_id = excluded.connection_id, verified_at = excluded.verified_at`,
		w.org, d.Name, []byte(d.Name), d.State, null(d.Proof), null(d.Connection), at(d.CreatedAt), at(d.VerifiedAt))
	return doing(err, "saving domain %q of %s", d.Name, w.org)
}
