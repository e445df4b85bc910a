package events_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

type payload struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      struct {
		ID           string `json:"id"`
		Number       int64  `json:"number"`
		Organization *struct {
			Key string `json:"key"`
		} `json:"organization"`
		Actor string `json:"actor"`
		User  *struct {
			Email string   `json:"email"`
			Role  sso.Role `json:"role"`
		} `json:"user"`
	} `json:"data"`
}

func payloadOf(t *testing.T, m message) payload {
	t.Helper()
	var p payload
	if err := json.Unmarshal(m.body, &p); err != nil {
		t.Fatalf("%s: %v", m.body, err)
	}
	return p
}

// signedBy reports whether a message is signed with a secret, as a receiver
// judges it by the text of the standard.
func signedBy(t *testing.T, m message, text string) bool {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(m.header.Get("Webhook-Id") + "." + m.header.Get("Webhook-Timestamp") + "." + string(m.body)))
	return slices.Contains(strings.Fields(m.header.Get("Webhook-Signature")), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// What happens at Acme is not the rival's to know, and what the vendor does is
// nobody else's.
func TestWebhooksAreToldWhatTheyMayKnow(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		acme, rival, vendor, few := h.receiver(), h.receiver(), h.receiver(), h.receiver()
		_, key := h.hook(h.acmes(), acme)
		h.hook(h.rivals(), rival)
		h.hook(h.vendors(), vendor, "user.*", "app.created")
		h.hook(h.acmes(), few, "user.deleted", "domain.*")
		h.deliver()
		for _, r := range []*receiver{acme, rival, vendor, few} {
			r.take()
		}
		h.record(h.acme.ID, "user.created", string(h.owner.User.ID))
		h.record(h.emea.ID, "user.changed", "usr_y")
		h.record(h.rival.ID, "user.deleted", "usr_z")
		h.record("", "app.created", "app_x")
		h.record("", "key.made", "key_x")
		h.record(h.acme.ID, "domain.verified", "acme.example")
		h.deliver()
		got := acme.take()
		for _, m := range got {
			if !signedBy(t, m, key) {
				t.Errorf("%s is not signed with the secret of its webhook", m.body)
			}
		}
		first := payloadOf(t, got[0])
		if first.Data.Organization.Key != "acme" || first.Data.User.Email != "olga@acme.example" || first.Data.User.Role != sso.RoleOwner || got[0].header.Get("Webhook-Id") != first.Data.ID {
			t.Errorf("Acme is told %s", got[0].body)
		}
		var types []string
		for _, m := range got {
			types = append(types, payloadOf(t, m).Type)
		}
		same(t, "Acme", types, []string{"user.created", "user.changed", "domain.verified"})
		same(t, "the rival", rival.types(t), []string{"user.deleted"})
		same(t, "the vendor", vendor.types(t), []string{"user.created", "user.changed", "user.deleted", "app.created"})
		same(t, "who wants little", few.types(t), []string{"domain.verified"})
		h.deliver()
		if n := len(slices.Concat(acme.take(), rival.take(), vendor.take(), few.take())); n != 0 {
			t.Errorf("%d events are sent twice", n)
		}
	})
}

// A secret that was turned signs for a day beside the new one, and then no more.
func TestBothSecretsSignWhileOneIsReplaced(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		r := h.receiver()
		hook, old := h.hook(h.acmes(), r)
		next, err := h.TurnSecret(h.Context(), h.acmes(), hook.ID)
		must(t, "TurnSecret()", err)
		h.deliver()
		for _, m := range r.take() {
			if !signedBy(t, m, old) || !signedBy(t, m, next) {
				t.Errorf("%q is not signed with both", m.header.Get("Webhook-Signature"))
			}
		}
		h.pass(sso.SecretOverlap)
		h.record(h.acme.ID, "user.created", "usr_x")
		h.deliver()
		for _, m := range r.take() {
			if signedBy(t, m, old) || !signedBy(t, m, next) {
				t.Error("the old secret signs after its time")
			}
		}
	})
}

