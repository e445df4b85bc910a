package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// SMSCode is a code that was sent to somebody who waits for it.
type SMSCode struct {
	Owner     string // ID of the attempt or session that waits
	User      sso.UserID
	Factor    sso.FactorID // "": the number is being added
	Phone     string
	Code      []byte // sealed for [SMSCodePlace]
	Tries     int    // wrong or right, so far
	Sent      int    // codes that the owner has been sent, this one included
	SentAt    time.Time
	ExpiresAt time.Time
}

// SMSCodePlace is where the code of an owner is sealed for.
func SMSCodePlace(owner string) secret.Place {
	return secret.Place{Table: "sms_codes", Column: "code", Row: owner}
}

const smsCodeColumns = `owner, user_id, factor_id, phone, code, tries, sent, sent_at, expires_at`

func smsCodeFields(c *SMSCode) []any {
	return []any{&c.Owner, &c.User, opt(&c.Factor), &c.Phone, &c.Code, &c.Tries, &c.Sent, utc(&c.SentAt), utc(&c.ExpiresAt)}
}

// SMSCode returns the code that was sent last to an owner, expired or not, or
// [ErrNotFound].
func (r *Reader) SMSCode(ctx context.Context, owner string) (SMSCode, error) {
	c, err := one(ctx, r.q, smsCodeFields, `
		select `+smsCodeColumns+`
		from sms_codes
		where owner = $1`,
		owner)
	return c, doing(err, "reading an SMS code")
}

// SendSMSCode keeps a code in place of the owner's last one, and counts it.
// Where the owner has been sent most already, or the last one less than pause
// ago, it is [ErrConflict] on [SMSCodeLimit].
func (w *Writer) SendSMSCode(ctx context.Context, c SMSCode, most int, pause time.Duration) error {
	n, err := w.q.exec(ctx, `
		insert into sms_codes (owner, user_id, factor_id, phone, code, tries, sent, sent_at, expires_at)
		values ($1, $2, $3, $4, $5, 0, 1, $6, $7)
		on conflict (owner) do update
		set user_id = excluded.user_id, factor_id = excluded.factor_id, phone = excluded.phone, code = excluded.code, tries = 0,
			sent = sms_codes.sent + 1, sent_at = excluded.sent_at, expires_at = excluded.expires_at
		where sms_codes.sent < $8 and sms_codes.sent_at <= $9`,
		c.Owner, c.User, null(c.Factor), c.Phone, c.Code, at(c.SentAt), at(c.ExpiresAt), most, at(c.SentAt.Add(-pause)))
	if err == nil && n == 0 {
		err = &ConflictError{Constraint: SMSCodeLimit}
	}
	return doing(err, "keeping an SMS code")
}

// TrySMSCode counts a try at an owner's code and returns it, or [ErrNotFound]
// where there is none, it has expired, or it was tried most times.
func (w *Writer) TrySMSCode(ctx context.Context, owner string, most int, now time.Time) (SMSCode, error) {
	c, err := one(ctx, w.q, smsCodeFields, `
		update sms_codes
		set tries = tries + 1
		where owner = $1 and tries < $2 and expires_at > $3
		returning `+smsCodeColumns,
		owner, most, at(now))
	return c, doing(err, "trying an SMS code")
}

// UseSMSCode uses up the code that was sent at this instant to an owner. One
// that is not there any more, or was replaced, is [ErrUsed]: of any number of
// transactions that use one code, one succeeds.
func (w *Writer) UseSMSCode(ctx context.Context, c SMSCode) error {
	n, err := w.q.exec(ctx, `
		delete from sms_codes
		where owner = $1 and user_id = $2 and sent_at = $3 and sent = $4`,
		c.Owner, c.User, at(c.SentAt), c.Sent)
	if err == nil && n == 0 {
		err = ErrUsed
	}
	return doing(err, "using an SMS code")
}
