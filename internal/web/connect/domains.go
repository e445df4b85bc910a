package connect

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of the pages of domains, behind either prefix.
const (
	domainsPath      = "/domains"
	newDomainPath    = "/domains/new"
	domainPath       = "/domains/{domain}"
	checkDomainPath  = "/domains/{domain}/check"
	domainWaysPath   = "/domains/{domain}/ways"
	removeDomainPath = "/domains/{domain}/remove"
)

// domainRoutes returns the routes of the domains, each by both doors.
func (h *Handler) domainRoutes(d door) []web.Route {
	var routes []web.Route
	look := func(path string, serve page) {
		routes = append(routes, web.Route{Method: http.MethodGet, Path: d.prefix + path, Access: d.access, Handler: h.by(d, authority.Domains, serve)})
	}
	// change is closed to whoever acts as the owner, and so is what asks for it.
	change := func(method, path string, need authority.Need, serve page) {
		routes = append(routes, web.Route{Method: method, Path: d.prefix + path, Access: d.access, Own: d.access == web.Console, Handler: h.by(d, need, serve)})
	}
	look(domainsPath, h.domains)
	look(domainPath, h.domain)
	change(http.MethodGet, newDomainPath, authority.Domains, h.askDomain)
	change(http.MethodPost, newDomainPath, authority.Domains, h.claimDomain)
	change(http.MethodPost, checkDomainPath, authority.Domains, h.checkDomain)
	change(http.MethodPost, domainWaysPath, authority.Setup, h.setWays)
	change(http.MethodGet, removeDomainPath, authority.Domains, h.askRemoveDomain)
	change(http.MethodPost, removeDomainPath, authority.Domains, h.removeDomain)
	return routes
}

// domainsPage lists the domains.
type domainsPage struct {
	ui.Shell
	Notices []ui.Notice
	Domains ui.Table
}

// Head implements [ui.Page].
func (domainsPage) Head() ui.Head {
	return ui.Head{Template: "domains", Title: ui.Say("console_domains")}
}

// domains serves GET /console/domains and /setup/domains.
func (h *Handler) domains(w http.ResponseWriter, r *http.Request, v *visit) error {
	o, err := h.Flow.Overview(r.Context(), &v.Place)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, h.domainsPageOf(v, o.Domains))
}

func (h *Handler) domainsPageOf(v *visit, all []sso.Domain) domainsPage {
	p := domainsPage{Shell: v.shell(), Domains: domainTable(v, all)}
	p.Lead = ui.Say("domains_lead")
	if !v.Entitled() {
		p.Notices = append(p.Notices, h.Offer.Notice())
	} else if !v.console().Acted {
		p.Action = &ui.Action{Name: ui.Say("domain_new"), Path: v.to(newDomainPath), Icon: "plus"}
		p.Domains.Empty.Action = p.Action
	}
	return p
}

func domainTable(v *visit, all []sso.Domain) ui.Table {
	t := ui.Table{
		Caption: ui.Say("console_domains"),
		Columns: []ui.Column{{Name: ui.Say("domain"), Wide: true}, {Name: ui.Say("state")}, {Name: ui.Say("domain_ways")}, {Name: ui.Say("domain_looked")}},
		Empty:   ui.Empty{Icon: "globe", Title: ui.Say("domains_none"), Text: ui.Say("domains_none_text")},
	}
	for i := range all {
		d := &all[i]
		name := ui.Cell{Text: ui.As(d.Spelled()), Icon: "globe", Path: v.to(domainPath, "{domain}", d.Name)}
		if d.Spelled() != d.Name {
			name.Sub = ui.As(d.Name)
		}
		ways := ui.Cell{}
		if d.State == sso.DomainVerified {
			ways.Text = ui.Say("ways_" + wayOf(d.Ways()))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{name, {Badges: domainBadges(d)}, ways, {At: d.Check.At}}})
	}
	return t
}

