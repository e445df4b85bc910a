package programs

import (
	"context"
	"encoding/json"
	"errors"
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
	// abandonedAfter is when a request gives way to one that is sent again, if it
	// has had no effect yet. Should it live all the same, it has none any more.
	abandonedAfter = 2 * time.Minute
	maxRequestName = 255
)

// Request is a request that a program may send again under the same name.
type Request struct {
	program *sso.Program
	key     secret.Hash
	place   secret.Place
	begun   time.Time
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
		now := s.Now().Truncate(time.Microsecond) // as it is stored
		q.begun = now
		var err error
		there, err = tx.BeginAPIRequest(ctx, store.APIRequest{Program: p.ID, Key: q.key, Body: asks, BegunAt: now, ExpiresAt: now.Add(RequestKept)}, now.Add(-abandonedAfter))
		return err
	})
	if err != nil {
		return ctx, Request{}, nil, err
	}
	if there == nil {
		return store.Along(ctx, func(ctx context.Context, tx *store.Writer) error {
			err := tx.FinishAPIRequest(ctx, p.ID, q.key, q.begun)
			if errors.Is(err, store.ErrNotFound) {
				return running()
			}
			return err
		}), q, nil, nil
	}
	if !there.Body.Equal(asks) {
		return ctx, Request{}, nil, &fault.Error{Kind: fault.Conflict, Code: "idempotency_mismatch", Want: "the request that was sent under this key before", Fix: fault.AppSide}
	}
	switch there.State {
	case store.APIRequestRunning:
		return ctx, Request{}, nil, running()
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

// running refuses a request of which another one is on its way.
func running() error {
	return &fault.Error{Kind: fault.Conflict, Code: "idempotency_running", Want: "the answer of the other one", Fix: fault.AppSide}
}

// Keep keeps the answer of a request that has had its effect.
func (s *Service) Keep(ctx context.Context, q Request, a Answer) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	sealed := s.Sealer.Seal(q.place, text)
	return s.DB.Write(store.Aside(context.WithoutCancel(ctx)), func(tx *store.Writer) error {
		return tx.AnswerAPIRequest(ctx, q.program.ID, q.key, q.begun, sealed)
	})
}

// Forget forgets a request that was refused: it may be sent again. Where it has
// had an effect before it failed, that it has stays known.
func (s *Service) Forget(ctx context.Context, q Request) error {
	ctx = store.Aside(context.WithoutCancel(ctx))
	return s.DB.Write(ctx, func(tx *store.Writer) error {
		return tx.ForgetAPIRequest(ctx, q.program.ID, q.key, q.begun)
	})
}
