package store

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
)

// Kind is a kind of single-use thing. What is of one kind is never taken for
// one of another.
type Kind string

// The kinds.
const (
	KindSAMLAssertion     Kind = "saml_assertion"   // an assertion that came in
	KindSAMLLogout        Kind = "saml_logout"      // a LogoutRequest that is out
	KindSAMLLogoutRequest Kind = "saml_logout_in"   // a LogoutRequest that came in
	KindTrial             Kind = "trial"            // a code flow that an operator tries an app by
	KindTrialCode         Kind = "trial_code"       // the code of one, which no app can exchange
	KindCode              Kind = "code"             // of an app, that was shown by who may not have it
	KindPushedRequest     Kind = "pushed_request"   // an authorize request that its app has pushed
	KindClientAssertion   Kind = "client_assertion" // an assertion by which an app has proved itself
	KindPossession        Kind = "dpop"             // a proof of possession that came in
	KindPasswordReset     Kind = "password_reset"   // a link to set a new password
	KindRegistration      Kind = "registration"     // a link to register anew, or for the first time
	KindConflictMail      Kind = "conflict_mail"    // that owners were told of conflicts today
	KindDoctor            Kind = "doctor"           // a token by which a server tells what it sees
	KindProbe             Kind = "probe"            // something written to see whether it can be
	KindFactorOffer       Kind = "factor_offer"     // a challenge or secret that was taken
)

// InsertSingleUse stores a single-use thing by its hash. One that is there
// already, consumed or not, is [ErrUsed].
func (w *Writer) InsertSingleUse(ctx context.Context, kind Kind, hash secret.Hash, expires time.Time, payload string) error {
	n, err := w.q.exec(ctx, `
		insert into single_use (kind, hash, expires_at, payload)
		values ($1, $2, $3, $4)
		on conflict (kind, hash) do nothing`,
		kind, hash[:], at(expires), payload)
	if err == nil && n == 0 {
		err = ErrUsed
	}
	return doing(err, "inserting single-use %s", kind)
}

// SingleUse returns the payload of a single-use thing that could be consumed
// now, without consuming it. The errors are those of [Writer.Consume], which
// decides: by then it may be used up.
func (r *Reader) SingleUse(ctx context.Context, kind Kind, hash secret.Hash, now time.Time) (string, error) {
	type thing struct {
		payload string
		used    bool
	}
	t, err := one(ctx, r.q, func(t *thing) []any { return []any{&t.payload, &t.used, r.q.seen()} }, `
		select payload, consumed_at is not null, `+marked+`
		from single_use
		where kind = $1 and hash = $2 and (consumed_at is not null or expires_at > $3)`,
		kind, hash[:], at(now))
	if err == nil && t.used {
		err = ErrUsed
	}
	if err != nil {
		return "", doing(err, "looking for single-use %s", kind)
	}
	return t.payload, nil
}

// Consume uses a single-use thing up and returns its payload. It is
// [ErrNotFound] when it was never there or has expired, and [ErrUsed] when it
// was consumed before; a second statement tells these apart. Of any number of
// transactions that consume it, one succeeds.
func (w *Writer) Consume(ctx context.Context, kind Kind, hash secret.Hash, now time.Time) (string, error) {
	payload, err := one(ctx, w.q, func(s *string) []any { return []any{s, w.q.seen()} }, `
		update single_use
		set consumed_at = $3
		where kind = $1 and hash = $2 and consumed_at is null and expires_at > $3
		returning payload, `+marked,
		kind, hash[:], at(now))
	if errors.Is(err, ErrNotFound) {
		_, err = one(ctx, w.q, textFields, `
			select payload
			from single_use
			where kind = $1 and hash = $2 and consumed_at is not null`,
			kind, hash[:])
		if err == nil {
			err = ErrUsed
		}
	}
	if err != nil {
		return "", doing(err, "consuming single-use %s", kind)
	}
	return payload, nil
}

func textFields(s *string) []any { return []any{s} }
