package inspect_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Alice was renamed at the identity provider: another subject, the same
// address.
func TestRelinkGivesTheSubjectToItsPerson(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		alice := h.add(&h.acme, "alice", sso.RoleMember)
		h.link(&h.okta, "old", alice.User.ID)
		id := h.clash(sso.ClashSubject, "alice@acme.example", alice.User.ID)
		if err := h.Relink(ctx, who(&h.owner), h.acme.ID, id, alice.User.ID); err != nil {
			h.Fatal(err)
		}
		if h.linked("new") != alice.User.ID || h.linked("old") != "" {
			h.Errorf("new stands for %q and old for %q", h.linked("new"), h.linked("old"))
		}
		if h.lives(alice.Session) {
			h.Error("whoever was signed in by the old one still is")
		}
		if got := h.mails(); got != "identity_moved alice@acme.example" {
			h.Errorf("mails: %s", got)
		}
		if got := h.events(); !slices.Equal(got, []string{"conflict.relinked " + string(alice.User.ID)}) {
			h.Errorf("audit: %v", got)
		}
		p := h.page(id)
		if p.State != sso.ConflictSolved || p.Decision != sso.RemedyRelink || p.By != "olga" {
			h.Errorf("the conflict is %s by %s of %s", p.State, p.Decision, p.By)
		}
		h.wants(h.Relink(ctx, who(&h.owner), h.acme.ID, id, alice.User.ID), "conflict_remedy")
	})
}

// A subject that stood for somebody, and comes with another's address.
func TestRelinkTakesTheSubjectFromWhomItStoodFor(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		alice, bob := h.add(&h.acme, "alice", sso.RoleMember), h.add(&h.emea, "bob", sso.RoleMember)
		h.link(&h.okta, "new", bob.User.ID)
		id := h.clash(sso.ClashAddress, "alice@acme.example", bob.User.ID, alice.User.ID)
		if err := h.Relink(h.Context(), who(&h.owner), h.acme.ID, id, alice.User.ID); err != nil {
			h.Fatal(err)
		}
		if h.linked("new") != alice.User.ID || h.lives(bob.Session) {
			h.Errorf("stands for %q; bob is signed in: %v", h.linked("new"), h.lives(bob.Session))
		}
		if got := h.mails(); got != "identity_moved alice@acme.example, identity_moved bob@acme.example" {
			h.Errorf("mails: %s", got)
		}
	})
}

// A conflict waits for months. What it names stands for somebody as it was named
// then: at another identity provider the same name is somebody else's.
func TestADecisionIsAboutWhoCameThen(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		alice, ally := h.add(&h.acme, "alice", sso.RoleMember), h.add(&h.acme, "ally", sso.RoleMember)
		before := h.okta.Namespace()
		relinked := h.clash(sso.ClashCandidates, "alice@acme.example", alice.User.ID, ally.User.ID)
		h.okta.SAML.IdPEntityID = "https://another.example/idp"
		h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveConnection(h.Context(), h.okta) })
		if err := h.Relink(h.Context(), who(&h.owner), h.acme.ID, relinked, alice.User.ID); err != nil {
			h.Fatal(err)
		}
		if got := h.namespace("new"); got != before {
			h.Errorf("the subject is one of %q, want %q", got, before)
		}
	})
}

