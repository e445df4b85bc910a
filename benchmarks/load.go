package main

import (
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// load is many people who sign in.
type load struct {
	server *server
	idp    *world
	secret string
	next   atomic.Int64
}

// spend does a thing so often, by several at the same time, and returns the CPU
// time that the server took meanwhile. do is told which turn it is, from 0.
func (l *load) spend(times int, do func(turn int) error) (time.Duration, error) {
	before, err := l.server.cpuTime()
	if err != nil {
		return 0, err
	}
	turns := make(chan int, times)
	for i := range times {
		turns <- i
	}
	close(turns)
	failures := make(chan error, browsers)
	var all sync.WaitGroup
	for range browsers {
		all.Go(func() {
			for i := range turns {
				if err := do(i); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(failures)
	if err := <-failures; err != nil {
		return 0, err
	}
	after, err := l.server.cpuTime()
	return after - before, err
}

// signIns returns how many whole sign-ins the server does in a second of its CPU
// time. The identity provider answers all of them between two stretches that are
// billed: to sign takes more than all that the server does, and would take the
// cores from it while many wait.
func (l *load) signIns(times int) (float64, error) {
	visits := make([]*visit, times)
	leaving, err := l.spend(times, func(i int) (err error) {
		visits[i], err = l.leave(fmt.Sprintf("user%d@%s", l.next.Add(1)%people, domain))
		return err
	})
	if err != nil {
		return 0, err
	}
	if _, err := l.spend(times, func(i int) error { return l.idp.answer(visits[i], l.server.base) }); err != nil {
		return 0, err
	}
	returning, err := l.spend(times, func(i int) error { return l.enter(visits[i]) })
	return float64(times) / (leaving + returning).Seconds(), err
}

// exchanges returns how many codes are exchanged in a second of CPU time: the
// codes are of people who are signed in, and not on the bill.
func (l *load) exchanges(times int) (float64, error) {
	v, err := l.leave("user0@" + domain)
	if err != nil {
		return 0, err
	}
	if err := l.idp.answer(v, l.server.base); err != nil {
		return 0, err
	}
	if _, err := l.comeBack(v); err != nil {
		return 0, err
	}
	type held struct{ code, verifier string }
	const batch = 500 // a code is good for a minute
	var spent time.Duration
	for range times / batch {
		codes := make([]held, batch)
		for i := range codes {
			verifier := rand.Text() + rand.Text()
			to, err := follow(v.browser, l.authorize(verifier, ""))
			if err != nil {
				return 0, err
			}
			codes[i] = held{to.Query().Get("code"), verifier}
		}
		took, err := l.spend(batch, func(i int) error {
			_, err := l.exchange(codes[i].code, codes[i].verifier)
			return err
		})
		if err != nil {
			return 0, err
		}
		spent += took
	}
	return float64(times/batch*batch) / spent.Seconds(), nil
}
