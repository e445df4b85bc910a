package login_test

import (
	"context"

	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
)

// Second factors in memory. Every code is 123456, every recovery code
// 0123-4567-89AB-CDEF, and every passkey answers with "good".

func (*fake) AskPasskey(signin.Browser) ([]byte, error) {
	return []byte(`{"challenge":"AQ","rpId":"localhost"}`), nil
}

func (f *fake) Passkey(_ context.Context, b signin.Browser, id sso.AttemptID, response []byte) (sso.Attempt, error) {
	a := f.fresh(b)
	if id != "" {
		var err error
		if a, err = f.load(b, id); err != nil {
			return sso.Attempt{}, err
		}
	}
	if string(response) != "good" {
		return sso.Attempt{}, &fault.Error{Kind: fault.Unauthenticated, Code: "passkey_unknown", Fix: fault.PersonSide}
	}
	a.Method, a.Proof = sso.ByPasskey, sso.Proof{User: "usr_1", Org: "org_1", At: a.CreatedAt}
	return f.keep(a), nil
}

// at loads an attempt that must be at a step.
func (f *fake) at(b signin.Browser, id sso.AttemptID, step sso.Step) (sso.Attempt, error) {
	a, err := f.load(b, id)
	if err == nil && a.Next() != step {
		err = &fault.Error{Kind: fault.Conflict, Code: "attempt_step", Fix: fault.PersonSide}
	}
	return a, err
}

func (f *fake) Asked(_ context.Context, b signin.Browser, id sso.AttemptID) (signin.Asked, error) {
	_, err := f.at(b, id, sso.StepFactor)
	f.mu.Lock()
	defer f.mu.Unlock()
	return signin.Asked{
		Name: "Ada", Recovery: true, Passkey: []byte(`{"challenge":"AQ"}`), Sent: f.sent,
		Factors: []sso.Factor{
			{ID: "fac_1", Kind: sso.FactorTOTP}, {ID: "fac_2", Kind: sso.FactorSMS, Phone: "+4915123456789"}, {ID: "fac_3", Kind: sso.FactorPasskey},
		},
	}, err
}

func (f *fake) SendCode(_ context.Context, b signin.Browser, id sso.AttemptID, number sso.FactorID) error {
	if _, err := f.at(b, id, sso.StepFactor); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sent != nil {
		return &fault.Error{Kind: fault.Exhausted, Code: "sms_limit", Fix: fault.PersonSide}
	}
	f.sent = &signin.SentCode{Factor: number, Hint: "89"}
	return nil
}

func (f *fake) Factor(_ context.Context, b signin.Browser, id sso.AttemptID, in signin.Answer) (sso.Attempt, error) {
	a, err := f.at(b, id, sso.StepFactor)
	if err != nil {
		return sso.Attempt{}, err
	}
	right := map[sso.Second]string{sso.SecondTOTP: "123456", sso.SecondSMS: "123456", sso.SecondRecovery: "0123-4567-89AB-CDEF"}[in.By]
	if in.By == sso.SecondPasskey {
		right, in.Code = "good", string(in.Response)
	}
	if right == "" {
		return sso.Attempt{}, &fault.Error{Kind: fault.Invalid, Code: "choice_unknown", Fix: fault.PersonSide}
	}
	if in.Code != right {
		return sso.Attempt{}, &fault.Error{Kind: fault.Unauthenticated, Code: "code_wrong", Fix: fault.PersonSide}
	}
	a.Proof.Needs, a.Proof.Second, a.Proof.Remember = "", in.By, in.Remember
	return f.keep(a), nil
}

func (f *fake) Offer(_ context.Context, b signin.Browser, id sso.AttemptID, kind sso.FactorKind, before string) (signin.Offered, error) {
	_, err := f.at(b, id, sso.StepEnrol)
	f.mu.Lock()
	defer f.mu.Unlock()
	o := signin.Offered{Name: "Ada", Kinds: []sso.FactorKind{sso.FactorPasskey, sso.FactorTOTP, sso.FactorSMS}}
	switch kind {
	case sso.FactorTOTP:
		if before == "" {
			before = "sealed"
		}
		o.App = &factor.App{Offer: before, Text: "GEZD GNBV", URI: "otpauth://totp/Sallyport:ada?secret=GEZDGNBV", Picture: otp.Picture{Size: 33, Path: "M4 4h7v1h-7z"}}
	case sso.FactorPasskey:
		o.Passkey = []byte(`{"challenge":"AQ"}`)
	case sso.FactorSMS:
		o.Sent = f.sent
	}
	return o, err
}

func (f *fake) OfferNumber(_ context.Context, b signin.Browser, id sso.AttemptID, number string) error {
	if _, err := f.at(b, id, sso.StepEnrol); err != nil {
		return err
	}
	if _, err := sso.ParsePhone(number); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = &signin.SentCode{Hint: "89"}
	return nil
}

func (f *fake) Enrol(_ context.Context, b signin.Browser, id sso.AttemptID, in signin.Addition) (sso.Attempt, []string, error) {
	a, err := f.at(b, id, sso.StepEnrol)
	if err != nil {
		return sso.Attempt{}, nil, err
	}
	if in.Code != "123456" && string(in.Response) != "good" || in.Kind == sso.FactorTOTP && in.Offer != "sealed" {
		return sso.Attempt{}, nil, &fault.Error{Kind: fault.Unauthenticated, Code: "code_wrong", Fix: fault.PersonSide}
	}
	a.Proof.Needs = ""
	return f.keep(a), []string{"0123-4567-89AB-CDEF", "1123-4567-89AB-CDEF"}, nil
}

func (f *fake) Confirm(ctx context.Context, b signin.Browser, back string) (sso.Attempt, error) {
	p, err := f.Person(ctx, b.Session, b.Address)
	if err != nil {
		return sso.Attempt{}, err
	}
	a := f.fresh(b)
	a.Session, a.Back, a.Typed, a.Method = "ses_1", []byte(back), p.User.Email, sso.ByPassword
	return f.keep(a), nil
}
