package operator

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// homePage is the first page.
type homePage struct {
	ui.Shell
	Notices []ui.Notice
	Find    ui.Filter
	Stats   []ui.Stat
	Charts  []ui.Chart
	Events  ui.Table
}

// Head implements [ui.Page].
func (homePage) Head() ui.Head { return ui.Head{Template: "home", Title: ui.Say("overview")} }

// home serves GET /operator.
func (h *Handler) home(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	d, err := h.Flow.Deployment(r.Context(), &by)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showHome(d, h.Flow.Now()))
}

func showHome(d operate.Deployment, now time.Time) homePage {
	good, bad := 0, 0
	for _, c := range d.Counts {
		if c.Code == "" {
			good += c.N
		} else {
			bad += c.N
		}
	}
	stuck := 0
	for _, c := range d.Outbox {
		if c.State == operate.MessageDead {
			stuck += int(c.Count)
		}
	}
	p := homePage{Shell: frame.Operator()}
	if len(d.Ending) > 0 {
		n := ui.Notice{State: ui.Warn, Title: ui.Say("ending_title"), Text: ui.Say("ending_text")}
		for i := range d.Ending {
			e := &d.Ending[i]
			n.Points = append(n.Points, ui.Say("ending_point", "Org", e.OrgName, "Name", e.Name, "Day", e.Ends.UTC().Format(time.DateOnly)))
		}
		p.Notices = append(p.Notices, n)
	}
	p.Find = ui.Filter{Action: tracesPath, Search: &ui.Search{Name: "reference", Label: ui.Say("find_trace")}}
	p.Stats = []ui.Stat{
		{Name: ui.Say("stat_signins"), Value: ui.Count("figure", good), Note: ui.Say("last_days")},
		{Name: ui.Say("stat_refused"), Value: ui.Count("figure", bad), Note: ui.Say("last_days")},
		{Name: ui.Say("stat_stuck"), Value: atMost(stuck)},
	}
	if stuck > 0 {
		p.Stats[2].State, p.Stats[2].Note, p.Stats[2].Path = ui.Warn, ui.Say("stuck_note"), outboxPath
	}
	p.Charts = charts(d.Counts, now)
	p.Events = eventTable(d.Events, d.Names)
	p.Events.Empty = ui.Empty{Icon: "log", Title: ui.Say("audit_none"), Text: ui.Say("audit_none_text")}
	return p
}

// charts draws sign-ins by day and method, and failures by cause.
func charts(counts []operate.SignInCount, now time.Time) []ui.Chart {
	const days = int(operate.CountedFor / (24 * time.Hour))
	first := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-days)
	var labels []ui.Text
	for i := range days {
		labels = append(labels, ui.Day(first.AddDate(0, 0, i)))
	}
	bySSO, byPassword, refused := make([]int, days), make([]int, days), make([]int, days)
	causes := map[string]int{}
	for _, c := range counts {
		i := int(c.Hour.Sub(first) / (24 * time.Hour))
		if c.Hour.Before(first) || i < 0 || i >= len(refused) || i >= len(bySSO) || i >= len(byPassword) {
			continue
		}
		switch {
		case c.Code != "":
			refused[i] += c.N
			causes[c.Code] += c.N
		case c.Method == sso.BySSO:
			bySSO[i] += c.N
		default:
			byPassword[i] += c.N
		}
	}
	series := []ui.Series{
		{Name: ui.Say("by_sso"), Values: bySSO}, {Name: ui.Say("by_password"), Values: byPassword}, {Name: ui.Say("by_refused"), Values: refused},
	}
	all := []ui.Chart{{ID: "signins", Title: ui.Say("chart_signins"), Kind: ui.Bars, Labels: labels, Series: series}}
	const shown = 8
	var codes []string
	for code := range causes {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b string) int {
		if causes[a] != causes[b] {
			return causes[b] - causes[a]
		}
		return strings.Compare(a, b)
	})
	failures := ui.Chart{ID: "causes", Title: ui.Say("chart_causes"), Kind: ui.Bars, Series: []ui.Series{{Name: ui.Say("by_refused")}}}
	for _, code := range codes[:min(len(codes), shown)] {
		failures.Labels = append(failures.Labels, ui.As(code))
		failures.Series[0].Values = append(failures.Series[0].Values, causes[code])
	}
	return append(all, failures)
}
