package enforce_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// everybody demands single sign-on of all.
func everybody() enforce.Chosen {
	return enforce.Chosen{SSO: sso.SSORequired, Sessions: sso.SessionsStay}
}

func TestTheGateOpensStepByStep(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		demand := func() error { return h.Demand(ctx, h.edit(&h.owner), everybody()) }
		passed := func(want ...sso.GateStep) {
			h.Helper()
			gate := h.state().Gate
			if got := slices.DeleteFunc(sso.GateSteps(), func(s sso.GateStep) bool { return !gate.Passed(s) }); !slices.Equal(got, want) {
				h.Errorf("passed %v, want %v", got, want)
			}
		}
		passed(sso.GateActive)
		h.refused("an untested connection", demand(), "enforce_not_ready")
		h.tested("alice")
		h.tested("alice")
		passed(sso.GateActive, sso.GateTested)
		h.refused("one person's tests", demand(), "enforce_not_ready")
		h.tested("bob")
		passed(sso.GateActive, sso.GateTested, sso.GateSecond)
		h.came(&h.admin, sso.ByPassword) // a way that is to be closed
		h.refused("no way beside", demand(), "enforce_not_ready")
		h.came(&h.owner, sso.ByBreakGlass)
		passed(sso.GateSteps()...)

		// Other settings have to be tried anew.
		was := h.connection
		h.connection.SAML.ForceAuthn = true
		h.write(func(tx *store.Writer) error {
			return tx.Org(h.acme.ID).SaveConnection(ctx, withVersion(h.connection, 1))
		})
		passed(sso.GateActive, sso.GateBeside)
		h.refused("settings that nobody has tried", demand(), "enforce_not_ready")
		h.connection = was
		h.write(func(tx *store.Writer) error {
			return tx.Org(h.acme.ID).SaveConnection(ctx, withVersion(h.connection, 2))
		})
		h.must("an open gate", demand())
		if got := h.stored().Policy.SSO; got != sso.SSORequired {
			h.Errorf("the policy says %q", got)
		}
		if got := h.audit(); got != "enforcement.changed" {
			h.Errorf("the audit list says %q", got)
		}
	})
}

func withVersion(c sso.Connection, version int64) sso.Connection {
	c.Version = version
	return c
}

func TestTheGateAsksForAConnectionThatWorks(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.open()
		h.connection.State, h.connection.Version = sso.ConnectionDisabled, 1
		h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveConnection(h.Context(), h.connection) })
		h.refused("one that is off", h.Demand(h.Context(), h.edit(&h.owner), everybody()), "enforce_not_ready")
	})
}

func TestAnOwnersPasswordIsAWayOnlyWhereItStaysOne(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.tested("alice")
		h.tested("bob")
		h.came(&h.owner, sso.ByPassword)
		if !h.state().Gate.Beside {
			h.Error("an owner outside the domains is no way beside")
		}
		d := sso.NewDomain(h.acme.ID, h.owner.User.Email.Domain(), h.now())
		d.Vouch(h.now())
		h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveDomain(h.Context(), d) })
		if h.state().Gate.Beside {
			h.Error("an owner of the domain is a way beside, whom the demand would shut out")
		}
		o := h.stored()
		o.Policy.Exempt = []string{h.owner.User.Email.Key()}
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), o) })
		if !h.state().Gate.Beside {
			h.Error("somebody exempt is no way beside")
		}
	})
}