func TestRelinkRefuses(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		alice, guest := h.add(&h.acme, "alice", sso.RoleMember), h.add(&h.rival, "guest", sso.RoleMember)
		gone, other := h.add(&h.acme, "gone", sso.RoleMember), h.add(&h.acme, "other", sso.RoleMember)
		admin, member := h.add(&h.acme, "ann", sso.RoleAdmin), h.add(&h.acme, "max", sso.RoleMember)
		stranger := h.add(&h.rival, "rita", sso.RoleOwner)
		away := h.add(&h.emea, "away", sso.RoleMember)
		h.join(&h.acme, guest.User.ID, sso.RoleMember)
		h.join(&h.rival, away.User.ID, sso.RoleOwner)
		gone.User.State = sso.UserSuspended
		h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveUser(ctx, gone.User) })
		id := h.clash(sso.ClashCandidates, "x@acme.example", alice.User.ID, guest.User.ID, gone.User.ID, away.User.ID)
		acted := h.owner
		h.write(func(tx *store.Writer) error {
			s := h.owner.Session
			s.ID, s.Actor, s.ActorSession, s.Reason = sso.NewSessionID(h.now()), stranger.User.ID, stranger.Session.ID, "ticket"
			acted.Session = s
			return tx.InsertSession(ctx, s, [32]byte{9})
		})
		for name, tc := range map[string]struct {
			by   *sso.By
			org  sso.OrgID
			to   sso.UserID
			code string
		}{
			"somebody of another customer":             {&h.owner, h.acme.ID, guest.User.ID, "ident_tree"},
			"somebody suspended":                       {&h.owner, h.acme.ID, gone.User.ID, "user_suspended"},
			"somebody who is no candidate":             {&h.owner, h.acme.ID, other.User.ID, "not_found"},
			"somebody who owns another's organization": {&h.owner, h.acme.ID, away.User.ID, "rights_outrank"},
			"an administrator":                         {&admin, h.acme.ID, alice.User.ID, "rights_owner"},
			"a member":                                 {&member, h.acme.ID, alice.User.ID, "not_found"},
			"another customer's owner":                 {&stranger, h.acme.ID, alice.User.ID, "not_found"},
			"another customer's owner, at home":        {&stranger, h.rival.ID, alice.User.ID, "not_found"},
			"the owner of what is below":               {&h.below, h.acme.ID, alice.User.ID, "not_found"},
			"whoever acts as the owner":                {&acted, h.acme.ID, alice.User.ID, "acting_setup"},
		} {
			err := h.Relink(ctx, who(tc.by), tc.org, id, tc.to)
			if !fault.Is(err, tc.code) {
				h.Errorf("%s: %v, want %s", name, err, tc.code)
			}
		}
		if h.linked("new") != "" || h.state(id) != sso.ConflictOpen || h.mails() != "" {
			h.Errorf("linked to %q, %s, mails %q", h.linked("new"), h.state(id), h.mails())
		}
		if err := h.Relink(ctx, who(&h.owner), h.acme.ID, id, alice.User.ID); err != nil {
			h.Errorf("the twin: %v", err)
		}
	})
}

