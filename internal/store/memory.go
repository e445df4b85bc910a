package store

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// Settings reads what every sign-in asks for and what is seldom changed: apps,
// organizations, domains and connections. They are kept in memory, under a mark
// that stands in the database and is another one after each change, by whichever
// node or command. So what is read is what is stored now, by a transaction as it
// sees the database, for the price of one small statement, whatever is asked for.
//
// What it returns is shared by all who ask: it must not be changed.
type Settings struct{ r *Reader }

// Settings returns what is read from memory.
func (r *Reader) Settings() Settings { return Settings{r} }

// AppByClientID is [Reader.AppByClientID].
func (s Settings) AppByClientID(ctx context.Context, clientID string) (sso.App, error) {
	return recall(ctx, s.r, "client "+clientID, func() (sso.App, error) { return s.r.AppByClientID(ctx, clientID) })
}

// VerifiedDomain is [Reader.VerifiedDomain].
func (s Settings) VerifiedDomain(ctx context.Context, name string) (sso.Domain, error) {
	return recall(ctx, s.r, "domain "+name, func() (sso.Domain, error) { return s.r.VerifiedDomain(ctx, name) })
}

// App is [Reader.App].
func (s Settings) App(ctx context.Context, id sso.AppID) (sso.App, error) {
	return recall(ctx, s.r, "app "+string(id), func() (sso.App, error) { return s.r.App(ctx, id) })
}

// Lineage is [Reader.Lineage].
func (s Settings) Lineage(ctx context.Context, id sso.OrgID) ([]sso.Organization, error) {
	line, err := s.line(ctx, id)
	return slices.Clone(line), err
}

func (s Settings) line(ctx context.Context, id sso.OrgID) ([]sso.Organization, error) {
	return recall(ctx, s.r, "line "+string(id), func() ([]sso.Organization, error) { return s.r.Lineage(ctx, id) })
}

// HasSuborganizations reports whether organizations stand right below one.
func (s Settings) HasSuborganizations(ctx context.Context, id sso.OrgID) (bool, error) {
	return recall(ctx, s.r, "below "+string(id), func() (bool, error) {
		has, err := one(ctx, s.r.q, func(has *bool) []any { return []any{has} }, `
			select exists (select 1 from organizations o where o.parent_id = $1)`,
			id)
		return has, doing(err, "looking below %s", id)
	})
}

// Connection is [Reader.Connection].
func (s Settings) Connection(ctx context.Context, id sso.ConnectionID) (sso.Connection, error) {
	return recall(ctx, s.r, "connection "+string(id), func() (sso.Connection, error) { return s.r.Connection(ctx, id) })
}

// ConnectionByKey is [Reader.ConnectionByKey].
func (s Settings) ConnectionByKey(ctx context.Context, key string) (sso.Connection, error) {
	return recall(ctx, s.r, "connection by "+key, func() (sso.Connection, error) { return s.r.ConnectionByKey(ctx, key) })
}

// ActiveConnections is [Reader.ActiveConnections] of a line of organizations.
func (s Settings) ActiveConnections(ctx context.Context, line []sso.OrgID) ([]sso.Connection, error) {
	if len(line) == 0 {
		return nil, nil
	}
	name := make([]string, len(line))
	for i, id := range line {
		name[i] = string(id)
	}
	all, err := recall(ctx, s.r, "active "+strings.Join(name, " "), func() ([]sso.Connection, error) { return s.r.ActiveConnections(ctx, line) })
	return slices.Clone(all), err
}

// Mark names a state of the settings.
type Mark string

// Glance lets fn read settings as they were seen last, without asking whether
// they are still so, and returns under which mark that was. What is decided by
// them counts for nothing until a transaction has found that they are, by
// [Reader.Under], or decides anew.
func (db *DB) Glance(fn func(*Reader) error) (Mark, error) {
	q := &queries{db: db, to: db.read, mark: db.memory.last()}
	err := fn(&Reader{q: q})
	return Mark(q.mark), err
}

// Under reports whether the settings are those of this mark.
func (r *Reader) Under(ctx context.Context, m Mark) (bool, error) {
	now, err := r.q.settingsMark(ctx)
	return Mark(now) == m, err
}

// recall returns what is remembered under a name, or what read returns. Of what
// is not there nothing is remembered: anybody can ask for that.
func recall[T any](ctx context.Context, r *Reader, name string, read func() (T, error)) (T, error) {
	if r.q.moved {
		return read() // what this transaction changes is nobody else's yet
	}
	mark, err := r.q.settingsMark(ctx)
	if err != nil {
		var zero T
		return zero, err
	}
	if v, ok := r.q.db.memory.get(mark, name).(T); ok {
		return v, nil
	}
	if v, ok := r.q.met[name].(T); ok {
		return v, nil
	}
	v, err := read()
	if err == nil {
		r.q.meet(mark, name, v)
	}
	return v, err
}

// meet remembers what was read. What a transaction has read waits until that is
// over: a mark that it assumes may be a later one than it sees, and one that it
// sees may be of a change that is not on the disk yet. Under either one, others
// would find or keep what does not belong there.
func (q *queries) meet(mark, name string, v any) {
	if !q.writing {
		q.db.memory.put(mark, name, v)
		return
	}
	if q.met == nil {
		q.met = map[string]any{}
	}
	q.met[name] = v
}

