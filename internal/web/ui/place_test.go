package ui_test

import (
	"bytes"
	"testing"

	"github.com/sallyport/sallyport/internal/web/ui"
)

// Whatever stands for a place in a URL is one that we made, or the beginning,
// and what we make comes back as it was.
func FuzzPlace(f *testing.F) {
	for _, s := range []string{"", ".", "YQ.usr_1", "!!.x", "a.b.c", "0.x", "0.", "zz.", "1.cfl_9", ".x", "zz.usr_1", "-1.x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if key, id := ui.ReadKeyPlace(s); id != "" {
			if again, same := ui.ReadKeyPlace(ui.KeyPlace(key, id)); !bytes.Equal(again, key) || same != id {
				t.Errorf("ReadKeyPlace(%q) = %q, %q and then %q, %q", s, key, id, again, same)
			}
		}
		at, id := ui.ReadTimePlace(s)
		if id == "" && !at.IsZero() {
			t.Errorf("ReadTimePlace(%q) = %v, which is half a place", s, at)
		}
		if id != "" {
			if again, same := ui.ReadTimePlace(ui.TimePlace(at, id)); !again.Equal(at) || same != id {
				t.Errorf("ReadTimePlace(%q) = %v, %q and then %v, %q", s, at, id, again, same)
			}
		}
	})
}
