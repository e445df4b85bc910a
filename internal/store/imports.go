package store

import (
	"context"

	"github.com/sallyport/sallyport/internal/sso"
)

const importColumns = `i.id, i.org_id, i.state, i.name, i.options, i.by_user, i.by_org, i.actor, i.address, i.total, i.judged, i.done, i.failed, i.code, i.line, i.created_at, i.updated_at, i.expires_at, i.version`

func importFields(i *sso.Import) []any {
	return []any{
		&i.ID, &i.Org, &i.State, &i.Name, fromJSON(&i.Options), &i.By, &i.ByOrg, &i.Actor, &i.Address, &i.Total, &i.Judged, &i.Done, &i.Failed, &i.Code, &i.Line,
		utc(&i.CreatedAt), utc(&i.UpdatedAt), utc(&i.ExpiresAt), &i.Version,
	}
}

const importRowColumns = `w.line, w.verdict, w.row, w.user_id, w.changes, w.code, w.detail, w.done_at`

func importRowFields(r *sso.ImportRow) []any {
	return []any{&r.Line, &r.Verdict, fromJSON(&r.Row), opt(&r.User), fromJSON(&r.Changes), &r.Code, &r.Detail, utc(&r.DoneAt)}
}

// Import returns the organization's import with this ID, or [ErrNotFound].
func (r *OrgReader) Import(ctx context.Context, id sso.ImportID) (sso.Import, error) {
	i, err := one(ctx, r.q, importFields, `
		select `+importColumns+`
		from imports i
		where i.org_id = $1 and i.id = $2`,
		r.org, id)
	return i, doing(err, "reading import %s of %s", id, r.org)
}

// Imports returns the organization's latest imports, at most limit of them,
// the latest first.
func (r *OrgReader) Imports(ctx context.Context, limit int) ([]sso.Import, error) {
	all, err := list(ctx, r.q, importFields, `
		select `+importColumns+`
		from imports i
		where i.org_id = $1
		order by i.created_at desc, i.id desc
		limit $2`,
		r.org, limit)
	return all, doing(err, "listing imports of %s", r.org)
}

// NextImport returns the import on which work was done the longest ago, of
// those that are being judged or carried out, or [ErrNotFound].
func (r *Reader) NextImport(ctx context.Context) (sso.Import, error) {
	i, err := one(ctx, r.q, importFields, `
		select `+importColumns+`
		from imports i
		where i.state in ('judging', 'running')
		order by i.updated_at, i.id
		limit 1`)
	return i, doing(err, "looking for an import to go on with")
}

// SaveImport inserts the import where its Version is 0, else replaces that
// version of it.
func (w *OrgWriter) SaveImport(ctx context.Context, i sso.Import) error {
	if err := w.own(i.Org); err != nil {
		return doing(err, "saving import %s", i.ID)
	}
	if i.Version == 0 {
		_, err := w.q.exec(ctx, `
			insert into imports (id, org_id, state, name, options, by_user, by_org, actor, address, total, judged, done, failed, code, line, created_at, updated_at, expires_at, version)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1)`,
			i.ID, w.org, i.State, shown(i.Name), toJSON(i.Options), i.By, i.ByOrg, i.Actor, shown(i.Address), i.Total, i.Judged, i.Done, i.Failed, i.Code, i.Line,
			at(i.CreatedAt), at(i.UpdatedAt), at(i.ExpiresAt))
		return doing(err, "inserting import %s", i.ID)
	}
	n, err := w.q.exec(ctx, `
		update imports
		set state = $4, options = $5, by_user = $6, by_org = $7, actor = $8, address = $9, total = $10, judged = $11, done = $12, failed = $13, code = $14, line = $15,
			updated_at = $16, expires_at = $17, version = version + 1
		where org_id = $1 and id = $2 and version = $3`,
		w.org, i.ID, i.Version, i.State, toJSON(i.Options), i.By, i.ByOrg, i.Actor, shown(i.Address), i.Total, i.Judged, i.Done, i.Failed, i.Code, i.Line,
		at(i.UpdatedAt), at(i.ExpiresAt))
	return doing(saved(n, err), "saving import %s", i.ID)
}

// InsertImportRows stores rows of an import of the organization, by one
// statement.
func (w *OrgWriter) InsertImportRows(ctx context.Context, id sso.ImportID, rows []sso.ImportRow) error {
	if len(rows) == 0 {
		return nil
	}
	var s statement
	org, to := s.arg(w.org), s.arg(id)
	for _, r := range rows {
		s.row(org, to, s.arg(r.Line), s.arg(r.Verdict), s.arg(toJSON(r.Row)), s.arg(null(r.User)), s.arg(toJSON(r.Changes)), s.arg(r.Code), s.arg(shown(r.Detail)), s.arg(at(r.DoneAt)))
	}
	_, err := w.q.exec(ctx, `insert into import_rows (org_id, import_id, line, verdict, row, user_id, changes, code, detail, done_at) values `+s.values(), s.args...)
	return doing(err, "inserting rows of import %s", id)
}

// SaveImportRow replaces a row of an import of the organization.
func (w *OrgWriter) SaveImportRow(ctx context.Context, id sso.ImportID, r sso.ImportRow) error {
	n, err := w.q.exec(ctx, `
		update import_rows
		set verdict = $4, user_id = $5, changes = $6, code = $7, detail = $8, done_at = $9
		where org_id = $1 and import_id = $2 and line = $3`,
		w.org, id, r.Line, r.Verdict, null(r.User), toJSON(r.Changes), r.Code, shown(r.Detail), at(r.DoneAt))
	return doing(found(n, err), "saving row %d of import %s", r.Line, id)
}

// ImportRows returns rows of an import of the organization behind a line, at
// most limit of them, in the order of the file; of one verdict where it is not
// empty.
func (r *OrgReader) ImportRows(ctx context.Context, id sso.ImportID, verdict sso.ImportVerdict, after, limit int) ([]sso.ImportRow, error) {
	var s statement
	s.where("w.org_id = " + s.arg(r.org))
	s.where("w.import_id = " + s.arg(id))
	if verdict != "" {
		s.where("w.verdict = " + s.arg(verdict))
	}
	s.where("w.line > " + s.arg(after))
	all, err := list(ctx, r.q, importRowFields, `
		select `+importRowColumns+`
		from import_rows w
		where `+s.conditions()+`
		order by w.line
		limit `+s.arg(limit),
		s.args...)
	return all, doing(err, "listing rows of import %s", id)
}

// CountImportRows returns how many rows of an import of the organization have
// each verdict.
func (r *OrgReader) CountImportRows(ctx context.Context, id sso.ImportID) (map[sso.ImportVerdict]int, error) {
	type count struct {
		verdict sso.ImportVerdict
		n       int
	}
	all, err := list(ctx, r.q, func(c *count) []any { return []any{&c.verdict, &c.n} }, `
		select w.verdict, count(*)
		from import_rows w
		where w.org_id = $1 and w.import_id = $2
		group by w.verdict`,
		r.org, id)
	counts := map[sso.ImportVerdict]int{}
	for _, c := range all {
		counts[c.verdict] = c.n
	}
	return counts, doing(err, "counting rows of import %s", id)
}
