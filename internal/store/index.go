package store

import (
	"context"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/sso"
)

// Users, memberships and organizations carry what lists are sorted, filtered
// and searched by. It follows from the nouns, so the methods that save them
// keep it; nobody else knows of it.

// indexed is what a user's row knows of the user's index.
type indexed struct {
	key   []byte
	words string
}

func indexedFields(i *indexed) []any { return []any{&i.key, opt(&i.words)} }

// indexedUser returns what the user's row says now.
func (w *Writer) indexedUser(ctx context.Context, id sso.UserID) (indexed, error) {
	return one(ctx, w.q, indexedFields, `
		select sort_key, words
		from users
		where id = $1`,
		id)
}

// indexUser brings up to date what lists know of a user that was just saved,
// where it differs from what the row said before.
func (w *Writer) indexUser(ctx context.Context, u *sso.User, was indexed) error {
	if words := u.Words(); was.key == nil || was.words != joined(words) {
		if err := w.indexWords(ctx, u, words); err != nil {
			return err
		}
	}
	return w.indexMemberships(ctx, u.ID)
}

func joined(words []string) string { return strings.Join(words, " ") }

// indexWords replaces the words by which a user is found, in all
// organizations.
func (w *Writer) indexWords(ctx context.Context, u *sso.User, words []string) error {
	if _, err := w.q.exec(ctx, `delete from people_words where user_id = $1`, u.ID); err != nil {
		return err
	}
	if err := w.insertWords(ctx, u, words); err != nil {
		return err
	}
	_, err := w.q.exec(ctx, `
		insert into people_words (user_id, org_id, word)
		select w.user_id, m.org_id, w.word
		from memberships m join people_words w on w.user_id = m.user_id
		where m.user_id = $1 and w.org_id = $2 and m.org_id <> $2`,
		u.ID, u.Home)
	return err
}

// insertWords inserts the words by which a user is found at home.
func (w *Writer) insertWords(ctx context.Context, u *sso.User, words []string) error {
	if len(words) == 0 {
		return nil
	}
	rows, args := rowsOf(3, words)
	_, err := w.q.exec(ctx, `insert into people_words (user_id, org_id, word) values `+rows, append([]any{u.ID, u.Home}, args...)...)
	return err
}

// rowsOf returns the rows of an insert of words whose first two columns are
// $1 and $2, and the words as arguments from $first.
func rowsOf(first int, words []string) (rows string, args []any) {
	var b strings.Builder
	for i, word := range words {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("($1, $2, $" + strconv.Itoa(first+i) + ")")
		args = append(args, []byte(word))
	}
	return b.String(), args
}

// wayOfUser says how a user comes in: by a connection, by a password or
// passkey, or not at all yet.
const wayOfUser = `case
	when exists (select 1 from links l where l.user_id = u.id) then 'sso'
	when u.password_hash is not null or exists (select 1 from factors f where f.user_id = u.id and f.kind = 'passkey') then 'password'
	else 'none' end`

// indexMemberships copies to the user's memberships what lists go by, where it
// differs.
func (w *Writer) indexMemberships(ctx context.Context, user sso.UserID) error {
	n, err := w.q.exec(ctx, `
		update memberships
		set (sort_key, state, way) = (select u.sort_key, u.state, `+wayOfUser+` from users u where u.id = $1)
		where user_id = $1 and exists (
			select 1 from users u
			where u.id = $1 and (u.state <> memberships.state or `+wayOfUser+` <> memberships.way or memberships.sort_key is null or u.sort_key <> memberships.sort_key))`,
		user)
	if err != nil || n == 0 {
		return err
	}
	_, err = w.q.exec(ctx, `
		update group_members
		set sort_key = (select u.sort_key from users u where u.id = $1)
		where user_id = $1`,
		user)
	return err
}

