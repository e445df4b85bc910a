package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// Grant is what an app was given in a session, in return for one code. All its
// tokens fall with it, and it falls with the session, the membership and the
// app.
type Grant struct {
	ID        sso.GrantID
	App       sso.AppID
	User      sso.UserID
	Org       sso.OrgID
	Session   sso.SessionID
	Code      secret.Hash // of the code that gave it
	Scope     string
	CreatedAt time.Time
	RevokedAt time.Time // zero while it holds
}

const grantColumns = `grants.id, grants.app_id, grants.user_id, grants.org_id, grants.session_id, grants.code_hash, grants.scope, grants.created_at, grants.revoked_at`

func grantFields(g *Grant) []any {
	return []any{&g.ID, &g.App, &g.User, &g.Org, &g.Session, hash(&g.Code), &g.Scope, utc(&g.CreatedAt), utc(&g.RevokedAt)}
}

// TokenKind is a kind of token. What is of one kind is never taken for one of
// another.
type TokenKind string

// AccessToken opens userinfo.
const AccessToken TokenKind = "access"

// Token is a token of a grant, known by its hash alone.
type Token struct {
	Hash      secret.Hash
	Kind      TokenKind
	Grant     sso.GrantID
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Access is what a token stands for, with everything that it depends on as it
// is now.
type Access struct {
	ExpiresAt time.Time
	Grant     Grant
	App       sso.App
	Person    sso.Person
}

func accessFields(a *Access) []any {
	fields := append([]any{utc(&a.ExpiresAt)}, grantFields(&a.Grant)...)
	fields = append(fields, appFields(&a.App)...)
	return append(fields, personFields(&a.Person)...)
}

// Access returns what the token of this kind stands for, whether or not it may
// still be used, or [ErrNotFound].
func (r *Reader) Access(ctx context.Context, kind TokenKind, token secret.Hash) (Access, error) {
	a, err := one(ctx, r.q, accessFields, `
		select t.expires_at, `+grantColumns+`, `+appColumns+`, `+personColumns+`
		from tokens t
		join grants on grants.id = t.grant_id
		join apps p on p.id = grants.app_id
		cross join `+personTables+`
		where t.hash = $1 and t.kind = $2 and s.id = grants.session_id`,
		token[:], kind)
	if err == nil {
		err = r.settled(ctx, &a.Person)
	}
	return a, doing(err, "reading what an %s token stands for", kind)
}

// InsertGrant stores a grant. Its session must be its user's, in its
// organization.
func (w *Writer) InsertGrant(ctx context.Context, g Grant) error {
	_, err := w.q.exec(ctx, `
		insert into grants (id, app_id, user_id, org_id, session_id, code_hash, scope, created_at, revoked_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		g.ID, g.App, g.User, g.Org, g.Session, g.Code[:], g.Scope, at(g.CreatedAt), at(g.RevokedAt))
	return doing(err, "inserting grant %s", g.ID)
}

// RevokeGrantByCode revokes the grant that this code gave and returns it. It is
// [ErrNotFound] where the code gave none, or one that is revoked already.
func (w *Writer) RevokeGrantByCode(ctx context.Context, code secret.Hash, now time.Time) (Grant, error) {
	g, err := one(ctx, w.q, grantFields, `
		update grants
		set revoked_at = $2
		where grants.code_hash = $1 and grants.revoked_at is null
		returning `+grantColumns,
		code[:], at(now))
	return g, doing(err, "revoking the grant of a code")
}

// InsertToken stores a token of a grant.
func (w *Writer) InsertToken(ctx context.Context, t Token) error {
	_, err := w.q.exec(ctx, `
		insert into tokens (hash, kind, grant_id, created_at, expires_at)
		values ($1, $2, $3, $4, $5)`,
		t.Hash[:], t.Kind, t.Grant, at(t.CreatedAt), at(t.ExpiresAt))
	return doing(err, "inserting an %s token of %s", t.Kind, t.Grant)
}
