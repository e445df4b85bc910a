package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// connectionsAreDeleted deletes a connection with everything that can name it.
func connectionsAreDeleted(w *world) {
	ctx, r := w.ctx, w.reader()
	acme, rival := w.addOrg("acme", nil), w.addOrg("rival", nil)
	c, kept := w.addConnection(acme.ID, "acme-okta"), w.addConnection(acme.ID, "acme-entra")
	way := func(want store.Way, users ...sso.User) {
		w.Helper()
		for i := range users {
			found := w.listed(acme.ID, store.PeopleQuery{Words: []string{users[i].Username}, Way: want})
			if len(found) != 1 {
				w.Errorf("%s does not come in by %q", users[i].Username, want)
			}
		}
	}
	const many = 7
	var people []sso.User
	var live sso.Session
	for i := range many {
		u := w.addUser(acme.ID, fmt.Sprintf("user%d", i))
		w.addMember(acme.ID, u.ID)
		s, token := w.session(acme.ID, u.ID, c.ID)
		w.write(func(tx *store.Writer) error {
			return errors.Join(tx.Org(acme.ID).InsertLink(ctx, w.link(c, u.ID, u.Username)), tx.InsertSession(ctx, s, token))
		})
		people, live = append(people, u), s
	}
	w.write(func(tx *store.Writer) error {
		return errors.Join(
			tx.Org(acme.ID).InsertLink(ctx, w.link(c, people[0].ID, "once more")), tx.Org(acme.ID).InsertLink(ctx, w.link(kept, people[1].ID, "there")),
			tx.Org(acme.ID).InsertDecryptionKey(ctx, w.decryptionKey(c.ID, "k1", store.KeyCurrent)),
			tx.Org(acme.ID).SaveDomain(ctx, sso.Domain{Org: acme.ID, Name: "acme.example", State: sso.DomainVerified, Proof: sso.ProofDNS, Connection: c.ID, CreatedAt: w.now, VerifiedAt: w.now}),
			tx.RememberLogout(ctx, sso.SAMLLogout{Connection: c.ID, Subject: "s", IssuedAt: w.now, ExpiresAt: w.now.Add(time.Hour)}))
	})
	w.note(w.clash(c, "alice", sso.ClashDeleted))
	way(store.WaySSO, people...)
	count := func(want int) {
		w.Helper()
		if n := get[int](w, "LinkedUsers()")(r.Org(acme.ID).LinkedUsers(ctx, c.ID)); n != want {
			w.Errorf("LinkedUsers() = %d, want %d", n, want)
		}
	}
	count(many)

	remove := func(org sso.OrgID, c sso.Connection) func(tx *store.Writer) error {
		return func(tx *store.Writer) error {
			n, err := tx.Org(org).DeleteConnection(ctx, c, w.now)
			if err == nil && n != many {
				err = fmt.Errorf("DeleteConnection() = %d, want %d", n, many)
			}
			return err
		}
	}
	stale := c
	stale.Version++
	w.conflict(store.StaleVersion, remove(acme.ID, stale))
	foreign := c
	foreign.Org = rival.ID
	w.conflict(store.StaleVersion, remove(rival.ID, foreign))
	count(many)
	way(store.WaySSO, people...)
	if s := get[sso.Person](w, "PersonBySession()")(r.PersonBySession(ctx, live.ID)); s.Session.Connection != c.ID {
		w.Error("what was refused has changed a session")
	}

	w.write(remove(acme.ID, c))
	missing[sso.Connection](w, "Connection() that was deleted")(r.Connection(ctx, c.ID))
	none[store.DecryptionKey](w, "DecryptionKeys()")(r.Org(acme.ID).DecryptionKeys(ctx, c.ID))
	if d := get[[]sso.Domain](w, "Domains()")(r.Org(acme.ID).Domains(ctx)); len(d) != 1 || d[0].Connection != "" || d[0].State != sso.DomainVerified {
		w.Errorf("Domains() = %+v, want the domain without its connection", d)
	}
	if s := get[sso.Person](w, "PersonBySession()")(r.PersonBySession(ctx, live.ID)); s.Session.EndedAt.IsZero() || s.Session.Connection != "" {
		w.Error("a session that came from the connection lives on")
	}
	count(0)
	way(store.WayPassword, people[0])
	way(store.WaySSO, people[1]) // still linked elsewhere
	w.write(func(tx *store.Writer) error {
		return tx.Org(acme.ID).SaveConnection(ctx, w.connection(acme.ID, "acme-okta")) // the key is free
	})
}
