package store

import (
	"context"

	"github.com/sallyport/sallyport/internal/sso"
)

// Found is somebody who was found in the whole deployment.
type Found struct {
	UserAt
	OrgKey  string // of the home organization
	OrgName string
	Place   PeoplePlace // to list on from here
}

func foundFields(f *Found) []any {
	return append(userAtFields(&f.UserAt), &f.OrgKey, &f.OrgName, &f.Place.Key)
}

// FindPeople returns users of all organizations who have all of the words, as
// [sso.SearchWords] gives them, at most limit of them, by the first word that was
// found. Without a word it returns none.
func (r *Reader) FindPeople(ctx context.Context, words []string, after PeoplePlace, limit int) ([]Found, error) {
	if len(words) == 0 {
		return nil, nil
	}
	var s statement
	s.beginning("w.word", words[0])
	s.where("w.org_id = u.org_id") // of the rows of one person, the one at home
	// Of several words of a person that begin so, the first one counts.
	s.where("not exists (select 1 from people_words x where x.user_id = w.user_id and x.org_id = w.org_id and x.word >= " + s.arg([]byte(words[0])) + " and x.word < w.word)")
	for _, word := range words[1:] {
		s.where("exists (select 1 from people_words y where y.user_id = w.user_id and y.org_id = w.org_id and y.word >= " + s.arg([]byte(word)) + " and y.word < " + s.arg(behind(word)) + ")")
	}
	s.after(after, "w.word", "w.user_id")
	all, err := list(ctx, r.q, foundFields, `
		select `+userColumns+`, o.path, o.key, o.name, w.word
		from people_words w join users u on u.id = w.user_id join organizations o on o.id = u.org_id
		where `+s.conditions()+`
		order by w.word, w.user_id
		limit `+s.arg(limit),
		s.args...)
	for i := range all {
		all[i].Place.User = all[i].ID
	}
	return all, doing(err, "finding people")
}

// TracesOf returns the latest traces of the user's sign-ins, to whatever
// organization, at most limit of them, the latest first.
func (r *Reader) TracesOf(ctx context.Context, user sso.UserID, limit int) ([]sso.Trace, error) {
	all, err := list(ctx, r.q, traceFields, `
		select `+traceColumns+`
		from traces t
		where t.user_id = $1
		order by t.at desc, t.reference
		limit $2`,
		user, limit)
	return all, doing(err, "listing traces of %s", user)
}
