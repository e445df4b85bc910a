package setup_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
)

// A connection makes members in its own tree alone, also after a part of it
// has moved away.
func TestMoveLeavesNoDefaultsBehind(t *testing.T) {
	t.Parallel()
	const before = `
organizations:
  - {key: top, connections: [{key: top-idp, defaults: {organizations: [top, leaf]}}]}
  - {key: acme, parent: top, connections: [{key: acme-idp, defaults: {organizations: [acme, leaf]}}]}
  - {key: kid, parent: acme, connections: [{key: kid-idp, defaults: {organizations: [kid, leaf]}}]}
  - {key: leaf, parent: kid}
  - {key: other}
`
	eachEngine(t, func(t *testing.T, h *house) {
		refuse(t, h, before, map[string]refusal{
			"out of the tree": {
				`organizations: [{key: kid, parent: ""}]`,
				`organizations: [{key: kid, parent: ""}, {key: acme, connections: [{key: acme-idp, defaults: {organizations: []}}]}, {key: top, connections: [{key: top-idp, defaults: {organizations: [acme]}}]}]`,
				"defaults_tree", []string{"connection ", `got "leaf"`},
			},
			"into another tree": {
				`organizations: [{key: leaf, parent: other}]`,
				`organizations: [{key: leaf, parent: other}, {key: kid, connections: [{key: kid-idp, defaults: {organizations: []}}]}, {key: acme, connections: [{key: acme-idp, defaults: {organizations: []}}]}, {key: top, connections: [{key: top-idp, defaults: {organizations: []}}]}]`,
				"defaults_tree", nil,
			},
			"upwards, past one connection": {
				`organizations: [{key: kid, parent: top}]`,
				`organizations: [{key: kid, parent: top}, {key: acme, connections: [{key: acme-idp, defaults: {organizations: [acme]}}]}]`,
				"defaults_tree", []string{"connection acme-idp: ", "at or below acme"},
			},
		})
		// What moves together stays together.
		if got := h.must(`organizations: [{key: top, parent: other}]`); len(got) != 1 || got[0] != "organization top: changed parent" {
			t.Errorf("the whole tree: %q, want it moved", got)
		}
		if leaf := h.organization("leaf"); len(leaf.Path) != 5 || leaf.Path[0] != h.organization("other").ID {
			t.Errorf("leaf stands at %v, want it below other", leaf.Path)
		}
	})
}

// The end counts, not the order of the file or a state in between.
func TestTreeIsTurnedInOneFile(t *testing.T) {
	t.Parallel()
	const before = `organizations: [{key: a}, {key: b, parent: a}, {key: c, parent: b}, {key: d, parent: c}]`
	for name, tc := range map[string]struct{ file, path string }{
		"upside down":                {`organizations: [{key: a, parent: b}, {key: b, parent: ""}]`, "b/a"},
		"below what moves with it":   {`organizations: [{key: a, parent: c}, {key: c}, {key: b, parent: ""}]`, "b/c/a"},
		"a new one below the moved":  {`organizations: [{key: a, parent: d}, {key: x, parent: a}, {key: c, parent: ""}]`, "c/d/a"},
		"an old one below the moved": {`organizations: [{key: d, parent: b}, {key: b, parent: ""}, {key: a, parent: d}]`, "b/d/a"},
	} {
		eachEngine(t, func(t *testing.T, h *house) {
			h.must(before)
			h.must(tc.file)
			if again := h.must(tc.file); len(again) != 0 {
				t.Errorf("%s: the second time: %q, want nothing", name, again)
			}
			want := []sso.OrgID{}
			for key := range strings.SplitSeq(tc.path, "/") {
				want = append(want, h.organization(key).ID)
			}
			if got := h.organization("a").Path; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: a stands at %v, want %v", name, got, want)
			}
		})
	}
}

func TestTreeStaysWithinItsDepth(t *testing.T) {
	t.Parallel()
	var chain strings.Builder
	chain.WriteString("organizations: [{key: k1}")
	for i := 2; i <= sso.MaxTreeDepth; i++ {
		fmt.Fprintf(&chain, ", {key: k%d, parent: k%d}", i, i-1)
	}
	eachEngine(t, func(t *testing.T, h *house) {
		refuse(t, h, chain.String()+", {key: top}, {key: small}]", map[string]refusal{
			"moved with all below": {`organizations: [{key: k1, parent: top}]`, `organizations: [{key: k2, parent: top}]`, "organization_depth", []string{"organization k8: "}},
			"new below the last":   {`organizations: [{key: k9, parent: k8}]`, `organizations: [{key: k9, parent: k7}]`, "organization_depth", nil},
			"a chain in one file": {
				`organizations: [{key: l9, parent: l8}, {key: l8, parent: l7}, {key: l7, parent: l6}, {key: l6, parent: l5}, {key: l5, parent: l4}, {key: l4, parent: l3}, {key: l3, parent: l2}, {key: l2, parent: l1}, {key: l1}]`,
				`organizations: [{key: l8, parent: l7}, {key: l7, parent: l6}, {key: l6, parent: l5}, {key: l5, parent: l4}, {key: l4, parent: l3}, {key: l3, parent: l2}, {key: l2, parent: l1}, {key: l1}]`,
				"organization_depth", nil,
			},
			"a circle through the database": {`organizations: [{key: k1, parent: k3}]`, `organizations: [{key: k3, parent: ""}, {key: k1, parent: k3}, {key: k4, parent: ""}]`, "organization_cycle", nil},
			"a circle in the file":          {`organizations: [{key: top, parent: small}, {key: small, parent: top}]`, `organizations: [{key: top, parent: small}]`, "organization_cycle", nil},
		})
	})
}
