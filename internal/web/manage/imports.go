package manage

import (
	"net/http"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
)

// Import is a list of people that was uploaded.
type Import struct {
	ID        string         `json:"id"`
	Name      string         `json:"name" doc:"Of the file"`
	State     string         `json:"state" enum:"judging,ready,running,done,stopped"`
	Code      string         `json:"code,omitempty" doc:"Why it was stopped"`
	Total     int            `json:"total" doc:"Rows"`
	Judged    int            `json:"judged"`
	Done      int            `json:"done"`
	Failed    int            `json:"failed"`
	Verdicts  map[string]int `json:"verdicts" doc:"How many rows are new, changed, same, duplicate, foreign, bad"`
	Ignored   []string       `json:"ignored" doc:"Columns that mean nothing to us"`
	CreatedAt time.Time      `json:"created_at"`
	ExpiresAt time.Time      `json:"expires_at"`
}

// ImportRow is a row of a list.
type ImportRow struct {
	Line    int      `json:"line" doc:"In the file"`
	Verdict string   `json:"verdict" enum:"waiting,new,changed,same,duplicate,foreign,bad"`
	Email   string   `json:"email,omitempty"`
	User    string   `json:"user,omitempty" doc:"ID of whom it is about"`
	Changes []string `json:"changes"`
	Code    string   `json:"code,omitempty" doc:"What is wrong with it"`
	Detail  string   `json:"detail,omitempty"`
}

// NewImport is a list to be uploaded.
type NewImport struct {
	Name    string `json:"name,omitempty" maxLength:"200" doc:"Of the file"`
	CSV     string `json:"csv" minLength:"1" doc:"The list, whose first line names the columns" example:"email,first_name,last_name\nalice@acme.example,Alice,Example"`
	Role    string `json:"role,omitempty" default:"member" maxLength:"64" doc:"Of rows that name none"`
	Welcome bool   `json:"welcome,omitempty" doc:"Mail everybody new a link to set up how they sign in"`
}

// InImport names a list of an organization.
type InImport struct {
	InOrganization
	Import string `path:"import" doc:"ID of the list" maxLength:"64"`
}

func (h *Handler) imports(a *api) {
	const tag, all, one = "Imports", "/organizations/{organization}/imports", "/organizations/{organization}/imports/{import}"
	read, write := sso.ScopeUsersRead, sso.ScopeUsersWrite
	register(a, op{ID: "listImports", Method: http.MethodGet, Path: all, Scope: read, Tag: tag, Summary: "List the latest lists of people", About: "At most ten."}, h.listImports)
	register(a, op{ID: "createImport", Method: http.MethodPost, Path: all, Scope: write, Tag: tag, Summary: "Upload a list of people", Status: http.StatusCreated, MaxBody: provision.MaxFile + maxBody,
		About: "Its rows are judged, and nothing is carried out before it is started."}, h.createImport)
	register(a, op{ID: "getImport", Method: http.MethodGet, Path: one, Scope: read, Tag: tag, Summary: "Read how far a list has come"}, h.getImport)
	register(a, op{ID: "listImportRows", Method: http.MethodGet, Path: one + "/rows", Scope: read, Tag: tag, Summary: "List the rows of a list"}, h.listImportRows)
	register(a, op{ID: "startImport", Method: http.MethodPost, Path: one + "/start", Scope: write, Tag: tag, Summary: "Carry a list out"}, h.startImport)
	register(a, op{ID: "stopImport", Method: http.MethodPost, Path: one + "/stop", Scope: write, Tag: tag, Summary: "Stop the work on a list", About: "What was carried out stays."}, h.stopImport)
}

func list(i *sso.Import, counts map[sso.ImportVerdict]int) Import {
	out := Import{
		ID: string(i.ID), Name: i.Name, State: string(i.State), Code: i.Code, Total: i.Total, Judged: i.Judged, Done: i.Done, Failed: i.Failed, Verdicts: map[string]int{},
		Ignored: texts(i.Options.Ignored), CreatedAt: i.CreatedAt.UTC(), ExpiresAt: i.ExpiresAt.UTC(),
	}
	for verdict, n := range counts {
		out.Verdicts[string(verdict)] = n
	}
	return out
}