func TestOnlyAnOwnerOfTheOrganizationEnforces(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.open()
		token := secret.NewToken()
		now := h.now()
		link := sso.SetupLink{ID: sso.NewSetupLinkID(now), Org: h.acme.ID, Scope: sso.SetupSSO, Note: "IT", By: h.owner.User.ID, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
		h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).InsertSetupLink(ctx, link, token.Hash()) })
		held := h.edit(&h.owner)
		held.Who = &authority.Who{Link: token, Address: "192.0.2.9"}
		acting := h.owner
		acting.Session.ID, acting.Session.Actor = h.acted(), "usr_support"
		for who, tc := range map[string]struct {
			edit *enforce.Edit
			code string
		}{
			"an administrator":                {h.edit(&h.admin), "rights_owner"},
			"an owner of another":             {h.edit(&h.other), ""},
			"the holder of a setup link":      {held, "setup_link_scope"},
			"support, who acts as the owner":  {h.edit(&acting), "acting_setup"},
			"who looked at it a while before": {&enforce.Edit{Who: h.edit(&h.owner).Who, Org: h.acme.ID, Version: 9}, "enforce_changed"},
		} {
			for what, err := range map[string]error{
				"enforces": h.Demand(ctx, tc.edit, everybody()), "pauses": h.Pause(ctx, tc.edit, 1, "because it is down"), "resumes": h.Resume(ctx, tc.edit),
			} {
				if tc.code == "" && err == nil || tc.code != "" && !fault.Is(err, tc.code) {
					h.Errorf("%s %s: %v, want %s", who, what, err, tc.code)
				}
			}
			if tc.code == "enforce_changed" {
				continue // codes are no settings
			}
			if codes, err := h.NewCodes(ctx, tc.edit.Who, h.acme.ID); err == nil || codes != nil {
				h.Errorf("%s makes codes", who)
			}
		}
		if got := h.audit(); got != "" {
			h.Errorf("the audit list says %q", got)
		}
		h.must("an owner enforces", h.Demand(ctx, h.edit(&h.owner), everybody()))
		h.must("an owner pauses", h.Pause(ctx, h.edit(&h.owner), 1, "because it is down"))
		h.must("an owner resumes", h.Resume(ctx, h.edit(&h.owner)))
		h.must("an owner resumes what goes on", h.Resume(ctx, h.edit(&h.owner)))
		if got := h.audit(); got != "enforcement.changed enforcement.paused enforcement.resumed" {
			h.Errorf("the audit list says %q", got)
		}
	})
}

// acted adds a session in which somebody acts as the owner.
func (h *house) acted() sso.SessionID {
	h.Helper()
	s := h.owner.Session
	s.ID, s.Actor, s.ActorSession, s.Reason = sso.NewSessionID(h.now()), "usr_support", "ses_support", "ticket 4711"
	h.write(func(tx *store.Writer) error { return tx.InsertSession(h.Context(), s, secret.NewToken().Hash()) })
	return s.ID
}

func TestWithoutTheEntitlementNothingIsDemandedAndWhatIsCanEnd(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.open()
		h.must("enforcing", h.Demand(h.Context(), h.edit(&h.owner), everybody()))
		o := h.stored()
		o.Entitlements = nil
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), o) })
		h.refused("without the plan", h.Demand(h.Context(), h.edit(&h.owner), everybody()), "organization_not_entitled")
		h.must("going back", h.Demand(h.Context(), h.edit(&h.owner), enforce.Chosen{SSO: sso.SSOOptional}))
		if h.stored().Policy.Demanding() {
			h.Error("it is demanded still")
		}
	})
}

func TestAPilotIsOfGroupsThatExist(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.open()
		now := h.now()
		for _, name := range []string{"Staff", "Émigrés"} {
			h.write(func(tx *store.Writer) error {
				return tx.Org(h.acme.ID).InsertGroup(ctx, sso.Group{ID: sso.NewGroupID(h.now()), Org: h.acme.ID, Name: name, CreatedAt: now, UpdatedAt: now})
			})
		}
		pilot := enforce.Chosen{SSO: sso.SSOPilot, Groups: []string{"Staff", "staff"}, Sessions: sso.SessionsEnd}
		h.refused("a group that is none", h.Demand(ctx, h.edit(&h.owner), pilot), "enforce_group")
		pilot.Groups = nil
		h.refused("no group", h.Demand(ctx, h.edit(&h.owner), pilot), "enforce_pilot")
		pilot.Groups = make([]string, sso.MaxPilot+1)
		h.refused("more than can be looked up", h.Demand(ctx, h.edit(&h.owner), pilot), "enforce_pilots")
		pilot.Groups, pilot.Exempt = []string{"Staff", "Émigrés", "Staff"}, []string{"nobody"}
		h.refused("an address that is none", h.Demand(ctx, h.edit(&h.owner), pilot), "enforce_address")
		pilot.Exempt = []string{"Root@Other.example"}
		h.must("a pilot", h.Demand(ctx, h.edit(&h.owner), pilot))
		s := h.state()
		if !slices.Equal(s.Pilot, []string{"Staff", "Émigrés"}) || !slices.Equal(s.Organization.Policy.Exempt, []string{"root@other.example"}) || s.Organization.Policy.LocalUntil.IsZero() {
			h.Errorf("it is %v of %+v", s.Pilot, s.Organization.Policy)
		}
		later := everybody()
		later.Sessions, later.Hours = sso.SessionsAt, 0
		h.refused("a time that is none", h.Demand(ctx, h.edit(&h.owner), later), "enforce_at")
		later.Hours = 24
		h.must("everybody, sessions end tomorrow", h.Demand(ctx, h.edit(&h.owner), later))
		if until := h.stored().Policy.LocalUntil.Sub(h.now()); until < 23*time.Hour || until > 24*time.Hour {
			h.Errorf("sessions end in %s", until)
		}
	})
}