// A receiver that is down gets everything later, in order, the same event under
// the same ID; what has got through is not sent again.
func TestAReceiverThatComesBackGetsWhatItHasMissed(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		r := h.receiver()
		hook, _ := h.hook(h.acmes(), r, "user.*")
		h.seal()
		r.answers(http.StatusInternalServerError)
		h.record(h.acme.ID, "user.created", "usr_x")
		h.record(h.acme.ID, "user.changed", "usr_x")
		h.record(h.acme.ID, "user.deleted", "usr_x")
		h.deliver()
		first := r.take()
		if len(first) != 1 {
			t.Fatalf("%d deliveries are tried where the first fails, want it to rest", len(first))
		}
		h.deliver()
		if n := len(r.take()); n != 0 {
			t.Errorf("%d deliveries are tried before their time", n)
		}
		l := h.log(h.acmes(), hook.ID)
		last := l.Deliveries[len(l.Deliveries)-1]
		if last.State != sso.DeliveryWaiting || last.Tries != 1 || last.Status != 500 || last.Code != "webhook_status" || last.Detail != "sorry" || l.Failures != 1 {
			t.Errorf("the log says %+v", last)
		}
		r.answers(http.StatusOK)
		h.pass(time.Minute)
		h.deliver()
		again := r.take()
		var types []string
		for _, m := range again {
			types = append(types, payloadOf(t, m).Type)
		}
		same(t, "after it has come back", types, []string{"user.created", "user.changed", "user.deleted"})
		if again[0].header.Get("Webhook-Id") != first[0].header.Get("Webhook-Id") {
			t.Error("the same event has another ID")
		}
		if l := h.log(h.acmes(), hook.ID); l.Failures != 0 || !l.FailingSince.IsZero() || l.Deliveries[0].State != sso.DeliveryDelivered {
			t.Errorf("after that it counts as failing: %+v", l.Webhook)
		}
	})
}

// Nothing is tried for ever: after three days the webhook is off, and who made it
// knows.
func TestAWebhookThatFailsForThreeDaysIsSwitchedOff(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		r := h.receiver()
		hook, _ := h.hook(h.acmes(), r, "user.*")
		h.seal()
		r.answers(http.StatusFound)
		began := h.now()
		h.record(h.acme.ID, "user.created", "usr_x")
		tries := 0
		for h.log(h.acmes(), hook.ID).State == sso.WebhookEnabled && tries < 1000 {
			h.deliver()
			tries += len(r.take())
			h.pass(10 * time.Minute)
			if tries > 3 {
				h.record(h.acme.ID, "user.changed", "usr_x")
			}
		}
		if lasted := h.now().Sub(began); lasted < sso.WebhookPatience || lasted > sso.WebhookPatience+time.Hour {
			t.Errorf("it is switched off after %v", lasted)
		}
		if letters := h.letters(); len(letters) != 1 || letters[0].Kind != "webhook_disabled" || letters[0].To != "olga@acme.example" {
			t.Errorf("the letters are %+v, want one to its maker", letters)
		}
		l := h.log(h.acmes(), hook.ID)
		if l.State != sso.WebhookFailed || slices.ContainsFunc(l.Deliveries, func(d sso.Delivery) bool { return d.State != sso.DeliveryFailed }) {
			t.Errorf("it is %s, and something waits still", l.State)
		}
		refused(t, "a test of it", h.TestWebhook(h.Context(), h.acmes(), hook.ID), "webhook_off")
		_, err := h.Replay(h.Context(), h.acmes(), hook.ID, events.Replayed{Since: began})
		refused(t, "a replay", err, "webhook_off")

		// Once it is on again, it can be told what it has missed.
		h.seal()
		r.answers(http.StatusOK)
		must(t, "turned()", h.turned(h.acmes(), hook.ID, sso.WebhookEnabled))
		again, err := h.Replay(h.Context(), h.acmes(), hook.ID, events.Replayed{Since: began})
		must(t, "Replay()", err)
		n := again.Events
		for i := 0; i <= n; i += 16 {
			h.deliver()
		}
		if got := r.types(t); len(got) != n || got[0] != "user.created" {
			t.Errorf("of %d events that it has missed it is told %d, the first %s", n, len(got), got[0])
		}
	})
}

