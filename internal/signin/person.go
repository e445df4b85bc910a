package signin

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/routing"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// meeting is somebody of whom an identity provider speaks, meeting what is
// stored. Nothing is written before it is decided, so that a sign-in which is
// refused leaves nobody behind.
type meeting struct {
	ctx        context.Context
	tx         *store.Writer
	outbox     *notify.Outbox
	now        time.Time
	connection sso.Connection
	attempt    *sso.Attempt
	address    string // from where they have come
	userAgent  string

	in          sso.SignIn
	decision    sso.Decision
	link        *sso.Link            // of the subject; nil: it is new
	memberships []store.MembershipAt // of whom it is linked to
	orgs        []sso.OrgID          // of the connection's tree, of which they are a member
	org         sso.OrgID            // to be signed in to; "": to be chosen
	checks      []sso.Check          // lines of the trace that say what was done and why
	why         *sso.RoleReason      // of the role; nil: it was not decided about
}

// meet gathers what is stored about somebody who is asserted.
func (m *meeting) meet(org sso.Organization, asserted sso.Asserted) error {
	asserted.Namespace = m.connection.Namespace()
	m.in = sso.SignIn{Connection: m.connection, Org: org, Asserted: asserted, Typed: m.attempt.Typed}
	if err := m.linked(); err != nil {
		return err
	}
	// The common case, somebody known whose address has not changed, needs no
	// look at anybody else.
	if m.in.Linked == nil || !asserted.Email.IsZero() && !asserted.Email.Same(m.in.Linked.User.Email) {
		if err := routing.Meet(m.ctx, m.tx.Reader, &m.in, m.now); err != nil {
			return err
		}
	}
	if m.in.Linked != nil {
		return nil
	}
	return m.places()
}

