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

// What is to be reached, and what a bare server does on the machine that it was set
// for. A slower machine has fewer sign-ins a second of both.
const (
	signInsReach = 1500
	bareThere    = 3400.0
)

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
	least, err := w.startBare(scratch, secret)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, least.stop()) }()
	l, bare := &load{server: s, idp: w, secret: secret}, &load{server: least, idp: w, secret: secret}
	rates, err := byTurns(l, bare)
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
		{"whole SSO sign-ins a second", fmt.Sprintf("%.0f", median(rates[0])), fmt.Sprint(signInsReach)},
		{"a bare server, by turns with it", fmt.Sprintf("%.0f", median(rates[1])), ""},
		{"share of its rate", fmt.Sprintf("%.0f %%", 100*median(shares(rates))), fmt.Sprintf("%.0f %%", 100*signInsReach/bareThere)},
		{"codes exchanged for tokens a second", fmt.Sprintf("%.0f", exchanges), "4000"},
		{"start to first answer", fmt.Sprintf("%d ms", s.ready.Milliseconds()), "100 ms"},
		{"memory, idle", fmt.Sprintf("%.0f MB", idle), "40 MB"},
		{"memory, under load", fmt.Sprintf("%.0f MB", busy), "80 MB"},
	})
}

// turns is how often each of two servers has its turn.
const turns = 5

// byTurns has people sign in at two servers by turns, and returns how many sign-ins
// each does in a second of its CPU time.
func byTurns(first, second *load) (rates [2][]float64, err error) {
	loads := [2]*load{first, second}
	for _, l := range loads {
		if _, err := l.signIns(warmUp); err != nil {
			return rates, err
		}
	}
	for range turns {
		for i, l := range loads {
			rate, err := l.signIns(signIns / turns)
			if err != nil {
				return rates, err
			}
			rates[i] = append(rates[i], rate)
		}
	}
	return rates, nil
}

// shares returns the share that the first rate of each turn is of the second.
func shares(rates [2][]float64) []float64 {
	all := make([]float64, len(rates[0]))
	for i := range all {
		all[i] = rates[0][i] / rates[1][i]
	}
	return all
}

// What is stored where a server is full.
const (
	storedConnections = 100_000
	storedPeople      = 1_000_000
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
		loads = append(loads, &load{server: s, idp: w, secret: secret})
	}
	rates, err := byTurns(loads[0], loads[1])
	if err != nil {
		return "", err
	}
	return table(fmt.Sprintf("Whole SSO sign-ins in each second of the server's CPU time, with %d connections and %d people stored", storedConnections, storedPeople), [][]string{
		{"", "empty", "full", "full of empty", "to reach"},
		{"", fmt.Sprintf("%.0f", median(rates[0])), fmt.Sprintf("%.0f", median(rates[1])), fmt.Sprintf("%.0f %%", 100/median(shares(rates))), fmt.Sprintf("%.0f %%", 100*storedReach)},
	})
}
