package store

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// bind gives a statement its arguments.
func (s *sqliteStatement) bind(args []any) error {
	if len(args) != s.args {
		return fmt.Errorf("a statement that takes %d arguments is given %d", s.args, len(args))
	}
	for i, n := range s.order {
		if err := s.bindOne(i+1, args[n]); err != nil {
			return fmt.Errorf("argument $%d: %w", n+1, err)
		}
	}
	return nil
}

// bindOne gives a parameter its value, by the rules of database/sql.
func (s *sqliteStatement) bindOne(i int, arg any) error {
	if s.bindUsual(i, arg) {
		return nil
	}
	if json, ok := arg.(encoded); ok {
		text, err := json.text()
		s.bindText(i, text)
		return err
	}
	if _, ok := arg.(driver.Valuer); !ok {
		if v := reflect.ValueOf(arg); v.Kind() == reflect.String {
			s.bindText(i, v.String())
			return nil
		}
	}
	v, err := driver.DefaultParameterConverter.ConvertValue(arg)
	if err == nil && !s.bindUsual(i, v) {
		err = fmt.Errorf("a %T has no form in the database", v)
	}
	return err
}

// bindUsual gives a parameter its value, where that is of a usual type.
func (s *sqliteStatement) bindUsual(i int, arg any) bool {
	switch v := arg.(type) {
	case nil:
		s.BindNull(i)
	case string:
		s.bindText(i, v)
	case int64:
		s.BindInt64(i, v)
	case int:
		s.BindInt64(i, int64(v))
	case bool:
		s.BindBool(i, v)
	case float64:
		s.BindFloat(i, v)
	case []byte:
		if v == nil {
			s.BindNull(i)
		} else {
			s.BindBytes(i, v)
			s.weigh(i, len(v))
		}
	default:
		return false
	}
	return true
}

func (s *sqliteStatement) bindText(i int, text string) {
	s.BindText(i, text)
	s.weigh(i, len(text))
}

// largeValue is how many octets a value has at least that is not kept when its
// statement has run.
const largeValue = 4096

func (s *sqliteStatement) weigh(i, octets int) {
	if octets >= largeValue {
		s.large = append(s.large, i)
	}
}

// assign gives a destination what stands in a column, by the rules of
// database/sql.
func assign(to, from any) error {
	v := reflect.ValueOf(to)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return errors.New("the destination is no pointer")
	}
	v = v.Elem()
	switch kind := v.Kind(); {
	case kind == reflect.Bool:
		b, err := driver.Bool.ConvertValue(from)
		if b, ok := b.(bool); ok {
			v.SetBool(b)
		}
		return err
	case kind == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		switch from := from.(type) {
		case nil:
			v.SetBytes(nil)
			return nil
		case []byte:
			v.SetBytes(from)
			return nil
		}
		if v.Type() == reflect.TypeFor[[]byte]() {
			v.SetBytes([]byte(textual(from)))
			return nil
		}
	case from == nil:
		return fmt.Errorf("converting NULL to %s is unsupported", kind)
	case kind == reflect.String:
		switch from := from.(type) {
		case string:
			v.SetString(from)
			return nil
		case []byte:
			v.SetString(string(from))
			return nil
		}
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(textual(from))
			return nil
		}
	case v.CanInt():
		text := textual(from)
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("converting %T (%q) to a %s: %w", from, text, kind, errors.Unwrap(err))
		}
		v.SetInt(n)
		return nil
	}
	return fmt.Errorf("a %T cannot be stored in a %s", from, v.Type())
}

// textual is what stands in a column, written out.
func textual(from any) string {
	switch v := from.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}
