// Package ops serves the operations listener: is the process alive, and can it
// do its work.
//
// The listener is for the machine and its orchestrator, on loopback unless the
// operator says otherwise. Answers name the checks that fail and nothing more;
// why they fail stands in the log.
package ops

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/web"
)

// probeTime bounds all checks of one question together.
const probeTime = 2 * time.Second

// Check is something without which no request can be served.
type Check struct {
	Name  string
	Probe func(context.Context) error
}

// Handler serves the endpoints. Its field is set before it is used.
type Handler struct {
	Checks []Check
}

// Routes returns the routes of the endpoints.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/healthz", Access: web.Ops, Handler: h.health},
		{Method: http.MethodGet, Path: "/readyz", Access: web.Ops, Handler: h.ready},
	}
}

// health serves GET /healthz: the process answers. It looks at nothing else,
// since a restart mends nothing else.
func (h *Handler) health(w http.ResponseWriter, _ *http.Request) error {
	return write(w, map[string]string{"status": "ok"})
}

// ready serves GET /readyz.
func (h *Handler) ready(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), probeTime)
	defer cancel()
	for _, c := range h.Checks {
		if err := c.Probe(ctx); err != nil {
			return &fault.Error{
				Kind: fault.Unavailable, Code: "not_ready", Got: c.Name, Fix: fault.OperatorSide,
				Err: fmt.Errorf("checking %s: %w", c.Name, err),
			}
		}
	}
	return write(w, map[string]string{"status": "ready"})
}

func write(w http.ResponseWriter, answer map[string]string) error {
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(body)
	return err
}
