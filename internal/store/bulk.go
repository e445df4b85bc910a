package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// bulkArgs is how many arguments one statement of a bulk insert has at most.
// SQLite's driver looks for the name of each among all of them, so that many
// more would cost more than further statements do.
const bulkArgs = 600

// bulk inserts rows, all of the same columns, by few statements. What stands in
// the way is left as it is where otherwise says so, as in "on conflict do
// nothing".
func (q *queries) bulk(ctx context.Context, into, otherwise string, rows [][]any) error {
	for len(rows) > 0 {
		some := rows[:min(len(rows), max(1, bulkArgs/len(rows[0])))]
		rows = rows[len(some):]
		var b strings.Builder
		b.WriteString("insert into " + into + " values ")
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
		b.WriteString(" " + otherwise)
		if _, err := q.exec(ctx, b.String(), args...); err != nil {
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
			o.ID, o.Key, o.Name, null(o.Parent()), pathText(o.Path), o.State, toJSON(o.Entitlements), toJSON(o.Policy), at(o.CreatedAt), at(o.UpdatedAt), o.SortKey(), inactiveAfter(o), localUntil(o), 1,
		})
		for _, word := range o.Words() {
			words = append(words, []any{o.ID, []byte(word)})
		}
	}
	err := w.q.bulk(ctx, "organizations (id, key, name, parent_id, path, state, entitlements, policy, created_at, updated_at, sort_key, inactive_after, local_until, version)", "", orgs)
	if err == nil {
		err = w.q.bulk(ctx, "organization_words (org_id, word)", "", words)
	}
	return doing(err, "inserting %d organizations", len(all))
}

// NewMember is a new user and the membership in their home.
type NewMember struct {
	User   sso.User
	Role   sso.Role
	Groups []string
	SeenAt time.Time // their last sign-in to their home; zero: never
	Link   sso.Link  // by which they come in; without a connection: none
}

// InsertMembers stores new users as members of their home, by few statements.
// What it stores is what [OrgWriter.SaveUser], [OrgWriter.SaveMembership] and
// [OrgWriter.InsertLink] do.
func (w *Writer) InsertMembers(ctx context.Context, all []NewMember) error {
	var users, words, memberships, groups, members, links [][]any
	type group struct {
		org  sso.OrgID
		name string
	}
	named := map[group]bool{}
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
		switch {
		case m.Link.Connection != "":
			way = WaySSO
			links = append(links, []any{m.Link.Connection, m.Link.Org, m.Link.Subject, u.ID, m.Link.Issuer, at(m.Link.CreatedAt), at(m.Link.SeenAt)})
		case u.PasswordHash != "":
			way = WayPassword
		}
		memberships = append(memberships, []any{u.Home, u.ID, m.Role, toJSON(m.Groups), at(u.CreatedAt), at(u.UpdatedAt), u.SortKey(), u.State, way, orNever(m.SeenAt)})
		for _, name := range m.Groups {
			if g := (group{u.Home, name}); !named[g] {
				named[g] = true
				now := at(u.UpdatedAt)
				groups = append(groups, []any{sso.NewGroupID(u.UpdatedAt), u.Home, name, "", (&sso.Group{Name: name}).SortKey(), now, now})
			}
			members = append(members, []any{u.Home, name, u.ID, u.SortKey()})
		}
	}
	for _, t := range []struct {
		into, otherwise string
		rows            [][]any
	}{
		{"users (id, org_id, username, username_key, email, email_key, first_name, last_name, state, password_hash, created_at, updated_at, last_sign_in_at, language, credentials_at, sort_key, words, version)", "", users},
		{"people_words (user_id, org_id, word)", "", words},
		{"memberships (org_id, user_id, role, groups, created_at, updated_at, sort_key, state, way, seen_at)", "", memberships},
		{"groups (id, org_id, name, description, sort_key, created_at, updated_at)", "on conflict (org_id, name) do nothing", groups},
		{"group_members (org_id, name, user_id, sort_key)", "", members},
		{"links (connection_id, org_id, subject, user_id, issuer, created_at, seen_at)", "", links},
	} {
		if err := w.q.bulk(ctx, t.into, t.otherwise, t.rows); err != nil {
			return doing(err, "inserting %d members", len(all))
		}
	}
	return nil
}

// RecordAll adds many lines to the audit lists that they name.
func (w *Writer) RecordAll(ctx context.Context, all []sso.Event) error {
	var rows [][]any
	for i := range all {
		e := w.q.recorded(all[i])
		rows = append(rows, eventRowOf(&e))
	}
	err := w.q.bulk(ctx, "audit_events ("+eventInto+")", "", rows)
	return doing(err, "recording %d events", len(all))
}

// InsertTraces stores many traces.
func (w *Writer) InsertTraces(ctx context.Context, all []sso.Trace) error {
	var rows [][]any
	for i := range all {
		rows = append(rows, traceRow(&all[i]))
	}
	return doing(w.q.bulk(ctx, "traces ("+traceInto+")", "", rows), "inserting %d traces", len(all))
}

// InsertConnections stores many new connections.
func (w *Writer) InsertConnections(ctx context.Context, all []sso.Connection) error {
	var rows, watches [][]any
	for i := range all {
		c := &all[i]
		watches = append(watches, []any{c.ID, c.Org, orNever(c.CreatedAt), 0, at(c.SAML.Lasts()), "{}", 0, "", 1})
		rows = append(rows, []any{
			c.ID, c.Org, c.Key, c.Name, c.Protocol, c.State, c.FirstSignIn, toJSON(c.SAML), toJSON(c.Defaults), toJSON(c.Attributes), at(c.CreatedAt), at(c.UpdatedAt), 1,
		})
	}
	err := w.q.bulk(ctx, "connections (id, org_id, key, name, protocol, state, first_sign_in, saml, defaults, attributes, created_at, updated_at, version)", "", rows)
	if err == nil {
		err = w.q.bulk(ctx, "connection_watches (connection_id, org_id, due_at, asked_at, ends_at, seen, fetched_at, fetched_by, version)", "", watches)
	}
	return doing(err, "inserting %d connections", len(all))
}

// InsertDomains stores many new domains.
func (w *Writer) InsertDomains(ctx context.Context, all []sso.Domain) error {
	var rows [][]any
	for i := range all {
		d := &all[i]
		rows = append(rows, []any{d.Org, d.Name, []byte(d.Name), d.State, null(d.Proof), null(d.Connection), d.SSOOff, d.PasswordOff, at(d.CreatedAt), at(d.VerifiedAt), at(d.Check.NextAt), toJSON(d.Check)})
	}
	err := w.q.bulk(ctx, "domains (org_id, name, word, state, proof, connection_id, sso_off, password_off, created_at, verified_at, next_check_at, checked)", "", rows)
	return doing(err, "inserting %d domains", len(all))
}
