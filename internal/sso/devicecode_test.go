package sso_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

func TestADeviceCodeIsOpenOnceAndForMinutes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, tc := range map[string]struct {
		state sso.DeviceCodeState
		left  time.Duration
		open  bool
	}{
		"pending":  {sso.DevicePending, time.Microsecond, true},
		"expired":  {sso.DevicePending, 0, false},
		"approved": {sso.DeviceApproved, time.Minute, false},
		"refused":  {sso.DeviceRefused, time.Minute, false},
		"used":     {sso.DeviceUsed, time.Minute, false},
		"of none":  {"", time.Minute, false},
	} {
		c := sso.DeviceCode{State: tc.state, ExpiresAt: now.Add(tc.left)}
		if err := c.Open(now); (err == nil) != tc.open || err != nil && !fault.Is(err, "device_code_unknown") {
			t.Errorf("%s: Open() = %v", name, err)
		}
	}
}

// Whoever asks too often waits five seconds more each time, and never less.
func TestADeviceIsAskedToSlowDown(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := sso.DeviceCode{Interval: sso.DurationOf(sso.DeviceCodeInterval)}
	for i, tc := range []struct {
		after    time.Duration
		tooOften bool
		interval time.Duration
	}{
		{0, false, 5 * time.Second},
		{5 * time.Second, false, 5 * time.Second},
		{5*time.Second - time.Microsecond, true, 10 * time.Second},
		{9 * time.Second, true, 15 * time.Second},
		{15 * time.Second, false, 15 * time.Second},
	} {
		now = now.Add(tc.after)
		if got := c.Asked(now); got != tc.tooOften || c.Interval.Std() != tc.interval || !c.AskedAt.Equal(now) {
			t.Errorf("question %d: Asked() = %v, the interval is %v; want %v, %v", i+1, got, c.Interval.Std(), tc.tooOften, tc.interval)
		}
	}
}
