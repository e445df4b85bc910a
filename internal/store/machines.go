package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// MachineToken is an access token that an app got for itself, known by its hash
// alone. It falls with the app.
type MachineToken struct {
	Hash      secret.Hash
	App       sso.AppID
	Scopes    []string
	Key       string // as in [Token]
	CreatedAt time.Time
	ExpiresAt time.Time
}

// MachineAccess is what such a token stands for.
type MachineAccess struct {
	Token MachineToken
	App   sso.App // without its secrets
}

func machineFields(m *MachineAccess) []any {
	return append([]any{hash(&m.Token.Hash), &m.Token.App, fromJSON(&m.Token.Scopes), &m.Token.Key, utc(&m.Token.CreatedAt), utc(&m.Token.ExpiresAt)}, appFields(&m.App)...)
}

// MachineAccess returns what an app's own token stands for, whether or not it may
// still be used, or [ErrNotFound].
func (r *Reader) MachineAccess(ctx context.Context, token secret.Hash) (MachineAccess, error) {
	m, err := one(ctx, r.q, machineFields, `
		select m.hash, m.app_id, m.scopes, m.jkt, m.created_at, m.expires_at, `+appColumns+`
		from machine_tokens m
		join apps p on p.id = m.app_id
		where m.hash = $1`,
		token[:])
	return m, doing(err, "reading what a token of a machine stands for")
}

// InsertMachineToken stores an app's own token.
func (w *Writer) InsertMachineToken(ctx context.Context, t MachineToken) error {
	_, err := w.q.exec(ctx, `
		insert into machine_tokens (hash, app_id, scopes, jkt, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6)`,
		t.Hash[:], t.App, toJSON(t.Scopes), t.Key, at(t.CreatedAt), at(t.ExpiresAt))
	return doing(err, "inserting a token of %s", t.App)
}

// DeleteMachineToken deletes an app's own token. One that is gone is no error.
func (w *Writer) DeleteMachineToken(ctx context.Context, token secret.Hash) error {
	_, err := w.q.exec(ctx, `
		delete from machine_tokens
		where hash = $1`,
		token[:])
	return doing(err, "deleting a token of a machine")
}
