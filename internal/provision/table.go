package provision

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// Limits of an uploaded list.
const (
	MaxFile    = 16 << 20 // octets
	MaxRows    = 50000
	maxCell    = 1000 // octets
	maxColumns = 100
)

// table is a list of people as it was read.
type table struct {
	rows    []sso.ImportRow
	ignored []string // columns that mean nothing to us
}

// readTable reads a list of people: CSV with commas, semicolons or tabs, in
// UTF-8, UTF-16 with its mark, or else Windows-1252, as spreadsheets write it.
// The first line names the columns. Rows of which something is wrong are read
// all the same and say what; a file that is no such list is a fault.
func readTable(file []byte) (table, error) {
	text, err := decoded(file)
	if err != nil {
		return table{}, err
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord, r.TrimLeadingSpace = separator(text), -1, true, false
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return table{}, &fault.Error{Kind: fault.Invalid, Code: "import_empty", Fix: fault.PersonSide}
	}
	if err != nil {
		return table{}, badCSV(err)
	}
	var t table
	columns, err := t.columns(head)
	if err != nil {
		return t, err
	}
	seen := map[string]int{}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return t, badCSV(err)
		}
		line, _ := r.FieldPos(0)
		if empty(record) {
			continue
		}
		if len(t.rows) == MaxRows {
			return t, &fault.Error{Kind: fault.Exhausted, Code: "import_rows", Want: "at most 50000 rows", Fix: fault.PersonSide}
		}
		t.rows = append(t.rows, row(line, columns, record, seen))
	}
	if len(t.rows) == 0 {
		return t, &fault.Error{Kind: fault.Invalid, Code: "import_empty", Fix: fault.PersonSide}
	}
	return t, nil
}

// decoded returns the text of a file as UTF-8, without its mark.
func decoded(file []byte) (string, error) {
	var err error
	switch {
	case bytes.HasPrefix(file, []byte{0xFF, 0xFE}), bytes.HasPrefix(file, []byte{0xFE, 0xFF}):
		file, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(file)
	case bytes.HasPrefix(file, []byte{0xEF, 0xBB, 0xBF}):
		file = file[3:]
	case !utf8.Valid(file):
		file, err = charmap.Windows1252.NewDecoder().Bytes(file)
	}
	if err != nil || !utf8.Valid(file) || bytes.IndexByte(file, 0) >= 0 {
		return "", &fault.Error{Kind: fault.Invalid, Code: "import_encoding", Want: "text in UTF-8, UTF-16 or Windows-1252", Fix: fault.PersonSide, Err: err}
	}
	return string(file), nil
}

// separator returns what separates the columns of the first line.
func separator(text string) rune {
	first, _, _ := strings.Cut(text, "\n")
	best, most := ',', 0
	for _, c := range []rune{',', ';', '\t'} {
		if n := strings.Count(first, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

func badCSV(err error) error {
	f := &fault.Error{Kind: fault.Invalid, Code: "import_csv", Want: "CSV", Fix: fault.PersonSide, Err: err}
	if bad, ok := errors.AsType[*csv.ParseError](err); ok {
		f.Got = "line " + strconv.Itoa(bad.Line)
	}
	return f
}

// ImportColumns returns the columns that a list may have, by their own names.
func ImportColumns() []string {
	return []string{"email", "username", "first_name", "last_name", "role", "groups", "organizations", "language", "password_hash"}
}

// Names of columns, and other ones by which people and systems call them.
func columnNames() map[string][]string {
	return map[string][]string{
		"email":         {"email", "e_mail", "mail", "email_address", "e_mail_address", "e_mail_adresse", "emailadresse"},
		"username":      {"username", "user_name", "user", "login", "benutzername"},
		"first_name":    {"first_name", "firstname", "given_name", "givenname", "vorname"},
		"last_name":     {"last_name", "lastname", "surname", "family_name", "sn", "nachname"},
		"role":          {"role", "rolle"},
		"groups":        {"groups", "group", "gruppen", "gruppe"},
		"organizations": {"organizations", "organization", "organisations", "organisation", "organisationen"},
		"language":      {"language", "sprache", "locale"},
		"password_hash": {"password_hash", "passwordhash"},
	}
}

// columns finds out what the columns are.
func (t *table) columns(head []string) (map[string]int, error) {
	if len(head) > maxColumns {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "import_columns", Want: "at most 100 columns", Fix: fault.PersonSide}
	}
	known := columnNames()
	found := map[string]int{}
	for i, name := range head {
		plain := strings.Join(strings.FieldsFunc(strings.ToLower(sso.Cell(strings.TrimSpace(name))), func(r rune) bool { return strings.ContainsRune(" -_.", r) }), "_")
		column := ""
		for c, names := range known {
			if slices.Contains(names, plain) {
				column = c
			}
		}
		if _, twice := found[column]; column == "" || twice {
			if plain != "" && len(t.ignored) < maxColumns {
				t.ignored = append(t.ignored, sso.CleanName(name))
			}
			continue
		}
		found[column] = i
	}
	_, mail := found["email"]
	_, user := found["username"]
	if !mail && !user {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "import_columns", Want: "a column email or username", Got: sso.CleanName(strings.Join(head, ", ")), Fix: fault.PersonSide}
	}
	return found, nil
}

// row reads a row. Of several with one address or username, the first one
// counts; seen keeps where that is.
func row(line int, columns map[string]int, record []string, seen map[string]int) sso.ImportRow {
	long := false
	get := func(column string) string {
		i, ok := columns[column]
		if !ok || i >= len(record) {
			return ""
		}
		s := strings.TrimSpace(sso.Cell(strings.TrimSpace(record[i])))
		if len(s) > maxCell {
			long = true
			return ""
		}
		return s
	}
	list := func(column string) []string {
		var all []string
		for _, s := range strings.FieldsFunc(get(column), func(r rune) bool { return r == ';' || r == ',' || r == '\n' }) {
			if s = strings.TrimSpace(s); s != "" && !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
		return all
	}
	r := sso.ImportRow{Line: line, Verdict: sso.RowWaiting, Row: sso.PersonRow{
		Email: get("email"), Username: get("username"), FirstName: get("first_name"), LastName: get("last_name"), Role: strings.ToLower(get("role")),
		Groups: list("groups"), Organizations: list("organizations"), Language: get("language"), PasswordHash: get("password_hash"),
	}}
	if long {
		r.Verdict, r.Code = sso.RowBad, "import_long"
		return r
	}
	// Whatever an address or username is, it is the same when it is written twice.
	for _, key := range keysOf(&r.Row) {
		if first, twice := seen[key]; twice {
			r.Verdict, r.Code, r.Detail = sso.RowDuplicate, "import_duplicate", strconv.Itoa(first)
			return r
		}
	}
	for _, key := range keysOf(&r.Row) {
		seen[key] = line
	}
	return r
}

// keysOf returns by what two rows are about the same person.
func keysOf(r *sso.PersonRow) []string {
	var keys []string
	if e, err := sso.ParseEmail(r.Email); err == nil {
		keys = append(keys, "email "+e.Key())
	}
	if r.Username != "" {
		keys = append(keys, "username "+sso.UsernameKey(r.Username))
	}
	return keys
}

func empty(record []string) bool {
	return !slices.ContainsFunc(record, func(s string) bool { return strings.TrimSpace(s) != "" })
}
