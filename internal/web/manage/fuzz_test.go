package manage

import (
	"encoding/json"
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
