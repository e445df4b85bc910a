package connect

import (
	"net/url"
	"testing"

	"github.com/sallyport/sallyport/internal/inspect"
)

// Whatever stands in the URL or comes in the form: a place is one that a list
// made or the beginning, and no row of a table is empty.
func FuzzPeopleForms(f *testing.F) {
	for _, s := range []string{"", "1.cfl_9", ".x", "zz.", "-1.a", "group=a&gives=admin&into=x,,y&group=&label=z&version=9", "group=a&group=b&gives=owner"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p := conflictPlace(s); (p.ID == "") != (p == inspect.Place{}) {
			t.Errorf("conflictPlace(%q) = %+v, which is half a place", s, p)
		}
		form, err := url.ParseQuery(s)
		if err != nil {
			return
		}
		n := newDefaults(form)
		if len(n.Defaults.Mapping.Rows) > len(form["group"]) {
			t.Errorf("%d rows of %d", len(n.Defaults.Mapping.Rows), len(form["group"]))
		}
		for _, r := range n.Defaults.Mapping.Rows {
			if r.Group == "" && r.Label == "" && r.Role == "" && len(r.Groups) == 0 {
				t.Errorf("an empty row of %q", s)
			}
		}
	})
}
