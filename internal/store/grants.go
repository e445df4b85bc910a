package store

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// Grant is what an app was given in a session, in return for one code. All its tokens fall with it, and it falls with the session, the membership
// and the app.
type Grant struct {
	ID      sso.GrantID
	App     sso.AppID
	User    sso.UserID
	Org     sso.OrgID
	Session sso.SessionID
	// SID is what id tokens call the session in which the person signed in, also
	// where the app holds one of its own since.
	SID       sso.SessionID
	Code      secret.Hash // of the code that gave it
	Scope     string
	Claims    string // asked for one by one, beside what the scope gives
	CreatedAt time.Time
	RevokedAt time.Time // zero while it holds
}

const grantColumns = `grants.id, grants.app_id, grants.user_id, grants.org_id, grants.session_id, grants.sid, grants.code_hash, grants.scope, grants.claims, grants.created_at, grants.revoked_at`

func grantFields(g *Grant) []any {
	return []any{&g.ID, &g.App, &g.User, &g.Org, &g.Session, &g.SID, hash(&g.Code), &g.Scope, &g.Claims, utc(&g.CreatedAt), utc(&g.RevokedAt)}
}

// TokenKind is a kind of token. What is of one kind is never taken for one of
// another.
type TokenKind string

// The kinds.
const (
	AccessToken  TokenKind = "access"  // opens userinfo
	RefreshToken TokenKind = "refresh" // brings new ones, once
)

// Token is a token of a grant, known by its hash alone.
type Token struct {
	Hash      secret.Hash
	Kind      TokenKind
	Grant     sso.GrantID
	Scope     string // "": all that was granted
	Key       string // thumbprint of the key without which it is good for nothing; "": none
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // of a refresh token that was; else zero
	Successor []byte    // sealed, of a refresh token that was used
}

func tokenFields(t *Token) []any {
	return []any{hash(&t.Hash), &t.Kind, &t.Grant, &t.Scope, &t.Key, utc(&t.CreatedAt), utc(&t.ExpiresAt), utc(&t.UsedAt), &t.Successor}
}

const tokenColumns = `t.hash, t.kind, t.grant_id, t.scope, t.jkt, t.created_at, t.expires_at, t.used_at, t.successor`

// Access is what a token stands for, with everything that it depends on as it
// is now.
type Access struct {
	Token  Token
	Grant  Grant
	App    sso.App // without its secrets
	Person sso.Person
}

func (q *queries) accessFields(a *Access) []any {
	return append(append(tokenFields(&a.Token), grantFields(&a.Grant)...), q.personFields(&a.Person)...)
}

// Access returns what the token of this kind stands for, whether or not it may
// still be used, or [ErrNotFound]. It takes a second statement for an access token
// that is not the first of its grant.
func (r *Reader) Access(ctx context.Context, kind TokenKind, token secret.Hash) (Access, error) {
	a, err := r.access(ctx, kind, token)
	if err == nil {
		err = r.settled(ctx, &a.Person)
	}
	if err == nil {
		a.App, err = r.Settings().App(ctx, a.Grant.App)
		a.App.Secrets = nil
	}
	return a, doing(err, "reading what an %s token stands for", kind)
}

func (r *Reader) access(ctx context.Context, kind TokenKind, token secret.Hash) (Access, error) {
	if kind == AccessToken {
		a, err := one(ctx, r.q, r.q.accessFields, `
			select grants.access_hash, 'access', grants.id, '', grants.access_jkt, grants.created_at, grants.access_until, null as used_at, null as successor, `+grantColumns+`, `+personColumns+`
			from grants
			cross join `+personTables+`
			where grants.access_hash = $1 and s.id = grants.session_id`,
			token[:])
		if !errors.Is(err, ErrNotFound) {
			return a, err
		}
	}
	return one(ctx, r.q, r.q.accessFields, `
		select `+tokenColumns+`, `+grantColumns+`, `+personColumns+`
		from tokens t
		join grants on grants.id = t.grant_id
		cross join `+personTables+`
		where t.hash = $1 and t.kind = $2 and s.id = grants.session_id`,
		token[:], kind)
}

// InsertGrant stores what is given for a code, with a first access token, which is
// for all of it and as old as the grant. Its session must be its user's, in its
// organization. A code for which something was given before, or that was
// withdrawn, is [ErrUsed].
func (w *Writer) InsertGrant(ctx context.Context, g Grant, access Token) error {
	n, err := w.q.changed(ctx, `
		insert into grants (id, app_id, user_id, org_id, session_id, sid, code_hash, scope, claims, created_at, revoked_at, access_hash, access_jkt, access_until)
		select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14
		where not exists (select 1 from single_use u where u.kind = 'code' and u.hash = $7)
		on conflict (code_hash) do nothing`+bringingMark,
		g.ID, g.App, g.User, g.Org, g.Session, g.SID, g.Code[:], g.Scope, g.Claims, at(g.CreatedAt), at(g.RevokedAt), access.Hash[:], access.Key, at(access.ExpiresAt))
	if err == nil && n == 0 {
		err = ErrUsed
	}
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

// RevokeGrant revokes a grant; one that is revoked keeps its time.
func (w *Writer) RevokeGrant(ctx context.Context, id sso.GrantID, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update grants
		set revoked_at = coalesce(revoked_at, $2)
		where id = $1`,
		id, at(now))
	return doing(found(n, err), "revoking grant %s", id)
}

// InsertToken stores a token of a grant.
func (w *Writer) InsertToken(ctx context.Context, t Token) error {
	_, err := w.q.exec(ctx, `
		insert into tokens (hash, kind, grant_id, scope, jkt, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		t.Hash[:], t.Kind, t.Grant, t.Scope, t.Key, at(t.CreatedAt), at(t.ExpiresAt))
	return doing(err, "inserting an %s token of %s", t.Kind, t.Grant)
}

// UseToken marks a refresh token as used, by what came of it, sealed, and has it
// forgotten at this time. Of any number that use one, one does; to the others it
// is [ErrNotFound].
func (w *Writer) UseToken(ctx context.Context, token secret.Hash, successor []byte, now, until time.Time) error {
	n, err := w.q.exec(ctx, `
		update tokens
		set used_at = $2, successor = $3, expires_at = $4
		where hash = $1 and kind = 'refresh' and used_at is null`,
		token[:], at(now), successor, at(until))
	return doing(found(n, err), "using a refresh token")
}

// DeleteToken deletes a token, so that it is good for nothing. It takes a second
// statement for one that is not the first of its grant.
func (w *Writer) DeleteToken(ctx context.Context, token secret.Hash) error {
	n, err := w.q.exec(ctx, `
		update grants
		set access_hash = null
		where access_hash = $1`,
		token[:])
	if err == nil && n == 0 {
		n, err = w.q.exec(ctx, `
			delete from tokens
			where hash = $1`,
			token[:])
	}
	return doing(found(n, err), "deleting a token")
}
