package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/web"
)

// pathGap is a gap in the path of a route.
var pathGap = regexp.MustCompile(`\{(\w+)\}`)

// questions returns every page there is, for each who may ask, and every way to
// narrow, order and page a list. A page with a gap for which there is nothing is
// an error: it would never be measured.
func (st *stage) questions() ([]question, error) {
	var all []question
	for _, route := range st.public.Routes() {
		if route.Method != http.MethodGet || route.Path == grant.TrialPath { // what comes back of a trial of an app, once
			continue
		}
		var askers []asker
		switch route.Access {
		case web.Console:
			askers = st.askers
		case web.Support, web.Operator:
			askers = []asker{st.root}
		case web.SignedIn:
			askers = []asker{st.askers[0], st.busy}
		case web.Public, web.Browser, web.Setup, web.Client, web.CrossSitePost, web.Ops:
			continue // no list is for strangers
		case web.API:
			continue // its lists are those of the pages, by the same flows
		default:
			return nil, fmt.Errorf("the page %s is for %s, and nobody asks for it", route.Path, route.Access)
		}
		for i := range askers {
			some, err := st.asks(&askers[i], route.Path)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
	}
	return all, nil
}

// asks returns what one person asks of a route.
func (st *stage) asks(a *asker, path string) ([]question, error) {
	if a.name == st.busy.name && strings.Contains(path, "{") {
		return nil, nil // they have nothing but very many sessions
	}
	for _, gap := range pathGap.FindAllStringSubmatch(path, -1) {
		if a.gaps[gap[1]] == "" {
			return nil, fmt.Errorf("the page %s names a %s, and %s has none: have the stage make one", path, gap[1], a.name)
		}
	}
	filled := pathGap.ReplaceAllStringFunc(path, func(gap string) string { return a.gaps[gap[1:len(gap)-1]] })
	var all []question
	for _, query := range append([]string{""}, st.narrowed(path)...) {
		all = append(all, question{a.name, a.token, filled + query})
	}
	switch path {
	case "/operator/organizations/{key}", "/operator/organizations/{key}/below":
		all = append(all, question{a.name, a.token, strings.ReplaceAll(path, "{key}", fmt.Sprintf("org-%d", sellerOrg))})
	case "/operator/people/{user}":
		all = append(all, question{a.name, a.token, strings.ReplaceAll(path, "{user}", string(st.busy.by.User.ID))})
	case "/console/people/{user}":
		if a.by.Org.ID == st.busy.by.Org.ID {
			all = append(all, question{a.name, a.token, strings.ReplaceAll(path, "{user}", string(st.busy.by.User.ID))})
		}
	}
	return all, nil
}

// narrowed returns the queries of a list.
func (st *stage) narrowed(path string) []string {
	now := time.Now()
	instant := func(ago time.Duration, id string) string {
		return "after=" + strconv.FormatInt(now.Add(-ago).UnixMicro(), 36) + "." + id
	}
	place := func(key, id string) string {
		return "after=" + base64.RawURLEncoding.EncodeToString([]byte(key)) + "." + id
	}
	const day = 24 * time.Hour
	var all []string
	ask := func(query ...string) { all = append(all, "?"+strings.Join(query, "&")) }
	searches := []string{"q=zebulon", "q=ada", "q=a", "q=emma+b", "q=a+b+c", "q=u1", "q=nobodyatall", "q=u12345"}
	switch path {
	case "/console/people":
		filters := []string{
			"role=owner", "role=admin", "role=member", "role=restricted", "state=active", "state=suspended", "way=sso", "way=password", "way=none", "group=" + everybody, "group=team-007", "group=none",
			"role=owner&state=suspended", "role=admin&way=none", "role=member&state=suspended&way=none", "state=active&way=none", "way=password&group=" + everybody, "role=owner&way=none&group=" + everybody, "role=restricted&group=" + everybody,
		}
		for _, f := range filters {
			ask(f)
			ask(f, place("m", "usr_0"))
			for _, sort := range []string{"newest", "seen"} {
				ask(f, "sort="+sort)
			}
			for _, q := range []string{"q=ada", "q=a", "q=u1"} {
				ask(f, q)
			}
		}
		for _, q := range searches {
			ask(q)
		}
		ask("q=a", place("anouk", "usr_0"))
		ask(place("m", "usr_0"))
		ask(place("zoe zimmer", "usr_0"))
		ask("sort=newest")
		ask("sort=seen")
		ask("sort=newest", instant(500*day, "usr_0"))
		ask("sort=newest", instant(999*day, "usr_0"))
		ask("sort=seen", instant(150*day, "usr_0"))
		ask("sort=seen", "after=0.usr_0")
	case "/console/people/export.csv":
		ask("role=owner&state=suspended")
		ask("q=a")
	case "/console/groups":
		ask("q=team")
		ask("q=team-4")
		ask("q=nothing")
		ask(place("team-250", "grp_0"))
	case "/console/groups/{group}":
		ask(place("m", "usr_0"))
	case "/console/organizations":
		ask("q=g")
		ask("q=nothing")
		ask(place("m", "org_0"))
	case "/console/conflicts":
		ask("state=solved")
		ask(instant(30*day, "cfl_0"))
	case "/console/traces", "/operator/traces":
		for _, who := range []string{"", "q=" + measured + "%40nobody.example", "q=u1%40org-0.example", "person=" + string(st.busy.by.User.ID), "connection=org-0-idp", "connection=org-1-idp"} {
			for _, more := range []string{"", "result=refused", "result=worked", "within=day", "result=refused&within=month"} {
				ask(who, more)
				ask(who, more, instant(15*day, "0000-0000"))
			}
		}
	case "/console/sso/explain":
		ask("address=u1%40org-0.example")
		ask("address=nobody%40elsewhere.example")
	case "/console/invitations":
		ask(instant(30*day, "inv_0"))
	case "/console/imports/{import}":
		ask("verdict=new")
		ask("after=500")
	case "/console/audit", "/operator/audit":
		for _, noun := range []string{"user", "session", "role", "domain"} {
			ask("about=" + noun)
			ask("about="+noun, instant(15*day, "evt_0"))
		}
		target, busy := "target="+string(st.busy.by.User.ID), "actor="+string(st.busy.by.User.ID)
		ask(target)
		ask(target, "about=user")
		ask(target, "about=domain")
		ask(busy)
		ask(busy, "about=user")
		ask(busy, target)
		ask("actor=" + measured)
		ask("actor=nobodyatall")
		ask(instant(15*day, "evt_0"))
		if path == "/console/audit" {
			for _, since := range []string{"day", "week", "month"} {
				ask("since=" + since)
				ask("since="+since, "about=role")
			}
			break
		}
		ask("organization=org-0")
		ask("organization=org-0", "about=role")
		ask("organization=org-0", busy)
	case "/operator/organizations":
		for _, q := range []string{"q=golden", "q=g", "q=org-9", "q=org-99999", "q=golden+steel", "q=org-1+g", "q=nobodyatall", "q=blue+org"} {
			ask(q)
			ask(q, "state=suspended")
			word, _, _ := strings.Cut(strings.TrimPrefix(q, "q="), "+")
			ask(q, place(word+"5", "org_0"))
			ask(q, place("m", "org_0"))
		}
		ask("state=suspended")
		ask("state=active", place("m", "org_0"))
		ask(place("m", "org_0"))
	case "/operator/organizations/{key}/below":
		ask(place("m", "org_0"))
	case "/operator/people":
		for _, q := range searches {
			ask(q)
		}
		ask("q=a", place("anouk", "usr_0"))
		ask("q=org-0")
	case "/operator/outbox":
		for _, pile := range []string{"waiting", "dead", "sent"} {
			ask("pile=" + pile)
			ask("pile="+pile, instant(36*time.Hour, "msg_0"))
		}
	}
	return all
}
