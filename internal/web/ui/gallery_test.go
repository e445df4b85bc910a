package ui_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

// The gallery shows every component in every state. It is no part of the
// product: its templates and texts are test data.

// now is when the gallery is looked at.
func now() time.Time { return time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC) }

// frame is the frame of the gallery, a console that does not exist.
func frame() ui.Shell {
	return ui.Shell{
		Area: ui.Say("gallery"), Home: "/console", Organization: "Acme Ltd",
		Nav: []ui.NavGroup{
			{Items: []ui.NavItem{
				{Name: ui.As("Overview"), Path: "/console", Icon: "home"},
				{Name: ui.As("People"), Path: "/console/people", Icon: "people", Note: ui.Count("gallery_number", 1204)},
				{Name: ui.As("Groups"), Path: "/console/groups", Icon: "groups"},
				{Name: ui.As("Sub-organizations"), Path: "/console/orgs", Icon: "tree"},
			}},
			{Name: ui.As("Security"), Items: []ui.NavItem{
				{Name: ui.As("Sign-in"), Path: "/console/security", Icon: "shield"},
				{Name: ui.As("Audit log"), Path: "/console/audit", Icon: "log"},
			}},
		},
	}
}

func ada() sso.Person {
	email, err := sso.ParseEmail("ada@acme.example")
	if err != nil {
		panic(err) // it is one
	}
	return sso.Person{
		Session:    sso.Session{ID: "ses_1"},
		User:       sso.User{ID: "usr_1", FirstName: "Ada", LastName: "Lovelace", Email: email},
		Org:        sso.Organization{ID: "org_1", Key: "acme", Name: "Acme Ltd"},
		Membership: sso.Membership{Role: sso.RoleOwner},
	}
}

// galleryFrame shows what the frame can hold.
type galleryFrame struct{ ui.Shell }

func (galleryFrame) Head() ui.Head { return ui.Head{Template: "frame", Title: ui.As("Ada Lovelace")} }

func fullFrame() galleryFrame {
	p := galleryFrame{frame()}
	p.Trail = []ui.Link{{Name: ui.As("People"), Path: "/console/people"}}
	p.Lead = ui.Say("gallery_lead")
	p.Action = &ui.Action{Name: ui.Say("gallery_invite"), Path: "/console/people/invite", Icon: "plus"}
	p.Tabs = []ui.Tab{
		{Name: ui.As("Profile"), Path: "/console/people/usr_2", Current: true},
		{Name: ui.As("Sessions"), Path: "/console/people/usr_2/sessions", Note: ui.Count("gallery_number", 3)},
	}
	return p
}

// galleryForm shows the fields.
type galleryForm struct {
	ui.Shell
	Email, Password, Reason, Fixed ui.Input
	Addresses                      ui.Area
	Role                           ui.Select
	Mail                           ui.Check
	Groups, Policy                 ui.Choices
	File                           ui.File
	Submit                         ui.Submit
}

func (galleryForm) Head() ui.Head { return ui.Head{Template: "form", Title: ui.Say("gallery_invite")} }

