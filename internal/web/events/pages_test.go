package events

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

var then = time.Date(2020, 9, 1, 12, 0, 0, 0, time.UTC)

func acme() sso.Organization {
	return sso.Organization{ID: "org_a", Key: "acme", Name: "Acme Ltd", Path: []sso.OrgID{"org_a"}, State: sso.OrgActive}
}

func emea() sso.Organization {
	return sso.Organization{ID: "org_e", Key: "acme-emea", Name: "Acme EMEA", Path: []sso.OrgID{"org_a", "org_e"}, State: sso.OrgActive}
}

func olga(org sso.Organization, role sso.Role) sso.By {
	return sso.By{Person: sso.Person{Session: sso.Session{ID: "ses_o"}, User: sso.User{ID: "usr_o", FirstName: "Olga", LastName: "Owner"}, Org: org, Membership: sso.Membership{Role: role}}}
}

// at returns a visit of an owner to a page of an organization.
func at(target string, line ...sso.Organization) *visit {
	return &visit{door: doors()[0], line: line, who: events.Who{By: olga(acme(), sso.RoleOwner), Org: line[len(line)-1].ID}, r: httptest.NewRequest(http.MethodGet, target, nil)}
}

// vendor returns a visit to a page of the deployment.
func vendor(target string, role sso.Role) *visit {
	return &visit{door: doors()[1], who: events.Who{By: olga(sso.Organization{ID: "org_o", Key: sso.OperatorsKey}, role)}, r: httptest.NewRequest(http.MethodGet, target, nil)}
}

func hook(state sso.WebhookState) sso.Webhook {
	return sso.Webhook{ID: "whk_1", URL: "https://hooks.acme.example/in?a=<b>", Note: "Billing <1>", State: state, CreatedAt: then}
}

func logOf(x sso.Webhook) *events.Log {
	return &events.Log{Webhook: x, Maker: "Olga Owner", Next: "7", Deliveries: []sso.Delivery{
		{ID: "dlv_1", Event: "evt_1", Number: 9, Action: "user.created", State: sso.DeliveryDelivered, Tries: 1, Status: 204, Took: 41 * time.Millisecond, TriedAt: then},
		{ID: "dlv_2", Event: "evt_2", Number: 8, Action: "user.changed", State: sso.DeliveryWaiting, Tries: 3, Status: 500, Code: "webhook_status", Detail: "<b>sorry</b>", Took: time.Second, TriedAt: then},
		{ID: "dlv_3", Event: "evt_3", Number: 7, Action: "domain.lapsed", State: sso.DeliveryFailed, Tries: 12, Code: "webhook_unreachable", Detail: "dial tcp: no such host", TriedAt: then},
		{ID: "dlv_4", Event: "evt_4", Number: 6, Action: "user.deleted", State: sso.DeliveryWaiting, CreatedAt: then},
	}}
}