// indexMembership gives a membership that was just saved what lists go by, and
// its groups: two statements, and two more where there are groups.
func (w *OrgWriter) indexMembership(ctx context.Context, m *sso.Membership) error {
	if _, err := w.q.exec(ctx, `
		insert into people_words (user_id, org_id, word)
		select w.user_id, $2, w.word
		from users u join people_words w on w.user_id = u.id and w.org_id = u.org_id
		where u.id = $1 and u.org_id <> $2
		on conflict do nothing`,
		m.User, w.org); err != nil {
		return err
	}
	return w.indexGroups(ctx, m)
}

// indexOrganization replaces the words by which an organization is found.
func (w *Writer) indexOrganization(ctx context.Context, o *sso.Organization) error {
	if _, err := w.q.exec(ctx, `delete from organization_words where org_id = $1`, o.ID); err != nil {
		return err
	}
	words := o.Words()
	if len(words) == 0 {
		return nil
	}
	var b strings.Builder
	args := []any{o.ID}
	for i, word := range words {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("($1, $" + strconv.Itoa(i+2) + ")")
		args = append(args, []byte(word))
	}
	_, err := w.q.exec(ctx, `insert into organization_words (org_id, word) values `+b.String(), args...)
	return err
}

// IndexBatch bounds how many users, organizations and domains one call of
// [Writer.IndexOld] takes.
const IndexBatch = 200

// IndexOld indexes users, organizations and domains that were stored before there was
// an index, and returns how many; while that is not 0 there may be more. It
// takes a few statements for each.
func (w *Writer) IndexOld(ctx context.Context) (int, error) {
	users, err := list(ctx, w.q, userFields, `
		select `+userColumns+`
		from users u
		where u.sort_key is null
		order by u.id
		limit $1`,
		IndexBatch)
	if err != nil {
		return 0, doing(err, "listing users without an index")
	}
	for i := range users {
		if err := w.indexOldUser(ctx, &users[i]); err != nil {
			return 0, doing(err, "indexing user %s", users[i].ID)
		}
	}
	orgs, err := list(ctx, w.q, organizationFields, `
		select `+organizationColumns+`
		from organizations o
		where o.sort_key is null
		order by o.id
		limit $1`,
		IndexBatch)
	if err != nil {
		return 0, doing(err, "listing organizations without an index")
	}
	for i := range orgs {
		if _, err := w.q.exec(ctx, `update organizations set sort_key = $2, inactive_after = $3 where id = $1`, orgs[i].ID, orgs[i].SortKey(), inactiveAfter(&orgs[i])); err != nil {
			return 0, doing(err, "indexing organization %s", orgs[i].ID)
		}
		if err := w.indexOrganization(ctx, &orgs[i]); err != nil {
			return 0, doing(err, "indexing organization %s", orgs[i].ID)
		}
	}
	domains, err := list(ctx, w.q, textFields, `
		select distinct d.name
		from domains d
		where d.word is null
		limit $1`,
		IndexBatch)
	if err != nil {
		return 0, doing(err, "listing domains without an index")
	}
	for _, name := range domains {
		if _, err := w.q.exec(ctx, `update domains set word = $2 where name = $1 and word is null`, name, []byte(name)); err != nil {
			return 0, doing(err, "indexing domain %q", name)
		}
	}
	return len(users) + len(orgs) + len(domains), nil
}

func (w *Writer) indexOldUser(ctx context.Context, u *sso.User) error {
	words := u.Words()
	if _, err := w.q.exec(ctx, `update users set sort_key = $2, words = $3 where id = $1`, u.ID, u.SortKey(), joined(words)); err != nil {
		return err
	}
	if err := w.indexUser(ctx, u, indexed{}); err != nil {
		return err
	}
	memberships, err := w.Memberships(ctx, u.ID)
	if err != nil {
		return err
	}
	for i := range memberships {
		if err := w.Org(memberships[i].Org).indexGroups(ctx, &memberships[i]); err != nil {
			return err
		}
	}
	return nil
}