// domainBadges says how a claim stands.
func domainBadges(d *sso.Domain) []ui.Badge {
	badges := []ui.Badge{domainState(d.State)}
	if d.State == sso.DomainVerified && !d.Check.GoneAt.IsZero() {
		badges = append(badges, ui.Badge{State: ui.Warn, Word: ui.Say("domain_gone")})
	}
	return badges
}

func domainState(s sso.DomainState) ui.Badge {
	b := ui.Badge{State: ui.Pending, Word: ui.Say("domain_" + string(s))}
	switch s {
	case sso.DomainVerified:
		b.State = ui.OK
	case sso.DomainLapsed:
		b.State = ui.Warn
	}
	return b
}

// newDomainPage asks for a domain.
type newDomainPage struct {
	ui.Shell
	Domain ui.Input
	Action string
	Submit ui.Submit
}

// Head implements [ui.Page].
func (newDomainPage) Head() ui.Head {
	return ui.Head{Template: "domain-new", Title: ui.Say("domain_new")}
}

// askDomain serves GET …/domains/new.
func (h *Handler) askDomain(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := v.Granted(); err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, newDomainPageOf(v, ui.Filled{}))
}

// inside returns the frame of a page below another one.
func (v *visit) inside(above ui.Link) ui.Shell {
	s := v.shell()
	s.Trail, s.Under = []ui.Link{above}, above.Path
	return s
}

func (v *visit) insideDomains() ui.Shell {
	return v.inside(ui.Link{Name: ui.Say("console_domains"), Path: v.to(domainsPath)})
}

func newDomainPageOf(v *visit, f ui.Filled) newDomainPage {
	p := newDomainPage{
		Shell: v.insideDomains(), Action: v.to(newDomainPath),
		Domain: f.Input(ui.Input{Name: "domain", Label: ui.Say("domain"), Help: ui.Say("domain_help"), Mode: "url", Mono: true, Focus: true}),
		Submit: ui.Submit{Word: ui.Say("domain_claim"), Cancel: v.to(domainsPath)},
	}
	p.Lead = ui.Say("domain_new_lead")
	return p
}

// claimDomain serves POST …/domains/new.
func (h *Handler) claimDomain(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	name, err := h.Flow.ClaimDomain(r.Context(), &v.who, v.ID, form.Get("domain"))
	if err != nil {
		f := ui.Filled{Values: form}
		fields := map[string]string{"domain_form": "domain", "domain_public_mail": "domain", "domain_public_suffix": "domain", "domain_claimed": "domain", "domain_many": "domain"}
		filled, ok := f.Beside(err, fields)
		if !ok {
			return err
		}
		_, status := web.Record(r, err)
		return h.UI.Render(w, r, status, newDomainPageOf(v, filled))
	}
	return web.SeeOther(w, r, v.to(domainPath, "{domain}", name))
}

// claimPage is one claim: the record that proves it, what was found of it,
// and how the people of the domain sign in.
type claimPage struct {
	ui.Shell
	Name    string
	State   []ui.Badge
	Notices []ui.Notice
	Facts   []ui.Fact
	Check   *ui.Do
	Watch   bool // it may be verified at any moment
	Proved  bool // the record stands last: there is nothing to do about it
	Record  *record
	Ways    *ways
	Remove  *ui.Confirm
}

// Head implements [ui.Page].
func (p claimPage) Head() ui.Head { return ui.Head{Template: "domain", Title: ui.As(p.Name)} }

// record is what is to be put into the DNS.
type record struct {
	Kind   ui.Fact
	Within ui.Copy // the name as most consoles want it
	Full   ui.Copy
	Dotted ui.Copy
	Value  ui.Copy
}

// ways is the form about how the people of a domain sign in.
type ways struct {
	Action     string
	Way        ui.Choices
	Connection *ui.Select
	Submit     ui.Submit
}

// domain serves GET …/domains/{domain}.
func (h *Handler) domain(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showDomain(w, r, v, http.StatusOK, ui.Filled{})
}

