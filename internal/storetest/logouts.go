package storetest

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// samlSession returns a session of this subject and index that came from a
// connection.
func (w *world) samlSession(c sso.Connection, user sso.UserID, subject, index string) (sso.Session, secret.Hash) {
	s, token := w.session(c.Org, user, c.ID)
	s.SAML.Subject, s.SAML.SessionIndex = sso.SAMLSubject(subject), index
	return s, token
}

func samlSessionsEnd(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	okta, entra := w.addConnection(acme.ID, "acme-okta"), w.addConnection(acme.ID, "acme-entra")
	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID)
	names := map[sso.SessionID]string{}
	tokens := map[string]secret.Hash{}
	for _, s := range []struct {
		name, subject, index string
		c                    sso.Connection
	}{
		{"a1", "alice", "1", okta}, {"a2", "alice", "2", okta}, {"a3", "alice", "", okta},
		{"bob", "bob", "1", okta}, {"elsewhere", "alice", "1", entra},
	} {
		session, token := w.samlSession(s.c, alice.ID, s.subject, s.index)
		names[session.ID], tokens[s.name] = s.name, token
		w.write(func(tx *store.Writer) error { return tx.InsertSession(ctx, session, token) })
	}
	_, local := w.addSession(acme.ID, alice.ID)
	tokens["local"] = local
	end := func(subject string, indexes ...string) []string {
		w.Helper()
		var ended []string
		w.write(func(tx *store.Writer) error {
			ended = nil
			all, err := tx.EndSAMLSessions(ctx, okta.ID, sso.SAMLSubject(subject), indexes, w.later())
			for _, s := range all {
				if s.User != alice.ID || s.Org != acme.ID {
					w.Errorf("the ended session is said to be %+v", s)
				}
				ended = append(ended, names[s.ID])
			}
			return err
		})
		slices.Sort(ended)
		return ended
	}
	lives := func() []string {
		w.Helper()
		var all []string
		for name, token := range tokens {
			if get[sso.Person](w, "Person()")(w.reader().Person(ctx, token)).Session.EndedAt.IsZero() {
				all = append(all, name)
			}
		}
		slices.Sort(all)
		return all
	}
	same(w, "ended by a subject that nobody has", nil, end("carol"))
	same(w, "ended by an index that nobody has", nil, end("alice", "3"))
	same(w, "ended by two indexes", []string{"a1"}, end("alice", "1", "3"))
	same(w, "ended by the same once more", nil, end("alice", "1"))
	same(w, "what lives", []string{"a2", "a3", "bob", "elsewhere", "local"}, lives())
	same(w, "ended by the subject", []string{"a2", "a3"}, end("alice"))
	same(w, "what lives in the end", []string{"bob", "elsewhere", "local"}, lives())
}

func lateSessionDoesNotBegin(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	okta, entra := w.addConnection(acme.ID, "acme-okta"), w.addConnection(acme.ID, "acme-entra")
	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID)
	logout := sso.SAMLLogout{Connection: okta.ID, Subject: sso.SAMLSubject("alice"), IssuedAt: w.later(), ExpiresAt: w.now.Add(time.Hour)}
	named := logout
	named.Subject, named.SessionIndex = sso.SAMLSubject("bob"), "1"
	earlier := logout
	earlier.IssuedAt, earlier.ExpiresAt = logout.IssuedAt.Add(-time.Minute), logout.ExpiresAt.Add(-time.Minute)
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.RememberLogout(ctx, logout), tx.RememberLogout(ctx, named), tx.RememberLogout(ctx, earlier)) // the earlier one changes nothing
	})
	for name, tc := range map[string]struct {
		c       sso.Connection
		subject string
		index   string
		issued  time.Time
		created time.Time
		want    error
	}{
		"made before the logout":            {okta, "alice", "1", logout.IssuedAt.Add(-time.Second), logout.IssuedAt, store.ErrSignedOut},
		"made in its instant":               {okta, "alice", "", logout.IssuedAt, logout.IssuedAt, store.ErrSignedOut},
		"made after it":                     {okta, "alice", "1", logout.IssuedAt.Add(time.Microsecond), logout.IssuedAt, nil},
		"of the index that it names":        {okta, "bob", "1", named.IssuedAt, logout.IssuedAt, store.ErrSignedOut},
		"of another index":                  {okta, "bob", "2", named.IssuedAt, logout.IssuedAt, nil},
		"of no index":                       {okta, "bob", "", named.IssuedAt, logout.IssuedAt, nil},
		"of another subject":                {okta, "carol", "1", named.IssuedAt, logout.IssuedAt, nil},
		"of another connection":             {entra, "alice", "1", logout.IssuedAt, logout.IssuedAt, nil},
		"while the logout is remembered":    {okta, "alice", "1", logout.IssuedAt, logout.ExpiresAt.Add(-time.Microsecond), store.ErrSignedOut},
		"after it is remembered any longer": {okta, "alice", "1", logout.IssuedAt, logout.ExpiresAt, nil},
	} {
		s, token := w.samlSession(tc.c, alice.ID, tc.subject, tc.index)
		s.SAML.IssuedAt, s.CreatedAt = tc.issued, tc.created
		err := w.db.Write(ctx, func(tx *store.Writer) error { return tx.InsertSession(ctx, s, token) })
		if !errors.Is(err, tc.want) {
			w.Errorf("a session %s: InsertSession() = %v, want %v", name, err, tc.want)
		}
	}
	w.write(func(tx *store.Writer) error {
		n, err := tx.DeleteExpired(ctx, logout.ExpiresAt.Add(store.ClocksApart), store.Retention{})
		if n != 2 {
			w.Errorf("DeleteExpired() deletes %d, want the two logouts", n)
		}
		return err
	})
}

// noSessionSlipsThrough ends a subject's sessions at the same time as one of
// them begins. Whichever is first: it does not live on.
func noSessionSlipsThrough(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	okta := w.addConnection(acme.ID, "acme-okta")
	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID)
	for range 20 {
		s, token := w.samlSession(okta, alice.ID, secret.NewReference(), "1")
		logout := sso.SAMLLogout{Connection: okta.ID, Subject: s.SAML.Subject, IssuedAt: w.later(), ExpiresAt: w.now.Add(time.Hour)}
		var all sync.WaitGroup
		var began error
		all.Go(func() {
			began = w.db.Write(ctx, func(tx *store.Writer) error { return tx.InsertSession(ctx, s, token) })
		})
		all.Go(func() {
			err := w.db.Write(ctx, func(tx *store.Writer) error {
				if _, err := tx.EndSAMLSessions(ctx, okta.ID, s.SAML.Subject, nil, logout.IssuedAt); err != nil {
					return err
				}
				return tx.RememberLogout(ctx, logout)
			})
			if err != nil {
				w.Errorf("ending: %v", err)
			}
		})
		all.Wait()
		switch {
		case errors.Is(began, store.ErrSignedOut):
		case began != nil:
			w.Errorf("InsertSession() = %v, want success or ErrSignedOut", began)
		case get[sso.Person](w, "Person()")(w.reader().Person(ctx, token)).Session.EndedAt.IsZero():
			w.Error("a session lives that was ended while it began")
		}
	}
}
