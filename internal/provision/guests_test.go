package provision_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// belongings is what a person is and has: their own, and in each organization.
type belongings struct {
	own      string // profile, state, credentials, and what was mailed to them
	there    map[sso.OrgID]string
	sessions map[sso.OrgID]int
}

// belongs reads what is a person's.
func (h *house) belongs(user sso.UserID) belongings {
	h.Helper()
	b := belongings{there: map[sso.OrgID]string{}, sessions: map[sso.OrgID]int{}}
	h.write(func(tx *store.Writer) error {
		ctx := h.Context()
		s, err := tx.Standing(ctx, user)
		if err != nil {
			return err
		}
		factors, err := tx.Factors(ctx, user)
		if err != nil {
			return err
		}
		messages, err := tx.Messages(ctx, store.MessageWaiting, store.MessageCursor{}, 1000)
		if err != nil {
			return err
		}
		mails := 0
		for i := range messages {
			if messages[i].User == user {
				mails++
			}
		}
		u := &s.User
		b.own = fmt.Sprint(u.Username, u.Email, u.FirstName, u.LastName, u.Language, u.State, u.PasswordHash, len(factors), mails)
		clear(b.there)
		for i := range s.Positions {
			p := &s.Positions[i]
			b.there[p.Org] = string(p.Role) + " " + strings.Join(p.Groups, ",")
		}
		sessions, err := tx.SessionsOf(ctx, user, h.now(), 100)
		clear(b.sessions)
		for i := range sessions {
			b.sessions[sessions[i].Org]++
		}
		return err
	})
	return b
}

// personalActs are all acts that are about one person, by those who administer
// an organization.
func personalActs(h *house, them *sso.By, sessions []sso.SessionID, below sso.OrgID) map[string]func(by *sso.By, org sso.OrgID) error {
	ctx, id := h.Context(), them.User.ID
	profile := provision.Profile{Version: 1, FirstName: "Other", Username: "other-" + string(id[len(id)-8:]), Email: "other-" + string(id[len(id)-8:]) + "@free.example"}
	return map[string]func(by *sso.By, org sso.OrgID) error{
		"EditPerson":    func(by *sso.By, org sso.OrgID) error { return h.EditPerson(ctx, by, org, id, profile) },
		"ChangeRole":    func(by *sso.By, org sso.OrgID) error { return h.ChangeRole(ctx, by, org, id, "restricted") },
		"SetGroups":     func(by *sso.By, org sso.OrgID) error { return h.SetGroups(ctx, by, org, id, []string{"new"}) },
		"Suspend":       func(by *sso.By, org sso.OrgID) error { return h.Suspend(ctx, by, org, id) },
		"Remove":        func(by *sso.By, org sso.OrgID) error { return h.Remove(ctx, by, org, id) },
		"ResetPassword": func(by *sso.By, org sso.OrgID) error { return h.ResetPassword(ctx, by, org, id) },
		"ResetAccount":  func(by *sso.By, org sso.OrgID) error { return h.ResetAccount(ctx, by, org, id) },
		"Unlock":        func(by *sso.By, org sso.OrgID) error { return h.Unlock(ctx, by, org, id) },
		"EndSessions":   func(by *sso.By, org sso.OrgID) error { return second(h.EndSessions(ctx, by, org, id)) },
		"EndSession": func(by *sso.By, org sso.OrgID) error {
			var last error
			for _, s := range sessions {
				last = h.EndSession(ctx, by, org, id, s)
			}
			return last
		},
		"SetAccess": func(by *sso.By, org sso.OrgID) error {
			return h.SetAccess(ctx, by, org, id, map[sso.OrgID]string{below: "restricted"})
		},
	}
}

