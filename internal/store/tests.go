package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

const testColumns = `t.id, t.org_id, t.connection_id, t.started_by, t.link_id, t.shadow, t.fingerprint, t.state, t.subject, t.result, t.reference, t.created_at, t.answered_at`

func testFields(t *sso.Test) []any {
	return []any{
		&t.ID, &t.Org, &t.Connection, &t.By, opt(&t.Link), &t.Shadow, &t.Fingerprint, &t.State, &t.Subject, fromJSON(&t.Result), &t.Reference,
		utc(&t.CreatedAt), utc(&t.AnsweredAt),
	}
}

// Test returns the test with this ID, or [ErrNotFound].
func (r *Reader) Test(ctx context.Context, id sso.TestID) (sso.Test, error) {
	t, err := one(ctx, r.q, testFields, `
		select `+testColumns+`
		from tests t
		where t.id = $1`,
		id)
	return t, doing(err, "reading test %s", id)
}

// Test returns the organization's test with this ID, or [ErrNotFound].
func (r *OrgReader) Test(ctx context.Context, id sso.TestID) (sso.Test, error) {
	t, err := one(ctx, r.q, testFields, `
		select `+testColumns+`
		from tests t
		where t.org_id = $1 and t.id = $2`,
		r.org, id)
	return t, doing(err, "reading test %s of %s", id, r.org)
}

// Tests returns the organization's tests of these settings of a connection
// behind a place, at most limit of them, the latest first.
func (r *OrgReader) Tests(ctx context.Context, c sso.ConnectionID, which sso.Which, after Place, limit int) ([]sso.Test, error) {
	var s statement
	s.where("t.connection_id = " + s.arg(c))
	s.where("t.org_id = " + s.arg(r.org))
	s.where("t.shadow = " + s.arg(which == sso.Prepared))
	s.earlier(after, "t.created_at", "t.id")
	all, err := list(ctx, r.q, testFields, `
		select `+testColumns+`
		from tests t
		where `+s.conditions()+`
		order by t.created_at desc, t.id desc
		limit `+s.arg(limit),
		s.args...)
	return all, doing(err, "listing tests of %s", c)
}

// TestSubjects returns who came in the tests of a connection that passed with
// settings of this fingerprint, each once, at most limit of them.
func (r *OrgReader) TestSubjects(ctx context.Context, c sso.ConnectionID, fingerprint string, limit int) ([]string, error) {
	all, err := list(ctx, r.q, func(s *string) []any { return []any{s} }, `
		select distinct t.subject
		from tests t
		where t.connection_id = $1 and t.org_id = $2 and t.fingerprint = $3 and t.state = 'passed'
		order by t.subject
		limit $4`,
		c, r.org, fingerprint, limit)
	return all, doing(err, "listing who has tested %s", c)
}

// InsertTest stores a test that begins.
func (w *OrgWriter) InsertTest(ctx context.Context, t sso.Test) error {
	if err := w.own(t.Org); err != nil {
		return doing(err, "inserting test %s", t.ID)
	}
	_, err := w.q.exec(ctx, `
		insert into tests (id, org_id, connection_id, started_by, link_id, shadow, fingerprint, state, subject, result, reference, created_at, answered_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		t.ID, w.org, t.Connection, t.By, null(t.Link), t.Shadow, t.Fingerprint, t.State, t.Subject, toJSON(t.Result), t.Reference, at(t.CreatedAt), at(t.AnsweredAt))
	return doing(err, "inserting test %s", t.ID)
}

// AnswerTest stores what a test has found out. A test is answered once; a
// further answer is [ErrUsed].
func (w *OrgWriter) AnswerTest(ctx context.Context, t sso.Test) error {
	n, err := w.q.exec(ctx, `
		update tests
		set state = $3, subject = $4, result = $5, reference = $6, answered_at = $7, fingerprint = $8
		where org_id = $1 and id = $2 and answered_at is null`,
		w.org, t.ID, t.State, t.Subject, toJSON(t.Result), t.Reference, at(t.AnsweredAt), t.Fingerprint)
	if err == nil && n == 0 {
		err = ErrUsed
	}
	return doing(err, "answering test %s", t.ID)
}

const testLinkColumns = `l.id, l.org_id, l.connection_id, l.shadow, l.created_by, l.created_at, l.expires_at, l.revoked_at`

func testLinkFields(l *sso.TestLink) []any {
	return []any{&l.ID, &l.Org, &l.Connection, &l.Shadow, &l.By, utc(&l.CreatedAt), utc(&l.ExpiresAt), utc(&l.RevokedAt)}
}

// TestLink returns the test link with this token, whatever has become of it,
// or [ErrNotFound].
func (r *Reader) TestLink(ctx context.Context, token secret.Hash) (sso.TestLink, error) {
	l, err := one(ctx, r.q, testLinkFields, `
		select `+testLinkColumns+`
		from test_links l
		where l.token_hash = $1`,
		token[:])
	return l, doing(err, "reading the test link of a token")
}

// TestLinks returns the organization's test links of a connection that can
// still be used, at most limit of them, the latest first.
func (r *OrgReader) TestLinks(ctx context.Context, c sso.ConnectionID, now time.Time, limit int) ([]sso.TestLink, error) {
	all, err := list(ctx, r.q, testLinkFields, `
		select `+testLinkColumns+`
		from test_links l
		where l.connection_id = $1 and l.org_id = $2 and l.revoked_at is null and l.expires_at > $3
		order by l.created_at desc, l.id desc
		limit $4`,
		c, r.org, at(now), limit)
	return all, doing(err, "listing test links of %s", c)
}

// InsertTestLink stores a test link, to be found by the hash of its token.
func (w *OrgWriter) InsertTestLink(ctx context.Context, l sso.TestLink, token secret.Hash) error {
	if err := w.own(l.Org); err != nil {
		return doing(err, "inserting test link %s", l.ID)
	}
	_, err := w.q.exec(ctx, `
		insert into test_links (id, token_hash, org_id, connection_id, shadow, created_by, created_at, expires_at, revoked_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		l.ID, token[:], w.org, l.Connection, l.Shadow, l.By, at(l.CreatedAt), at(l.ExpiresAt), at(l.RevokedAt))
	return doing(err, "inserting test link %s of %s", l.ID, w.org)
}

// RevokeTestLink closes a test link for good, or returns [ErrNotFound].
func (w *OrgWriter) RevokeTestLink(ctx context.Context, c sso.ConnectionID, id sso.TestLinkID, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update test_links
		set revoked_at = coalesce(revoked_at, $4)
		where org_id = $1 and connection_id = $2 and id = $3`,
		w.org, c, id, at(now))
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return doing(err, "revoking test link %s of %s", id, w.org)
}
