package main

import (
	"bytes"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

func TestAnOperatorEditsAStreamAndTriesIt(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme, operators := h.newTenant("acme"), h.newTenant(sso.OperatorsKey)
	_, support := h.signedIn(operators.by.Org, "sue", sso.RoleMember)
	x, _, err := h.server.events.CreateStream(t.Context(), &events.Who{By: operators.by}, events.NewStream{Kind: sso.StreamHTTP, Target: "https://siem.example/in", State: sso.WebhookDisabled})
	if err != nil {
		t.Fatalf("CreateStream() = %v", err)
	}
	edit, try := "/operator/streams/"+string(x.ID)+"/edit", "/operator/streams/"+string(x.ID)+"/test"
	form := url.Values{"target": {"https://localhost/in"}, "note": {"SIEM"}, "version": {"1"}}
	for name, tc := range map[string]struct {
		by   secret.Token
		want int
	}{"an owner": {acme.token, http.StatusNotFound}, "a support agent": {support, http.StatusForbidden}} {
		for what, got := range map[string]int{
			"asks to edit": h.ask(tc.by, http.MethodGet, edit, nil).Code, "edits": h.ask(tc.by, http.MethodPost, edit, form).Code, "tries": h.ask(tc.by, http.MethodPost, try, url.Values{}).Code,
		} {
			if got != tc.want {
				t.Errorf("%s %s: %d, want %d", name, what, got, tc.want)
			}
		}
	}
	if got := h.ask(operators.token, http.MethodGet, edit, nil); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), `value="https://siem.example/in"`) {
		t.Errorf("the form is answered with %d, or does not hold what the stream is: an owner or an agent has changed it", got.Code)
	}
	if got := h.ask(operators.token, http.MethodPost, edit, url.Values{"target": {"siem.example:514"}, "version": {"1"}}); got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), `value="siem.example:514"`) {
		t.Errorf("what is no URL is answered with %d", got.Code)
	}
	if got := h.ask(operators.token, http.MethodPost, edit, form); got.Code != http.StatusSeeOther {
		t.Fatalf("the edit is answered with %d", got.Code)
	}
	now, err := h.server.events.Stream(t.Context(), &events.Who{By: operators.by}, x.ID)
	if err != nil || now.Target != "https://localhost/in" || now.Note != "SIEM" || now.State != sso.WebhookDisabled || !bytes.Equal(now.Secret, x.Secret) || len(x.Secret) == 0 {
		t.Errorf("the stream is %+v, %v", now, err)
	}
	// Where it leads now is inside, and nothing inside was opened: the page says so.
	got := h.ask(operators.token, http.MethodPost, try, url.Values{})
	if page := html.UnescapeString(got.Body.String()); got.Code != http.StatusOK || !strings.Contains(page, "https://localhost/in has not taken the test line") {
		t.Errorf("the test is answered with %d: %s", got.Code, page)
	}
	if got := h.ask(operators.token, http.MethodPost, "/operator/streams/str_none/test", url.Values{}); got.Code != http.StatusNotFound {
		t.Errorf("a test of none is answered with %d", got.Code)
	}
}

// Two operators who open a form at once must not write over one another: the
// second is told, with what was typed and what is stored.
func TestWhoSavesAFormThatSomebodyElseHasSavedIsTold(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	operators := h.newTenant(sso.OperatorsKey)
	who := &events.Who{By: operators.by}
	x, _, err := h.server.events.CreateStream(t.Context(), who, events.NewStream{Kind: sso.StreamSyslogTCP, Target: "siem.example:514", State: sso.WebhookDisabled})
	if err != nil {
		t.Fatalf("CreateStream() = %v", err)
	}
	hook, _, err := h.server.events.CreateWebhook(t.Context(), who, events.Draft{URL: "https://hooks.example/", Types: []string{"user.*"}})
	if err != nil {
		t.Fatalf("CreateWebhook() = %v", err)
	}
	for path, field := range map[string]string{"/operator/streams/" + string(x.ID) + "/edit": "target", "/operator/webhooks/" + string(hook.ID) + "/edit": "url"} {
		filled := func(version, value, note string) url.Values {
			return url.Values{"version": {version}, field: {value}, "note": {note}, "noun": {"user"}}
		}
		was := map[string]string{"target": "siem.example:514", "url": "https://hooks.example/"}[field]
		if page := h.ask(operators.token, http.MethodGet, path, nil).Body.String(); !strings.Contains(page, `name="version" value="1"`) {
			t.Fatalf("%s does not carry the version", path)
		}
		// Of those who save the same version at once, one does.
		saved := make(chan int, 4)
		for i := range cap(saved) {
			go func() {
				saved <- h.ask(operators.token, http.MethodPost, path, filled("1", was, "colleague "+strconv.Itoa(i))).Code
			}()
		}
		codes := map[int]int{}
		for range cap(saved) {
			codes[<-saved]++
		}
		if codes[http.StatusSeeOther] != 1 || codes[http.StatusConflict] != cap(saved)-1 {
			t.Errorf("%s at once: %v, want one that is saved and conflicts", path, codes)
		}
		for name, version := range map[string]string{"the version before": "1", "none": "", "zero": "0", "one to come": "99"} {
			got := h.ask(operators.token, http.MethodPost, path, filled(version, was, "mine <b>"))
			page := html.UnescapeString(got.Body.String())
			if got.Code != http.StatusConflict || !strings.Contains(page, `value="mine <b>"`) || !strings.Contains(page, "Now stored: Note: colleague ") || !strings.Contains(page, `name="version" value="2"`) {
				t.Errorf("%s with %s: %d, want a conflict with both notes: %s", path, name, got.Code, page)
			}
		}
		// What the page then holds is the version that is stored, and to save it is meant.
		if got := h.ask(operators.token, http.MethodPost, path, filled("2", was, "mine")); got.Code != http.StatusSeeOther {
			t.Errorf("%s once more: %d", path, got.Code)
		}
		if page := h.ask(operators.token, http.MethodGet, path, nil).Body.String(); !strings.Contains(page, `value="mine"`) {
			t.Errorf("%s does not hold what was saved last", path)
		}
	}
}