func TestMergeMakesOneOfTwo(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		alice, twin := h.add(&h.acme, "alice", sso.RoleMember), h.add(&h.emea, "twin", sso.RoleOwner)
		h.join(&h.acme, alice.User.ID, sso.RoleMember, "staff")
		h.join(&h.acme, twin.User.ID, sso.RoleAdmin, "ops")
		h.link(&h.okta, "second", twin.User.ID)
		id := h.clash(sso.ClashCandidates, "alice@acme.example", alice.User.ID, twin.User.ID)
		if err := h.Merge(ctx, who(&h.owner), h.acme.ID, id, alice.User.ID, twin.User.ID); err != nil {
			h.Fatal(err)
		}
		now := h.standing(alice.User.ID)
		roles := map[sso.OrgID]sso.Role{}
		for _, p := range now.Positions {
			roles[p.Org] = p.Role
			if p.Org == h.acme.ID && !slices.Equal(p.Groups, []string{"staff", "ops"}) {
				h.Errorf("groups %v", p.Groups)
			}
		}
		// Their own role stays; what the other alone was, they are too.
		if roles[h.acme.ID] != sso.RoleMember || roles[h.emea.ID] != sso.RoleOwner {
			h.Errorf("they are %v", roles)
		}
		if h.linked("second") != alice.User.ID || h.linked("new") != alice.User.ID {
			h.Errorf("second stands for %q, new for %q", h.linked("second"), h.linked("new"))
		}
		gone := h.standing(twin.User.ID)
		if gone.User.State != sso.UserDeleted || len(gone.Positions) != 0 || !gone.User.Email.IsZero() || gone.User.Username != "" {
			h.Errorf("the other is %+v", gone)
		}
		if h.lives(alice.Session) || h.lives(twin.Session) {
			h.Error("somebody is signed in still")
		}
		if got := h.mails(); got != "identity_moved alice@acme.example, identity_moved twin@acme.example" {
			h.Errorf("mails: %s", got)
		}
		if got := h.events(); !slices.Equal(got, []string{"conflict.merged " + string(alice.User.ID)}) {
			h.Errorf("audit: %v", got)
		}
	})
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		alice, bob := h.add(&h.acme, "alice", sso.RoleMember), h.add(&h.acme, "bob", sso.RoleMember)
		guest, away := h.add(&h.rival, "guest", sso.RoleMember), h.add(&h.acme, "away", sso.RoleMember)
		last := h.add(&h.emea, "last", sso.RoleMember)
		idp := h.connection(&h.rival, "rival-okta")
		opened := h.add(&h.acme, "opened", sso.RoleMember)
		h.link(&idp, "x", opened.User.ID)
		h.join(&h.rival, away.User.ID, sso.RoleMember)
		h.join(&h.acme, guest.User.ID, sso.RoleMember)
		h.join(&h.emea, alice.User.ID, sso.RoleMember)
		h.write(func(tx *store.Writer) error { return tx.Org(h.emea.ID).RemoveMembership(ctx, h.below.User.ID, h.Now()) })
		h.join(&h.emea, last.User.ID, sso.RoleOwner)
		id := h.clash(sso.ClashCandidates, "alice@acme.example", alice.User.ID, bob.User.ID, guest.User.ID, away.User.ID, last.User.ID, opened.User.ID, h.owner.User.ID)
		for name, tc := range map[string]struct {
			into, from sso.UserID
			code       string
		}{
			"oneself into somebody":                       {alice.User.ID, h.owner.User.ID, "rights_self"},
			"somebody into themselves":                    {alice.User.ID, alice.User.ID, "rights_self"},
			"a guest":                                     {alice.User.ID, guest.User.ID, "ident_tree"},
			"into a guest":                                {guest.User.ID, alice.User.ID, "ident_tree"},
			"a member of another customer":                {alice.User.ID, away.User.ID, "conflict_guest"},
			"whom another customer's IdP opens":           {alice.User.ID, opened.User.ID, "conflict_guest"},
			"the last owner, where the other is no owner": {alice.User.ID, last.User.ID, "rights_last_owner"},
			"somebody who is no candidate":                {alice.User.ID, h.below.User.ID, "not_found"},
			"into somebody who is no candidate":           {h.below.User.ID, alice.User.ID, "not_found"},
		} {
			if err := h.Merge(ctx, who(&h.owner), h.acme.ID, id, tc.into, tc.from); !fault.Is(err, tc.code) {
				h.Errorf("%s: %v, want %s", name, err, tc.code)
			}
		}
		if h.state(id) != sso.ConflictOpen || h.mails() != "" || len(h.events()) != 0 {
			h.Errorf("something has happened: %s, %q, %v", h.state(id), h.mails(), h.events())
		}
		// The last owner goes up where they stay one.
		if err := h.Merge(ctx, who(&h.owner), h.acme.ID, id, bob.User.ID, last.User.ID); err != nil {
			h.Errorf("the twin: %v", err)
		}
	})
}

