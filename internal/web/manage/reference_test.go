package manage

import (
	"strings"
	"testing"
)

// Who hears the page is told what each column is.
func TestEveryColumnOfTheReferenceHasAName(t *testing.T) {
	t.Parallel()
	page, err := referenceFiles.ReadFile("templates/reference.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, head := range strings.Split(string(page), "<th ")[1:] {
		if _, name, _ := strings.Cut(head, ">"); strings.HasPrefix(name, "</th>") {
			t.Errorf("a column has no name: <th %s", head)
		}
	}
}
