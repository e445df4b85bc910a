package main

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/jobs"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/store"
)

// How often what is done by itself comes back.
const (
	sendEvery   = time.Second
	giveUp      = time.Minute // where nothing can be sent, what has expired is given up
	sweepEvery  = time.Minute
	countEvery  = 10 * time.Minute
	indexEvery  = time.Hour
	importEvery = 2 * time.Second
	idleEvery   = time.Hour
	lookEvery   = 5 * time.Minute // for sessions that lie idle
	domainEvery = 20 * time.Second
	watchEvery  = 20 * time.Second
	endEvery    = 5 * time.Second
	rollEvery   = 10 * time.Minute
	sealEvery   = time.Second
	trimEvery   = time.Hour
	jobLimit    = 10 * time.Minute
)

// background returns what the server does by itself.
func (s *server) background(courier *notify.Courier) []jobs.Job {
	inactivity := &jobs.Inactivity{DB: s.db, Outbox: s.outbox, Now: now}
	all := []jobs.Job{
		{Name: "index", Scope: jobs.Once, Every: indexEvery, Limit: jobLimit, Batch: s.indexOld},
		{Name: "count-sign-ins", Scope: jobs.Once, Every: countEvery, Limit: jobLimit, Batch: s.operations.CountSignIns},
		{Name: "import-people", Scope: jobs.Once, Every: importEvery, Limit: jobLimit, Batch: s.importPeople},
		{Name: "reset-accounts", Scope: jobs.Once, Every: importEvery, Limit: jobLimit, Batch: s.resetAccounts},
		{Name: "answer-resets", Scope: jobs.Once, Every: sendEvery, Limit: jobLimit, Batch: s.accounts.AnswerResets},
		{Name: "sweep", Scope: jobs.Once, Every: sweepEvery, Limit: jobLimit, Batch: s.deleteExpired},
		{Name: "check-domains", Scope: jobs.Once, Every: domainEvery, Limit: jobLimit, Batch: s.connecting.CheckDomains},
		{Name: "watch-connections", Scope: jobs.Once, Every: watchEvery, Limit: jobLimit, Batch: s.connecting.WatchConnections},
		{Name: "end-local-sessions", Scope: jobs.Once, Every: endEvery, Limit: jobLimit, Batch: s.enforcing.EndSessions},
		{Name: "end-idle-sessions", Scope: jobs.Once, Every: lookEvery, Limit: jobLimit, Batch: s.grants.EndIdle},
		// Each node tells apps what it has claimed for itself.
		{Name: "tell-apps", Scope: jobs.Everywhere, Every: sendEvery, Limit: jobLimit, Batch: s.grants.TellApps},
		{Name: "roll-keys", Scope: jobs.Once, Every: rollEvery, Limit: jobLimit, Batch: s.operations.RollKeys},
		{Name: "seal-events", Scope: jobs.Everywhere, Every: sealEvery, Limit: jobLimit, Batch: s.events.Seal},
		{Name: "trim-events", Scope: jobs.Once, Every: trimEvery, Limit: jobLimit, Batch: s.events.Trim},
		{Name: "call-webhooks", Scope: jobs.Everywhere, Every: sendEvery, Limit: jobLimit, Batch: s.events.Deliver},
		{Name: "carry-streams", Scope: jobs.Everywhere, Every: sendEvery, Limit: jobLimit, Batch: s.events.Carry},
		{Name: "inactivity", Scope: jobs.Once, Every: idleEvery, Limit: jobLimit, Batch: inactivity.Batch},
	}
	for _, channel := range []notify.Channel{notify.Mail, notify.SMS} {
		every := sendEvery
		if courier.Carriers[channel] == nil {
			every = giveUp
		}
		// Each node sends: what it sends it has claimed for itself.
		all = append(all, jobs.Job{Name: "send-" + string(channel), Scope: jobs.Everywhere, Every: every, Limit: jobLimit, Batch: func(ctx context.Context) (int64, error) {
			return courier.Deliver(ctx, channel)
		}})
	}
	return all
}

// importsAtOnce is how many batches of uploaded lists are worked on without a
// pause in between.
const importsAtOnce = 10

// importPeople works on uploaded lists of people, and returns how many batches
// it found to do.
func (s *server) importPeople(ctx context.Context) (n int64, err error) {
	for range importsAtOnce {
		more, err := s.people.Work(ctx)
		if err != nil || !more {
			return n, err
		}
		n++
	}
	return n, nil
}

// resetAccounts resets accounts of those who would have no way in without single
// sign-on, and returns how many batches it found to do.
func (s *server) resetAccounts(ctx context.Context) (n int64, err error) {
	for range importsAtOnce {
		more, err := s.enforcing.Work(ctx)
		if err != nil || !more {
			return n, err
		}
		n++
	}
	return n, nil
}

// indexOld indexes one batch of what was stored by an older program.
func (s *server) indexOld(ctx context.Context) (n int64, err error) {
	err = s.db.Write(ctx, func(tx *store.Writer) error {
		done, err := tx.IndexOld(ctx)
		n = int64(done)
		return err
	})
	return n, err
}

// deleteExpired deletes one batch and returns how many rows that were.
func (s *server) deleteExpired(ctx context.Context) (n int64, err error) {
	if _, err := s.signIns.Lose(ctx); err != nil {
		return 0, err
	}
	err = s.db.WriteMuch(ctx, func(tx *store.Writer) error {
		n, err = tx.DeleteExpired(ctx, now(), s.keep)
		return err
	})
	return n, err
}
