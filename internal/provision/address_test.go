package provision_test

import (
	"context"
	"testing"

	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Whoever changes an address gets at the account by its mail. Who has lost it
// is told where they still read, in their language.
func TestWhoLosesAnAddressHearsOfIt(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		edit := func(change func(p *provision.Profile)) {
			h.Helper()
			u := h.standing(h.member.User.ID).User
			p := provision.Profile{Version: u.Version, FirstName: u.FirstName, LastName: u.LastName, Username: u.Username, Email: u.Email.String(), Language: u.Language}
			change(&p)
			must(h, "editing", h.EditPerson(h.Context(), &h.admin, h.acme.ID, u.ID, p))
		}
		told := func(what, want string) { // and nothing else since
			h.Helper()
			if got := h.mails(); got != want {
				h.Errorf("%s: mails %q, want %q", what, got, want)
			}
			h.write(func(tx *store.Writer) error {
				all, err := tx.Messages(h.Context(), store.MessageWaiting, store.MessageCursor{}, 100)
				ids := make([]sso.MessageID, 0, len(all))
				for i := range all {
					if m := &all[i]; m.Language != "de" || m.User != h.member.User.ID {
						h.Errorf("%s to %s is in %q, for %q", m.Kind, m.To, m.Language, m.User)
					}
					ids = append(ids, all[i].ID)
				}
				if err != nil || len(ids) == 0 {
					return err
				}
				_, err = tx.DropMessages(h.Context(), ids, h.now())
				return err
			})
		}
		edit(func(p *provision.Profile) { p.Language = "de" })
		told("another language", "")
		edit(func(p *provision.Profile) { p.FirstName, p.Email = "Maria", "MIA@ACME.example" })
		told("the same address in capitals", "")
		edit(func(p *provision.Profile) { p.Email = "eve@elsewhere.example" })
		told("another address", "address_changed MIA@acme.example, address_given eve@elsewhere.example")
		edit(func(p *provision.Profile) { p.Email = "" })
		told("no address any more", "address_changed eve@elsewhere.example")
		edit(func(p *provision.Profile) { p.Email = "mia@acme.example" })
		told("one where there was none", "address_given mia@acme.example")
	})
}

// A list finds people by their address and so gives nobody another one: not by
// the username either.
func TestNoListChangesAnAddress(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		id, err := h.Upload(ctx, &h.admin, h.acme.ID, provision.NewImport{
			Name: "x.csv", File: []byte("email,username,first_name\neve@elsewhere.example,mia,Eve\nmia@acme.example,,Maria\n"), Role: "member",
		})
		must(h, "uploading", err)
		must(h, "importing", h.Start(ctx, &h.admin, h.acme.ID, id))
		if u := h.standing(h.member.User.ID).User; u.Email.String() != "mia@acme.example" || u.FirstName != "Maria" {
			h.Errorf("after the list they are %s, %s; want the address as before, and the name of the line that has it", u.Email, u.FirstName)
		}
		if got := h.mails(); got != "" {
			h.Errorf("mails %q", got)
		}
	})
}

// Two administrators change an address at once: one of them does, and it is
// told once.
func TestAnAddressIsChangedOnceAtATime(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		version := h.standing(h.member.User.ID).User.Version
		to := func(by *sso.By, address string) func(context.Context) error {
			return func(ctx context.Context) error {
				return h.EditPerson(ctx, by, h.acme.ID, h.member.User.ID, provision.Profile{Version: version, Email: address})
			}
		}
		errs := atOnce(to(&h.admin, "one@acme.example"), to(&h.owner, "two@acme.example"))
		if (errs[0] == nil) == (errs[1] == nil) {
			h.Fatalf("%v and %v, want one of them done", errs[0], errs[1])
		}
		is := h.standing(h.member.User.ID).User.Email.String()
		if got, want := h.mails(), string(notify.AddressChanged)+" mia@acme.example, "+string(notify.AddressGiven)+" "+is; got != want {
			h.Errorf("mails %q, want %q", got, want)
		}
	})
}

// Whoever reads the mail of an account can reset it, so another address wants
// what a reset wants. Another name does not.
func TestAnAddressIsGivenAfterAFreshProofOnly(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		old := h.proved(h.admin, sso.FreshFor)
		to := provision.Profile{Version: 1, FirstName: "Mia", Username: h.member.User.Username, Email: "other@acme.example"}
		refused(h, "another address", h.EditPerson(ctx, &old, h.acme.ID, h.member.User.ID, to), "session_stale")
		named := to
		named.Email = h.member.User.Email.String()
		must(h, "another name", h.EditPerson(ctx, &old, h.acme.ID, h.member.User.ID, named))
		to.Version++
		must(h, "another address, after a proof", h.EditPerson(ctx, &h.admin, h.acme.ID, h.member.User.ID, to))
	})
}