func form(f ui.Filled) galleryForm {
	help := ui.Say("gallery_help")
	roles := []ui.Option{
		{Value: "owner", Label: ui.As("Owner"), Help: help, Off: true},
		{Value: "admin", Label: ui.As("Administrator"), Help: help},
		{Value: "member", Label: ui.As("Member")},
	}
	return galleryForm{
		Shell:     frame(),
		Email:     f.Input(ui.Input{Name: "email", Label: ui.As("E-mail"), Help: help, Type: "email", Complete: "email", Focus: true}),
		Password:  f.Input(ui.Input{Name: "password", Label: ui.As("Password"), Type: "password", Complete: "new-password"}),
		Reason:    f.Input(ui.Input{Name: "reason", Label: ui.As("Reason"), Optional: true}),
		Fixed:     f.Input(ui.Input{Name: "key", Label: ui.As("Key"), Value: "acme-emea", Fixed: true, Mono: true}),
		Addresses: f.Area(ui.Area{Name: "addresses", Label: ui.As("IP addresses"), Help: help, Value: "192.0.2.0/24\n2001:db8::/32", Mono: true}),
		Role:      f.Select(ui.Select{Name: "role", Label: ui.As("Role"), Value: "member", Options: roles}),
		Mail:      f.Check(ui.Check{Name: "mail", Label: ui.As("Send an invitation by e-mail"), Help: help, Checked: true}),
		Groups: f.Choices(ui.Choices{Name: "groups", Label: ui.As("Groups"), Values: []string{"dev"}, Options: []ui.Option{
			{Value: "dev", Label: ui.As("Developers")}, {Value: "ops", Label: ui.As("Operations")},
		}}),
		Policy: f.Choices(ui.Choices{Name: "policy", Label: ui.As("Second factor"), Help: help, One: true, Values: []string{"member"}, Options: roles}),
		File:   f.File(ui.File{Name: "csv", Label: ui.As("CSV file"), Help: help, Accept: ".csv,text/csv"}),
		Submit: ui.Submit{Word: ui.Say("gallery_invite"), Cancel: "/console/people"},
	}
}

// galleryList shows lists.
type galleryList struct {
	ui.Shell
	Filter ui.Filter
	Table  ui.Table
}

func (galleryList) Head() ui.Head { return ui.Head{Template: "list", Title: ui.As("People")} }

func list() galleryList {
	r := httptest.NewRequest(http.MethodGet, "/console/people?q=a&sort=name&after=x", nil)
	p := galleryList{Shell: frame()}
	p.Action = &ui.Action{Name: ui.Say("gallery_invite"), Path: "/console/people/invite", Icon: "plus"}
	p.Filter = ui.Filter{
		Action: "/console/people", Search: &ui.Search{Name: "q", Label: ui.Say("gallery_search"), Value: "a"},
		Selects: []ui.Select{
			{Name: "state", Label: ui.As("State"), Options: []ui.Option{{Label: ui.As("Any state")}, {Value: "suspended", Label: ui.As("Suspended")}}},
			{Name: "role", Label: ui.As("Role"), Value: "owner", Options: []ui.Option{{Label: ui.As("Any role")}, {Value: "owner", Label: ui.As("Owner")}}},
		},
		Fields: []ui.Hidden{{Name: "sort", Value: "name"}}, Reset: ui.Again(r, "q", ""), Text: ui.Count("gallery_people", 1204),
	}
	p.Table = ui.Table{
		Caption: ui.As("People"),
		Columns: []ui.Column{
			ui.SortedBy(r, ui.Column{Name: ui.As("Name"), Wide: true}, "name", ui.Ascending), {Name: ui.As("Role")}, {Name: ui.As("State")},
			ui.SortedBy(r, ui.Column{Name: ui.As("Last sign-in")}, "seen", ui.Descending), {Name: ui.As("Sessions"), Number: true}, {Name: ui.As("Actions"), Acts: true},
		},
		Pager: ui.Pager{Previous: "/console/people?before=a", Next: "/console/people?after=z", Text: ui.Say("gallery_range")},
	}
	for _, row := range []struct {
		name, email, role string
		badge             ui.Badge
		at                time.Time
		sessions          int
	}{
		{"Ada Lovelace", "ada@acme.example", "Owner", ui.Badge{State: ui.OK, Word: ui.As("Active")}, now().Add(-3 * time.Minute), 3},
		{"Grace Brewster Murray Hopper-of-the-very-long-name", "grace.brewster.murray.hopper@a-very-long-domain.acme.example", "Administrator", ui.Badge{State: ui.Pending, Word: ui.As("Invited")}, time.Time{}, 0},
		{"Mallory", "mallory@elsewhere.example", "Member", ui.Badge{State: ui.Refused, Word: ui.As("Suspended")}, now().Add(-40 * 24 * time.Hour), 1},
		{"Trent", "trent@acme.example", "Restricted", ui.Badge{State: ui.Warn, Word: ui.As("Inactive soon")}, now().Add(-25 * time.Hour), 12},
	} {
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{
			{Text: ui.As(row.name), Sub: ui.As(row.email), Path: "/console/people/usr_1", Avatar: row.name},
			{Badges: []ui.Badge{{Word: ui.As(row.role)}}},
			{Badges: []ui.Badge{row.badge}},
			{At: row.at, Never: ui.Say("gallery_never")},
			{Text: ui.Count("gallery_number", row.sessions)},
			{Menu: &ui.Menu{
				Label:    ui.As(row.name),
				Links:    []ui.Button{{Word: ui.Say("gallery_edit"), Path: "/console/people/usr_1/edit", Icon: "edit"}},
				Does:     []ui.Do{{Word: ui.Say("gallery_resend"), Action: "/console/people/usr_1/resend", Icon: "mail", Fields: []ui.Hidden{{Name: "a", Value: "b"}}}},
				Confirms: []ui.Confirm{remove()},
			}},
		}})
	}
	return p
}

