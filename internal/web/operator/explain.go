package operator

import (
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// explainPage says which way an address would go, anywhere.
type explainPage struct {
	ui.Shell
	Form    ui.Filter
	Way     []ui.Step
	Problem *ui.Notice
}

// Head implements [ui.Page].
func (explainPage) Head() ui.Head {
	return ui.Head{Template: "explain", Title: ui.Say("explain_title")}
}

// explain serves GET /operator/explain.
func (h *Handler) explain(w http.ResponseWriter, r *http.Request) error {
	address := strings.TrimSpace(r.URL.Query().Get("address"))
	if address == "" {
		return h.UI.Render(w, r, http.StatusOK, explainPageOf("", nil, ""))
	}
	steps, err := h.Inspect.ExplainAnywhere(r.Context(), address)
	if fault.Is(err, "ident_email") {
		f, status := web.Record(r, err)
		return h.UI.Render(w, r, status, explainPageOf(address, nil, f.Code))
	}
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, explainPageOf(address, steps, ""))
}

func explainPageOf(address string, steps []inspect.Explained, problem string) explainPage {
	p := explainPage{
		Shell: frame.Operator(), Way: frame.Way(steps),
		Form: ui.Filter{Action: explainPath, Search: &ui.Search{Name: "address", Label: ui.Say("explain_address"), Value: address}},
	}
	p.Lead = ui.Say("explain_lead")
	if problem != "" {
		p.Problem = &ui.Notice{State: ui.Refused, Text: ui.Problem(problem)}
	}
	return p
}
