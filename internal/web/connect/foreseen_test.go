package connect

import (
	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/webtest"
)

func foreseenSpecimens() map[string]webtest.Specimen {
	const path = "/console/enforcement/people"
	counts := &enforce.Outlook{All: 1204, Recast: 3, Fates: map[sso.Fate]int{}}
	list := &enforce.ForeseenList{}
	for i, f := range sso.Fates() {
		counts.Fates[f] = i * 100
		x := enforce.Foreseen{Forecast: sso.Forecast{Fate: f}}
		x.ID, x.FirstName, x.Email = "usr_1", string(f)+" <b>", sso.StoredEmail("a@acme.example")
		switch f {
		case sso.FateComes:
			x.By, x.Forecast.Role = "Okta", sso.RoleAdmin
		case sso.FateLocked:
			x.Code = "ident_domain"
		}
		list.People = append(list.People, x)
	}
	list.Next.Key, list.Next.User = []byte("x"), "usr_2"
	found := at(path + "?q=al&fate=locked")
	q := foreseenIn(found.r)
	return map[string]webtest.Specimen{
		"foreseen":       {Page: foreseenPageOf(at(path), &enforce.ForeseenQuery{}, list, counts), Path: path},
		"foreseen-found": {Page: foreseenPageOf(found, &q, &enforce.ForeseenList{}, nil), Path: path},
	}
}
