package manage

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport/sallyport/internal/web"
)

// A number that does not fit is refused in words that say nothing of Go.
func TestANumberOutOfRangeIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{`{"limit":1e400}`: "the number 1e400 is out of range", `{"limit":1e300}`: ""} {
		var v any
		got := ""
		if err := unmarshal([]byte(text), &v); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("unmarshal(%s) = %q, want %q", text, got, want)
		}
	}
}

// What is wrong with a request is listed as far as anybody reads it: an answer is
// not many times the request.
func TestNotAllThatIsWrongIsListed(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{1: 1, maxMembers: maxMembers, maxMembers + 1: maxMembers} {
		model := &huma.ErrorModel{Status: http.StatusUnprocessableEntity}
		for i := range n {
			model.Errors = append(model.Errors, &huma.ErrorDetail{Message: "expected string", Location: "body.emails[" + strconv.Itoa(i) + "]"})
		}
		got, ok := errors.AsType[*web.WrongRequest](wrong(model))
		if !ok || len(got.Members) != want || got.Members[0].Pointer != "/emails/0" {
			t.Errorf("of %d parts %v are listed, want %d from the first on", n, got, want)
		}
	}
}

// A document of few octets that would take much memory once it is read is refused
// before it is; one value less, or one level, and it is read.
func TestADocumentHasBounds(t *testing.T) {
	t.Parallel()
	list := func(of string, n int) string { return "[" + strings.Repeat(of+",", n-2) + of + "]" } // of n values
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for name, tc := range map[string]struct {
		text string
		ok   bool
	}{
		"as many values as may be": {list("0", maxValues), true},
		"one more":                 {list("0", maxValues+1), false},
		"as many lists":            {list("[]", maxValues), true},
		"one more list":            {list("[]", maxValues+1), false},
		"as many levels as may be": {nested(maxLevels), true},
		"one more level":           {nested(maxLevels + 1), false},
		"one more, of objects":     {strings.Repeat(`{"a":`, maxLevels+1), false},
		"a long text":              {`["` + strings.Repeat("x", 1<<20) + `"]`, true},
	} {
		err := once([]byte(tc.text))
		if _, much := errors.AsType[tooMuch](err); much == tc.ok || tc.ok && err != nil {
			t.Errorf("%s: %v, want it read: %t", name, err, tc.ok)
		}
	}
}
