package connect

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/webtest"
)

func offSpecimens() map[string]webtest.Specimen {
	const path = "/console/enforcement/off"
	var list enforce.StrandedList
	for _, name := range []string{"Mia <b>", "Nobody"} {
		f := enforce.Foreseen{}
		f.ID, f.FirstName = "usr_1", name
		if name != "Nobody" {
			f.Email = sso.StoredEmail("mia@acme.example")
		}
		list.People = append(list.People, f.Member)
	}
	list.Next.Key, list.Next.User = []byte("x"), "usr_2"
	known := func(change func(k *enforce.Retreat)) *enforce.Retreat {
		k := &enforce.Retreat{Stranded: 1204}
		k.Organization.Policy.SSO, k.Organization.Version = sso.SSOOptional, 7
		change(k)
		return k
	}
	resets := func(r sso.Retreat) func(k *enforce.Retreat) {
		return func(k *enforce.Retreat) { k.Resets = &r }
	}
	wrong := offPageOf(at(path), known(func(*enforce.Retreat) {}), &list, "confirm_name", now())
	return map[string]webtest.Specimen{
		"off":         {Page: offPageOf(at(path), known(func(*enforce.Retreat) {}), &list, "", now()), Path: path},
		"off-wrong":   {Page: confirmPage{Shell: wrong.Shell, Confirm: *wrong.Off}, Path: path, Status: http.StatusBadRequest},
		"off-running": {Page: offPageOf(at(path), known(resets(sso.Retreat{State: sso.RetreatRunning, Total: 1204, Sent: 300, Skipped: 2, NextAt: now().Add(time.Minute)})), &list, "", now()), Path: path},
		"off-stopped": {Page: offPageOf(at(path), known(resets(sso.Retreat{State: sso.RetreatStopped, Sent: 3, Code: "rights_owner"})), &list, "", now()), Path: path},
		"off-done": {Page: offPageOf(at(path), known(func(k *enforce.Retreat) {
			k.Stranded, k.Above, k.Organization.Policy.SSO = 0, true, sso.SSOOff
			k.Resets = &sso.Retreat{State: sso.RetreatDone, Sent: 1204}
		}), &enforce.StrandedList{}, "", now()), Path: path},
	}
}