// learn takes over what a transaction has found out that is over, with this
// error.
func (m *memory) learn(q *queries, err error) {
	switch {
	case errors.Is(err, errOutdated):
		m.see(q.mark)
	case err == nil && !q.moved:
		for name, v := range q.met {
			m.put(q.mark, name, v)
		}
	}
}

// marked is the column by which a statement brings the mark along.
const marked = `(select marks.mark from settings_marks marks where marks.id = 1)`

// bringingMark ends a change that brings the mark along for each row.
const bringingMark = ` returning ` + marked

// settingsMark returns the mark of the settings as they are seen here: in a
// transaction as it sees all else, else as they were when it was first asked
// for.
//
// A transaction assumes that it is still the one that was seen last. A statement
// of its own that brings the mark along says whether that is so, or one that
// asks for it in the end; where it is not, all is done anew.
func (q *queries) settingsMark(ctx context.Context) (string, error) {
	if q.mark != "" {
		return q.mark, nil
	}
	if q.writing {
		if q.mark = q.db.memory.last(); q.mark != "" {
			q.assumed = true
			return q.mark, nil
		}
	}
	mark, err := q.readMark(ctx)
	if err == nil {
		q.mark = mark
	}
	return mark, err
}

func (q *queries) readMark(ctx context.Context) (string, error) {
	mark, err := one(ctx, q, textFields, `
		select marks.mark
		from settings_marks marks
		where marks.id = 1`)
	return mark, doing(err, "reading the mark of the settings")
}

// seen is the mark as a destination, where a statement brings it along.
func (q *queries) seen() sql.Scanner { return sighting{q} }

type sighting struct{ q *queries }

// Scan compares the mark with the one that was assumed.
func (s sighting) Scan(src any) error {
	mark, err := textOf(src)
	if err == nil {
		s.take(mark)
	}
	return err
}

func (s sighting) take(mark string) { s.q.sees(mark) }

// sees takes note of the mark that stands in the database.
func (q *queries) sees(mark string) {
	if q.assumed && q.mark != mark {
		q.outdated = true
	}
	q.mark, q.assumed = mark, false
}

// assured returns [errOutdated] where a transaction has gone by settings that
// are not those of the database any more. It takes a statement where none has
// brought the mark along; of one that cannot be asked any more nothing counts.
func (q *queries) assured(ctx context.Context) error {
	if q.assumed && !q.moved && q.spent == nil {
		mark, err := q.readMark(ctx)
		if err != nil {
			return err
		}
		q.sees(mark)
	}
	if q.outdated {
		return errOutdated
	}
	return nil
}

// errOutdated has a transaction be run again.
var errOutdated = errors.New("the settings have changed")

// changesSettings finds the statements that change what [Settings] remembers,
// the tables that hang on these included.
var changesSettings = regexp.MustCompile(`(?i)\b(?:insert\s+into|update|delete\s+from)\s+(?:apps|app_\w+|organizations|domains|connections)\b`)

// changing keeps of each text whether it changes settings.
var changing sync.Map

// move gives the settings another mark before a statement that changes them. It
// is one that never was before: of a transaction that shares its commit with
// others and is undone, somebody may have seen it.
func (q *queries) move(ctx context.Context, text string) error {
	if !q.writing || q.moved {
		return nil
	}
	known, ok := changing.Load(text)
	if !ok {
		known, _ = changing.LoadOrStore(text, changesSettings.MatchString(text))
	}
	if known != true {
		return nil
	}
	return q.moveOn(ctx)
}

func (q *queries) moveOn(ctx context.Context) error {
	if q.assumed { // what was judged so far was judged by it
		if err := q.assured(ctx); err != nil {
			q.spent = err
			return err
		}
	}
	q.moved = true
	q.db.statements.Add(1)
	_, err := q.to.exec(ctx, `update settings_marks set mark = $1 where id = 1`, []any{secret.NewToken().Reveal()})
	return q.failed(err)
}

// maxRemembered bounds what is remembered: some thousands of organizations that
// sign in by turns, in some ten megabytes.
const maxRemembered = 4096

// memory is what is remembered under one mark.
type memory struct {
	mu   sync.Mutex
	mark string
	kept map[string]any
}

// last returns the mark under which something is remembered; "": nothing is.
func (m *memory) last() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mark
}

// see forgets what is remembered under another mark.
func (m *memory) see(mark string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mark != mark {
		m.mark, m.kept = mark, map[string]any{}
	}
}

func (m *memory) get(mark, name string) any {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mark != mark {
		return nil
	}
	return m.kept[name]
}

func (m *memory) put(mark, name string, v any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mark != mark || m.kept == nil {
		m.mark, m.kept = mark, map[string]any{}
	}
	if len(m.kept) >= maxRemembered {
		for name := range m.kept { // any: the order of a map is none
			delete(m.kept, name)
			break
		}
	}
	m.kept[name] = v
}
