package main

import (
	"testing"

	"github.com/sallyport/sallyport/internal/web/ui"
)

// TestPagesFitTogether reads all pages in all languages, which a server does as
// they are asked for: the tests of a transport see nothing of the others.
func TestPagesFitTogether(t *testing.T) {
	t.Parallel()
	pages, err := ui.New(ui.Options{}, pageSets()...)
	if err != nil {
		t.Fatal(err)
	}
	if err := pages.Load(); err != nil {
		t.Fatal(err)
	}
}
