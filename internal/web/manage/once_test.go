package manage

import "testing"

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
