package store

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// Values that stand in the database in another form than in memory. For each
// there is a function that gives the argument of a statement and one that
// gives the destination of a scan.

// at is an instant as an argument: microseconds, or null for the zero time.
func at(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// utc is an instant as a destination.
func utc(t *time.Time) sql.Scanner { return instant{t} }

type instant struct{ to *time.Time }

// Scan reads microseconds, and null as the zero time.
func (i instant) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*i.to = time.Time{}
	case int64:
		i.count(v)
	default:
		return fmt.Errorf("reading an instant: %T in place of a number", src)
	}
	return nil
}

func (i instant) count(micros int64) { *i.to = time.UnixMicro(micros).UTC() }

// utcOrNever is an instant as a destination, the zero time for 0.
func utcOrNever(t *time.Time) sql.Scanner { return instantOrNever{t} }

type instantOrNever struct{ to *time.Time }

// Scan reads microseconds, and 0 as the zero time.
func (i instantOrNever) Scan(src any) error {
	if src == int64(0) {
		src = nil
	}
	return instant(i).Scan(src)
}

func (i instantOrNever) count(micros int64) {
	if micros == 0 {
		*i.to = time.Time{}
		return
	}
	instant(i).count(micros)
}

// orNever is an instant as an argument for a column that holds 0 for never.
func orNever(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// null is a text as an argument, null for the empty one.
func null[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// opt is a text as a destination, empty for null.
func opt[T ~string](s *T) sql.Scanner { return optional[T]{s} }

type optional[T ~string] struct{ to *T }

// Scan reads a text, and null as the empty one.
func (o optional[T]) Scan(src any) error {
	s, err := textOf(src)
	o.take(s)
	return err
}

func (o optional[T]) take(text string) { *o.to = T(text) }

// toJSON is a value as an argument, encoded.
func toJSON(v any) driver.Valuer { return encoded{v} }

type encoded struct{ v any }

// Value returns the JSON.
func (e encoded) Value() (driver.Value, error) { return e.text() }

func (e encoded) text() (string, error) {
	b, err := json.Marshal(e.v)
	return string(b), err
}

// fromJSON is a value as a destination, decoded. Members that this program
// does not know are passed over, so that an older one can stand in for a while.
func fromJSON(v any) sql.Scanner { return decoded{v} }

type decoded struct{ to any }

// Scan reads JSON.
func (d decoded) Scan(src any) error {
	s, err := textOf(src)
	if err != nil {
		return err
	}
	return d.decode(s)
}

func (d decoded) decode(text string) error {
	if text == "" || text == "null" {
		return nil
	}
	return json.Unmarshal([]byte(text), d.to)
}

// email is an address as a destination.
func email(e *sso.Email) sql.Scanner { return address{e} }

type address struct{ to *sso.Email }

// Scan reads an address, and null as none.
func (a address) Scan(src any) error {
	s, err := textOf(src)
	a.take(s)
	return err
}

func (a address) take(text string) {
	*a.to = sso.Email{}
	if text != "" {
		*a.to = sso.StoredEmail(text)
	}
}

// hash is a look-up hash as a destination.
func hash(h *secret.Hash) sql.Scanner { return digest{h} }

type digest struct{ to *secret.Hash }

// Scan reads the octets of a hash.
func (d digest) Scan(src any) error {
	b, ok := src.([]byte)
	if !ok || len(b) != len(d.to) {
		return fmt.Errorf("reading a hash: %T in place of %d octets", src, len(d.to))
	}
	copy(d.to[:], b)
	return nil
}

// pathText is the path of an organization as an argument.
func pathText(path []sso.OrgID) string {
	var b strings.Builder
	for i, id := range path {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(string(id))
	}
	return b.String()
}

// path is the path of an organization as a destination.
func path(p *[]sso.OrgID) sql.Scanner { return steps{p} }

type steps struct{ to *[]sso.OrgID }

// Scan reads a path.
func (s steps) Scan(src any) error {
	text, err := textOf(src)
	if err != nil {
		return err
	}
	s.take(text)
	return nil
}

func (s steps) take(text string) {
	*s.to = make([]sso.OrgID, 0, strings.Count(text, "/")+1)
	for id := range strings.SplitSeq(text, "/") {
		*s.to = append(*s.to, sso.OrgID(id))
	}
}

func textOf(src any) (string, error) {
	switch v := src.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	default:
		return "", fmt.Errorf("reading a text: %T in place of one", src)
	}
}

// storable reports whether both engines can hold the text. PostgreSQL refuses
// what is not UTF-8 and U+0000.
func storable(s string) bool {
	return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}

// shown makes storable what somebody outside says of themselves and we only
// show again.
func shown(s string) string {
	if storable(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// listStep is what the length of a list in a statement is rounded up to, so
// that few texts exist. No tree of organizations is deeper.
const listStep = sso.MaxTreeDepth

// anyOf is a list of texts as arguments, and the placeholders for them, of
// which the first one is $first. The last text is repeated to fill up.
func anyOf[T ~string](first int, texts []T) (placeholders string, args []any) {
	var b strings.Builder
	for i, text := range padded(texts) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(first + i))
		args = append(args, string(text))
	}
	return b.String(), args
}

// padded repeats the last of a list until its length is a multiple of listStep.
func padded[T any](list []T) []T {
	if over := len(list) % listStep; over > 0 {
		list = append(slices.Clip(list), slices.Repeat(list[len(list)-1:], listStep-over)...)
	}
	return list
}

// micros is a length of time as a destination.
func micros(d *time.Duration) sql.Scanner { return length{d} }

type length struct{ to *time.Duration }

// Scan reads microseconds.
func (l length) Scan(src any) error {
	v, ok := src.(int64)
	if !ok {
		return fmt.Errorf("reading a length of time: %T in place of a number", src)
	}
	l.count(v)
	return nil
}

func (l length) count(micros int64) { *l.to = time.Duration(micros) * time.Microsecond }