// noneYet is a page of a long list on which nothing was found.
func noneYet() galleryList {
	p := nothing(ui.Empty{})
	p.Table.Pager.Next = "/console/people?after=z"
	return p
}

func nothing(e ui.Empty) galleryList {
	p := galleryList{Shell: frame()}
	p.Table.Empty = e
	return p
}

// galleryParts shows what stands on pages.
type galleryParts struct {
	ui.Shell
	Notices  []ui.Notice
	Badges   []ui.Badge
	Buttons  []ui.Button
	Do       ui.Do
	Stats    []ui.Stat
	Charts   []ui.Chart
	Facts    []ui.Fact
	Steps    []ui.Step
	Progress ui.Progress
	Copy     ui.Copy
	Code     ui.Code
	QR       ui.QR
	Remove   ui.Confirm
}

func (galleryParts) Head() ui.Head { return ui.Head{Template: "parts", Title: ui.Say("gallery")} }

func remove() ui.Confirm {
	return ui.Confirm{
		ID: "remove", Page: "/console/people/usr_1/remove", Word: ui.Say("gallery_remove"), Icon: "trash",
		Title: ui.Say("gallery_remove_title", "Name", "Ada Lovelace"), Text: ui.Count("gallery_remove_text", 3),
		Points: []ui.Text{ui.Say("gallery_help"), ui.Say("gallery_lead")},
		Name:   "Ada Lovelace", Action: "/console/people/usr_1/remove", Do: ui.Say("gallery_remove"), Cancel: "/console/people/usr_1",
		Fields: []ui.Hidden{{Name: "version", Value: "7"}},
	}
}

