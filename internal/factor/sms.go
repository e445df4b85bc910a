package factor

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Limits of codes that are sent, for each attempt or session.
const (
	codeLife  = 10 * time.Minute
	codeTries = 5
	maxSent   = 5
	sendPause = 30 * time.Second
)

// SendCode sends a code to one of the person's numbers. Whether there may be
// one more message for them is asked of package backoff before; the outbox has
// budgets of its own.
func (s *Service) SendCode(ctx context.Context, tx *store.Writer, act Act, id sso.FactorID) error {
	have, err := tx.Factors(ctx, act.User.ID)
	if err != nil {
		return err
	}
	for _, f := range have {
		if f.ID == id && f.Kind == sso.FactorSMS {
			return s.send(ctx, tx, act, id, f.Phone)
		}
	}
	return &fault.Error{Kind: fault.NotFound, Code: "factor_unknown", Fix: fault.PersonSide}
}

// OfferNumber sends a code to a number that the person wants to add.
func (s *Service) OfferNumber(ctx context.Context, tx *store.Writer, act Act, number string) error {
	if !s.SMS {
		return &fault.Error{Kind: fault.Conflict, Code: "sms_off", Fix: fault.OperatorSide}
	}
	phone, err := sso.ParsePhone(number)
	if err != nil {
		return err
	}
	have, err := tx.Factors(ctx, act.User.ID)
	if err != nil {
		return err
	}
	for _, f := range have {
		if f.Phone == phone.String() {
			return &fault.Error{Kind: fault.Conflict, Code: "phone_taken", Fix: fault.PersonSide}
		}
	}
	return s.send(ctx, tx, act, "", phone.String())
}

func (s *Service) send(ctx context.Context, tx *store.Writer, act Act, id sso.FactorID, phone string) error {
	now, code := s.Now(), otp.NewCode()
	err := tx.SendSMSCode(ctx, store.SMSCode{
		Owner: act.Owner, User: act.User.ID, Factor: id, Phone: phone, Code: s.Sealer.Seal(store.SMSCodePlace(act.Owner), []byte(code)),
		SentAt: now, ExpiresAt: now.Add(codeLife),
	}, maxSent, sendPause)
	if store.ConflictOn(err, store.SMSCodeLimit) {
		return &fault.Error{Kind: fault.Exhausted, Code: "sms_limit", Want: "5 codes, 30 seconds from one to the next", Fix: fault.PersonSide, Err: err}
	}
	if err != nil {
		return err
	}
	address, _ := netip.ParseAddr(act.Address) // not valid where the browser's is not known
	return s.Outbox.Enqueue(ctx, tx, notify.Message{
		Channel: notify.SMS, Kind: notify.SMSCode, Org: act.User.Home, User: act.User.ID, To: phone, Language: act.User.Language, Until: now.Add(codeLife),
		Data: map[notify.Gap]string{notify.Code: code}, Address: address,
	})
}

// Pending returns the code that the person waits for, or not found. It has no
// code in it that can be read.
func (s *Service) Pending(ctx context.Context, r *store.Reader, act Act) (store.SMSCode, error) {
	c, err := r.SMSCode(ctx, act.Owner)
	if err == nil && (c.User != act.User.ID || !s.Now().Before(c.ExpiresAt)) {
		return store.SMSCode{}, store.ErrNotFound
	}
	return c, err
}

// CheckCode counts a try at the code that was sent last, in a transaction of
// its own, and returns what the code proves when it is right. It is used up by
// [Service.UseNumber] or [Service.AddNumber], in the transaction of its effect.
func (s *Service) CheckCode(ctx context.Context, act Act, code string) (store.SMSCode, error) {
	var sent store.SMSCode
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		var err error
		sent, err = tx.TrySMSCode(ctx, act.Owner, codeTries, s.Now())
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && sent.User != act.User.ID {
		return store.SMSCode{}, &fault.Error{Kind: fault.Unauthenticated, Code: "code_over", Want: "a code of the last ten minutes, at most 5 tries", Fix: fault.PersonSide}
	}
	if err != nil {
		return store.SMSCode{}, fmt.Errorf("checking a code: %w", err)
	}
	plain, err := s.Sealer.Open(store.SMSCodePlace(act.Owner), sent.Code)
	if err != nil {
		return store.SMSCode{}, fmt.Errorf("opening a code: %w", err)
	}
	typed, ok := otp.Clean(code)
	if !ok || !secret.HashOf(plain).Equal(secret.HashOf([]byte(typed))) {
		return store.SMSCode{}, wrong()
	}
	return sent, nil
}

// UseNumber uses up a code that was checked, and proves the person by the
// number to which it was sent.
func (s *Service) UseNumber(ctx context.Context, tx *store.Writer, act Act, sent store.SMSCode) (sso.Factor, error) {
	if err := use(ctx, tx, sent); err != nil {
		return sso.Factor{}, err
	}
	have, err := tx.Factors(ctx, act.User.ID)
	if err != nil {
		return sso.Factor{}, err
	}
	for _, f := range have {
		if f.ID == sent.Factor {
			return f, tx.UseFactor(ctx, f, s.Now())
		}
	}
	return sso.Factor{}, &fault.Error{Kind: fault.NotFound, Code: "factor_unknown", Fix: fault.PersonSide} // was removed meanwhile
}

// AddNumber uses up a code that was checked, and adds the number to which it
// was sent.
func (s *Service) AddNumber(ctx context.Context, tx *store.Writer, act Act, sent store.SMSCode, name string) (sso.Factor, error) {
	if err := use(ctx, tx, sent); err != nil {
		return sso.Factor{}, err
	}
	if sent.Factor != "" {
		return sso.Factor{}, over(nil) // was sent to prove somebody
	}
	name, err := cleanName(name)
	if err != nil {
		return sso.Factor{}, err
	}
	now := s.Now()
	return s.add(ctx, tx, act, sso.Factor{ID: sso.NewFactorID(now), User: act.User.ID, Kind: sso.FactorSMS, Name: name, Phone: sent.Phone, CreatedAt: now})
}

func use(ctx context.Context, tx *store.Writer, sent store.SMSCode) error {
	err := tx.UseSMSCode(ctx, sent)
	if errors.Is(err, store.ErrUsed) {
		return codeUsed()
	}
	return err
}