func (h *Handler) showDomain(w http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Filled) error {
	d, err := h.Flow.Domain(r.Context(), &v.Place, r.PathValue("domain"))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, domainPageOf(v, &d, f, h.Flow.Now()))
}

func domainPageOf(v *visit, d *connect.DomainView, f ui.Filled, now time.Time) claimPage {
	p := claimPage{Shell: v.insideDomains(), Name: d.Spelled(), State: domainBadges(&d.Domain)}
	off := v.console().Acted
	p.Notices = domainNotices(d)
	p.Facts = domainFacts(d, now)
	if d.Proof != sso.ProofVouched && v.Entitled() {
		p.Check = &ui.Do{Word: ui.Say("domain_check"), Action: v.to(checkDomainPath, "{domain}", d.Name), Icon: "refresh", Kind: ui.Main, Off: off}
		if d.State == sso.DomainVerified {
			p.Check.Kind = ui.Ordinary
		}
	}
	if d.Proof != sso.ProofVouched {
		p.Record = recordOf(&d.Domain)
	}
	p.Proved = d.State == sso.DomainVerified && d.Check.GoneAt.IsZero()
	p.Watch = d.State == sso.DomainInReview && now.Sub(d.CreatedAt) < time.Hour
	if d.State == sso.DomainVerified && !off && v.Entitled() && (v.Link == nil || v.Link.Covers(sso.SetupSSO)) {
		p.Ways = waysOf(v, d, f)
	}
	if v.Link == nil || d.State != sso.DomainVerified {
		c := confirmDomainRemoval(v, d, "")
		c.Off = off
		p.Remove = &c
	}
	return p
}

// domainNotices says what there is to know, and what to do about it.
func domainNotices(d *connect.DomainView) []ui.Notice {
	var all []ui.Notice
	if d.Elsewhere {
		n := ui.Notice{State: ui.Warn, Title: ui.Say("domain_elsewhere"), Text: ui.Say("domain_elsewhere_text")}
		if d.Check.Finding == sso.FoundRecord {
			n.Text = ui.Say("domain_elsewhere_proved")
		}
		all = append(all, n)
	}
	if ends := d.Ends(d.Demanded); !ends.IsZero() {
		all = append(all, ui.Notice{State: ui.Warn, Title: ui.Say("domain_gone_title"), Text: ui.Say("domain_gone_until"), Points: []ui.Text{ui.Day(ends)}})
	}
	if d.State == sso.DomainLapsed {
		all = append(all, ui.Notice{State: ui.Warn, Title: ui.Say("domain_lapsed_title"), Text: ui.Say("domain_lapsed_text")})
	}
	switch f := d.Check.Finding; f {
	case "":
		if d.State == sso.DomainInReview {
			all = append(all, ui.Notice{State: ui.Pending, Text: ui.Say("dns_not_yet")})
		}
	case sso.FoundRecord:
	case sso.FoundOther:
		n := ui.Notice{State: ui.Warn, Title: ui.Say("dns_other"), Text: ui.Say("dns_other_text")}
		for _, value := range d.Check.Values {
			n.Points = append(n.Points, ui.As(value))
		}
		all = append(all, n)
	case sso.FoundElsewhere:
		all = append(all, ui.Notice{State: ui.Warn, Title: ui.Say("dns_elsewhere", "Name", d.Check.Where), Text: ui.Say("dns_elsewhere_text", "Name", d.ProofName())})
	default:
		all = append(all, ui.Notice{State: ui.Warn, Title: ui.Say("dns_" + string(f)), Text: ui.Say("dns_" + string(f) + "_text")})
	}
	return all
}

