package manage

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/provision"
)

// Whatever is sent as a cursor is refused, or is a place that is written the way
// it is read.
func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(cursor(&provision.PeoplePlace{Key: []byte("a"), User: "usr_1"}))
	f.Add("e30")
	f.Add("bnVsbA")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := place[provision.PeoplePlace](text)
		if err != nil {
			if !fault.Is(err, "api_cursor") {
				t.Errorf("place(%q) = %v", text, err)
			}
			return
		}
		again, err := place[provision.PeoplePlace](cursor(&p))
		if err != nil || cursor(&again) != cursor(&p) {
			t.Errorf("%q is read as %v, and written and read as %v, %v", text, p, again, err)
		}
	})
}

// A pointer leads to somewhere in a document: each of its parts begins with a
// stroke, and no tilde stands for nothing [RFC 6901 3].
func FuzzPointer(f *testing.F) {
	f.Add("body.items[3].name")
	f.Add("query.limit")
	f.Add("body.a~b/c")
	f.Fuzz(func(t *testing.T, at string) {
		p := pointer(at)
		if !strings.HasPrefix(at, "body") {
			return
		}
		if p != "" && p[0] != '/' {
			t.Errorf("pointer(%q) = %q", at, p)
		}
		if rest := strings.NewReplacer("~0", "", "~1", "").Replace(p); strings.Contains(rest, "~") {
			t.Errorf("pointer(%q) = %q, in which a tilde stands for nothing", at, p)
		}
		if _, err := json.Marshal(p); err != nil {
			t.Errorf("pointer(%q) cannot be written: %v", at, err)
		}
	})
}

// What has each field once, and no null, is let pass within its bounds; what is put in front of it
// a second time is not, and the pointer says which.
func FuzzOnce(f *testing.F) {
	f.Add(`{"a":[{"b":1},{"b":2}],"c":{"a":0}}`, "a")
	f.Add(`[1,{"a":{}},"a"]`, "b/~")
	f.Add(`{"a":"b","b":"a"}`, "")
	f.Fuzz(func(t *testing.T, text, name string) {
		var v any
		if json.Unmarshal([]byte(text), &v) != nil {
			_ = once([]byte(text)) // it comes to an end
			return
		}
		plain, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		err = once([]byte("[[" + string(plain) + ",0]]"))
		_, much := errors.AsType[tooMuch](err)
		_, null := errors.AsType[*nothing](err)
		if much || null {
			return // and so is what follows
		}
		if err != nil {
			t.Errorf("once(%s) = %v", plain, err)
		}
		key, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		var read string // as it is read, whatever octets it had
		if err := json.Unmarshal(key, &read); err != nil {
			t.Fatal(err)
		}
		twice := `[{` + string(key) + `:` + string(plain) + `,` + string(key) + `:0}]`
		if got, ok := errors.AsType[*repeated](once([]byte(twice))); !ok || got.pointer != "/0/"+escape(read) {
			t.Errorf("once(%s) = %v", twice, got)
		}
	})
}
