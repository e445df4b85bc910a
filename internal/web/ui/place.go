package ui

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A place in a list, to go on from, stands in the URL as one word: what the
// list is ordered by, and which of those that have the same.

// KeyPlace returns a place in a list that is ordered by keys.
func KeyPlace(key []byte, id string) string {
	return base64.RawURLEncoding.EncodeToString(key) + "." + id
}

// ReadKeyPlace reads a place of [KeyPlace]. One that we did not make is the
// beginning.
func ReadKeyPlace(s string) (key []byte, id string) {
	first, id, ok := strings.Cut(s, ".")
	key, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil || !ok {
		return nil, ""
	}
	return key, id
}

// TimePlace returns a place in a list that is ordered by instants.
func TimePlace(at time.Time, id string) string {
	micros := int64(0)
	if !at.IsZero() {
		micros = at.UnixMicro()
	}
	return strconv.FormatInt(micros, 36) + "." + id
}

// ReadTimePlace reads a place of [TimePlace]. One that we did not make is the
// beginning.
func ReadTimePlace(s string) (at time.Time, id string) {
	first, id, ok := strings.Cut(s, ".")
	micros, err := strconv.ParseInt(first, 36, 64)
	if err != nil || !ok || id == "" {
		return time.Time{}, ""
	}
	if micros != 0 {
		at = time.UnixMicro(micros).UTC()
	}
	return at, id
}

// Page fills in the pager: next is the place at which the next page begins, ""
// for none.
func (t *Table) Page(r *http.Request, next string) {
	if next != "" {
		t.Pager.Next = Again(r, "after", next)
	}
	if r.URL.Query().Has("after") {
		t.Pager.Previous = Again(r)
	}
}
