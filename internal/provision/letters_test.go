package provision_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// lettersLeft has Acme's tree spend all mails of its day but so many.
func (h *house) lettersLeft(n int) {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		key := backoff.Letters(h.acme.ID)
		for left := true; left; {
			var err error
			if left, err = h.Limits.Take(h.Context(), tx, key); err != nil {
				return err
			}
		}
		for range n {
			if err := h.Limits.GiveBack(h.Context(), tx, key); err != nil {
				return err
			}
		}
		return nil
	})
}

// pass has time go by.
func (h *house) pass(d time.Duration) { h.at.Add(d.Microseconds()) }

// Whoever has got hold of a customer's console does not write to the world in
// our name: not by inviting, not by sending again, not from an organization
// below, and not by a list.
func TestMailsToStrangersAreBoundedADay(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.lettersLeft(2)
		refused(h, "three, where two are left", h.invite(&h.admin, "a@guest.example b@guest.example c@guest.example"), "mail_budget")
		if n := len(h.invitations(&h.admin)); n != 0 || h.mails() != "" {
			t.Fatalf("%d invitations and the mails %q, want nothing", n, h.mails())
		}
		must(h, "one", h.invite(&h.admin, "a@guest.example"))
		first := h.invitations(&h.admin)[0]
		must(h, "sending it again", h.Resend(ctx, &h.admin, h.acme.ID, first.ID))
		refused(h, "sending it once more", h.Resend(ctx, &h.admin, h.acme.ID, first.ID), "mail_budget")
		if again := h.invitations(&h.admin)[0]; !again.SentAt.Before(h.now()) || again.SentAt.Equal(first.SentAt) {
			t.Errorf("the invitation says %+v", again)
		}
		refused(h, "inviting below", errOf(h.Invite(ctx, &h.below, h.emea.ID, provision.NewInvitations{Addresses: "d@guest.example", Role: "member"})), "mail_budget")
		must(h, "another customer's", errOf(h.Invite(ctx, &h.rival, h.rival.Org.ID, provision.NewInvitations{Addresses: "d@guest.example", Role: "member"})))
		h.pass(time.Hour)
		must(h, "an hour later", h.invite(&h.admin, "b@guest.example c@guest.example"))
	})
}

// Of the mails of a day no more go out when many ask for them at once.
func TestTheLastMailsOfADayGoOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.lettersLeft(3)
		var acts []func(context.Context) error
		for n := range 8 {
			acts = append(acts, func(ctx context.Context) error {
				return errOf(h.Invite(ctx, &h.admin, h.acme.ID, provision.NewInvitations{Addresses: fmt.Sprintf("g%d@guest.example", n), Role: "member"}))
			})
		}
		sent := 0
		for _, err := range atOnce(acts...) {
			switch {
			case err == nil:
				sent++
			case !fault.Is(err, "mail_budget"):
				t.Errorf("inviting at once: %v", err)
			}
		}
		if n := len(h.invitations(&h.admin)); sent != 3 || n != 3 {
			t.Errorf("%d went, %d are listed, want 3", sent, n)
		}
	})
}

// A list whose welcome mails exceed the day stops before the first that could
// not be welcomed. Uploaded again, it goes on there.
func TestAListStopsWhereItsMailsEnd(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		file := provision.NewImport{Welcome: provision.WelcomeByMail, File: []byte("email\na@acme.example\nb@acme.example\nc@acme.example\n")}
		page := h.upload(&h.admin, file)
		h.lettersLeft(2)
		must(h, "starting", h.Start(h.Context(), &h.admin, h.acme.ID, page.ID))
		if got := h.list(&h.admin, page.ID); got.State != sso.ImportStopped || got.Code != "mail_budget" || got.Done != 2 || got.Failed != 0 {
			t.Errorf("the list is %s for %q with %d done and %d failed, want stopped after two", got.State, got.Code, got.Done, got.Failed)
		}
		if got := h.mails(); got != "registration a@acme.example, registration b@acme.example" {
			t.Errorf("mails %q", got)
		}
		if n := len(h.find(&h.owner, "c@acme.example")); n != 0 {
			t.Error("somebody was made who was not welcomed")
		}
		h.pass(time.Hour)
		page = h.upload(&h.admin, file)
		again := h.proved(h.admin, 0)
		must(h, "starting again", h.Start(h.Context(), &again, h.acme.ID, page.ID))
		if got := h.list(&h.admin, page.ID); got.State != sso.ImportDone || got.Counts[sso.RowSame] != 2 || got.Done != 1 {
			t.Errorf("again: the list is %s, %v, with %d done", got.State, got.Counts, got.Done)
		}
	})
}
