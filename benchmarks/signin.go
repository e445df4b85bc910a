package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// How sign-ins are measured: so many people at the same time, of so many.
const (
	browsers = 32
	people   = 400
	warmUp   = 400
	signIns  = 4000
)

// What is to be reached, and the floor of (a) on the machine that it was set for, in
// microseconds. A slower machine has fewer sign-ins a second, and a higher floor.
const (
	signInsReach = 1500
	floorThere   = 37.0
)

// A yardstick tells how fast the machine is while something else is measured, by the
// floor of (a).
type yardstick struct {
	floor local
	of    *message
	times int // in a turn
	taken []float64
}

func (w *world) newYardstick() (*yardstick, error) {
	all, err := messages(w)
	if err != nil {
		return nil, err
	}
	y := &yardstick{of: all[0]}
	if y.floor, err = w.floor(y.of); err != nil {
		return nil, err
	}
	y.times, err = timesOf(y.floor, y.of)
	return y, err
}

// take has it take its turn.
func (y *yardstick) take() error {
	spent, err := y.floor.verify(y.of, y.of.form, y.times)
	y.taken = append(y.taken, float64(spent.Nanoseconds())/1e3/float64(y.times))
	return err
}

// micros returns what the floor takes, in microseconds of CPU time.
func (y *yardstick) micros() float64 { return median(y.taken) }

// signins tells how many sign-ins and exchanges the server does in a second of
// its CPU time.
func signins(w *world, scratch string) (text string, err error) {
	secret := rand.Text() + rand.Text()
	s, err := w.startServer(scratch, "signins.db", secret)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	idle, err := s.memory()
	if err != nil {
		return "", err
	}
	beside, err := w.newYardstick()
	if err != nil {
		return "", err
	}
	l := &load{server: s, idp: w, secret: secret}
	if _, err := l.signIns(warmUp); err != nil {
		return "", err
	}
	l.before = beside.take
	whole, err := l.signIns(signIns)
	if err != nil {
		return "", err
	}
	busy, err := s.memory()
	if err != nil {
		return "", err
	}
	exchanges, err := l.exchanges(signIns)
	if err != nil {
		return "", err
	}
	return table("The server on SQLite, in a process of its own; rates are for each second of its CPU time", [][]string{
		{"", "here", "to reach"},
		{"whole SSO sign-ins a second", fmt.Sprintf("%.0f", whole), fmt.Sprint(signInsReach)},
		{"one of them, in floors of (a)", fmt.Sprintf("%.1f ×", 1e6/whole/beside.micros()), fmt.Sprintf("%.1f ×", 1e6/signInsReach/floorThere)},
		{"floor of (a), by turns with them", fmt.Sprintf("%.1f µs", beside.micros()), ""},
		{"codes exchanged for tokens a second", fmt.Sprintf("%.0f", exchanges), "4000"},
		{"start to first answer", fmt.Sprintf("%d ms", s.ready.Milliseconds()), "100 ms"},
		{"memory, idle", fmt.Sprintf("%.0f MB", idle), "40 MB"},
		{"memory, under load", fmt.Sprintf("%.0f MB", busy), "80 MB"},
	})
}

// What is stored where a server is full.
const (
	storedConnections = 100_000
	storedPeople      = 1_000_000
	storedTurns       = 5
	storedReach       = 0.9 // of the rate of an empty one
)

// stored tells how many sign-ins a second a server does that is full, and one
// that is empty, by turns.
func stored(w *world, scratch string) (text string, err error) {
	binary, err := program(scratch)
	if err != nil {
		return "", err
	}
	fill := exec.CommandContext(context.Background(), binary, "dev", "fill", "--database", "sqlite:"+filepath.Join(scratch, "stored.db"),
		"--organizations", strconv.Itoa(storedConnections), "--users", strconv.Itoa(storedPeople), "--events", "0")
	fill.Dir, fill.Stderr = scratch, os.Stderr
	if err := fill.Run(); err != nil {
		return "", fmt.Errorf("filling a database: %w", err)
	}
	secret := rand.Text() + rand.Text()
	var loads []*load
	defer func() {
		for _, l := range loads {
			err = errors.Join(err, l.server.stop())
		}
	}()
	for _, file := range []string{"empty.db", "stored.db"} {
		s, err := w.startServer(scratch, file, secret)
		if err != nil {
			return "", err
		}
		l := &load{server: s, idp: w, secret: secret}
		loads = append(loads, l)
		if _, err := l.signIns(warmUp); err != nil {
			return "", err
		}
	}
	rates, shares := [2][]float64{}, []float64{}
	for range storedTurns {
		for i, l := range loads {
			rate, err := l.signIns(signIns / storedTurns)
			if err != nil {
				return "", err
			}
			rates[i] = append(rates[i], rate)
		}
		shares = append(shares, rates[1][len(shares)]/rates[0][len(shares)])
	}
	return table(fmt.Sprintf("Whole SSO sign-ins in each second of the server's CPU time, with %d connections and %d people stored", storedConnections, storedPeople), [][]string{
		{"", "empty", "full", "full of empty", "to reach"},
		{"", fmt.Sprintf("%.0f", median(rates[0])), fmt.Sprintf("%.0f", median(rates[1])), fmt.Sprintf("%.0f %%", 100*median(shares)), fmt.Sprintf("%.0f %%", 100*storedReach)},
	})
}