func parts() galleryParts {
	labels := []ui.Text{}
	for i := range 14 {
		labels = append(labels, ui.As(now().AddDate(0, 0, i-13).Format("2 Jan")))
	}
	text := ui.Say("gallery_lead")
	states := []ui.State{ui.Plain, ui.OK, ui.Warn, ui.Refused, ui.Pending}
	p := galleryParts{
		Shell: frame(),
		Buttons: []ui.Button{
			{Word: ui.As("Main"), Path: "/a", Kind: ui.Main}, {Word: ui.As("Ordinary"), Path: "/b", Icon: "download"},
			{Word: ui.As("Quiet"), Path: "/c", Kind: ui.Quiet}, {Word: ui.As("Danger"), Path: "/d", Kind: ui.Danger, Icon: "trash"},
		},
		Do: ui.Do{Word: ui.Say("gallery_resend"), Action: "/resend", Icon: "mail", About: ui.As("Ada")},
		Stats: []ui.Stat{
			{Name: ui.As("People"), Value: ui.Count("gallery_number", 1204), Path: "/console/people", Note: ui.As("12 new this week")},
			{Name: ui.As("Second factor"), Value: ui.As("87 %"), State: ui.OK, Note: ui.As("required for all")},
			{Name: ui.As("Waiting"), Value: ui.Count("gallery_number", 3), State: ui.Warn, Note: ui.As("oldest 4 days")},
		},
		Charts: []ui.Chart{
			{ID: "bars", Title: ui.As("Sign-ins by method"), Kind: ui.Bars, Labels: labels, Series: []ui.Series{
				{Name: ui.As("SSO"), Values: []int{40, 44, 38, 41, 9, 6, 45, 47, 43, 44, 40, 8, 5, 46}},
				{Name: ui.As("Password"), Values: []int{12, 10, 14, 9, 2, 1, 11, 12, 9, 8, 10, 1, 2, 9}},
				{Name: ui.As("Passkey"), Values: []int{0, 1, 2, 3, 1, 0, 4, 5, 6, 7, 8, 2, 1}},
				{Name: ui.As("Refused"), Values: []int{1, 0, 0, 2, 0, 0, 1, 0, 9, 0, 1, 0, 0, 1}},
			}},
			{ID: "lines", Title: ui.As("Answer time"), Kind: ui.Lines, Labels: labels, Series: []ui.Series{
				{Name: ui.As("Milliseconds"), Values: []int{12, 14, 11, 13, 12, 18, 31, 22, 14, 12, 11, 12, 13, 12}},
			}},
			{ID: "ranks", Title: ui.As("Refusals by cause"), Kind: ui.Ranks, Labels: labels[:3], Series: []ui.Series{{Name: ui.As("Refused"), Values: []int{1204, 310, 2}}}},
			{ID: "few", Title: ui.As("Two days"), Kind: ui.Bars, Labels: labels[:2], Series: []ui.Series{{Name: ui.As("Sign-ins"), Values: []int{3, 5}}}},
			{ID: "none", Title: ui.As("Nothing yet"), Kind: ui.Bars},
		},
		Facts: []ui.Fact{
			{Name: ui.As("E-mail"), Value: ui.As("ada@acme.example"), Sub: ui.Say("gallery_help")},
			{Name: ui.As("State"), Badge: &ui.Badge{State: ui.OK, Word: ui.As("Active")}},
			{Name: ui.As("Organization"), Value: ui.As("Acme Ltd"), Path: "/console"},
			{Name: ui.As("Created"), At: now().AddDate(-1, -2, 0)},
			{Name: ui.As("Telephone")},
			{Name: ui.As("Identifier"), Value: ui.As("usr_8c1f0b7d2e"), Mono: true},
		},
		Steps: []ui.Step{
			{Name: ui.As("Configure"), State: ui.OK, Word: ui.As("done"), Path: "/console/c/1"},
			{Name: ui.As("Test"), State: ui.Warn, Word: ui.As("needs a look"), Text: text, Path: "/console/c/1/test"},
			{Name: ui.As("Defaults"), Current: true, Text: text},
			{Name: ui.As("Activate")},
		},
		Progress: ui.Progress{Label: ui.As("Importing people"), Done: 320, Of: 1204, Text: ui.As("320 of 1,204")},
		Copy:     ui.Copy{ID: "acs", Label: ui.As("Reply URL"), Help: ui.Say("gallery_help"), Value: "https://id.example/saml/acme-okta/acs"},
		Code:     ui.Code{ID: "hook", Label: ui.As("Body"), Text: "{\n  \"destination\": \"+491701234567\",\n  \"text\": \"Your code is 123456\", \"a-very-long-name-of-a-field-that-does-not-fit\": true\n}"},
		QR:       ui.QR{Label: ui.Say("gallery_qr"), Size: 15, Path: "M4 4h7v1h-7zM4 5h1v5h-1zM10 5h1v5h-1zM6 6h3v3h-3zM4 10h7v1h-7z"},
		Remove:   remove(),
	}
	for _, state := range states {
		p.Notices = append(p.Notices, ui.Notice{State: state, Title: ui.Say("gallery"), Text: text, Link: &ui.Link{Name: ui.Say("gallery_edit"), Path: "/console"}})
		p.Badges = append(p.Badges, ui.Badge{State: state, Word: ui.As("state " + string(state))})
	}
	p.Notices[3].Points = []ui.Text{ui.As("ada@acme.example"), ui.As("grace@acme.example")}
	return p
}

