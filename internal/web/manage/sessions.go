package manage

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
)

// Session is a browser that is signed in, or what an app holds.
type Session struct {
	ID           string    `json:"id"`
	Organization string    `json:"organization" doc:"ID of the one that they are signed in to"`
	Connection   string    `json:"connection,omitempty" doc:"ID of the one that they came through; not there: they signed in here"`
	Methods      []string  `json:"methods" doc:"How they proved who they are [RFC 8176]"`
	App          string    `json:"app,omitempty" doc:"ID of the app that holds it; not there: a browser does"`
	UserAgent    string    `json:"user_agent,omitempty"`
	Address      string    `json:"address,omitempty"`
	CreatedAt    time.Time `json:"created_at"`
	SeenAt       time.Time `json:"seen_at"`
	ExpiresAt    time.Time `json:"expires_at"`
}

// Ended says how many sessions have ended.
type Ended struct {
	Sessions int `json:"sessions"`
}

func (h *Handler) sessions(a *api) {
	const tag, all = "Users", "/organizations/{organization}/users/{user}/sessions"
	register(a, op{ID: "listSessions", Method: http.MethodGet, Path: all, Scope: sso.ScopeUsersRead, Tag: tag, Summary: "List where a user is signed in", About: "In the organization and below it."}, h.listSessions)
	register(a, op{ID: "endSessions", Method: http.MethodDelete, Path: all, Scope: sso.ScopeUsersWrite, Tag: tag, Summary: "Sign a user out everywhere", About: "In the organization and below it.", Status: http.StatusOK}, h.endSessions)
	register(a, op{ID: "endSession", Method: http.MethodDelete, Path: all + "/{session}", Scope: sso.ScopeUsersWrite, Tag: tag, Summary: "End a session"}, h.endSession)
}

func (h *Handler) listSessions(c *call, in *struct{ InUser }) (*listed[Session], error) {
	_, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	all, err := h.People.Sessions(c.ctx(), &provision.Place{Organization: o}, sso.UserID(in.User))
	if err != nil {
		return nil, err
	}
	return &listed[Session]{page[Session]{Items: each(all, func(s *provision.SessionAt) Session {
		return Session{
			ID: string(s.ID), Organization: string(s.Org), Connection: string(s.Connection), Methods: texts(s.AMR), App: string(s.App),
			UserAgent: s.UserAgent, Address: s.Address, CreatedAt: s.CreatedAt.UTC(), SeenAt: s.SeenAt.UTC(), ExpiresAt: s.ExpiresAt.UTC(),
		}
	})}}, nil
}

func (h *Handler) endSessions(c *call, in *struct{ InUser }) (*told[Ended], error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	n, err := h.People.EndSessions(c.ctx(), by, o.ID, sso.UserID(in.User))
	if err != nil {
		return nil, err
	}
	return tell(Ended{n}), nil
}

func (h *Handler) endSession(c *call, in *struct {
	InUser
	Session string `path:"session" maxLength:"64"`
}) (*done, error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return nil, h.People.EndSession(c.ctx(), by, o.ID, sso.UserID(in.User), sso.SessionID(in.Session))
}