func TestGuestIsInvited(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		id := h.clash(sso.ClashDomain, "guest@partner.example")
		for _, role := range []sso.Role{sso.RoleOwner, sso.RoleAdmin, ""} {
			h.wants(h.Invite(ctx, who(&h.owner), h.acme.ID, id, role), "role_unknown")
		}
		if err := h.Invite(ctx, who(&h.owner), h.acme.ID, id, sso.RoleMember); err != nil {
			h.Fatal(err)
		}
		if got := h.mails(); got != "invitation guest@partner.example" {
			h.Errorf("mails: %s", got)
		}
		open := func() (all []sso.Invitation) {
			h.Helper()
			h.write(func(tx *store.Writer) error {
				var err error
				all, err = tx.InvitationsTo(ctx, sso.StoredEmail("guest@partner.example"), h.now())
				return err
			})
			return all
		}
		if got := open(); len(got) != 1 || got[0].Org != h.acme.ID || got[0].Role != sso.RoleMember || got[0].By != string(h.owner.User.ID) {
			h.Errorf("invited: %+v", got)
		}
		if h.state(id) != sso.ConflictSolved {
			h.Errorf("the conflict is %s", h.state(id))
		}
		// Seen again, they are invited again: one invitation is open.
		again := h.clash(sso.ClashDomain, "guest@partner.example")
		if err := h.Invite(ctx, who(&h.owner), h.acme.ID, again, sso.RoleRestricted); err != nil {
			h.Fatal(err)
		}
		if got := open(); len(got) != 1 || got[0].Role != sso.RoleRestricted {
			h.Errorf("invited again: %+v", got)
		}
	})
}

func TestGuestIsNotInvited(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.add(&h.acme, "alice", sso.RoleMember)
		for address, code := range map[string]string{
			"somebody@rival.example": "ident_foreign", // the rival's people are the rival's
			"alice@acme.example":     "invitation_member",
		} {
			id := h.clash(sso.ClashDomain, address)
			h.wants(h.Invite(h.Context(), who(&h.owner), h.acme.ID, id, sso.RoleMember), code)
			if h.state(id) != sso.ConflictOpen {
				h.Errorf("%s: the conflict is %s", address, h.state(id))
			}
			h.wants(h.Refuse(h.Context(), who(&h.owner), h.acme.ID, id), "")
			h.write(func(tx *store.Writer) error { // the next one is another
				c, err := tx.Org(h.acme.ID).Conflict(h.Context(), id)
				if err != nil {
					return err
				}
				c.State = sso.ConflictSolved
				return tx.Org(h.acme.ID).DecideConflict(h.Context(), c, sso.ConflictRefused)
			})
		}
		other := h.clash(sso.ClashCandidates, "x@acme.example")
		h.wants(h.Invite(h.Context(), who(&h.owner), h.acme.ID, other, sso.RoleMember), "conflict_remedy")
	})
}

func TestDeletedIsAllowedBack(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		gone := h.add(&h.acme, "gone", sso.RoleMember)
		h.link(&h.okta, "new", gone.User.ID)
		id := h.clash(sso.ClashDeleted, "gone@acme.example", gone.User.ID)
		h.wants(h.Refuse(ctx, who(&h.owner), h.acme.ID, id), "")
		h.wants(h.Refuse(ctx, who(&h.owner), h.acme.ID, id), "conflict_remedy")
		// No is no for good only as long as the owners say so.
		h.wants(h.Allow(ctx, who(&h.owner), h.acme.ID, id), "")
		if h.linked("new") != "" || h.state(id) != sso.ConflictAllowed {
			h.Errorf("stands for %q, %s", h.linked("new"), h.state(id))
		}
		if got, want := strings.Join(h.events(), ", "), "conflict.allowed "+string(id)+", conflict.refused "+string(id); got != want {
			h.Errorf("audit: %s, want %s", got, want)
		}
		other := h.clash(sso.ClashDomain, "x@partner.example")
		h.wants(h.Allow(ctx, who(&h.owner), h.acme.ID, other), "conflict_remedy")
	})
}

