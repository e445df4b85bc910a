package manage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// repeated says that a member of an object stands there a second time. Readers
// differ in which one counts, so none does.
type repeated struct{ pointer string }

// repeatedAt begins what is said of it; the pointer follows.
const repeatedAt = "expected each field once, and not a second time "

// Error implements [error].
func (r *repeated) Error() string { return repeatedAt + r.pointer }

// nothing says that null stands somewhere. It would be read as a field that is
// left out, which stays as it is, where who sends it may mean that it be emptied.
type nothing struct{ pointer string }

// nothingAt begins what is said of it; the pointer follows.
const nothingAt = "expected a value, and not null, at "

// Error implements [error].
func (n *nothing) Error() string { return nothingAt + n.pointer }

// Bounds of a document. What it holds takes many times more memory than its text
// once it is read, and no operation has a use for so much but in one long string.
const (
	maxValues = 1 << 15
	maxLevels = 64
)

// tooMuch says what of a document is beyond its bounds.
type tooMuch string

// Error implements [error].
func (t tooMuch) Error() string { return string(t) }

// unmarshal is [json.Unmarshal], but for objects with a field that comes twice,
// for null, and for what is too much: those are refused, and what is wrong is said
// in the words of JSON.
func unmarshal(b []byte, v any) error {
	if err := once(b); err != nil {
		return err
	}
	err := json.Unmarshal(b, v)
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && strings.HasPrefix(t.Value, "number ") {
		return fmt.Errorf("the %s is out of range", t.Value)
	}
	return err
}

// level is an object or list that is being read.
type level struct {
	seen  map[string]bool // fields of an object; nil: it is a list
	name  string          // of the field that is being read; "": a name comes next
	named bool
	at    int // in a list
}

// once refuses objects with a field that comes twice, null in them and in lists,
// and a document beyond its bounds. What is no JSON is left to who reads it.
func once(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var levels []level
	for values := 0; ; {
		t, err := d.Token()
		if errors.Is(err, io.EOF) || err != nil {
			return nil
		}
		if n := len(levels); n > 0 {
			l := &levels[n-1]
			if name, ok := t.(string); ok && l.seen != nil && !l.named {
				l.name, l.named = name, true
				if l.seen[name] {
					return &repeated{pointerOf(levels)}
				}
				l.seen[name] = true
				continue
			}
		}
		if t == json.Delim('}') || t == json.Delim(']') {
			levels = levels[:len(levels)-1]
			valued(levels)
			continue
		}
		if t == nil && len(levels) > 0 {
			return &nothing{pointerOf(levels)}
		}
		if values++; values > maxValues {
			return tooMuch(fmt.Sprintf("expected at most %d values", maxValues))
		}
		switch t {
		case json.Delim('{'):
			levels = append(levels, level{seen: map[string]bool{}})
		case json.Delim('['):
			levels = append(levels, level{})
		default:
			valued(levels)
		}
		if len(levels) > maxLevels {
			return tooMuch(fmt.Sprintf("expected at most %d levels", maxLevels))
		}
	}
}

// valued notes that a value has come to its end.
func valued(levels []level) {
	if n := len(levels); n > 0 {
		levels[n-1].named = false
		levels[n-1].at++
	}
}

// pointerOf returns where somebody is who reads [RFC 6901].
func pointerOf(levels []level) string {
	var p strings.Builder
	for i := range levels {
		part := strconv.Itoa(levels[i].at)
		if levels[i].seen != nil {
			part = escape(levels[i].name)
		}
		p.WriteString("/" + part)
	}
	return p.String()
}

// escape writes a part of a pointer.
func escape(part string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(part) }