func domainFacts(d *connect.DomainView, now time.Time) []ui.Fact {
	facts := []ui.Fact{{Name: ui.Say("domain_added"), At: d.CreatedAt}}
	if d.Spelled() != d.Name {
		facts = append(facts, ui.Fact{Name: ui.Say("domain_ascii"), Value: ui.As(d.Name), Mono: true})
	}
	if d.State == sso.DomainVerified {
		facts = append(facts, ui.Fact{Name: ui.Say("domain_verified_at"), At: d.VerifiedAt}, ui.Fact{Name: ui.Say("domain_proof"), Value: ui.Say("proof_" + string(d.Proof))},
			ui.Fact{Name: ui.Say("domain_ways"), Value: ui.Say("ways_" + wayOf(d.Ways()))},
			peopleFact(d))
	}
	if d.Proof == sso.ProofVouched {
		return facts
	}
	looked := ui.Fact{Name: ui.Say("domain_looked"), At: d.Check.At}
	if d.Check.At.IsZero() {
		looked.Value = ui.Say("domain_looked_never")
	}
	next := ui.Fact{Name: ui.Say("domain_next"), At: d.Check.NextAt}
	switch {
	case d.Check.NextAt.IsZero():
		next.Value = ui.Say("domain_next_never")
	case !d.Check.NextAt.After(now):
		next = ui.Fact{Name: next.Name, Value: ui.Say("domain_next_now")}
	}
	return append(facts, looked, next)
}

func peopleFact(d *connect.DomainView) ui.Fact {
	f := ui.Fact{Name: ui.Say("domain_people"), Value: ui.Count("domain_people_count", d.People.All)}
	if d.People.Without > 0 {
		f.Sub = ui.Count("domain_people_without", d.People.Without)
	}
	return f
}

func recordOf(d *sso.Domain) *record {
	zone, within := d.ProofZone()
	return &record{
		Kind:   ui.Fact{Name: ui.Say("record_kind"), Value: ui.As("TXT"), Mono: true},
		Within: ui.Copy{ID: "record-within", Label: ui.Say("record_within"), Help: ui.Say("record_within_help", "Zone", zone), Value: within},
		Full:   ui.Copy{ID: "record-full", Label: ui.Say("record_full"), Help: ui.Say("record_full_help"), Value: d.ProofName()},
		Dotted: ui.Copy{ID: "record-dotted", Label: ui.Say("record_dotted"), Help: ui.Say("record_dotted_help"), Value: d.ProofName() + "."},
		Value:  ui.Copy{ID: "record-value", Label: ui.Say("record_value"), Help: ui.Say("record_value_help"), Value: d.ProofValue()},
	}
}

// The ways, as a form names them.
const (
	wayBoth     = "both"
	waySSO      = "sso"
	wayPassword = "password"
)

func wayOf(w sso.DomainWays) string {
	switch {
	case !w.Password:
		return waySSO
	case !w.SSO:
		return wayPassword
	default:
		return wayBoth
	}
}

func waysOf(v *visit, d *connect.DomainView, f ui.Filled) *ways {
	out := &ways{Action: v.to(domainWaysPath, "{domain}", d.Name), Submit: ui.Submit{Word: ui.Say("save")}}
	way := ui.Choices{Name: "way", Label: ui.Say("domain_ways"), One: true, Values: []string{wayOf(d.Ways())}}
	for _, key := range []string{wayBoth, waySSO, wayPassword} {
		// Closing the password, and opening it again, is an owner's.
		closed := v.Link != nil && (key == waySSO) != d.PasswordOff
		way.Options = append(way.Options, ui.Option{Value: key, Label: ui.Say("ways_" + key), Help: ui.Say("ways_" + key + "_help"), Off: closed})
	}
	out.Way = f.Choices(way)
	if len(d.Connections) > 0 {
		s := ui.Select{Name: "connection", Label: ui.Say("domain_connection"), Help: ui.Say("domain_connection_help"), Value: string(d.Connection), Options: []ui.Option{{Label: ui.Say("domain_connection_any")}}}
		for i := range d.Connections {
			s.Options = append(s.Options, ui.Option{Value: string(d.Connections[i].ID), Label: ui.As(d.Connections[i].Name)})
		}
		s = f.Select(s)
		out.Connection = &s
	}
	return out
}