func TestAPauseSaysWhoAndEndsByItself(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.refused("nothing is demanded", h.Pause(ctx, h.edit(&h.owner), 1, "because it is down"), "pause_nothing")
		h.open()
		h.must("enforcing", h.Demand(ctx, h.edit(&h.owner), everybody()))
		h.must("pausing", h.Pause(ctx, h.edit(&h.owner), 4, "because it is down"))
		s := h.state()
		if !s.Organization.Policy.Pause.Running(h.now()) || s.PausedBy != "olga" {
			h.Errorf("paused by %q: %+v", s.PausedBy, s.Organization.Policy.Pause)
		}
		h.pass(4 * time.Hour)
		if h.stored().Policy.Pause.Running(h.now()) {
			h.Error("the pause goes on")
		}
	})
}

// Where a domain has no passwords, its people are out while the identity provider
// fails, whatever the organization demands.
func TestWhatADomainDemandsIsPausedToo(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		d := sso.NewDomain(h.acme.ID, "acme.example", h.now())
		d.PasswordOff = true
		save := func() {
			h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveDomain(ctx, d) })
		}
		demanded := func() bool {
			var rules sso.Rules
			var entry sso.Entry
			o := h.stored()
			h.write(func(tx *store.Writer) (err error) {
				rules, entry, err = tx.Door(ctx, &o, &h.admin.User, sso.RoleAdmin)
				return err
			})
			entry.Method, entry.At = sso.ByPassword, h.now()
			return rules.DemandsSSO(entry)
		}
		save()
		h.refused("a domain that is not proved", h.Pause(ctx, h.edit(&h.owner), 4, "because it is down"), "pause_nothing")
		d.Vouch(h.now())
		save()
		if !demanded() || !h.state().Demands {
			h.Error("the domain demands nothing")
		}
		h.must("pausing", h.Pause(ctx, h.edit(&h.owner), 4, "because it is down"))
		if demanded() {
			h.Error("the pause lets nobody in")
		}
		h.must("resuming", h.Resume(ctx, h.edit(&h.owner)))
		if !demanded() {
			h.Error("the pause goes on")
		}
	})
}

func TestOfManyWhoSaveAtOnceOneDoes(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.open()
		e := h.edit(&h.owner)
		var wait sync.WaitGroup
		failures := make([]error, 8)
		for i := range failures {
			wait.Go(func() { failures[i] = h.Demand(h.Context(), e, everybody()) })
		}
		wait.Wait()
		done := 0
		for _, err := range failures {
			if err == nil {
				done++
			} else if !fault.Is(err, "enforce_changed") {
				h.Error(err)
			}
		}
		if done != 1 {
			h.Errorf("%d have saved", done)
		}
		if got := h.audit(); got != "enforcement.changed" {
			h.Errorf("the audit list says %q", got)
		}
	})
}

func TestCodesAreShownOnceAndReplacedAsASet(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		who := &authority.Who{By: h.owner, Address: h.owner.Address}
		first, err := h.NewCodes(ctx, who, h.acme.ID)
		h.must("making codes", err)
		if len(first) != sso.BreakGlassCodes {
			h.Fatalf("codes %v", first)
		}
		place := &authority.Place{Organization: h.acme}
		file, err := h.CodesFile(place, first[:2])
		h.must("the file", err)
		if want := "https://sso.example/login/break-glass\r\nacme\r\n\r\n" + first[0] + "\r\n" + first[1] + "\r\n"; file.String() != want {
			h.Errorf("the file says %q, want %q", file, want)
		}
		_, err = h.CodesFile(place, []string{first[0], "<script>"})
		h.refused("what is no code", err, "request_form")
		_, err = h.CodesFile(place, append(first, first[0]))
		h.refused("more than a set", err, "request_form")
		if s := h.state(); s.Codes.Left != sso.BreakGlassCodes || s.Codes.CreatedAt.IsZero() {
			h.Errorf("the page says %+v", s.Codes)
		}
		second, err := h.NewCodes(ctx, who, h.acme.ID)
		h.must("making others", err)
		all := slices.Concat(first, second)
		slices.Sort(all)
		if len(slices.Compact(all)) != 2*sso.BreakGlassCodes {
			h.Error("a code came twice")
		}
		if s := h.state(); s.Codes.Left != sso.BreakGlassCodes {
			h.Errorf("%d codes are left of the second set", s.Codes.Left)
		}
		if got := h.audit(); got != "break_glass.made break_glass.made" {
			h.Errorf("the audit list says %q", got)
		}
	})
}

