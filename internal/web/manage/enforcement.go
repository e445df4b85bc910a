package manage

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/sso"
)

// Enforcement is how far an organization demands single sign-on.
type Enforcement struct {
	SSO        string      `json:"sso" enum:"off,optional,pilot,required"`
	Above      bool        `json:"above" doc:"Whether an organization above demands it, whatever is chosen here"`
	Pilot      []string    `json:"pilot" doc:"Names of the groups that a pilot is about"`
	Exempt     []string    `json:"exempt" doc:"Addresses that may use a password all the same"`
	LocalUntil *time.Time  `json:"local_until,omitempty" doc:"When sessions end that did not come by a connection"`
	Pause      *PauseState `json:"pause,omitempty" doc:"While it is not demanded"`
	Ready      Readiness   `json:"ready" doc:"What has to be before it can be demanded"`
	Codes      int         `json:"break_glass_codes" doc:"How many break-glass codes are left"`
}

// PauseState says why single sign-on is not demanded for a while.
type PauseState struct {
	Until  time.Time `json:"until"`
	Since  time.Time `json:"since"`
	By     string    `json:"by" doc:"ID of the user or key"`
	Vendor bool      `json:"vendor" doc:"Whether the vendor has paused it"`
	Reason string    `json:"reason"`
}

// Readiness is what has to be before single sign-on can be demanded.
type Readiness struct {
	Connections int  `json:"connections" doc:"That are active; at least 1"`
	Tested      int  `json:"tested" doc:"Different people who have passed a test of the settings as they are; at least 2"`
	Beside      bool `json:"beside" doc:"Whether somebody came in by a way that stays open"`
}

// EnforcementChange is what is to be demanded.
type EnforcementChange struct {
	SSO      string   `json:"sso" enum:"optional,pilot,required"`
	Pilot    []string `json:"pilot,omitempty" maxItems:"50" doc:"Names of the groups that a pilot is about"`
	Exempt   []string `json:"exempt,omitempty" maxItems:"50" doc:"Addresses that may use a password all the same"`
	Sessions string   `json:"sessions,omitempty" enum:"end,at,stay" default:"stay" doc:"What becomes of sessions that did not come by a connection"`
	Hours    int      `json:"hours,omitempty" minimum:"0" maximum:"2160" doc:"Until they end, with at"`
}

// Pause is for how long single sign-on is not demanded, and why.
type Pause struct {
	Hours  int    `json:"hours" minimum:"1" maximum:"72" example:"4"`
	Reason string `json:"reason" minLength:"10" maxLength:"200" example:"The identity provider does not answer."`
}

// Outlook counts what would become of the members if single sign-on were
// demanded of everybody.
type Outlook struct {
	All    int            `json:"all"`
	Fates  map[string]int `json:"fates" doc:"How many come, doubled, locked, …"`
	Recast int            `json:"recast" doc:"Who would have another role"`
}

// Foreseen is a member and what would become of them.
type Foreseen struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Email      string `json:"email,omitempty"`
	Fate       string `json:"fate" enum:"comes,first,asked,beside,guest,doubled,locked,suspended"`
	Code       string `json:"code,omitempty" doc:"Why"`
	Connection string `json:"connection,omitempty" doc:"Name of the one that they come by"`
	Role       string `json:"role,omitempty" doc:"Another one that they would have"`
}

func (h *Handler) enforcement(a *api) {
	const tag, path = "Enforcement", "/organizations/{organization}/enforcement"
	read, write := sso.ScopeSSORead, sso.ScopeSSOWrite
	register(a, op{ID: "getEnforcement", Method: http.MethodGet, Path: path, Scope: read, Tag: tag, Summary: "Read how far single sign-on is demanded"}, h.getEnforcement)
	register(a, op{ID: "setEnforcement", Method: http.MethodPut, Path: path, Scope: write, Tag: tag, Summary: "Change how far single sign-on is demanded",
		About: "To the version that was read. It cannot be demanded before `ready` says so."}, h.setEnforcement)
	register(a, op{ID: "turnOffSSO", Method: http.MethodPost, Path: path + "/off", Scope: write, Tag: tag, Summary: "Turn single sign-on off", About: "To the version that was read."}, h.turnOffSSO)
	register(a, op{ID: "pauseEnforcement", Method: http.MethodPost, Path: path + "/pause", Scope: write, Tag: tag, Summary: "Have single sign-on not be demanded for some hours"}, h.pauseEnforcement)
	register(a, op{ID: "resumeEnforcement", Method: http.MethodPost, Path: path + "/resume", Scope: write, Tag: tag, Summary: "End a pause before its time"}, h.resumeEnforcement)
	register(a, op{ID: "getOutlook", Method: http.MethodGet, Path: path + "/outlook", Scope: read, Tag: tag, Summary: "Count what would become of the members if single sign-on were demanded"}, h.getOutlook)
	register(a, op{ID: "listForeseen", Method: http.MethodGet, Path: path + "/outlook/users", Scope: read, Tag: tag, Summary: "List what would become of the members if single sign-on were demanded",
		About: "A page may hold fewer than limit; only where next is missing is it the last."}, h.listForeseen)
	register(a, op{ID: "vendorPause", Method: http.MethodPost, Path: path + "/vendor-pause", Scope: sso.ScopeDeploymentWrite, Tag: tag, Summary: "Have a customer not demand single sign-on for some hours"}, h.vendorPause)
	register(a, op{ID: "vendorResume", Method: http.MethodPost, Path: path + "/vendor-resume", Scope: sso.ScopeDeploymentWrite, Tag: tag, Summary: "End a customer's pause before its time"}, h.vendorResume)
	h.waysOut(a)
}