// Whoever administers an organization does what they like with what a person is
// there and below, and nothing with what the person is elsewhere. The person as
// such, with all they sign in with, is for who administers their home, where
// they may do no more elsewhere: a guest is nobody's to reset, to shut out or to
// sign out but there.
func TestAGuestIsAGuestToEverybodyButTheirHome(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		rival := h.rival.Org
		orgs := []sso.Organization{h.acme, h.emea, rival}
		actors := []sso.By{h.owner, h.admin, h.below, h.rival, h.add(h.emea, "ed", sso.RoleAdmin), h.add(rival, "rolf", sso.RoleAdmin)}
		names := []string{"EditPerson", "ChangeRole", "SetGroups", "Suspend", "Remove", "ResetPassword", "ResetAccount", "Unlock", "EndSessions", "EndSession", "SetAccess"}
		roles := []sso.Role{sso.RoleMember, sso.RoleMember, sso.RoleAdmin, sso.RoleOwner}
		made := 0
		rapid.Check(h, func(t *rapid.T) {
			made++
			home := rapid.SampledFrom(orgs).Draw(t, "home")
			them := h.add(home, fmt.Sprintf("p%d", made), rapid.SampledFrom(roles).Draw(t, "role at home"))
			sessions := []sso.SessionID{them.Session.ID}
			positions := map[sso.OrgID]sso.Role{home.ID: them.Membership.Role}
			h.write(func(tx *store.Writer) error {
				return tx.InsertFactor(h.Context(), sso.Factor{ID: sso.NewFactorID(h.now()), User: them.User.ID, Kind: sso.FactorSMS, Phone: "+4915112345678", CreatedAt: h.now()})
			})
			for _, o := range orgs {
				if o.ID != home.ID && rapid.Bool().Draw(t, "guest of "+o.Key) {
					role := rapid.SampledFrom(roles).Draw(t, "role as a guest")
					positions[o.ID] = role
					sessions = append(sessions, h.join(o, them.User, role).Session.ID)
				}
			}
			by := rapid.SampledFrom(actors).Draw(t, "who")
			name := rapid.SampledFrom(names).Draw(t, "act")
			reach := func(o *sso.Organization) bool { return slices.Contains(o.Path, by.Org.ID) }
			places := slices.DeleteFunc(slices.Clone(orgs), func(o sso.Organization) bool { return positions[o.ID] == "" || !reach(&o) })
			if len(places) == 0 || rapid.IntRange(0, 4).Draw(t, "out of place") == 0 {
				places = orgs
			}
			in := rapid.SampledFrom(places).Draw(t, "in")
			may := reach(&home) // whether the person as such is theirs to manage
			for i := range orgs {
				role, member := positions[orgs[i].ID]
				if member && (!reach(&orgs[i]) && (role == sso.RoleOwner || role == sso.RoleAdmin) || role == sso.RoleOwner && by.Membership.Role != sso.RoleOwner) {
					may = false
				}
			}
			before := h.belongs(them.User.ID)
			err := personalActs(h, &them, sessions, h.emea.ID)[name](&by, in.ID)
			after := h.belongs(them.User.ID)
			about := fmt.Sprintf("%s by a %s of %s in %s, of somebody at home in %s who is %v: %v", name, by.Membership.Role, by.Org.Key, in.Key, home.Key, positions, err)

			if !may && after.own != before.own {
				t.Fatalf("%s\nchanged the person: %s, before %s", about, after.own, before.own)
			}
			everywhere := may && slices.Contains([]string{"Suspend", "Remove", "ResetAccount"}, name)
			for i := range orgs {
				o := &orgs[i]
				if reach(o) || everywhere {
					continue
				}
				if after.there[o.ID] != before.there[o.ID] || after.sessions[o.ID] != before.sessions[o.ID] {
					t.Fatalf("%s\nreaches %s: %q with %d sessions, before %q with %d", about, o.Key, after.there[o.ID], after.sessions[o.ID], before.there[o.ID], before.sessions[o.ID])
				}
			}
			// The twins: an owner of the home resets, the host of a guest signs out there.
			_, member := positions[in.ID]
			if name == "ResetAccount" && may && reach(&in) && member {
				if err != nil || after.own == before.own {
					t.Fatalf("%s\nreset nothing", about)
				}
			}
			if name == "EndSessions" && !reach(&home) && reach(&in) && member && (by.Membership.Role == sso.RoleOwner || positions[in.ID] != sso.RoleOwner) {
				if err != nil || after.sessions[in.ID] != 0 || after.sessions[home.ID] != before.sessions[home.ID] {
					t.Fatalf("%s\nleft %d of %d sessions there and %d at home", about, after.sessions[in.ID], before.sessions[in.ID], after.sessions[home.ID])
				}
			}
		})
	})
}

