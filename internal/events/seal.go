package events

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// What one transaction does at most, for which all wait who sign in meanwhile.
const (
	sealBatch = 500 // events that it seals
	tellBatch = 100 // traces that it writes, or tells of
)

// sealsAtOnce is how many such transactions follow one another at once.
const sealsAtOnce = 5

// tarry is how long a sign-in takes after the answer of the identity provider until
// its trace is written although it has not come to its end.
const tarry = 5 * time.Second

// SignIns says which sign-ins the audit list tells of. Each has its trace in
// any case, for as long as traces are kept.
type SignIns string

// What is told of sign-ins. The zero value tells of all.
const (
	TellAll     SignIns = ""
	TellRefused SignIns = "refused"
)

// tells reports whether the audit list tells of a sign-in that ended like this.
func (s SignIns) tells(t *sso.Trace) bool { return s == TellAll || t.Code != "" }

// Seal gives what was committed lately its place in the audit list: the next
// numbers, and hashes that each cover the one before. It tells of sign-ins that
// have ended since, writes the traces that they hold, puts webhooks that are
// concerned into their queues, and returns how much it found to do. Any number of
// nodes may call it at once: where two find the same, one of them does it.
func (s *Service) Seal(ctx context.Context) (int64, error) {
	total := int64(0)
	for range sealsAtOnce {
		found, err := s.sealSome(ctx)
		if total += found; err != nil || found < tellBatch {
			return total, err // there is nothing else, or too little to go on for at once
		}
	}
	return total, nil
}

// sealSome is one transaction of [Service.Seal].
func (s *Service) sealSome(ctx context.Context) (int64, error) {
	var end sso.ChainEnd
	var fresh []sso.Recorded
	var refused []sso.Trace
	var signIns []store.UntoldSignIn
	var tarrying []sso.AttemptID
	// Read outside of the transaction, which then only names rows: who signs in
	// meanwhile is not in its way.
	err := s.DB.Read(ctx, func(r *store.Reader) (err error) {
		if fresh, err = r.Unsealed(ctx, sealBatch); err != nil {
			return err
		}
		if refused, err = r.Untold(ctx, tellBatch); err != nil {
			return err
		}
		if tarrying, err = r.TarryingAttempts(ctx, s.Now().Add(-tarry), tellBatch); err != nil {
			return err
		}
		if signIns, err = r.UntoldSignIns(ctx, tellBatch); err != nil || len(fresh)+len(refused)+len(signIns) == 0 {
			return err
		}
		_, end, err = r.ChainEnds(ctx)
		return err
	})
	found := int64(len(fresh) + len(refused) + len(signIns) + len(tarrying))
	if err != nil || found == 0 {
		return 0, err
	}
	last := end
	for i := range fresh {
		last = last.Follow(&fresh[i])
	}
	between := last
	var told []sso.Recorded
	var references []string
	add := func(t *sso.Trace) {
		if s.SignIns.tells(t) {
			e := sso.NewRecorded(t.Event(), 0)
			last = last.Follow(&e)
			told = append(told, e)
		}
	}
	for i := range refused {
		references = append(references, refused[i].Reference)
		add(&refused[i])
	}
	for i := range signIns {
		add(&signIns[i].Trace)
	}
	to, err := s.tell(ctx, fresh, told)
	if err != nil {
		return 0, err
	}
	err = s.DB.WriteMuch(ctx, func(tx *store.Writer) error {
		if err := tx.Seal(ctx, end, fresh); err != nil {
			return err
		}
		if err := tx.Tell(ctx, between, told, references, signIns); err != nil {
			return err
		}
		if err := tx.WriteTraces(ctx, tarrying...); err != nil {
			return err
		}
		return tx.Enqueue(ctx, s.Now(), slices.Concat(fresh, told), to)
	})
	if store.ConflictOn(err, store.StaleVersion) {
		return 0, nil // another node has just done it
	}
	if err != nil {
		return 0, err
	}
	return found, nil
}

// tell decides which webhooks are told of which events.
func (s *Service) tell(ctx context.Context, fresh, told []sso.Recorded) (to map[sso.EventID][]sso.WebhookID, err error) {
	err = s.DB.Read(ctx, func(r *store.Reader) error {
		to, err = tell(ctx, r, slices.Concat(fresh, told))
		return err
	})
	return to, err
}
