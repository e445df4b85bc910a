package notify

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"net/url"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/safehttp"
)

// Probe speaks with the mail server until it has taken a recipient, and then
// leaves: nothing is sent. Errors are the faults of a letter that is not taken.
func (s *SMTP) Probe(ctx context.Context, to string) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer hangUp(c)
	if err := c.Mail(s.From.Address); err != nil {
		return turnedDown(err, "mail_sender")
	}
	if err := c.Rcpt(to); err != nil {
		return turnedDown(err, "mail_refused")
	}
	return nil
}

// turnedDown is what a server has answered, with the code for a final no.
func turnedDown(err error, final string) error {
	answer, ok := errors.AsType[*textproto.Error](err)
	f := &fault.Error{Kind: fault.Unavailable, Code: "mail_unreachable", Got: plain(err), Fix: fault.OperatorSide, Err: err}
	switch {
	case ok && answer.Code >= 500:
		f.Code = final
	case ok:
		f.Code = "mail_deferred"
	}
	return f
}

// asker is an [API] that can be asked whether it knows us.
type asker interface {
	// Ask is what is sent to be told so. It sends no message and costs nothing.
	Ask() (safehttp.Request, error)
}

// Probe asks the gateway whether it knows us, and reports whether there was a
// way to ask without sending.
func (g *Gateway) Probe(ctx context.Context) (asked bool, err error) {
	api, ok := g.API.(asker)
	if !ok {
		return false, nil
	}
	r, err := api.Ask()
	if err != nil {
		return false, fmt.Errorf("writing a question to the SMS gateway: %w", err)
	}
	answer, err := g.Caller.Call(ctx, r)
	if err != nil {
		return true, &fault.Error{Kind: fault.Unavailable, Code: "sms_unreachable", Got: err.Error(), Fix: fault.OperatorSide, Err: err}
	}
	if answer.OK() {
		return true, nil
	}
	_, complaint := g.API.Receipt(answer.Body)
	code := "sms_unreachable"
	if answer.Barred() || answer.Absent() {
		code = "sms_auth"
	}
	return true, &fault.Error{Kind: fault.Unavailable, Code: code, Got: line(fmt.Sprintf("%d %s", answer.Status, complaint)), Fix: fault.OperatorSide}
}

// Ask lists the last message: an API key that may send may do that too.
func (t *Twilio) Ask() (safehttp.Request, error) {
	key := t.Key
	if key == "" {
		key = t.Account
	}
	return safehttp.Request{
		Method: "GET", URL: t.BaseURL + "/2010-04-01/Accounts/" + url.PathEscape(t.Account) + "/Messages.json?PageSize=1",
		Header: map[string]string{"Accept": "application/json", "Authorization": basic(key, t.Secret)},
	}, nil
}

// Ask looks for replies, of which there are none that anybody waits for.
func (s *Sinch) Ask() (safehttp.Request, error) {
	return s.signed(safehttp.Request{Method: "GET", URL: s.BaseURL + "/v1/replies", Header: map[string]string{"Accept": "application/json"}})
}