// setWays serves POST …/domains/{domain}/ways.
func (h *Handler) setWays(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	to := sso.DomainWays{Connection: sso.ConnectionID(form.Get("connection"))}
	switch form.Get("way") {
	case wayBoth:
		to.SSO, to.Password = true, true
	case waySSO:
		to.SSO = true
	case wayPassword:
		to.Password = true
	}
	name := r.PathValue("domain")
	if err := h.Flow.SetDomainWays(r.Context(), &v.who, v.ID, name, to); err != nil {
		f := ui.Filled{Values: form}
		filled, ok := f.Beside(err, map[string]string{
			"domain_no_way": "way", "domain_sso_demanded": "way", "domain_no_connection": "way", "domain_no_owner": "way", "connection_unknown": "connection",
		})
		if !ok {
			return err
		}
		_, status := web.Record(r, err)
		return h.showDomain(w, r, v, status, filled)
	}
	return web.SeeOther(w, r, ui.Saved(v.to(domainPath, "{domain}", name), "domain_ways"))
}

// checkDomain serves POST …/domains/{domain}/check.
func (h *Handler) checkDomain(w http.ResponseWriter, r *http.Request, v *visit) error {
	name := r.PathValue("domain")
	d, err := h.Flow.CheckDomain(r.Context(), &v.who, &v.Place, name)
	if err != nil {
		return err
	}
	said := "domain_checked"
	if d.State == sso.DomainVerified && d.Check.Finding == sso.FoundRecord {
		said = "domain_verified"
	}
	return web.SeeOther(w, r, ui.Saved(v.to(domainPath, "{domain}", name), said))
}

// confirmDomainRemoval asks before a domain is removed.
func confirmDomainRemoval(v *visit, d *connect.DomainView, problem string) ui.Confirm {
	path := v.to(removeDomainPath, "{domain}", d.Name)
	c := ui.Confirm{
		ID: "remove", Page: path, Word: ui.Say("domain_remove"), Icon: "trash", Title: ui.Say("domain_remove_title", "Name", d.Spelled()),
		Text: ui.Say("domain_remove_claim"), Action: path, Do: ui.Say("domain_remove"), Cancel: v.to(domainPath, "{domain}", d.Name), Problem: problem,
	}
	if d.State == sso.DomainVerified {
		c.Text, c.Name = ui.Count("domain_remove_text", d.People.All), d.Name
		if d.People.Without > 0 {
			c.Points = append(c.Points, ui.Count("domain_remove_without", d.People.Without))
		}
		c.Points = append(c.Points, ui.Say("domain_remove_others"))
	}
	return c
}

// askRemoveDomain serves GET …/domains/{domain}/remove.
func (h *Handler) askRemoveDomain(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showRemoval(w, r, v, nil)
}

// showRemoval shows the page; err is what was wrong with what was typed.
func (h *Handler) showRemoval(w http.ResponseWriter, r *http.Request, v *visit, wrong error) error {
	d, err := h.Flow.Domain(r.Context(), &v.Place, r.PathValue("domain"))
	if err != nil {
		return err
	}
	status, problem := http.StatusOK, ""
	if wrong != nil {
		var known *fault.Error
		known, status = web.Record(r, wrong)
		problem = known.Code
	}
	p := confirmPage{Shell: v.insideDomains(), Confirm: confirmDomainRemoval(v, &d, problem)}
	p.Trail = append(p.Trail, ui.Link{Name: ui.As(d.Spelled()), Path: v.to(domainPath, "{domain}", d.Name)})
	return h.UI.Render(w, r, status, p)
}

// removeDomain serves POST …/domains/{domain}/remove.
func (h *Handler) removeDomain(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	name := r.PathValue("domain")
	d, err := h.Flow.Domain(r.Context(), &v.Place, name)
	if err != nil {
		return err
	}
	if d.State == sso.DomainVerified {
		if err := ui.Confirmed(form, d.Name); err != nil {
			return h.showRemoval(w, r, v, err)
		}
	}
	if err := h.Flow.RemoveDomain(r.Context(), &v.who, v.ID, name); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(v.to(domainsPath), "domain_removed"))
}