// letters returns the mails that wait.
func (h *house) letters() (all []store.OutboxMessage) {
	h.Helper()
	err := h.DB.Read(h.Context(), func(r *store.Reader) (err error) {
		all, err = r.Messages(h.Context(), store.MessageWaiting, store.MessageCursor{}, 10)
		return err
	})
	must(h.T, "Messages()", err)
	return all
}

// Who answers 410 does not want any more.
func TestAReceiverThatIsGoneIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		r := h.receiver()
		hook, _ := h.hook(h.vendors(), r, "app.*")
		h.seal()
		r.answers(http.StatusGone)
		h.record("", "app.created", "app_x")
		h.record("", "app.changed", "app_x")
		h.deliver()
		h.pass(24 * time.Hour)
		h.deliver()
		if n := len(r.take()); n != 1 {
			t.Errorf("it is asked %d times", n)
		}
		if l := h.log(h.vendors(), hook.ID); l.State != sso.WebhookFailed {
			t.Errorf("it is %s", l.State)
		}
	})
}

// A webhook of another organization is not there: not to look at, not to change,
// not to try.
func TestAnotherOrganizationsWebhookIsNotThere(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		r := h.receiver()
		hook, _ := h.hook(h.acmes(), r)
		for name, who := range map[string]*events.Who{
			"the rival":                  h.rivals(),
			"the rival, in Acme's place": {By: h.stranger, Org: h.acme.ID},
			"the rival, as the vendor":   {By: h.stranger},
			"the owner, as the vendor":   {By: h.owner},
			"the vendor, as the rival":   {By: h.operator},
			"support":                    {By: h.support},
		} {
			code := "page_not_found"
			switch name {
			case "support", "the owner, as the vendor", "the rival, as the vendor":
				code = "operator_role"
			}
			_, turn := h.TurnSecret(ctx, who, hook.ID)
			_, replay := h.Replay(ctx, who, hook.ID, events.Replayed{Since: time.Unix(0, 0)})
			for what, err := range map[string]error{
				"changes": h.ChangeWebhook(ctx, who, hook.ID, 0, func(d *events.Draft) { d.URL = "https://evil.example/" }), "switches": h.turned(who, hook.ID, sso.WebhookDisabled),
				"turns": turn, "replays": replay, "deletes": h.DeleteWebhook(ctx, who, hook.ID), "tries": h.TestWebhook(ctx, who, hook.ID),
			} {
				refused(t, name+" "+what, err, code)
			}
			if name != "the rival, in Acme's place" { // whom the console does not let in
				_, err := h.Webhook(ctx, who, hook.ID, "", "")
				refused(t, name+" looks", err, "page_not_found")
			}
		}
		if got := h.log(h.acmes(), hook.ID); got.URL != r.URL || got.State != sso.WebhookEnabled || got.Version != hook.Version+1 {
			t.Errorf("it has changed: %+v", got.Webhook)
		}
		must(t, "the owner tries", h.TestWebhook(ctx, h.acmes(), hook.ID))
		h.deliver()
		if got := r.types(t); !slices.Contains(got, sso.WebhookTested) {
			t.Errorf("the receiver gets %q, want the test", got)
		}
	})
}

