package connect

import (
	"net/url"
	"testing"
)

// Whatever comes in the form, no row of a table is empty.
func FuzzPeopleForms(f *testing.F) {
	for _, s := range []string{"", "group=a&gives=admin&into=x,,y&group=&label=z&version=9", "group=a&group=b&gives=owner"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
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
