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

// A contender is one way to do the work; it is asked to do it once.
type contender func() error

// Places of the contenders in a case.
const (
	floor = iota
	sallyport
	goxmldsig
	crewjam
	contenderCount
)

// cost is what one contender costs.
type cost struct {
	micros      float64 // of CPU time
	multiple    float64 // of the floor in the same round
	allocations float64
}

// measure lets the contenders take turns and returns the medians.
func measure(contenders [contenderCount]contender) ([contenderCount]cost, error) {
	var result [contenderCount]cost
	var loops [contenderCount]int
	var samples, multiples [contenderCount][]float64
	for i, work := range contenders {
		if work == nil {
			continue
		}
		if err := work(); err != nil {
			return result, err
		}
		loops[i] = loopsOf(work)
		result[i].allocations = allocations(work)
	}
	for range rounds {
		var micros [contenderCount]float64
		for i, work := range contenders {
			if work == nil {
				continue
			}
			spent, err := timed(work, loops[i])
			if err != nil {
				return result, err
			}
			micros[i] = spent
		}
		for i := range contenders {
			samples[i] = append(samples[i], micros[i])
			multiples[i] = append(multiples[i], micros[i]/micros[floor])
		}
	}
	for i := range result {
		result[i].micros, result[i].multiple = median(samples[i]), median(multiples[i])
	}
	return result, nil
}

// loopsOf returns how often the work fits into a turn.
func loopsOf(work contender) int {
	n := 0
	for start := time.Now(); time.Since(start) < turn; n++ {
		if work() != nil {
			break
		}
	}
	return max(n, 1)
}

// timed returns the CPU time of one piece of work, in microseconds. What the
// contender before has left to be collected is not on its bill.
func timed(work contender, loops int) (float64, error) {
	runtime.GC()
	before := cpuTime()
	for range loops {
		if err := work(); err != nil {
			return 0, fmt.Errorf("refused in a later round: %w", err)
		}
	}
	return float64((cpuTime() - before).Nanoseconds()) / 1e3 / float64(loops), nil
}

// cpuTime returns the CPU time that the process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // RUSAGE_SELF cannot fail
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// allocations returns how often one piece of work allocates.
func allocations(work contender) float64 {
	const loops = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range loops {
		if work() != nil {
			break
		}
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / loops
}

func median(samples []float64) float64 {
	slices.Sort(samples)
	return samples[len(samples)/2]
}