// One guest, by name: what their host may do, and what their home may.
func TestAGuestIsHelpedByTheirHome(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		guest := h.add(h.rival.Org, "greta", sso.RoleMember)
		h.join(h.acme, guest.User, sso.RoleMember)
		h.join(h.emea, guest.User, sso.RoleMember)
		before := h.belongs(guest.User.ID)
		for name, act := range personalActs(h, &guest, []sso.SessionID{guest.Session.ID}, h.emea.ID) {
			switch name {
			case "EditPerson", "Suspend", "ResetPassword", "ResetAccount", "Unlock":
				refused(h, name+" by the host", act(&h.owner, h.acme.ID), "rights_guest")
			case "EndSession":
				refused(h, "ending a session at home by the host", act(&h.owner, h.acme.ID), "not_found")
			}
		}
		n, err := h.EndSessions(ctx, &h.owner, h.acme.ID, guest.User.ID)
		after := h.belongs(guest.User.ID)
		if err != nil || n != 2 || after.sessions[h.rival.Org.ID] != 1 || after.own != before.own {
			h.Errorf("signing out by the host: %d sessions, %v; after it %+v", n, err, after)
		}
		must(h, "ending a session at home by the home", h.EndSession(ctx, &h.rival, h.rival.Org.ID, guest.User.ID, guest.Session.ID))
		must(h, "resetting by the home", h.ResetAccount(ctx, &h.rival, h.rival.Org.ID, guest.User.ID))
		if u := h.standing(guest.User.ID).User; u.PasswordHash != "" {
			h.Error("their home reset nothing")
		}
		h.join(h.acme, guest.User, sso.RoleAdmin)
		refused(h, "resetting who administers another customer", h.ResetAccount(ctx, &h.rival, h.rival.Org.ID, guest.User.ID), "rights_outrank")
	})
}

// At which other customers somebody is a guest, and as whom, is nobody's business
// at home, and neither at a guest's is how they come in at home.
func TestThePageOfAPersonShowsNoLinkBeyond(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		bert := h.add(h.emea, "bert", sso.RoleMember)
		h.join(h.rival.Org, bert.User, sso.RoleMember)
		for _, o := range []sso.Organization{h.rival.Org, h.acme, h.emea} {
			now := h.now()
			c := sso.Connection{ID: sso.NewConnectionID(now), Org: o.ID, Key: "idp-of-" + o.Key, Name: o.Key, Protocol: sso.ProtocolSAML, State: sso.ConnectionActive, FirstSignIn: sso.FirstCreate, CreatedAt: now, UpdatedAt: now}
			h.write(func(tx *store.Writer) error {
				org := tx.Org(o.ID)
				return errors.Join(org.SaveConnection(h.Context(), c), org.InsertLink(h.Context(), sso.Link{Connection: c.ID, Org: o.ID, Subject: "bert", User: bert.User.ID, CreatedAt: now, SeenAt: now}))
			})
		}
		for _, tc := range []struct {
			by   *sso.By
			want []string
		}{{&h.below, []string{h.acme.Key, h.emea.Key}}, {&h.rival, nil}} {
			p, err := h.Person(h.Context(), h.place(tc.by, ""), bert.User.ID)
			if err != nil {
				h.Fatal(err)
			}
			var got []string
			for i := range p.Links {
				got = append(got, p.Links[i].ConnectionName)
			}
			if !slices.Equal(got, tc.want) {
				h.Errorf("in %s links are shown at %q, want %q", tc.by.Org.Key, got, tc.want)
			}
		}
	})
}

// What is masked on the page of a trace until somebody gives a reason is masked
// wherever traces are listed.
func TestListsOfSignInsShowNoAddress(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		anna := h.add(h.acme, "anna", sso.RoleMember)
		h.write(func(tx *store.Writer) error {
			return tx.InsertTrace(h.Context(), sso.Trace{Reference: "7F3K-22QD", Org: h.acme.ID, User: anna.User.ID, Method: sso.ByPassword, At: h.now(), Address: "192.0.2.77"})
		})
		in := h.place(&h.admin, "")
		o, err := h.Overview(h.Context(), in)
		if err != nil || len(o.Latest) != 1 || o.Latest[0].Address != "192.0.2.0/24" {
			h.Errorf("the overview shows %+v, %v", o.Latest, err)
		}
		p, err := h.Person(h.Context(), in, anna.User.ID)
		if err != nil || len(p.Traces) != 1 || p.Traces[0].Address != "192.0.2.0/24" {
			h.Errorf("the page of the person shows %+v, %v", p.Traces, err)
		}
	})
}
