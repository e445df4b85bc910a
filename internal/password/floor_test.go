package password

import (
	"testing"
	"time"
)

func TestADearerSystemSlowsAllWrongAnswersDown(t *testing.T) {
	t.Parallel()
	h := NewHasher()
	h.Floor = 100 * time.Millisecond
	for _, step := range []struct {
		what, cost string
		took, want time.Duration
	}{
		{"ours, in a busy moment", "", time.Second, 100 * time.Millisecond},
		{"a cheap system", "md", 10 * time.Millisecond, 100 * time.Millisecond},
		{"a dear one", "bcrypt12", 400 * time.Millisecond, 500 * time.Millisecond},
		{"nobody, from then on", "", time.Millisecond, 500 * time.Millisecond},
		{"the dear one, in a busy moment", "bcrypt12", 4 * time.Second, 500 * time.Millisecond},
		{"the dear one, at its quickest", "bcrypt12", 200 * time.Millisecond, 250 * time.Millisecond},
		{"one without end", "x", time.Hour, maxFloor + maxFloor/4},
	} {
		if got := h.floor(step.cost, step.took); got != step.want {
			t.Errorf("%s: floor() = %v, want %v", step.what, got, step.want)
		}
	}
}
