package manage

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
)

// Event is a line of the audit list.
type Event struct {
	At           time.Time         `json:"at"`
	Organization string            `json:"organization,omitempty" doc:"ID; not there: the deployment's own"`
	Actor        string            `json:"actor" doc:"ID of the user or key, or a name such as sign-in"`
	ActorName    string            `json:"actor_name,omitempty"`
	OnBehalf     string            `json:"on_behalf_of,omitempty" doc:"ID of the user as whom the actor acted"`
	Address      string            `json:"address,omitempty" doc:"From where"`
	Action       string            `json:"action" example:"user.created"`
	Target       string            `json:"target,omitempty" doc:"To whom or what"`
	TargetName   string            `json:"target_name,omitempty"`
	UserAgent    string            `json:"user_agent,omitempty" doc:"With what, as it says of itself"`
	Detail       map[string]string `json:"detail"`
	Changes      []EventChange     `json:"changes" doc:"Settings that are others since"`
}

// EventChange is a setting that is another one since. What is secret never
// stands in it.
type EventChange struct {
	Field string `json:"field" example:"note"`
	From  string `json:"from" doc:"Empty: it was not set"`
	To    string `json:"to" doc:"Empty: it is not set any more"`
}

// EventFilter says which lines of the audit list are wanted.
type EventFilter struct {
	Actor  string    `query:"actor" maxLength:"64" doc:"ID of the user or key"`
	Action string    `query:"action" maxLength:"100" example:"user.created"`
	Target string    `query:"target" maxLength:"300" doc:"ID, or name of a domain"`
	From   time.Time `query:"from"`
	To     time.Time `query:"to"`
}

func (f *EventFilter) query(p Paging) provision.EventQuery {
	return provision.EventQuery{Actor: f.Actor, Action: f.Action, Target: f.Target, From: f.From, To: f.To, After: p.Cursor, Limit: p.limit()}
}

func (h *Handler) events(a *api) {
	const tag = "Audit"
	register(a, op{ID: "listEvents", Method: http.MethodGet, Path: "/organizations/{organization}/events", Scope: sso.ScopeAuditRead, Tag: tag, Summary: "List what was done in an organization",
		About: "The latest first. A page may hold fewer than limit; only where next is missing is it the last."}, h.listEvents)
	register(a, op{ID: "listAllEvents", Method: http.MethodGet, Path: "/events", Scope: sso.ScopeDeploymentRead, Tag: tag, Summary: "List what was done anywhere",
		About: "The latest first. A page may hold fewer than limit; only where next is missing is it the last."}, h.listAllEvents)
}

func eventPage(all []sso.Event, names map[string]string, next string) *listed[Event] {
	return &listed[Event]{page[Event]{each(all, func(e *sso.Event) Event {
		out := Event{
			At: e.At.UTC(), Organization: string(e.Org), Actor: e.Actor, ActorName: names[e.Actor], OnBehalf: string(e.OnBehalf), Address: e.Address,
			Action: e.Action, Target: e.Target, TargetName: names[e.Target], UserAgent: e.UserAgent, Detail: e.Detail,
			Changes: each(e.Changes, func(c *sso.Change) EventChange { return EventChange(*c) }),
		}
		if out.Detail == nil {
			out.Detail = map[string]string{}
		}
		return out
	}), next}}
}

func (h *Handler) listEvents(c *call, in *struct {
	InOrganization
	Paging
	EventFilter
}) (*listed[Event], error) {
	_, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	list, err := h.People.Events(c.ctx(), &provision.Place{Organization: o}, in.query(in.Paging))
	if err != nil {
		return nil, err
	}
	return eventPage(list.Events, list.Names, list.Next), nil
}

func (h *Handler) listAllEvents(c *call, in *struct {
	Paging
	EventFilter
}) (*listed[Event], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	list, err := h.Operate.Events(c.ctx(), by, "", in.query(in.Paging))
	if err != nil {
		return nil, err
	}
	return eventPage(list.Events, list.Names, list.Next), nil
}
