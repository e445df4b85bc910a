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

// FoundPage is one page of people who were found.
type FoundPage struct {
	People []Found
	// Next is where the next page begins; zero: there is none. As in
	// [PeoplePage], the page before it may not be full.
	Next PeoplePlace
}

// FindPeople returns users of all organizations who have all of the words, as
// [sso.SearchWords] gives them, at most limit of them, by the first word that was
// found. Without a word it returns none. It takes up to three statements.
func (r *Reader) FindPeople(ctx context.Context, words []string, after PeoplePlace, limit int) (FoundPage, error) {
	p, err := r.findPeople(ctx, words, after, limit)
	return p, doing(err, "finding people")
}

func (r *Reader) findPeople(ctx context.Context, words []string, after PeoplePlace, limit int) (FoundPage, error) {
	switch len(words) {
	case 0:
		return FoundPage{}, nil
	case 1:
		return r.walkFound(ctx, words, after, limit, nil)
	}
	var narrowed []narrowing
	for _, word := range words {
		narrowed = append(narrowed, narrowing{from: "people_words", column: "word", word: word})
	}
	counts, err := r.q.few(ctx, narrowed)
	if err != nil {
		return FoundPage{}, err
	}
	if i := fewest(counts); counts[i] <= r.q.db.look.few {
		if i == 0 {
			return r.walkFound(ctx, words, after, limit, nil)
		}
		return r.gatherFound(ctx, words, &narrowed[i], after, limit)
	}
	var s statement
	o := foundOrder(&s, words[0], after)
	far, err := page(ctx, r.q, o.place, `
		select w.word, w.user_id
		from people_words w
		where `+s.conditions()+`
		order by w.word, w.user_id
		limit 1 offset `+s.arg(r.q.db.look.far),
		s.args...)
	if err != nil {
		return FoundPage{}, err
	}
	var until *PeoplePlace
	if len(far) > 0 {
		until = &far[0]
	}
	return r.walkFound(ctx, words, after, limit, until)
}

// foundOrder begins a walk through all who have a word.
func foundOrder(s *statement, word string, after PeoplePlace) ordering {
	o := ordering{key: "w.word", user: "w.user_id"}
	s.beginningAfter("w.word", word, placeKey(after.Key, after.User))
	o.after(s, after)
	return o
}

const foundColumns = userColumns + `, o.path, o.key, o.name`

// walkFound looks at one word after the other, no farther than until.
func (r *Reader) walkFound(ctx context.Context, words []string, after PeoplePlace, limit int, until *PeoplePlace) (FoundPage, error) {
	var s statement
	o := foundOrder(&s, words[0], after)
	s.where(holds("w.org_id = u.org_id")) // of the rows of one person, the one at home
	// Of several words of a person that begin so, the first one counts.
	s.where(holds("w.word = " + firstWord(&s, "w", words[0])))
	for _, word := range words[1:] {
		s.where(firstWord(&s, "w", word) + " is not null")
	}
	if until != nil {
		o.upTo(&s, *until)
	}
	all, err := page(ctx, r.q, foundFields, `
		select `+foundColumns+`, w.word
		from people_words w join users u on u.id = w.user_id join organizations o on o.id = u.org_id
		where `+s.conditions()+`
		order by w.word, w.user_id
		limit `+s.arg(limit+1),
		s.args...)
	return pageOfFound(all, limit, until), err
}

// gatherFound takes the few who have one of the words, and puts those of them
// who have the others in order.
func (r *Reader) gatherFound(ctx context.Context, words []string, first *narrowing, after PeoplePlace, limit int) (FoundPage, error) {
	var s statement
	few := first.rows(&s, "f.user_id")
	key := firstWord(&s, "h", words[0])
	for _, word := range words[1:] {
		s.where(firstWord(&s, "h", word) + " is not null")
	}
	within := s.conditions()
	s.and = nil
	s.where("keyed.key is not null")
	o := ordering{key: "keyed.key", user: "keyed.user_id"}
	o.after(&s, after)
	all, err := page(ctx, r.q, foundFields, `
		with few as materialized (`+few+`),
		keyed as materialized (
			select h.user_id, `+key+` as key
			from (select u.id as user_id, u.org_id from few cross join users u where u.id = few.user_id) as h
			where `+within+`
		),
		page as materialized (
			select keyed.user_id, keyed.key
			from keyed
			where `+s.conditions()+`
			order by keyed.key, keyed.user_id
			limit `+s.arg(limit+1)+`
		)
		select `+foundColumns+`, page.key
		from page cross join users u join organizations o on o.id = u.org_id
		where u.id = page.user_id
		order by page.key, page.user_id`,
		s.args...)
	return pageOfFound(all, limit, nil), err
}

// pageOfFound cuts off what belongs to the next page.
func pageOfFound(all []Found, limit int, until *PeoplePlace) FoundPage {
	for i := range all {
		all[i].Place.User = all[i].ID
	}
	page := FoundPage{People: all}
	switch {
	case len(all) > limit:
		page.People = all[:limit]
		page.Next = all[limit-1].Place
	case until != nil:
		page.Next = *until
	}
	return page
}

// TracesOf returns the latest traces of the user's sign-ins, to whatever
// organization, at most limit of them, the latest first.
func (r *Reader) TracesOf(ctx context.Context, user sso.UserID, limit int) ([]sso.Trace, error) {
	all, err := page(ctx, r.q, traceFields, `
		select `+traceColumns+`
		from traces t
		where t.user_id = $1
		order by t.at desc, t.reference
		limit $2`,
		user, limit)
	return all, doing(err, "listing traces of %s", user)
}
