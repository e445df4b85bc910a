package programs

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Limits of requests that are sent again.
const (
	// RequestKept is how long the answer of a request is kept.
	RequestKept = 24 * time.Hour
	// abandonedAfter is when a request counts as dead that has had no effect yet:
	// no answer takes as long.
	abandonedAfter = 2 * time.Minute
	maxRequestName = 255
)

// Request is a request that a program may send again under the same name.
type Request struct {
	program *sso.Program
	key     secret.Hash
	place   secret.Place
}

// Answer is what a request was answered.
type Answer struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header"`
	Body   []byte            `json:"body"`
}

// Begin notes that a request begins which a program calls by this name, and
// that it asks for this. Where it was answered before, the answer is returned.
// The context is the one to carry it out in: what it changes, and that it has
// changed it, are kept together.
func (s *Service) Begin(ctx context.Context, p *sso.Program, name string, asks secret.Hash) (context.Context, Request, *Answer, error) {
	if bad := strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) }); bad || name == "" || len(name) > maxRequestName {
		return ctx, Request{}, nil, &fault.Error{Kind: fault.Invalid, Code: "idempotency_form", Want: "1 to 255 printable ASCII characters", Fix: fault.AppSide}
	}
	q := Request{program: p, key: secret.HashOf([]byte(name))}
	q.place = secret.Place{Table: "api_requests", Column: "answer", Row: fmt.Sprintf("%s %x", p.ID, q.key)}
	var there *store.APIRequest
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		now := s.Now()
		var err error
		there, err = tx.BeginAPIRequest(ctx, store.APIRequest{Program: p.ID, Key: q.key, Body: asks, BegunAt: now, ExpiresAt: now.Add(RequestKept)}, now.Add(-abandonedAfter))
		return err
	})
	if err != nil {
		return ctx, Request{}, nil, err
	}
	if there == nil {
		return store.Along(ctx, func(ctx context.Context, tx *store.Writer) error {
			return tx.FinishAPIRequest(ctx, p.ID, q.key)
		}), q, nil, nil
	}
	if !there.Body.Equal(asks) {
		return ctx, Request{}, nil, &fault.Error{Kind: fault.Conflict, Code: "idempotency_mismatch", Want: "the request that was sent under this key before", Fix: fault.AppSide}
	}
	switch there.State {
	case store.APIRequestRunning:
		return ctx, Request{}, nil, &fault.Error{Kind: fault.Conflict, Code: "idempotency_running", Want: "the answer of the first one", Fix: fault.AppSide}
	case store.APIRequestDone:
		return ctx, Request{}, nil, &fault.Error{Kind: fault.Conflict, Code: "idempotency_unanswered", Want: "a look at what has changed", Fix: fault.AppSide}
	}
	text, err := s.Sealer.Open(q.place, there.Answer)
	if err != nil {
		return ctx, Request{}, nil, fmt.Errorf("opening the answer of a request: %w", err)
	}
	var a Answer
	if err := json.Unmarshal(text, &a); err != nil {
		return ctx, Request{}, nil, fmt.Errorf("reading the answer of a request: %w", err)
	}
	return ctx, q, &a, nil
}

// Keep keeps the answer of a request that has had its effect.
func (s *Service) Keep(ctx context.Context, q Request, a Answer) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	sealed := s.Sealer.Seal(q.place, text)
	return s.DB.Write(context.WithoutCancel(ctx), func(tx *store.Writer) error {
		return tx.AnswerAPIRequest(ctx, q.program.ID, q.key, sealed)
	})
}

// Forget forgets a request that was refused: it may be sent again. Where it has
// had an effect before it failed, that it has stays known.
func (s *Service) Forget(ctx context.Context, q Request) error {
	ctx = context.WithoutCancel(ctx)
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		return tx.ForgetAPIRequest(ctx, q.program.ID, q.key)
	})
}
