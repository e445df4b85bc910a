package manage

import (
	"net/http"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// Webhook is where a program of somebody else's is told of events.
type Webhook struct {
	ID            string     `json:"id"`
	URL           string     `json:"url" example:"https://hooks.example/sallyport"`
	Note          string     `json:"note,omitempty" doc:"What it is for"`
	Types         []string   `json:"types" doc:"Of events: exact, or such as user.*; none: all"`
	State         string     `json:"state" enum:"enabled,disabled,failed" doc:"failed: nothing got through for three days"`
	Failures      int        `json:"failures" doc:"One after the other, until now"`
	FailingSince  *time.Time `json:"failing_since,omitempty"`
	PreviousUntil *time.Time `json:"previous_secret_until,omitempty" doc:"Until when the secret before signs too"`
	ChangedBy     string     `json:"changed_by" doc:"ID of the user or key that made it, or changed it last"`
	CreatedAt     time.Time  `json:"created_at"`
	UpdatedAt     time.Time  `json:"updated_at"`
}

func webhook(w *sso.Webhook) Webhook {
	return Webhook{
		ID: string(w.ID), URL: w.URL, Note: w.Note, Types: texts(w.Types), State: string(w.State), Failures: int(w.Failures), FailingSince: instant(w.FailingSince),
		PreviousUntil: instant(w.PreviousUntil), ChangedBy: string(w.By), CreatedAt: w.CreatedAt.UTC(), UpdatedAt: w.UpdatedAt.UTC(),
	}
}

// NewWebhook is a webhook to be made.
type NewWebhook struct {
	URL   string   `json:"url" minLength:"1" maxLength:"2000" example:"https://hooks.example/sallyport"`
	Note  string   `json:"note,omitempty" maxLength:"100" doc:"What it is for"`
	Types []string `json:"types,omitempty" maxItems:"100" doc:"Of events: exact, or such as user.*; none: all" example:"[\"user.*\"]"`
	State string   `json:"state,omitempty" enum:"enabled,disabled" default:"enabled"`
}

// WebhookChange is what a webhook is to be; what is left out stays.
type WebhookChange struct {
	URL   *string   `json:"url,omitempty" minLength:"1" maxLength:"2000"`
	Note  *string   `json:"note,omitempty" maxLength:"100"`
	Types *[]string `json:"types,omitempty" maxItems:"100"`
	State *string   `json:"state,omitempty" enum:"enabled,disabled" doc:"What happens while it is disabled it is told by a replay alone"`
}

// MadeWebhook is a webhook that was made.
type MadeWebhook struct {
	Webhook
	Secret string `json:"secret" doc:"By which the receiver knows us, as Standard Webhooks has it; it is shown this once"`
}

// HookSecret is another secret of a webhook.
type HookSecret struct {
	Secret    string     `json:"secret" doc:"It is shown this once"`
	BothUntil *time.Time `json:"previous_secret_until,omitempty" doc:"Until when the one before signs too"`
}

// Delivery is one event on its way to a webhook.
type Delivery struct {
	Event     string     `json:"event" doc:"ID of the event"`
	Action    string     `json:"action" example:"user.created"`
	State     string     `json:"state" enum:"waiting,delivered,failed"`
	CreatedAt time.Time  `json:"created_at"`
	DueAt     *time.Time `json:"due_at,omitempty" doc:"When it is tried next"`
	Tries     int        `json:"tries"`
	TriedAt   *time.Time `json:"tried_at,omitempty" doc:"The last time"`
	DoneAt    *time.Time `json:"done_at,omitempty"`
	Status    int        `json:"status,omitempty" doc:"Of the last answer"`
	Code      string     `json:"code,omitempty" doc:"What was wrong with it"`
	Detail    string     `json:"detail,omitempty" doc:"How the answer began, or what happened in place of one"`
	Took      int        `json:"took_ms" doc:"By the last try, in milliseconds"`
}

func delivery(d *sso.Delivery) Delivery {
	out := Delivery{
		Event: string(d.Event), Action: d.Action, State: string(d.State), CreatedAt: d.CreatedAt.UTC(), Tries: int(d.Tries), TriedAt: instant(d.TriedAt),
		DoneAt: instant(d.DoneAt), Status: int(d.Status), Code: d.Code, Detail: d.Detail, Took: int(d.Took.Milliseconds()),
	}
	if d.State == sso.DeliveryWaiting {
		out.DueAt = instant(d.DueAt)
	}
	return out
}

// Replay says what a webhook is to be told again.
type Replay struct {
	Event string     `json:"event,omitempty" maxLength:"64" doc:"ID of this event"`
	Since *time.Time `json:"since,omitempty" doc:"Or all that it wants since then, ten thousand at most"`
}

// Replayed says how much a webhook is told again.
type Replayed struct {
	Events int        `json:"events"`
	Until  *time.Time `json:"until,omitempty" doc:"What came later was not looked at: ask again for all since then. Without it, that was all"`
}

// seat says who asks about what is of an organization or of the deployment, and
// where that is read.
type seat func(c *call) (who *events.Who, at string, err error)

// ofDeployment is the [seat] of the deployment.
func (h *Handler) ofDeployment(c *call) (*events.Who, string, error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, "", err
	}
	return &events.Who{By: *by}, Path, nil
}