func (h *Handler) listImports(c *call, in *struct{ InOrganization }) (*listed[Import], error) {
	_, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	all, err := h.People.Imports(c.ctx(), &provision.Place{Organization: o})
	if err != nil {
		return nil, err
	}
	return &listed[Import]{page[Import]{Items: each(all, func(i *sso.Import) Import { return list(i, nil) })}}, nil
}

// theImport returns a list as it is told of.
func (h *Handler) theImport(c *call, o *sso.Organization, id string) (*told[Import], error) {
	p, err := h.People.Import(c.ctx(), &provision.Place{Organization: *o}, sso.ImportID(id), "", 0)
	if err != nil {
		return nil, err
	}
	return tell(list(&p.Import, p.Counts)), nil
}

func (h *Handler) createImport(c *call, in *struct {
	InOrganization
	Body NewImport
}) (*created[Import], error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	n := provision.NewImport{Name: in.Body.Name, File: []byte(in.Body.CSV), Role: in.Body.Role}
	if in.Body.Welcome {
		n.Welcome = provision.WelcomeByMail
	}
	id, err := h.People.Upload(c.ctx(), by, o.ID, n)
	if err != nil {
		return nil, err
	}
	t, err := h.theImport(c, &o, string(id))
	if err != nil {
		return nil, err
	}
	return &created[Import]{Location: under(&o, "imports", string(id)), Body: t.Body}, nil
}

func (h *Handler) getImport(c *call, in *struct{ InImport }) (*told[Import], error) {
	_, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return h.theImport(c, &o, in.Import)
}

func (h *Handler) listImportRows(c *call, in *struct {
	InImport
	Paging
	Verdict string `query:"verdict" enum:"new,changed,same,duplicate,foreign,bad"`
}) (*listed[ImportRow], error) {
	_, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	after := 0
	if in.Cursor != "" {
		if after, err = strconv.Atoi(in.Cursor); err != nil || after < 0 {
			return nil, &fault.Error{Kind: fault.Invalid, Code: "api_cursor", Want: "the value of next of the page before", Fix: fault.AppSide}
		}
	}
	p, err := h.People.Import(c.ctx(), &provision.Place{Organization: o}, sso.ImportID(in.Import), sso.ImportVerdict(in.Verdict), after)
	if err != nil {
		return nil, err
	}
	lines, next := cut(p.Rows, in.Paging, further(p.Next), func(r *sso.ImportRow) int { return r.Line })
	out := &listed[ImportRow]{page[ImportRow]{Items: each(lines, func(r *sso.ImportRow) ImportRow {
		return ImportRow{Line: r.Line, Verdict: string(r.Verdict), Email: r.Row.Email, User: string(r.User), Changes: texts(r.Changes), Code: r.Code, Detail: r.Detail}
	})}}
	if next != nil {
		out.Body.Next = strconv.Itoa(*next)
	}
	return out, nil
}

// worked runs an act on a list and tells of it.
func (h *Handler) worked(c *call, in InImport, do func(by *sso.By, org sso.OrgID, id sso.ImportID) error) (*told[Import], error) {
	by, o, err := c.by(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	if err := do(by, o.ID, sso.ImportID(in.Import)); err != nil {
		return nil, err
	}
	return h.theImport(c, &o, in.Import)
}

func (h *Handler) startImport(c *call, in *struct{ InImport }) (*told[Import], error) {
	return h.worked(c, in.InImport, func(by *sso.By, org sso.OrgID, id sso.ImportID) error { return h.People.Start(c.ctx(), by, org, id) })
}

func (h *Handler) stopImport(c *call, in *struct{ InImport }) (*told[Import], error) {
	return h.worked(c, in.InImport, func(by *sso.By, org sso.OrgID, id sso.ImportID) error { return h.People.Stop(c.ctx(), by, org, id) })
}
