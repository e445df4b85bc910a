package main

import (
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// rounds is how often every contender has its turn, and turn for how long.
const (
	rounds = 41
	turn   = 40 * time.Millisecond
)

// A contender is one way to verify messages.
type contender interface {
	// verify verifies the form field of a message so often and returns the CPU
	// time that it took. The error says why it was refused.
	verify(m *message, form string, times int) (time.Duration, error)
}

// cost is what one contender costs.
type cost struct {
	micros   float64 // of CPU time
	multiple float64 // of the first contender, in the same round
}

// measure lets the contenders take turns at a message and returns the medians. The
// place of one that cannot do it is empty, and so is its cost.
func measure(m *message, contenders []contender) ([]cost, error) {
	times := make([]int, len(contenders))
	micros := make([][]float64, len(contenders))
	multiples := make([][]float64, len(contenders))
	for i, c := range contenders {
		if c == nil {
			continue
		}
		var err error
		if times[i], err = timesOf(c, m); err != nil {
			return nil, err
		}
	}
	for range rounds {
		var first float64
		for i, c := range contenders {
			if c == nil {
				continue
			}
			spent, err := c.verify(m, m.form, times[i])
			if err != nil {
				return nil, fmt.Errorf("refused in a later round: %w", err)
			}
			each := float64(spent.Nanoseconds()) / 1e3 / float64(times[i])
			if i == 0 {
				first = each
			}
			micros[i] = append(micros[i], each)
			multiples[i] = append(multiples[i], each/first)
		}
	}
	costs := make([]cost, len(contenders))
	for i := range costs {
		if len(micros[i]) > 0 {
			costs[i] = cost{median(micros[i]), median(multiples[i])}
		}
	}
	return costs, nil
}

// timesOf returns how often a message can be verified in a turn.
func timesOf(c contender, m *message) (int, error) {
	for times := 1; ; times *= 2 {
		spent, err := c.verify(m, m.form, times)
		if err != nil {
			return 0, err
		}
		if spent >= turn {
			return max(1, int(float64(times)*float64(turn)/float64(spent))), nil
		}
	}
}

// local is a contender in this process.
type local func(m *message, form string) error

// verify implements [contender]. What the contender before has left to be
// collected is not on the bill.
func (work local) verify(m *message, form string, times int) (time.Duration, error) {
	runtime.GC()
	before := cpuTime()
	for range times {
		if err := work(m, form); err != nil {
			return 0, err
		}
	}
	return cpuTime() - before, nil
}

// cpuTime returns the CPU time that this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // RUSAGE_SELF cannot fail
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// allocated returns how often a piece of work allocates, and how many octets.
func allocated(times int, work func()) (objects, octets float64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range times {
		work()
	}
	runtime.ReadMemStats(&after)
	n := float64(times)
	return float64(after.Mallocs-before.Mallocs) / n, float64(after.TotalAlloc-before.TotalAlloc) / n
}

func median(samples []float64) float64 {
	slices.Sort(samples)
	return samples[len(samples)/2]
}
