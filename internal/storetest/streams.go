package storetest

import (
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func streamsAreKept(w *world) {
	ctx := w.ctx
	r := w.reader()
	none[sso.Stream](w, "Streams()")(r.Streams(ctx))
	missing[sso.Stream](w, "Stream()")(r.Stream(ctx, "str_none"))
	s := sso.Stream{
		ID: sso.NewStreamID(w.now), Org: "org_a", Kind: sso.StreamHTTP, Target: "https://siem.example/", Note: "SIEM", CA: "PEM", Secret: []byte{0, 255}, State: sso.WebhookEnabled, By: "usr_x", Sent: 1,
		CreatedAt: w.later(), UpdatedAt: w.later(),
	}
	w.record("org_a", "user.created", "user.changed")
	w.write(func(tx *store.Writer) error { return tx.SaveStream(ctx, s) })
	s.Version = 1
	same(w, "Stream()", s, get[sso.Stream](w, "Stream()")(r.Stream(ctx, s.ID)))
	w.conflict(store.StaleVersion, func(tx *store.Writer) error {
		stale := s
		stale.Version = 0
		return tx.SaveStream(ctx, stale)
	})
	looks := func(want bool, at time.Time) {
		w.Helper()
		if due := get[bool](w, "StreamDue()")(r.StreamDue(ctx, at)); due != want {
			w.Errorf("StreamDue() = %v, want %v", due, want)
		}
	}
	now := w.later()
	looks(false, now) // nothing is sealed
	w.seal()
	looks(true, now)
	lease := w.now.Add(time.Minute)
	claim := func(at, until time.Time) (got sso.Stream) {
		w.Helper()
		w.write(func(tx *store.Writer) (err error) { got, err = tx.ClaimStream(ctx, at, until); return err })
		return got
	}
	claimed := claim(now, lease)
	same(w, "ClaimStream()", s, claimed)
	looks(false, now)
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { _, err := tx.ClaimStream(ctx, now, lease); return err })
	claimed.Failures, claimed.Code, claimed.Detail = 1, "webhook_status", "no\x00"
	w.write(func(tx *store.Writer) error { return tx.ReleaseStream(ctx, claimed, lease, w.now.Add(time.Hour)) })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.ReleaseStream(ctx, claimed, lease, w.now) })
	claimed.Detail = "no\uFFFD"
	full(w, claimed, "SentAt")
	same(w, "one that has failed", claimed, get[sso.Stream](w, "Stream()")(r.Stream(ctx, s.ID)))
	looks(false, w.now.Add(time.Hour-time.Microsecond))
	looks(true, w.now.Add(time.Hour))
	claimed = claim(w.now.Add(time.Hour), w.now.Add(2*time.Hour))
	claimed.Sent, claimed.SentAt, claimed.Failures, claimed.Code, claimed.Detail = 2, w.now, 0, "", ""
	w.write(func(tx *store.Writer) error {
		return tx.ReleaseStream(ctx, claimed, w.now.Add(2*time.Hour), time.Time{})
	})
	looks(false, w.now.Add(3*time.Hour)) // it has come to the end
	w.record("org_a", "user.deleted")
	w.seal()
	looks(true, w.now.Add(3*time.Hour))
	off := claimed
	off.State, off.UpdatedAt = sso.WebhookDisabled, w.later()
	w.write(func(tx *store.Writer) error { return tx.SaveStream(ctx, off) })
	off.Version = 2
	same(w, "Streams()", []sso.Stream{off}, get[[]sso.Stream](w, "Streams()")(r.Streams(ctx)))
	looks(false, w.now.Add(3*time.Hour))
	w.write(func(tx *store.Writer) error { return tx.DeleteStream(ctx, s.ID) })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.DeleteStream(ctx, s.ID) })
}