func TestPages(t *testing.T) {
	t.Parallel()
	on, off, failed, failing := hook(sso.WebhookEnabled), hook(sso.WebhookDisabled), hook(sso.WebhookFailed), hook(sso.WebhookEnabled)
	on.Types = []string{"app.created", "user.*"}
	failing.Failures, failing.FailingSince = 3, then
	acted := at("/console/webhooks/whk_1", acme())
	acted.who.By.Session.Actor = "usr_s"
	in := func(target string) *visit { return at(target, acme()) }
	wrong := ui.Filled{
		Values:   map[string][]string{"url": {"http://inside"}, "types": {"user.exploded"}, "noun": {"user"}, "note": {"x"}},
		Problems: map[string]string{"url": "webhook_url", "types": "event_type_unknown", "note": "webhook_note"},
	}
	pages := map[string]webtest.Specimen{
		"webhooks":         {Page: listOf(in("/console/webhooks"), []sso.Webhook{on, off, failed, failing}), Path: "/console/webhooks"},
		"webhooks-below":   {Page: listOf(at("/console/webhooks", acme(), emea()), []sso.Webhook{on}), Path: "/console/webhooks"},
		"webhooks-none":    {Page: listOf(in("/console/webhooks"), nil), Path: "/console/webhooks"},
		"webhooks-vendor":  {Page: listOf(vendor("/operator/webhooks", sso.RoleOwner), []sso.Webhook{on}), Path: "/operator/webhooks"},
		"webhooks-support": {Page: listOf(vendor("/operator/webhooks", sso.RoleMember), nil), Path: "/operator/webhooks"},
		"webhook":          {Page: pageOf(in("/console/webhooks/whk_1?state=waiting"), logOf(on)), Path: "/console/webhooks/whk_1"},
		"webhook-empty":    {Page: pageOf(in("/console/webhooks/whk_1?state=failed"), &events.Log{Webhook: on}), Path: "/console/webhooks/whk_1"},
		"webhook-off":      {Page: pageOf(in("/console/webhooks/whk_1"), &events.Log{Webhook: off}), Path: "/console/webhooks/whk_1"},
		"webhook-failed":   {Page: pageOf(in("/console/webhooks/whk_1"), logOf(failed)), Path: "/console/webhooks/whk_1"},
		"webhook-failing":  {Page: pageOf(vendor("/operator/webhooks/whk_1", sso.RoleOwner), logOf(failing)), Path: "/operator/webhooks/whk_1"},
		"webhook-support":  {Page: pageOf(vendor("/operator/webhooks/whk_1", sso.RoleMember), logOf(on)), Path: "/operator/webhooks/whk_1"},
		"webhook-acted":    {Page: pageOf(acted, logOf(on)), Path: "/console/webhooks/whk_1"},
		"new":              {Page: newPage(in("/console/webhooks/new"), ui.Filled{}), Path: "/console/webhooks/new"},
		"new-wrong":        {Page: newPage(in("/console/webhooks/new"), wrong), Path: "/console/webhooks/new", Status: http.StatusBadRequest},
		"edit":             {Page: editPage(in("/console/webhooks/whk_1/edit"), ui.Filled{}, &on), Path: "/console/webhooks/whk_1/edit"},
		"secret":           {Page: secretOf(in("/console/webhooks/new"), "/console/webhooks/whk_1", "whsec_AAAA"), Path: "/console/webhooks/new"},
		"turn":             {Page: confirmOf(in("/console/webhooks/whk_1/secret"), &on, turnOf(in("/"), &on)), Path: "/console/webhooks/whk_1/secret"},
		"delete":           {Page: confirmOf(in("/console/webhooks/whk_1/delete"), &on, deleteOf(in("/"), &on)), Path: "/console/webhooks/whk_1/delete"},
	}
	lines := []events.Line{
		{Stream: sso.Stream{ID: "str_1", Kind: sso.StreamSyslogTLS, Target: "siem.example:6514", State: sso.WebhookEnabled, SentAt: then}},
		{Stream: sso.Stream{ID: "str_2", Kind: sso.StreamHTTP, Target: "https://siem.example/<in>", State: sso.WebhookEnabled, Failures: 2, Code: "webhook_status", Detail: "503"}, Key: "acme", Behind: 1204},
		{Stream: sso.Stream{ID: "str_3", Kind: sso.StreamSyslogUDP, Target: "siem.example:514", State: sso.WebhookDisabled}},
	}
	operator := func(target string) *visit { return vendor(target, sso.RoleOwner) }
	streams := ui.Filled{Values: map[string][]string{"kind": {"http"}}, Problems: map[string]string{"target": "stream_target", "ca": "stream_ca", "kind": "stream_kind", "organization": "organization_unknown"}}
	pages["streams"] = webtest.Specimen{Page: streamsOf(operator("/operator/streams"), lines), Path: "/operator/streams"}
	pages["streams-support"] = webtest.Specimen{Page: streamsOf(vendor("/operator/streams", sso.RoleMember), lines), Path: "/operator/streams"}
	pages["streams-none"] = webtest.Specimen{Page: streamsOf(operator("/operator/streams"), nil), Path: "/operator/streams"}
	pages["stream-new"] = webtest.Specimen{Page: newStreamPage(operator("/operator/streams/new"), ui.Filled{}), Path: "/operator/streams/new"}
	pages["stream-wrong"] = webtest.Specimen{Page: newStreamPage(operator("/operator/streams/new"), streams), Path: "/operator/streams/new", Status: http.StatusBadRequest}
	pages["stream-delete"] = webtest.Specimen{Page: deleteStreamPage(operator("/operator/streams/str_1/delete"), "str_1", "confirm_name"), Path: "/operator/streams/str_1/delete"}
	private := lines[0].Stream
	private.Note, private.CA = "SIEM <1>", "-----BEGIN CERTIFICATE-----"
	wrong = ui.Filled{Values: map[string][]string{"target": {"siem.example"}, "note": {"x"}}, Problems: map[string]string{"target": "stream_target", "note": "webhook_note"}}
	pages["stream-edit"] = webtest.Specimen{Page: editStreamPage(operator("/operator/streams/str_1/edit"), ui.Filled{}, &private), Path: "/operator/streams/str_1/edit"}
	pages["stream-edit-wrong"] = webtest.Specimen{Page: editStreamPage(operator("/operator/streams/str_2/edit"), wrong, &lines[1].Stream), Path: "/operator/streams/str_2/edit", Status: http.StatusBadRequest}
	mine := url.Values{"url": {"https://hooks.acme.example/mine"}, "note": {"Mine"}, "noun": {"group"}}
	overtaken := editPage(in("/console/webhooks/whk_1/edit"), ui.Filled{Values: mine}, &on)
	overtaken.Notice = overtakenWebhook(mine, &on)
	pages["edit-overtaken"] = webtest.Specimen{Page: overtaken, Path: "/console/webhooks/whk_1/edit", Status: http.StatusConflict}
	mine = url.Values{"target": {private.Target}, "ca": {strings.Repeat("x", 300)}}
	overtaken = editStreamPage(operator("/operator/streams/str_1/edit"), ui.Filled{Values: mine}, &private)
	private.Note = ""
	overtaken.Notice = overtakenStream(mine, &private)
	pages["stream-edit-overtaken"] = webtest.Specimen{Page: overtaken, Path: "/operator/streams/str_1/edit", Status: http.StatusConflict}
	hook, list := pageOf(in("/console/webhooks/whk_1"), logOf(on)), streamsOf(operator("/operator/streams"), lines)
	hook.Notices, list.Notices = []ui.Notice{notSwitched()}, []ui.Notice{notSwitched()}
	pages["webhook-overtaken"] = webtest.Specimen{Page: hook, Path: "/console/webhooks/whk_1", Status: http.StatusConflict}
	pages["streams-overtaken"] = webtest.Specimen{Page: list, Path: "/operator/streams", Status: http.StatusConflict}
	for name, got := range map[string]events.StreamTest{
		"sent":    {Stream: lines[0].Stream},
		"taken":   {Stream: lines[1].Stream, Status: 200, Answer: "<b>thanks</b>", Took: 41 * time.Millisecond},
		"refused": {Stream: lines[1].Stream, Status: 403, Answer: "no such collector", Code: "webhook_status", Detail: "403", Took: time.Second},
		"down":    {Stream: lines[2].Stream, Code: "webhook_unreachable", Detail: "dial tcp: no such host"},
	} {
		pages["stream-test-"+name] = webtest.Specimen{Page: testedPage(operator("/operator/streams"), lines, &got), Path: "/operator/streams"}
	}
	for name, p := range pages {
		p.Person = olga(acme(), sso.RoleOwner).Person
		if name == "webhook-acted" {
			p.Person = acted.who.By.Person
		}
		pages[name] = p
	}
	webtest.Pages{Set: Pages(), Specimens: pages, Composed: []string{"topic_", "delivery_", "saved_", "stream_"}}.Check(t)
}