// A sub-organization comes by the connection of the one above it, and what that
// one demands is said beside what is chosen below.
func TestASubOrganizationPassesByTheConnectionAbove(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.tested("alice")
		h.tested("bob")
		now := h.now()
		below := sso.Organization{ID: sso.NewOrgID(now), Key: "acme-emea", Name: "EMEA", State: sso.OrgActive, CreatedAt: now, UpdatedAt: now}
		h.must("placing it", below.Place(&h.acme))
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, below) })
		below.Version = 1
		emma := h.add(&below, "emma", sso.RoleOwner)
		h.came(&emma, sso.ByBreakGlass)
		e := &enforce.Edit{Who: &authority.Who{By: emma, Address: emma.Address}, Org: below.ID, Version: 1}
		h.must("enforcing below", h.Demand(ctx, e, everybody()))
		o := h.stored()
		o.Policy.SSO = sso.SSORequired
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, o) })
		s, err := h.State(ctx, &authority.Place{Organization: below})
		if err != nil || !s.Above || s.Gate.Connections != 1 {
			h.Errorf("State() = %+v, %v", s, err)
		}
	})
}

// Of the ways that the gate asks for, the last one is not closed behind it.
func TestTheLastWayBesideIsNotTakenAway(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.tested("alice")
		h.tested("bob")
		eve := h.add(&h.acme, "eve", sso.RoleMember)
		some, nobody := everybody(), everybody()
		some.Exempt = []string{eve.User.Email.String()}
		o := h.stored()
		o.Policy.Exempt = []string{eve.User.Email.Key()}
		h.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, o) })
		h.came(&eve, sso.ByPassword)
		h.refused("who came is exempt no more with it", h.Demand(ctx, h.edit(&h.owner), nobody), "enforce_exempt_last")
		h.must("who came stays exempt", h.Demand(ctx, h.edit(&h.owner), some))
		h.refused("who came is exempt no more after it", h.Demand(ctx, h.edit(&h.owner), nobody), "enforce_exempt_last")
		if got := h.stored().Policy.Exempt; !slices.Equal(got, []string{eve.User.Email.Key()}) {
			h.Errorf("exempt are %v", got)
		}
		h.came(&h.owner, sso.ByBreakGlass)
		h.must("there is another way", h.Demand(ctx, h.edit(&h.owner), nobody))
	})
}

// Past a domain without passwords, the last owner who is exempt stays so.
func TestTheLastWayPastADomainIsNotTakenAway(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		d := sso.NewDomain(h.acme.ID, "acme.example", h.now())
		d.Vouch(h.now())
		d.PasswordOff = true
		var olga sso.User
		h.write(func(tx *store.Writer) (err error) {
			if olga, err = tx.User(ctx, h.owner.User.ID); err != nil {
				return err
			}
			olga.SetPassword("$argon2id$x", h.now())
			return errors.Join(tx.Org(h.acme.ID).SaveDomain(ctx, d), tx.Org(h.acme.ID).SaveUser(ctx, olga))
		})
		some, nobody := everybody(), everybody()
		some.SSO, nobody.SSO = sso.SSOOptional, sso.SSOOptional
		some.Exempt = []string{olga.Email.String()}
		both := some
		both.Exempt = append([]string{"eve@acme.example"}, some.Exempt...)
		h.must("exempting an owner", h.Demand(ctx, h.edit(&h.owner), both))
		h.refused("the owner is exempt no more", h.Demand(ctx, h.edit(&h.owner), nobody), "domain_no_owner")
		h.must("twin: somebody else is exempt no more", h.Demand(ctx, h.edit(&h.owner), some))
		d.PasswordOff = false
		h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveDomain(ctx, d) })
		h.must("twin: passwords are open", h.Demand(ctx, h.edit(&h.owner), nobody))
	})
}

// A code that was used is no way for the next time.
func TestTheLastCodeIsNoWayThatStaysOpen(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.open()
		h.write(func(tx *store.Writer) error {
			return tx.Org(h.acme.ID).UseBreakGlassCode(ctx, secret.HashOf([]byte(h.acme.ID)), h.owner.User.ID, h.now())
		})
		h.refused("no code is left", h.Demand(ctx, h.edit(&h.owner), everybody()), "enforce_not_ready")
		_, err := h.NewCodes(ctx, &authority.Who{By: h.owner, Address: h.owner.Address}, h.acme.ID)
		h.must("making codes", err)
		h.must("others are there", h.Demand(ctx, h.edit(&h.owner), everybody()))
	})
}