// ofOrganization is the [seat] of the organization that the path names.
func (h *Handler) ofOrganization(c *call) (*events.Who, string, error) {
	who, p, err := c.at(h, InOrganization{c.Param("organization")})
	if err != nil {
		return nil, "", err
	}
	return &events.Who{By: who.By, Org: p.ID}, Path + "/organizations/" + p.Key, nil
}

// InWebhook names a webhook.
type InWebhook struct {
	Webhook string `path:"webhook" doc:"ID of the webhook" maxLength:"64"`
}

func (in InWebhook) id() sso.WebhookID { return sso.WebhookID(in.Webhook) }

// hooks are the operations on webhooks of an organization, or of the deployment.
type hooks struct {
	*Handler
	seat seat
}

func (h *Handler) webhooks(a *api) {
	hooks{h, h.ofOrganization}.register(a, "/organizations/{organization}/webhooks", "", " of an organization", sso.ScopeWebhooksRead, sso.ScopeWebhooksWrite)
	hooks{h, h.ofDeployment}.register(a, "/webhooks", "Deployment", " of the deployment", sso.ScopeDeploymentRead, sso.ScopeDeploymentWrite)
}

// register adds the operations; name stands in their IDs, and of says whose
// webhooks they are about.
func (h hooks) register(a *api, all, name, of string, read, write sso.Scope) {
	const tag = "Webhooks"
	one := all + "/{webhook}"
	register(a, op{ID: "list" + name + "Webhooks", Method: http.MethodGet, Path: all, Scope: read, Tag: tag, Summary: "List the webhooks" + of}, h.list)
	register(a, op{ID: "create" + name + "Webhook", Method: http.MethodPost, Path: all, Scope: write, Tag: tag, Summary: "Create a webhook" + of, Status: http.StatusCreated,
		About: "It is told of what happens from then on, as the audit list says it. The answer shows its secret, once."}, h.create)
	register(a, op{ID: "get" + name + "Webhook", Method: http.MethodGet, Path: one, Scope: read, Tag: tag, Summary: "Read a webhook" + of}, h.get)
	register(a, op{ID: "update" + name + "Webhook", Method: http.MethodPatch, Path: one, Scope: write, Tag: tag, Summary: "Change a webhook" + of + ", or switch it on or off"}, h.update)
	register(a, op{ID: "delete" + name + "Webhook", Method: http.MethodDelete, Path: one, Scope: write, Tag: tag, Summary: "Delete a webhook" + of + ", with its log"}, h.delete)
	register(a, op{ID: "turn" + name + "WebhookSecret", Method: http.MethodPost, Path: one + "/secret", Scope: write, Tag: tag, Summary: "Give a webhook" + of + " another secret",
		About: "For a day both sign."}, h.turnSecret)
	register(a, op{ID: "test" + name + "Webhook", Method: http.MethodPost, Path: one + "/test", Scope: write, Tag: tag, Summary: "Send a webhook" + of + " a test",
		About: "What became of it stands among its deliveries a moment later."}, h.test)
	register(a, op{ID: "list" + name + "Deliveries", Method: http.MethodGet, Path: one + "/deliveries", Scope: read, Tag: tag, Summary: "List what became of deliveries to a webhook" + of, About: "The latest first."}, h.deliveries)
	register(a, op{ID: "replay" + name + "Webhook", Method: http.MethodPost, Path: one + "/replay", Scope: write, Tag: tag, Summary: "Tell a webhook" + of + " again what has happened",
		About: "Either one event, or all since an instant that it wants."}, h.replay)
}

func (h hooks) list(c *call, _ *struct{}) (*listed[Webhook], error) {
	who, _, err := h.seat(c)
	if err != nil {
		return nil, err
	}
	all, err := h.Events.Webhooks(c.ctx(), who)
	if err != nil {
		return nil, err
	}
	return &listed[Webhook]{page[Webhook]{Items: each(all, webhook)}}, nil
}

