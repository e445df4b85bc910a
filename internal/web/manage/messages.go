package manage

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/sso"
)

// Message is a mail or text message, without what it says.
type Message struct {
	ID           string     `json:"id"`
	Channel      string     `json:"channel" enum:"mail,sms"`
	Kind         string     `json:"kind" example:"invitation"`
	Organization string     `json:"organization,omitempty" doc:"ID"`
	User         string     `json:"user,omitempty" doc:"ID"`
	To           string     `json:"to"`
	CreatedAt    time.Time  `json:"created_at"`
	DueAt        *time.Time `json:"due_at,omitempty" doc:"When it is tried next, while it waits"`
	ExpiresAt    *time.Time `json:"expires_at,omitempty" doc:"When it is given up"`
	DoneAt       *time.Time `json:"done_at,omitempty" doc:"When it was sent or given up"`
	Tries        int        `json:"tries"`
	Code         string     `json:"code,omitempty" doc:"Why the last try failed"`
	Detail       string     `json:"detail,omitempty" doc:"What the server or gateway said"`
	RemoteID     string     `json:"remote_id,omitempty" doc:"What the server or gateway calls it"`
}

func message(m *notify.Item) Message {
	return Message{
		ID: string(m.ID), Channel: string(m.Channel), Kind: string(m.Kind), Organization: string(m.Org), User: string(m.User), To: m.To, CreatedAt: m.CreatedAt.UTC(),
		DueAt: instant(m.DueAt), ExpiresAt: instant(m.ExpiresAt), DoneAt: instant(m.DoneAt), Tries: int(m.Tries), Code: m.Code, Detail: m.Detail, RemoteID: m.RemoteID,
	}
}

// TheseMessages names messages.
type TheseMessages struct {
	IDs []string `json:"ids" minItems:"1" maxItems:"200"`
}

// Acted says for how many messages something was done: not for those that are
// just being sent, or are gone.
type Acted struct {
	Messages int `json:"messages"`
}

// TestMessage is a message by which somebody tries whether anything arrives.
type TestMessage struct {
	Channel  string `json:"channel" enum:"mail,sms"`
	To       string `json:"to" minLength:"1" maxLength:"320" doc:"Address, or number with +" example:"ops@example.com"`
	Language string `json:"language,omitempty" enum:"en,de" default:"en"`
}

// TestedMessage is what became of it.
type TestedMessage struct {
	RemoteID string `json:"remote_id" doc:"What the server or gateway calls it"`
}

func (h *Handler) messages(a *api) {
	const tag, all = "Messages", "/messages"
	write := sso.ScopeDeploymentWrite
	register(a, op{ID: "listMessages", Method: http.MethodGet, Path: all, Scope: sso.ScopeDeploymentRead, Tag: tag, Summary: "List messages", About: "The latest first."}, h.listMessages)
	register(a, op{ID: "retryMessages", Method: http.MethodPost, Path: all + "/retry", Scope: write, Tag: tag, Summary: "Have messages tried again at once"}, h.retryMessages)
	register(a, op{ID: "dropMessages", Method: http.MethodPost, Path: all + "/drop", Scope: write, Tag: tag, Summary: "Delete messages that were not sent"}, h.dropMessages)
	register(a, op{ID: "testMessages", Method: http.MethodPost, Path: all + "/test", Scope: write, Tag: tag, Summary: "Send a test at once"}, h.testMessages)
}

func (h *Handler) listMessages(c *call, in *struct {
	Paging
	State string `query:"state" enum:"waiting,dead,sent" default:"dead" doc:"How far they have come; dead: given up"`
}) (*listed[Message], error) {
	if _, err := c.vendor(h); err != nil {
		return nil, err
	}
	after, err := place[string](in.Cursor)
	if err != nil {
		return nil, err
	}
	stuck, err := h.Desk.Stuck(c.ctx(), notify.Pile(in.State), after)
	if err != nil {
		return nil, err
	}
	lines, next := cut(stuck.Items, in.Paging, further(stuck.Next), func(m *notify.Item) string { return m.Cursor() })
	return &listed[Message]{page[Message]{each(lines, message), cursor(next)}}, nil
}

// onMessages does something with messages, and says with how many.
func (h *Handler) onMessages(c *call, these TheseMessages, do func(by sso.By, ids []sso.MessageID) (int, error)) (*told[Acted], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	ids := make([]sso.MessageID, len(these.IDs))
	for i, id := range these.IDs {
		ids[i] = sso.MessageID(id)
	}
	n, err := do(*by, ids)
	if err != nil {
		return nil, err
	}
	return tell(Acted{n}), nil
}

func (h *Handler) retryMessages(c *call, in *struct{ Body TheseMessages }) (*told[Acted], error) {
	return h.onMessages(c, in.Body, func(by sso.By, ids []sso.MessageID) (int, error) { return h.Desk.Retry(c.ctx(), by, ids) })
}

func (h *Handler) dropMessages(c *call, in *struct{ Body TheseMessages }) (*told[Acted], error) {
	return h.onMessages(c, in.Body, func(by sso.By, ids []sso.MessageID) (int, error) { return h.Desk.Drop(c.ctx(), by, ids) })
}

func (h *Handler) testMessages(c *call, in *struct{ Body TestMessage }) (*told[TestedMessage], error) {
	by, err := c.vendor(h)
	if err != nil {
		return nil, err
	}
	id, err := h.Desk.Test(c.ctx(), *by, notify.Channel(in.Body.Channel), in.Body.To, in.Body.Language)
	if err != nil {
		return nil, err
	}
	return tell(TestedMessage{id}), nil
}