// Who switches a webhook or a stream off, or on, has looked at one: where somebody
// else has changed it meanwhile nothing is switched, and they see what it is now.
func TestWhoSwitchesWhatSomebodyElseHasChangedIsTold(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	operators := h.newTenant(sso.OperatorsKey)
	who := &events.Who{By: operators.by}
	x, _, err := h.server.events.CreateStream(t.Context(), who, events.NewStream{Kind: sso.StreamSyslogTCP, Target: "siem.example:514", State: sso.WebhookEnabled})
	if err != nil {
		t.Fatalf("CreateStream() = %v", err)
	}
	hook, _, err := h.server.events.CreateWebhook(t.Context(), who, events.Draft{URL: "https://hooks.example/"})
	if err != nil {
		t.Fatalf("CreateWebhook() = %v", err)
	}
	for what, tc := range map[string]struct {
		page, at string // where the buttons stand, and of what
		change   func() error
		state    func() (sso.WebhookState, int64)
	}{
		"a stream": {
			"/operator/streams", "/operator/streams/" + string(x.ID),
			func() error {
				return h.server.events.ChangeStream(t.Context(), who, x.ID, 0, func(d *events.StreamDraft) { d.Target += "0" })
			},
			func() (sso.WebhookState, int64) {
				l, err := h.server.events.Stream(t.Context(), who, x.ID)
				if err != nil {
					t.Fatal(err)
				}
				return l.State, l.Version
			},
		},
		"a webhook": {
			"/operator/webhooks/" + string(hook.ID), "/operator/webhooks/" + string(hook.ID),
			func() error {
				return h.server.events.ChangeWebhook(t.Context(), who, hook.ID, 0, func(d *events.Draft) { d.URL += "x" })
			},
			func() (sso.WebhookState, int64) {
				l, err := h.server.events.Webhook(t.Context(), who, hook.ID, "", "")
				if err != nil {
					t.Fatal(err)
				}
				return l.State, l.Version
			},
		},
	} {
		to := func(state, version string) int {
			return h.ask(operators.token, http.MethodPost, tc.at+"/"+state, url.Values{"version": {version}}).Code
		}
		stands := func(want sso.WebhookState) string {
			t.Helper()
			got, version := tc.state()
			if got != want {
				t.Errorf("%s is %s, want %s", what, got, want)
			}
			return strconv.FormatInt(version, 10)
		}
		seen := stands(sso.WebhookEnabled)
		if page := h.ask(operators.token, http.MethodGet, tc.page, nil).Body.String(); !strings.Contains(page, `name="version" value="`+seen+`"`) {
			t.Fatalf("%s: the page does not carry the version", what)
		}
		if err := tc.change(); err != nil {
			t.Fatal(err)
		}
		for name, version := range map[string]string{"the version before": seen, "none": "", "zero": "0"} {
			got := h.ask(operators.token, http.MethodPost, tc.at+"/off", url.Values{"version": {version}})
			if page := html.UnescapeString(got.Body.String()); got.Code != http.StatusConflict || !strings.Contains(page, "Nothing was switched") {
				t.Errorf("%s by %s: %d, want a conflict that says so", what, name, got.Code)
			}
		}
		now := stands(sso.WebhookEnabled)
		// Of several who have seen the same one, all who want it off find it off; who
		// wants it on then has seen another one.
		codes := make(chan int, 4)
		for range cap(codes) {
			go func() { codes <- to("off", now) }()
		}
		for range cap(codes) {
			if got := <-codes; got != http.StatusSeeOther {
				t.Errorf("%s is switched off at once: %d", what, got)
			}
		}
		off := stands(sso.WebhookDisabled)
		if got := to("on", now); got != http.StatusConflict {
			t.Errorf("%s is switched on as it was seen before: %d, want a conflict", what, got)
		}
		stands(sso.WebhookDisabled)
		if got := to("on", off); got != http.StatusSeeOther {
			t.Errorf("%s is switched on: %d", what, got)
		}
		stands(sso.WebhookEnabled)
	}
}