func (h hooks) create(c *call, in *struct{ Body NewWebhook }) (*created[MadeWebhook], error) {
	who, at, err := h.seat(c)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	made, key, err := h.Events.CreateWebhook(c.ctx(), who, events.Draft{URL: b.URL, Note: b.Note, Types: b.Types, State: sso.WebhookState(b.State)})
	if err != nil {
		return nil, err
	}
	t, err := h.tell(c, who, made.ID)
	if err != nil {
		return nil, err
	}
	return &created[MadeWebhook]{Location: at + "/webhooks/" + string(made.ID), ETag: t.ETag, Body: MadeWebhook{t.Body, key}}, nil
}

// tell returns a webhook as it is told of.
func (h hooks) tell(c *call, who *events.Who, id sso.WebhookID) (*told[Webhook], error) {
	l, err := h.Events.Webhook(c.ctx(), who, id, "", "")
	if err != nil {
		return nil, err
	}
	return &told[Webhook]{ETag: etag(l.Version), Body: webhook(&l.Webhook)}, nil
}

func (h hooks) get(c *call, in *struct{ InWebhook }) (*told[Webhook], error) {
	who, _, err := h.seat(c)
	if err != nil {
		return nil, err
	}
	return h.tell(c, who, in.id())
}

func (h hooks) update(c *call, in *struct {
	InWebhook
	Matching
	Body WebhookChange
}) (*told[Webhook], error) {
	who, _, err := h.seat(c)
	if err != nil {
		return nil, err
	}
	version, err := in.read()
	if err != nil {
		return nil, err
	}
	b := &in.Body
	err = h.Events.ChangeWebhook(c.ctx(), who, in.id(), version, func(d *events.Draft) {
		d.URL, d.Note, d.Types, d.State = or(b.URL, d.URL), or(b.Note, d.Note), or(b.Types, d.Types), sso.WebhookState(or(b.State, ""))
	})
	if err != nil {
		return nil, err
	}
	return h.tell(c, who, in.id())
}

func (h hooks) delete(c *call, in *struct{ InWebhook }) (*done, error) {
	who, _, err := h.seat(c)
	if err != nil {
		return nil, err
	}
	return nil, h.Events.DeleteWebhook(c.ctx(), who, in.id())
}

func (h hooks) turnSecret(c *call, in *struct{ InWebhook }) (*told[HookSecret], error) {
	who, _, err := h.seat(c)
	if err != nil {
		return nil, err
	}
	key, err := h.Events.TurnSecret(c.ctx(), who, in.id())
	if err != nil {
		return nil, err
	}
	t, err := h.tell(c, who, in.id())
	if err != nil {
		return nil, err
	}
	return &told[HookSecret]{ETag: t.ETag, Body: HookSecret{key, t.Body.PreviousUntil}}, nil
}

func (h hooks) test(c *call, in *struct{ InWebhook }) (*done, error) {
	who, _, err := h.seat(c)
	if err != nil {
		return nil, err
	}
	return nil, h.Events.TestWebhook(c.ctx(), who, in.id())
}

func (h hooks) deliveries(c *call, in *struct {
	InWebhook
	Paging
	State string `query:"state" enum:"waiting,delivered,failed"`
}) (*listed[Delivery], error) {
	who, _, err := h.seat(c)
	if err != nil {
		return nil, err
	}
	after, err := place[int64](in.Cursor)
	if err != nil {
		return nil, err
	}
	from := ""
	if after > 0 {
		from = strconv.FormatInt(after, 10)
	}
	l, err := h.Events.Webhook(c.ctx(), who, in.id(), sso.DeliveryState(in.State), from)
	if err != nil {
		return nil, err
	}
	next, err := strconv.ParseInt(l.Next, 10, 64)
	if err != nil {
		next = 0 // there is none
	}
	lines, more := cut(l.Deliveries, in.Paging, further(next), func(d *sso.Delivery) int64 { return d.Number })
	return &listed[Delivery]{page[Delivery]{each(lines, delivery), cursor(more)}}, nil
}

func (h hooks) replay(c *call, in *struct {
	InWebhook
	Body Replay
}) (*told[Replayed], error) {
	who, _, err := h.seat(c)
	if err != nil {
		return nil, err
	}
	if (in.Body.Event == "") == (in.Body.Since == nil) {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "api_choice", Want: "either event or since", Fix: fault.AppSide}
	}
	what := events.Replayed{Event: sso.EventID(in.Body.Event)}
	if in.Body.Since != nil {
		what.Since = *in.Body.Since
	}
	again, err := h.Events.Replay(c.ctx(), who, in.id(), what)
	if err != nil {
		return nil, err
	}
	return tell(Replayed{again.Events, instant(again.Until)}), nil
}
