package signin

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// offer has who is signed in with this browser go on from there, where
// an app asks as whom and where: they choose among the organizations that their
// proof can lead to. Where there is none, the attempt stays as it is.
//
// Whoever acts as somebody, or came by a break-glass code, is in one
// organization and no other by that.
func (s *Service) offer(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt) error {
	p, err := s.present(ctx, tx.Reader, b)
	if gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if !goesOn(&p, a) {
		return nil
	}
	orgs, err := within(ctx, tx, &p)
	if err != nil {
		return err
	}
	if a.Org != "" {
		orgs = slices.DeleteFunc(orgs, func(o sso.OrgID) bool { return o != a.Org })
	}
	places, err := tx.Belongings(ctx, p.User.ID, orgs)
	if err != nil || len(places) == 0 {
		return err
	}
	onward := onwardOf(&p, a)
	onward.Proof.Orgs = orgs
	if a.Org != "" {
		switch more, err := s.wantsMore(ctx, tx, b, &onward, &p, a.Org); {
		case err != nil:
			return err
		case more:
			typed(a, &p.User)
			return nil
		}
	}
	*a = onward
	return nil
}

// goesOn reports whether who is signed in may go on from there in an attempt.
func goesOn(p *sso.Person, a *sso.Attempt) bool {
	return !p.Session.ActedAs() && !p.Session.BreakGlass() && !p.Retired && (a.Typed.IsZero() || a.Typed.Same(p.User.Email))
}

// onwardOf returns an attempt that stands on the proof which made a session.
func onwardOf(p *sso.Person, a *sso.Attempt) sso.Attempt {
	onward := *a
	onward.Method, onward.Connection = p.Session.Came(sso.Entry{}).Method, p.Session.Connection
	onward.Proof = sso.Proof{
		User: p.User.ID, AMR: slices.Clone(p.Session.AMR), At: p.Session.AuthTime, Second: secondOf(p.Session.AMR),
		SAML: p.Session.SAML, NotAfter: p.Session.ExpiresAt, Session: p.Session.ID,
	}
	return onward
}

// Whereabouts is what there is to choose at [sso.StepOrg].
type Whereabouts struct {
	Name string // of the person
	Who  string // their address or username
	// SignedIn says that they go on from the session that they have, so that they
	// may as well be somebody else.
	SignedIn bool
	Orgs     []Place // the one they last signed in to first
}

// Place is an organization to go on in.
type Place struct {
	ID   sso.OrgID
	Key  string
	Name string
}

// Whereabouts returns who has to choose an organization, and among which.
func (s *Service) Whereabouts(ctx context.Context, a sso.Attempt) (Whereabouts, error) {
	if err := at(&a, sso.StepOrg); err != nil {
		return Whereabouts{}, err
	}
	out := Whereabouts{SignedIn: a.Proof.Session != ""}
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		u, err := r.User(ctx, a.Proof.User)
		if err != nil {
			return err
		}
		out.Name, out.Who = u.Name(), cmp.Or(u.Email.String(), u.Username)
		orgs, err := r.Belongings(ctx, a.Proof.User, a.Proof.Orgs)
		if err == nil && a.App != "" {
			orgs, err = fit(ctx, r, &a, orgs)
		}
		out.Orgs = nil
		for i := range orgs {
			out.Orgs = append(out.Orgs, Place{ID: orgs[i].Org, Key: orgs[i].Key, Name: orgs[i].Name})
		}
		return err
	})
	return out, err
}

// maxFitted bounds of how many organizations it is looked up whether an app lets
// their people in.
const maxFitted = 100

// fit leaves those organizations in which the app lets the person in. Where
// there is none, all stay: the app says at the end why it does not.
func fit(ctx context.Context, r *store.Reader, a *sso.Attempt, orgs []store.Belonging) ([]store.Belonging, error) {
	app, err := r.App(ctx, a.App)
	if errors.Is(err, store.ErrNotFound) || err == nil && !app.Restricts() || len(orgs) > maxFitted {
		return orgs, nil
	}
	if err != nil {
		return nil, err
	}
	var fitting []store.Belonging
	for i := range orgs {
		p, err := r.Member(ctx, a.Proof.User, orgs[i].Org)
		if err != nil {
			return nil, err
		}
		var above []sso.Organization
		if app.AsksAbove(&p.Org) {
			if above, err = r.Lineage(ctx, p.Org.ID); err != nil {
				return nil, err
			}
		}
		if app.Admits(&p, above) == nil {
			fitting = append(fitting, orgs[i])
		}
	}
	if len(fitting) == 0 {
		return orgs, nil
	}
	return fitting, nil
}

// gone reports whether err says that nobody is signed in, or may be from here.
func gone(err error) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return ok && (f.Kind == fault.Unauthenticated || f.Kind == fault.Denied)
}

