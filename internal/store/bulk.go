package store

import (
	"context"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// bulkRows is how many rows one statement of a bulk insert has: as many as
// pay off, and fewer arguments than either engine takes.
const bulkRows = 400

// bulk inserts rows by as few statements as that takes.
func (q *queries) bulk(ctx context.Context, into string, rows [][]any) error {
	for len(rows) > 0 {
		some := rows[:min(len(rows), bulkRows)]
		rows = rows[len(some):]
		var b strings.Builder
		var args []any
		for i, row := range some {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('(')
			for j := range row {
				if j > 0 {
					b.WriteByte(',')
				}
				b.WriteByte('$')
				b.WriteString(strconv.Itoa(len(args) + j + 1))
			}
			b.WriteByte(')')
			args = append(args, row...)
		}
		if _, err := q.exec(ctx, "insert into "+into+" values "+b.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

// InsertOrganizations stores new organizations, parents before their children,
// by few statements. What it stores is what [Writer.SaveOrganization] does.
func (w *Writer) InsertOrganizations(ctx context.Context, all []sso.Organization) error {
	var orgs, words [][]any
	for i := range all {
		o := &all[i]
		orgs = append(orgs, []any{
			o.ID, o.Key, o.Name, null(o.Parent()), pathText(o.Path), o.State, toJSON(o.Entitlements), toJSON(o.Policy), at(o.CreatedAt), at(o.UpdatedAt), o.SortKey(), inactiveAfter(o), 1,
		})
		for _, word := range o.Words() {
			words = append(words, []any{o.ID, []byte(word)})
		}
	}
	err := w.q.bulk(ctx, "organizations (id, key, name, parent_id, path, state, entitlements, policy, created_at, updated_at, sort_key, inactive_after, version)", orgs)
	if err == nil {
		err = w.q.bulk(ctx, "organization_words (org_id, word)", words)
	}
	return doing(err, "inserting %d organizations", len(all))
}

// NewMember is a new user and the membership in their home.
type NewMember struct {
	User   sso.User
	Role   sso.Role
	Groups []string
}

// InsertMembers stores new users as members of their home, by few statements
// for all of them and a few more for each home. What it stores is what
// [OrgWriter.SaveUser] and [OrgWriter.SaveMembership] do.
func (w *Writer) InsertMembers(ctx context.Context, all []NewMember) error {
	var users, words, memberships, groups [][]any
	named := map[sso.OrgID]map[string]bool{}
	for i := range all {
		u, m := &all[i].User, &all[i]
		of := u.Words()
		users = append(users, []any{
			u.ID, u.Home, null(u.Username), null(sso.UsernameKey(u.Username)), null(u.Email.String()), null(u.Email.Key()), u.FirstName, u.LastName, u.State,
			null(u.PasswordHash), at(u.CreatedAt), at(u.UpdatedAt), at(u.LastSignInAt), u.Language, at(u.CredentialsAt), u.SortKey(), joined(of), 1,
		})
		for _, word := range of {
			words = append(words, []any{u.ID, u.Home, []byte(word)})
		}
		way := WayNone
		if u.PasswordHash != "" {
			way = WayPassword
		}
		memberships = append(memberships, []any{u.Home, u.ID, m.Role, toJSON(m.Groups), at(u.CreatedAt), at(u.UpdatedAt), u.SortKey(), u.State, way})
		for _, g := range m.Groups {
			if named[u.Home] == nil {
				named[u.Home] = map[string]bool{}
			}
			if !named[u.Home][g] {
				named[u.Home][g] = true
				if err := w.Org(u.Home).ensureGroups(ctx, []string{g}, u.UpdatedAt); err != nil {
					return doing(err, "inserting groups of %s", u.Home)
				}
			}
			groups = append(groups, []any{u.Home, g, u.ID, u.SortKey()})
		}
	}
	for _, t := range []struct {
		into string
		rows [][]any
	}{
		{"users (id, org_id, username, username_key, email, email_key, first_name, last_name, state, password_hash, created_at, updated_at, last_sign_in_at, language, credentials_at, sort_key, words, version)", users},
		{"people_words (user_id, org_id, word)", words},
		{"memberships (org_id, user_id, role, groups, created_at, updated_at, sort_key, state, way)", memberships},
		{"group_members (org_id, name, user_id, sort_key)", groups},
	} {
		if err := w.q.bulk(ctx, t.into, t.rows); err != nil {
			return doing(err, "inserting %d members", len(all))
		}
	}
	return nil
}

// RecordAll adds many lines to the audit lists that they name.
func (w *Writer) RecordAll(ctx context.Context, all []sso.Event) error {
	var rows [][]any
	for i := range all {
		e := &all[i]
		rows = append(rows, []any{
			secret.NewID("evt", e.At), null(e.Org), at(e.At), shown(e.Actor), null(e.OnBehalf), shown(e.Address), e.Noun(), e.Action, shown(e.Target), toJSON(e.Detail),
		})
	}
	err := w.q.bulk(ctx, "audit_events (id, org_id, at, actor, on_behalf, address, noun, action, target, detail)", rows)
	return doing(err, "recording %d events", len(all))
}

// InsertTraces stores many traces.
func (w *Writer) InsertTraces(ctx context.Context, all []sso.Trace) error {
	var rows [][]any
	for i := range all {
		t := &all[i]
		rows = append(rows, []any{
			t.Reference, t.Attempt, null(t.Org), null(t.Connection), null(t.User), t.Method, at(t.At), t.Code, shown(t.Want), shown(t.Got), t.Fix,
			toJSON(t.Checks), shown(t.Address), shown(t.UserAgent),
		})
	}
	err := w.q.bulk(ctx, "traces (reference, attempt_id, org_id, connection_id, user_id, method, at, code, want, got, fix, checks, address, user_agent)", rows)
	return doing(err, "inserting %d traces", len(all))
}
