package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// unchanging lists the types of events that change no setting, each with what
// they are instead. All others say what was before and after, in their changes.
func unchanging() map[string]string {
	const (
		link    = "a link or a code was made or used: there is nothing before it"
		looked  = "somebody has looked at something, or taken it with them"
		counted = "what was done to many, each of whom has a line of their own"
		secret  = "what has changed is a secret, which is told to nobody"
		tried   = "something was tried"
		came    = "somebody came in or went out"
		decided = "a decision about who somebody is: what it names stands beside it"
		posted  = "a message on its way, and no setting"
	)
	return map[string]string{
		"accounts.reset_begun": counted, "accounts.reset_done": counted, "accounts.reset_stopped": counted,
		"acting.begun": came, "acting.ended": came,
		"app.refused": came, "app.token_given": came, "app.tried": tried,
		"break_glass.made": secret, "break_glass.used": came,
		"conflict.allowed": decided, "conflict.merged": decided, "conflict.refused": decided,
		"connection.change_held": "it waits to be decided", "connection.change_refused": "everything stays as it is",
		"connection.discarded": "the live settings stay", "connection.prepared": "a copy of the live settings",
		"device.approved": came, "device.forgotten": came, "device.refused": came,
		"domain.contested": "another's record was seen: the claim stays as it is", "domain.record_back": "a record in the DNS", "domain.record_missing": "a record in the DNS",
		"enforcement.foreseen":     tried,
		"events.exported":          looked,
		"factor.counter_regressed": "a passkey has behaved like a copy",
		"grant.revoked":            came,
		"import.done":              counted, "import.started": counted, "import.stopped": counted, "import.uploaded": counted,
		"invitation.accepted": "the memberships that it gives have lines of their own",
		"message.dropped":     posted, "message.retried": posted, "message.tested": tried,
		"people.exported":    looked,
		"recovery_code.used": secret, "recovery_codes.made": secret,
		"session.ended":     came,
		"setup_link.opened": link,
		sso.SignInRefused:   came, sso.SignInSucceeded: came,
		sso.StreamTested:    tried,
		"test_link.created": link, "test_link.revoked": link,
		"trace.bundle_made": looked, "trace.bundle_revoked": looked, "trace.opened": looked,
		"user.account_reset": secret, "user.linked": decided, "user.password_changed": secret, "user.password_reset": secret, "user.password_reset_sent": secret,
		"user.signed_out": came, "user.unlocked": "what was counted is forgotten",
		"webhook.replayed": posted, "webhook.secret_made": secret, sso.WebhookTested: tried,
	}
}

// outside lists the types of events that nothing brings about within the house:
// somebody has asked for what they tell, by a browser or a program, and each says
// from where.
func outside() []string {
	return []string{
		"app.refused", "app.token_given", "app.tried", "break_glass.used", "device.approved", "device.refused", "events.exported", "grant.revoked",
		"import.uploaded", "invitation.accepted", "people.exported", "recovery_code.used", "setup_link.opened", "user.unlocked",
	}
}

// auditPage is how many lines of the audit list are read together.
const auditPage = 500

// audited fails a test in which something was written into the audit list that
// does not say what it has to: an event of no known type, a change of settings
// without what was before and after, what somebody did without from where, or
// anything that has no word of ours.
func audited(t testing.TB, db *store.DB) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	plain, known := unchanging(), sso.EventTypes()
	said := map[string]bool{}
	q := store.EventQuery{Limit: auditPage}
	for {
		var page store.EventPage
		err := db.Read(ctx, func(r *store.Reader) (err error) {
			page, err = r.ListEvents(ctx, q)
			return err
		})
		if err != nil {
			return // the test has closed it, or taken it apart
		}
		for i := range page.Events {
			e := &page.Events[i]
			if e.Address == "" && !said[e.Action] && slices.Contains(outside(), e.Action) {
				said[e.Action] = true
				t.Errorf("the audit list has a line %q (by %s) that does not say from where it came", e.Action, e.Actor)
			}
			if slices.Contains(known, e.Action) {
				worded(t, e, said)
			}
			_, ok := plain[e.Action]
			if said[e.Action] || ok || len(e.Changes) > 0 && slices.Contains(known, e.Action) {
				continue
			}
			said[e.Action] = true
			t.Errorf("the audit list has a line %q (by %s) of no known type, or without what was before and after", e.Action, e.Actor)
		}
		if page.Next == "" {
			return
		}
		q.After = page.Next
	}
}

// worded fails a test in which a line of the audit list calls a setting
// something, or gives it a value of ours, for which pages have no word.
func worded(t testing.TB, e *sso.Event, said map[string]bool) {
	t.Helper()
	fields := sso.EventFields()
	tell := func(what string) {
		if !said[what] {
			said[what] = true
			t.Errorf("%s says %s, which is not in sso.EventFields", e.Action, what)
		}
	}
	for _, c := range e.Changes {
		field := sso.EventField(c.Field)
		words, ok := fields[field]
		if !ok && e.Noun() == "key" {
			words, ok = fields[sso.KeyField], true
		}
		if !ok {
			tell(c.Field)
		}
		if len(words) == 0 || slices.Contains([]string{"role", "defaults.role", "allowed_roles"}, field) { // operators define more roles
			continue
		}
		for _, value := range []string{c.From, c.To} {
			if value != "" && !slices.Contains(words, value) {
				tell(c.Field + ": " + value)
			}
		}
	}
	for name := range e.Detail {
		if _, ok := fields[name]; !ok && !e.ToldAlready(name) {
			tell(name)
		}
	}
}