// galleryConfirm is the page of a question.
type galleryConfirm struct {
	ui.Shell
	Remove ui.Confirm
}

func (p galleryConfirm) Head() ui.Head { return ui.Head{Template: "confirm", Title: p.Remove.Title} }

func TestGallery(t *testing.T) {
	t.Parallel()
	acted, asked := ada(), remove()
	acted.Session.Actor = "usr_9"
	asked.Problem, asked.Inputs = "confirm_name", []ui.Input{{Name: "reason", Label: ui.As("Reason")}}
	asked.Check = &ui.Check{Name: "mail", Label: ui.As("Send an e-mail")}
	typed, ok := ui.Filled{Values: url.Values{"email": {`ada"@<acme`}, "role": {"admin"}, "groups": {"ops"}, "policy": {"admin"}, "addresses": {"192.0.2"}}}.Beside(
		errors.Join(
			&fault.Error{Code: "ident_email"}, &fault.Error{Code: "password_wrong"}, &fault.Error{Code: "choice_unknown"},
			&fault.Error{Code: "text_form"}, &fault.Error{Code: "ident_tree"}, &fault.Error{Code: "used"}),
		map[string]string{"ident_email": "email", "password_wrong": "password", "choice_unknown": "role", "text_form": "addresses", "ident_tree": "policy", "used": "csv"})
	if !ok {
		t.Fatal("a fault has no field")
	}
	specimens := map[string]webtest.Specimen{
		"gallery-frame":    {Page: fullFrame(), Path: "/console/people/usr_2?saved=gallery"},
		"gallery-acting":   {Page: galleryFrame{frame()}, Path: "/console?saved=gallery_people.12", Person: acted},
		"gallery-form":     {Page: form(ui.Filled{}), Path: "/console/people/invite"},
		"gallery-typed":    {Page: form(typed), Path: "/console/people/invite"},
		"gallery-list":     {Page: list(), Path: "/console/people"},
		"gallery-parts":    {Page: parts(), Path: "/console/audit"},
		"gallery-confirm":  {Page: galleryConfirm{frame(), asked}, Path: "/console/people/usr_2/remove"},
		"gallery-none-yet": {Page: noneYet(), Path: "/console/people"},
		"gallery-empty": {Page: nothing(ui.Empty{
			Icon: "people", Title: ui.Say("gallery_empty"), Text: ui.Say("gallery_lead"), Action: &ui.Action{Name: ui.Say("gallery_invite"), Path: "/console/people/invite"},
		}), Path: "/console/people"},
	}
	for name, s := range specimens {
		if s.Person.User.ID == "" {
			s.Person = ada()
			specimens[name] = s
		}
	}
	webtest.Pages{
		Set: ui.Set{Name: "gallery", Files: os.DirFS("testdata/gallery"), Pages: []ui.Page{
			galleryFrame{}, galleryForm{}, galleryList{}, galleryParts{}, galleryConfirm{},
		}},
		Specimens: specimens,
		Composed:  []string{"gallery", "saved_gallery"},
		Options:   ui.Options{Now: now},
	}.Check(t)
}

// BenchmarkList is a page of a list with fifty people.
func BenchmarkList(b *testing.B) {
	u, err := ui.New(ui.Options{Now: now}, ui.Set{Name: "gallery", Files: os.DirFS("testdata/gallery"), Pages: []ui.Page{galleryList{}}})
	if err != nil {
		b.Fatal(err)
	}
	page := list()
	for len(page.Table.Rows) < 50 {
		page.Table.Rows = append(page.Table.Rows, page.Table.Rows[0])
	}
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/console/people", nil)
	b.ReportAllocs()
	for b.Loop() {
		if err := u.Render(httptest.NewRecorder(), r, http.StatusOK, page); err != nil {
			b.Fatal(err)
		}
	}
}
