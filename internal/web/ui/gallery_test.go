package ui_test

import (
	"os"
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

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

// galleryFrame shows what the frame can hold.
type galleryFrame struct{ ui.Shell }

func (galleryFrame) Head() ui.Head { return ui.Head{Template: "frame", Title: ui.As("Ada Lovelace")} }

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

// TestGallery shows every component in every state. It is no page of the product.
func TestGallery(t *testing.T) {
	t.Parallel()
	full := galleryFrame{frame()}
	full.Trail = []ui.Link{{Name: ui.As("People"), Path: "/console/people"}}
	full.Lead = ui.Say("gallery_lead")
	full.Action = &ui.Action{Name: ui.Say("gallery_invite"), Path: "/console/people/invite", Icon: "plus"}
	full.Tabs = []ui.Tab{
		{Name: ui.As("Profile"), Path: "/console/people/usr_2", Current: true},
		{Name: ui.As("Sessions"), Path: "/console/people/usr_2/sessions", Note: ui.Count("gallery_number", 3)},
	}
	acted := ada()
	acted.Session.Actor = "usr_9"
	webtest.Pages{
		Set: ui.Set{Name: "gallery", Files: os.DirFS("testdata/gallery"), Pages: []ui.Page{galleryFrame{}}},
		Specimens: map[string]webtest.Specimen{
			"gallery-frame":  {Page: full, Path: "/console/people/usr_2?saved=gallery", Person: ada()},
			"gallery-acting": {Page: galleryFrame{frame()}, Path: "/console?saved=gallery_people.12", Person: acted},
		},
		Composed: []string{"gallery", "saved_gallery"},
	}.Check(t)
}