// linked reads the user to whom the subject is linked, if there is one.
func (m *meeting) linked() error {
	known, err := m.tx.LinkedPerson(m.ctx, m.connection.ID, m.in.Asserted.Subject)
	if errors.Is(err, store.ErrNotFound) {
		known, err = m.strayed()
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	link, user := known.Link, known.User
	m.memberships = known.Memberships
	m.link, m.in.LinkedBy = &link, link.Issuer
	m.in.Linked = &sso.Resident{User: user.User, HomePath: user.HomePath, Member: len(orgsWithin(m.connection.Org, m.memberships)) > 0}
	m.in.Linked.Beyond = slices.ContainsFunc(m.memberships, func(at store.MembershipAt) bool {
		return (at.Role == sso.RoleOwner || at.Role == sso.RoleAdmin) && !at.Within(m.connection.Org)
	})
	return nil
}

// known returns whom it was, where all about them is as it was read; else nil.
func (m *meeting) known() *sso.Person {
	if m.in.Linked == nil || m.decision.Changed {
		return nil
	}
	for i := range m.memberships {
		if m.memberships[i].Org == m.org {
			return &sso.Person{User: m.in.Linked.User, Membership: m.memberships[i].Membership}
		}
	}
	return nil
}

// strayed reads somebody who is linked and a member of nothing.
func (m *meeting) strayed() (store.LinkedPerson, error) {
	var known store.LinkedPerson
	var err error
	if known.Link, err = m.tx.Link(m.ctx, m.connection.ID, m.in.Asserted.Subject); err != nil {
		return known, err
	}
	known.User, err = m.tx.UserAt(m.ctx, known.Link.User)
	return known, err
}

// places reads where a new person would belong.
func (m *meeting) places() error {
	var err error
	if m.in.Defaults, err = m.tx.OrganizationsByID(m.ctx, m.connection.Defaults.Organizations); err != nil || m.attempt.Org == "" {
		return err
	}
	asked, err := m.tx.Organization(m.ctx, m.attempt.Org)
	m.in.Asked = &asked
	return err
}

// decided takes over a decision, and finds out where it leads.
func (m *meeting) decided(d sso.Decision, err error) error {
	m.decision = d
	if err != nil {
		return err
	}
	m.checks = append(m.checks, sso.Check{Rule: linePerson, About: string(d.Act), Verdict: verdictPass})
	switch d.Act {
	case sso.ActAsk:
		return nil
	case sso.ActCreate:
		for _, membership := range d.Memberships {
			m.orgs = append(m.orgs, membership.Org)
		}
		m.checks, m.why = append(m.checks, d.Why.Check()), &d.Why
	case sso.ActLink:
		if m.memberships, err = m.tx.MembershipsAt(m.ctx, d.User.ID); err != nil {
			return err
		}
		m.orgs = orgsWithin(m.connection.Org, m.memberships)
	default:
		m.orgs = orgsWithin(m.connection.Org, m.memberships)
	}
	if m.in.Asserted.Unsent {
		m.checks = append(m.checks, sso.Check{Rule: lineGroups, Verdict: verdictWarn, Got: unsentGroups})
	}
	var ok bool
	if m.org, ok = sso.PickOrg(m.orgs, m.attempt.Org, m.connection.Org); !ok {
		return &fault.Error{Kind: fault.Denied, Code: "membership_missing", Got: d.User.Email.String(), Fix: fault.AdminSide}
	}
	return nil
}

// clash puts what an administrator has to decide into their inbox.
func (m *meeting) clash(reference string) error {
	c := m.decision.Clash
	if c == nil {
		return nil
	}
	err := m.tx.Org(m.connection.Org).NoteConflict(m.ctx, sso.Conflict{
		ID: sso.NewConflictID(m.now), Org: m.connection.Org, Connection: m.connection.ID, Subject: m.in.Asserted.Subject,
		Clash: *c, Asserted: m.in.Asserted, Reference: reference, SeenAt: m.now,
	})
	if err != nil {
		return err
	}
	return m.announce()
}

// announce tells the owners that somebody waits for what they decide, once a
// day at most.
func (m *meeting) announce() error {
	org := m.connection.Org
	open, err := m.tx.Org(org).Conflicts(m.ctx, sso.ConflictOpen, store.Place{}, 1)
	if err != nil || len(open) == 0 { // what was refused before is
		return err
	}
	today := m.now.UTC().Truncate(24 * time.Hour)
	err = m.tx.InsertSingleUse(m.ctx, store.KindConflictMail, secret.HashOf([]byte(string(org)+today.Format(time.DateOnly))), today.Add(24*time.Hour), "")
	if errors.Is(err, store.ErrUsed) {
		return nil
	}
	if err != nil {
		return err
	}
	line, err := m.tx.Settings().Lineage(m.ctx, org)
	if err != nil {
		return err
	}
	owners, err := authority.Owners(m.ctx, m.tx.Reader, line)
	if err != nil {
		return err
	}
	o := &line[len(line)-1]
	path := "/console/conflicts"
	if len(line) > 1 {
		path += "?org=" + url.QueryEscape(o.Key)
	}
	for i := range owners {
		u := &owners[i]
		if u.Email.IsZero() {
			continue
		}
		err := m.outbox.Enqueue(m.ctx, m.tx, notify.Message{
			Channel: notify.Mail, Kind: notify.ConflictWaits, Org: org, User: u.ID, To: u.Email.String(), Language: u.Language,
			Data: map[notify.Gap]string{notify.Organization: o.Name, notify.Link: path},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// store writes what was decided, with an audit event for all that is new.
func (m *meeting) store() error {
	d := &m.decision
	for _, id := range d.Accepts {
		if err := m.accept(id); err != nil {
			return err
		}
	}
	if d.Changed {
		if err := m.save(); err != nil {
			return err
		}
	}
	for _, membership := range d.Memberships {
		in := m.tx.Org(membership.Org)
		if err := in.SaveMembership(m.ctx, membership); err != nil {
			return err
		}
		if err := in.Record(m.ctx, m.event("membership.created", nil, membership.Settings().Changed(nil)...)); err != nil {
			return err
		}
	}
	if err := m.tie(); err != nil {
		return err
	}
	if d.Act != sso.ActCreate {
		return m.follow()
	}
	if d.Recreated {
		return m.recreated()
	}
	return nil
}

// save stores the user, with what is new about somebody who was there before.
func (m *meeting) save() error {
	u := &m.decision.User
	home := m.tx.Org(u.Home)
	if m.decision.Act == sso.ActCreate {
		return home.SaveUser(m.ctx, *u)
	}
	was, err := m.tx.User(m.ctx, u.ID)
	if err != nil {
		return err
	}
	if err := home.SaveUser(m.ctx, *u); err != nil {
		return err
	}
	return home.Record(m.ctx, m.event("user.changed", map[string]string{"connection": string(m.connection.ID)}, u.Settings().Changed(was.Settings())...))
}

// tie links the subject to the user, or notes what is new about the link.
func (m *meeting) tie() error {
	own, issuer, groups := m.tx.Org(m.connection.Org), m.connection.Namespace(), m.in.Asserted.Known()
	if m.link != nil {
		if m.link.Issuer == issuer && sameGroups(m.link.Groups, groups) {
			return nil
		}
		m.link.Issuer, m.link.SeenAt, m.link.Groups = issuer, m.now, groups
		return own.SaveLink(m.ctx, *m.link)
	}
	user := m.decision.User.ID
	link := sso.Link{Connection: m.connection.ID, Org: m.connection.Org, Subject: m.in.Asserted.Subject, User: user, Issuer: issuer, CreatedAt: m.now, SeenAt: m.now, Groups: groups}
	if err := own.InsertLink(m.ctx, link); err != nil {
		return err
	}
	detail := map[string]string{"connection": string(m.connection.ID)}
	if m.decision.Act != sso.ActCreate {
		return own.Record(m.ctx, m.event("user.linked", detail))
	}
	detail["why"] = m.decision.Why.Check().Got
	return own.Record(m.ctx, m.event("user.created", detail, m.decision.User.Settings().Changed(nil)...))
}

func (m *meeting) event(action string, detail map[string]string, changes ...sso.Change) sso.Event {
	return sso.Event{
		At: m.now, Actor: "sign-in", Address: m.address, UserAgent: sso.ClipUserAgent(m.userAgent), Action: action, Target: string(m.decision.User.ID),
		Detail: detail, Changes: changes,
	}
}

// sameGroups reports whether both are the same groups, in whatever order.
func sameGroups(a, b []string) bool {
	return (a == nil) == (b == nil) && len(a) == len(b) && (slices.Equal(a, b) || slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))))
}

// unsentGroups says that groups were left out.
const unsentGroups = "left out, there being too many: an address in their place"

// follow has roles and groups follow the groups at the identity provider, where
// the connection says so.
func (m *meeting) follow() error {
	return m.following(func(f *sso.Following) error {
		m.checks = append(m.checks, f.Reason.Check())
		if m.why == nil {
			m.why = &f.Reason
		}
		if !f.Changed() {
			return nil
		}
		return m.become(f)
	})
}

// following finds out what becomes of each membership that the mapping of groups
// governs.
func (m *meeting) following(do func(*sso.Following) error) error {
	defaults := &m.connection.Defaults
	for i := range m.memberships {
		at := &m.memberships[i]
		if !at.Within(m.connection.Org) || !defaults.Governs(at.Org) {
			continue
		}
		f := defaults.Follow(at.Membership, m.in.Asserted.Known())
		if f.Drops() {
			p, err := m.tx.Org(at.Org).Position(m.ctx, at.User)
			if err != nil {
				return err
			}
			f.Spare(&p)
		}
		if err := do(&f); err != nil {
			return err
		}
	}
	return nil
}

// become stores what a sign-in makes of a membership.
func (m *meeting) become(f *sso.Following) error {
	org := m.tx.Org(f.Org)
	f.UpdatedAt = m.now
	changes := f.Settings().Changed(f.Was.Settings())
	if err := org.SaveMembership(m.ctx, f.Membership); err != nil {
		return err
	}
	if f.Role != f.Was.Role {
		o, err := m.tx.Organization(m.ctx, f.Org)
		if err != nil {
			return err
		}
		if err := org.RoleChanged(m.ctx, &o, f.User, f.Was.Role, f.Role, m.now); err != nil {
			return err
		}
		return org.Record(m.ctx, m.event("membership.role_changed", map[string]string{"why": f.Reason.Check().Got}, changes...))
	}
	return org.Record(m.ctx, m.event("membership.groups_changed", nil, changes...))
}

// accept uses an invitation up.
func (m *meeting) accept(id sso.InvitationID) error {
	if err := m.tx.AcceptInvitation(m.ctx, id, m.decision.User.ID, m.now); err != nil {
		return err
	}
	for i := range m.in.Invited {
		if in := &m.in.Invited[i]; in.ID == id {
			return m.tx.Org(in.Org).Record(m.ctx, m.event("invitation.accepted", map[string]string{"invitation": string(id)}))
		}
	}
	return nil
}

// recreated ends the leave to come back: it counts once.
func (m *meeting) recreated() error {
	own := m.tx.Org(m.connection.Org)
	c, err := own.AllowedConflict(m.ctx, m.connection.ID, m.in.Asserted.Subject)
	if err != nil {
		return err
	}
	c.State = sso.ConflictSolved
	return own.DecideConflict(m.ctx, c, sso.ConflictAllowed)
}

func attributes(from saml.Attributes) []sso.Attribute {
	list := make([]sso.Attribute, len(from))
	for i, attr := range from {
		list[i] = sso.Attribute{Name: attr.Name, Values: attr.Values}
	}
	return list
}

// orgsWithin returns the organizations of these memberships that are org or
// stand below it.
func orgsWithin(org sso.OrgID, memberships []store.MembershipAt) []sso.OrgID {
	var found []sso.OrgID
	for _, m := range memberships {
		if m.Within(org) {
			found = append(found, m.Org)
		}
	}
	return found
}
