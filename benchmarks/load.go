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

// settling is how long the server is given after the last sign-in: what it writes a
// moment later is on the bill. As long is looked before what it does when nobody
// comes, which is not.
const settling = 2 * time.Second

// signIns returns how many whole sign-ins the server does in a second of its CPU
// time, of all that it spends from the first of them until it has come to rest, less
// what it would have spent all the same.
func (l *load) signIns(times int) (float64, error) {
	idle, err := l.billed(func() error { return nil })
	if err != nil {
		return 0, err
	}
	began := time.Now()
	spent, err := l.billed(func() error {
		for left := times; left > 0; left -= people {
			if err := l.round(min(left, people)); err != nil {
				return err
			}
		}
		return nil
	})
	anyhow := idle.Seconds() * time.Since(began).Seconds() / settling.Seconds()
	return float64(times) / (spent.Seconds() - anyhow), err
}

// billed returns the CPU time that the server spends while something is done, and
// until it has settled.
func (l *load) billed(do func() error) (time.Duration, error) {
	before, err := l.server.cpuTime()
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	time.Sleep(settling)
	after, err := l.server.cpuTime()
	return after - before, err
}

// round has so many people sign in. The identity provider answers all of them while
// nobody asks anything of the server: to sign takes more than all that the server
// does, and would take the cores from it while many wait.
func (l *load) round(visitors int) error {
	visits := make([]*visit, visitors)
	_, err := l.spend(visitors, func(i int) (err error) {
		visits[i], err = l.leave(fmt.Sprintf("user%d@%s", l.next.Add(1)%people, domain))
		return err
	})
	if err == nil {
		_, err = l.spend(visitors, func(i int) error { return l.idp.answer(visits[i], l.server.base) })
	}
	if err == nil {
		_, err = l.spend(visitors, func(i int) error { return l.enter(visits[i]) })
	}
	return err
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
