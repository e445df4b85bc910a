package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/safehttp"
)

// Gateway sends SMS by calling somebody's API. Its fields are set once, before
// it is used; it is safe for concurrent use.
type Gateway struct {
	API    API
	Caller *safehttp.Caller
}

// API is how one kind of gateway is spoken to. Both functions are pure.
type API interface {
	// Request is what is sent to hand over a letter.
	Request(l Letter) (safehttp.Request, error)
	// Receipt reads what the gateway calls a message that it has accepted, and
	// what it complains of in one that it has not. Either may be "".
	Receipt(body []byte) (id, complaint string)
}

// Carry implements [Carrier].
func (g *Gateway) Carry(ctx context.Context, letters []Letter, report func(i int, remoteID string, err error)) {
	for i, l := range letters {
		if ctx.Err() != nil {
			return
		}
		remoteID, err := g.send(ctx, l)
		if err != nil && ctx.Err() != nil {
			return // we broke off
		}
		report(i, remoteID, err)
	}
}

func (g *Gateway) send(ctx context.Context, l Letter) (string, error) {
	r, err := g.API.Request(l)
	if err != nil {
		return "", fmt.Errorf("writing a request to the SMS gateway: %w", err)
	}
	answer, err := g.Caller.Call(ctx, r)
	if err != nil {
		return "", &fault.Error{Kind: fault.Unavailable, Code: "sms_unreachable", Got: err.Error(), Fix: fault.OperatorSide, Err: err}
	}
	id, complaint := g.API.Receipt(answer.Body)
	if answer.OK() {
		return line(id), nil
	}
	got := line(fmt.Sprintf("%d %s", answer.Status, complaint))
	switch {
	case answer.TooMany():
		return "", &fault.Error{Kind: fault.Exhausted, Code: "sms_limited", Got: got, Fix: fault.OperatorSide, Err: &laterError{answer.RetryAfter}}
	case answer.Barred(), answer.Absent():
		return "", &fault.Error{Kind: fault.Unavailable, Code: "sms_auth", Got: got, Fix: fault.OperatorSide}
	case answer.Broken():
		return "", &fault.Error{Kind: fault.Unavailable, Code: "sms_unreachable", Got: got, Fix: fault.OperatorSide, Err: &laterError{answer.RetryAfter}}
	default:
		return "", &fault.Error{Kind: fault.Denied, Code: "sms_refused", Got: got, Fix: fault.OperatorSide}
	}
}

// line makes one line of what a gateway says.
func line(s string) string {
	return clip(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " "))
}

// text returns the string at a path of keys in a JSON document, or "". An
// array stands for its first element, and a number is taken as it is written.
func text(document []byte, path ...string) string {
	var at any
	decoder := json.NewDecoder(strings.NewReader(string(document)))
	decoder.UseNumber()
	if decoder.Decode(&at) != nil {
		return ""
	}
	for _, key := range path {
		at = first(at)
		members, ok := at.(map[string]any)
		if !ok {
			return ""
		}
		at = members[key]
	}
	switch v := first(at).(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	default:
		return ""
	}
}

func first(v any) any {
	if list, ok := v.([]any); ok && len(list) > 0 {
		return list[0]
	}
	return v
}