// A customer has our server call nothing inside.
func TestWebhooksReachNothingInside(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		r := h.receiver()
		h.Outside = safehttp.NewCaller(safehttp.Public)
		for _, url := range []string{r.URL, "http://hooks.example/", "https://hooks.example:8443/", "https://a:b@hooks.example/", "ftp://hooks.example/", "https://", "", "https://%zz"} {
			_, _, err := h.CreateWebhook(h.Context(), h.acmes(), events.Draft{URL: url})
			refused(t, url, err, "webhook_url")
		}
		for _, url := range []string{"https://127.0.0.1/", "https://10.0.0.1/hook", "https://169.254.169.254/", "https://[::1]/", "https://[::ffff:10.0.0.1]/"} {
			_, _, err := h.CreateWebhook(h.Context(), h.acmes(), events.Draft{URL: url})
			refused(t, url, err, "webhook_address")
		}
		hook, _, err := h.CreateWebhook(h.Context(), h.acmes(), events.Draft{URL: "https://localhost/"})
		must(t, "a name, which is judged when it is called", err)
		h.deliver()
		if l := h.log(h.acmes(), hook.ID); l.Deliveries[0].Code != "webhook_address" || l.Deliveries[0].Status != 0 {
			t.Errorf("the log says %+v", l.Deliveries[0])
		}
		_, _, err = h.CreateWebhook(h.Context(), h.acmes(), events.Draft{URL: "https://9.9.9.9/", State: sso.WebhookDisabled}) // nobody calls it
		must(t, "an address that is public", err)
		// Its twin: the deployment's own, where the operator has opened the network.
		h.hook(h.vendors(), r)
		h.deliver()
		if len(r.take()) == 0 {
			t.Error("the deployment's webhook reaches nothing")
		}
	})
}

func TestOnlyTypesThatExistCanBeWanted(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		for _, typ := range []string{"user", "user.", "*", "user.exploded", "nobody.*", "user.*.*", "User.created"} {
			_, _, err := h.CreateWebhook(h.Context(), h.acmes(), events.Draft{URL: "https://hooks.example/", Types: []string{typ}})
			refused(t, typ, err, "event_type_unknown")
		}
		for range sso.MaxWebhooks {
			_, _, err := h.CreateWebhook(h.Context(), h.acmes(), events.Draft{URL: "https://hooks.example/", Types: []string{"user.created", "sign_in.*"}})
			must(t, "CreateWebhook()", err)
		}
		_, _, err := h.CreateWebhook(h.Context(), h.acmes(), events.Draft{URL: "https://hooks.example/"})
		refused(t, "one too many", err, "webhooks_many")
	})
}

// Two nodes that look at the same time send each event once.
func TestManyNodesSendEachEventOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		r := h.receiver()
		h.hook(h.acmes(), r, "user.*")
		const n = 40
		for range n {
			h.record(h.acme.ID, "user.changed", "usr_x")
		}
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				for range n {
					if _, err := h.Seal(h.Context()); err != nil {
						t.Errorf("Seal() = %v", err)
					}
					if _, err := h.Deliver(h.Context()); err != nil {
						t.Errorf("Deliver() = %v", err)
					}
				}
			})
		}
		all.Wait()
		got := r.take()
		last := int64(0)
		for _, m := range got {
			number := payloadOf(t, m).Data.Number
			if number <= last {
				t.Errorf("event %d comes after %d", number, last)
			}
			last = number
		}
		if len(got) != n {
			t.Errorf("%d deliveries of %d events", len(got), n)
		}
	})
}

// Where a webhook stands is judged at each delivery: once it is off, deleted, or
// its organization shut out, nothing more leaves, whatever waits for it.
func TestAWebhookThatIsOverIsToldNothingMore(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *house, hook sso.Webhook) error{
		"switched off": func(h *house, hook sso.Webhook) error {
			return h.turned(h.acmes(), hook.ID, sso.WebhookDisabled)
		},
		"deleted": func(h *house, hook sso.Webhook) error { return h.DeleteWebhook(h.Context(), h.acmes(), hook.ID) },
		"suspended": func(h *house, _ sso.Webhook) error {
			o := h.acme
			o.State = sso.OrgSuspended
			return h.DB.Write(h.Context(), func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), o) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachEngine(t, func(h *house) {
				r, vendor := h.receiver(), h.receiver()
				hook, _ := h.hook(h.acmes(), r, "user.*")
				h.hook(h.vendors(), vendor, "user.*")
				h.record(h.acme.ID, "user.created", "usr_x")
				h.record(h.acme.ID, "user.changed", "usr_x")
				h.record(h.acme.ID, "user.deleted", "usr_x")
				h.seal()
				r.mu.Lock()
				r.answer = func(n int) int { // while its turn is under way
					if n == 1 {
						if err := end(h, hook); err != nil {
							t.Errorf("ending it: %v", err)
						}
					}
					return http.StatusNoContent
				}
				r.mu.Unlock()
				for range 3 {
					h.deliver()
					h.pass(time.Hour)
				}
				same(t, "who was told", r.types(t), []string{"user.created"})
				same(t, "the vendor, whose webhook goes on", vendor.types(t), []string{"user.created", "user.changed", "user.deleted"})
			})
		})
	}
}

