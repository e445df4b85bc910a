package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// EndedSession is a session that a logout has ended.
type EndedSession struct {
	ID   sso.SessionID
	User sso.UserID
	Org  sso.OrgID
}

func endedSessionFields(s *EndedSession) []any { return []any{&s.ID, &s.User, &s.Org} }

// EndSAMLSessions ends the sessions of a subject that came from a connection
// and live: those with one of these indexes, or all where none is given. It
// returns which these were.
func (w *Writer) EndSAMLSessions(ctx context.Context, connection sso.ConnectionID, subject string, indexes []string, now time.Time) ([]EndedSession, error) {
	which, args := "", []any{connection, subject, at(now)}
	if len(indexes) > 0 {
		in, more := anyOf(len(args)+1, indexes)
		which, args = ` and saml_session_index in (`+in+`)`, append(args, more...)
	}
	ended, err := list(ctx, w.q, endedSessionFields, `
		update sessions
		set ended_at = $3
		where connection_id = $1 and saml_subject = $2 and ended_at is null`+which+`
		returning id, user_id, org_id`,
		args...)
	return ended, doing(err, "ending the sessions of a subject at %s", connection)
}

// RememberLogout keeps a logout, for sessions that are about to begin. Of two
// the later one holds.
func (w *Writer) RememberLogout(ctx context.Context, l sso.SAMLLogout) error {
	_, err := w.q.exec(ctx, `
		insert into saml_logouts (connection_id, subject, session_index, issued_at, expires_at)
		values ($1, $2, $3, $4, $5)
		on conflict (connection_id, subject, session_index) do update
		set issued_at = excluded.issued_at, expires_at = excluded.expires_at
		where excluded.issued_at >= saml_logouts.issued_at`,
		l.Connection, l.Subject, l.SessionIndex, at(l.IssuedAt), at(l.ExpiresAt))
	return doing(err, "remembering a logout at %s", l.Connection)
}