// Two owners decide differently at the same moment: one of them does.
func TestOneOfTwoDecides(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		alice, bob := h.add(&h.acme, "alice", sso.RoleMember), h.add(&h.acme, "bob", sso.RoleMember)
		id := h.clash(sso.ClashCandidates, "alice@acme.example", alice.User.ID, bob.User.ID)
		var won atomic.Int32
		var all sync.WaitGroup
		for _, do := range []func() error{
			func() error { return h.Relink(h.Context(), who(&h.owner), h.acme.ID, id, alice.User.ID) },
			func() error { return h.Relink(h.Context(), who(&h.owner), h.acme.ID, id, bob.User.ID) },
			func() error { return h.Merge(h.Context(), who(&h.owner), h.acme.ID, id, alice.User.ID, bob.User.ID) },
		} {
			all.Go(func() {
				switch err := do(); {
				case err == nil:
					won.Add(1)
				case !fault.Is(err, "conflict_remedy") && !fault.Is(err, "version_stale"):
					h.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || h.state(id) != sso.ConflictSolved {
			h.Errorf("%d have decided; it is %s", won.Load(), h.state(id))
		}
	})
}

func TestInboxShowsNobodyBeyond(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		idp := h.connection(&h.emea, "emea-idp")
		own, above := h.add(&h.emea, "own", sso.RoleMember), h.add(&h.acme, "above", sso.RoleMember)
		now := h.now()
		c := sso.Conflict{
			ID: sso.NewConflictID(now), Org: h.emea.ID, Connection: idp.ID, Subject: "s", Clash: sso.Clash{Kind: sso.ClashCandidates, Candidates: []sso.UserID{own.User.ID, above.User.ID}}, SeenAt: now,
		}
		h.write(func(tx *store.Writer) error { return tx.Org(h.emea.ID).NoteConflict(ctx, c) })
		place := &authority.Place{Organization: h.emea}
		p, err := h.Conflict(ctx, place, c.ID)
		if err != nil || len(p.Candidates) != 2 || p.Candidates[0].User.FirstName != "own" || p.Candidates[0].Home != "The emea" {
			h.Fatalf("Conflict() = %+v, %v", p, err)
		}
		if b := p.Candidates[1]; !b.Beyond || b.User.FirstName != "" || !b.User.Email.IsZero() || len(b.Positions)+len(b.Links) != 0 {
			h.Errorf("of somebody above it tells %+v", b)
		}
		abroad := h.connection(&h.rival, "rival-idp")
		h.write(func(tx *store.Writer) error {
			link := sso.Link{Connection: h.okta.ID, Org: h.acme.ID, Subject: "at home", User: own.User.ID, CreatedAt: now, SeenAt: now}
			guest := sso.Link{Connection: abroad.ID, Org: h.rival.ID, Subject: "a guest", User: own.User.ID, CreatedAt: now.Add(-time.Hour), SeenAt: now}
			return errors.Join(tx.Org(h.acme.ID).InsertLink(ctx, link), tx.Org(h.rival.ID).InsertLink(ctx, guest))
		})
		if p, err = h.Conflict(ctx, place, c.ID); err != nil || len(p.Candidates[0].Links) != 1 || p.Candidates[0].Links[0].ConnectionName != "Okta of acme" {
			h.Errorf("the links of who is a guest of a rival are %+v, %v, want that of the one above alone", p.Candidates[0].Links, err)
		}
		h.wants(h.Relink(ctx, who(&h.below), h.emea.ID, c.ID, above.User.ID), "ident_tree")
		in, err := h.Conflicts(ctx, place, sso.ConflictOpen, store.Place{})
		if err != nil || len(in.Conflicts) != 1 || in.Connections[idp.ID] != "Okta of emea" {
			h.Errorf("Conflicts() = %+v, %v", in, err)
		}
		if in, err := h.Conflicts(ctx, &authority.Place{Organization: h.rival}, sso.ConflictOpen, store.Place{}); err != nil || len(in.Conflicts) != 0 {
			h.Errorf("of another: %+v, %v", in, err)
		}
		if _, err := h.Conflict(ctx, &authority.Place{Organization: h.acme}, c.ID); err == nil {
			h.Error("the one above reads it as its own")
		}
	})
}
