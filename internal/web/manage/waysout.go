package manage

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/sso"
)

// BreakGlass are codes by which owners come in without the identity provider.
type BreakGlass struct {
	Codes []string `json:"codes" doc:"Each lets an owner in once. They are shown this once."`
	Path  string   `json:"path" doc:"Where one is used, in this deployment"`
}

// Retreat is what is known before single sign-on is turned off.
type Retreat struct {
	Stranded int     `json:"stranded" doc:"How many people would have no way in; while accounts are reset, whom that is to reach"`
	Above    bool    `json:"above" doc:"Whether an organization above demands single sign-on, whatever is chosen here"`
	Resets   *Resets `json:"resets,omitempty" doc:"How far resetting their accounts has come"`
}

// Resets are how far resetting accounts has come.
type Resets struct {
	State   string    `json:"state" enum:"running,done,stopped"`
	Total   int       `json:"total"`
	Sent    int       `json:"sent"`
	Skipped int       `json:"skipped" doc:"Without an address, or whose account is another organization's to reset"`
	Code    string    `json:"code,omitempty" doc:"Why it stopped; not there: by somebody"`
	BegunBy string    `json:"begun_by" doc:"ID of the user or key"`
	BegunAt time.Time `json:"begun_at"`
}

// Stranded is somebody who would have no way in.
type Stranded struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email,omitempty"`
}

func (h *Handler) waysOut(a *api) {
	const tag, path = "Enforcement", "/organizations/{organization}/enforcement"
	read, write := sso.ScopeSSORead, sso.ScopeSSOWrite
	register(a, op{ID: "createBreakGlassCodes", Method: http.MethodPost, Path: path + "/codes", Scope: write, Tag: tag, Summary: "Create break-glass codes", Status: http.StatusCreated,
		About: "In place of all that there were."}, h.createBreakGlassCodes)
	register(a, op{ID: "getRetreat", Method: http.MethodGet, Path: path + "/off", Scope: read, Tag: tag, Summary: "Read what turning single sign-on off would mean"}, h.getRetreat)
	register(a, op{ID: "listStranded", Method: http.MethodGet, Path: path + "/off/users", Scope: read, Tag: tag, Summary: "List who would have no way in without single sign-on",
		About: "A page may hold fewer than limit; only where next is missing is it the last."}, h.listStranded)
	register(a, op{ID: "resetStranded", Method: http.MethodPost, Path: path + "/off/reset", Scope: write, Tag: tag, Summary: "Reset the accounts of all who would have no way in", About: "One after the other, in the background; each of them gets a mail."}, h.resetStranded)
	register(a, op{ID: "stopResets", Method: http.MethodPost, Path: path + "/off/stop", Scope: write, Tag: tag, Summary: "Stop resetting accounts", About: "Those that were reset stay so."}, h.stopResets)
}

func (h *Handler) createBreakGlassCodes(c *call, in *struct{ InOrganization }) (*created[BreakGlass], error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	codes, err := h.Enforce.NewCodes(c.ctx(), who, p.ID)
	if err != nil {
		return nil, err
	}
	return &created[BreakGlass]{Location: under(&p.Organization, "enforcement"), Body: BreakGlass{codes, enforce.BreakGlassPath}}, nil
}

func (h *Handler) getRetreat(c *call, in *struct{ InOrganization }) (*told[Retreat], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	r, err := h.Enforce.Retreat(c.ctx(), p)
	if err != nil {
		return nil, err
	}
	out := Retreat{Stranded: r.Stranded, Above: r.Above}
	if t := r.Resets; t != nil {
		out.Resets = &Resets{State: string(t.State), Total: t.Total, Sent: t.Sent, Skipped: t.Skipped, Code: t.Code, BegunBy: string(t.By), BegunAt: t.CreatedAt.UTC()}
	}
	return tell(out), nil
}

func (h *Handler) listStranded(c *call, in *struct {
	InOrganization
	Cursor string `query:"cursor" maxLength:"2000" doc:"The value of next of the page before"`
}) (*listed[Stranded], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	after, err := place[enforce.PeoplePlace](in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := h.Enforce.Stranded(c.ctx(), p, after)
	if err != nil {
		return nil, err
	}
	var next *enforce.PeoplePlace
	if list.Next.User != "" {
		next = &list.Next
	}
	return &listed[Stranded]{page[Stranded]{each(list.People, func(m *enforce.Stranded) Stranded {
		return Stranded{ID: string(m.ID), Name: m.Name(), Email: m.Email.String()}
	}), cursor(next)}}, nil
}

func (h *Handler) resetStranded(c *call, in *struct{ InOrganization }) (*told[Retreat], error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	if err := h.Enforce.ResetStranded(c.ctx(), who, p.ID); err != nil {
		return nil, err
	}
	return h.getRetreat(c, in)
}

func (h *Handler) stopResets(c *call, in *struct{ InOrganization }) (*told[Retreat], error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	if err := h.Enforce.StopResets(c.ctx(), who, p.ID); err != nil {
		return nil, err
	}
	return h.getRetreat(c, in)
}