// within returns the organizations to which the session of a person can lead:
// what an identity provider has said is said to the tree of its connection.
func within(ctx context.Context, tx *store.Writer, p *sso.Person) ([]sso.OrgID, error) {
	memberships, err := tx.MembershipsAt(ctx, p.User.ID)
	if err != nil {
		return nil, err
	}
	if p.Session.Connection != "" {
		c, err := tx.Connection(ctx, p.Session.Connection)
		return orgsWithin(c.Org, memberships), err
	}
	var orgs []sso.OrgID
	for i := range memberships {
		orgs = append(orgs, memberships[i].Org)
	}
	return orgs, nil
}

// secondOf returns by what a second factor was given, as a session tells it.
func secondOf(amr []string) sso.Second {
	if !slices.Contains(amr, "mfa") {
		return ""
	}
	for _, m := range []struct {
		method string
		second sso.Second
	}{{"pop", sso.SecondPasskey}, {"sms", sso.SecondSMS}, {"otp", sso.SecondTOTP}} {
		if slices.Contains(amr, m.method) {
			return m.second
		}
	}
	return "" // the identity provider said so, and says so still
}

// wantsMore reports whether the proof of a session is not enough for an
// organization, so that a sign-in there begins anew: it lets in through a
// connection alone who has come another way, its sessions would be over by now
// that began with this proof, or a second factor is to be added there.
func (s *Service) wantsMore(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt, p *sso.Person, org sso.OrgID) (bool, error) {
	next, err := tx.Member(ctx, a.Proof.User, org)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil // refused at the end
	}
	if err != nil {
		return false, err
	}
	now := s.Now()
	rules, entry, err := rulesOf(ctx, tx, b, a, &next, now)
	if err != nil {
		return false, err
	}
	if _, life := rules.SessionLives(); p.Session.Org != org && (rules.DemandsSSO(entry) || !now.Before(a.Proof.At.Add(life))) {
		return true, nil
	}
	return s.adds(ctx, tx, b, a, &next, rules, entry)
}

// adds reports whether somebody who goes on from a session would add a second
// factor, were they to sign in now: whoever sits down at a browser that is signed
// in must not be able to. What an organization demands may be added by who has
// just proved who they are; what an app demands, by who signs in for it.
func (s *Service) adds(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt, p *sso.Person, rules sso.Rules, entry sso.Entry) (bool, error) {
	onward, anew := *a, *a
	anew.Proof.Session = ""
	for _, try := range []*sso.Attempt{&onward, &anew} {
		if err := s.need(ctx, tx, b, try, p, rules, entry); err != nil {
			return false, err
		}
	}
	return onward.Proof.Needs != anew.Proof.Needs || onward.Proof.Needs == sso.NeedEnrol && entry.At.Sub(a.Proof.At) >= sso.FreshFor, nil
}

// goOn takes the choice of an organization by somebody who is signed in. In the
// one where they are, their session goes on. One that wants more than its proof
// gets that.
func (s *Service) goOn(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt) error {
	p, err := s.stillThere(ctx, tx.Reader, b, a)
	if err != nil {
		return err
	}
	more, err := s.wantsMore(ctx, tx, b, a, &p, a.Proof.Org)
	switch {
	case err != nil:
		return err
	case more:
		a.Org, a.Method, a.Connection, a.Proof = a.Proof.Org, "", "", sso.Proof{}
		typed(a, &p.User)
		return s.route(ctx, tx.Reader, a, "")
	case p.Session.Org == a.Proof.Org:
		a.Session = p.Session.ID
	}
	return nil
}

// typed has an attempt go on as if somebody had typed who they are.
func typed(a *sso.Attempt, u *sso.User) {
	if a.Typed = u.Email; a.Typed.IsZero() {
		a.Username = u.Username
	}
}

// stillThere returns who goes on from the session that they had, and refuses a
// browser that is not in it any more.
func (s *Service) stillThere(ctx context.Context, r *store.Reader, b Browser, a *sso.Attempt) (sso.Person, error) {
	p, err := s.present(ctx, r, b)
	if err == nil && (p.Session.ID != a.Proof.Session || p.User.ID != a.Proof.User) {
		err = &fault.Error{Kind: fault.Unauthenticated, Code: "session_over", Want: "the session to go on from", Got: "another one", Fix: fault.PersonSide}
	}
	return p, err
}

// namedAt leaves those users who are at home in an organization, or a member of
// it.
func namedAt(ctx context.Context, r *store.Reader, org sso.OrgID, users []store.UserAt) ([]store.UserAt, error) {
	var all []store.UserAt
	for _, u := range users {
		if !slices.Contains(u.HomePath, org) {
			_, err := r.Org(org).Membership(ctx, u.User.ID)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		all = append(all, u)
	}
	return all, nil
}