// What has become of somebody since they left is not told to who knew them.
func TestOfAGuestWhoHasLeftNothingIsTold(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		r, vendor := h.receiver(), h.receiver()
		h.hook(h.acmes(), r, "membership.*")
		h.hook(h.vendors(), vendor, "membership.*")
		guest := h.stranger.User.ID
		m := sso.Membership{Org: h.emea.ID, User: guest, Role: sso.RoleMember, CreatedAt: h.now(), UpdatedAt: h.now()}
		h.write(func(tx *store.Writer) error { return tx.Org(h.emea.ID).SaveMembership(h.Context(), m) })
		h.record(h.emea.ID, "membership.created", string(guest))
		h.deliver()
		if u := payloadOf(t, r.take()[0]).Data.User; u == nil || u.Email != "rita@rival.example" {
			t.Errorf("of a guest who is there is told %+v", u)
		}
		h.write(func(tx *store.Writer) error { return tx.Org(h.emea.ID).RemoveMembership(h.Context(), guest, h.now()) })
		h.record(h.emea.ID, "membership.removed", string(guest))
		h.record(h.emea.ID, "membership.removed", string(h.owner.User.ID)) // at home at Acme
		h.deliver()
		got := r.take()
		if strings.Contains(string(got[0].body), "rita") || !strings.Contains(string(got[0].body), string(guest)) {
			t.Errorf("of a guest who has left is told %s", got[0].body)
		}
		if u := payloadOf(t, got[1]).Data.User; u == nil || u.Email != "olga@acme.example" {
			t.Errorf("of who is at home is told %+v", u)
		}
		if all := vendor.take(); payloadOf(t, all[1]).Data.User == nil {
			t.Errorf("the vendor is told %s", all[1].body)
		}
	})
}

// Many receivers know their callers by nothing but the path.
func TestTheAuditListDoesNotSayThePathOfAWebhook(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		hook, _, err := h.CreateWebhook(h.Context(), h.acmes(), events.Draft{URL: "https://hooks.example/T00/s3cret?key=s3cret"})
		must(t, "CreateWebhook()", err)
		must(t, "ChangeWebhook()", h.ChangeWebhook(h.Context(), h.acmes(), hook.ID, 0, func(d *events.Draft) { d.URL = "https://hooks.example/T00/s3cret2" }))
		must(t, "DeleteWebhook()", h.DeleteWebhook(h.Context(), h.acmes(), hook.ID))
		err = h.DB.Read(h.Context(), func(r *store.Reader) error {
			all, err := r.Org(h.acme.ID).Events(h.Context(), 10)
			if len(all) != 3 {
				t.Errorf("%d events, want 3", len(all))
			}
			for _, e := range all {
				i := slices.IndexFunc(e.Changes, func(c sso.Change) bool { return c.Field == "url" })
				if i < 0 {
					t.Errorf("%s does not say that the URL is another one", e.Action)
					continue
				}
				c := e.Changes[i]
				if strings.Contains(c.From+c.To, "s3cret") || !strings.Contains(c.From+c.To, "https://hooks.example/…") || c.From == c.To {
					t.Errorf("%s says %+v", e.Action, c)
				}
			}
			return err
		})
		must(t, "Events()", err)
	})
}