func (h *Handler) getEnforcement(c *call, in *struct{ InOrganization }) (*told[Enforcement], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	st, err := h.Enforce.State(c.ctx(), p)
	if err != nil {
		return nil, err
	}
	policy := &st.Organization.Policy
	out := Enforcement{
		SSO: string(policy.SSO), Above: st.Above, Pilot: texts(st.Pilot), Exempt: texts(policy.Exempt), LocalUntil: instant(policy.LocalUntil),
		Ready: Readiness{Connections: st.Gate.Connections, Tested: st.Gate.Tested, Beside: st.Gate.Beside}, Codes: st.Codes.Left,
	}
	if out.SSO == "" {
		out.SSO = string(sso.SSOOptional)
	}
	if pause := policy.Pause; pause.Running(h.Programs.Now()) {
		out.Pause = &PauseState{Until: pause.Until.UTC(), Since: pause.Since.UTC(), By: string(pause.By), Vendor: pause.Vendor, Reason: pause.Reason}
	}
	return &told[Enforcement]{ETag: etag(st.Organization.Version), Body: out}, nil
}

// demanded runs a change of what is demanded, and tells of it.
func (h *Handler) demanded(c *call, in InOrganization, version func(latest int64) (int64, error), do func(e *enforce.Edit) error) (*told[Enforcement], error) {
	who, p, err := c.at(h, in)
	if err != nil {
		return nil, err
	}
	v, err := version(p.Version)
	if err != nil {
		return nil, err
	}
	if err := do(&enforce.Edit{Who: who, Org: p.ID, Version: v}); err != nil {
		return nil, err
	}
	return h.getEnforcement(c, &struct{ InOrganization }{in})
}

func (h *Handler) setEnforcement(c *call, in *struct {
	InOrganization
	Matching
	Body EnforcementChange
}) (*told[Enforcement], error) {
	return h.demanded(c, in.InOrganization, in.wanted, func(e *enforce.Edit) error {
		return h.Enforce.Demand(c.ctx(), e, enforce.Chosen{
			SSO: sso.Enforcement(in.Body.SSO), Groups: in.Body.Pilot, Exempt: in.Body.Exempt, Sessions: sso.LiveSessions(in.Body.Sessions), Hours: in.Body.Hours,
		})
	})
}

func (h *Handler) turnOffSSO(c *call, in *struct {
	InOrganization
	Matching
}) (*told[Enforcement], error) {
	return h.demanded(c, in.InOrganization, in.wanted, func(e *enforce.Edit) error { return h.Enforce.TurnOff(c.ctx(), e) })
}

func (h *Handler) pauseEnforcement(c *call, in *struct {
	InOrganization
	Matching
	Body Pause
}) (*told[Enforcement], error) {
	return h.demanded(c, in.InOrganization, in.version, func(e *enforce.Edit) error { return h.Enforce.Pause(c.ctx(), e, in.Body.Hours, in.Body.Reason) })
}

func (h *Handler) resumeEnforcement(c *call, in *struct {
	InOrganization
	Matching
}) (*told[Enforcement], error) {
	return h.demanded(c, in.InOrganization, in.version, func(e *enforce.Edit) error { return h.Enforce.Resume(c.ctx(), e) })
}

func (h *Handler) getOutlook(c *call, in *struct{ InOrganization }) (*told[Outlook], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	o, err := h.Enforce.Outlook(c.ctx(), p)
	if err != nil {
		return nil, err
	}
	out := Outlook{All: o.All, Fates: map[string]int{}, Recast: o.Recast}
	for fate, n := range o.Fates {
		out.Fates[string(fate)] = n
	}
	return tell(out), nil
}

func (h *Handler) listForeseen(c *call, in *struct {
	InOrganization
	Cursor string `query:"cursor" maxLength:"2000" doc:"The value of next of the page before"`
	Q      string `query:"q" maxLength:"200" doc:"Beginnings of words of name, username or address"`
	Fate   string `query:"fate" enum:"comes,first,asked,beside,guest,doubled,locked,suspended"`
}) (*listed[Foreseen], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	after, err := place[enforce.PeoplePlace](in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := h.Enforce.Foresee(c.ctx(), p, enforce.ForeseenQuery{Words: sso.SearchWords(in.Q), Fate: sso.Fate(in.Fate), After: after})
	if err != nil {
		return nil, err
	}
	var next *enforce.PeoplePlace
	if list.Next.User != "" {
		next = &list.Next
	}
	return &listed[Foreseen]{page[Foreseen]{each(list.People, func(f *enforce.Foreseen) Foreseen {
		return Foreseen{ID: string(f.ID), Name: f.Name(), Email: f.Email.String(), Fate: string(f.Fate), Code: f.Code, Connection: f.By, Role: string(f.Forecast.Role)}
	}), cursor(next)}}, nil
}

func (h *Handler) vendorPause(c *call, in *struct {
	InOrganization
	Body Pause
}) (*done, error) {
	by, key, err := h.customer(c, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return nil, h.Operate.PauseSSO(c.ctx(), by, key, in.Body.Hours, in.Body.Reason)
}

func (h *Handler) vendorResume(c *call, in *struct{ InOrganization }) (*done, error) {
	by, key, err := h.customer(c, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return nil, h.Operate.ResumeSSO(c.ctx(), by, key)
}
