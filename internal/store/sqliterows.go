package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"

	"zombiezen.com/go/sqlite"
)

// sqliteRows are the rows that a statement of SQLite gives.
type sqliteRows struct {
	st  *sqliteStatement // nil: closed
	row bool             // one is there to be read
	err error

	// A reader's end with the context, and give the connection back.
	ctx    context.Context
	reader *sqliteReader
	conn   *sqliteConn
}

// Next goes to the next row, and reports whether there is one. Behind the last
// one it closes the rows.
func (r *sqliteRows) Next() bool {
	r.row = false
	if r.st == nil {
		return false
	}
	if r.ctx != nil {
		if err := r.ctx.Err(); err != nil {
			return r.end(err)
		}
	}
	row, err := r.st.Step()
	if err != nil && r.ctx != nil && sqlite.ErrCode(err) == sqlite.ResultInterrupt {
		if ended := r.ctx.Err(); ended != nil {
			err = ended
		}
	}
	if err != nil || !row {
		return r.end(err)
	}
	r.row = true
	return true
}

// end closes the rows because of an error, or behind the last one.
func (r *sqliteRows) end(err error) bool {
	closed := r.Close()
	if r.err = err; err == nil {
		r.err = closed
	}
	return false
}

// Err returns why there is no next row; nil: there are no more.
func (r *sqliteRows) Err() error { return r.err }

// Close ends the statement.
func (r *sqliteRows) Close() error {
	if r.st == nil {
		return nil
	}
	st := r.st
	r.st, r.row = nil, false
	if r.conn == nil {
		return st.done()
	}
	spoilt := r.conn.rest()
	err := st.done()
	if spoilt != nil {
		r.reader.drop(r.conn)
	} else {
		r.reader.put(r.conn)
	}
	r.conn = nil
	return err
}

// Scan reads the row, as that of database/sql does.
func (r *sqliteRows) Scan(to ...any) error {
	if !r.row {
		return errors.New("reading a row: there is none")
	}
	if len(to) != r.st.columns {
		return fmt.Errorf("reading a row: it has %d columns, not %d", r.st.columns, len(to))
	}
	for i, to := range to {
		if err := r.st.read(i, to); err != nil {
			return fmt.Errorf("reading column %d: %w", i+1, err)
		}
	}
	return nil
}

// taker is a destination to which a text can be given as it is. Null is the
// empty one.
type taker interface {
	sql.Scanner
	take(text string)
}

// decoder is a destination to which a text can be given that it may refuse.
// Null is the empty one.
type decoder interface {
	sql.Scanner
	decode(text string) error
}

// counter is a destination to which a number can be given as it is.
type counter interface {
	sql.Scanner
	count(n int64)
}

// read reads a column of the row. What is usual goes straight to where it
// belongs.
func (s *sqliteStatement) read(i int, to any) error {
	kind := s.ColumnType(i)
	switch to := to.(type) {
	case *string:
		if kind == sqlite.TypeText {
			*to = s.ColumnText(i)
			return nil
		}
	case *int64:
		if kind == sqlite.TypeInteger {
			*to = s.ColumnInt64(i)
			return nil
		}
	case *[]byte:
		if kind == sqlite.TypeBlob {
			*to = s.octets(i)
			return nil
		}
	case digest:
		if kind == sqlite.TypeBlob && s.ColumnLen(i) == len(to.to) {
			s.ColumnBytes(i, to.to[:])
			return nil
		}
		return to.Scan(s.value(i, kind))
	case taker:
		switch kind {
		case sqlite.TypeText:
			to.take(s.ColumnText(i))
			return nil
		case sqlite.TypeNull:
			to.take("")
			return nil
		default:
			return to.Scan(s.value(i, kind))
		}
	case decoder:
		switch kind {
		case sqlite.TypeText:
			return to.decode(s.ColumnText(i))
		case sqlite.TypeNull:
			return to.decode("")
		default:
			return to.Scan(s.value(i, kind))
		}
	case counter:
		if kind == sqlite.TypeInteger {
			to.count(s.ColumnInt64(i))
			return nil
		}
		return to.Scan(s.value(i, kind))
	case sql.Scanner:
		return to.Scan(s.value(i, kind))
	default:
		if v := reflect.ValueOf(to); kind == sqlite.TypeText && v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.String {
			v.Elem().SetString(s.ColumnText(i))
			return nil
		}
	}
	return assign(to, s.value(i, kind))
}

// value returns a column as database/sql gives it: nil, int64, float64, string
// or []byte.
func (s *sqliteStatement) value(i int, kind sqlite.ColumnType) any {
	switch kind {
	case sqlite.TypeInteger:
		return s.ColumnInt64(i)
	case sqlite.TypeFloat:
		return s.ColumnFloat(i)
	case sqlite.TypeText:
		return s.ColumnText(i)
	case sqlite.TypeBlob:
		return s.octets(i)
	default:
		return nil
	}
}

// octets returns a blob; nil: it is empty.
func (s *sqliteStatement) octets(i int) []byte {
	n := s.ColumnLen(i)
	if n == 0 {
		return nil
	}
	b := make([]byte, n)
	s.ColumnBytes(i, b)
	return b
}
